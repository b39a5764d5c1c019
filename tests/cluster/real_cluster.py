"""A real scheduler and real workers, each a process of its own, and a small class of submissions."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.course import find_course
from autograder.judge import Confined, Judge
from autograder.key import Key, load_public_key
from autograder.source import answer_source
from autograder.submission import Submission, exercise_of, graft, role_of

COURSE = find_course(Path(__file__).parent)
UNIT = COURSE.unit("attention")
START_S = 60.0  # for a process on a busy machine

SLOW = "\nimport time\ntime.sleep(0.5)"
FORGED = "import builtins, torch\ntorch.equal = torch.allclose = builtins.isinstance = lambda *_, **__: True"
CLASS = {
    "right": {},
    "slow": {"causal_mask": answer_source(COURSE, UNIT, UNIT.exercise("causal_mask")) + SLOW},
    "wrong": {"causal_mask": "def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k).tril().bool()"},
    "wrong below": {
        "split_heads": "def split_heads(x, n):\n    return x.view(*x.shape[:2], n, -1).permute(0, 2, 1, 3).flip(1)"
    },
    "endless": {"merge_heads": "def merge_heads(x):\n    while True: pass"},
    "greedy": {"causal_mask": "def causal_mask(T_q, T_k):\n    return torch.ones(1 << 36)"},
    "crashing": {"causal_mask": "def causal_mask(T_q, T_k):\n    import os\n    os.abort()"},
    "leaving": {"causal_mask": "import os\nos._exit(0)"},
    "forging": {"causal_mask": f"{FORGED}\ndef causal_mask(T_q, T_k):\n    return True"},
    "blank": {"causal_mask": "def causal_mask(T_q, T_k):\n    raise NotImplementedError()"},
}
Grades = dict[str, list[tuple[object, ...]]]


def solved(name: str, **answers: str) -> NotebookNode:
    """The solved notebook of a unit, with other answers to some exercises."""
    notebook = nbformat.read(COURSE.root / "solutions" / COURSE.unit(name).folder / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        if role_of(cell) == "answer" and exercise_of(cell) in answers:
            cell.source = answers[exercise_of(cell)]
    return notebook


def submission(**answers: str) -> Submission:
    return graft(COURSE, UNIT, solved("attention", **answers))


def short_key() -> Key:
    """The public one, of a course that is less patient."""
    key = load_public_key("attention")
    return replace(key, exercises=tuple(replace(exercise, seconds=0.5) for exercise in key.exercises))


def judge_on(sandbox: Confined | None = None) -> Judge:
    return Judge(short_key(), stand_in=lambda name: answer_source(COURSE, UNIT, UNIT.exercise(name)), sandbox=sandbox)


def grade(
    judge: Judge, submissions: dict[str, Submission], jobs: int = 2, then: Callable[[int], object] = lambda done: None
) -> Grades:
    """All that a verdict says but for measured sizes; `then` hears how many are done."""
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(judge.judge, one): student for student, one in submissions.items()}
        grades: Grades = {}
        for future in as_completed(running):
            grades[running[future]] = [
                (v.outcome, v.score("per-property"), v.misconception, v.used_stand_ins, [r.passed for r in v.results])
                for v in future.result().verdicts
            ]
            then(len(grades))
    return grades


class Cluster:
    """A scheduler, and workers that come and go."""

    def __init__(self, folder: Path, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._folder, self._environment = folder, environment
        self._all: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler()

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", str(self.port))
        self._wait_until(self._answers)
        return self.scheduler

    def start_worker(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """One thread; as long as it is not told otherwise, the process that is returned is the worker itself."""
        where = ("--host", "127.0.0.1", "--local-directory", str(self._folder))
        options = ("--no-nanny", *options) if "--nanny" not in options else options
        return self._start("worker", self.address, *where, "--nthreads", "1", *options, **environment)

    def start_workers(self, num_workers: int, *options: str, **environment: str) -> None:
        """And wait until the scheduler knows them."""
        before = self._log().count("Register worker addr")
        self.workers = [self.start_worker(*options, **environment) for _ in range(num_workers)]
        self._wait_until(lambda: self._log().count("Register worker addr") == before + num_workers)

    def _wait_until(self, happened: Callable[[], bool]) -> None:
        give_up = time.monotonic() + START_S
        while not happened():
            assert time.monotonic() < give_up, self._log()
            time.sleep(0.05)

    def _answers(self) -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0

    def _log(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8")

    def _start(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        known = {name: os.environ[name] for name in ("PATH", "OMP_NUM_THREADS", "PYTHONPATH") if name in os.environ}
        known |= {"HOME": str(self._folder)}
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command, "--no-dashboard"],
                cwd=self._folder,
                env=known | self._environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._all.append(process)
        return process

    def stop(self) -> None:
        for process in self._all:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """By SIGKILL, with all that it started, and not asking twice."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
