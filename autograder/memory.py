"""What the sandbox has answered before is not asked again: the same job in the same environment gives the same frames.

    .autograder/memory/attention-1f0c…/9b/9b41…   frames of one job, compressed, behind their own checksum

A job is named by a hash over all that its answer depends on: its bytes (the student's cells, the seeds, which come from
the course's secret, hidden probes, what stands behind `mygpt`), its limits, the probes and the rest of the engine that
runs beside it, Python and every installed package, the level of isolation. So whoever mends a misconception or a mark
judges a class again without running a line of it, and a run that was killed goes on where it stopped. Where everything
is known, no sandbox is started. What ran out of time or memory is not remembered: a busy machine may have been the
cause. A unit's answers from another environment are removed. The folder may be deleted at any time.
"""

import hashlib
import platform
import shutil
import struct
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Self

from autograder.course import Course, Unit
from autograder.errors import CourseError
from autograder.judge import Confined, runtime_files
from autograder.sandbox import Level, Limits
from autograder.sandbox import Outcome as Ended
from autograder.vault import ROOM
from autograder.whole import owner_only

LENGTH = struct.Struct("<I")
CHECKSUM = hashlib.sha256().digest_size
FASTEST = 1  # of zlib's levels: a third of the size for a millisecond
BY_CHANCE = (b'"TimedOut"', b'"MemoryError"')
"""In a frame: what an answer may have come to only because others were busy."""


class Memory:
    """A sandbox that remembers, around one that does not.

    Args:
        sandbox: what runs a job that is not known yet; started when there is one.
        folder: where frames are kept, for one unit.
        fresh: whether to run everything anew, and remember that instead.
        where: the environment the sandbox runs jobs in, if it is not this machine's.
    """

    def __init__(self, sandbox: Confined, folder: Path, fresh: bool = False, where: str = "") -> None:
        self._sandbox, self._root, self._fresh, self._where = sandbox, folder, fresh, where
        self._lock = threading.Lock()
        self._started = False
        self._failure: CourseError | None = None
        self.num_remembered = 0
        self.trouble = ""
        """Why nothing is being remembered any more, in words; a full disk is no reason not to grade."""

    @classmethod
    def of_course(cls, course: Course, unit: Unit, sandbox: Confined, fresh: bool = False, where: str = "") -> Self:
        """The memory that lies in a course's folder."""
        return cls(sandbox, course.root / ROOM / "memory" / unit.name, fresh, where)

    @property
    def level(self) -> Level:
        return self._sandbox.level

    @property
    def num_threads(self) -> int:
        return self._sandbox.num_threads

    def __enter__(self) -> Self:
        for other in self._root.parent.glob(f"{self._root.name}-*"):
            if other != self._folder:
                shutil.rmtree(other, ignore_errors=True)
        return self

    def __exit__(self, *error: object) -> None:
        """End the sandbox. One that could not be started is told of here, once, rather than by every submission."""
        if self._started:
            self._sandbox.__exit__(*error)
        elif self._failure and not any(error):
            raise self._failure

    def run(self, job: bytes, limits: Limits) -> Ended:
        """What this job gave before, or gives now."""
        path = self._path(job, limits)
        if not self._fresh and (frames := read_frames(path)) is not None:
            with self._lock:
                self.num_remembered += 1
            return Ended("finished", tuple(frames), "")
        self._start()
        ended = self._sandbox.run(job, limits)
        if ended.status == "finished" and not any(word in frame for frame in ended.frames for word in BY_CHANCE):
            self._remember(path, ended.frames)
        return ended

    def _start(self) -> None:
        with self._lock:
            if self._failure:
                raise self._failure
            if not self._started:
                try:
                    self._sandbox.__enter__()
                except CourseError as error:
                    self._failure = error
                    raise
                self._started = True

    def _remember(self, path: Path, frames: Sequence[bytes]) -> None:
        if self.trouble:
            return
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_frames(path, frames)
        except OSError as error:
            self.trouble = f"{self._root} cannot be written ({error.strerror}), so nothing more is remembered there"

    def _path(self, job: bytes, limits: Limits) -> Path:
        name = hashlib.sha256(repr(asdict(limits)).encode() + b"\0" + job).hexdigest()
        return self._folder / name[:2] / name

    @cached_property
    def _folder(self) -> Path:
        return self._root.with_name(f"{self._root.name}-{(self._where or environment(self.level))[:16]}")


def environment(level: Level) -> str:
    """A hash over what an answer depends on besides its job."""
    digest = hashlib.sha256()
    for word in (sys.version, sys.platform, platform.machine(), level.value, *packages()):
        digest.update(word.encode() + b"\0")
    for path in _files(runtime_files()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def packages() -> list[str]:
    """Name and version of all that is installed: an answer may import any of it."""
    return sorted({path.name for folder in sys.path if folder for path in Path(folder).glob("*-info")})


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in sorted(paths):
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def write_frames(path: Path, frames: Sequence[bytes]) -> None:
    """Straight to their place: whoever reads half of a file, or two writers' mixed, sees it by the checksum."""
    body = zlib.compress(b"".join(LENGTH.pack(len(frame)) + frame for frame in frames), FASTEST)
    with open(path, "wb", opener=owner_only) as file:
        file.write(hashlib.sha256(body).digest() + body)


def read_frames(path: Path) -> list[bytes] | None:
    """The frames that were written there; None where there are none, or the file is damaged."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    checksum, body = raw[:CHECKSUM], raw[CHECKSUM:]
    if hashlib.sha256(body).digest() != checksum:
        return None
    data, frames = zlib.decompress(body), []
    while data:
        (length,) = LENGTH.unpack_from(data)
        frames.append(data[LENGTH.size : LENGTH.size + length])
        data = data[LENGTH.size + length :]
    return frames
