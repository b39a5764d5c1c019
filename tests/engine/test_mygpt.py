"""The learner's own GPT on disk and in memory, and the workspace it grows in."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import mygpt, served
from autograder.course import Course
from autograder.workspace import start_workspace

GIVEN = {"bigram": "def softmax():\n    return 'lent'\n"}


@pytest.fixture(autouse=True)
def _own_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    served.forget()
    yield
    served.forget()


def files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def unit_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "home" / "06-attention"
    folder.mkdir(parents=True)
    return folder


def test_it_is_made_beside_the_units_and_imports_at_once(unit_folder: Path) -> None:
    assert mygpt.enter(unit_folder, GIVEN) == unit_folder.parent / "mygpt"
    assert set(files(unit_folder.parent)) == {"mygpt/__init__.py", "mygpt/bigram.py"}
    assert importlib.import_module("mygpt.bigram").softmax() == "lent"
    text = (unit_folder.parent / "mygpt" / "bigram.py").read_text(encoding="utf-8")
    assert "\n# ---- borrowed from the course: softmax ----\n\ndef softmax():" in text


def test_a_workspace_is_made_without_a_trace_in_this_process(unit_folder: Path) -> None:
    before = list(sys.path)
    mygpt.settle(unit_folder, GIVEN)
    assert sys.path == before


def test_two_units_borrow_from_one_module(unit_folder: Path) -> None:
    package = mygpt.enter(unit_folder, GIVEN)
    mygpt.enter(unit_folder, {"bigram": "import math\n\n\ndef tau():\n    return math.tau\n"})
    bigram = importlib.import_module("mygpt.bigram")
    assert bigram.softmax() == "lent" and 6 < bigram.tau() < 7
    before = files(package)
    mygpt.enter(unit_folder, {"bigram": "import math\n\n\ndef tau():\n    return math.tau\n"})
    assert files(package) == before


def test_what_is_there_is_never_touched(unit_folder: Path) -> None:
    package = mygpt.enter(unit_folder, GIVEN)
    (package / "bigram.py").write_text("def softmax():\n    return 'my own'\n", encoding="utf-8")
    (package / "__init__.py").write_text("", encoding="utf-8")
    before = files(package)
    assert mygpt.enter(unit_folder, GIVEN | {"embedding": "x = 1\n"}) == package
    after = files(package)
    assert after.pop("embedding.py").endswith(b"x = 1\n")
    assert after == before
    assert importlib.import_module("mygpt.bigram").softmax() == "my own"
    assert sys.path.count(str(package.parent)) == 1


def test_a_notebook_outside_a_unit_folder_has_it_beside_itself(tmp_path: Path) -> None:
    assert mygpt.enter(tmp_path, {}) == tmp_path / "mygpt"
    inside = tmp_path / "07-transformer"
    inside.mkdir()
    assert mygpt.enter(inside, {}) == tmp_path / "mygpt"


def test_a_folder_of_that_name_further_up_is_somebody_elses(unit_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mygpt").mkdir()
    assert mygpt.enter(unit_folder, GIVEN) == unit_folder.parent / "mygpt"
    assert files(tmp_path / "mygpt") == {}


def test_served_modules_come_from_memory(unit_folder: Path) -> None:
    mygpt.enter(unit_folder, {"bigram": "where = 'disk'\n", "extra": ""})
    before = files(unit_folder.parent)
    served.serve({"bigram": "where = 'memory'\n", "late": "from mygpt.bigram import where\n"})
    assert importlib.import_module("mygpt.late").where == "memory"
    with pytest.raises(ModuleNotFoundError):  # nothing but what is served
        importlib.import_module("mygpt.extra")
    assert files(unit_folder.parent) == before


def test_serving_again_replaces_and_forgetting_ends_it(unit_folder: Path) -> None:
    num_finders = len(sys.meta_path)
    for where in ("first", "second"):
        served.serve({"bigram": f"where = {where!r}\n"})
        assert importlib.import_module("mygpt.bigram").where == where
        assert len(sys.meta_path) == num_finders + 1
    served.forget()
    assert len(sys.meta_path) == num_finders
    assert not [name for name in sys.modules if name.split(".")[0] == "mygpt"]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("mygpt")


@pytest.fixture
def small_course(course: Course, tmp_path: Path) -> Course:
    """The course's toml, one released unit with a picture in a folder, and nothing else."""
    root = tmp_path / "course-root"
    pictures = root / "course" / "06-attention" / "pictures"
    pictures.mkdir(parents=True)
    shutil.copy(course.root / "course.toml", root)
    (pictures.parent / "attention.ipynb").write_text("{}", encoding="utf-8")
    (pictures / "heads.svg").write_text("<svg/>", encoding="utf-8")
    return Course(root)


def test_a_workspace_is_started_once_and_kept(small_course: Course, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    started = [path.relative_to(desk).as_posix() for path in start_workspace(small_course, desk)]
    assert started == ["06-attention/attention.ipynb", "06-attention/pictures/heads.svg"]
    assert set(files(desk)) == {*started, "mygpt/__init__.py"}  # lent is what a unit needs, when it is opened
    (desk / "06-attention" / "attention.ipynb").write_text("my work", encoding="utf-8")
    (desk / "mygpt" / "bigram.py").write_text("def softmax(x, dim): ...\n", encoding="utf-8")
    before = files(desk)
    assert list(start_workspace(small_course, desk)) == []
    assert files(desk) == before


def test_a_file_that_was_lost_comes_back_and_the_rest_stays(small_course: Course, tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    first, second = start_workspace(small_course, desk)
    first.write_text("my work", encoding="utf-8")
    second.unlink()
    assert list(start_workspace(small_course, desk)) == [second]
    assert first.read_text(encoding="utf-8") == "my work"
