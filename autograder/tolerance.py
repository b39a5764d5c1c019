"""`autograder dev tolerance`: where each tolerance comes from.

A tolerance is right when it stands between two things that can be measured, both counted here in tolerances:

- how far right answers part: the reference with 2 and 4 threads (which tiny tensors hardly feel), with its sums taken
  from the other end, in float64, and each other right implementation. The largest must stay below 1 with room to spare.
- how near a wrong answer comes: of the misconceptions that a probe refuses, the smallest error. Each must be refused
  by some probe with room to spare.
"""

import contextlib
import dataclasses
import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.comparison import Tolerance, compare
from autograder.course import Course, Exercise, Unit
from autograder.keymaker import load_probes
from autograder.observation import Array, Raised, decode
from autograder.probes import Draw, Probe
from autograder.running import observe
from autograder.variants import (
    alternatives_of,
    implement,
    misconception_source,
    misconceptions_of,
    reference_implementation,
)

NUM_SEEDS = 5
ROOM = 2.0
"""Right answers use at most 1/ROOM of a tolerance, wrong ones miss by at least ROOM tolerances."""

Condition = Callable[[], AbstractContextManager[type[Draw]]]
"""What a right answer runs under, and where its inputs come from."""

_STEPS = range(-120, 200)
"""Quarters of a power of two: from 2⁻³⁰ to 2⁵⁰ tolerances."""


@dataclass(frozen=True, slots=True)
class Window:
    """Between what a probe's tolerance stands; both ends in tolerances."""

    unit: str
    exercise: str
    probe: str
    tolerance: Tolerance
    right: float
    """The farthest right answer; 0 where all are equal to the bit."""
    right_by: str
    wrong: float
    """The nearest wrong answer that is refused; infinite where none differs in numbers alone."""
    wrong_by: str
    barely: str = ""
    """A wrong answer that this probe refuses by a hair and no other more clearly."""

    @property
    def is_exact(self) -> bool:
        """Nothing here depends on the tolerance."""
        return self.right == 0 and math.isinf(self.wrong)

    @property
    def complaint(self) -> str:
        """What is wrong with the tolerance, if anything."""
        if self.right > 1 / ROOM:
            return f"too tight: the right answer '{self.right_by}' is {self.right:.2g} tolerances away"
        return self.barely and f"too wide: the wrong answer '{self.barely}' is less than {ROOM:g} tolerances away"

    def as_json(self) -> dict[str, Any]:
        """The record, for programs; an infinite error is null."""
        wrong = None if math.isinf(self.wrong) else self.wrong
        return dataclasses.asdict(self) | {"wrong": wrong, "complaint": self.complaint}

    def __str__(self) -> str:
        ends = (f"right ≤ {self.right:<8.2g} {self.right_by:32}", f"wrong ≥ {self.wrong:<8.2g} {self.wrong_by}")
        name = f"{self.unit}.{self.exercise}.{self.probe}"
        return f"{name:64} rtol {self.tolerance.rtol:g} atol {self.tolerance.atol:g}  {ends[0]}  {ends[1]}".rstrip()


