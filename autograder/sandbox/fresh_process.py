"""A new process for each job, for systems where a warm one cannot be forked: macOS and Windows. It confines nothing.

There are a clock and, where the system has them, limits on processor time and file size. A process that detaches itself
survives. Importing torch costs seconds a job.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from typing import IO

from autograder.sandbox import frames, paths
from autograder.sandbox.endings import describe_end
from autograder.sandbox.order import ENVIRONMENT, Order, import_path
from autograder.sandbox.records import Limits, Outcome

START_S = 120.0
MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from autograder.sandbox.fresh_child import main; main()"
NEEDED_BY_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE")


class FreshProcess:
    """Runs each job in a process of its own."""

    walls = ("limits",)
    broken = False

    def __init__(self, order: Order) -> None:
        self._order = order
        self._running: set[subprocess.Popen[bytes]] = set()

    def run(self, job: bytes, limits: Limits) -> Outcome:
        """Run one job and wait for its end."""
        order = {"handler": self._order.handler, "preload": self._order.preload, "sys_path": import_path()}
        text = json.dumps(order | {"limits": asdict(limits)}).encode() + b"\n" + job
        with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as scratch:
            process = self._spawn(scratch)
            self._running.add(process)
            try:
                return _listen(process, text, limits)
            finally:
                _kill(process)
                self._running.discard(process)

    def close(self) -> None:
        """End every job in flight."""
        for process in list(self._running):
            _kill(process)

    def _spawn(self, scratch: str) -> subprocess.Popen[bytes]:
        inherited = {name: os.environ[name] for name in NEEDED_BY_WINDOWS if name in os.environ}
        return subprocess.Popen(
            [sys.executable, "-s", "-P", "-c", MAIN, str(paths.ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT | inherited | {"HOME": scratch, "TMPDIR": scratch, "TEMP": scratch},
            cwd=scratch,
            start_new_session=True,
        )


def _listen(process: subprocess.Popen[bytes], text: bytes, limits: Limits) -> Outcome:
    """Feed the child, and collect its frames until it ends or its time is up. The clock starts when it is ready."""
    chunks: queue.Queue[bytes] = queue.Queue(maxsize=16)
    threading.Thread(target=_write, args=(process.stdin, text), daemon=True).start()
    threading.Thread(target=_read, args=(process.stdout, chunks), daemon=True).start()
    reader, killed_for, deadline = frames.Reader(limits.output_bytes), "", time.monotonic() + START_S
    while not reader.over:
        was_ready = reader.ready
        try:
            data = chunks.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            killed_for = "time"
            break
        if not data:
            break
        reader.feed(data)
        if reader.ready and not was_ready:
            deadline = time.monotonic() + limits.wall_s
    _kill(process)
    end = {"killed_for": killed_for, "status": process.returncode, "cpu_s": 0.0, "peak_kib": 0}
    status, detail = describe_end(reader, end, limits)
    return Outcome(status, tuple(reader.frames), detail)


def _write(pipe: IO[bytes], text: bytes) -> None:
    with suppress(OSError):
        pipe.write(text)
    with suppress(OSError):
        pipe.close()


def _read(pipe: IO[bytes], chunks: queue.Queue[bytes]) -> None:
    data = b"begin"
    while data:
        try:
            data = os.read(pipe.fileno(), 1 << 18)
        except (OSError, ValueError):
            data = b""
        chunks.put(data)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole process group where there is such a thing."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
    process.wait()
