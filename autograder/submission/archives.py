"""Zip files, read in memory. Nothing is ever unpacked to a file, so no name inside can lead anywhere."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from autograder.errors import NeedsPerson

MAX_ENTRIES = 1_000
MAX_DEPTH = 3
"""A zip in a zip in a zip is opened, another one in it is not."""
MAX_BYTES = 256 << 20
"""Of all that is read out of one archive and those in it."""
MAX_RATIO = 200
"""So many times its packed size an entry may have: text with pictures packs to a tenth, a bomb to a thousandth."""
SMALL = 1 << 20
END = struct.Struct("<4s4H2LH")  # the record at the end of an archive, which says how long its list of entries is

Problem = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, LookupError)
"""What `zipfile` raises on bytes of a stranger; NotImplementedError is a RuntimeError, and so is a missing password."""


@dataclass(slots=True)
class Allowance:
    """What may still be read out of an archive."""

    num_bytes: int = MAX_BYTES
    num_entries: int = MAX_ENTRIES

    def spend(self, num_bytes: int, name: str) -> None:
        self.num_bytes -= num_bytes
        if self.num_bytes < 0:
            raise NeedsPerson(f"{name} is an archive that unpacks to more than {MAX_BYTES >> 20} MiB: not opened")


def is_archive(raw: bytes) -> bool:
    return raw.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def members(
    raw: bytes, name: str, wanted: Callable[[str], bool], allowance: Allowance, depth: int = 1
) -> Iterator[tuple[str, bytes]]:
    """The name and bytes of every wanted file in an archive, also in archives inside it.

    Args:
        raw: the archive.
        name: what to call it, fit to be shown.
        wanted: says by its name whether a file is worth reading; an archive always is.
        allowance: what may still be read.
        depth: how many archives this one is in, itself counted.

    Raises:
        NeedsPerson: it is damaged, protected, or larger than it has a right to be.
    """
    _look_at_the_list(raw, name)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = archive.infolist()
            allowance.num_entries -= len(entries)
            if allowance.num_entries < 0:
                raise NeedsPerson(f"{name} is an archive of more than {MAX_ENTRIES:,} files: not opened")
            for entry in entries:
                inside = entry.filename
                if _is_plain_file(entry) and (wanted(inside) or inside.lower().endswith(".zip")):
                    found = _read(archive, entry, name, allowance)
                    if not is_archive(found):
                        yield inside, found
                    elif depth < MAX_DEPTH:
                        for deeper, content in members(found, name, wanted, allowance, depth + 1):
                            yield f"{inside} › {deeper}", content
    except Problem as error:
        told = "protected by a password" if "password" in str(error) else "damaged, or of a kind that is not read here"
        raise NeedsPerson(f"{name} is an archive that is {told}. Ask for the notebook itself") from None


def _look_at_the_list(raw: bytes, name: str) -> None:
    """How long is the list of entries? `zipfile` would read all of it before anybody can count."""
    place = raw.rfind(b"PK\x05\x06", -(END.size + (1 << 16)))
    if place < 0 or len(raw) < place + END.size:
        raise NeedsPerson(f"{name} is an archive that is cut off. Ask for it again")
    *_, size, _, _ = END.unpack_from(raw, place)
    if raw[max(0, place - 20) : place].startswith(b"PK\x06\x07") or size > MAX_ENTRIES * 400:
        raise NeedsPerson(f"{name} is an archive with an endless list of files: not opened")


def _is_plain_file(entry: zipfile.ZipInfo) -> bool:
    kind = (entry.external_attr >> 16) & 0o170000
    return entry.filename not in ("", "/") and not entry.is_dir() and kind in (0, 0o100000)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, allowance: Allowance) -> bytes:
    """One entry. `zipfile` stops at the size that the entry claims, so the claim can be held against it."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # the others cannot be read in portions
        raise NotImplementedError(entry.compress_type)
    if entry.file_size > SMALL and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
        raise NeedsPerson(f"{name} is an archive that unpacks to {MAX_RATIO} times its size (a zip bomb?): not opened")
    allowance.spend(entry.file_size, name)
    with archive.open(entry) as file:
        return file.read(entry.file_size)