def measure_units(course: Course, units: Sequence[Unit]) -> Iterator[Window]:
    """The window of every probe, hidden ones too; two units at a time."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for windows in pool.map(_measure_whole_unit, [course.root] * len(units), [unit.name for unit in units]):
            yield from windows


def _measure_whole_unit(root: Path, name: str) -> list[Window]:
    course = Course(root)
    return list(measure_unit(course, course.unit(name)))


def measure_unit(course: Course, unit: Unit, num_seeds: int = NUM_SEEDS) -> Iterator[Window]:
    """The windows of one unit."""
    torch.set_num_threads(1)
    for exercise in unit.exercises:
        yield from measure_exercise(course, unit, exercise, num_seeds)


def measure_exercise(course: Course, unit: Unit, exercise: Exercise, num_seeds: int = NUM_SEEDS) -> Iterator[Window]:
    """The windows of one exercise."""
    right = _right_answers(unit, exercise)
    wrong = {
        m.name: implement(unit, exercise, misconception_source(course, unit, m))
        for m in misconceptions_of(unit, exercise)
    }
    probes = [probe for probe, _ in load_probes(course, unit, hidden=True)[exercise.name]]
    errors = [_errors(unit, probe, wrong, num_seeds) for probe in probes]
    clearest = {name: max(seen[name] for seen in errors) for name in wrong}
    for probe, seen in zip(probes, errors, strict=True):
        near = min(((error, name) for name, error in seen.items() if 1 < error < math.inf), default=(math.inf, ""))
        barely = [name for name, error in seen.items() if error == clearest[name] < ROOM]
        far = _farthest(unit, probe, right, num_seeds)
        yield Window(unit.name, exercise.name, probe.name, probe.tolerance, *far, *near, *barely[:1])


def multiple(expected: Any, got: Any, tolerance: Tolerance) -> float:
    """How many tolerances apart: 0 where equal to the bit, infinite where no tolerance would help."""

    def accepted(step: float) -> bool:
        times = 2 ** (step / 4)
        with np.errstate(over="ignore"):  # half precision has no room for a wide tolerance
            return compare(expected, got, Tolerance(tolerance.rtol * times, tolerance.atol * times)) is None

    if compare(expected, got, Tolerance(0.0, 0.0)) is None:
        return 0.0
    place = bisect_left(_STEPS, True, key=accepted)
    return 2 ** (_STEPS[place] / 4) if place < len(_STEPS) else math.inf


def _right_answers(unit: Unit, exercise: Exercise) -> dict[str, tuple[Any, Condition]]:
    """Each right implementation by name, and the condition it runs under."""
    reference = reference_implementation(unit, exercise)
    right = {name: (reference, condition) for name, condition in CONDITIONS.items()}
    for name, style, source in alternatives_of(unit):
        if name == exercise.name:
            right[f"as {style}"] = (implement(unit, exercise, source), _as_graded)
    return right


def _farthest(unit: Unit, probe: Probe, right: dict[str, tuple[Any, Condition]], num_seeds: int) -> tuple[float, str]:
    """How far a right answer comes to be from the reference, and which."""
    reference = reference_implementation(unit, unit.exercise(probe.exercise))
    far = (0.0, "")
    for seed in range(num_seeds):
        expected = _see(probe, reference, seed)
        for name, (implementation, condition) in right.items():
            got = _see(probe, implementation, seed, condition)
            if condition is not _in_float64 or not isinstance(got, Raised):  # float64 is not in every contract
                far = max(far, (multiple(expected, got, probe.tolerance), name), key=lambda pair: pair[0])
    return far


def _errors(unit: Unit, probe: Probe, wrong: dict[str, Any], num_seeds: int) -> dict[str, float]:
    """Each misconception's error in one probe, the smallest over the seeds."""
    reference = reference_implementation(unit, unit.exercise(probe.exercise))
    expected = [_see(probe, reference, seed) for seed in range(num_seeds)]
    return {
        name: min(multiple(e, _see(probe, one, seed), probe.tolerance) for seed, e in enumerate(expected))
        for name, one in wrong.items()
    }


def _as_graded() -> AbstractContextManager[type[Draw]]:
    return contextlib.nullcontext(Draw)


def _see(probe: Probe, implementation: Any, seed: int, condition: Condition = _as_graded) -> Any:
    def under_condition(implementation: Any, draw: Draw) -> Any:
        with condition() as draw_type:
            return probe.observe(implementation, draw_type(seed))

    conditioned = dataclasses.replace(probe, observe=under_condition)
    seen = decode(next(observe([(conditioned, seed)], implementation, 10.0)))
    return _in_float32(seen) if condition is _in_float64 else seen


def _in_float32(value: Any) -> Any:
    """Numbers in double precision as float32 would hold them."""
    if isinstance(value, Array) and value.dtype == "float64":
        return Array("float32", value.values.astype("float32"))
    if isinstance(value, (list, tuple)):
        return type(value)(_in_float32(item) for item in value)
    return {key: _in_float32(item) for key, item in value.items()} if isinstance(value, dict) else value


class _Draw64(Draw):
    """The same numbers, in float64."""

    def normal(self, *shape: int, scale: float = 1.0) -> Tensor:
        return super().normal(*shape, scale=scale).double()


@contextlib.contextmanager
def _in_float64() -> Iterator[type[Draw]]:
    torch.set_default_dtype(torch.float64)  # `observe` puts float32 back
    yield _Draw64


@contextlib.contextmanager
def _threads(number: int) -> Iterator[type[Draw]]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield Draw
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _from_the_other_end() -> Iterator[type[Draw]]:
    with _ReversedSums():
        yield Draw


class _ReversedSums(TorchDispatchMode):
    """Matrix products, sums, means, variances, norms, logsumexp, forward and backward: over their terms in reverse.

    Not turned: what torch fuses otherwise (softmax, layer norm), sums in Python, sums along the way (cumsum).
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        return func(*_reversed_terms(func.overloadpacket.__name__, args), **(kwargs or {}))


def _reversed_terms(operation: str, args: tuple) -> tuple:
    if operation in ("mm", "bmm", "mv", "dot"):
        return (args[0].flip(-1), args[1].flip(-2 if args[1].ndim > 1 else 0))
    if operation in ("addmm", "baddbmm"):
        return (args[0], args[1].flip(-1), args[2].flip(-2))
    if operation in ("sum", "mean", "var", "std", "logsumexp", "linalg_vector_norm"):
        dim = args[2 if operation == "linalg_vector_norm" else 1 :][:1]
        dims = dim[0] if dim and dim[0] else range(args[0].ndim)
        return (args[0].flip([dims] if isinstance(dims, int) else list(dims)), *args[1:])
    return args


CONDITIONS: dict[str, Condition] = {
    "2 threads": lambda: _threads(2),
    "4 threads": lambda: _threads(4),
    "sums from the other end": _from_the_other_end,
    "float64": _in_float64,
}
