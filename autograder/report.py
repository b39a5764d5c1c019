"""The class report: what a class has understood and what it has not, on one page to read, print or pass on.

It is made from `.autograder/results/<unit>.json`, which grading leaves behind. Unless it is asked for names, no student
is named on it, also not by the name of a file they handed in.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from autograder.course import Course, Exercise, Unit
from autograder.errors import UsageError
from autograder.sandbox import Level
from autograder.vault import ROOM
from autograder.verdict import Outcome

MOST_BARS = 10
MOST_MISTAKES = 8
MOST_PROPERTIES = 6
TOGETHER = 2  # a mistake is worth a lesson if at least so many share it

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def percent(self) -> int:
        return round(100 * self.count / self.of) if self.of else 0

    def __str__(self) -> str:
        return f"{self.percent}\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of the histogram of points."""

    label: str
    count: int
    height: float
    """In percent of the tallest."""
    full_marks: bool = False


@dataclass(frozen=True, slots=True)
class ExerciseRow:
    exercise: Exercise
    right: Share
    mean: float
    """Points, over everybody who handed in."""
    outcomes: tuple[tuple[str, Share], ...]
    """Those that occurred, in the order of `Outcome`."""


@dataclass(frozen=True, slots=True)
class MistakeRow:
    exercise: str
    name: str
    says: str
    share: Share
    """Of everybody who handed in."""


@dataclass(frozen=True, slots=True)
class PropertyRow:
    exercise: str
    sentence: str
    share: Share
    """Of those who attempted the exercise."""


@dataclass(frozen=True, slots=True)
class StudentRow:
    student: str
    points: float | None
    cells: tuple[Record | None, ...]
    """What was found for each exercise, in the unit's order."""
    reasons: tuple[str, ...]


