"""A handler that tries to get out, and reports the ways it found. It should find none."""

import ctypes
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.sandbox.levels import Level

ENOUGH_THREADS, TOO_MUCH_MEMORY = 128, 1 << 30  # beyond the limits in trial.py
PTRACE_ATTACH = 16


def confess(job: bytes, send: Callable[[bytes], None]) -> None:
    """Try each way out; send the names of those that are open."""
    order = json.loads(job)
    secret, judge = Path(order["secret"]), order["judge"]
    ways: dict[str, Callable[[], Any]] = {
        "read a file": secret.read_bytes,
        "list a folder": lambda: os.listdir(secret.parent),
        "write a file": lambda: (secret.parent / "mark").write_text("I was here", encoding="utf-8"),
        "change a file's mode": lambda: secret.chmod(0o777),
        "open a socket": lambda: socket.socket().close(),
        "start a process": _fork,
        "signal the judge": lambda: os.kill(judge, 0),
        "trace the judge": lambda: _trace(judge),
        "start any number of threads": _start_threads,
        "take any amount of memory": lambda: bytearray(TOO_MUCH_MEMORY),
        "run a program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
    }
    escapes = [name for name, attempt in ways.items() if _succeeds(attempt)]
    if order["level"] == Level.NAMESPACES.value and os.getpid() != 1:
        escapes.append("see other processes")
    Path("note").write_text("the one place to write", encoding="utf-8")
    send(json.dumps(escapes).encode())


def _succeeds(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError, RuntimeError):  # RuntimeError: "can't start new thread"
        return False
    return True


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _trace(pid: int) -> None:
    if ctypes.CDLL(None).ptrace(PTRACE_ATTACH, pid, None, None) < 0:
        raise OSError("ptrace was refused")


def _start_threads() -> None:
    threading.stack_size(1 << 16)  # so that it is not memory that stops them
    done = threading.Event()
    try:
        for _ in range(ENOUGH_THREADS):
            threading.Thread(target=done.wait, daemon=True).start()
    finally:
        done.set()
