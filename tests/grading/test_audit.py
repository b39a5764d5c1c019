"""The log of changed grades: a chain of lines, torn only where a machine died, and never silently."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograder import audit
from autograder.audit import AuditLog, read
from autograder.errors import GraderBroke

CHANGE = {"command": "grade", "unit": "02-bpe", "exercises": {"merge": [0.0, 3.0]}, "total": [14.0, 17.0]}


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    log = AuditLog(tmp_path / "room" / "audit.jsonl")
    for student in ("ada", "bo", "cy"):
        log.write({**CHANGE, "student": student})
    return log


def students(log: AuditLog) -> list[str]:
    return [line.entry["student"] if line.entry else "torn" for line in read(log.path)]


def test_a_line_says_when_who_what_and_from_what(log: AuditLog) -> None:
    entry = json.loads(log.path.read_text(encoding="utf-8").splitlines()[0])
    assert {**CHANGE, "student": "ada", "who": audit.user(), "before": ""}.items() <= entry.items()
    assert entry["when"].endswith("+00:00")
    assert str(read(log.path)[0]).endswith(" grade 02-bpe  ada: merge 0 → 3; total 14 → 17")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_only_its_owner_reads_it(log: AuditLog) -> None:
    assert [stat.S_IMODE(path.stat().st_mode) for path in (log.path, log.path.parent)] == [0o600, 0o700]


def test_another_process_goes_on_where_this_one_stopped(log: AuditLog) -> None:
    AuditLog(log.path).write({**CHANGE, "student": "di"})
    log.write({**CHANGE, "student": "ed"})
    assert students(log) == ["ada", "bo", "cy", "di", "ed"]


def test_many_at_once_make_one_chain(log: AuditLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: AuditLog(log.path).write({**CHANGE, "student": str(number)}), range(40)))
    assert sorted(students(log)[3:], key=int) == [str(number) for number in range(40)]


@pytest.mark.parametrize("cut", [1, 2, 100, -1])
def test_a_line_that_was_cut_short_by_a_power_cut_is_told_and_kept(log: AuditLog, cut: int) -> None:
    *_, last = log.path.read_bytes().splitlines(keepends=True)
    os.truncate(log.path, log.path.stat().st_size - len(last) + cut % len(last))
    whole = students(log)[-1]
    assert whole == ("cy" if cut == -1 else "torn")  # without its line's end only, it is whole
    AuditLog(log.path).write({**CHANGE, "student": "di"})
    assert students(log) == ["ada", "bo", whole, "di"]
    assert ("nothing was changed" in str(read(log.path)[2])) == (whole == "torn")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [(b'"ada"', b'"eve"', 1), (b'"bo"', b'"eve"', 2), (b"17.0", b"18.0", 1), (b"{", b"", 1), (b"}\n", b"}\n\n", 2)],
)
def test_what_was_altered_shows_and_nothing_is_added(log: AuditLog, old: bytes, new: bytes, line: int) -> None:
    damaged = log.path.read_bytes().replace(old, new, 1)
    log.path.write_bytes(damaged)
    with pytest.raises(GraderBroke, match=f"damaged: line {line} .*No grade was changed"):
        AuditLog(log.path).write({**CHANGE, "student": "di"})
    assert log.path.read_bytes() == damaged


@pytest.mark.parametrize("taken", [0, 1])
def test_what_was_taken_out_shows(log: AuditLog, taken: int) -> None:
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:taken] + lines[taken + 1 :]))
    with pytest.raises(GraderBroke, match="damaged"):
        read(log.path)


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "audit.jsonl")
    log.path.mkdir()
    with pytest.raises(GraderBroke, match=r"audit\.jsonl cannot be written .*no grade is changed without"):
        log.write(CHANGE)


def test_there_need_be_no_log_and_no_name_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(tmp_path / "audit.jsonl") == []
    monkeypatch.setattr("getpass.getuser", lambda: {}["no such user"])
    assert audit.user()
