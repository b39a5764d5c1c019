"""A student's own earlier units, read to stand behind `mygpt` in place of the course's.

They are submissions like any other: found, grafted into the released notebook, and run in the sandbox only. What was
not handed in, was not written, or stops when it is run is the course's instead, exercise by exercise, with the reason.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.course import Course, Exercise, Unit
from autograder.errors import CourseError
from autograder.observation import Raised
from autograder.source import answer_source, read_module
from autograder.submission import Submission, cells_to_run, read_submission
from autograder.submission.carrying import read

Cells = list[tuple[str, str]]
OwnModule = dict[str, Any]
"""A module of `mygpt` as `runner` builds it: its cells, and definitions for the names that these leave open."""
Survey = Callable[[Cells, list[tuple[str, ...]]], tuple[str, list[object]]]
"""`Judge.survey`, with the units before this one behind it."""

ENDED = {"timed out": "it runs out of time", "out of memory": "it runs out of memory", "crashed": "it crashes"}


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier unit as it stands behind `mygpt`."""

    unit: str
    own: tuple[str, ...]
    """Exercises that are the student's."""
    lent: dict[str, str]
    """Exercises that are the course's, and why."""
    module: OwnModule
    """Empty where nothing is the student's."""

    def as_json(self) -> dict[str, Any]:
        return {"unit": self.unit, "own": list(self.own), "lent": self.lent}

    def __str__(self) -> str:
        """To the student."""
        if not self.own and len(reasons := set(self.lent.values())) == 1:
            return f"{self.unit}.py: the course's ({reasons.pop()})"
        borrowed = ", ".join(f"{name} ({why})" for name, why in self.lent.items())
        return f"{self.unit}.py: {'yours' * bool(self.own)}{', but ' * bool(self.own and self.lent)}" + (
            f"the course's {borrowed}" if self.lent else ""
        )


def read_earlier(course: Course, unit: Unit, student: str, survey: Survey) -> Earlier:
    """Read what a student handed in for an earlier unit, and find out in the sandbox what of it can be used."""
    folder = course.root / "submitted" / student / unit.folder
    if not folder.is_dir():
        return _all_lent(unit, "not handed in")
    try:
        submission = read_submission(course, unit, folder)
    except CourseError as error:
        return _all_lent(unit, str(error).partition(". ")[0])  # what follows tells the instructor what to do
    lent = {e.name: "not written" for e in unit.exercises if _is_unwritten(submission, e)}
    asked = [e.names for e in unit.exercises if e.name not in lent]
    if not asked:
        return _all_lent(unit, "not written")
    status, found = survey(_cells(course, unit, submission, lent), asked)
    if status != "finished" or len(found) < len(asked):
        return _all_lent(unit, ENDED.get(status, "it could not be run, which is our fault"))
    for (name, *_), seen in zip(asked, found, strict=True):
        if seen is not True:
            lent[name] = _reason(name, seen)
    return _made(course, unit, submission, lent)


def _made(course: Course, unit: Unit, submission: Submission, lent: dict[str, str]) -> Earlier:
    cells = [{"name": name, "source": source} for name, source in _cells(course, unit, submission, lent)]
    rest = [[found.names, found.text] for found in read_module(course, unit.name).definitions]
    own = tuple(e.name for e in unit.exercises if e.name not in lent)
    in_order = {e.name: lent[e.name] for e in unit.exercises if e.name in lent}
    return Earlier(unit.name, own, in_order, {"cells": cells, "rest": rest} if own else {})


def _all_lent(unit: Unit, why: str) -> Earlier:
    return Earlier(unit.name, (), {e.name: why for e in unit.exercises}, {})


def _cells(course: Course, unit: Unit, submission: Submission, lent: Mapping[str, str]) -> Cells:
    """The unit's cells in order, the course's answer where one is lent."""
    return [
        (name, answer_source(course, unit, unit.exercise(name)) if name in lent else source)
        for name, source in cells_to_run(submission.notebook)
    ]


def _reason(name: str, seen: object) -> str:
    if isinstance(seen, Raised):  # or what the child passes off as one
        return f"its cell stops with {seen.type if seen.type.isidentifier() else 'an error'}"
    return f"its cell does not define {name}"


def _is_unwritten(submission: Submission, exercise: Exercise) -> bool:
    """Is what was asked for, or a method of it, as it was handed out: nothing but `raise NotImplementedError()`?"""
    tree = read(submission.answers.get(exercise.name, ""))
    if tree is None:
        return False  # the survey says what is wrong
    asked = [node for node in tree.body if getattr(node, "name", "") in exercise.names]
    return any(isinstance(node, ast.FunctionDef) and _is_stub(node) for top in asked for node in ast.walk(top))


def _is_stub(function: ast.FunctionDef) -> bool:
    *before, last = function.body
    explained = all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in before)
    raised = last.exc if isinstance(last, ast.Raise) else None
    name = raised.func if isinstance(raised, ast.Call) else raised
    return explained and isinstance(name, ast.Name) and name.id == "NotImplementedError"