class UnitReport:
    """All that the page says about one unit."""

    def __init__(self, unit: Unit, results: Record, names: bool) -> None:
        self.unit, self.names = unit, names
        self.isolation: str = results["isolation"]
        self.unsafe = self.isolation == Level.UNSAFE.sentence
        self.submissions: list[Record] = results["submissions"]
        self.judged = [found for found in self.submissions if found["exercises"]]
        self.waiting = [found for found in self.submissions if not found["exercises"]]
        self.max_points = sum(exercise.points for exercise in unit.exercises)
        self.points = [_points(found) for found in self.judged]

    @property
    def median(self) -> float:
        return median(self.points) if self.points else 0.0

    @property
    def full_marks(self) -> Share:
        return Share(sum(points >= self.max_points for points in self.points), len(self.judged))

    def histogram(self) -> list[Bar]:
        """How many reached how many points; full marks stand alone."""
        width = max(1, ceil(self.max_points / MOST_BARS))
        starts = range(0, self.max_points, width)
        counts = Counter(int(points // width) for points in self.points if points < self.max_points)
        tallest = max([*counts.values(), self.full_marks.count, 1])
        labels = [f"{start}–{min(start + width, self.max_points)}" if width > 1 else f"{start}+" for start in starts]
        bars = [Bar(label, counts[i], 100 * counts[i] / tallest) for i, label in enumerate(labels)]
        full = self.full_marks.count
        return [*bars, Bar(f"all {self.max_points}", full, 100 * full / tallest, full_marks=True)]

    def exercises(self) -> Iterator[ExerciseRow]:
        """Those that were judged, in the unit's order."""
        for exercise in self.unit.exercises:
            if not (found := self._found(exercise)):
                continue
            counts = Counter(one["outcome"] for one in found)
            outcomes = tuple((o.value, Share(counts[o.value], len(found))) for o in Outcome if counts[o.value])
            mean = sum(one["points"] for one in found) / len(found)
            yield ExerciseRow(exercise, Share(counts[Outcome.RIGHT.value], len(found)), mean, outcomes)

    def mistakes(self) -> list[MistakeRow]:
        """Misconceptions by name, the commonest first."""
        seen = [
            (one["name"], one["misconception"], one["says"])
            for found in self.judged
            for one in found["exercises"]
            if one["misconception"]
        ]
        rows = [MistakeRow(*which, Share(count, len(self.judged))) for which, count in Counter(seen).items()]
        return sorted(rows, key=lambda row: (-row.share.count, self._place(row.exercise), row.name))

    def common_mistakes(self) -> list[MistakeRow]:
        """The commonest of those that several made."""
        return [row for row in self.mistakes() if row.share.count >= TOGETHER][:MOST_MISTAKES]

    def rarer_mistakes(self) -> list[tuple[str, list[MistakeRow]]]:
        """The others, by exercise."""
        rest = self.mistakes()[len(self.common_mistakes()) :]
        by_exercise = [(e.name, [row for row in rest if row.exercise == e.name]) for e in self.unit.exercises]
        return [(exercise, rows) for exercise, rows in by_exercise if rows]

    def properties(self) -> list[PropertyRow]:
        """What most often does not hold where somebody tried."""
        rows = []
        for exercise in self.unit.exercises:
            tried = [one for one in self._found(exercise) if one["outcome"] != Outcome.NOT_ATTEMPTED.value]
            counts = Counter(sentence for one in tried for sentence in one["failed"])
            rows += [PropertyRow(exercise.name, s, Share(count, len(tried))) for s, count in counts.items()]
        rows.sort(key=lambda row: (-row.share.count / row.share.of, self._place(row.exercise), row.sentence))
        return rows[:MOST_PROPERTIES]

    def from_scratch(self) -> list[tuple[str, str, Share]]:
        """The exercise, the forbidden operation that is called (nothing: a person should look), for how many."""
        counts = Counter(
            (one["name"], operation)
            for found in self.judged
            for one in found["exercises"]
            for operation in {place["operation"] for place in one.get("from_scratch", ())}
        )
        rows = sorted(counts.items(), key=lambda item: (-item[1], self._place(item[0][0]), item[0][1]))
        return [(*key, Share(count, len(self.judged))) for key, count in rows]

    def stumbles(self) -> list[tuple[str, str, Share]]:
        """Graded end to end: the exercise, the earlier units that make it fail, for how many of the class."""
        counts = Counter(
            (one["name"], " and ".join(f"{unit}.py" for unit in one["stumble"]["units"]))
            for found in self.judged
            for one in found["exercises"]
            if "stumble" in one
        )
        return [(*key, Share(count, len(self.judged))) for key, count in counts.most_common()]

    def earlier(self) -> list[tuple[str, list[int]]]:
        """Graded end to end: for how many an earlier unit was all their own, in part, the course's."""
        counts: dict[str, list[int]] = {}
        for one in (one for found in self.judged for one in found.get("earlier", ())):
            kind = 0 if not one["lent"] else 1 if one["own"] else 2
            counts.setdefault(one["unit"], [0, 0, 0])[kind] += 1
        return list(counts.items())

    def mended(self) -> list[tuple[str, int]]:
        return self._reasons(self.judged)

    def needs_a_person(self) -> list[tuple[str, int]]:
        return self._reasons(self.waiting)

    def shared_mistake(self) -> MistakeRow | None:
        """The one to talk about, if there is one."""
        return next(iter(self.common_mistakes()), None)

    def hardest(self) -> ExerciseRow | None:
        return min(self.exercises(), key=lambda row: row.right.percent, default=None)

    def students(self) -> list[StudentRow]:
        rows = []
        for found in self.submissions:
            by_name = {one["name"]: one for one in found["exercises"]}
            cells = tuple(by_name.get(exercise.name) for exercise in self.unit.exercises)
            points = _points(found) if found["exercises"] else None
            rows.append(StudentRow(found["student"], points, cells, tuple(found["reasons"])))
        return rows

    def _found(self, exercise: Exercise) -> list[Record]:
        return [one for found in self.judged for one in found["exercises"] if one["name"] == exercise.name]

    def _place(self, exercise: str) -> int:
        return [e.name for e in self.unit.exercises].index(exercise)

    def _reasons(self, submissions: list[Record]) -> list[tuple[str, int]]:
        """Reasons with how often each occurs, whichever cell it was about."""
        told = (reason for found in submissions for reason in found["reasons"])
        if not self.names:
            told = map(self._without_names, told)
        counts = Counter(re.sub(rf"^{self.unit.name}-\S+: ", "a cell: ", reason) for reason in told)
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

    def _without_names(self, reason: str) -> str:
        """A reason without students, also without the names they gave to files."""
        reason = re.sub(r"^found as .+", "found under another file name", reason, flags=re.DOTALL)
        reason = re.sub(r"“[^”]*”", "a file", reason)
        students = "|".join(re.escape(found["student"]) for found in self.submissions)
        return re.sub(rf"(?<!\w)({students})(?!\w)", "…", reason)


def write_report(course: Course, units: Sequence[Unit], output: Path, names: bool = False) -> Path:
    """Write the page about those of the units that have been graded.

    Raises:
        UsageError: none of them has.
    """
    graded = [unit for unit in units if _results_path(course, unit).is_file()]
    if not graded:
        raise UsageError(f"no results of {', '.join(u.folder for u in units)} yet: run `autograder grade` first")
    reports = [UnitReport(unit, _read_results(course, unit), names) for unit in graded]
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(render(course, reports, names, [u for u in units if u not in graded]), encoding="utf-8")
    return output


def render(course: Course, reports: list[UnitReport], names: bool, missing: list[Unit]) -> str:
    """The page as text."""
    loader = PackageLoader("autograder", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"slug": _slug, "points": _one_decimal, "breakable": _breakable}
    outcomes = [outcome.value for outcome in Outcome]
    page = environment.get_template("report.html")
    return page.render(course=course, reports=reports, names=names, missing=missing, outcomes=outcomes)


def _slug(text: str) -> str:
    return text.replace(" ", "-")


def _one_decimal(points: float) -> str:
    return f"{points:.1f}".removesuffix(".0")


def _breakable(name: str) -> Markup:
    """A long name that may break after an underscore or in front of a capital."""
    return Markup("<wbr>").join(re.split(r"(?<=_)|(?<=[a-z])(?=[A-Z])", name))


def _results_path(course: Course, unit: Unit) -> Path:
    return course.root / ROOM / "results" / f"{unit.name}.json"


def _read_results(course: Course, unit: Unit) -> Record:
    path = _results_path(course, unit)
    known = {exercise.name for exercise in unit.exercises}
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        for found in results["submissions"]:  # an exercise that has left course.toml since
            found["exercises"] = [one for one in found["exercises"] if one["name"] in known]
    except (ValueError, TypeError, KeyError):
        raise UsageError(f"{path} is damaged: grade the unit again") from None
    return results


def _points(found: Record) -> float:
    return round(sum(one["points"] for one in found["exercises"]), 2)
