"""Jobs side by side, and what is left when something dies: nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import HANDLER, SHORT, open_sandbox, values

from autograder.errors import SandboxError
from autograder.sandbox import Level, Sandbox
from autograder.sandbox.trial import weakness

LEVELS = [level for level in Level if level is Level.UNSAFE or not weakness(level)]
HERE = Path(__file__).parent
LONG_JOB = b"send('here'); time.sleep(60)"
JUDGE = f"""
import sys
sys.path[:0] = [{str(HERE)!r}, {str(HERE.parents[1])!r}]
from conftest import open_sandbox
from autograder.sandbox import Level
with open_sandbox(Level(sys.argv[1])) as sandbox:
    print("ready", flush=True)
    sandbox.run(b"time.sleep(60)")
"""

every_level = pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.value)


def children(pid: int) -> set[int]:
    try:
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))
    except (FileNotFoundError, ProcessLookupError):
        return set()


def descendants(pid: int) -> set[int]:
    """A process's children, and theirs."""
    return children(pid).union(*map(descendants, children(pid)))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second: it ended between opening and reading
        return False


def eventually(condition: Callable[[], bool], seconds: float = 5) -> bool:
    """Processes take a moment to die."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def zygote_of(sandbox: Sandbox) -> int:
    """The warm process; bubblewrap is its parent and grandparent."""
    pid = sandbox._runner._process.pid
    for _ in range(2 if sandbox.level is Level.NAMESPACES else 0):
        (pid,) = children(pid)
    return pid


def test_jobs_run_side_by_side(any_sandbox) -> None:
    def run(number: int) -> list[object]:
        return values(any_sandbox.run(f"time.sleep(0.5); send({number})".encode()))

    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(8))) == [[number] for number in range(8)]
    assert time.monotonic() - started < 8 * 0.5 / 2


def test_attackers_side_by_side_with_honest_jobs(any_sandbox) -> None:
    attacks = ["os._exit(1)", "os.write(3, b'garbage' * 9)", "bytearray(1 << 40)", "ctypes.string_at(0)"]
    jobs = [source for attack in attacks for source in (attack, "time.sleep(0.1); send('honest')")]
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda source: any_sandbox.run(source.encode(), SHORT), jobs))
    assert {outcome.status for outcome in outcomes[::2]} == {"crashed", "out of memory"}
    assert [values(outcome) for outcome in outcomes[1::2]] == [["honest"]] * 4


def test_hundreds_of_jobs_leave_no_trace(any_sandbox) -> None:
    zygote = zygote_of(any_sandbox)

    def descriptors() -> int:
        return len(os.listdir(f"/proc/{zygote}/fd"))

    def pages_after(jobs: int) -> int:
        for _ in range(jobs):
            assert any_sandbox.run(b"send(bytearray(1 << 20).count(0))").status == "finished"
        return int(Path(f"/proc/{zygote}/statm").read_text(encoding="ascii").split()[1])

    before = descriptors()
    pages = pages_after(20)
    assert pages_after(120) - pages < 256  # one MiB
    assert eventually(lambda: not children(zygote) and descriptors() <= before)


def test_a_daemon_does_not_survive(unsafe_sandbox) -> None:
    """Where forking is possible at all, which is only at the unsafe level."""
    outcome = unsafe_sandbox.run(b"""
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        send(os.getpid())
        time.sleep(60)
    os._exit(0)
time.sleep(0.3)
""")
    (daemon,) = values(outcome)
    assert eventually(lambda: not is_alive(daemon))


def test_a_fork_bomb_does_not_survive(unsafe_sandbox) -> None:
    zygote = zygote_of(unsafe_sandbox)
    outcome = unsafe_sandbox.run(b"for _ in range(5): os.fork()\ntime.sleep(60)", replace(SHORT, wall_s=1))
    assert outcome.status == "timed out"
    assert eventually(lambda: not descendants(zygote))


@every_level
def test_a_dead_warm_process_is_replaced(level: Level) -> None:
    with open_sandbox(level) as sandbox, ThreadPoolExecutor(1) as pool:
        zygote = zygote_of(sandbox)
        job = pool.submit(sandbox.run, LONG_JOB)
        assert eventually(lambda: bool(descendants(zygote)))
        (child,) = descendants(zygote)
        time.sleep(0.2)
        os.kill(zygote, signal.SIGKILL)
        assert job.result(timeout=5).status == "refused"
        assert eventually(lambda: not is_alive(child))
        assert values(sandbox.run(b"send(1)")) == [1]

        os.kill(zygote_of(sandbox), signal.SIGKILL)  # this time no job was running, so none is lost
        assert values(sandbox.run(b"send(2)")) == [2]


@every_level
def test_closing_ends_what_runs(level: Level) -> None:
    with ThreadPoolExecutor(1) as pool:
        with open_sandbox(level) as sandbox:
            root = sandbox._runner._process.pid
            job = pool.submit(sandbox.run, LONG_JOB)
            time.sleep(0.3)
            everything = {root} | descendants(root)
        assert job.result(timeout=5).status == "refused"
    assert not any(map(is_alive, everything))
    with pytest.raises(SandboxError, match="closed"):
        sandbox.run(b"send(1)")


@every_level
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_everything_ends_with_the_judge(level: Level, number: int, tmp_path: Path) -> None:
    judge = subprocess.Popen(
        [sys.executable, "-c", JUDGE, level.value],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        text=True,
    )
    with judge:
        assert judge.stdout.readline() == "ready\n"
        time.sleep(0.3)
        everything = descendants(judge.pid)
        judge.send_signal(number)
        judge.wait(timeout=5)
    assert len(everything) >= 2
    assert eventually(lambda: not any(map(is_alive, everything)))
    assert eventually(lambda: not list(tmp_path.iterdir()))


@every_level
def test_no_scratch_folder_is_left(level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_sandbox(level) as sandbox:
        assert sandbox.run(b"os.mkdir('d'); open('d/f', 'w').write('x'); os._exit(1)").status == "crashed"
        assert eventually(lambda: not [path for path in tmp_path.glob("*/*") if path.name.isdigit()])
    assert list(tmp_path.iterdir()) == []


def test_a_sandbox_starts_on_first_use_from_any_thread() -> None:
    """And outlives the thread that started it."""
    sandbox = Sandbox(handler="exec_handler:run", readable=[HANDLER], allow_unsafe=True)
    thread = threading.Thread(target=sandbox.run, args=(b"send(1)",))
    thread.start()
    thread.join()
    time.sleep(0.1)
    zygote = zygote_of(sandbox)
    assert values(sandbox.run(b"send(2)")) == [2]
    assert zygote_of(sandbox) == zygote
    sandbox.close()
