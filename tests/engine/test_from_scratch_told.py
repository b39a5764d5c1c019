"""The from-scratch rule in words and points: what a student reads, what it costs, what an author is told."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import present
from autograder.course import Course
from autograder.devcheck import _Checker
from autograder.errors import UsageError
from autograder.from_scratch import Finding, Reading, rule_in_words
from autograder.key import Key, read_key
from autograder.source import read_answer
from autograder.stub import answer_cell


def ruled(course: Course, *forbids: str) -> list[str]:
    """What `dev check` says of bigram's softmax under another rule."""
    unit = course.unit("bigram")
    return list(_Checker(course, unit, replace(unit.exercise("softmax"), forbids=forbids), {})._rule())


def test_dev_check_knows_the_names_of_torch_and_of_what_is_installed(course: Course) -> None:
    assert ruled(course, "softmax", "flop_counter", "tiktoken") == []
    told = "forbids 'softmux', which neither torch nor any installed library has"
    assert ruled(course, "softmax", "softmux") == [told]


def test_dev_check_refuses_a_rule_that_right_answers_break(course: Course) -> None:
    reference, other = ruled(course, "logsumexp", "amax")
    assert re.fullmatch(r"the right answer 'reference' breaks the exercise's own rule, line \d+: x\.amax", reference)
    assert other == "the right answer 'logsumexp' breaks the exercise's own rule, line 3: torch.logsumexp"


def test_the_rule_in_words() -> None:
    assert rule_in_words(("softmax",), "told") == "without softmax from any library (check tells; no points lost)"
    assert rule_in_words(("a", "b", "c"), "costs") == "without a, b or c from any library, or it earns no points"


def test_the_rule_stands_above_the_answer_to_be_written(course: Course) -> None:
    unit = course.unit("bigram")
    for exercise in unit.exercises:
        _, line, *_ = answer_cell(read_answer(course, unit, exercise), "bigram", setting="costs").split("\n")
        assert line.startswith("# from scratch: without ") == bool(exercise.forbids)
        assert line.endswith(", or it earns no points") == bool(exercise.forbids)


USED = (Finding(4, "F.softmax", "softmax"), Finding(7, "F.softmax", "softmax"), Finding(2, "x.softmin", "softmin", "g"))


@pytest.fixture
def verdict(make_exercise: Callable, judge: Callable) -> Callable:
    """A right answer to an exercise of 6 points, with these findings."""

    def verdict(setting: str, *found: Finding, value: int = 1) -> present.Verdict:
        return replace(judge(make_exercise(1, 2), value, 2), reading=Reading(found, setting))

    return verdict


def test_where_it_is_told_it_costs_nothing(verdict: Callable) -> None:
    told = verdict("told", *USED)
    assert told.right and told.accepted and told.score("per-property") == 6
    words = present.text(told, "per-property")
    assert words.startswith("✓ f: all 2 properties hold · 6 of 6 points\n")
    assert "Not from scratch: lines 4 and 7 (F.softmax), line 2 of the cell g (x.softmin)." in words
    assert "instead of softmax and softmin from a library, take loops" in words
    assert "It costs no points" in words


def test_where_it_costs_a_right_answer_earns_nothing_and_is_not_wrong(verdict: Callable) -> None:
    costly = verdict("costs", *USED)
    assert costly.right and costly.outcome.value == "right" and not costly.accepted
    assert [costly.score(scoring) for scoring in ("per-property", "all-or-nothing")] == [0, 0]
    words = present.text(costly, "per-property", public=False)
    assert words.startswith("✗ f: all 2 properties hold, but not from scratch · 0 of 6 points\n")
    assert "That costs the points of this exercise." in words
    assert verdict("costs", *USED, value=5).score("per-property") == 0


@pytest.mark.parametrize("setting", ["told", "costs"])
def test_what_is_hidden_costs_nothing_anywhere(verdict: Callable, setting: str) -> None:
    hidden = verdict(setting, Finding(3, "it uses gc.get_objects"))
    assert hidden.accepted and hidden.score("per-property") == 6
    words = present.text(hidden, "per-property")
    assert "A person should look at line 3 (it uses gc.get_objects)" in words and "no accusation" in words
    assert "Not from scratch" not in words


def test_what_a_student_wrote_is_escaped(verdict: Callable) -> None:
    page = present.html(verdict("told", Finding(1, "<b>.softmax", "softmax")), "per-property")
    assert "&lt;b&gt;.softmax" in page and "<b>.softmax" not in page


def test_a_course_says_whether_it_costs(course: Course, tmp_path: Path) -> None:
    assert course.from_scratch == "told"
    text = (course.root / "course.toml").read_text(encoding="utf-8")
    (tmp_path / "course.toml").write_text(text.replace('from_scratch = "told"', 'from_scratch = "free"'), "utf-8")
    with pytest.raises(UsageError, match='from_scratch is "told" or "costs", not \'free\''):
        Course(tmp_path)


def test_a_key_carries_the_rule_and_an_old_one_has_none(make_exercise: Callable) -> None:
    exercise = replace(make_exercise(1), forbids=("softmax", "softmin"))
    key = Key("small", "01-small", "Small", "per-property", "", {}, "", (exercise,), from_scratch="costs")
    assert read_key(key.to_json()) == key
    old = key.to_json().replace('"forbids"', '"forgotten"').replace(',\n "from_scratch": "costs"', "")
    assert read_key(old).exercise("f").forbids == () and read_key(old).from_scratch == "told"
