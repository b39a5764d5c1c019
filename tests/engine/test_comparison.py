"""What counts as equal, exactly as the comparator's table promises, and what is said of the rest."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from autograder.comparison import Tolerance, compare, show
from autograder.observation import Foreign, Raised

Seen = Callable[[Any], Any]
t = torch.tensor

EQUAL = [
    (3, 3.0),
    (3.0, 3),
    (1.0, 1.00009),
    (0.0, 1e-6),
    (math.nan, math.nan),
    (math.inf, math.inf),
    (2**100, 2**100),
    (2.0, t(2.0)),
    (t(2.0), 2.0),
    (t(2.0), t(2.0, dtype=torch.float64)),
    (t(2.0), 2),
    (2.0, t(2.0, dtype=torch.bfloat16)),
    (2.0, np.float32(2.0)),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({"a": 2}, Counter("aa")),
    ({"a": [1.0]}, {"a": [1.00001]}),
    ({1, "x"}, {"x", 1}),
    ([1, (2.0, None)], [1, (t(2.0), None)]),
    (t([1.0, math.nan, math.inf]), t([1.00001, math.nan, math.inf])),
    (t([True, False]), t([True, False])),
    (t([1 + 1j]), t([1.00001 + 1j])),
    (torch.zeros(0, 3), torch.zeros(0, 3)),
    (Raised("ValueError", "odd"), Raised("ValueError", "even", 3, "x")),
    (b"a", bytearray(b"a")),
    ((), ()),
]

DIFFERENT = [
    (1, True),
    (True, 1),
    (True, 1.0),
    (0.0, False),
    (1, 2),
    (2**100, 2**100 + 1),
    (1.0, 1.0002),
    (1.0, math.nan),
    (math.nan, 1.0),
    (math.inf, -math.inf),
    (1e308, math.inf),
    (1.0, 10**400),
    (10**400, 1.0),
    (1, "1"),
    ("a", b"a"),
    (None, 0),
    (None, False),
    ([], None),
    ([1, 2], (1, 2)),
    ((1, 2), [1, 2]),
    ([1, 2], [1, 2, 3]),
    ([1, 2], [1]),
    ([1, 2], t([1, 2])),
    (t([1, 2]), [1, 2]),
    (2, t(2)),
    (t(2), 2),
    (t(True), True),
    (2.0, t([2.0])),
    (t([2.0]), t([[2.0]])),
    (t([2.0]), t([2.0], dtype=torch.float64)),
    (t([2]), t([2], dtype=torch.int32)),
    (t([1, 0]), t([True, False])),
    (torch.zeros(0, 3), torch.zeros(0, 2)),
    (t([math.nan]), t([0.0])),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {}),
    ({}, {"a": 1}),
    ({"a": 1}, [("a", 1)]),
    ({1}, {1, 2}),
    ({1}, [1]),
    (Raised("ValueError"), Raised("TypeError")),
    (Raised("ValueError"), "ValueError"),
    ("no error", Raised("ValueError")),
    (1.0, object()),
]


@pytest.mark.parametrize(("expected", "got"), EQUAL, ids=lambda value: type(value).__name__)
def test_equal(seen: Seen, expected: Any, got: Any) -> None:
    assert compare(seen(expected), seen(got)) is None


@pytest.mark.parametrize(("expected", "got"), DIFFERENT, ids=lambda value: type(value).__name__)
def test_different(seen: Seen, expected: Any, got: Any) -> None:
    difference = compare(seen(expected), seen(got))
    assert difference is not None
    assert difference.expected != difference.got  # or a student reads "expected 1, got 1"


@pytest.mark.parametrize("wrap", [float, t, lambda x: t([x]), lambda x: [x], lambda x: {"k": x}])
def test_the_tolerance_ends_where_it_says(seen: Seen, wrap: Callable) -> None:
    half = Tolerance(rtol=0.0, atol=0.5)
    assert compare(seen(wrap(1.0)), seen(wrap(1.5)), half) is None
    assert compare(seen(wrap(1.0)), seen(wrap(1.5001)), half)
    fifth = Tolerance(rtol=0.2, atol=0.0)  # of the expected value, not of the one that came
    assert compare(seen(wrap(10.0)), seen(wrap(8.01)), fifth) is None
    assert compare(seen(wrap(8.0)), seen(wrap(10.0)), fifth)
    exact = Tolerance(0.0, 0.0)
    assert compare(seen(wrap(1.0)), seen(wrap(1.0)), exact) is None
    assert compare(seen(wrap(1.0)), seen(wrap(1.0000002)), exact)


def test_no_tolerance_makes_whole_numbers_equal(seen: Seen) -> None:
    wide = Tolerance(1.0, 10.0)
    assert compare(seen(3), seen(4), wide)
    assert compare(seen(t([3])), seen(t([4])), wide)
    assert compare(seen("a"), seen("b"), wide)


matrix = torch.zeros(2, 3)
off = t([[0.0, 0.0, 1.0], [0.0, -3.0, 0.0]])

TEXTS = [
    (matrix, off, ("[0, 2]", "0", "1", "2 of 6 elements differ, the largest error is 3")),
    (t([0.0, 0.0]), t([math.nan, 2.0]), (
        "[0]", "0", "nan", "2 of 2 elements differ, the largest error is 2, 1 are NaN or infinite",
    )),
    (t([True, True]), t([True, False]), ("[1]", "True", "False", "1 of 2 elements differ")),
    (matrix, matrix.T, ("", "shape (2, 3)", "shape (3, 2)", "")),
    (matrix[0], t(1.0), ("", "tensor of shape (3,), float32", "1", "")),
    (matrix, matrix.double(), ("", "dtype float32", "dtype float64", "")),
    ([1, {"loss": 2.0}], [1, {"loss": 2.5}], ("[1]['loss']", "2", "2.5", "")),
    ({"a": [matrix]}, {"a": [off]}, ("['a'][0][0, 2]", "0", "1", "2 of 6 elements differ, the largest error is 3")),
    ([1, 2], [1, 2, 3], ("", "2 elements: [1, 2]", "3 elements: [1, 2, 3]", "")),
    ([1, 2], [9], ("[0]", "1", "9", "")),
    ({b"a": 1}, {}, ("", "an entry b'a': 1", "no such entry", "")),
    ({}, {(1, 2): "x"}, ("", "no entry (1, 2)", "(1, 2): 'x'", "")),
    ([1], (1,), ("", "[1]", "(1,)", "")),
    ("ValueError", Raised("ValueError", "m"), ("", "'ValueError'", "ValueError: m", "")),
    (1.0, object(), ("", "1", "a value of type object", "")),
    (0.123456789, 0.2, ("", "0.123457", "0.2", "")),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "got", "told"), TEXTS, ids=lambda value: type(value).__name__)
def test_a_difference_is_told_by_its_first_place(seen: Seen, expected: Any, got: Any, told: tuple) -> None:
    difference = compare(seen(expected), seen(got))
    assert (difference.where, difference.expected, difference.got, difference.note) == told


def test_what_differs_looks_different_however_close(seen: Seen) -> None:
    exact = Tolerance(0.0, 0.0)
    for wrap in (float, lambda x: t([x], dtype=torch.float64)):
        difference = compare(seen(wrap(0.5)), seen(wrap(0.5 + 2**-40)), exact)
        assert (difference.expected, difference.got) == ("0.5", "0.5000000000009095")
    difference = compare("x" * 300 + "right" + "y" * 300, "x" * 300 + "wrong" + "y" * 300)
    assert (difference.expected[:66], difference.got[:66]) == ("…" + "x" * 60 + "right", "…" + "x" * 60 + "wrong")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (1e-9, "1e-09"),
        ("it's", '"it\'s"'),
        ((1,), "(1,)"),
        ([], "[]"),
        (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …]"),
        ({i: i for i in range(9)}, "{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7, …}"),
        ({"b", "a"}, "{'a', 'b'}"),
        (Raised("KeyError"), "KeyError"),
        (Foreign("module"), "a value of type module"),
    ],
)
def test_values_are_shown_as_one_would_type_them(value: Any, text: str) -> None:
    assert show(value) == text


def test_a_line_stays_a_line() -> None:
    assert show("x" * 200) == "'" + "x" * 158 + "…"
