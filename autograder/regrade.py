"""`autograder regrade`: judge a unit again by today's probes, key, marks and settings; show who changes, then write it.

The memory makes it cheap: where a student's job is what it was, nothing of it runs. What is compared is what stands:
the points in the gradebook and the verdicts in autograded/. Only who changes is written. Whoever needs a person now
keeps the grade that stands; manual grades, comments and extra credit of graders are kept as ever.
"""

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from rich.console import Console
from rich.progress import track

from autograder.course import Course, Unit
from autograder.gradebook import CourseGradebook
from autograder.grading import (
    Found,
    Handed,
    How,
    facts_of,
    find_submissions,
    graded_notebook,
    judge_submissions,
    memory_of,
    told,
)
from autograder.judge import Judge
from autograder.results import Graded, save_results, was_end_to_end
from autograder.standing import Change, Points, Standing
from autograder.submission import NeedsPerson

Cell = dict[str, Any]
Cells = dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One submission, judged again and compared with what stands."""

    handed: Handed
    graded: Graded
    change: Change | None = None
    """None where it needs a person."""
    stands: Standing | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    """Graded cell → in a few words, what about it is new."""
    notebook: bytes = b""
    """What would be written, packed; nothing where nothing would be."""

    @property
    def student(self) -> str:
        return self.handed.student

    @property
    def step(self) -> float:
        """By how much a grade that stands rises."""
        return self.change.after.total - self.stands.total if self.change and self.stands else 0.0


@dataclass(frozen=True, slots=True)
class Regrading:
    """What judging a unit again has shown."""

    unit: Unit
    level: str
    weighed: tuple[Weighed, ...]
    log: Path
    dry_run: bool

    @property
    def changing(self) -> list[Weighed]:
        """Whose folder and rows would be, or were, written."""
        return [one for one in self.weighed if one.notebook]

    @property
    def falling(self) -> list[Weighed]:
        return [one for one in self.weighed if one.step < 0]

    def summary(self) -> str:
        """A table, the totals, and on the last line how many grades fall."""
        lines = [*_table([row for one in self.weighed for row in self._rows(one)]), self._totals()]
        if self.dry_run:
            lines.append(f"Nothing was written. Without --dry-run, changed grades are logged in {self.log}")
        else:
            lines.append(f"Changed grades are logged in {self.log}")
        who = ", ".join(one.student for one in self.falling)
        fall = "would fall" if self.dry_run else "fall"
        return "\n".join([*lines, f"Grades that {fall}: {len(self.falling)}{f' ({who})' * bool(who)}"])

    def as_json(self) -> dict[str, Any]:
        waiting = [one for one in self.weighed if not one.change]
        return {
            "unit": self.unit.name,
            "isolation": self.level,
            "submissions": len(self.weighed),
            "written": not self.dry_run,
            "log": str(self.log),
            "fall": [one.student for one in self.falling],
            "changes": {one.student: self._change_as_json(one) for one in self.changing},
            "needs_a_person": {
                one.student: {"keeps": one.stands and one.stands.total, "reasons": [*one.graded.reasons]}
                for one in waiting
            },
        }

    def _change_as_json(self, one: Weighed) -> dict[str, Any]:
        told = one.change.as_json(f"{self.unit.name}-")
        whys = {self._short(cell): why for cell, why in one.reasons.items()}
        return {**told, "first": one.stands is None, "why": whys}

    def _totals(self) -> str:
        judged = [one for one in self.weighed if one.change and one.stands]
        up, down = sum(one.step > 0 for one in judged), len(self.falling)
        words = sum(bool(one.notebook) and not one.step for one in judged)
        same = f"{len(judged) - up - down} the same{f' ({words} of them in other words)' * bool(words)}"
        first = sum(bool(one.change and not one.stands) for one in self.weighed)
        waiting = sum(not one.change for one in self.weighed)
        line = f"{self.unit.folder}, {len(self.weighed)} judged again: {up} up, {down} down, {same}"
        return f"{line}, {first} graded for the first time, {waiting} need a person"

    def _rows(self, one: Weighed) -> Iterator[tuple[str, ...]]:
        """Student, exercise, points before, points after, why."""
        if not one.change:
            stands = _number(one.stands.total if one.stands else None)
            yield one.student, "(total)", stands, stands, f"needs a person: {'; '.join(one.graded.reasons)}"
            return
        if not one.notebook:
            return
        if one.stands:
            for cell in sorted({*one.change.cells, *one.reasons}):
                points = one.change.cells.get(cell, (one.stands.cells.get(cell), one.change.after.cells.get(cell)))
                yield one.student, self._short(cell), *map(_number, points), one.reasons[cell]
        total = one.stands.total if one.stands else None
        late = f"{_number(one.change.after.penalty)} taken off for being late" * bool(one.change.after.penalty)
        why = late if one.stands else "graded for the first time"
        yield one.student, "(total)", _number(total), _number(one.change.after.total), why

    def _short(self, cell: str) -> str:
        return cell.removeprefix(f"{self.unit.name}-")


def run_regrading(
    course: Course, unit: Unit, how: How, dry_run: bool, show: Callable[[Regrading], object]
) -> Regrading:
    """Judge and compare, show, then write who changes; with `dry_run` nothing but the memory and the key is written.

    A unit that was graded end to end is judged so again.
    """
    console = Console(stderr=True, highlight=False)
    how = replace(how, end_to_end=how.end_to_end or was_end_to_end(course, unit))
    total = len(find_submissions(course, unit, how.students))
    with memory_of(course, unit, how) as memory, Judge.of_course(course, unit, memory) as judge:
        level, facts = memory.level.sentence, facts_of(judge, "regrade")
        console.print(level)
        with CourseGradebook(course, unit, read_only=True) as gradebook:
            found = track(judge_submissions(course, unit, judge, how), unit.folder, total, console=console)
            weighed = sorted((_weigh(gradebook, judge, *one) for one in found), key=lambda one: one.student)
    regrading = Regrading(unit, level, tuple(weighed), gradebook.log.path, dry_run)
    show(regrading)
    if memory.trouble:
        console.print(memory.trouble)
    if dry_run:
        return regrading
    with CourseGradebook(course, unit, facts) as gradebook:
        results = [_write(gradebook, one) if one.notebook else one.graded for one in weighed]
    save_results(course, unit, level, results, keep_others=bool(how.students))
    return regrading


def _weigh(gradebook: CourseGradebook, judge: Judge, handed: Handed, found: Found) -> Weighed:
    stands = gradebook.standing(handed.student)
    if found.judgement is None:
        return Weighed(handed, told(handed, found, None), stands=stands)
    graded = graded_notebook(judge, found)
    gradebook.restore_locked(graded)
    change = gradebook.weigh(handed.student, graded, handed.folder)
    text = nbformat.writes(graded)
    reasons = _reasons(_cells_of(gradebook.page(handed.student)), _cells_in(text), change)
    changes = change.of_a_grade or reasons or not stands
    notebook = zlib.compress(text.encode()) if changes else b""
    return Weighed(handed, told(handed, found, change.after.score), change, stands, reasons, notebook)


def _write(gradebook: CourseGradebook, one: Weighed) -> Graded:
    text = zlib.decompress(one.notebook).decode()
    try:
        gradebook.record(one.student, nbformat.reads(text, as_version=4), one.handed.folder)
    except NeedsPerson as error:
        return Graded(one.student, "needs a person", reasons=(str(error),))
    return one.graded


def _reasons(before: Cells, now: Cells, change: Change) -> dict[str, str]:
    """Why points or words of a graded cell are others than those on the page that stands."""
    found = {}
    for name in change.after.cells:
        answer = f"{name}-answer" if f"{name}-answer" in now else name
        why = _reason(before.get(name), now[name], before.get(answer), now[answer])
        if why or name in change.cells:
            by_hand = f"; a grader's {change.after.by_hand[name]:g} stands" if name in change.after.by_hand else ""
            found[name] = (why or "was not written to the end") + by_hand
    return found


def _reason(before: Cell | None, now: Cell, answer_before: Cell | None, answer: Cell) -> str:
    if before is None or answer_before is None:
        return "its page is missing"
    if answer["source"] != answer_before["source"]:
        return "another answer"
    if (points := now["metadata"]["nbgrader"]["points"]) != (old := before["metadata"]["nbgrader"]["points"]):
        return f"other points: worth {points:g}, was {old:g}"
    return "another verdict" if now.get("outputs") != before.get("outputs") else ""


def _cells_in(notebook: str) -> Cells:
    """nbgrader's cells by name, as they lie in the file."""
    cells = json.loads(notebook)["cells"]
    return {cell["metadata"]["nbgrader"]["grade_id"]: cell for cell in cells if "nbgrader" in cell["metadata"]}


def _cells_of(page: Path) -> Cells:
    """None where the page is missing or damaged."""
    try:
        return _cells_in(page.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _number(points: Points) -> str:
    return "–" if points is None else f"{points:g}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    """Columns of equal width, the numbers to the right."""
    if not rows:
        return []
    rows = [("student", "exercise", "was", "is", "why"), *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}  {row[4]}".rstrip()
        for row in rows
    ]
