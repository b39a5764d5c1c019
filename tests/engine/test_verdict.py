"""From observations to points and to the name of a mistake."""

import math
from collections.abc import Callable

import pytest

from autograder.observation import Raised, encode
from autograder.verdict import Outcome, judge_exercise

BOTH = ("per-property", "all-or-nothing")
Make = Callable[..., object]


def marks(verdict) -> str:
    """One character for each property: passed, withheld, failed."""
    return "".join("✓" if r.passed else "○" if r.withheld else "✗" for r in verdict.results)


def named(verdict) -> str | None:
    return verdict.misconception and verdict.misconception.name


def stub(name: str = "f") -> Raised:
    return Raised("NotWritten", name, 2, "raise NotImplementedError()")


def test_everything_right_is_full_points(make_exercise: Make, judge: Callable) -> None:
    verdict = judge(make_exercise(1.0, "a", True, kinds="vvp"), 1.0, "a", True)
    assert (verdict.outcome, marks(verdict), named(verdict)) == (Outcome.RIGHT, "✓✓✓", None)
    assert [verdict.score(scoring) for scoring in BOTH] == [6.0, 6.0]


@pytest.mark.parametrize(
    ("weights", "values", "points"),
    [
        ((1, 1, 1), (1, 2, 0), 4.0),
        ((1, 1, 1), (0, 0, 3), 2.0),
        ((1, 1, 1), (0, 0, 0), 0.0),
        ((2, 1, 1), (1, 0, 0), 3.0),
        ((1, 1, 5), (1, 2, 0), 1.71),
    ],
)
def test_points_are_the_weight_of_what_holds(
    make_exercise: Make, judge: Callable, weights: tuple, values: tuple, points: float
) -> None:
    verdict = judge(make_exercise(1, 2, 3, weights=weights), *values)
    assert verdict.outcome is Outcome.WRONG
    assert [verdict.score(scoring) for scoring in BOTH] == [points, 0.0]


def test_no_score_is_above_the_points(make_exercise: Make, judge: Callable) -> None:
    for points in (1, 3, 7):
        exercise = make_exercise(1, 2, 3, points=points)
        scores = [judge(exercise, *values).score("per-property") for values in ((0, 0, 0), (1, 0, 0), (1, 2, 3))]
        assert scores == sorted(scores)
        assert scores[-1] == points


def test_a_property_counts_once_every_value_is_right(make_exercise: Make, judge: Callable) -> None:
    exercise = make_exercise(1, True, 2, kinds="vpv")
    assert marks(judge(exercise, 1, True, 0)) == "✓○✗"
    assert judge(exercise, 1, True, 0).score("per-property") == 2.0
    assert marks(judge(exercise, 1, False, 2)) == "✓✗✓"
    assert judge(exercise, 1, False, 2).score("per-property") == 4.0
    assert judge(exercise, 0, True, 0).score("per-property") == 0.0


def test_a_mistake_is_named_by_its_whole_vector(make_exercise: Make, judge: Callable) -> None:
    exercise = make_exercise(1, 2, 3, wrong={"doubled/units": (2, 4, 6), "negative/sign": (-1, -2, -3)})
    assert named(judge(exercise, 2, 4, 6)) == "doubled"
    assert named(judge(exercise, -1, -2, -3)) == "negative"
    assert named(judge(exercise, 2, 4, 0)) is None
    assert named(judge(exercise, 2, -2, 6)) is None
    assert named(judge(exercise, 1, 2, 3)) is None


def test_a_mistake_is_named_within_the_tolerance(make_exercise: Make, judge: Callable) -> None:
    exercise = make_exercise(1.0, 2.0, wrong={"doubled/units": (2.0, 4.0)})
    assert named(judge(exercise, 2.0001, 4.0)) == "doubled"
    assert named(judge(exercise, 2.001, 4.0)) is None


def test_a_mistake_that_raises_is_named_by_the_type(make_exercise: Make, judge: Callable) -> None:
    exercise = make_exercise(1, 2, wrong={"off the end/off by one": (1, Raised("IndexError", "far", 3, "x[9]"))})
    assert named(judge(exercise, 1, Raised("IndexError", "other", 1, "y[8]"))) == "off the end"
    assert named(judge(exercise, 1, Raised("KeyError"))) is None


def test_a_mistake_shown_by_a_property_alone_is_named(make_exercise: Make, judge: Callable) -> None:
    verdict = judge(make_exercise(1, True, kinds="vp", wrong={"in place/state": (1, False)}), 1, False)
    assert (marks(verdict), named(verdict), verdict.score("per-property")) == ("✓✗", "in place", 3.0)


def test_two_of_one_family_are_named_by_the_family(make_exercise: Make, judge: Callable) -> None:
    exercise = make_exercise(1, wrong={"axis 0/wrong axis": (5,), "axis 1/wrong axis": (5,), "sign/sign": (-1,)})
    verdict = judge(exercise, 5)
    assert (named(verdict), verdict.family) == (None, "wrong axis")
    assert (named(judge(exercise, -1)), judge(exercise, -1).family) == ("sign", "")
    assert judge(exercise, 7).family == ""


