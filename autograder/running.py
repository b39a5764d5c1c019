"""Run probes on an implementation and bring back what they saw, as bytes.

The same few lines run in the learner's notebook, in the judge's child, in the key maker and under pytest.
"""

import contextlib
import hashlib
import hmac
import io
import linecache
import random
import re
import signal
import threading
import time
import traceback
import types
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from autograder.observation import Raised, encode
from autograder.probes import Draw, Probe

PUBLIC = b"public"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class TimedOut(BaseException):
    """The answer ran over its budget. Not an Exception, so that a student's `except Exception` lets it through."""


def seed_for(secret: bytes, unit: str, exercise: str, probe: str) -> int:
    """The seed of one probe: public for `PUBLIC`, not to be guessed for a course's secret."""
    digest = hmac.new(secret, f"{unit}/{exercise}/{probe}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big")


def observe(probes: Sequence[tuple[Probe, int]], implementation: Any, seconds: float) -> Iterator[bytes]:
    """Run each (probe, seed) in order within one budget; yield one encoded observation each.

    When all is over, random generators and default dtype are as they were.
    """
    deadline = time.monotonic() + seconds
    with _same_state():
        for probe, seed in probes:
            remaining = deadline - time.monotonic()
            yield _observe_one(probe, implementation, seed, remaining) if remaining > 0 else encode(Raised("TimedOut"))


def _observe_one(probe: Probe, implementation: Any, seed: int, seconds: float) -> bytes:
    """What one probe sees, encoded in here because a student's class may run code when it is looked at.

    An exception becomes `Raised`, with the line of the student's own cell.
    """
    try:
        with _quietly(), torch.enable_grad(), stop_after(seconds):
            _start_from(seed)
            return encode(probe.observe(implementation, Draw(seed)))
    except TimedOut:
        return encode(Raised("TimedOut"))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return encode(describe_error(error))


def implementation_of(names: Sequence[str], namespace: dict[str, Any]) -> Any:
    """What a probe is handed: the function or class itself, or both of a pair as attributes of one object."""
    if len(names) == 1:
        return namespace[names[0]]
    return types.SimpleNamespace(**{name: namespace[name] for name in names})


def describe_error(error: BaseException) -> Raised:
    """An exception as an observation: type, message, and the deepest line that the student wrote.

    A stub, `raise NotImplementedError()`, becomes `NotWritten` with the name of the function or class.
    """
    message = _message_of(error)
    if isinstance(error, MemoryError) or "can't allocate memory" in message or "not enough memory" in message:
        return Raised("MemoryError")  # torch says RuntimeError
    if isinstance(error, SyntaxError) and is_students(str(error.filename)) and isinstance(error.lineno, int):
        return Raised(type(error).__name__, str(error.msg), error.lineno, str(error.text or "").strip())
    places = [(frame.f_code, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [(code.co_filename, line) for code, line in places if is_students(code.co_filename)]
    line, text = (own[-1][1], linecache.getline(*own[-1]).strip()) if own else (None, "")
    if isinstance(error, NotImplementedError) and not message and places:
        return Raised("NotWritten", places[-1][0].co_qualname.partition(".")[0], line, text)
    return Raised(type(error).__name__, message, line, text)


def _message_of(error: BaseException) -> str:
    """The first two lines of `str(error)`, without colours; nothing where a student's exception cannot even say that.

    Libraries go on with advice that is not for here (`weights_only=False` would make loading run code).
    """
    try:
        said = _COLOURS.sub("", str(error)).strip()
    except Exception:
        return ""
    return " ".join(said.splitlines()[:2])[:240]


def is_students(filename: str) -> bool:
    """Does this code come from a notebook cell (live, or an answer in the judge)?"""
    return filename.startswith(("<answer", "<ipython-input")) or "ipykernel_" in filename


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _same_state() -> Iterator[None]:
    """Leave the global generators and the default dtype as the notebook had them."""
    python_state, numpy_state, dtype = random.getstate(), np.random.get_state(), torch.get_default_dtype()
    torch_state = torch.default_generator.get_state()
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        torch.default_generator.set_state(torch_state)
        torch.set_default_dtype(dtype)


def _start_from(seed: int) -> None:
    """For one probe: seeded global generators, float32."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # of the CPU; torch.manual_seed would seed the GPU's for good
    torch.set_default_dtype(torch.float32)


@contextlib.contextmanager
def stop_after(seconds: float) -> Iterator[None]:
    """Raise TimedOut in this thread when the time is up.

    Covers Python code and anything that returns to Python in time. Not covered: one endless call into C, and code that
    catches BaseException; in the judge, the sandbox's own clock ends those.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
    elif hasattr(signal, "setitimer"):
        yield from _stop_by_alarm(seconds)
    else:  # Windows
        yield from _stop_by_interrupt(seconds)


def _stop_by_alarm(seconds: float) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise TimedOut

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _stop_by_interrupt(seconds: float) -> Iterator[None]:
    import _thread

    fired = threading.Event()

    def ring() -> None:
        fired.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, ring)
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if fired.is_set():
            raise TimedOut from None
        raise
    finally:
        timer.cancel()
