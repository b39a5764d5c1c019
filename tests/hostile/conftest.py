"""One class, graded once for all tests of this folder: hostile and damaged submissions beside honest ones."""

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from attack_sources import ATTACKS
from nbformat import NotebookNode

from autograder.course import Course, find_course
from autograder.grading import How, run_grading
from autograder.results import Graded
from autograder.submission import exercise_of, role_of

TARGET = "scaled_dot_product_attention"


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    folder = tmp_path_factory.mktemp("course")
    find_course(Path(__file__).parent).copy_to(folder)
    toml = (folder / "course.toml").read_text(encoding="utf-8")  # patience costs the test its time
    (folder / "course.toml").write_text(toml.replace("points = 6 }", "points = 6, seconds = 2 }"), encoding="utf-8")
    return Course(folder)


@pytest.fixture(scope="session")
def graded(course: Course) -> dict[str, Graded]:
    unit = course.unit("attention")
    solved = nbformat.read(course.root / "solutions" / unit.folder / "attention.ipynb", as_version=4)

    def hand_in(student: str, change: Callable[[NotebookNode], object], name: str = "attention.ipynb") -> None:
        notebook = nbformat.reads(nbformat.writes(solved), as_version=4)
        change(notebook)
        path = course.root / "submitted" / student / unit.folder / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), encoding="utf-8")  # nbformat would mend what is damaged

    for student in ("honest-a", "honest-m", "honest-z"):
        hand_in(student, lambda notebook: None)
    for name, source in ATTACKS.items():
        hand_in(f"attack-{name}", lambda notebook, source=source: _answer(notebook, source))
    hand_in("damage-deleted-check", lambda nb: _drop(nb, "check"))
    hand_in("damage-deleted-answer", lambda nb: _drop(nb, "answer"))
    hand_in("damage-duplicated", lambda nb: nb.cells.extend(nbformat.from_dict(c) for c in list(nb.cells)))
    hand_in("damage-stripped", lambda nb: [cell.metadata.clear() for cell in nb.cells])
    hand_in("damage-reordered", lambda nb: nb.cells.reverse())
    hand_in("damage-renamed", lambda nb: None, "attention-Copy1 (final).ipynb")
    hand_in("damage-points", _raise_points)
    (course.root / "submitted" / "nobody" / unit.folder).mkdir(parents=True)
    folder = course.root / "submitted" / "broken" / unit.folder
    folder.mkdir(parents=True)
    (folder / "attention.ipynb").write_bytes(b'\xff\xfe{"cells": [')
    finish = run_grading(course, unit, How(jobs=2))
    return {one.student: one for one in finish.results}


def _answer(notebook: NotebookNode, source: str) -> None:
    for cell in notebook.cells:
        if role_of(cell) == "answer" and exercise_of(cell) == TARGET:
            cell.source = source


def _drop(notebook: NotebookNode, role: str) -> None:
    """Delete the first cell of this role."""
    notebook.cells.remove(next(cell for cell in notebook.cells if role_of(cell) == role))


def _raise_points(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if role_of(cell) == "check":
            cell.metadata.nbgrader["points"] = 99
