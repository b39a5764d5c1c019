"""The other end of fresh_process.py: one process, one job, no confinement."""

import json
import os
import sys
from contextlib import suppress
from typing import Any

from autograder.sandbox import frames
from autograder.sandbox.handling import handle, load
from autograder.sandbox.warm import warm_up


def main() -> None:
    """The order is a line of JSON on stdin; the job is the rest of it; frames go where stdout went."""
    result = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    try:
        order = json.loads(sys.stdin.buffer.readline())
        task = sys.stdin.buffer.read()
        os.dup2(null, 0)
        sys.path[:] = order["sys_path"]
        warm_up(order["preload"])
        handler = load(order["handler"])
        _limit(order["limits"])
    except BaseException as error:
        frames.write(result, frames.UNCONFINED, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    handle(handler, task, result)


def _limit(limits: dict[str, Any]) -> None:
    """What this system can limit. Memory is not among it: macOS ignores that limit, Windows has none."""
    try:
        import resource
    except ImportError:
        return
    spent = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = int(spent.ru_utime + spent.ru_stime) + 1 + limits["cpu_s"]
    wanted = {
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: limits["scratch_bytes"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, value in wanted.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))
