"""What lies in a student's folder: ordinary files of the right kind, however they are called and nested.

No link is followed, nothing but an ordinary file is opened, and what is skipped is told.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.course import Unit
from autograder.errors import NeedsPerson
from autograder.submission.archives import Allowance, is_archive, members

MAX_BYTES = 128 << 20
"""Of one file. A notebook with 100 MB of outputs is read."""
MAX_FILES = 5_000
SKIPPED = (".ipynb_checkpoints", "__MACOSX")
SCRIPTS = (".py", ".md")
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")


@dataclass(frozen=True, slots=True)
class HandedFile:
    """A file that may be the notebook."""

    name: str
    """As it may be shown: with its folders, or the archives it was in."""
    raw: bytes
    rank: int
    """0 where it lies and is called as it should, 1 where it is only called so, 2 otherwise."""

    @property
    def is_script(self) -> bool:
        return self.name.lower().endswith(SCRIPTS)


def shown(name: str, longest: int = 100) -> str:
    """A name that a student gave, fit for a terminal: no escape, no newline, nothing that turns the text around."""
    name = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name.replace("”", '"'))
    return name if len(name) <= longest else f"{name[: longest // 2]}…{name[-(longest // 2) :]}"


def quoted(name: str) -> str:
    """The same within a sentence, marked, so that a report without names can leave it out."""
    return f"“{shown(name)}”"


def refuse_unsafe_name(student: str) -> None:
    """nbgrader's pages take a student's name for markup, and some for a piece of script.

    Raises:
        NeedsPerson: it holds what they would run.
    """
    if re.search(r'[<>"\\]', student) or not student.isprintable():
        raise NeedsPerson(f"the folder {quoted(student)} has < > \" \\ or a control character in its name. Rename it")


def files_in(folder: Path, unit: Unit, told: list[str]) -> Iterator[HandedFile]:
    """Every file below `folder` that may be the unit's notebook, archives opened.

    Args:
        folder: of one student's submission.
        unit: whose notebook is looked for.
        told: gets what was passed over, in words.

    Raises:
        NeedsPerson: the folder itself cannot be looked into.
    """
    refuse_unsafe_name(folder.parent.name)
    for place in (folder, folder.parent):
        if place.is_symlink():
            raise NeedsPerson(f"{quoted(place.name)} is a link, and links are not followed. Put the files there")
    for path in _walk(folder, told):
        name = path.relative_to(folder).as_posix()
        if _may_be_one(name):
            try:
                yield from _opened(name, read_file(path, quoted(name)), unit)
            except NeedsPerson as problem:
                told.append(str(problem))
        elif name.lower().endswith(OTHER_ARCHIVES):
            told.append(f"{quoted(name)} is an archive of a kind that is not opened here. Unpack it, and grade again")


def read_file(path: Path, name: str) -> bytes:
    """An ordinary file's bytes; a pipe is not waited for, a link not followed.

    Raises:
        NeedsPerson: it is something else, too large, or cannot be read.
    """
    flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_NOCTTY"))
    try:
        if path.is_symlink():  # Windows knows no O_NOFOLLOW
            raise OSError(errno.ELOOP, "")
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise NeedsPerson(f"{name} is {_kind(found.st_mode)} and not a file. Ask for the notebook itself")
            raw = file.read(MAX_BYTES + 1) if found.st_size <= MAX_BYTES else b""
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NeedsPerson(f"{name} is a link, and links are not followed. Ask for the notebook itself") from None
        raise NeedsPerson(f"{name} cannot be read: {error.strerror or type(error).__name__}") from None
    if found.st_size > MAX_BYTES or len(raw) > MAX_BYTES:
        size = max(found.st_size, len(raw)) >> 20
        raise NeedsPerson(f"{name} is {size} MiB large; up to {MAX_BYTES >> 20} are read. Clear its outputs")
    return raw


def _walk(folder: Path, told: list[str]) -> Iterator[Path]:
    """Ordinary files, the upper ones first, by name."""
    waiting, num_files = [folder], 0
    for place in waiting:
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
            modes = [(entry, entry.stat(follow_symlinks=False).st_mode) for entry in entries]
        except OSError as error:
            inside = "the folder" if place == folder else quoted(place.relative_to(folder).as_posix())
            told.append(f"{inside} cannot be read: {error.strerror}")
            continue
        num_files += len(entries)
        if num_files > MAX_FILES:
            told.append(f"more than {MAX_FILES:,} files lie there; the rest was not looked at")
            return
        for entry, mode in modes:
            if entry.name in SKIPPED or entry.name.startswith("._"):
                continue
            if stat.S_ISREG(mode):
                yield Path(entry.path)
            elif _may_be_one(entry.name):
                name = quoted(Path(entry.path).relative_to(folder).as_posix())
                told.append(f"{name} is {_kind(mode)} and not a file. Ask for the notebook itself")
            if stat.S_ISDIR(mode):
                waiting.append(Path(entry.path))


def _may_be_one(name: str) -> bool:
    name = name.lower()
    return ".ipynb" in name or name.endswith((".zip", ".json", *SCRIPTS))


def _kind(mode: int) -> str:
    kinds = {stat.S_ISLNK: "a link", stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a pipe", stat.S_ISSOCK: "a socket"}
    return next((words for is_kind, words in kinds.items() if is_kind(mode)), "a device")


def _opened(name: str, raw: bytes, unit: Unit) -> Iterator[HandedFile]:
    if is_archive(raw):
        for inside, content in members(raw, quoted(name), _may_be_one, Allowance()):
            yield HandedFile(shown(f"{name} › {inside}"), content, _rank(inside.rpartition(" › ")[2], unit, 1))
    elif not name.lower().endswith(".zip"):
        yield HandedFile(shown(name), raw, _rank(name, unit, 0))
    else:
        raise NeedsPerson(f"{quoted(name)} is no zip file, whatever its name says. Ask for the notebook itself")


def _rank(name: str, unit: Unit, least: int) -> int:
    exact = f"{unit.name}.ipynb"
    return max(least, 0 if name == exact else 1 if PurePosixPath(name).name == exact else 2)
