"""For all tests: one thread, and no silence about a program that is missing."""

import os
from collections.abc import Callable

import pytest

# Two workers of pytest-xdist on two cores. Set here, before anything imports torch, and inherited by subprocesses.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def require() -> Callable[[str, bool, str], None]:
    """`require("bubblewrap", shutil.which("bwrap") is not None, "isolates each submission")` at the top of a test.

    Without the program the test is skipped, and says so; where REQUIRE_REAL is set, as in .ci/run, it fails.
    """

    def require(name: str, present: bool, why: str) -> None:
        if present:
            return
        sentence = f"{name} is missing here, and it {why}"
        if os.environ.get("REQUIRE_REAL"):
            pytest.fail(f"{sentence}; REQUIRE_REAL is set, so this is no skip", pytrace=False)
        pytest.skip(sentence)

    return require
