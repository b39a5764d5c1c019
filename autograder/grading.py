"""`autograder grade`: every submission of a unit, judged in parallel, then written to the gradebook one by one."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import track

from autograder.chain import Earlier
from autograder.course import Course, Unit
from autograder.endtoend import EndToEnd
from autograder.errors import CourseError
from autograder.gradebook import CourseGradebook
from autograder.judge import Judge, Judgement, sandbox_of
from autograder.nbgrader_plugin.outputs import write_outputs
from autograder.submission import NeedsPerson, Submission, find_notebook, graft, read_notebook
from autograder.vault import ROOM, write_private
from autograder.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Handed:
    """One student's folder for one unit."""

    student: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Graded:
    """How one submission ended: with points, or in need of a person."""

    student: str
    status: str
    """"graded", "graded with repairs" or "needs a person"."""
    points: float | None = None
    reasons: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    """Graded end to end: what stood behind `mygpt`."""

    def end_to_end(self) -> dict[str, Any]:
        """For `--json`: where an earlier unit is the cause, and what was borrowed from the course."""
        return {
            "stumbles": {v.exercise.name: v.stumble.as_json() for v in self.verdicts if v.stumble},
            "lent": {earlier.unit: earlier.lent for earlier in self.earlier if earlier.lent},
        }


def find_submissions(course: Course, unit: Unit) -> list[Handed]:
    """Everything that lies in submitted/STUDENT/UNIT, by student."""
    folders = sorted((course.root / "submitted").glob(f"*/{unit.folder}"))
    return [Handed(folder.parent.name, folder) for folder in folders if folder.is_dir()]


