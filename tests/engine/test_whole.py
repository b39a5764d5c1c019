"""A file is the old one or the new one, and nothing is left beside it."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograder.whole import write_once, write_whole


@pytest.mark.skipif(os.name != "posix", reason="Windows has no file modes")
@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o644)])
def test_a_file_is_replaced_and_private_if_it_should_be(private: bool, mode: int, tmp_path: Path) -> None:
    before = os.umask(0o022)
    (path := tmp_path / "file").write_bytes(b"old")
    write_whole(path, b"one\ntwo", private)
    os.umask(before)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode), [*tmp_path.iterdir()]) == (b"one\ntwo", mode, [path])


def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "nowhere" / "file"):
        with pytest.raises(OSError) as told:
            write_whole(path, b"data")
        assert told.value.filename == str(path)
    assert [*tmp_path.iterdir()] == [tmp_path / "folder"]


def test_of_many_writers_each_writes_whole(tmp_path: Path) -> None:
    path, texts = tmp_path / "file", [bytes([number]) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_whole(path, text), texts))
    assert path.read_bytes() in texts and [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("links", [True, False])
def test_of_many_that_make_a_file_the_first_wins(links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links on this disk")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    for text in (b"first", b"second"):
        write_once(tmp_path / "secret", text)
    assert (tmp_path / "secret").read_bytes() == b"first" and [*tmp_path.iterdir()] == [tmp_path / "secret"]
