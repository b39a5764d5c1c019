"""A solved notebook to be damaged, and what of it is found again."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course import Course, Unit, find_course
from autograder.submission import Submission, exercise_of, graft, read_submission, role_of, sound_notebook

COURSE = find_course(Path(__file__).parent)
UNIT = COURSE.unit("attention")


@dataclass
class Damage:
    """A solved notebook of the attention unit, and hands to damage it with."""

    notebook: NotebookNode

    def answer(self, exercise: str) -> NotebookNode:
        return next(c for c in self.notebook.cells if role_of(c) == "answer" and exercise_of(c) == exercise)

    def written(self) -> list[NotebookNode]:
        return [cell for cell in self.notebook.cells if role_of(cell) == "written"]

    def replace(self, cell: NotebookNode, *others: NotebookNode) -> None:
        place = next(n for n, one in enumerate(self.notebook.cells) if one is cell)
        self.notebook.cells[place : place + 1] = others

    def insert_before(self, cell: NotebookNode, source: str) -> NotebookNode:
        new = nbformat.v4.new_code_cell(source)
        self.replace(cell, new, cell)
        return new

    def graft(self) -> Submission:
        return graft(COURSE, UNIT, sound_notebook(copy.deepcopy(self.notebook)))


@cache
def _solved() -> str:
    """As a student would have solved it: without the build's markers, and without the mark schemes."""
    released, solved = (
        nbformat.read(COURSE.root / room / UNIT.folder / f"{UNIT.name}.ipynb", as_version=4)
        for room in ("course", "solutions")
    )
    for cell, answer in zip(released.cells, solved.cells, strict=True):
        if role_of(cell) in ("answer", "written"):
            cell.source = re.sub(r"(^|\n) *### (BEGIN|END) SOLUTION", "", answer.source).strip("\n")
    return nbformat.writes(released)


@pytest.fixture
def damage() -> Damage:
    return Damage(nbformat.reads(_solved(), as_version=4))


@pytest.fixture(scope="session")
def whole() -> Submission:
    """The same, undamaged."""
    return Damage(nbformat.reads(_solved(), as_version=4)).graft()


@pytest.fixture
def unit() -> Unit:
    return UNIT


@pytest.fixture
def course() -> Course:
    return COURSE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of one student's submission."""
    folder = tmp_path / "submitted" / "ada" / UNIT.folder
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def read(folder: Path) -> Callable[[], Submission]:
    return lambda: read_submission(COURSE, UNIT, folder)


@pytest.fixture
def notebook_bytes() -> Callable[..., bytes]:
    """A solved notebook as a file; `**answers` replaces the source of some."""

    def make(**answers: str) -> bytes:
        notebook = json.loads(_solved())
        for cell in _answer_cells(notebook):
            name = cell["metadata"]["nbgrader"]["grade_id"].split("-")[1]
            cell["source"] = answers.get(name, cell["source"])
        return json.dumps(notebook, ensure_ascii=False).encode("utf-8")

    return make


def _answer_cells(notebook: dict) -> Iterator[dict]:
    return (c for c in notebook["cells"] if c["metadata"].get("autograder", {}).get("role") == "answer")
