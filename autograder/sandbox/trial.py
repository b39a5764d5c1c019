"""Which level works here is found by trying it: a child is confined and then does its best to get out (probe.py)."""

import functools
import json
import os
import sys
import tempfile
from pathlib import Path

from autograder.errors import SandboxError
from autograder.sandbox.levels import Level
from autograder.sandbox.order import Order
from autograder.sandbox.records import Limits

LIMITS = Limits(wall_s=10, cpu_s=5, memory_bytes=256 << 20, scratch_bytes=1 << 20, threads=8)


@functools.cache
def best_level() -> Level | None:
    """The strongest level that holds on this machine, or None where nothing confines."""
    return next((level for level in (Level.NAMESPACES, Level.LANDLOCK) if not weakness(level)), None)


@functools.cache
def weakness(level: Level) -> str:
    """Why a level does not hold here, in a sentence; empty if it does."""
    if sys.platform != "linux":
        return "it needs Linux."
    from autograder.sandbox.warm_process import WarmProcess

    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder, "secret")
        secret.write_text("for the judge's eyes", encoding="utf-8")
        job = json.dumps({"secret": str(secret), "judge": os.getpid(), "level": level.value}).encode()
        try:
            process = WarmProcess(Order("autograder.sandbox.probe:confess", (), (), level))
            try:
                outcome = process.run(job, LIMITS)
            finally:
                process.close()
        except (SandboxError, OSError) as error:
            return str(error)
    if outcome.status != "finished":
        return outcome.detail
    escapes = json.loads(outcome.frames[0])
    return f"a confined child could still {', '.join(escapes)}." if escapes else ""
