"""What is remembered is what was answered; what is damaged, late or otherwise made is asked again."""

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder import memory
from autograder.errors import SandboxError
from autograder.memory import Memory, read_frames, write_frames
from autograder.sandbox import Level, Limits
from autograder.sandbox import Outcome as Ended

JOB, FRAMES = b"a job", (b"\0\0\0\0one", b"", bytes(range(256)) * 1000)
ANSWER = Ended("finished", FRAMES, "")


@dataclass
class Sandbox:
    """Stands where the real one stands, and counts."""

    answer: Ended = ANSWER
    level: Level = Level.NAMESPACES
    jobs: list[bytes] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    fails: bool = False

    def __enter__(self) -> "Sandbox":
        self.seen.append("started")
        if self.fails:
            raise SandboxError("there is no sandbox")
        return self

    def __exit__(self, *_: object) -> None:
        self.seen.append("ended")

    def run(self, job: bytes, limits: Limits) -> Ended:
        self.jobs.append(job)
        return self.answer


def test_the_same_job_is_run_once(tmp_path: Path) -> None:
    sandbox = Sandbox()
    first = Memory(sandbox, tmp_path / "unit").run(JOB, Limits())
    again = Memory(sandbox, tmp_path / "unit")
    assert again.run(JOB, Limits()) == first == sandbox.answer
    assert (len(sandbox.jobs), again.num_remembered) == (1, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda sandbox, _: (JOB + b".", Limits()),
        lambda sandbox, _: (JOB, Limits(wall_s=21)),
        lambda sandbox, _: (setattr(sandbox, "level", Level.LANDLOCK), (JOB, Limits()))[1],
        lambda sandbox, patch: (patch(memory, "packages", lambda: ["torch-0.dist-info"]), (JOB, Limits()))[1],
        lambda sandbox, patch: (patch(memory, "runtime_files", lambda: [Path(__file__)]), (JOB, Limits()))[1],
    ],
    ids=["job", "limits", "isolation", "packages", "engine"],
)
def test_anything_else_is_another_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable) -> None:
    sandbox = Sandbox()
    Memory(sandbox, tmp_path / "unit").run(JOB, Limits())
    job, limits = change(sandbox, monkeypatch.setattr)
    Memory(sandbox, tmp_path / "unit").run(job, limits)
    assert len(sandbox.jobs) == 2


@pytest.mark.parametrize(
    "answer",
    [
        Ended("timed out", FRAMES, ""),
        Ended("crashed", FRAMES, ""),
        Ended("refused", (), "no sandbox"),
        Ended("finished", (b'\x30\0\0\0["raised","TimedOut","",null,""]',), ""),
        Ended("finished", (b'\x33\0\0\0["raised","MemoryError","",null,""]',), ""),
    ],
    ids=lambda answer: answer.status,
)
def test_what_a_busy_machine_may_have_caused_is_asked_again(tmp_path: Path, answer: Ended) -> None:
    sandbox = Sandbox(answer)
    for _ in range(2):
        assert Memory(sandbox, tmp_path / "unit").run(JOB, Limits()) == answer
    assert len(sandbox.jobs) == 2


def test_fresh_asks_again_and_remembers_that(tmp_path: Path) -> None:
    Memory(Sandbox(), tmp_path / "unit").run(JOB, Limits())
    newer = Ended("finished", (b"newer",), "")
    assert Memory(Sandbox(newer), tmp_path / "unit", fresh=True).run(JOB, Limits()) == newer
    assert Memory(Sandbox(), tmp_path / "unit").run(JOB, Limits()) == newer


@pytest.mark.parametrize("place", [0, 31, 32, 40, -1])
def test_a_damaged_file_is_no_memory(tmp_path: Path, place: int) -> None:
    path = tmp_path / "frames"
    write_frames(path, FRAMES)
    whole = path.read_bytes()
    assert read_frames(path) == list(FRAMES)
    path.write_bytes(whole[:place])
    assert read_frames(path) is None
    damaged = bytearray(whole)
    damaged[place] ^= 1
    path.write_bytes(damaged)
    assert read_frames(path) is None


def test_a_full_disk_is_told_and_does_not_stop_the_grading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(memory, "write_frames", full)
    sandbox = Sandbox()
    forgetful = Memory(sandbox, tmp_path / "unit")
    for _ in range(2):
        assert forgetful.run(JOB, Limits()) == sandbox.answer
    assert "No space left on device" in forgetful.trouble and "unit" in forgetful.trouble


def test_where_everything_is_known_no_sandbox_is_started(tmp_path: Path) -> None:
    first, second = Sandbox(), Sandbox()
    for sandbox in (first, second):
        with Memory(sandbox, tmp_path / "unit") as remembering:
            remembering.run(JOB, Limits())
            remembering.run(JOB, Limits())
    assert (first.seen, second.seen) == (["started", "ended"], [])


def test_a_sandbox_that_cannot_be_started_is_tried_once_and_told_of_at_the_end(tmp_path: Path) -> None:
    sandbox = Sandbox(fails=True)
    with pytest.raises(SandboxError, match="there is no sandbox"), Memory(sandbox, tmp_path / "unit") as remembering:
        for _ in range(3):
            with pytest.raises(SandboxError):
                remembering.run(JOB, Limits())
    assert (sandbox.seen, sandbox.jobs) == (["started"], [])


def test_answers_from_another_environment_are_removed_and_other_units_kept(tmp_path: Path) -> None:
    for unit, level in (("unit", Level.LANDLOCK), ("other", Level.LANDLOCK), ("unit", Level.NAMESPACES)):
        with Memory(Sandbox(level=level), tmp_path / unit) as remembering:
            remembering.run(JOB, Limits())
    current = f"unit-{memory.environment(Level.NAMESPACES)[:16]}", f"other-{memory.environment(Level.LANDLOCK)[:16]}"
    assert {path.name for path in tmp_path.iterdir()} == {*current}


def test_many_threads_may_ask_the_same_at_once(tmp_path: Path) -> None:
    sandbox = Sandbox()
    with Memory(sandbox, tmp_path / "unit") as remembering, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: remembering.run(JOB, Limits()), range(64)))
    assert answers == [ANSWER] * 64 and not remembering.trouble
    assert len(sandbox.jobs) + remembering.num_remembered == 64 and sandbox.seen == ["started", "ended"]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [remembering._path(JOB, Limits()).name]
