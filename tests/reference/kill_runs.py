"""Kills a run again and again, until it is complete: `python kill_runs.py FOLDER`, a test's other process.

Children are forked from a process that has imported everything, so that a test can afford many of them. Half of them
are killed at a random moment, half of them at the moment when a checkpoint is being written.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
from tiny_run import tiny_run

from reference.runs import CHECKPOINT

NUM_KILLS = 6
RUN = {"steps": 20, "save_every": 1, "eval_every": 10}


def start(out: Path) -> int:
    """A child that trains, saving each step."""
    pid = os.fork()
    if pid == 0:
        tiny_run(out, **RUN)
        os._exit(0)
    return pid


def wait_for(moment: float | Path) -> None:
    """So many seconds, or until a file is there; three seconds at most."""
    deadline = time.monotonic() + (moment if isinstance(moment, float) else 3)
    while time.monotonic() < deadline and not (isinstance(moment, Path) and moment.exists()):
        time.sleep(0.0002)


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    tiny_run(folder / "first", steps=1)  # imports what the first optimizer imports
    began = time.monotonic()
    tiny_run(folder / "whole", **RUN)
    longest = (time.monotonic() - began) / NUM_KILLS  # so that all kills together come before the end
    rng, out, partial = random.Random(0), folder / "killed", folder / "killed" / f"{CHECKPOINT}.part"
    num_killed, num_partial = 0, 0
    for number in range(NUM_KILLS):
        pid = start(out)
        wait_for(rng.uniform(0, longest) if number % 2 else partial)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        num_killed += os.WIFSIGNALED(status)
        num_partial += partial.exists()
    print(json.dumps({"killed": num_killed, "partial": num_partial}))
    tiny_run(out, **RUN)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
