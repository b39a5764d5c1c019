"""The judge's side: a job goes out to some worker, an outcome comes back."""

import hashlib
import sys
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import astuple
from typing import Self

from autograder.cluster.crew import Crew, KilledWorker
from autograder.cluster.worker import UNFIT, run_there
from autograder.errors import CourseError
from autograder.sandbox import Level, Limits, Outcome

PATIENCE_S = 600.0  # with nobody there
MOST_LOST = 10


class ClusterSandbox:
    """Runs each job on some worker of a dask cluster; thread-safe, like the sandbox of one machine.

    Once made it is connected and has seen the proof of every worker that is there. `level` is the weakest of those that
    may work, and later ones must not fall below it; `environment` is a hash over theirs, as `memory.environment` makes
    it; `num_threads` is how many jobs they run at a time.

    Raises:
        UsageError: nobody at this address answers as a dask scheduler.
        SandboxError: no worker is fit, or for `patience_s` seconds none was there.
    """

    def __init__(
        self,
        address: str,
        unit: str,
        allow_unsafe: bool = False,
        patience_s: float = PATIENCE_S,
        tell: Callable[[str], None] = lambda sentence: print(sentence, file=sys.stderr),
    ) -> None:
        self._unit, self._alone = unit, threading.Lock()
        self._crew = Crew(address, Level.UNSAFE if allow_unsafe else Level.LANDLOCK, patience_s, tell)
        try:
            self.num_threads = self._crew.muster()
        except BaseException:
            self.close()
            raise
        self.level, environments = self._crew.least, "".join(self._crew.environments)
        alike = len(self._crew.environments) == 1
        self.environment = environments if alike else hashlib.sha256(environments.encode()).hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take back what waits, and leave. The cluster stays as it was, for the next run."""
        self._crew.close()

    def run(self, job: bytes, limits: Limits) -> Outcome:
        """Run one job and wait for its end, on as many workers one after another as it takes.

        Dask gives a job up when too many workers died on it (`distributed.scheduler.allowed-failures`), and blames all
        that ran on such a worker alike. So each is tried once more, one at a time, before it counts as a killer.
        """
        try:
            return self._run(job, limits)
        except KilledWorker:
            with self._alone:
                return self._run_suspect(job, limits)

    def _run_suspect(self, job: bytes, limits: Limits) -> Outcome:
        try:
            return self._run(job, limits)
        except KilledWorker as error:
            last = getattr(error.last_worker, "address", error.last_worker)
            why = f"Every worker that ran it died, the last one at {last}: look into that machine's log."
            return Outcome("refused", (), why)

    def _run(self, job: bytes, limits: Limits) -> Outcome:
        num_lost = 0
        while num_lost < MOST_LOST:
            crew = self._crew
            order = (self._unit, crew.engine, crew.least.value, crew.environments, job, astuple(limits))
            try:
                status, frames, detail = self._crew.ask(run_there, *order)
            except (KilledWorker, CourseError):
                raise
            except CancelledError:  # the scheduler forgot it, or whoever had it is gone
                num_lost += 1
            except Exception as error:
                return Outcome("refused", (), f"The cluster could not run it: {type(error).__name__}: {error}")
            else:
                if status != UNFIT:
                    return Outcome(status, frames, detail)
                self._crew.dismiss(*(frame.decode() for frame in frames), detail)
        return Outcome("refused", (), f"It was lost {MOST_LOST} times, with whoever ran it.")