def test_of_two_families_nobody_is_accused(make_exercise: Make, judge: Callable) -> None:
    verdict = judge(make_exercise(1, wrong={"axis/wrong axis": (5,), "units/units": (5,)}), 5)
    assert (verdict.outcome, named(verdict), verdict.family) == (Outcome.WRONG, None, "")


def test_a_blank_is_not_attempted(make_exercise: Make, judge: Callable) -> None:
    verdict = judge(make_exercise(1, True, 2, kinds="vpv"), stub(), True, stub())
    assert (verdict.outcome, marks(verdict)) == (Outcome.NOT_ATTEMPTED, "✗✗✗")
    assert [verdict.score(scoring) for scoring in BOTH] == [0.0, 0.0]


def test_half_of_a_pair_left_blank_is_a_blank(make_exercise: Make, judge: Callable) -> None:
    exercise = make_exercise(1, 2, companions=("g",))
    assert judge(exercise, stub("g"), stub("g")).outcome is Outcome.NOT_ATTEMPTED


def test_one_unwritten_path_costs_what_runs_along_it(make_exercise: Make, judge: Callable) -> None:
    verdict = judge(make_exercise(1, 2, True, kinds="vvp"), 1, stub(), True)
    assert (verdict.outcome, marks(verdict), verdict.score("per-property")) == (Outcome.WRONG, "✓✗○", 2.0)


def test_an_unwritten_prerequisite_does_not_make_an_answer_blank(make_exercise: Make, judge: Callable) -> None:
    assert judge(make_exercise(1, 2), stub("helper"), stub("helper")).outcome is Outcome.WRONG


def test_a_named_error_is_no_blank(make_exercise: Make, judge: Callable) -> None:
    torch_says = Raised("NotImplementedError", 'Module [F] is missing the required "forward" function')
    assert judge(make_exercise(1), torch_says).outcome is Outcome.WRONG


@pytest.mark.parametrize(
    ("ended", "unseen"),
    [
        (Outcome.TIMED_OUT, "TimedOut"),
        (Outcome.OUT_OF_MEMORY, "MemoryError"),
        (Outcome.CRASHED, "Crashed"),
        (None, "NoObservation"),
    ],
)
def test_what_did_not_come_is_not_right(make_exercise: Make, judge: Callable, ended: Outcome, unseen: str) -> None:
    verdict = judge(make_exercise(1, None, 3), 1, ended=ended, detail="it broke")
    assert verdict.outcome is (ended or Outcome.WRONG)
    assert marks(verdict) == "✓✗✗"
    assert verdict.detail == "it broke"
    assert [r.raised.type for r in verdict.results[1:]] == [unseen, unseen]
    assert verdict.score("per-property") == 2.0
    assert marks(judge(make_exercise(1, 2), ended=ended)) == "✗✗"


def test_a_run_that_ended_badly_after_the_last_answer_is_right(make_exercise: Make, judge: Callable) -> None:
    assert judge(make_exercise(1, 2), 1, 2, ended=Outcome.CRASHED).outcome is Outcome.RIGHT


def test_an_endless_mistake_is_named_too(make_exercise: Make, judge: Callable) -> None:
    exercise = make_exercise(1, 2, wrong={"never stops/rule": (1, Raised("TimedOut"))})
    verdict = judge(exercise, 1, ended=Outcome.TIMED_OUT)
    assert (verdict.outcome, named(verdict)) == (Outcome.TIMED_OUT, "never stops")


@pytest.mark.parametrize(
    ("type_name", "outcome"), [("TimedOut", Outcome.TIMED_OUT), ("MemoryError", Outcome.OUT_OF_MEMORY)]
)
def test_the_outcome_says_which_budget_was_broken(
    make_exercise: Make, judge: Callable, type_name: str, outcome: Outcome
) -> None:
    assert judge(make_exercise(1, 2), 1, Raised(type_name)).outcome is outcome


@pytest.mark.parametrize("raw", [b"", b"junk", encode(1)[:-1], bytes(9 << 20)], ids=["none", "junk", "cut", "large"])
def test_bytes_that_say_nothing_are_wrong_and_harm_nobody(make_exercise: Make, raw: bytes) -> None:
    verdict = judge_exercise(make_exercise(1, 2), [raw, encode(2)])
    assert (verdict.outcome, marks(verdict)) == (Outcome.WRONG, "✗✓")
    assert verdict.results[0].difference.got == "a value of type unreadable"


def test_more_than_was_asked_for_is_not_looked_at(make_exercise: Make, judge: Callable) -> None:
    assert judge(make_exercise(1, 2), 1, 2, 3, 4).outcome is Outcome.RIGHT


def test_nan_is_right_only_where_it_is_expected(make_exercise: Make, judge: Callable) -> None:
    exercise = make_exercise(math.nan, 1.0)
    assert marks(judge(exercise, math.nan, math.nan)) == "✓✗"


def test_nothing_is_counted_where_nothing_could_be_judged(make_exercise: Make, judge: Callable) -> None:
    verdict = judge(make_exercise(1, 2), 1, ended=Outcome.COULD_NOT_JUDGE, detail="no room on the disk")
    assert (verdict.outcome, verdict.score("per-property")) == (Outcome.COULD_NOT_JUDGE, 0.0)
