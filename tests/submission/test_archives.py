"""Archives: read where they are, and not beyond what they have a right to."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.submission import NeedsPerson, archives


def zipped(**members: bytes | str) -> bytes:
    """An archive; a double underscore stands for the slash."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_notebook_in_an_archive_is_read(folder: Path, read: Callable, notebook_bytes: Any, whole: Any) -> None:
    inner = zipped(**{"hand-in/attention.ipynb": notebook_bytes(), "__MACOSX/._attention.ipynb": b"x"})
    (folder / "ada.zip").write_bytes(zipped(**{"more/inner.zip": inner, "readme.txt": b"hello"}))
    found = read()
    assert found.answers == whole.answers
    assert found.repairs[0] == "found as ada.zip › more/inner.zip › hand-in/attention.ipynb"
    assert [path.name for path in folder.iterdir()] == ["ada.zip"]


def test_a_name_that_leads_out_of_an_archive_leads_nowhere(folder: Path, read: Callable, notebook_bytes: Any) -> None:
    names = ["../../../attention.ipynb", "/etc/attention.ipynb", "C:\\attention.ipynb"]
    (folder / "ada.zip").write_bytes(zipped(**dict.fromkeys(names, notebook_bytes())))
    before = sorted(folder.parent.parent.rglob("*"))
    assert read().repairs[0].startswith("found as ada.zip › ")
    assert sorted(folder.parent.parent.rglob("*")) == before


def test_a_link_in_an_archive_is_not_followed(folder: Path, read: Callable) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("attention.ipynb")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    (folder / "ada.zip").write_bytes(buffer.getvalue())
    with pytest.raises(NeedsPerson, match="no notebook was handed in"):
        read()


def bombs() -> dict[str, tuple[bytes, str]]:
    zeros = zipped(**{"attention.ipynb": bytes(3 << 20)})
    many = zipped(**{f"{n}.ipynb": b"" for n in range(1100)})
    deep = zipped(**{"attention.ipynb": b"{}"})
    for _ in range(4):
        deep = zipped(**{"deeper.zip": deep})
    locked = bytearray(zipped(**{"attention.ipynb": b"{}"}))
    locked[6] |= 1
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    lying = bytearray(zipped(**{"attention.ipynb": b"{}" * 100}))
    place = lying.rindex(b"PK\x01\x02") + 24
    lying[place : place + 4] = (90_000_000).to_bytes(4, "little")
    endless = bytearray(zipped(**{"attention.ipynb": b"{}"}))
    place = endless.rindex(b"PK\x05\x06") + 12
    endless[place : place + 4] = (900_000_000).to_bytes(4, "little")
    wide = io.BytesIO()
    with zipfile.ZipFile(wide, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("attention.ipynb", bytes(1 << 20))
    return {
        "a bomb": (zeros, r"unpacks to 200 times its size \(a zip bomb\?\): not opened"),
        "too many": (many, "of more than 1,000 files: not opened"),
        "too deep": (deep, "no notebook was handed in"),
        "a password": (bytes(locked), "protected by a password"),
        "a size that lies": (bytes(lying), "a zip bomb|damaged"),
        "an endless list": (bytes(endless), "an endless list of files"),
        "another packing": (wide.getvalue(), "of a kind that is not read here"),
        "cut off": (zeros[:-30], "cut off"),
        "garbage": (b"PK\x03\x04" + bytes(100), "cut off"),
        "no archive": (b"Rar!", "is no zip file, whatever its name says"),
    }


@pytest.mark.parametrize("kind", bombs())
def test_an_archive_that_means_harm_is_not_opened(folder: Path, read: Callable, kind: str) -> None:
    content, words = bombs()[kind]
    (folder / "ada.zip").write_bytes(content)
    with pytest.raises(NeedsPerson, match=words):
        read()


def test_all_that_an_archive_holds_counts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = zipped(a=os.urandom(600), b=os.urandom(600))
    raw = zipped(**{"one.zip": inner, "two.zip": inner})
    with pytest.raises(NeedsPerson, match="unpacks to more than 256 MiB"):
        list(archives.members(raw, "x.zip", lambda name: True, archives.Allowance(num_bytes=3000)))
