"""From the lessons to a class report: release, hand in, grade, render feedback, and see that every promise was kept."""

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import track

from autograder.build import build_unit
from autograder.course import Course, Unit
from autograder.demo.attacks import Listener
from autograder.demo.classroom import enough_students, make_class
from autograder.demo.notebooks import HandIn, hand_in_notebook
from autograder.demo.promises import broken_promises
from autograder.errors import GraderBroke, UsageError
from autograder.feedback import find_graded, render_feedback
from autograder.grading import How, run_grading
from autograder.report import write_report
from autograder.results import Finish
from autograder.sandbox import best_level
from autograder.variants import misconceptions_of
from autograder.vault import ROOM, write_private

MARK = "made-by-the-demo"
MOST_TOLD = 20
CLASS_SIZE = 40


class PromiseBroken(GraderBroke):
    """The demo ran, and graded something otherwise than it should have."""

    exit_code = 1


@dataclass(slots=True)
class Run:
    """What happened so far."""

    course: Course
    num_students: int | None
    """None: 40, or as many as a unit needs to show every misconception."""
    jobs: int
    console: Console
    hand_ins: list[HandIn] = field(default_factory=list)
    finishes: list[Finish] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def run_demo(course: Course, folder: Path, num_students: int | None, jobs: int, units: Sequence[Unit] = ()) -> str:
    """Do the course's main job once in `folder`, on a class made up for it; return five lines that sum it up.

    Raises:
        PromiseBroken: something was graded otherwise than it should have been; the message says what.
    """
    units = units or course.units
    console = Console(stderr=True, highlight=False)
    run = Run(prepare(course, folder), num_students, jobs, console)
    for unit in units:
        console.print(f"Releasing {unit.folder} …")
        build_unit(run.course, unit)
    with Listener() as listener:
        for unit in units:
            _grade(run, unit, listener)
    started = time.monotonic()
    num_pages = _render(run, units)
    seconds = time.monotonic() - started
    report = write_report(run.course, units, run.course.root / "class-report.html")
    if run.broken:
        told = "\n  ".join(run.broken[:MOST_TOLD])
        more = f"\n  and {len(run.broken) - MOST_TOLD} more" if len(run.broken) > MOST_TOLD else ""
        raise PromiseBroken(f"{len(run.broken)} promises broken; the report is {report}\n  {told}{more}")
    return "\n".join([*_summary(run, num_pages, seconds), f"class report: {report}"])


def prepare(course: Course, folder: Path) -> Course:
    """Copy what a course needs into `folder`, over whatever an earlier demo left there.

    The secret is the demo's own and always the same, so that a demo can be repeated to the bit. Keys of an earlier demo
    stay: their names are hashes of all they were made from.
    """
    folder = folder.resolve()
    mark = folder / ROOM / MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise UsageError(f"{folder} holds something that no demo made; name an empty folder with --folder")
    for path in folder.iterdir() if folder.exists() else ():
        if path.name != ROOM:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / ROOM).mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.touch()
    for path in (folder / ROOM).iterdir():
        if path.name not in (MARK, "keys"):  # a demo shows what grading costs, so it remembers nothing
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_private(folder / ROOM / "secret", hashlib.sha256(b"demo").digest())
    return course.copy_to(folder)


def _grade(run: Run, unit: Unit, listener: Listener) -> None:
    """Hand in and grade one unit. Without a sandbox nobody hostile gets in."""
    num_students = run.num_students or enough_students(run.course, unit, CLASS_SIZE)
    hand_ins = make_class(run.course, unit, num_students, listener.port)
    confined = best_level() is not None
    if not confined:
        run.skipped = [hand_in.student for hand_in in hand_ins if hand_in.group == "hostile"]
        run.console.print(f"No sandbox on this machine, so no hostile code: without {', '.join(run.skipped)}")
        hand_ins = [hand_in for hand_in in hand_ins if hand_in.group != "hostile"]
    for hand_in in hand_ins:
        hand_in_notebook(run.course, unit, hand_in)
    finish = run_grading(run.course, unit, How(run.jobs, allow_unsafe=not confined))
    run.hand_ins += hand_ins
    run.finishes.append(finish)
    run.broken += broken_promises(run.course, hand_ins, finish)
    if listener.heard_somebody():
        run.broken.append(f"{unit.folder}: a submission reached 127.0.0.1:{listener.port} from inside the sandbox")


def _render(run: Run, units: Sequence[Unit]) -> int:
    total = sum(len(find_graded(run.course, unit)) for unit in units)
    pages = render_feedback(run.course, units, run.jobs)
    done = list(track(pages, "feedback", total, console=run.console))
    if len(done) != total:
        run.broken.append(f"{total} submissions were graded, and {len(done)} have a feedback page")
    return len(done)


def _summary(run: Run, num_pages: int, seconds: float) -> list[str]:
    root, groups = run.course.root, Counter(hand_in.group for hand_in in run.hand_ins)
    results = [graded for finish in run.finishes for graded in finish.results]
    mended = sum(graded.status == "graded with repairs" for graded in results)
    waiting = sum(graded.points is None for graded in results)
    kinds = Counter(answer.kind for hand_in in run.hand_ins for answer in hand_in.answers.values())
    grading = sum(finish.seconds for finish in run.finishes)
    named = len({(a.exercise.name, a.name) for h in run.hand_ins for a in h.answers.values() if a.kind == "mistake"})
    known = sum(len(misconceptions_of(finish.unit)) for finish in run.finishes)
    rest = "; the others need a larger class" if named < known else ""
    return [
        f"{len(results)} submissions to {len(run.finishes)} unit{'s' * (len(run.finishes) != 1)}: "
        f"{len(results) - waiting} graded, {mended} of them after repairs, {waiting} left for a person",
        f"right: {groups['right']}, all with full marks · mistaken: {groups['mistaken']}, each of {kinds['mistake']} "
        f"mistakes called by its name ({named} of the {known} we know{rest}) · blank or partly: "
        f"{groups['blank'] + groups['partly blank']} · damaged: {groups['damaged']} · {_hostile(run, kinds['attack'])}",
        f"{60 * len(results) / grading:.0f} submissions a minute on {run.jobs} at a time ({grading:.0f} s); "
        f"{num_pages} feedback pages in {seconds:.0f} s",
        run.finishes[0].level,
        f"gradebook: {root / 'gradebook.db'} · feedback: {root / 'feedback'}/STUDENT/UNIT/",
    ]


def _hostile(run: Run, num_attacks: int) -> str:
    if run.skipped:
        return f"hostile: left out, for want of a sandbox ({', '.join(run.skipped)})"
    return f"hostile: {num_attacks}, 0 points for each attack, no neighbour harmed"
