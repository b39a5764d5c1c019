"""How hard the fuzz tests try.

By default a few examples, the same every time. `FUZZ=100000 pytest tests -k fuzz` tries so many for each test, others
each time; what it finds is printed as a decorator that repeats it.
"""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

FUZZ = int(os.environ.get("FUZZ", "0"))
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "build-a-gpt-fuzz")  # it would write into the repository


def fuzzed(max_examples: int) -> settings:
    """So many examples, or what FUZZ says."""
    return settings(
        max_examples=FUZZ or max_examples,
        derandomize=not FUZZ,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
