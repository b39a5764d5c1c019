"""Is a tolerance measured from both sides, and does a bad one draw a complaint?"""

import dataclasses
import math

import pytest
import torch
from click.testing import CliRunner
from numpy import float32

from autograder import tolerance
from autograder.cli import main
from autograder.comparison import Tolerance
from autograder.course import Unit, find_course
from autograder.probes import Probe
from autograder.tolerance import Window, measure_exercise, measure_unit, multiple

COURSE = find_course()


def windows_of_softmax() -> list[Window]:
    unit = COURSE.unit("bigram")
    return list(measure_exercise(COURSE, unit, unit.exercise("softmax"), num_seeds=2))


def with_tolerance(monkeypatch: pytest.MonkeyPatch, rtol: float, atol: float) -> None:
    """Every probe measured from now on has this tolerance."""
    original = tolerance.load_probes

    def load_probes(*args: object, **kwargs: object) -> dict[str, tuple[tuple[Probe, bool], ...]]:
        return {
            name: tuple(
                (dataclasses.replace(probe, tolerance=Tolerance(rtol, atol)), hidden) for probe, hidden in group
            )
            for name, group in original(*args, **kwargs).items()
        }

    monkeypatch.setattr(tolerance, "load_probes", load_probes)


def test_multiple_counts_in_tolerances() -> None:
    assert multiple(1.0, 1.0, Tolerance()) == 0
    assert 1.0 <= multiple(0.0, 3e-6, Tolerance(0.0, 1e-6)) / 3 < 1.2
    assert 0.4 <= multiple(0.0, 4.9e-7, Tolerance(0.0, 1e-6)) < 0.6
    assert math.isinf(multiple([1.0], [1.0, 2.0], Tolerance()))
    assert math.isinf(multiple(1.0, math.nan, Tolerance()))


def test_reversed_sums_have_the_same_value_and_round_differently() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 300, generator=generator, requires_grad=True)
    w = torch.randn(300, 30, generator=generator)

    def seen() -> list[torch.Tensor]:
        (gradient,) = torch.autograd.grad((x @ w).square().mean(), x)
        return [x @ w, x.mean(1), x.logsumexp(0), x.norm(dim=1), gradient]

    plain = seen()
    with tolerance.CONDITIONS["sums from the other end"]():
        turned = seen()
    for one, other in zip(plain, turned, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-4)
    assert all(not torch.equal(one, other) for one, other in zip(plain, turned, strict=True))


def test_float64_draws_the_same_numbers() -> None:
    with tolerance.CONDITIONS["float64"]() as draw_type:
        doubles = draw_type(3).normal(5)
        torch.set_default_dtype(torch.float32)
    assert doubles.dtype == torch.float64
    assert torch.equal(doubles.float(), tolerance.Draw(3).normal(5))


def test_default_tolerance_of_softmax_stands_between() -> None:
    windows = windows_of_softmax()
    assert not [window.complaint for window in windows if window.complaint]
    numeric = [window for window in windows if not window.is_exact]
    assert any(0 < window.right < 1 < window.wrong < math.inf for window in numeric)


def test_too_tight(monkeypatch: pytest.MonkeyPatch) -> None:
    with_tolerance(monkeypatch, rtol=0.0, atol=float(float32(1e-9)))
    complaints = [window.complaint for window in windows_of_softmax()]
    assert any(complaint.startswith("too tight: the right answer '") for complaint in complaints)


def test_too_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    with_tolerance(monkeypatch, rtol=0.5, atol=1.0)
    complaints = [window.complaint for window in windows_of_softmax()]
    assert any(complaint.startswith("too wide: the wrong answer '") for complaint in complaints)


@pytest.mark.slow
@pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)
def test_every_tolerance_of_the_course_stands_between(unit: Unit) -> None:
    windows = measure_unit(COURSE, unit, num_seeds=1)
    assert not [f"{window}: {window.complaint}" for window in windows if window.complaint]


def test_command_prints_both_ends() -> None:
    result = CliRunner().invoke(main, ["dev", "tolerance", "bpe"])
    assert result.exit_code == 0, result.output
    line = next(line for line in result.output.splitlines() if line.startswith("bpe.compression_ratio."))
    assert "right ≤" in line and "wrong ≥" in line and "rtol 0.0001 atol 1e-06" in line
    assert "compare exactly, 0 complaints" in result.output.splitlines()[-1]
