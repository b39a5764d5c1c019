"""Files that are written whole or not at all: what was there before stays until its successor is complete."""

import contextlib
import os
import re
import shutil
import threading
from pathlib import Path

DRAFT = re.compile(r"\..+\.(\d+)-\d+\.part(-journal)?")
"""A name that `draft_of` gave, and what SQLite keeps beside a file of that name."""


def write_whole(path: Path, data: bytes, private: bool = False) -> None:
    """Write a file beside its place, then move it there. A private one can be read by its owner only.

    Raises:
        OSError: it names `path`, which is as it was.
    """
    draft = write_draft(path, data, private)
    try:
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _at(path, error) from error


def write_once(path: Path, data: bytes) -> None:
    """Write a private file that outlives a power cut, unless there is one: of two writers, the first wins."""
    place_once(write_draft(path, data, private=True, lasting=True), path)


def owner_only(path: str, flags: int) -> int:
    """`open(path, "wb", opener=owner_only)`: if the file is made now, nobody else can read it."""
    return os.open(path, flags, 0o600)


def draft_of(path: Path) -> Path:
    """Where a file grows that will be `path`; nobody else writes there."""
    return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")


def write_draft(path: Path, data: bytes, private: bool, lasting: bool = False) -> Path:
    """A file that will be `path`, complete; its name."""
    draft = draft_of(path)
    try:
        with open(draft, "wb", opener=owner_only if private else None) as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise _at(path, error) from error
    return draft


def place_once(draft: Path, path: Path) -> None:
    """Give a finished file its name, unless the name is taken: then what has it stays."""
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    except OSError:  # a file system without links; two writers in the same instant are not told apart there
        if not path.exists():
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def remove_drafts(*folders: Path) -> None:
    """Remove what killed processes of this machine have left there; a process that still runs keeps its own."""
    for draft in (path for folder in folders for path in folder.glob(".*.part*")):
        if (found := DRAFT.fullmatch(draft.name)) and not _runs(int(found[1])):
            shutil.rmtree(draft, ignore_errors=True) if draft.is_dir() else draft.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    if os.name != "posix":  # where asking would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _at(path: Path, error: OSError) -> OSError:
    """The same error, with the place in it: a full disk does not say which file it was."""
    return OSError(error.errno, error.strerror, str(path))
