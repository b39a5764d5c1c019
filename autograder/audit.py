"""The log of grades that changed: `.autograder/audit.jsonl`, one JSON object a line, only ever added to.

    {"when": "2026-11-29T13:20:00+00:00", "who": "ada", "command": "regrade", "unit": "02-bpe", "student": "bo",
     "exercises": {"merge": [0.0, 3.0]}, "total": [14.0, 17.0], "answers": "5e…", "key": "a3…", "isolation":
     "namespaces", "before": "9c…"}

A first grade has no line: nothing stood before it. A line is on the disk before the gradebook changes. Where the
machine dies between the two, the old grade stands; the next run writes a line again and then the grade. So of two lines
that follow each other about a student and say the same "from", only the later was carried out; and no change is
without its line.
"before" is a hash of the line before, so a line that was altered or taken out shows as soon as another follows it.
"""

import contextlib
import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from autograder.errors import GraderBroke
from autograder.whole import owner_only

LOG = "audit.jsonl"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log; `entry` is None where the machine died while it was written."""

    raw: bytes
    entry: dict[str, Any] | None

    def __str__(self) -> str:
        if (entry := self.entry) is None:
            return "(cut short: the machine stopped while this line was written, and nothing was changed)"
        points = [f"{name} {_step(pair)}" for name, pair in entry["exercises"].items()]
        told = "; ".join([*points, f"total {_step(entry['total'])}"])
        return f"{entry['when']}  {entry['who']}  {entry['command']} {entry['unit']}  {entry['student']}: {told}"


class AuditLog:
    """Adds lines to a log, which it looks through first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size, self._last = -1, ""

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add a line, and see it onto the disk.

        Raises:
            GraderBroke: the log is damaged or cannot be written; nothing may change then.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(self.path, "a+b", opener=owner_only) as file, _alone(file):
                self._append(file, {"when": datetime.now(UTC).isoformat(timespec="seconds"), "who": user(), **entry})
        except OSError as error:
            raise GraderBroke(
                f"{self.path} cannot be written ({error.strerror}), and no grade is changed without a line in it. "
                "What was written before is whole; mend that, then run the same command again."
            ) from error

    def _append(self, file: IO[bytes], entry: dict[str, Any]) -> None:
        if file.seek(0, os.SEEK_END) != self._size:  # the first time, or somebody else wrote
            file.seek(0)
            lines = read(self.path, file.read())
            self._last = _hash(lines[-1].raw) if lines else ""
        torn = file.tell() > 0 and not self._ends_well(file)
        raw = json.dumps({**entry, "before": self._last}, ensure_ascii=False).encode("utf-8", "backslashreplace")
        file.write(b"\n" * torn + raw + b"\n")
        file.flush()
        os.fsync(file.fileno())
        self._size, self._last = file.tell(), _hash(raw)

    def _ends_well(self, file: IO[bytes]) -> bool:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def read(path: Path, data: bytes | None = None) -> list[Line]:
    """All lines of a log, the oldest first; none where there is no log.

    Raises:
        GraderBroke: a line is not what was written there.
    """
    if data is None:
        data = path.read_bytes() if path.exists() else b""
    lines, last = list[Line](), ""
    for number, raw in enumerate(data.removesuffix(b"\n").split(b"\n") if data else (), start=1):
        entry = _parsed(raw)
        if entry is not None and entry.get("before") != last:
            raise GraderBroke(
                f"{path} is damaged: line {max(number - 1, 1)} is not what was written there. No grade was changed. "
                "Find out what happened and keep the file under another name; then the next change begins a new one."
            )
        lines.append(Line(raw, entry))
        last = _hash(raw)
    return lines


def user() -> str:
    """Who runs this, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a number without a name, as in some containers
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _step(pair: list[float | None]) -> str:
    return " → ".join("–" if points is None else f"{points:g}" for points in pair)


def _parsed(raw: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(ValueError):
        entry = json.loads(raw)
        return entry if isinstance(entry, dict) else None
    return None


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


@contextlib.contextmanager
def _alone(file: IO[bytes]) -> Iterator[None]:
    """While no other process adds a line. On Windows, two at the same instant are not told apart."""
    with contextlib.suppress(ImportError):
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed
    yield
