"""A process for each job: the way of macOS and Windows, tried here on whatever this is."""

import os
import threading
import time
from dataclasses import replace

import pytest
from conftest import SHORT, values

from autograder.errors import SandboxError
from autograder.sandbox import Level, Sandbox, trial
from autograder.sandbox import sandbox as sandbox_module
from autograder.sandbox.fresh_process import FreshProcess
from autograder.sandbox.order import Order


@pytest.fixture
def fresh() -> FreshProcess:
    return FreshProcess(Order("exec_handler:run", (), (), Level.UNSAFE))


def test_a_job_runs_with_a_small_environment(fresh: FreshProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_SECRET", "hidden")
    outcome = fresh.run(b"print('noise'); send('COURSE_SECRET' in os.environ); send(os.listdir('.'))", SHORT)
    assert (outcome.status, values(outcome)) == ("finished", [False, []])


@pytest.mark.parametrize(
    ("source", "status", "detail"),
    [
        ("time.sleep(60)", "timed out", "It was stopped after 0.5 s."),
        ("os._exit(3)", "crashed", "It left with exit code 3 before it had finished."),
        ("os.write(1, b'x'); os.kill(os.getpid(), 11)", "crashed", "It was ended by SIGSEGV."),
        ("while True: send_bytes(bytes(100_000))", "crashed", "It sent more than the limit on its output."),
        ("raise MemoryError", "out of memory", "It wanted more than 256 MiB."),
    ],
)
def test_frames_before_the_fall_are_kept(fresh: FreshProcess, source: str, status: str, detail: str) -> None:
    outcome = fresh.run(f"send('kept')\n{source}".encode(), replace(SHORT, wall_s=0.5))
    assert (outcome.status, outcome.detail, outcome.frames[0]) == (status, detail, b"'kept'")


def test_a_handler_that_is_not_there_refuses_the_job() -> None:
    outcome = FreshProcess(Order("no_such_module:run", (), (), Level.UNSAFE)).run(b"", SHORT)
    assert (outcome.status, outcome.frames) == ("refused", ())


def test_closing_refuses_what_runs(fresh: FreshProcess) -> None:
    threading.Timer(0.5, fresh.close).start()
    started = time.monotonic()
    assert fresh.run(b"time.sleep(60)", replace(SHORT, wall_s=30)).status == "refused"
    assert time.monotonic() - started < 5


def test_other_systems_get_it_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(sandbox_module, "best_level", trial.best_level.__wrapped__)
    monkeypatch.setattr(sandbox_module, "weakness", trial.weakness.__wrapped__)
    monkeypatch.setattr(trial, "weakness", trial.weakness.__wrapped__)
    with pytest.raises(SandboxError, match="it needs Linux"):
        Sandbox(handler="exec_handler:run")
    with Sandbox(handler="exec_handler:run", allow_unsafe=True) as sandbox:
        assert values(sandbox.run(b"send(1)", SHORT)) == [1]
        assert (sandbox.level, sandbox.walls) == (Level.UNSAFE, ("limits",))


def test_no_descriptor_is_lost(fresh: FreshProcess) -> None:
    fresh.run(b"send(1)", SHORT)
    before = os.listdir("/proc/self/fd")
    fresh.run(b"os._exit(1)", SHORT)
    assert len(os.listdir("/proc/self/fd")) == len(before)
