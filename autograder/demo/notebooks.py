"""Submissions as files: answers put into the released notebook, and what can happen to it on the way."""

import ast
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nbformat import NotebookNode

from autograder.course import Course, Exercise, Unit
from autograder.submission import exercise_of, released_notebook, role_of

Group = Literal["right", "mistaken", "blank", "partly blank", "damaged", "hostile"]
Kind = Literal["right", "mistake", "blank", "broken", "lost", "attack"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one student wrote into one answer cell, and what became of the cell."""

    exercise: Exercise
    kind: Kind
    name: str = ""
    """Style of a right answer, name of a misconception or of an attack."""
    source: str = ""


@dataclass(slots=True)
class HandIn:
    """What one student hands in for one unit."""

    student: str
    group: Group
    answers: dict[str, Answer] = field(default_factory=dict)
    damage: str = ""


def hand_in_notebook(course: Course, unit: Unit, hand_in: HandIn) -> Path:
    """Write submitted/STUDENT/UNIT/ as the student handed it in."""
    notebook = filled_notebook(course, unit, hand_in)
    if damage := CELL_DAMAGES.get(hand_in.damage):
        damage(notebook, hand_in)
    folder = course.root / "submitted" / hand_in.student / unit.folder
    folder.mkdir(parents=True)
    renamed = hand_in.damage == "file renamed"
    path = folder / (f"{hand_in.student} {unit.name} final (2).ipynb" if renamed else f"{unit.name}.ipynb")
    text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"  # nbformat would mend what is damaged
    path.write_text(text[: len(text) // 2] if hand_in.damage == "file cut off" else text, encoding="utf-8")
    return path


def filled_notebook(course: Course, unit: Unit, hand_in: HandIn) -> NotebookNode:
    """The released notebook with the student's answers in it."""
    notebook = released_notebook(course, unit)
    for cell in notebook.cells:
        if role_of(cell) == "answer":
            answer = hand_in.answers[exercise_of(cell)]
            if answer.kind in ("right", "mistake"):
                cell.source = fill(cell.source, answer.source)
            elif answer.source:
                first_line, _, _ = cell.source.partition("\n")
                cell.source = f"{first_line}\n{answer.source}"
    return notebook


def fill(cell: str, source: str) -> str:
    """An answer cell with the definitions of `source` in place of its own, and private helpers below."""
    written = dict(_definitions(source))
    lines = cell.split("\n")
    for name, (first, last) in reversed(_places(cell).items()):
        if name in written:
            lines[first:last] = written.pop(name).split("\n")
    helpers = [text for name, text in written.items() if name.startswith("_")]
    return "\n\n\n".join(["\n".join(lines), *helpers])


def _definitions(source: str) -> list[tuple[str, str]]:
    lines = source.split("\n")
    return [(name, "\n".join(lines[first:last])) for name, (first, last) in _places(source).items()]


def _places(source: str) -> dict[str, tuple[int, int]]:
    """Name of each definition → its first line and the one after its last, decorators included."""
    places: dict[str, tuple[int, int]] = {}
    for node in ast.parse(source).body:
        decorators = getattr(node, "decorator_list", [])
        first = min(part.lineno for part in (node, *decorators)) - 1
        places[_name(node)] = (first, node.end_lineno or first)
    return places


def _name(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        return ast.unparse(target)
    return getattr(node, "name", ast.unparse(node))


def _delete_check_cell(notebook: NotebookNode, hand_in: HandIn) -> None:
    checks = [cell for cell in notebook.cells if role_of(cell) == "check"]
    notebook.cells.remove(checks[len(checks) // 2])


def _delete_answer_cell(notebook: NotebookNode, hand_in: HandIn) -> None:
    lost = [answer.exercise.name for answer in hand_in.answers.values() if answer.kind == "lost"]
    notebook.cells = [c for c in notebook.cells if not (role_of(c) == "answer" and exercise_of(c) in lost)]


def _duplicate_cells(notebook: NotebookNode, hand_in: HandIn) -> None:
    """Every graded cell twice, as after pasting a notebook into itself."""
    notebook.cells += [copy.deepcopy(cell) for cell in notebook.cells if role_of(cell) in ("answer", "check")]


def _strip_metadata(notebook: NotebookNode, hand_in: HandIn) -> None:
    """As some editors save notebooks."""
    for cell in notebook.cells:
        cell.metadata = NotebookNode()


CELL_DAMAGES: dict[str, Callable[[NotebookNode, HandIn], None]] = {
    "check cell deleted": _delete_check_cell,
    "answer cell deleted": _delete_answer_cell,
    "cells duplicated": _duplicate_cells,
    "metadata stripped": _strip_metadata,
}
DAMAGES = (*CELL_DAMAGES, "file renamed", "syntax error", "file cut off")
