"""What the sandbox has answered before is not asked again: the same job in the same environment gives the same frames.

    .autograder/memory/attention-1f0c…/9b/9b41…   frames of one job, compressed, behind their own checksum

A job is named by a hash over all that its answer depends on: its bytes (the student's cells, the seeds, which come from
the course's secret, hidden probes, what stands behind `mygpt`), its limits, the probes and the rest of the engine that
runs beside it, the versions of Python, torch and numpy, the level of isolation. So whoever mends a misconception or a
mark judges a class again without running a line of it, and a run that was killed goes on where it stopped. What ran out
of time is not remembered: a busy machine may have been the cause. The folder may be deleted at any time.
"""

import hashlib
import platform
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Self

from autograder.judge import Confined, runtime_files
from autograder.sandbox import Level, Limits
from autograder.sandbox import Outcome as Ended
from autograder.vault import write_private

LENGTH = struct.Struct("<I")
CHECKSUM = hashlib.sha256().digest_size
FASTEST = 1  # of zlib's levels: a third of the size for a millisecond


class Memory:
    """A sandbox that remembers, around one that does not.

    Args:
        sandbox: what runs a job that is not known yet.
        folder: where frames are kept, for one unit.
        fresh: whether to run everything anew, and remember that instead.
    """

    def __init__(self, sandbox: Confined, folder: Path, fresh: bool = False) -> None:
        self._sandbox, self._root, self._fresh = sandbox, folder, fresh
        self.num_remembered = 0
        self.trouble = ""
        """Why nothing is being remembered any more, in words; a full disk is no reason not to grade."""

    @property
    def level(self) -> Level:
        return self._sandbox.level

    def __enter__(self) -> Self:
        self._sandbox.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._sandbox.__exit__(*error)

    def run(self, job: bytes, limits: Limits) -> Ended:
        """What this job gave before, or gives now."""
        path = self._path(job, limits)
        if not self._fresh and (frames := read_frames(path)) is not None:
            self.num_remembered += 1
            return Ended("finished", tuple(frames), "")
        ended = self._sandbox.run(job, limits)
        if ended.status == "finished" and not any(b'"TimedOut"' in frame for frame in ended.frames):
            self._remember(path, ended.frames)
        return ended

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
        return self._root.with_name(f"{self._root.name}-{environment(self.level)[:16]}")


def environment(level: Level) -> str:
    """A hash over what an answer depends on besides its job."""
    digest = hashlib.sha256()
    torch, numpy = version("torch"), version("numpy")
    for word in (sys.version, platform.machine(), torch, numpy, level.value):
        digest.update(word.encode() + b"\0")
    for path in _files(runtime_files()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in sorted(paths):
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def write_frames(path: Path, frames: Sequence[bytes]) -> None:
    """Whole or not at all."""
    body = zlib.compress(b"".join(LENGTH.pack(len(frame)) + frame for frame in frames), FASTEST)
    write_private(path, hashlib.sha256(body).digest() + body)


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
