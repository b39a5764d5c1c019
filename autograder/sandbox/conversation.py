"""One job, from the judge's side: hand it over, listen, and put the end of it into words."""

import json
import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self

from autograder.sandbox import frames
from autograder.sandbox.endings import describe_end
from autograder.sandbox.records import Limits, Outcome

GRACE_S = 10.0  # how long after a job's limit we stop believing in the warm process
CHUNK = 1 << 18


class Conversation:
    """The judge's ends of a job. Leaving the `with` block hangs up, and the child is killed if it still runs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._reader = frames.Reader(limits.output_bytes)
        self._end: dict[str, Any] | None = None
        self.broken = False  # whether the warm process is no good any more
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def begun(self) -> bool:
        """Whether the job's own code may have run."""
        return self._reader.ready

    def start(self, submit: Callable[[int, int, socket.socket, Limits], None], job: bytes) -> None:
        """Hand the job over: its text in a file in memory, a pipe for the frames, a line for how it ended."""
        with ExitStack() as theirs:
            self._line, their_line = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._open.enter_context(self._line)
            theirs.enter_context(their_line)
            self._result, their_result = os.pipe()
            self._open.callback(os.close, self._result)
            theirs.callback(os.close, their_result)
            os.set_blocking(self._result, False)
            task = theirs.enter_context(open(os.memfd_create("job"), "wb", buffering=0))
            task.write(job)
            submit(task.fileno(), their_result, their_line, self._limits)

    def outcome(self) -> Outcome:
        """Listen until the child says it is done, or the warm process says how it ended."""
        poller = select.poll()
        poller.register(self._result, select.POLLIN)
        poller.register(self._line, select.POLLIN)
        deadline = time.monotonic() + self._limits.wall_s + GRACE_S
        while not self._reader.over and self._end is None and not self.broken:
            ready = [descriptor for descriptor, _ in poller.poll(max(0.0, deadline - time.monotonic()) * 1000)]
            if self._line.fileno() in ready:
                self._hear_the_end()
            if not self._take_frames() and self._result in ready:
                poller.unregister(self._result)
            self.broken = self.broken or not ready
        status, detail = describe_end(self._reader, self._end, self._limits)
        return Outcome(status, tuple(self._reader.frames), detail)

    def _hear_the_end(self) -> None:
        """What the warm process says of a child that is gone; by then all it wrote lies in the pipe."""
        message = self._line.recv(4096)
        self._end = json.loads(message) if message else None
        self.broken = not message

    def _take_frames(self) -> bool:
        """Read what is there. False once there will never be more."""
        while not self._reader.over:
            try:
                data = os.read(self._result, CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._reader.feed(data)
        return True
