"""Stock nbgrader on a few of a class: its own preprocessors, kernel and all, and what it leaves behind."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.course import Course, Unit

OWN_STEPS = """
from nbgrader.converters import Autograde
for name in ("sanitize_preprocessors", "autograde_preprocessors"):
    setattr(c.Autograde, name, list(Autograde.class_traits()[name].default_args[0]))
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds for one of `num` submissions, and for starting."""

    num: int
    each: float
    start: float

    def whole(self, num: int) -> float:
        """Seconds for so many, scaled."""
        return self.start + num * self.each


class Stock:
    """nbgrader in a folder of its own: the same course, the same gradebook before anybody was graded."""

    def __init__(self, course: Course, unit: Unit, folder: Path) -> None:
        folder.mkdir()
        self.course, self.unit, self._from = course.copy_to(folder), unit, course
        shutil.copyfile(course.root / "gradebook.db", folder / "gradebook.db")

    def use_own_steps(self) -> None:
        """Grafting and judging are ours; this is how nbgrader comes out of the box."""
        path = self.course.root / "nbgrader_config.py"
        path.write_text(path.read_text(encoding="utf-8") + OWN_STEPS, encoding="utf-8")

    def timed(self, command: str, room: str, students: list[str], start: float | None = None) -> Timed:
        """Run `nbgrader COMMAND` for the first student, then for the others, whose work lies in `room`.

        Where it is known what the command takes to start, all are done in one run.
        """
        if start is not None:
            return Timed(len(students), (self._timed(command, room, students) - start) / len(students), start)
        first, *others = students
        alone = self._timed(command, room, [first])
        together = self._timed(command, room, others)
        each = (together - alone) / (len(others) - 1)
        return Timed(len(others), each, max(0.0, alone - each))

    def _timed(self, command: str, room: str, students: list[str]) -> float:
        for student in students:
            shutil.copytree(self._from.root / room / student, self.course.root / room / student)
        started = time.perf_counter()
        program = str(Path(sys.executable).parent / "nbgrader")
        run([program, command, self.unit.folder], self.course.root)  # those that are done already it leaves alone
        return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Row:
    """All that a gradebook holds of one submission, without row ids and clocks."""

    score: float
    grades: dict[str, tuple[float | None, float | None, float, bool]]
    """Cell → points by machine, by hand, at most, and whether a person has to look."""
    comments: dict[str, str | None]
    penalty: float | None


def rows_of(course: Course, unit: Unit, students: list[str]) -> dict[str, Row]:
    """The rows of these students."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", course.id) as gradebook:
        found = {}
        for student in students:
            notebook = gradebook.find_submission_notebook(unit.name, unit.folder, student)
            grades = {
                g.name: (g.auto_score, g.manual_score, g.max_score, g.needs_manual_grade) for g in notebook.grades
            }
            comments = {comment.name: comment.auto_comment for comment in notebook.comments}
            found[student] = Row(float(notebook.score), grades, comments, notebook.late_submission_penalty)
        return found


def same_by_rule(ours: Row, theirs: Row) -> bool:
    """Are these rows what one rule gives on either side? Stock knows all points of a cell or none.

    Who is right gets the same rows. Who is not gets the same but for points: where stock gives any, we give the same,
    and where it gives none, ours are for properties that hold, or for an answer that stands on another one's mistake.
    """
    if (ours.comments, ours.penalty, set(ours.grades)) != (theirs.comments, theirs.penalty, set(theirs.grades)):
        return False
    pairs = [(ours.grades[name], theirs.grades[name]) for name in ours.grades]
    right = all(points in (None, most) for (points, _, most, _), _ in pairs)
    return all(one == two or (not right and one[1:] == two[1:] and two[0] == 0) for one, two in pairs)


def run(command: list[str], folder: Path) -> str:
    """What a command prints; the benchmark ends where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr[-3000:]}")
    return done.stdout
