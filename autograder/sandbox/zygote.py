"""The warm process: imports once, then forks a confined child for each job and sees each one to its end.

It runs no student code and reads nothing a child writes: a child's pipe leads to the judge directly. All it learns
about a child is how it ended. When the judge goes away, it goes too, and takes every child with it.
"""

import json
import os
import platform
import resource
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autograder.sandbox import child, landlock, leftovers, linux, seccomp, uids
from autograder.sandbox.confine import Walls
from autograder.sandbox.handling import Handler, load
from autograder.sandbox.levels import Level
from autograder.sandbox.records import Limits
from autograder.sandbox.warm import warm_up

TICK = 0.05  # seconds between two looks at a scratch folder that has no size of its own
SCRATCH = Path("/scratch")


@dataclass(slots=True)
class Job:
    """A child that runs. `line` is the judge's end of attention: it closes when nobody wants the answer any more."""

    pid: int
    line: socket.socket
    deadline: float
    limits: Limits
    scratch: Path
    killed_for: str = ""  # "time", "disk" or "closing"


def main(descriptor: int) -> None:
    """Called by the launcher's one line of Python."""
    control = socket.socket(fileno=descriptor)
    order = json.loads(control.recv(1 << 20))
    sys.path[:] = order["sys_path"]
    if order["die_with_parent"]:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGTERM)
    warm_up(order["preload"])
    seccomp.common_part(platform.machine())
    handler = load(order["handler"])
    level = Level(order["level"])
    uid = uids.spare()
    walls = Walls(level, tuple(map(Path, order["readable"])), landlock.abi(), uid, SCRATCH)
    zygote = Zygote(control, handler, walls, Path(order["scratch_root"]))
    control.send(json.dumps({"walls": walls.describe()}).encode())
    zygote.serve()


class Zygote:
    """Jobs in, ends of jobs out."""

    def __init__(self, control: socket.socket, handler: Handler, walls: Walls, scratch_root: Path) -> None:
        self._control, self._handler, self._walls, self._scratch_root = control, handler, walls, scratch_root
        self._jobs: dict[int, Job] = {}
        self._count = 0
        self._own_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._selector = selectors.DefaultSelector()
        self._serving = True
        awake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._stop)
        self._watch(awake, lambda: os.read(awake, 4096))
        self._watch(control, self._accept)
        if walls.level is not Level.NAMESPACES:
            linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)  # a process that detaches itself becomes ours

    def serve(self) -> None:
        """Until the judge hangs up, or is gone."""
        while self._serving:
            for key, _ in self._selector.select(self._patience()):
                key.data()
            self._stop_offenders()
            self._reap()
        for job in self._jobs.values():
            self._kill(job, "closing")
        while self._jobs:
            self._reap()
            time.sleep(0.001)
        if self._walls.level is not Level.NAMESPACES:
            leftovers.remove(self._scratch_root)

    def _stop(self, *_: object) -> None:
        self._serving = False

    def _watch(self, source: Any, act: Callable[[], object]) -> None:
        self._selector.register(source, selectors.EVENT_READ, act)

    def _patience(self) -> float | None:
        """How long nothing can happen that no descriptor tells us of."""
        waits = [job.deadline - time.monotonic() for job in self._jobs.values() if not job.killed_for]
        if waits and self._walls.level is not Level.NAMESPACES:
            waits.append(TICK)
        return max(0.0, min(waits)) if waits else None

    def _accept(self) -> None:
        message, descriptors, *_ = socket.recv_fds(self._control, 4096, 3)
        if not message:
            self._stop()
            return
        task, result, line = descriptors
        self._start(Limits(**json.loads(message)), task, result, socket.socket(fileno=line))
        os.close(task)
        os.close(result)

    def _start(self, limits: Limits, task: int, result: int, line: socket.socket) -> None:
        self._count += 1
        walls = replace(self._walls, scratch=self._new_scratch(), uid=uids.numbered(self._walls.uid, self._count))
        if walls.level is Level.NAMESPACES:
            leftovers.next_child_opens_a_pid_namespace()
        pid = os.fork()
        if pid == 0:
            child.live(self._handler, walls, limits, task, result)
        job = Job(pid, line, time.monotonic() + limits.wall_s, limits, walls.scratch)
        self._jobs[pid] = job
        self._watch(line, lambda: self._hung_up(job))

    def _new_scratch(self) -> Path:
        if self._walls.level is Level.NAMESPACES:
            return SCRATCH  # every child mounts its own there
        folder = self._scratch_root / str(self._count)
        folder.mkdir(mode=0o700)
        return folder

    def _hung_up(self, job: Job) -> None:
        self._selector.unregister(job.line)
        self._kill(job, "closing")

    def _stop_offenders(self) -> None:
        now = time.monotonic()
        for job in self._jobs.values():
            if now >= job.deadline:
                self._kill(job, "time")
            elif self._walls.level is not Level.NAMESPACES and leftovers.too_big(job.scratch, job.limits.scratch_bytes):
                self._kill(job, "disk")

    def _kill(self, job: Job, reason: str) -> None:
        """As the first process of its pid namespace, a child takes all of that with it."""
        if not job.killed_for:
            job.killed_for = reason
            os.kill(job.pid, signal.SIGKILL)

    def _reap(self) -> None:
        for pid in list(self._jobs):
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if ended:
                self._bury(self._jobs.pop(pid), status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)

    def _bury(self, job: Job, status: int, cpu_s: float, peak_kib: int) -> None:
        """Clean up after a child, then tell the judge how it ended."""
        if self._walls.level is not Level.NAMESPACES:
            leftovers.kill_orphans(except_for=self._jobs)
            leftovers.remove(job.scratch)
        if job.line.fileno() in self._selector.get_map():
            self._selector.unregister(job.line)
        end = {
            "killed_for": job.killed_for,
            "exit_code": os.waitstatus_to_exitcode(status),
            "cpu_s": cpu_s,
            "peak_kib": peak_kib - self._own_kib,
        }
        with job.line, suppress(OSError):  # the judge may have had its answer and hung up
            job.line.send(json.dumps(end).encode())
