"""How many steps a demonstration takes: few where a machine only wants to see it run, enough where a person looks.

`COURSE_BUDGET=ci` asks for the few; the default is `full`.
"""

import os

from autograder.errors import UsageError


def steps(*, ci: int, full: int) -> int:
    """The number of steps for this run: `ci` or `full`, as COURSE_BUDGET says."""
    budget = os.environ.get("COURSE_BUDGET", "full")
    if budget not in ("ci", "full"):
        raise UsageError(f'COURSE_BUDGET is "ci" or "full", not {budget!r}')
    return ci if budget == "ci" else full
