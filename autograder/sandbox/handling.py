"""Finding a handler, and running it: where a job's own code has its turn."""

import importlib
import os
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from autograder.sandbox import frames

Handler = Callable[[bytes, Callable[[bytes], None]], None]


def load(name: str) -> Handler:
    """The function that "package.module:function" names."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def handle(handler: Handler, task: bytes, result: int) -> NoReturn:
    """Say that the child is ready, run the handler, say how it ended, and leave without looking back."""
    frames.write(result, frames.READY)
    with suppress(BaseException):
        frames.write(result, *_run(handler, task, result))
    os._exit(0)


def _run(handler: Handler, task: bytes, result: int) -> tuple[bytes, bytes]:
    """The frame that ends the conversation."""
    try:
        handler(task, lambda payload: frames.write(result, frames.FRAME, payload))
    except MemoryError:
        return frames.NO_MEMORY, b""
    except BaseException as error:
        return frames.RAISED, f"{type(error).__name__}: {error}".encode(errors="replace")[:200]
    return frames.END, b""
