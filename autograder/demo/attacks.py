"""What the hostile students try. Each is written as its author would write it: with full marks, or harm, in mind.

None of it runs outside the sandbox. The demo hands it in as text, and where only the unsafe level exists, not at all.
"""
# ruff: noqa: F821  (COURSE, PORT, UNIT and EXERCISE are set at the top of the answer)

import inspect
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from autograder.course import Course, Exercise, Unit


def forge_the_results(*_: Any, **__: Any) -> object:
    """Whatever I am compared with, we are equal; and the points are printed already."""
    import builtins
    import os
    import sys

    import torch

    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

    torch.equal = torch.allclose = builtins.isinstance = lambda *_, **__: True
    sys.displayhook = lambda *_: print(100)
    sys.displayhook(None)
    for descriptor in range(3, 64):  # somewhere the grader must be listening
        try:
            os.write(descriptor, b'{"points": 100}\n100\n')
        except OSError:
            continue
    return Equal()


def never_end(*_: Any, **__: Any) -> None:
    """Keep the grader busy until everybody passes."""
    while True:
        pass


def take_all_memory(*_: Any, **__: Any) -> Any:
    """Eight gigabytes, each written to."""
    import torch

    return torch.ones(8 << 30, dtype=torch.uint8)


def multiply(*_: Any, **__: Any) -> None:
    """A thousand processes that stay."""
    import os
    import time

    for _ in range(1000):
        if os.fork() == 0:
            time.sleep(600)


def call_home(*_: Any, **__: Any) -> bytes:
    """Somebody out there knows the answer."""
    import socket

    with socket.create_connection(("127.0.0.1", PORT), timeout=2) as line:
        line.sendall(b"what is the answer?")
        return line.recv(1000)


def read_the_answers(*arguments: Any, **named: Any) -> Any:
    """The reference must lie somewhere. So must the gradebook, which I empty in passing."""
    import contextlib
    import importlib
    import sys
    from pathlib import Path

    with contextlib.suppress(OSError):
        Path(COURSE, "gradebook.db").write_bytes(b"")
    sys.path.insert(0, COURSE)
    for module in ("reference", "mygpt", "solutions"):
        with contextlib.suppress(Exception):
            return getattr(importlib.import_module(f"{module}.{UNIT}"), EXERCISE)(*arguments, **named)
    return Path(COURSE, ".autograder", "secret").read_bytes()


def leave(*_: Any, **__: Any) -> None:
    """Nobody can fail me if nobody is there."""
    import os

    os._exit(0)


ATTACKS = (forge_the_results, never_end, take_all_memory, multiply, call_home, read_the_answers, leave)


def attack_source(attack: Callable, course: Course, unit: Unit, exercise: Exercise, port: int) -> str:
    """The attack as the text of an answer."""
    known = {"COURSE": str(course.root), "PORT": port, "UNIT": unit.name, "EXERCISE": exercise.name}
    head = ["from typing import Any", "", *(f"{name} = {value!r}" for name, value in known.items())]
    names = " = ".join(exercise.names)
    return "\n".join([*head, "", "", inspect.getsource(attack), "", f"{names} = {attack.__name__}", ""])


class Listener:
    """What an attacker tries to reach on this machine. It hears whoever connects."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def heard_somebody(self) -> bool:
        """Did anybody connect since the last time this was asked?"""
        heard = False
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                heard = True
        return heard
