"""Probes and the inputs they draw: from a generator of their own, the same everywhere."""

import random
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from autograder.probes import Draw, WrongParameters, probe, probes_in

DRAWS = {
    "normal": lambda draw: draw.normal(2, 3, scale=2.0),
    "uniform": lambda draw: draw.uniform(-1.0, 1.0),
    "integers": lambda draw: draw.integers(0, 9, 2, 3),
    "integer": lambda draw: draw.integer(5, 10_000),
    "choice": lambda draw: [draw.choice("abcdefgh") for _ in range(9)],
    "shuffled": lambda draw: draw.shuffled(range(20)),
    "word": lambda draw: draw.word("äbc", 9, 12),
    "fill": lambda draw: draw.fill(nn.Linear(3, 2), {"weight": (2, 3), "bias": (2,)}).state_dict()["weight"],
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_the_same_seed_draws_the_same(draw: Callable[[Draw], Any]) -> None:
    assert str(draw(Draw(1))) == str(draw(Draw(1))) != str(draw(Draw(2)))


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_drawing_leaves_the_global_generators_alone(draw: Callable[[Draw], Any]) -> None:
    def states() -> tuple:
        return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()

    linear = nn.Linear(3, 2)  # making one draws, filling it must not
    before = states()
    if draw is DRAWS["fill"]:
        Draw(1).fill(linear, {"weight": (2, 3), "bias": (2,)})
    else:
        draw(Draw(1))
    assert states() == before


def test_numbers_have_the_kinds_that_probes_count_on() -> None:
    draw = Draw(0)
    assert (draw.normal(2).dtype, draw.integers(0, 2, 2).dtype) == (torch.float32, torch.int64)
    assert {draw.integer(3, 5) for _ in range(50)} == {3, 4}
    assert {len(draw.word("ab", 2, 4)) for _ in range(50)} == {2, 3}
    assert sorted(draw.shuffled([3, 1, 2])) == [1, 2, 3]


@pytest.mark.parametrize(
    ("shapes", "sentence"),
    [
        ({"weight": (2, 3), "bias": (2,), "scale": (1,)}, "the module has no parameter scale; it has bias, weight"),
        ({"weight": (2, 3)}, "the module has a parameter too many: bias"),
        ({"weight": (3, 2), "bias": (2,)}, r"parameter weight has shape \(2, 3\), not \(3, 2\)"),
    ],
)
def test_wrong_parameters_are_a_sentence(shapes: dict, sentence: str) -> None:
    with pytest.raises(WrongParameters, match=f"^{sentence}$"):
        Draw(0).fill(nn.Linear(3, 2), shapes)


def test_filling_is_no_step_of_a_gradient() -> None:
    linear = Draw(0).fill(nn.Linear(3, 2), {"weight": (2, 3), "bias": (2,)})
    assert all(p.requires_grad and p.grad is None and p.is_leaf for p in linear.parameters())


def test_a_decorated_function_is_a_probe() -> None:
    @probe("f", ask="why?", kind="property", rtol=0.1, because="coarse", weight=2)
    def kept(f: Callable, draw: Draw) -> Any:
        """it keeps
        its word.
        """
        return f(1)

    assert (kept.exercise, kept.name, kept.sentence, kept.ask) == ("f", "kept", "it keeps its word", "why?")
    assert (kept.kind, kept.weight, kept.tolerance.rtol, kept.tolerance.because) == ("property", 2, 0.1, "coarse")
    assert kept.observe(lambda x: x + 1, Draw(0)) == 2


def test_a_modules_probes_are_found_by_exercise_in_their_order() -> None:
    module = types.ModuleType("checks")
    for name, exercise in (("c", "f"), ("a", "g"), ("b", "f")):
        function = types.FunctionType((lambda f, draw: None).__code__, {}, name)
        setattr(module, name, probe(exercise, ask="?")(function))
    module.other = 3
    found = {exercise: [p.name for p in probes] for exercise, probes in probes_in(module).items()}
    assert found == {"f": ["c", "b"], "g": ["a"]}
