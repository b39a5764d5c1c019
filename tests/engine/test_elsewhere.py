"""A key that another machine made judges alike: its numbers differ in the last bits, its verdicts do not."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch

from autograder import keymaker
from autograder.course import Course, Exercise, Unit
from autograder.key import Key, KeyExercise
from autograder.running import PUBLIC, observe
from autograder.tolerance import CONDITIONS
from autograder.variants import (
    alternatives_of,
    implement,
    misconception_source,
    misconceptions_of,
    reference_implementation,
)
from autograder.verdict import judge_exercise

UNITS = ("attention", "block")
pytestmark = pytest.mark.slow


def elsewhere(probes: Sequence[Any], implementation: Any, seconds: float) -> list[bytes]:
    """Another machine, as far as one can be had here: four threads, and every sum taken from the other end."""
    with CONDITIONS["4 threads"](), CONDITIONS["sums from the other end"]():
        return list(observe(probes, implementation, seconds))


@pytest.fixture(scope="module", params=UNITS)
def keys(request: pytest.FixtureRequest, course: Course, whole_key: Callable[[str], Key]) -> tuple[Unit, Key, Key]:
    """The unit, its key as made here, and as made elsewhere."""
    unit = course.unit(request.param)
    here = whole_key(unit.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keymaker, "observe", elsewhere)
        return unit, here, keymaker.make_key(course, unit, PUBLIC, hidden=True)


def answers(course: Course, unit: Unit, exercise: Exercise) -> Iterator[tuple[str, Any]]:
    """The reference, every other right answer, every known wrong one."""
    yield "reference", reference_implementation(unit, exercise)
    for name, style, source in alternatives_of(unit):
        if name == exercise.name:
            yield style, implement(unit, exercise, source)
    for misconception in misconceptions_of(unit, exercise):
        yield misconception.name, implement(unit, exercise, misconception_source(course, unit, misconception))


def told(key: KeyExercise, seen: list[bytes]) -> tuple:
    """What a student is told, but for the digits."""
    verdict = judge_exercise(key, seen)
    named = verdict.misconception.name if verdict.misconception else verdict.family
    return verdict.outcome, named, [(r.passed, r.withheld) for r in verdict.results]


def test_another_machine_sees_other_numbers(keys: tuple[Unit, Key, Key]) -> None:
    """Or the next test would compare a key with itself."""
    _, here, there = keys
    assert here.exercises != there.exercises
    assert [e.name for e in here.exercises] == [e.name for e in there.exercises]


def test_every_known_answer_is_told_the_same(keys: tuple[Unit, Key, Key], course: Course) -> None:
    torch.set_num_threads(1)
    unit, here, there = keys
    probes = keymaker.load_probes(course, unit, hidden=True)
    num = 0
    for exercise in unit.exercises:
        one, other = here.exercise(exercise.name), there.exercise(exercise.name)
        chosen = [(p, k.seed) for (p, _), k in zip(probes[exercise.name], one.probes, strict=True)]
        for name, answer in answers(course, unit, exercise):
            seen = list(observe(chosen, answer, exercise.seconds))
            assert told(one, seen) == told(other, seen), f"{unit.name}.{exercise.name}: {name}"
            num += 1
    assert num > 20
