"""Every exercise against every kind of answer: blank, right, wrong in each known way, right in another way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course import Course, Exercise, Unit
from autograder.key import Key
from autograder.keymaker import load_probes
from autograder.running import observe
from autograder.variants import (
    alternatives_of,
    implement,
    misconception_source,
    misconceptions_of,
    reference_implementation,
    stub_source,
)
from autograder.verdict import Outcome, Verdict, judge_exercise

COURSE = Course(Path(__file__).resolve().parents[2])
EVERY = [pytest.param(unit, e, id=f"{unit.name}.{e.name}") for unit in COURSE.units for e in unit.exercises]
pytestmark = pytest.mark.parametrize(("unit", "exercise"), EVERY)


@pytest.fixture
def verdict_on(unit: Unit, exercise: Exercise, whole_key: Callable[[str], Key]) -> Callable[[Any], Verdict]:
    """Run the public and the hidden probes of the exercise on an implementation."""
    key = whole_key(unit.name).exercise(exercise.name)
    probes = {probe.name: probe for probe, _ in load_probes(COURSE, unit, hidden=True)[exercise.name]}
    chosen = [(probes[p.name], p.seed) for p in key.probes]
    return lambda answer: judge_exercise(key, list(observe(chosen, answer, key.seconds)))


def told(verdict: Verdict) -> str:
    failed = [(r.probe.name, str(r.raised or r.difference)) for r in verdict.results if not r.passed]
    return f"{verdict.outcome.value}: {failed}"


def test_a_blank_is_not_attempted(unit: Unit, exercise: Exercise, verdict_on: Callable) -> None:
    verdict = verdict_on(implement(unit, exercise, stub_source(COURSE, unit, exercise)))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED, told(verdict)
    assert verdict.score("per-property") == 0


def test_the_reference_is_right(unit: Unit, exercise: Exercise, verdict_on: Callable) -> None:
    verdict = verdict_on(reference_implementation(unit, exercise))
    assert verdict.outcome is Outcome.RIGHT, told(verdict)
    assert verdict.score("per-property") == exercise.points


def test_every_misconception_is_caught_and_named(unit: Unit, exercise: Exercise, verdict_on: Callable) -> None:
    misconceptions = misconceptions_of(unit, exercise)
    assert misconceptions
    for misconception in misconceptions:
        verdict = verdict_on(implement(unit, exercise, misconception_source(COURSE, unit, misconception)))
        assert verdict.outcome is not Outcome.RIGHT, f"{misconception.name} passes"
        assert verdict.misconception, f"{misconception.name} is not named. {told(verdict)}"
        assert verdict.misconception.name == misconception.name
        assert verdict.score("per-property") < exercise.points


def test_every_other_right_answer_is_right(unit: Unit, exercise: Exercise, verdict_on: Callable) -> None:
    alternatives = {style: source for name, style, source in alternatives_of(unit) if name == exercise.name}
    assert len(alternatives) >= 2
    for style, source in alternatives.items():
        verdict = verdict_on(implement(unit, exercise, source))
        assert verdict.outcome is Outcome.RIGHT, f"{style}: {told(verdict)}"
