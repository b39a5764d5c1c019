"""Observations as bytes: a tagged JSON header and the raw little-endian numbers behind it. Never pickle.

    4 bytes   length of the header, little-endian
    header    JSON tree of [tag, …]
    body      tensors' and byte strings' raw bytes; the header holds [offset, length] into it

Types: None, bool, int, float, str, bytes, tensor, list, tuple, dict, set, `Raised`. Whatever else a student returns
becomes `Foreign(type name)`: comparable, and equal to nothing right. Encoding happens where student code ran; decoding
trusts nothing, needs only NumPy, and raises ObservationError on anything malformed.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.errors import ObservationError

MAX_BYTES = 1 << 20
MAX_DEPTH = 12
MAX_NODES = 50_000
MAX_TEXT = 4_000
TOO_LARGE = "value larger than a megabyte"

DTYPES = {  # torch's name → how its raw bytes are read; bfloat16 travels as its bits
    "float64": "<f8", "float32": "<f4", "float16": "<f2", "bfloat16": "<u2", "int64": "<i8", "int32": "<i4",
    "int16": "<i2", "int8": "|i1", "uint8": "|u1", "bool": "|b1", "complex64": "<c8", "complex128": "<c16",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Raised:
    """The implementation raised. Only the type is compared; the rest is told to the student (on public data)."""

    type: str
    message: str = ""
    line: int | None = None
    """Line of the student's own cell, counted from 1."""
    text: str = ""
    """That line's text."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A value no observation is made of."""

    type: str


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """A decoded tensor: torch's dtype name and the numbers (bfloat16 widened to float32)."""

    dtype: str
    values: np.ndarray


def encode(value: Any) -> bytes:
    """Turn an observation into bytes; too large a one becomes `Foreign("… too large")`.

    A value may run code of its own when it is looked at, so this may raise whatever a student's class raises.
    """
    writer = _Writer()
    try:
        header = json.dumps(writer.tag(value, 0), separators=(",", ":")).encode("utf-8")
    except _TooLargeError as error:
        writer, header = _Writer(), json.dumps(["foreign", str(error)]).encode("utf-8")
    return struct.pack("<I", len(header)) + header + bytes(writer.body)


class _TooLargeError(Exception):
    pass


class _Writer:
    """The counterpart of `_Reader`: builds the header's tree, collects the body, and keeps count of both."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.num_nodes = 0
        self.num_chars = 0

    def tag(self, value: Any, depth: int) -> list:
        self.num_nodes += 1
        if depth > MAX_DEPTH:
            raise _TooLargeError("value nested too deeply")
        if self.num_nodes > MAX_NODES:
            raise _TooLargeError("value with too many elements")
        kind = type(value)
        if value is None:
            return ["none"]
        if kind in (bool, int):
            return [kind.__name__, value if kind is bool else _whole(value)]
        if isinstance(value, float):
            return ["float", float(value).hex()]
        if isinstance(value, str):
            return ["str", self._text(str(value))]  # JSON escapes what UTF-8 cannot say
        if isinstance(value, (bytes, bytearray)):
            return ["bytes", self._append(bytes(value))]
        if isinstance(value, Raised):
            return ["raised", *_short_raised(value.type, value.message, value.line, value.text)]
        return self._container(value, depth) or self._numbers(value) or ["foreign", kind.__name__[:100]]

    def _container(self, value: Any, depth: int) -> list | None:
        if isinstance(value, Mapping):
            return ["dict", [[self.tag(k, depth + 1), self.tag(v, depth + 1)] for k, v in value.items()]]
        if isinstance(value, (list, tuple)):
            return ["list" if isinstance(value, list) else "tuple", [self.tag(item, depth + 1) for item in value]]
        if isinstance(value, (set, frozenset)):  # sorted, or equal sets would be other bytes in another process
            return ["set", [self.tag(item, depth + 1) for item in sorted(value, key=repr)]]
        return None

    def _numbers(self, value: Any) -> list | None:
        if isinstance(value, np.bool_):
            return ["bool", bool(value)]
        if isinstance(value, np.integer):
            return ["int", _whole(int(value))]
        if isinstance(value, np.floating):
            return ["float", float(value).hex()]
        array = _as_array(value)
        if array is None:
            return None
        dtype, numbers = array
        return ["tensor", dtype, list(numbers.shape), self._append(numbers.astype(DTYPES[dtype], copy=False).tobytes())]

    def _append(self, raw: bytes) -> list[int]:
        if len(self.body) + len(raw) > MAX_BYTES:
            raise _TooLargeError(TOO_LARGE)
        self.body.extend(raw)
        return [len(self.body) - len(raw), len(raw)]

    def _text(self, text: str) -> str:
        text = _short(text)
        self.num_chars += len(text)
        if self.num_chars > MAX_BYTES:
            raise _TooLargeError(TOO_LARGE)
        return text


def _as_array(value: Any) -> tuple[str, np.ndarray] | None:
    """A torch tensor or NumPy array as (torch's dtype name, array); torch is not imported for it."""
    if isinstance(value, np.ndarray):
        return (value.dtype.name, value) if value.dtype.name in DTYPES else None
    if not (hasattr(value, "detach") and hasattr(value, "dtype")):  # a file can be detached, too
        return None
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in DTYPES:
        return None
    if value.numel() * value.element_size() > MAX_BYTES:  # before `contiguous` makes an expanded one large
        raise _TooLargeError(TOO_LARGE)
    tensor = value.detach().cpu().contiguous()
    if dtype == "bfloat16":
        return dtype, tensor.view(_dtype_of(tensor, "int16")).numpy().view("<u2")
    return dtype, tensor.resolve_conj().resolve_neg().numpy()


def _dtype_of(tensor: Any, name: str) -> Any:
    import torch

    return getattr(torch, name)


def _whole(value: int) -> int:
    if value.bit_length() > 4096:
        raise _TooLargeError("whole number too large")
    return value


def _short(text: str, limit: int = MAX_TEXT) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _short_raised(name: str, message: str, line: int | None, text: str) -> tuple[str, str, int | None, str]:
    return name[:100], _short(message, 600), line, _short(text, 200)


def decode(raw: bytes) -> Any:
    """Read an observation back: tensors become `Array`, everything else itself.

    Raises:
        ObservationError: the bytes are malformed, too large or too deep.
    """
    if len(raw) < 4 or len(raw) > 8 * MAX_BYTES:
        raise ObservationError(f"an observation of {len(raw)} bytes")
    (length,) = struct.unpack_from("<I", raw)
    try:
        header = json.loads(raw[4 : 4 + length].decode("utf-8"))
        return _Reader(raw[4 + length :]).read(header, 0)
    except ObservationError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, AttributeError) as error:
        raise ObservationError(f"not an observation: {type(error).__name__}") from None


