"""Preloaded into a worker: some jobs are the death of it, as if the machine had killed it for its memory."""

import os
import signal

from autograder.sandbox import Limits, Outcome, Sandbox

DEADLY = "the death of my worker"


def dask_setup(worker: object) -> None:
    """Dask calls this when the worker starts."""
    run = Sandbox.run

    def run_or_die(self: Sandbox, job: bytes, limits: Limits) -> Outcome:
        if DEADLY.encode() in job:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(self, job, limits)

    Sandbox.run = run_or_die
