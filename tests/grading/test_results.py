"""What a run keeps for the class report, and for the run after it."""

from pathlib import Path

import pytest

from autograder.course import Course, find_course
from autograder.results import Graded, save_results, saved_submissions, was_end_to_end


@pytest.fixture
def course(tmp_path: Path) -> Course:
    (tmp_path / "course.toml").write_bytes((find_course(Path(__file__).parent).root / "course.toml").read_bytes())
    return Course(tmp_path)


def save(course: Course, *graded: Graded, keep_others: bool = False) -> Path:
    return save_results(course, course.unit("bpe"), "in a sandbox", [*graded], keep_others)


def kept(course: Course) -> dict[str, float | None]:
    return {one["student"]: one["points"] for one in saved_submissions(course, course.unit("bpe"))}


def test_some_students_join_the_others_or_replace_them(course: Course) -> None:
    save(course, Graded("bo", "graded", 3.0), Graded("ada", "graded", 5.0))
    save(course, Graded("bo", "graded", 4.0), Graded("cy", "needs a person"), keep_others=True)
    assert list(kept(course).items()) == [("ada", 5.0), ("bo", 4.0), ("cy", None)]
    save(course, Graded("cy", "graded", 1.0))
    assert kept(course) == {"cy": 1.0}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"submissions": [{}]}', '{"submissions": 3}', "\udcff"])
def test_damaged_results_are_none(course: Course, text: str) -> None:
    path = save(course, Graded("bo", "graded", 3.0))
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert kept(course) == {} and not was_end_to_end(course, course.unit("bpe"))
    save(course, Graded("ada", "graded", 5.0), keep_others=True)
    assert kept(course) == {"ada": 5.0}
