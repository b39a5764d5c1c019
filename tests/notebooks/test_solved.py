"""Every solved notebook, top to bottom, by a real kernel, on what a student has: the bundle, and no reference."""

import contextlib
import importlib
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.bundle import write_bundle
from autograder.course import Unit, find_course
from autograder.mygpt import OWN, read_sections
from autograder.served import forget
from autograder.submission import role_of

COURSE = find_course(Path(__file__).parent)
NO_REFERENCE = 'raise ImportError("a student has no reference")\n'


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student bundle, unpacked; whoever imports `reference` there is told that there is none."""
    folder = tmp_path_factory.mktemp("student")
    with zipfile.ZipFile(write_bundle(COURSE, COURSE.units, folder / "bundle.zip")) as archive:
        archive.extractall(folder)
    (folder / "build-a-gpt" / "reference.py").write_text(NO_REFERENCE, encoding="utf-8")
    return folder / "build-a-gpt"


@pytest.mark.slow
@pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)
def test_solved_notebook_runs_and_every_check_passes(unit: Unit, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bundle / "workspace" / unit.folder
    shutil.copytree(COURSE.root / "course" / unit.folder, folder)
    notebook = nbformat.read(COURSE.root / "solutions" / unit.folder / f"{unit.name}.ipynb", as_version=4)
    monkeypatch.setenv("PYTHONPATH", str(bundle))
    monkeypatch.setenv("COURSE_BUDGET", "ci")
    monkeypatch.setenv("MPLBACKEND", "agg")
    NotebookClient(notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    said = [_said(cell) for cell in notebook.cells if role_of(cell) == "check"]
    assert len(said) == len(unit.exercises)
    assert [words for words in said if not words.startswith("✓")] == []
    kept = read_sections(folder.parent / "mygpt" / f"{unit.name}.py")
    assert {f"{OWN}{exercise.name}" for exercise in unit.exercises} <= set(kept)
    with mygpt_of(folder.parent):
        module = importlib.import_module(f"mygpt.{unit.name}")
        assert [name for exercise in unit.exercises for name in exercise.names if not hasattr(module, name)] == []


@contextlib.contextmanager
def mygpt_of(workspace: Path) -> Iterator[None]:
    """Import `mygpt` from a workspace: what a learner has at the end."""
    forget()
    sys.path.insert(0, str(workspace))
    try:
        yield
    finally:
        sys.path.remove(str(workspace))
        forget()


def _said(cell: NotebookNode) -> str:
    return "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def test_the_bundle_is_the_same_each_time_and_holds_no_answer(tmp_path: Path) -> None:
    first, again = (write_bundle(COURSE, COURSE.units, tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first.read_bytes() == again.read_bytes()
    names = zipfile.ZipFile(first).namelist()
    assert not [n for n in names if "reference/" in n or "solutions/" in n or "hidden" in n or "misconception" in n]
    for name in (n for n in names if n.endswith(".ipynb")):
        assert b"BEGIN SOLUTION" not in zipfile.ZipFile(first).read(name)
