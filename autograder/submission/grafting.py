"""A submission: a student's answers in the notebook as it was handed out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.course import Course, Unit
from autograder.errors import NeedsPerson, UsageError
from autograder.key import Key
from autograder.submission.answers import Answers, find_answers
from autograder.submission.carrying import Carried, carry, names_in
from autograder.submission.cells import exercise_of, grade_id_of, nbgrader_of, node_of, role_of, sound_notebook
from autograder.submission.prose import find_prose

MAX_ANSWER_CHARS = 200_000


@dataclass(frozen=True, slots=True)
class Submission:
    """What one student handed in for one unit."""

    notebook: NotebookNode
    """The released notebook with this student's answers in it."""
    answers: dict[str, str]
    """Exercise → source of its answer cell, also where it is still the stub."""
    repairs: tuple[str, ...]
    """What had to be mended, in words for the instructor."""
    written: tuple[str, ...] = ()
    """grade_ids of the cells, code and prose, that are no longer as they were handed out."""

    def with_repairs(self, *more: str) -> "Submission":
        """The same, with these told first."""
        return replace(self, repairs=tuple(dict.fromkeys((*more, *self.repairs))))


def graft(course: Course, unit: Unit, submitted: NotebookNode) -> Submission:
    """Put a student's answers, code and prose, into the pristine release notebook.

    Args:
        course: with the release.
        unit: whose notebook it is.
        submitted: with sound cells, as `read_notebook` and `sound_notebook` make them.

    Raises:
        NeedsPerson: nothing in it answers this unit.
    """
    notebook, cells = released_notebook(course, unit), submitted.cells
    repairs: list[str] = []
    lesson = frozenset(c.source.strip() for c in notebook.cells if role_of(c) not in ("answer", "written"))
    found = find_answers(unit.name, {e.name: e.names for e in unit.exercises}, cells, repairs, lesson)
    prose = find_prose(unit.name, notebook.cells, cells, repairs)
    if not (found.sources or prose) or not any(cell.source.strip() for cell in cells):
        raise NeedsPerson(_why_nothing(course, unit, cells))
    sources = {f"{unit.name}-{name}-answer": source for name, source in found.sources.items()}
    sources |= {grade_id: cell.source for grade_id, cell in prose.items()}
    written = _fill(notebook, sources, repairs)
    for cell in notebook.cells:
        if pictures := prose.get(grade_id_of(cell), {}).get("attachments"):
            cell.attachments = pictures
    answers = {exercise_of(cell): cell.source for cell in notebook.cells if role_of(cell) == "answer"}
    _carry(unit.name, notebook, answers, found, [name for e in unit.exercises for name in e.names], repairs)
    if _graded_cells(unit, cells) != _graded_cells(unit, notebook.cells):
        repairs.append("cells with points were deleted, duplicated or added; the released ones were graded")
    return Submission(notebook, answers, tuple(dict.fromkeys(repairs)), tuple(written))


def as_grafted(notebook: NotebookNode) -> Submission:
    """What `graft` has made, after nbgrader has stored it and read it again."""
    cells = sound_notebook(notebook).cells
    answers = {exercise_of(cell): cell.source for cell in cells if role_of(cell) == "answer"}
    return Submission(NotebookNode({**notebook, "cells": cells}), answers, ())


def as_handed_in(key: Key, notebook: NotebookNode) -> Submission:
    """A submission where no release lies beside it (a student's own repository): its own setup, its own answers."""
    repairs: list[str] = []
    found = find_answers(key.unit, {e.name: e.names for e in key.exercises}, notebook.cells, repairs)
    cells = [cell for cell in notebook.cells if role_of(cell) in ("setup", "given")]
    for name, source in found.sources.items():
        metadata = {"autograder": {"role": "answer"}, "nbgrader": {"grade_id": f"{key.unit}-{name}-answer"}}
        cells.append(nbformat.from_dict({"cell_type": "code", "source": source, "metadata": metadata}))
    grafted = NotebookNode({**notebook, "cells": cells})
    _carry(key.unit, grafted, found.sources, found, [name for e in key.exercises for name in e.names], repairs)
    return Submission(grafted, found.sources, tuple(dict.fromkeys(repairs)))


