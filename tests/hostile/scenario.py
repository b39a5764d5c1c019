"""What a hostile or damaged submission is made of, and the kinds there are.

An attack is the text of one answer, a change to the notebook, or something put beside it. `earns` and `others` are what
we promise; `goal` is what its author is after. Nothing of it runs outside a sandbox.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from autograder.verdict import Outcome

TARGET = "scaled_dot_product_attention"
SIGNATURE = f"def {TARGET}(q, k, v, mask=None):\n"
RIGHT = "# the right answer stands here\n"
"""Where this line stands in an attack, the class puts the reference's own answer."""

SCENARIOS = {
    1: "tags that keep the check cell from running",
    2: "a display hook that shows points",
    3: "a result sent straight to the front end",
    4: "transformers that rewrite later cells",
    5: "another run_cell",
    6: "objects that are equal to everything",
    7: "tensors that lie about themselves",
    8: "torch, NumPy and builtins patched",
    9: "pytest patched, conftest.py handed in",
    10: "modules put in the grader's place",
    11: "code that runs late: atexit, threads, weakref, __del__",
    12: "leaving early: exit, _exit, signals",
    13: "a result first, then a loop",
    14: "pickles where data is expected",
    15: "impossible results: NaN, 1e999, nesting, size",
    16: "frames, garbage collector, tracebacks",
    17: "solutions, gradebook, environment, /proc",
    18: "importing the reference",
    19: "hidden inputs told in errors",
    20: "other students' work",
    21: "behaving well only when graded",
    22: "public answers learnt by heart",
    23: "the library does the exercise",
    24: "the network does the exercise",
    25: "results loaded from a file",
    26: "looking right: leaks, lost gradients, changed inputs",
    27: "torch's global state",
    28: "loops, also in C",
    29: "forks, daemons, threads",
    30: "memory, disk, files, output",
    31: "scans, metadata services, DNS",
    32: "writing outside, links, pipes",
    33: "signals and ptrace",
    34: "scripts and formulas for those who read",
    35: "damaged files",
    36: "cells deleted, doubled, moved, stripped",
    37: "renamed and scattered notebooks",
    38: "timestamps of one's own",
    39: "somebody else's notebook",
    40: "one answer's mistake and the others",
    41: "frames forged for the judge",
    42: "seeds, stand-ins and the way of reporting",
    43: "our modules replaced in the child",
    44: "the warm process and the next child",
    45: "values that fight whoever looks at them",
    46: "kernel objects that outlive or signal",
    47: "text for terminals and tables",
    48: "patience: as slow as is allowed",
}
OF_THE_FIELD = range(1, 41)
"""Met elsewhere; those after them are aimed at our own design."""


class Earns(enum.Enum):
    """What the attacked exercise is worth in the end."""

    NOTHING = "0"
    DUE = "its due"
    """The answer is right, or partly: it gets what it deserves."""
    FULL = "full marks"
    """The answer is right and whatever else was tried changes nothing."""
    LIBRARY = "full marks, the library's"
    """Right outputs by a forbidden call. It is flagged; whether it costs points is the course's setting, here it does
    not."""
    PERSON = "waits for a person"


@dataclass(frozen=True, slots=True)
class Attack:
    """One submission."""

    name: str
    scenarios: tuple[int, ...]
    goal: str
    answer: str | None = None
    """The text of the attacked exercise's cell. COURSE (the grader's folder) and PORT (a listener) are known to it."""
    change: Callable[[NotebookNode], object] | None = None
    place: Callable[[Path], object] | None = None
    """Changes the folder that is handed in, after the notebook was written into it."""
    earns: Earns = Earns.NOTHING
    hurts_itself: bool = False
    """It breaks torch, the probes or the pipe of its own process, and with them its own other answers."""
    outcome: Outcome | None = None
    says: str = ""
    """Words of the feedback, or of the reason why it needs a person."""
    endless: bool = False
    """It must be stopped, and costs the test that time."""


def in_call(body: str) -> str:
    """An answer that does its deed when it is called."""
    return SIGNATURE + "".join(f"    {line}\n" for line in body.strip("\n").split("\n"))


def at_import(body: str) -> str:
    """An answer that does its deed when its cell runs, and is wrong."""
    return f"{body.strip()}\n\n" + in_call("return None")


def and_right(body: str) -> str:
    """A deed beside a right answer."""
    return f"{body.strip()}\n\n{RIGHT}"
