"""The same escapes and limits, tried by a judge who is not root: other means confine there (user namespaces)."""

from pathlib import Path

import pytest
from nobody import run_as_nobody

HERE = Path(__file__).resolve().parent
CHECKED = ("test_escapes.py", "test_limits.py")
CHOSEN = "test_escapes or threads or memory"


@pytest.mark.slow
def test_everything_holds_for_nobody(require) -> None:
    run_as_nobody(require, ["-k", CHOSEN, *(str(HERE / name) for name in CHECKED)])