def released_notebook(course: Course, unit: Unit) -> NotebookNode:
    """The notebook as students got it, fresh each time."""
    path = course.root / "course" / unit.folder / f"{unit.name}.ipynb"
    if not path.is_file():
        raise UsageError(f"{unit.folder} is not built: run `autograder build` first")
    return _copied(_read_release(path, path.stat().st_mtime_ns))


def cells_to_run(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """(name, source) of the cells the judge runs, in order; an answer is named by its exercise."""
    for number, cell in enumerate(notebook.cells):
        if role_of(cell) in ("setup", "given", "carried"):
            yield f"{role_of(cell)}-{number}", cell.source
        elif role_of(cell) == "answer":
            yield exercise_of(cell), cell.source


@lru_cache(maxsize=32)
def _read_release(path: Path, changed: int) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def _copied(node: Any) -> Any:
    """What `copy.deepcopy` gives, in a fifth of the time: there is one for every submission."""
    if isinstance(node, dict):
        return node_of(**{key: _copied(value) for key, value in node.items()})
    return [_copied(value) for value in node] if isinstance(node, list) else node


def _fill(notebook: NotebookNode, sources: dict[str, str], repairs: list[str]) -> list[str]:
    """Put sources into their cells; the grade_ids of those that say something new."""
    written = []
    for cell in notebook.cells:
        if role_of(cell) not in ("answer", "written"):
            continue
        grade_id = grade_id_of(cell)
        if grade_id not in sources:
            repairs.append(f"{grade_id}: no such cell was handed in; it counts as not attempted")
            continue
        source = sources[grade_id]
        if len(source) > MAX_ANSWER_CHARS:
            repairs.append(f"{grade_id}: cut off after {MAX_ANSWER_CHARS:,} characters")
        if source.strip() != cell.source.strip():
            written.append(grade_id)
        cell.source = source[:MAX_ANSWER_CHARS]
    return written


def _carry(
    unit: str,
    notebook: NotebookNode,
    answers: dict[str, str],
    found: Answers,
    exercises: Sequence[str],
    repairs: list[str],
) -> None:
    """Put what answers need of other cells in front of them."""
    given = (names_in(cell.source).bound for cell in notebook.cells if role_of(cell) in ("setup", "given"))
    carried = dict(carry(answers, found.free, frozenset(exercises).union(*given)))
    cells = []
    for cell in notebook.cells:
        if role_of(cell) == "answer" and (before := carried.get(exercise_of(cell))):
            cells.append(_carried_cell(exercise_of(cell), before))
            names = ", ".join(before.names)
            it = "that definition was" if len(before.names) == 1 else "those definitions were"
            repairs.append(f"{unit}-{exercise_of(cell)}-answer: uses {names} from a cell without points; {it} run too")
        cells.append(cell)
    notebook.cells = cells


def _carried_cell(exercise: str, carried: Carried) -> NotebookNode:
    cell = {"cell_type": "code", "id": f"carried-{exercise}"[:64], "source": carried.source, "outputs": []}
    return nbformat.from_dict({**cell, "execution_count": None, "metadata": {"autograder": {"role": "carried"}}})


def _graded_cells(unit: Unit, cells: Sequence[NotebookNode]) -> list[str]:
    ids = (grade_id_of(cell) for cell in cells if nbgrader_of(cell).get("grade"))
    return sorted(grade_id for grade_id in ids if grade_id.startswith(f"{unit.name}-"))


def _why_nothing(course: Course, unit: Unit, cells: Sequence[NotebookNode]) -> str:
    """Nothing answers the unit: what is it then?"""
    if not any(cell.source.strip() for cell in cells):
        return "the notebook is empty. Ask for the one that was filled in"
    units = [grade_id_of(cell).partition("-")[0] for cell in cells if grade_id_of(cell)]
    if others := [other for other in course.units if other != unit and other.name in units]:
        other = max(others, key=lambda other: units.count(other.name))
        return f"it is the notebook of {other.folder}. Move it there, and ask for that of {unit.folder}"
    if unit.name in units:
        return f"its exercises are not those of {unit.folder} here: it is of another edition of the course. Look at it"
    return f"nothing in it answers an exercise of {unit.folder}. Look at it, and ask for the right file"
