"""One warm judge of the unit gpt for everything that is graded end to end."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from handed_in import FEW, GPT, REAL

from autograder.course import Course
from autograder.judge import Judge
from autograder.key import load_public_key
from autograder.source import answer_source


@pytest.fixture(scope="session")
def whole_judge() -> Iterator[Judge]:
    """On the public seeds: a secret key takes its time to make."""
    with Judge(load_public_key("gpt"), stand_in=lambda name: answer_source(REAL, GPT, GPT.exercise(name))) as judge:
        yield judge


@pytest.fixture(scope="session")
def judge(whole_judge: Judge) -> Judge:
    """The same for a few exercises, and as patient as a test can be."""
    few = (whole_judge.key.exercise(name) for name in FEW)
    judge = copy.copy(whole_judge)
    judge.key = replace(whole_judge.key, exercises=tuple(replace(exercise, seconds=2.0) for exercise in few))
    return judge


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The real course, and a folder of submissions of its own."""
    for room in ("course.toml", "course", "reference", "solutions"):
        (tmp_path / room).symlink_to(REAL.root / room)
    (tmp_path / "submitted").mkdir()
    return Course(tmp_path)
