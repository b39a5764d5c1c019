"""The judge's side: a job goes out, an outcome comes back. Nothing here runs or unpickles what a student wrote."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from autograder.errors import SandboxError
from autograder.sandbox.conversation import Conversation
from autograder.sandbox.launch import Order, WarmProcess
from autograder.sandbox.levels import Level
from autograder.sandbox.records import Limits, Outcome


class Sandbox:
    """A warm, confined process that forks a child for each job. A context manager; `run` may be called from any thread."""

    def __init__(
        self,
        *,
        handler: str,
        preload: Sequence[str] = (),
        readable: Sequence[Path] = (),
        level: Level | None = None,
        allow_unsafe: bool = False,
    ) -> None:
        self.level = level or Level.NAMESPACES
        self._order = Order(handler, tuple(preload), tuple(Path(path).absolute() for path in readable), self.level)
        self._lock = threading.Lock()
        self._warm: WarmProcess | None = None

    def __enter__(self) -> Self:
        self._process()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            if self._warm:
                self._warm.close()
            self._warm = None

    def run(self, job: bytes, limits: Limits = Limits()) -> Outcome:
        """Run one job in a child of its own, and wait for its end."""
        for _ in range(2):  # the second time with a new warm process, if the first was found dead
            process = self._process()
            with Conversation(limits) as talk:
                try:
                    talk.start(process, job)
                except OSError:
                    self._discard(process)
                    continue
                outcome = talk.outcome()
            if talk.broken:
                self._discard(process)
            return outcome
        raise SandboxError("The warm process ends as soon as it has started.")

    def _process(self) -> WarmProcess:
        with self._lock:
            if self._warm is None:
                self._warm = WarmProcess(self._order)
            return self._warm

    def _discard(self, process: WarmProcess) -> None:
        """Whoever finds it dead first clears it away; the next job starts a new one."""
        with self._lock:
            if self._warm is process:
                self._warm = None
                process.close()
