"""`kill -9` at any moment, fifty times: the same command once more ends in the gradebook of an undisturbed run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans and audit hooks are watched as Linux has them")


@pytest.mark.slow
def test_killed_again_and_again(tmp_path: Path) -> None:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    command = [sys.executable, str(HERE / "kill_grading.py"), str(tmp_path), "--kills", "50", "--seed", "0"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["findings"] == []
    assert told["killed"] >= 50 and min(told["ends"]["time"], told["ends"]["event"]) >= 10
