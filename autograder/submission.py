"""A submission: read with suspicion, its answers grafted into the notebook as it was handed out.

Whatever a student did to cells, metadata or the file, what counts is the text of each answer. It is found by nbgrader's
grade_id, else by the answer cell's first line (`# exercise: attention.causal_mask`), else by what the cell defines.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.course import Course, Unit
from autograder.errors import UsageError
from autograder.key import Key
from autograder.source import parse

MAX_NOTEBOOK_BYTES = 200 << 20
MAX_ANSWER_CHARS = 200_000
FIRST_LINE = re.compile(r"\s*# exercise: (\w+)\.(\w+)")


class NeedsPerson(UsageError):
    """A submission no machine can grade: the message says why, in words for the instructor."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What one student handed in for one unit."""

    notebook: NotebookNode
    """The released notebook with this student's answers in it."""
    answers: dict[str, str]
    """Exercise → source of its answer cell, also where it is still the stub."""
    repairs: tuple[str, ...]
    """What had to be mended, in words for the instructor."""


def find_notebook(unit: Unit, folder: Path) -> Path:
    """The notebook of a submission, also where it was renamed or put into a subfolder.

    Raises:
        NeedsPerson: there is none, or none that holds answers to this unit.
    """
    exact = folder / f"{unit.name}.ipynb"
    if exact.is_file():
        return exact
    candidates = sorted(path for path in folder.rglob("*.ipynb*") if path.is_file() and not path.is_symlink())
    ours = [path for path in candidates if f'"{unit.name}-'.encode() in path.read_bytes()]
    if len(ours) == 1:
        return ours[0]
    if not candidates:
        raise NeedsPerson("no notebook was handed in")
    raise NeedsPerson(f"{len(ours)} of {len(candidates)} notebooks hold answers to this unit: keep one, {exact.name}")


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook that somebody else wrote.

    Raises:
        NeedsPerson: it is missing, too large, or no notebook.
    """
    try:
        size = path.stat().st_size
        if path.is_symlink() or size > MAX_NOTEBOOK_BYTES:
            raise NeedsPerson(f"{path.name} is {'a link' if path.is_symlink() else f'{size >> 20} MiB large'}")
        data = json.loads(_as_text(path.read_bytes()))
    except OSError as error:
        raise NeedsPerson(f"{path.name} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise NeedsPerson(f"{path.name} is not a notebook: its JSON is damaged") from None
    if isinstance(data, dict) and isinstance(sheets := data.get("worksheets"), list):
        sheets = [sheet for sheet in sheets if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)]
        data["cells"] = [cell for sheet in sheets for cell in sheet["cells"]]
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise NeedsPerson(f"{path.name} is not a notebook: it has no list of cells")
    cells = [_sound_cell(cell) for cell in data["cells"] if isinstance(cell, dict)]
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def graft(course: Course, unit: Unit, submitted: NotebookNode) -> Submission:
    """Put a student's answers, code and prose, into the pristine release notebook."""
    notebook = released_notebook(course, unit)
    repairs: list[str] = []
    found = _answers(unit.name, [e.name for e in unit.exercises], submitted, repairs)
    answers = {}
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if role_of(cell) in ("answer", "written") and grade_id in found:
            cell.source = found[grade_id][:MAX_ANSWER_CHARS]
        elif role_of(cell) in ("answer", "written"):
            repairs.append(f"{grade_id}: no such cell was handed in; it counts as not attempted")
        if role_of(cell) == "answer":
            answers[exercise_of(cell)] = cell.source
    if _graded_cells(unit, submitted) != _graded_cells(unit, notebook):
        repairs.append("cells with points were deleted, duplicated or added; the released ones were graded")
    return Submission(notebook, answers, tuple(dict.fromkeys(repairs)))


def as_handed_in(key: Key, notebook: NotebookNode) -> Submission:
    """A submission where no release lies beside it (a student's own repository): its own setup, its own answers."""
    repairs: list[str] = []
    answers = _answers(key.unit, [e.name for e in key.exercises], notebook, repairs)
    cells = [cell for cell in notebook.cells if role_of(cell) in ("setup", "given")]
    for grade_id, source in answers.items():
        if not grade_id.endswith("-answer"):  # written answers are for a person
            continue
        metadata = {"autograder": {"role": "answer"}, "nbgrader": {"grade_id": grade_id, "solution": True}}
        cells.append(nbformat.from_dict({"cell_type": "code", "source": source, "metadata": metadata}))
    grafted = nbformat.from_dict({**notebook, "cells": cells})
    return Submission(grafted, {exercise_of(c): c.source for c in cells if role_of(c) == "answer"}, tuple(repairs))


