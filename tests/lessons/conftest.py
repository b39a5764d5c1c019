"""A course as small as a course can be, in a folder of the test's own."""

import shutil
from pathlib import Path

import pytest

from autograder.course import Course

HERE = Path(__file__).resolve().parent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The mini course's folder, with the real course's nbgrader_config.py."""
    root = tmp_path / "mini"
    shutil.copytree(HERE / "mini", root, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE.parents[1] / "nbgrader_config.py", root)
    return root


@pytest.fixture
def course(root: Path) -> Course:
    return Course(root)


@pytest.fixture
def edit(root: Path):
    """Replace one passage in a file of the course."""

    def replace(path: str, old: str, new: str) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
        (root / path).write_text(text.replace(old, new), encoding="utf-8")

    return replace