class _Reader:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.num_nodes = 0

    def read(self, node: Any, depth: int) -> Any:
        self.num_nodes += 1
        if depth > MAX_DEPTH or self.num_nodes > MAX_NODES:
            raise ObservationError("an observation too deep or too wide")
        tag, *rest = node
        return getattr(self, f"_read_{tag}")(*rest, depth=depth)

    def _read_none(self, depth: int) -> None:
        return None

    def _read_bool(self, value: Any, depth: int) -> bool:
        return _typed(value, bool)

    def _read_int(self, value: Any, depth: int) -> int:
        return _typed(value, int)

    def _read_float(self, value: Any, depth: int) -> float:
        return float.fromhex(_typed(value, str))

    def _read_str(self, value: Any, depth: int) -> str:
        return _typed(value, str)

    def _read_bytes(self, span: Any, depth: int) -> bytes:
        return self._slice(span)

    def _read_raised(self, name: Any, message: Any, line: Any, text: Any, depth: int) -> Raised:
        line = line if line is None else _typed(line, int)
        return Raised(*_short_raised(_printable(name), _printable(message), line, _printable(text)))

    def _read_foreign(self, name: Any, depth: int) -> Foreign:
        return Foreign(_typed(name, str))

    def _read_list(self, items: Any, depth: int) -> list:
        return [self.read(item, depth + 1) for item in _typed(items, list)]

    def _read_tuple(self, items: Any, depth: int) -> tuple:
        return tuple(self._read_list(items, depth))

    def _read_set(self, items: Any, depth: int) -> set:
        return set(self._read_list(items, depth))

    def _read_dict(self, pairs: Any, depth: int) -> dict:
        return {self.read(k, depth + 1): self.read(v, depth + 1) for k, v in _typed(pairs, list)}

    def _read_tensor(self, dtype: Any, shape: Any, span: Any, depth: int) -> Array:
        shape = tuple(_typed(n, int) for n in _typed(shape, list))
        if dtype not in DTYPES or min(shape, default=0) < 0 or len(shape) > 16:
            raise ObservationError("a tensor of no known kind")
        raw = self._slice(span)
        if len(raw) != math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize:
            raise ObservationError("a tensor whose shape and bytes disagree")
        values = np.frombuffer(raw, dtype=DTYPES[dtype]).reshape(shape)
        if dtype == "bfloat16":
            values = (values.astype("<u4") << 16).view("<f4")
        return Array(dtype, values)

    def _slice(self, span: Any) -> bytes:
        offset, length = (_typed(n, int) for n in span)
        if offset < 0 or length < 0 or offset + length > len(self.body):
            raise ObservationError("an observation that points outside itself")
        return self.body[offset : offset + length]


def _printable(text: Any) -> str:
    """What will be written into a file: a lone surrogate could not be."""
    return _typed(text, str).encode("utf-8", "replace").decode("utf-8")


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ObservationError(f"{kind.__name__} expected in an observation")
    return value
