"""What is remembered is what was answered; what is damaged, late or otherwise made is asked again."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder import memory
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

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        return None

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
        lambda sandbox, patch: (patch(memory, "version", lambda package: "0"), (JOB, Limits()))[1],
        lambda sandbox, patch: (patch(memory, "runtime_files", lambda: [Path(__file__)]), (JOB, Limits()))[1],
    ],
    ids=["job", "limits", "isolation", "torch", "engine"],
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

    monkeypatch.setattr(memory, "write_private", full)
    sandbox = Sandbox()
    forgetful = Memory(sandbox, tmp_path / "unit")
    for _ in range(2):
        assert forgetful.run(JOB, Limits()) == sandbox.answer
    assert "No space left on device" in forgetful.trouble and "unit" in forgetful.trouble
