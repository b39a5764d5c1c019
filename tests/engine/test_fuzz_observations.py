"""Bytes that claim to be observations, frames or values: whatever they are, the judge reaches a verdict."""

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from fuzzing import fuzzed
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.errors import ObservationError
from autograder.observation import DTYPES, Array, Foreign, Raised, decode, encode
from autograder.sandbox.frames import KINDS, Reader
from autograder.verdict import Outcome, judge_exercise

MOST = 12
numbers = st.integers() | st.floats() | st.sampled_from([2**4096, 2**4095, -(2**64), 0, -0.0])
arrays = st.builds(
    lambda dtype, shape, raw: np.resize(np.frombuffer(raw * 16, dtype=DTYPES[dtype]), shape).astype(dtype),
    st.sampled_from([name for name in DTYPES if name != "bfloat16"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.binary(min_size=1, max_size=MOST),
)
leaves = st.none() | st.booleans() | numbers | st.text() | st.binary(max_size=MOST) | arrays
leaves |= st.builds(Raised, st.text(), st.text(), st.none() | st.integers(0, 9), st.text())
keys = st.none() | st.booleans() | st.integers() | st.text() | st.binary(max_size=MOST) | st.tuples(st.integers())
values = st.recursive(
    leaves | st.sets(keys, max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)

TAGS = ["none", "bool", "int", "float", "str", "bytes", "tensor", "list", "tuple", "dict", "set", "raised", "foreign"]
junk = st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | st.text(max_size=5)
words = junk | st.sampled_from([*TAGS, *DTYPES, "0x1p3", "nan", "_slice", "__class__"])
trees = st.recursive(
    words,
    lambda inner: st.lists(inner, max_size=5) | st.tuples(st.sampled_from(TAGS), inner, inner).map(list)
    | st.tuples(st.just("tensor"), st.sampled_from(list(DTYPES)), st.lists(st.integers(-1, 4)), inner).map(list),
    max_leaves=25,
)  # fmt: skip


def packed(header: Any, body: bytes) -> bytes:
    raw = json.dumps(header).encode()
    return struct.pack("<I", len(raw)) + raw + body


@st.composite
def mutated(draw: Callable) -> bytes:
    """A real observation, some of its bytes changed, left out or doubled."""
    raw = bytearray(encode(draw(values)))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(raw) - 1)))
        piece = draw(st.binary(max_size=3) | st.sampled_from([b'"', b"[", b"]", b",", b"-", b"9" * 20, b"\\ud800"]))
        raw[place : place + draw(st.integers(0, 4))] = piece
    return bytes(raw)


strange = st.binary(max_size=200) | st.builds(packed, trees, st.binary(max_size=40)) | mutated()


def opened(raw: bytes) -> object:
    try:
        return decode(raw)
    except ObservationError:
        return ObservationError


@fuzzed(300)
@given(strange)
@example(packed(["dict", [[["float", "nan"], ["none"]]] * 2], b""))
@example(packed(["tensor", "bool", [2], [0, 2]], b"\2\xff"))
def test_fuzz_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    seen = opened(raw)
    if seen is not ObservationError:
        encode(seen)  # what was understood can be told again


@fuzzed(200)
@given(values)
def test_fuzz_every_value_comes_back(value: Any) -> None:
    raw = encode(value)
    back = decode(raw)
    if not (isinstance(back, Foreign) and "too large" in back.type):
        assert encode(as_numbers(back)) == raw


def as_numbers(value: Any) -> Any:
    """An observation as a value that may be observed."""
    if isinstance(value, Array):
        return value.values
    if isinstance(value, list | tuple):
        return type(value)(as_numbers(item) for item in value)
    return {key: as_numbers(item) for key, item in value.items()} if isinstance(value, dict) else value


kinds = st.sampled_from(sorted(KINDS)) | st.binary(min_size=1, max_size=1)
frames = st.builds(lambda kind, more, raw: struct.pack("<cI", kind, len(raw) + more) + raw,
                   kinds, st.sampled_from([0, 0, 0, 1, 2**31]), st.binary(max_size=20))  # fmt: skip


@fuzzed(150)
@given(st.booleans(), st.lists(frames | st.binary(max_size=9), max_size=8), st.lists(st.integers(1, 30), min_size=1))
def test_fuzz_frames_are_the_same_however_they_come(ready: bool, sent: list[bytes], portions: list[int]) -> None:
    data = (b"R\0\0\0\0" if ready else b"") + b"".join(sent)
    whole, slow = Reader(limit=64), Reader(limit=64)
    whole.feed(data)
    place = 0
    for number in range(len(data)):
        portion = portions[number % len(portions)]
        slow.feed(data[place : place + portion])
        place += portion
    assert (whole.frames, whole.last, whole.problem) == (slow.frames, slow.last, slow.problem)
    assert sum(map(len, whole.frames)) <= 64 and (whole.ready or not whole.frames)


@fuzzed(100)
@given(st.lists(strange | values.map(encode), max_size=4), st.sampled_from([None, *Outcome]))
def test_fuzz_a_verdict_is_always_reached(make_exercise: Callable, seen: list[bytes], ended: Outcome | None) -> None:
    exercise = make_exercise(
        1.0, np.ones((2, 3), dtype="float32"), {"a": (1, "b")}, kinds="vvp", wrong={"x": (2.0, 1, 1)}
    )
    verdict = judge_exercise(exercise, seen, ended)
    assert 0 <= verdict.score("per-property") <= exercise.points
    assert len(verdict.results) == 3
