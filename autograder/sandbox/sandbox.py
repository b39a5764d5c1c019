"""The judge's side: a job goes out, an outcome comes back. Nothing here runs or unpickles what a student wrote."""

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

from autograder.errors import SandboxError
from autograder.sandbox.levels import Level
from autograder.sandbox.order import Order
from autograder.sandbox.records import Limits, Outcome
from autograder.sandbox.trial import best_level, weakness


class Runner(Protocol):
    """What runs jobs: a warm process on Linux, a fresh process for each job elsewhere."""

    walls: tuple[str, ...]
    broken: bool

    def run(self, job: bytes, limits: Limits) -> Outcome: ...
    def close(self) -> None: ...


class Sandbox:
    """Runs each job in a confined child of its own. A context manager; `run` may be called from many threads at once.

    handler: "package.module:function", called in the child as function(job, send), where send(bytes) sends one frame.
    preload: modules imported once, before any child is forked.
    readable: the only files and folders of the project that a child may read; name what the handler imports.
    level: no weaker one is ever used. None takes the strongest that works here.
    """

    def __init__(
        self,
        *,
        handler: str,
        preload: Sequence[str] = (),
        readable: Sequence[Path] = (),
        level: Level | None = None,
        allow_unsafe: bool = False,
    ) -> None:
        files = tuple(Path(path).absolute() for path in readable)
        for path in files:
            if not path.exists():
                raise SandboxError(f"{path} was to be readable in the sandbox, and is not there.")
        self.level = choose_level(level, allow_unsafe)
        self.num_threads = os.cpu_count() or 1
        self._order = Order(handler, tuple(preload), files, self.level)
        self._lock = threading.Lock()
        self._runner: Runner | None = None
        self._closed = False

    @property
    def walls(self) -> tuple[str, ...]:
        """What confines the children, by name, as the warm process reported it."""
        return self._take_runner().walls

    def __enter__(self) -> Self:
        self._closed = False
        self._take_runner()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the warm process and every child. A job in flight is refused."""
        with self._lock:
            self._closed = True
            if self._runner:
                self._runner.close()
            self._runner = None

    def run(self, job: bytes, limits: Limits = Limits()) -> Outcome:  # noqa: B008  (it is frozen)
        """Run one job and wait for its end. An outcome is returned, whatever the job does."""
        for _ in range(2):  # the second time with a new warm process, if the first was found dead
            runner = self._take_runner()
            try:
                outcome = runner.run(job, limits)
            except ConnectionError:
                self._discard(runner)
                continue
            except OSError as error:  # no descriptors or no memory left on our own side
                return Outcome("refused", (), f"The job could not be handed over: {error}")
            if runner.broken:
                self._discard(runner)
            return outcome
        raise SandboxError("The warm process ends as soon as it has started.")

    def _take_runner(self) -> Runner:
        with self._lock:
            if self._closed:
                raise SandboxError("This sandbox is closed.")
            if self._runner is None:
                self._runner = start_runner(self._order)
            return self._runner

    def _discard(self, runner: Runner) -> None:
        """Whoever finds it dead first clears it away; the next job starts a new one."""
        with self._lock:
            if self._runner is runner:
                self._runner = None
                runner.close()


def choose_level(wanted: Level | None, allow_unsafe: bool) -> Level:
    """The level to use, or a SandboxError that says what to do."""
    level = wanted or best_level() or Level.UNSAFE
    if level is not Level.UNSAFE:
        if problem := weakness(level):
            raise SandboxError(f"The level {level.value!r} does not hold on this machine: {problem}")
    elif not allow_unsafe:
        reasons = "" if wanted else f" ({weakness(Level.LANDLOCK)})"
        raise SandboxError(
            f"There is no confinement on this machine{reasons}. Use Linux 5.13 or newer with bubblewrap, or a virtual "
            "machine with it; or, only for submissions that you would run by hand, allow running them unconfined."
        )
    return level


def start_runner(order: Order) -> Runner:
    """Forking after torch was imported is sound on Linux only."""
    if sys.platform == "linux":
        from autograder.sandbox.warm_process import WarmProcess

        return WarmProcess(order)
    from autograder.sandbox.fresh_process import FreshProcess

    return FreshProcess(order)
