"""What runs on a dask worker: a job, in a warm sandbox of that machine."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autograder.cluster.proof import Proof, objection, prove
from autograder.errors import CourseError
from autograder.judge import sandbox_of
from autograder.sandbox import Level, Limits, Sandbox

IDLE_S = 60.0  # after which a sandbox makes room for another unit's
UNFIT = "unfit"  # instead of a job's status: this worker would not, or could not, run it

Answer = tuple[Any, tuple[bytes, ...], str]
"""A status, the frames, a sentence: an Outcome in plain types. Of an unfit worker: its address, its host, why."""


def run_there(
    unit: str, wanted: Proof, least: str, environments: tuple[str, ...], job: bytes, limits: tuple[Any, ...]
) -> Answer:
    """On a worker: one job, in this process's warm sandbox for the unit."""
    from distributed import get_worker

    here = get_worker().address.encode(), prove()["host"].encode()
    if why := objection(prove(), wanted, Level(least), environments):
        return UNFIT, here, why
    try:
        with _borrow(unit, allow_unsafe=least == Level.UNSAFE.value) as sandbox:
            ended = sandbox.run(job, Limits(*limits))
    except CourseError as error:
        return UNFIT, here, f"cannot run submissions: {error}"
    return ended.status, ended.frames, ended.detail


@dataclass(slots=True)
class _Warm:
    sandbox: Sandbox
    num_jobs: int = 0
    used: float = 0.0


_warm: dict[tuple[str, bool], _Warm] = {}
_warm_lock = threading.Lock()


@contextmanager
def _borrow(unit: str, allow_unsafe: bool) -> Iterator[Sandbox]:
    """This worker's sandbox for a unit. It stays warm, and ends with the worker, however that ends."""
    key = unit, allow_unsafe
    with _warm_lock:
        if key not in _warm:
            idle = [k for k, w in _warm.items() if not w.num_jobs and time.monotonic() - w.used > IDLE_S]
            for other in idle:
                _warm.pop(other).sandbox.close()
            _warm[key] = _Warm(sandbox_of(unit, allow_unsafe=allow_unsafe))
        warm = _warm[key]
        warm.num_jobs += 1
    try:
        yield warm.sandbox
    finally:
        with _warm_lock:
            warm.num_jobs -= 1
            warm.used = time.monotonic()