def grade_unit(course: Course, unit: Unit, judge: Judge, jobs: int, end_to_end: bool = False) -> Iterator[Graded]:
    """Judge every submission, `jobs` at a time; write each to the gradebook as it comes back."""
    judge_all = EndToEnd(course, unit, judge).judge if end_to_end else lambda _, submission: judge.judge(submission)
    with CourseGradebook(course, unit) as gradebook, ThreadPoolExecutor(jobs) as pool:
        waiting = {
            pool.submit(_judge_one, course, unit, judge_all, handed): handed
            for handed in find_submissions(course, unit)
        }
        try:
            for future in as_completed(waiting):
                yield _record(gradebook, judge, waiting[future], future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@dataclass(frozen=True, slots=True)
class _Found:
    submission: Submission | None
    judgement: Judgement | None
    reasons: tuple[str, ...]


def _judge_one(course: Course, unit: Unit, judge: Callable[[str, Submission], Judgement], handed: Handed) -> _Found:
    try:
        path = find_notebook(unit, handed.folder)
        submission = graft(course, unit, read_notebook(path))
        judgement = judge(handed.student, submission)
    except NeedsPerson as error:
        return _Found(None, None, (str(error),))
    except CourseError as error:
        return _Found(None, None, (f"our fault, not the student's: {error}",))
    renamed = () if path.parent == handed.folder and path.stem == unit.name else (f"found as {path.name}",)
    if not judgement.could_judge:
        details = {f"our fault, not the student's: {v.detail}" for v in judgement.verdicts if v.detail}
        return _Found(None, None, tuple(sorted(details)))
    return _Found(submission, judgement, renamed + submission.repairs)


def _record(gradebook: CourseGradebook, judge: Judge, handed: Handed, found: _Found) -> Graded:
    if found.submission is None or found.judgement is None:
        return Graded(handed.student, "needs a person", reasons=found.reasons)
    notebook: NotebookNode = found.submission.notebook
    write_outputs(notebook, found.judgement, judge.key.scoring, judge.sandbox.level.sentence)
    notebook.metadata["autograder"]["repairs"] = list(found.reasons)
    notebook.metadata["language_info"] = {"name": "python"}
    points = gradebook.record(handed.student, notebook, handed.folder)
    status = "graded with repairs" if found.reasons else "graded"
    return Graded(handed.student, status, points, found.reasons, found.judgement.verdicts, found.judgement.earlier)


@dataclass(frozen=True, slots=True)
class Finish:
    """The finish line of a run."""

    unit: Unit
    level: str
    results: tuple[Graded, ...]
    seconds: float
    saved: Path
    end_to_end: bool = False

    @property
    def num_waiting(self) -> int:
        """Submissions that need a person."""
        return sum(graded.points is None for graded in self.results)

    def as_json(self) -> dict[str, Any]:
        return {
            "unit": self.unit.name,
            "isolation": self.level,
            "seconds": round(self.seconds, 2),
            "submissions": len(self.results),
            "points": {graded.student: graded.points for graded in self.results},
            "needs_a_person": {g.student: list(g.reasons) for g in self.results if g.points is None},
            **({"end_to_end": {g.student: g.end_to_end() for g in self.results}} if self.end_to_end else {}),
        }

    def summary(self) -> str:
        waiting = [f"  {g.student} needs a person: {'; '.join(g.reasons)}" for g in self.results if g.points is None]
        mended = sum(graded.status == "graded with repairs" for graded in self.results)
        pace = f"{60 * len(self.results) / self.seconds:.0f} a minute" if self.results else "nothing in submitted/"
        line = f"{self.unit.folder}: {len(self.results) - len(waiting)} graded ({mended} with repairs)"
        lines = [f"{line}, {len(waiting)} need a person · {self.seconds:.1f} s, {pace}", *waiting]
        if self.end_to_end:
            stumbling = sum(any(verdict.stumble for verdict in graded.verdicts) for graded in self.results)
            borrowing = sum(any(earlier.lent for earlier in graded.earlier) for graded in self.results)
            lines.append(f"  end to end: {stumbling} stumble over an earlier unit, {borrowing} borrow from the course")
        return "\n".join(lines)


def run_grading(course: Course, unit: Unit, jobs: int, allow_unsafe: bool = False, end_to_end: bool = False) -> Finish:
    """Grade a unit with a progress bar on stderr and keep the results for the class report."""
    console = Console(stderr=True)
    total = len(find_submissions(course, unit))
    with Judge.of_course(course, unit, sandbox_of(unit.name, allow_unsafe=allow_unsafe)) as judge:
        level = judge.sandbox.level.sentence
        console.print(level, highlight=False)
        started = time.monotonic()
        graded = track(grade_unit(course, unit, judge, jobs, end_to_end), unit.folder, total, console=console)
        results = sorted(graded, key=lambda one: one.student)
        seconds = time.monotonic() - started
    saved = save_results(course, unit, level, results)
    return Finish(unit, level, tuple(results), seconds, saved, end_to_end)


def save_results(course: Course, unit: Unit, level: str, results: list[Graded]) -> Path:
    """Keep what the class report is made of: `.autograder/results/<unit>.json`, no answer, no value."""
    path = course.root / ROOM / "results" / f"{unit.name}.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = {
        "unit": unit.name,
        "isolation": level,
        "submissions": [_as_json(course, graded) for graded in sorted(results, key=lambda g: g.student)],
    }
    write_private(path, json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8"))
    return path


def _as_json(course: Course, graded: Graded) -> dict[str, Any]:
    return {
        "student": graded.student,
        "status": graded.status,
        "points": graded.points,
        "reasons": list(graded.reasons),
        "exercises": [
            {
                "name": verdict.exercise.name,
                "outcome": verdict.outcome.value,
                "points": verdict.score(course.scoring),
                "max_points": verdict.exercise.points,
                "misconception": verdict.misconception.name if verdict.misconception else None,
                "says": verdict.misconception.says if verdict.misconception else None,
                "failed": [r.probe.sentence for r in verdict.results if not r.passed and not r.withheld],
                "stand_ins": list(verdict.used_stand_ins),
                **({"stumble": verdict.stumble.as_json()} if verdict.stumble else {}),
            }
            for verdict in graded.verdicts
        ],
        **({"earlier": [earlier.as_json() for earlier in graded.earlier]} if graded.earlier else {}),
    }
