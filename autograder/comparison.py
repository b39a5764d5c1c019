"""The one comparator: are two decoded observations equal, and if not, where do they part first?

NumPy only. It serves `check`, the judge and pytest, so all three say the same of the same answer.

What counts as equal
    float and whole number       by value within the tolerance; a bool is never a number
    float and 0-dim tensor       by value within the tolerance
    dict and any mapping         same keys, equal values, order ignored
    list and tuple               never: a contract says which
    tensors                      same shape, same dtype, every element within the tolerance; NaN equals NaN
    exceptions                   same type
"""

from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np

from autograder.observation import Array, Foreign, Raised


@dataclass(frozen=True, slots=True)
class Tolerance:
    """|got − expected| ≤ atol + rtol·|expected|."""

    rtol: float = 1e-4
    atol: float = 1e-6
    because: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where two observations part, in words."""

    where: str
    """Path into the observation, like `[1]['loss']`; empty at the top."""
    expected: str
    got: str
    note: str = ""
    """How far the rest is off: number of elements, largest error."""


def compare(expected: Any, got: Any, tolerance: Tolerance = Tolerance(), where: str = "") -> Difference | None:
    """Return the first difference, or None where both are equal."""
    expected, got = _unwrap(expected), _unwrap(got)
    if isinstance(expected, Array) and isinstance(got, Array):
        return _compare_arrays(expected, got, tolerance, where)
    if _is_number(expected) and _is_number(got):
        return None if _close(expected, got, tolerance) else Difference(where, *_told_apart(expected, got))
    if type(expected) is not type(got):
        return Difference(where, show(expected), show(got))
    if isinstance(expected, (list, tuple)):
        return _compare_sequences(expected, got, tolerance, where)
    if isinstance(expected, dict):
        return _compare_dicts(expected, got, tolerance, where)
    if isinstance(expected, Raised):
        return None if expected.type == got.type else Difference(where, show(expected), show(got))
    return None if expected == got else Difference(where, *_told_apart(expected, got))


def _unwrap(value: Any) -> Any:
    """A 0-dim floating tensor is as good as a float."""
    if isinstance(value, Array) and value.values.shape == () and value.values.dtype.kind == "f":
        return float(value.values)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _close(expected: Any, got: Any, tolerance: Tolerance) -> bool:
    if isinstance(expected, int) and isinstance(got, int):
        return expected == got
    try:
        return bool(np.isclose(float(got), float(expected), tolerance.rtol, tolerance.atol, equal_nan=True))
    except OverflowError:
        return False


def _compare_arrays(expected: Array, got: Array, tolerance: Tolerance, where: str) -> Difference | None:
    if expected.values.shape != got.values.shape:
        return Difference(where, f"shape {_shape(expected)}", f"shape {_shape(got)}")
    if expected.dtype != got.dtype:
        return Difference(where, f"dtype {expected.dtype}", f"dtype {got.dtype}")
    unequal = ~_elementwise(expected.values, got.values, tolerance)
    if not unequal.any():
        return None
    index = tuple(int(i) for i in np.argwhere(unequal)[0])
    place = f"{where}[{', '.join(map(str, index))}]" if index else where
    note = f"{int(unequal.sum())} of {unequal.size} elements differ{_largest_error(expected, got)}"
    return Difference(place, *_told_apart(expected.values[index].item(), got.values[index].item()), note)


def _elementwise(expected: np.ndarray, got: np.ndarray, tolerance: Tolerance) -> np.ndarray:
    if expected.dtype.kind in "fc":
        return np.isclose(got, expected, tolerance.rtol, tolerance.atol, equal_nan=True)
    return np.asarray(expected == got)


def _largest_error(expected: Array, got: Array) -> str:
    if expected.values.dtype.kind != "f":
        return ""
    with np.errstate(all="ignore"):
        error = np.abs(got.values.astype(np.float64) - expected.values.astype(np.float64))
    finite = error[np.isfinite(error)]
    lost = int((~np.isfinite(got.values) & np.isfinite(expected.values)).sum())
    told = f", the largest error is {finite.max():.3g}" if finite.size else ""
    return told + (f", {lost} are NaN or infinite" if lost else "")


def _compare_sequences(expected: Any, got: Any, tolerance: Tolerance, where: str) -> Difference | None:
    for i, (left, right) in enumerate(zip(expected, got, strict=False)):
        if difference := compare(left, right, tolerance, f"{where}[{i}]"):
            return difference
    if len(expected) == len(got):
        return None
    return Difference(where, f"{len(expected)} elements: {show(expected)}", f"{len(got)} elements: {show(got)}")


def _compare_dicts(expected: dict, got: dict, tolerance: Tolerance, where: str) -> Difference | None:
    for key, value in expected.items():
        if key not in got:
            return Difference(where, f"an entry {show(key)}: {show(value)}", "no such entry")
        is_call = isinstance(key, str) and key.endswith(")")  # a probe may file what it saw under the call itself
        place = f"{where} {key}".lstrip() if is_call else f"{where}[{show(key)}]"
        if difference := compare(value, got[key], tolerance, place):
            return difference
    extra = [key for key in got if key not in expected]
    if not extra:
        return None
    return Difference(where, f"no entry {show(extra[0])}", f"{show(extra[0])}: {show(got[extra[0]])}")


def _shape(array: Array) -> str:
    return f"({', '.join(map(str, array.values.shape))}{',' if array.values.ndim == 1 else ''})"


def _told_apart(expected: Any, got: Any) -> tuple[str, str]:
    """Both in one line; where these look the same, with all digits, from shortly before the place where they part."""
    short = show(expected), show(got)
    if short[0] != short[1]:
        return short
    full = [repr(value) if isinstance(value, float) else _show(value) for value in (expected, got)]
    num_same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*full, strict=False)))
    start = max(0, num_same - 60)
    left, right = (("…" if start else "") + _cut(text[start:]) for text in full)
    return left, right


def show(value: Any, limit: int = 160) -> str:
    """A value in one line, as a student would type it."""
    return _cut(_show(value), limit)


def _cut(text: str, limit: int = 160) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _show(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Array):
        return f"tensor of shape {_shape(value)}, {value.dtype}"
    if isinstance(value, Raised):
        return f"{value.type}: {value.message}" if value.message else value.type
    if isinstance(value, Foreign):
        return f"a value of type {value.type}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_show(item) for item in value[:12]) + (", …" if len(value) > 12 else "")
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if isinstance(value, dict):
        inner = ", ".join(f"{_show(k)}: {_show(v)}" for k, v in list(value.items())[:8])
        return "{" + inner + (", …" if len(value) > 8 else "") + "}"
    if isinstance(value, set):
        return "{" + ", ".join(sorted(_show(item) for item in value)[:12]) + "}"
    return repr(value)
