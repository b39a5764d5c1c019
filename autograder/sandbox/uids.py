"""A uid of its own for each child, where there are uids to give: for root. Two children then cannot count, signal or
trace each other, and a limit on threads holds (the kernel excuses uid 0 from it).
"""

import os
from pathlib import Path

from autograder.sandbox import linux

FIRST, SPAN = 1_900_000_000, 1000  # above what systems and containers hand out


def spare() -> int | None:
    """The first of SPAN uids that this process may turn into, or None."""
    if os.geteuid() != 0 or not linux.has_capability(linux.CAP_SETUID):
        return None
    ranges = [map(int, line.split()) for line in Path("/proc/self/uid_map").read_text(encoding="utf-8").splitlines()]
    top = max(start + length for start, _, length in ranges)
    return None if top < 2 * SPAN else min(FIRST, top - SPAN)


def numbered(first: int | None, number: int) -> int | None:
    """The uid for the job with this number."""
    return None if first is None else first + number % SPAN
