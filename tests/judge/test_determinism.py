"""The same submission gets the same verdict, in the sandbox, at one to four at a time and as many threads."""

import os
from pathlib import Path

import pytest

from autograder.course import find_course
from benchmarks.classroom import open_course
from benchmarks.determinism import ABREAST, judge_often


@pytest.mark.slow
def test_the_same_submission_gets_the_same_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PATH", "COURSE_BUDGET"):  # a benchmark's process may keep what it sets, this one may not
        monkeypatch.setenv(name, os.environ.get(name, ""))
    course = open_course(tmp_path / "course")
    seen = judge_often(course, course.unit("attention"), repeats=32)
    assert {kind: len(found) for kind, found in seen.items()} == {"right": 1, "wrong": 1, "partly right": 1}
    assert sum(found.total() for found in seen.values()) == 96 and ABREAST == (1, 2, 3, 4)
    points = {kind: next(iter(found))[0] for kind, found in seen.items()}
    full = sum(exercise.points for exercise in find_course(Path(__file__).parent).unit("attention").exercises)
    assert 0 < points["wrong"] < points["partly right"] < points["right"] == full
