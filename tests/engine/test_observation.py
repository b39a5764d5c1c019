"""What an observation can be, that it comes back as it was, and that no bytes of a stranger do more than be refused."""

import collections
import enum
import json
import math
import pickle
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autograder.errors import ObservationError
from autograder.observation import DTYPES, Array, Foreign, Raised, decode, encode

Seen = Callable[[Any], Any]


PLAIN = [
    None, True, False, 0, -5, 2**4000, 1.5, -0.0, 5e-324, math.inf, -math.inf,
    "", "löwe 😀", "a\x00b", "\ud800", b"", b"\x00\xff",
    [], [1, [2.0, "x"]], (), (1,), [(), []], {}, {"b": 1, "a": [2]}, {(b"a", b"b"): 3, b"c": None, 4: (5, True)},
    set(), {1, "x", b"y", (2, 3)}, Raised("ValueError", "no", 3, "x = 1"), [Raised("KeyError")],
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_values_come_back(seen: Seen, value: Any) -> None:
    back = seen(value)
    assert back == value
    assert type(back) is type(value)
    assert encode(back) == encode(value)  # also the sign of zero, and True that is not 1


def test_nan_comes_back(seen: Seen) -> None:
    assert math.isnan(seen(math.nan))


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.OrderedDict(b=1), {"b": 1}),
        (frozenset({1}), {1}),
        (torch.Size([2, 3]), (2, 3)),
        (bytearray(b"x"), b"x"),
        (np.float32(0.5), 0.5),
        (np.float64(0.5), 0.5),
        (np.int64(7), 7),
        (np.True_, True),
        (type("Name", (str,), {})("x"), "x"),
        (collections.namedtuple("Point", "x y")(1, 2), (1, 2)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_relatives_of_plain_values_become_plain(seen: Seen, value: Any, plain: Any) -> None:
    back = seen(value)
    assert back == plain
    assert type(back) is type(plain)


@pytest.mark.parametrize("name", DTYPES)
def test_tensors_of_every_dtype_come_back(seen: Seen, name: str) -> None:
    tensor = torch.tensor([[0, 1, 1], [1, 0, 1]]).to(getattr(torch, name))
    back = seen(tensor)
    assert isinstance(back, Array)
    assert back.dtype == name
    assert back.values.tolist() == tensor.tolist()


def test_bfloat16_comes_back_to_the_bit(seen: Seen) -> None:
    bits = torch.arange(-(2**15), 2**15).to(torch.int16)
    tensor = bits.view(torch.bfloat16)
    np.testing.assert_array_equal(seen(tensor).values, tensor.float().numpy())  # NaN equals NaN here


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(2.5),
        torch.zeros(0, 3),
        torch.arange(6.0).view(2, 3).T,
        torch.arange(10)[::3],
        torch.ones(1).expand(4, 5),
        torch.ones(2, requires_grad=True) * 3,
        torch.nn.Parameter(torch.ones(2)),
        torch.tensor([1 + 2j, 3 - 1j]).conj(),
        torch.tensor([1 + 2j, 3 - 1j]).conj().imag,
        torch.tensor([math.nan, math.inf, -math.inf, -0.0]),
    ],
    ids=["0-dim", "empty", "transposed", "strided", "expanded", "graph", "parameter", "conj", "negative bit", "nan"],
)
def test_tensors_of_every_layout_come_back(seen: Seen, tensor: torch.Tensor) -> None:
    back = seen(tensor)
    assert back.values.shape == tuple(tensor.shape)
    assert repr(back.values.tolist()) == repr(tensor.tolist())


def test_numpy_arrays_are_tensors(seen: Seen) -> None:
    back = seen(np.array([1.5, 2.5], dtype=">f4"))
    assert (back.dtype, back.values.tolist()) == ("float32", [1.5, 2.5])


def test_sets_are_the_same_bytes_in_every_process(run_python: Callable) -> None:
    code = "from autograder.observation import encode; print(encode({'abc', 'b', b'c', ('d', 1)}).hex())"
    printed = {run_python(code, PYTHONHASHSEED=seed).stdout for seed in "12"}
    assert len(printed) == 1
    assert decode(bytes.fromhex(printed.pop())) == {"abc", "b", b"c", ("d", 1)}


@pytest.mark.parametrize(
    "value",
    [object(), (i for i in ()), int, enum.IntEnum("E", "A").A, len, 1j, torch.zeros(2).to(torch.float8_e4m3fn)],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_foreign(seen: Seen, value: Any) -> None:
    assert seen([value]) == [Foreign(type(value).__name__)]


def test_a_file_can_be_detached_and_is_no_tensor(seen: Seen, tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        assert seen(file) == Foreign("BufferedWriter")


def _nested(depth: int) -> list:
    return [_nested(depth - 1)] if depth else []


def _cyclic() -> list:
    items: list = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (torch.zeros(300_000), "larger than a megabyte"),
        (torch.zeros(1).expand(10**13), "larger than a megabyte"),
        ([b"x" * 600_000] * 2, "larger than a megabyte"),
        (["x" * 4000] * 1000, "larger than a megabyte"),
        (2**5000, "number too large"),
        (_nested(13), "nested too deeply"),
        (_cyclic(), "nested too deeply"),
        ([0] * 50_001, "too many elements"),
        ([[0] * 40_000] * 40_000, "too many elements"),
    ],
    ids=["tensor", "expanded", "bytes", "texts", "integer", "deep", "cyclic", "long", "shared"],
)
def test_too_large_is_a_word_not_a_flood(seen: Seen, value: Any, why: str) -> None:
    raw = encode(value)
    assert len(raw) < 100
    assert isinstance(decode(raw), Foreign)
    assert why in decode(raw).type


