"""The same submissions can be given to stock nbgrader, and this machine comes to no harm."""

import shutil
from pathlib import Path

import pytest
from hostile_class import ATTACKS
from scenario import Earns
from stock import Stock

pytestmark = pytest.mark.slow
GAIN = ("input-transformer", "fake-grader")


def test_two_that_gain_full_marks_there(tmp_path: Path, require) -> None:
    """With us they earn nothing: test_hostile.py."""
    require("bubblewrap", shutil.which("bwrap") is not None, "is around every stock run")
    stock = Stock(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in stock.template.root.rglob("*")}
    ran = stock.run([ATTACKS[name] for name in GAIN])
    assert {name: one.points for name, one in ran.items()} == dict.fromkeys(GAIN, 6.0)
    assert all(one.honest and one.finished for one in ran.values())
    assert all(ATTACKS[name].earns is Earns.NOTHING for name in GAIN)
    assert {path: path.stat().st_mtime_ns for path in stock.template.root.rglob("*")} == before