def released_notebook(course: Course, unit: Unit) -> NotebookNode:
    """The notebook as students got it, fresh each time."""
    path = course.root / "course" / unit.folder / f"{unit.name}.ipynb"
    if not path.is_file():
        raise UsageError(f"{unit.folder} is not built: run `autograder build` first")
    return nbformat.from_dict(_release(path, path.stat().st_mtime_ns))


@lru_cache(16)
def _release(path: Path, _changed: int) -> NotebookNode:
    """Read and validated once for a class; nobody writes into it, `from_dict` copies all there is."""
    return nbformat.read(path, as_version=4)


def role_of(cell: NotebookNode) -> str:
    """What a cell of a released notebook is there for: setup, given, answer, check, written, demo, or nothing."""
    return cell.metadata.get("autograder", {}).get("role", "")


def exercise_of(cell: NotebookNode) -> str:
    """`attention-causal_mask-answer` and `attention-causal_mask` belong to `causal_mask`."""
    return _grade_id(cell).partition("-")[2].removesuffix("-answer")


def cells_to_run(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """(name, source) of the cells the judge runs, in order; an answer is named by its exercise."""
    for number, cell in enumerate(notebook.cells):
        if role_of(cell) in ("setup", "given"):
            yield f"{role_of(cell)}-{number}", cell.source
        elif role_of(cell) == "answer":
            yield exercise_of(cell), cell.source


def _as_text(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    return raw.decode("utf-8-sig")


def _sound_cell(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell reduced to what is asked of it: type, source, nbgrader's and our metadata. Old forms are accepted."""
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    metadata = cell.get("metadata")
    found = {name: metadata.get(name) for name in ("nbgrader", "autograder")} if isinstance(metadata, dict) else {}
    return {
        "cell_type": "markdown" if cell.get("cell_type") == "markdown" else "code",
        "source": source if isinstance(source, str) else "",
        "metadata": {name: _flat(entry) for name, entry in found.items() if isinstance(entry, dict)},
    }


def _flat(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if isinstance(value, str | bool | int | float)}


def _answers(unit: str, exercises: list[str], submitted: NotebookNode, repairs: list[str]) -> dict[str, str]:
    """grade_id of an answer cell → the source handed in for it."""
    found: dict[str, str] = {}
    for cell in submitted.cells:
        grade_id = _grade_id(cell)
        if not grade_id.startswith(f"{unit}-") or not _nbgrader(cell).get("solution"):
            continue
        if grade_id in found and found[grade_id] != cell.source:
            repairs.append(f"{grade_id}: handed in twice; the last one that says anything counts")
        if grade_id not in found or "raise NotImplementedError" not in cell.source:
            found[grade_id] = cell.source
    for exercise in exercises:
        grade_id = f"{unit}-{exercise}-answer"
        if grade_id not in found and (cell := _find_by_text(unit, exercise, submitted)):
            repairs.append(f"{grade_id}: its metadata was lost; found by its text")
            found[grade_id] = cell.source
    # A lone surrogate, which JSON can carry, could not be written to any file.
    return {grade_id: source.encode("utf-8", "replace").decode("utf-8") for grade_id, source in found.items()}


def _find_by_text(unit: str, exercise: str, submitted: NotebookNode) -> NotebookNode | None:
    code = [cell for cell in submitted.cells if cell.cell_type == "code"]
    for cell in reversed(code):
        match = FIRST_LINE.match(cell.source)
        if match and match.groups() == (unit, exercise):
            return cell
    return next((cell for cell in reversed(code) if exercise in _defined_in(cell.source)), None)


def _defined_in(source: str) -> set[str]:
    try:
        body = parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def _graded_cells(unit: Unit, notebook: NotebookNode) -> list[str]:
    ids = (_grade_id(cell) for cell in notebook.cells if _nbgrader(cell).get("grade"))
    return sorted(grade_id for grade_id in ids if grade_id.startswith(f"{unit.name}-"))


def _nbgrader(cell: NotebookNode) -> dict[str, Any]:
    data = cell.metadata.get("nbgrader")
    return data if isinstance(data, dict) else {}


def _grade_id(cell: NotebookNode) -> str:
    grade_id = _nbgrader(cell).get("grade_id")
    return grade_id if isinstance(grade_id, str) and re.fullmatch(r"[\w-]{1,100}", grade_id, re.ASCII) else ""