def test_what_just_fits_fits(seen: Seen) -> None:
    assert seen(_nested(12)) == _nested(12)
    assert seen([0] * 49_999) == [0] * 49_999
    assert seen(torch.zeros(2**18)).values.shape == (2**18,)


def test_a_long_text_is_cut(seen: Seen) -> None:
    assert seen("x" * 5000) == "x" * 3999 + "…"
    assert seen(Raised("E" * 200, "m" * 700, 1, "t" * 300)) == Raised("E" * 100, "m" * 599 + "…", 1, "t" * 199 + "…")


class Liar(torch.Tensor):
    """Says what a checker would like to hear."""

    shape = property(lambda self: torch.Size([99]))

    def __eq__(self, other: object) -> bool:
        return True

    def __len__(self) -> int:
        return 10**9

    __hash__ = torch.Tensor.__hash__


def test_a_lying_tensor_is_seen_as_it_is(seen: Seen) -> None:
    back = seen(torch.tensor([1.0, 2.0]).as_subclass(Liar))
    assert (back.dtype, back.values.tolist()) == ("float32", [1.0, 2.0])


def test_an_object_that_equals_everything_is_foreign(seen: Seen) -> None:
    everything = type("Everything", (), {"__eq__": lambda *_: True, "__len__": lambda _: 3, "__hash__": None})()
    assert seen(everything) == Foreign("Everything")


def _packed(header: Any, body: bytes = b"") -> bytes:
    raw = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    return struct.pack("<I", len(raw)) + raw + body


HOSTILE = {
    "nothing": b"",
    "three bytes": b"abc",
    "no header": struct.pack("<I", 0),
    "length beyond the end": struct.pack("<I", 2**32 - 1) + b'["none',
    "no JSON": _packed("{"),
    "no UTF-8": struct.pack("<I", 1) + b"\xff",
    "deep JSON": _packed("[" * 100_000),
    "deep tree": _packed('["list",[' * 20 + '["none"]' + "]]" * 20),
    "wide tree": _packed(["list", [["none"]] * 60_000]),
    "too long": bytes(9 << 20),
    "a number": _packed(3),
    "an empty list": _packed([]),
    "no such type": _packed(["object"]),
    "a method's name": _packed(["_slice", [0, 0]]),
    "a dunder": _packed(["__class__"]),
    "too few fields": _packed(["int"]),
    "too many fields": _packed(["none", 1]),
    "bool as int": _packed(["int", True]),
    "float as int": _packed(["int", 1.0]),
    "int of 5000 digits": _packed('["int",' + "9" * 5000 + "]"),
    "float out of range": _packed(["float", "0x1p+99999"]),
    "float in words": _packed(["float", "one"]),
    "text that is a number": _packed(["str", 1]),
    "list as key": _packed(["dict", [[["list", []], ["none"]]]]),
    "list in a set": _packed(["set", [["list", []]]]),
    "half a pair": _packed(["dict", [[["none"]]]]),
    "dtype of objects": _packed(["tensor", "object", [1], [0, 8]], bytes(8)),
    "dtype of lists": _packed(["tensor", ["float32"], [1], [0, 4]], bytes(4)),
    "tensor without numbers": _packed(["tensor", "float32", [3], [0, 12]]),
    "more shape than numbers": _packed(["tensor", "float32", [2**40], [0, 4]], bytes(4)),
    "negative shape": _packed(["tensor", "float32", [-1, -1], [0, 4]], bytes(4)),
    "shape of nothing and all": _packed(["tensor", "float32", [0, 2**62, 2**62], [0, 0]]),
    "seventeen axes": _packed(["tensor", "float32", [1] * 17, [0, 4]], bytes(4)),
    "negative offset": _packed(["bytes", [-1, 1]], b"ab"),
    "beyond the body": _packed(["bytes", [1, 2]], b"ab"),
    "a line that is none": _packed(["raised", "E", "", "three", ""]),
    "a type that is none": _packed(["raised", 3, "", None, ""]),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_malformed_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(ObservationError):
        decode(raw)


def test_whatever_is_done_to_the_bytes_nothing_else_is_raised() -> None:
    rng = random.Random(0)
    originals = [encode([value, torch.eye(2), {"k": (1, b"v")}]) for value in PLAIN]
    num_refused = 0
    for _ in range(4000):
        raw = bytearray(rng.choice(originals))
        for _ in range(rng.randint(1, 4)):
            raw[rng.randrange(len(raw))] = rng.choice(b'\x00\xff"[],{}:-1e9t')
        try:
            decode(bytes(raw[: rng.choice([len(raw), len(raw), rng.randint(0, len(raw))])]))
        except ObservationError:
            num_refused += 1
    assert 1000 < num_refused < 4000


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "fell"))
    for raw in (bomb, _packed(["bytes", [0, len(bomb)]], bomb), _packed(["tensor", "object", [1], [0, 8]], bomb)):
        try:
            decode(raw)
        except ObservationError:
            continue
    assert not (tmp_path / "fell").exists()
    assert pickle.loads(bomb) is None  # it is a live one
    assert (tmp_path / "fell").exists()


def test_a_text_that_no_file_can_hold_is_mended_where_it_is_printed() -> None:
    raised = decode(encode(Raised("E", "m\ud800", 1, "\udfff")))
    assert (raised.message, raised.text) == ("m?", "?")
