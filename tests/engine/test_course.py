"""course.toml: found from anywhere inside, read once, and every wrong name a sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course import Course, find_course
from autograder.errors import UsageError

TOML = """
[course]
id = "c"
title = "C"
scoring = "per-property"

[unit.second]
number = 12
title = "Second"
minutes = 5
needs = ["first"]
ends_with = "two"
exercises.g = { points = 2, stretch = true, seconds = 9, with = ["h"] }

[unit.first]
number = 3
title = "First"
minutes = 5
needs = []
ends_with = "one"
exercises.f = { points = 1 }
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def write(toml: str) -> Path:
        (tmp_path / "course.toml").write_text(toml, encoding="utf-8")
        return tmp_path

    return write


def test_units_come_in_their_order(write: Callable) -> None:
    course = Course(write(TOML))
    assert [unit.folder for unit in course.units] == ["03-first", "12-second"]
    (f,), (g,) = (unit.exercises for unit in course.units)
    assert (f.points, f.stretch, f.seconds, f.names) == (1, False, 5.0, ("f",))
    assert (g.points, g.stretch, g.seconds, g.names) == (2, True, 9, ("g", "h"))


def test_a_unit_has_many_names(write: Callable) -> None:
    course = Course(write(TOML))
    assert {course.unit(name).name for name in ("first", "03-first", "3", "03")} == {"first"}
    for name in ("", "First", "0", "4", "03-second"):
        with pytest.raises(UsageError, match=f"there is no unit '{name}'; the units are 03-first, 12-second"):
            course.unit(name)


def test_an_exercise_is_found_by_each_of_its_names(write: Callable) -> None:
    unit = Course(write(TOML)).unit("second")
    assert unit.exercise("g") is unit.exercise("h")
    with pytest.raises(UsageError, match="unit 'second' has no exercise 'f'; it has g"):
        unit.exercise("f")


def test_the_course_is_found_from_below(write: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(TOML)
    below = tmp_path / "submitted" / "ada" / "03-first"
    below.mkdir(parents=True)
    assert find_course(below).root == tmp_path.resolve()
    monkeypatch.chdir(below)
    assert find_course().root == tmp_path.resolve()


def test_what_is_wrong_is_a_sentence(write: Callable, tmp_path: Path) -> None:
    for find in (Course, find_course):
        with pytest.raises(UsageError, match=r"no course\.toml in .*--root"):
            find(tmp_path)
    with pytest.raises(UsageError, match='scoring is "per-property" or "all-or-nothing", not \'best\''):
        Course(write(TOML.replace("per-property", "best")))
    with pytest.raises(UsageError, match=r"course\.toml cannot be read: .*table"):
        Course(write("[course"))
