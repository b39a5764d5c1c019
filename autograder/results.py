"""What a run of grading found: for the terminal, for programs, and for the class report, which reads it later."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.chain import Earlier
from autograder.course import Course, Unit
from autograder.submission import shown
from autograder.vault import ROOM, write_private
from autograder.verdict import Outcome, Verdict

NAMED = 5
"""So many students are named in a line for the terminal; all of them stand in `--json` and in the results."""
ENDINGS = {Outcome.TIMED_OUT: "timed out", Outcome.OUT_OF_MEMORY: "ran out of memory", Outcome.CRASHED: "crashed"}


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

    def from_scratch(self) -> dict[str, list[dict[str, Any]]]:
        """By exercise: what it forbids and the answer calls, and what a person should look at."""
        return {v.exercise.name: v.reading.as_json() for v in self.verdicts if v.reading.findings}

    def end_to_end(self) -> dict[str, Any]:
        """For `--json`: where an earlier unit is the cause, and what was borrowed from the course."""
        return {
            "stumbles": {v.exercise.name: v.stumble.as_json() for v in self.verdicts if v.stumble},
            "lent": {earlier.unit: earlier.lent for earlier in self.earlier if earlier.lent},
        }


@dataclass(frozen=True, slots=True)
class Finish:
    """The finish line of a run."""

    unit: Unit
    level: str
    results: tuple[Graded, ...]
    seconds: float
    saved: Path
    end_to_end: bool = False
    num_remembered: int = 0
    """Jobs whose outcome was known from an earlier run."""

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
            "remembered": self.num_remembered,
            "points": {graded.student: graded.points for graded in self.results},
            "outcomes": {g.student: {v.exercise.name: v.outcome.value for v in g.verdicts} for g in self.results},
            "repairs": {g.student: list(g.reasons) for g in self.results if g.points is not None and g.reasons},
            "needs_a_person": {g.student: list(g.reasons) for g in self.results if g.points is None},
            "from_scratch": {g.student: found for g in self.results if (found := g.from_scratch())},
            **({"end_to_end": {g.student: g.end_to_end() for g in self.results}} if self.end_to_end else {}),
        }

    def summary(self) -> str:
        waiting = [
            f"  {shown(g.student)} needs a person: {'; '.join(g.reasons)}" for g in self.results if g.points is None
        ]
        mended = sum(graded.status == "graded with repairs" for graded in self.results)
        pace = f"{60 * len(self.results) / self.seconds:.0f} a minute" if self.results else "nothing in submitted/"
        line = f"{self.unit.folder}: {len(self.results) - len(waiting)} graded ({mended} with repairs)"
        lines = [f"{line}, {len(waiting)} need a person · {self.seconds:.1f} s, {pace}", *waiting]
        endings = Counter(v.outcome for g in self.results for v in g.verdicts if v.outcome in ENDINGS)
        told = ", ".join(f"{endings[one]} {words}" for one, words in ENDINGS.items() if endings[one])
        lines += [f"  of the answers {told}"] * bool(told)
        lines += [line for line in (self._told("forbidden"), self._told("hidden")) if line]
        if self.num_remembered:
            lines.append(f"  {self.num_remembered} jobs were known from an earlier run; --fresh runs them again")
        if self.end_to_end:
            stumbling = sum(any(verdict.stumble for verdict in graded.verdicts) for graded in self.results)
            borrowing = sum(any(earlier.lent for earlier in graded.earlier) for graded in self.results)
            lines.append(f"  end to end: {stumbling} stumble over an earlier unit, {borrowing} borrow from the course")
        return "\n".join(lines)


    def _told(self, kind: str) -> str:
        """Whose answers, to which exercises, call what is forbidden there, or cannot be read."""
        who: dict[str, list[str]] = {}
        for graded in self.results:
            if names := [v.exercise.name for v in graded.verdicts if getattr(v.reading, kind)]:
                who[graded.student] = names
        shown = [f"{student}: {', '.join(names)}" for student, names in list(who.items())[:NAMED]]
        shown += [f"and {len(who) - NAMED} more"] * (len(who) > NAMED)
        what = "calls that are forbidden" if kind == "forbidden" else "calls hidden from reading, to look at"
        return f"  from scratch, {what}: {len(who)} ({'; '.join(shown)})" if who else ""


def save_results(course: Course, unit: Unit, level: str, results: list[Graded], keep_others: bool = False) -> Path:
    """Keep what the class report is made of: `.autograder/results/<unit>.json`, no answer, no value."""
    path = course.root / ROOM / "results" / f"{unit.name}.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = {one["student"]: one for one in saved_submissions(course, unit)} if keep_others else {}
    found |= {graded.student: _as_json(course, graded) for graded in results}
    data = {"unit": unit.name, "isolation": level, "submissions": [found[student] for student in sorted(found)]}
    write_private(path, json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8"))
    return path


def saved_submissions(course: Course, unit: Unit) -> list[dict[str, Any]]:
    """What the last run kept of every submission; nothing where there was none, or its file is damaged."""
    path = course.root / ROOM / "results" / f"{unit.name}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["submissions"]
        return [one for one in found if isinstance(one["student"], str)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def was_end_to_end(course: Course, unit: Unit) -> bool:
    """Was the unit last graded with students' own earlier units?"""
    return any("earlier" in one for one in saved_submissions(course, unit))


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
                **({"from_scratch": verdict.reading.as_json()} if verdict.reading.findings else {}),
            }
            for verdict in graded.verdicts
        ],
        **({"earlier": [earlier.as_json() for earlier in graded.earlier]} if graded.earlier else {}),
    }
