"""Two processes that torchrun starts, gloo between them: one model, the same as one process makes."""

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import torch
from tiny_run import OPTIONS, TEXT, losses, tensors, tiny_run

from reference.distributed import Team, team
from reference.pretrain import Report
from reference.runs import read_run

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
FIVE = {"dropout": 0.0, "batch_size": 5}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes alone."""
    return tiny_run(tmp_path_factory.mktemp("runs") / "whole", **FIVE).folder


def assert_nearly_the_same_run(one: Path, other: Path) -> None:
    """The sums of gradients are rounded in another order, and Adam divides by small numbers: 1e-5 after 12 steps."""
    first, second = tensors(one), tensors(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(losses(one), losses(other), strict=True):
        assert dict(ours) == pytest.approx(dict(theirs), rel=1e-5)


def test_shares_cover_a_batch_once() -> None:
    for n in range(9):
        for size in range(1, 5):
            shares = [list(range(n))[Team(rank, size).share(n)] for rank in range(size)]
            assert list(chain.from_iterable(shares)) == list(range(n))
            assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_alone_nothing_is_changed() -> None:
    with team("cpu") as alone:
        alone.add_([tensor := torch.tensor([1.0])])
    assert tensor == 1 and not torch.distributed.is_initialized()


@pytest.mark.slow
def test_one_process_begins_and_two_go_on(whole: Path, tmp_path: Path) -> None:
    """A batch of five: two windows for one process, three for the other."""

    def crash(report: Report) -> None:
        if report.step == 5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        tiny_run(tmp_path / "run", report=crash, **FIVE)
    text = tmp_path / "owl.txt"
    text.write_text(TEXT, encoding="utf-8", newline="\n")
    options = ["--dropout=0", "--batch-size=5", "--eval-every=4", "--device=cpu", "--json"]
    command = ["-m", "reference.pretrain", str(text), "--out", str(tmp_path / "run"), *OPTIONS, *options]
    done = subprocess.run([*TORCHRUN, *command], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["step"] == 12  # one of them speaks
    assert "goes on: 3 of 12 steps are done" in done.stderr
    assert "processes or device are others than before" in done.stderr
    assert_nearly_the_same_run(whole, tmp_path / "run")


@pytest.mark.slow
def test_of_two_processes_one_dies_and_one_goes_on(whole: Path, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)])}
    command = [*TORCHRUN, str(HERE / "dying_run.py"), str(tmp_path), json.dumps(FIVE)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "process 1 stops, because another one of this run has ended" in done.stderr
    assert read_run(tmp_path).step == 3
    assert tiny_run(tmp_path, **FIVE).complete
    assert_nearly_the_same_run(whole, tmp_path)
