"""What a check module is written with: `@probe` and the inputs a probe draws.

A probe exercises one property of one exercise and returns what it saw. It never asserts: the verdict is reached
elsewhere, by comparing its observation with the reference's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from autograder.comparison import Tolerance

Observe = Callable[[Any, "Draw"], Any]


@dataclass(frozen=True, slots=True)
class Probe:
    """One property of one exercise."""

    exercise: str
    name: str
    sentence: str
    """What a student reads beside ✓ or ✗: the property in words."""
    ask: str
    """The first hint: a question that points at the axis or the quantity."""
    kind: Literal["value", "property"]
    """A property probe (input untouched, mode restored) can be faked in the child, so it can only withhold."""
    tolerance: Tolerance
    weight: int
    observe: Observe


def probe(
    exercise: str,
    *,
    ask: str,
    kind: Literal["value", "property"] = "value",
    rtol: float = 1e-4,
    atol: float = 1e-6,
    because: str = "",
    weight: int = 1,
) -> Callable[[Observe], Probe]:
    """Make a probe of a function `(implementation, draw) -> observation`; its docstring is the student's sentence.

    A tolerance other than the default (float32, one operation) needs a reason: `because`.
    """
    tolerance = Tolerance(rtol, atol, because)

    def decorate(observe: Observe) -> Probe:
        sentence = " ".join((observe.__doc__ or "").split()).rstrip(".")
        return Probe(exercise, observe.__name__, sentence, ask, kind, tolerance, weight, observe)

    return decorate


def probes_in(module: ModuleType) -> dict[str, tuple[Probe, ...]]:
    """The probes of a check module by exercise, in the order they are written."""
    found: dict[str, list[Probe]] = {}
    for value in vars(module).values():
        if isinstance(value, Probe):
            found.setdefault(value.exercise, []).append(value)
    return {exercise: tuple(probes) for exercise, probes in found.items()}


class WrongParameters(Exception):
    """A module's parameters are not the ones its contract names. The message says which."""


class Draw:
    """The inputs of one probe: the same seed draws the same numbers everywhere; torch's generator is not touched."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.Generator(np.random.PCG64(seed))

    def normal(self, *shape: int, scale: float = 1.0) -> Tensor:
        """Standard normal numbers times `scale`, float32."""
        return torch.from_numpy((self.rng.standard_normal(shape) * scale).astype(np.float32))

    def uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Whole numbers in low…high−1, int64."""
        return torch.from_numpy(self.rng.integers(low, high, shape))

    def integer(self, low: int, high: int) -> int:
        """One whole number in low…high−1."""
        return int(self.rng.integers(low, high))

    def choice(self, options: Sequence[Any]) -> Any:
        return options[self.integer(0, len(options))]

    def shuffled(self, items: Sequence[Any]) -> list[Any]:
        return [items[i] for i in self.rng.permutation(len(items))]

    def word(self, alphabet: str, low: int, high: int) -> str:
        """A word of low…high−1 letters of the alphabet."""
        return "".join(self.choice(alphabet) for _ in range(self.integer(low, high)))

    def fill(self, module: nn.Module, shapes: dict[str, tuple[int, ...]], scale: float = 1.0) -> nn.Module:
        """Give every parameter of `module` fresh normal numbers, by name.

        Raises:
            WrongParameters: the parameters are not exactly those of `shapes` (name → shape).
        """
        own = dict(module.named_parameters())
        _compare_names(set(own), set(shapes))
        with torch.no_grad():
            for name in sorted(shapes):
                if tuple(own[name].shape) != shapes[name]:
                    raise WrongParameters(f"parameter {name} has shape {tuple(own[name].shape)}, not {shapes[name]}")
                own[name].copy_(self.normal(*shapes[name], scale=scale))
        return module


def _compare_names(own: set[str], wanted: set[str]) -> None:
    if missing := sorted(wanted - own):
        having = ", ".join(sorted(own)) or "none"
        raise WrongParameters(f"the module has no parameter {', '.join(missing)}; it has {having}")
    if extra := sorted(own - wanted):
        raise WrongParameters(f"the module has a parameter too many: {', '.join(extra)}")
