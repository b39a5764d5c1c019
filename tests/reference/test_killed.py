"""`kill -9`, at any moment: what is left can be loaded, and the run goes on as if nothing had been."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_run import OPTIONS, TEXT, assert_same_run, tiny_run

from reference.runs import CHECKPOINT

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX's")


@pytest.mark.slow
def test_killed_again_and_again(tmp_path: Path) -> None:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
    command = [sys.executable, str(HERE / "kill_runs.py"), str(tmp_path)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["killed"] >= 5
    assert told["partial"] >= 1, "no kill has met a checkpoint in the middle"
    assert_same_run(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.slow
def test_the_command_killed_and_given_again(tmp_path: Path) -> None:
    text, out = tmp_path / "owl.txt", tmp_path / "run"
    text.write_text(TEXT, encoding="utf-8", newline="\n")
    command = [sys.executable, "-m", "reference.pretrain", str(text), "--out", str(out), "--eval-every=50"]
    command += ["--save-every=10", "--threads=1", *OPTIONS, "--steps=100"]
    process = subprocess.Popen(command, cwd=HERE.parents[1], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (out / CHECKPOINT).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=10) == -signal.SIGKILL
    done = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"{out} goes on: " in done.stderr
    tiny_run(tmp_path / "whole", steps=100, eval_every=50)
    assert_same_run(tmp_path / "whole", out)
