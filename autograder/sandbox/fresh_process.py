"""A new process for each job, for systems where a warm one cannot be forked: macOS and Windows. It confines nothing.

There are a clock and, where the system has them, limits on processor time and file size. A process that detaches itself
survives. Importing torch costs seconds a job.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict
from typing import IO, Any

from autograder.sandbox import frames, paths
from autograder.sandbox.endings import describe_end
from autograder.sandbox.order import ENVIRONMENT, Order, import_path
from autograder.sandbox.records import Limits, Outcome

START_S = 120.0  # for importing, on a cold disk
CHUNK = 1 << 18
MAIN = "import sys; sys.path.insert(0, sys.argv[1]); from autograder.sandbox.fresh_child import main; main()"
NEEDED_BY_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE")


class FreshProcess:
    """Runs each job in a process of its own."""

    walls = ("limits",)
    broken = False

    def __init__(self, order: Order) -> None:
        self._order = order
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closing = False

    def run(self, job: bytes, limits: Limits) -> Outcome:
        """Run one job and wait for its end."""
        order = {"handler": self._order.handler, "preload": self._order.preload, "sys_path": import_path()}
        text = json.dumps(order | {"limits": asdict(limits)}).encode() + b"\n" + job
        with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as scratch:
            process = self._spawn(scratch)
            self._running.add(process)
            threading.Thread(target=_write, args=(process.stdin, text), daemon=True).start()
            listener = Listener(process.stdout, limits)
            try:
                killed_for = "" if listener.wait(limits.wall_s) else "time"
            finally:
                kill(process)
                self._running.discard(process)
        killed_for = "closing" if self._closing else killed_for
        end = {"killed_for": killed_for, "exit_code": process.returncode, "cpu_s": 0.0, "peak_kib": 0}
        return listener.outcome(end)

    def close(self) -> None:
        """End every job in flight."""
        self._closing = True
        for process in list(self._running):
            kill(process)

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


class Listener:
    """Collects frames in a thread: a pipe cannot be waited for with a clock on every system."""

    def __init__(self, pipe: IO[bytes], limits: Limits) -> None:
        self._pipe, self._limits = pipe, limits
        self._reader = frames.Reader(limits.output_bytes)
        self._ready, self._done = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether the child came to an end in time. Its clock starts when it is ready."""
        return self._ready.wait(START_S) and self._done.wait(seconds)

    def outcome(self, end: dict[str, Any]) -> Outcome:
        """To be asked once the child is gone."""
        self._thread.join(timeout=1)
        status, detail = describe_end(self._reader, end, self._limits)
        return Outcome(status, tuple(self._reader.frames), detail)

    def _read(self) -> None:
        with self._pipe:
            while not self._reader.over and (data := os.read(self._pipe.fileno(), CHUNK)):
                self._reader.feed(data)
                if self._reader.ready:
                    self._ready.set()
        self._ready.set()
        self._done.set()


def _write(pipe: IO[bytes], text: bytes) -> None:
    with suppress(OSError), pipe:
        pipe.write(text)


def kill(process: subprocess.Popen[bytes]) -> None:
    """The whole process group, where there is such a thing."""
    with suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
