"""The life of one child, from the fork to its end. It never returns: whatever happens, it leaves through os._exit."""

import os
import signal
import tempfile
from pathlib import Path
from typing import NoReturn

from autograder.sandbox import frames, linux
from autograder.sandbox.confine import Walls, confine
from autograder.sandbox.handling import Handler, handle
from autograder.sandbox.records import Limits

RESULT, JOB = 3, 4  # the only descriptors a child keeps besides three times /dev/null


def live(handler: Handler, walls: Walls, limits: Limits, job: int, result: int) -> NoReturn:
    """Lock up, read the job, run the handler, say how it ended."""
    try:
        _keep_only(job, result)
        _forget_signals()
        task = _read_all(JOB)
        confine(walls, limits)
        os.close(JOB)
        _call_home(walls.scratch)
    except BaseException as error:
        frames.write(RESULT, frames.UNCONFINED, f"{type(error).__name__}: {error}".encode())
        os._exit(1)
    handle(handler, task, RESULT)


def _keep_only(job: int, result: int) -> None:
    """Close everything inherited: the other jobs' pipes, the socket to the judge."""
    null = os.open("/dev/null", os.O_RDWR)
    high = [os.dup2(descriptor, 1000 + place) for place, descriptor in enumerate((null, null, null, result, job))]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place, inheritable=False)
    linux.close_from(JOB + 1)


def _call_home(scratch: Path) -> None:
    """Let programs look for temporary files where they may write them."""
    os.environ["HOME"] = os.environ["TMPDIR"] = str(scratch)
    tempfile.tempdir = None


def _forget_signals() -> None:
    """The warm process's handlers are not the child's."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    os.setsid()


def _read_all(descriptor: int) -> bytes:
    """The job. It lies in a file that the judge shares, so read at a place, not from where another reader stopped."""
    size = os.fstat(descriptor).st_size
    parts = bytearray()
    while len(parts) < size:
        parts += os.pread(descriptor, size - len(parts), len(parts))
    return bytes(parts)
