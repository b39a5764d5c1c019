"""One warm judge of the unit gpt for everything that is graded end to end."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from handed_in import GPT, REAL

from autograder.course import Course
from autograder.judge import Judge
from autograder.key import load_public_key
from autograder.source import answer_source


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """On the public seeds, as patient as a test can be."""
    key = load_public_key("gpt")
    key = replace(key, exercises=tuple(replace(exercise, seconds=2.0) for exercise in key.exercises))
    with Judge(key, stand_in=lambda name: answer_source(REAL, GPT, GPT.exercise(name))) as judge:
        yield judge


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The real course, and a folder of submissions of its own."""
    for room in ("course.toml", "course", "reference", "solutions"):
        (tmp_path / room).symlink_to(REAL.root / room)
    (tmp_path / "submitted").mkdir()
    return Course(tmp_path)
