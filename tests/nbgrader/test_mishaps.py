"""What breaks around the grader is said in one sentence and loses nothing; once mended, the same command goes on."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from gradebook_rows import Rows, rows_of
from nbgrader.api import Gradebook
from privileges import like_everybody

from autograder import database
from autograder.cli import main
from autograder.course import Course
from autograder.database import open_gradebook
from autograder.errors import GraderBroke
from autograder.gradebook import COPY, CourseGradebook
from autograder.vault import ROOM, course_secret

pytestmark = pytest.mark.slow
UNIT = "06-attention"
PAGE = Path(UNIT, "attention.ipynb")


def command(course: Course, *words: str) -> Result:
    return CliRunner().invoke(main, ["--root", str(course.root), *words])


def sentence(ended: Result) -> str:
    """The one thing that was said to whoever ran the command."""
    assert "Traceback" not in ended.output
    (said,) = [line for line in ended.stderr.splitlines() if line.startswith("autograder: ")]
    return said


def grade(course: Course) -> Rows:
    """Grade as if nothing had happened."""
    ended = command(course, "grade", UNIT)
    assert ended.exit_code == 0, ended.output
    return rows_of(url(course), course)


@pytest.fixture(scope="module")
def rows(course: Course) -> Rows:
    """The class, graded, and one mark given by hand."""
    grade(course)
    with Gradebook(url(course), course.id) as gradebook:
        gradebook.find_grade("attention-causal_mask", "attention", UNIT, "wrong").manual_score = 1.5
        gradebook.db.commit()
    return grade(course)


def url(course: Course) -> str:
    return f"sqlite:///{course.root / 'gradebook.db'}"


@pytest.fixture
def book(rows: Rows, course: Course, tmp_path: Path) -> Iterator[Path]:
    """The gradebook, to be damaged; put back afterwards."""
    path = course.root / "gradebook.db"
    shutil.copyfile(path, tmp_path / "whole.db")
    yield path
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "whole.db", path)


def _overwrite(path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xaa" * 4096)


def _change(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement)
            connection.commit()

    return change


def _become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "emptied": (lambda path: path.write_bytes(b""), "gradebook.db is empty"),
    "cut short": (lambda path: os.truncate(path, 60_000), "is damaged (database disk image is malformed)"),
    "cut within a page": (lambda path: os.truncate(path, path.stat().st_size - 100), "is damaged"),
    "overwritten": (_overwrite, "is damaged"),
    "a text": (lambda path: path.write_text("grades"), "is damaged (file is not a database)"),
    "a folder": (_become_a_folder, "gradebook.db is not a file"),
    "newer": (_change("UPDATE alembic_version SET version_num = 'f00'"), "made by a newer nbgrader"),
    "older": (_change("ALTER TABLE student DROP COLUMN lms_user_id"), "`nbgrader db upgrade`"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_gradebook_is_left_alone(kind: str, book: Path, course: Course) -> None:
    damage, words = DAMAGE[kind]
    damage(book)
    left = book.read_bytes() if book.is_file() else None
    copy = course.root / ROOM / COPY
    kept = copy.read_bytes()
    with pytest.raises(GraderBroke) as told:
        open_gradebook(url(course), course.id, copy)
    assert copy.read_bytes() == kept
    assert words in str(told.value) and str(book) in str(told.value) and "\n" not in str(told.value)
    assert (book.read_bytes() if book.is_file() else None) == left
    assert kind in ("newer", "older") or str(copy) in str(told.value)


def test_with_the_copy_in_its_place_grading_goes_on(rows: Rows, book: Path, course: Course) -> None:
    os.truncate(book, 60_000)
    (key,) = (course.root / ROOM / "keys").glob("attention-*.json")
    made = key.read_bytes()
    key.write_bytes(made[: len(made) // 2])  # a key that is damaged is made again: it is a function of what is there
    for words in (("grade", UNIT), ("regrade", UNIT, "--dry-run"), ("feedback", UNIT)):
        ended = command(course, *words)
        assert ended.exit_code == 3 and "is damaged" in sentence(ended)
    shutil.copyfile(course.root / ROOM / COPY, book)
    assert grade(course) == rows
    assert key.read_bytes() == made


def test_a_gradebook_that_has_gone_is_not_begun_anew(book: Path, course: Course) -> None:
    book.unlink()
    for words in (("grade", UNIT), ("regrade", UNIT, "--dry-run"), ("feedback", UNIT)):
        ended = command(course, *words)
        assert ended.exit_code == 3 and f"there was one: {course.root / ROOM / COPY}" in sentence(ended)
    assert not book.exists()


def test_feedback_that_cannot_be_written_is_told(book: Path, course: Course) -> None:
    feedback = course.root / "feedback"
    feedback.write_text("in the way", encoding="utf-8")
    ended = command(course, "feedback", UNIT, "--jobs", "1")
    feedback.unlink()
    assert ended.exit_code == 3 and f"Not a directory: '{feedback}/" in sentence(ended)


def test_a_gradebook_that_nbgrader_was_stopped_in_making_is_finished(book: Path, course: Course) -> None:
    _change("DROP TABLE alembic_version")(book)
    open_gradebook(url(course), course.id, course.root / ROOM / COPY).close()
    with closing(sqlite3.connect(book)) as connection:
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


def test_a_locked_gradebook_is_waited_for(
    rows: Rows, book: Path, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(book, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(database, "PATIENCE", 0.1)
        ended = command(course, "grade", UNIT)
        assert ended.exit_code == 3 and "Another program is writing to it" in sentence(ended)
        monkeypatch.setattr(database, "PATIENCE", 60.0)
        threading.Timer(0.5, other.rollback).start()
        assert grade(course) == rows


def test_two_graders_share_one_file(rows: Rows, book: Path, course: Course) -> None:
    """SQLite lets one write at a time; the other waits."""

    def record(grader: int) -> None:
        with CourseGradebook(course, course.unit("attention")) as gradebook:
            for number in range(10):
                student = f"{grader}-{number}"
                page = nbformat.read(course.root / "autograded" / "right" / PAGE, as_version=4)
                gradebook.record(student, page, course.root / "submitted" / "right" / UNIT)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(record, range(2)))
    found = rows_of(url(course), course)
    assert {student: found.pop(student)[1] for student in set(found) - set(rows)} == {
        f"{grader}-{number}": (20, None) for grader in range(2) for number in range(10)
    }
    assert found == rows
    for page in (course.root / "autograded").glob("[01]-*"):
        shutil.rmtree(page)


@pytest.mark.parametrize(
    ("place", "mode", "words"),
    [
        ("gradebook.db", 0o444, "gradebook.db may not be written"),
        (".", 0o555, "may not be written"),
        (ROOM, 0o500, "Permission denied"),
        (f"{ROOM}/secret", 0, "secret: Permission denied"),
    ],
)
def test_what_may_not_be_written_is_named(
    place: str, mode: int, words: str, rows: Rows, book: Path, course: Course
) -> None:
    path = course.root / place
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        with like_everybody():
            ended = command(course, "grade", UNIT)
    finally:
        path.chmod(before)
    assert ended.exit_code == 3 and words in sentence(ended)
    assert rows_of(url(course), course) == rows


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (f"submitted/right/{UNIT}", "Permission denied"),
        ("submitted/right", "Permission denied"),
        (f"autograded/right/{UNIT}", "judged, but not written down"),
    ],
)
def test_what_is_closed_to_us_stops_nobody_else(place: str, words: str, rows: Rows, book: Path, course: Course) -> None:
    path = course.root / place
    path.chmod(0o555 if place.startswith("autograded") else 0)
    try:
        with like_everybody():
            ended = command(course, "grade", UNIT)
    finally:
        path.chmod(0o755)
    (waiting,) = [line for line in ended.stdout.splitlines() if "needs a person: " in line]
    assert ended.exit_code == 1 and "3 graded" in ended.stdout and "right needs a person" in waiting
    assert words in waiting
    assert rows_of(url(course), course) == rows


def test_nothing_handed_in_at_all(rows: Rows, course: Course) -> None:
    room = course.root / "submitted"
    room.rename(hidden := room.with_name("elsewhere"))
    ended = command(course, "grade", UNIT)
    hidden.rename(room)
    assert ended.exit_code == 2 and f"there is no folder {room}" in sentence(ended)


@pytest.mark.parametrize("left", [b"", b"\0" * 31])
def test_a_damaged_secret_is_never_replaced(left: bytes, rows: Rows, course: Course) -> None:
    path = course.root / ROOM / "secret"
    whole = course_secret(course)
    path.write_bytes(left)
    ended = command(course, "grade", UNIT)
    assert path.read_bytes() == left
    path.write_bytes(whole)
    assert ended.exit_code == 3 and f"{path} is damaged: it holds {len(left)} bytes" in sentence(ended)


@pytest.mark.parametrize("left", ["", "[]", "{}", '{"submissions": 3}', '{"submissions": [{"exercises": [1]}]}'])
def test_damaged_results_make_no_report(left: str, rows: Rows, course: Course, tmp_path: Path) -> None:
    path = course.root / ROOM / "results" / "attention.json"
    whole = path.read_bytes()
    path.write_text(left, encoding="utf-8")
    (page := tmp_path / "report.html").write_text("the last one", encoding="utf-8")
    ended = command(course, "report", UNIT, "--output", str(page))
    path.write_bytes(whole)
    assert ended.exit_code == 2 and f"{path} is damaged" in sentence(ended)
    assert page.read_text(encoding="utf-8") == "the last one"


def test_a_bug_of_ours_is_told_as_one(rows: Rows, course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.grading.run_grading", lambda *_: {}["nothing"])
    ended = command(course, "grade", UNIT)
    assert ended.exit_code == 3 and "KeyError: 'nothing'" in sentence(ended) and "--traceback" in sentence(ended)
    ended = command(course, "--traceback", "grade", UNIT)
    assert ended.exit_code == 3 and "Traceback (most recent call last)" in ended.stderr


def test_a_full_disk_loses_nothing(
    rows: Rows, book: Path, course: Course, tmp_path: Path, require: Callable[[str, bool, str], None]
) -> None:
    """A real one. However much of a run it lets through, each student's grade is the old one or the new one."""
    require("unshare", shutil.which("unshare") is not None and sys.platform == "linux", "makes a small disk to fill")
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    script = Path(__file__).with_name("full_disk.py")
    found = subprocess.run([*alone, sys.executable, script, course.root, tmp_path], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    before, after = told["before"]["rows"], told["after"]["rows"]
    assert after["newcomer"][1][0] == 20 and after["wrong"] != before["wrong"]
    *failed, last = told["seen"]
    assert last["exit_code"] == 0 == told["after"]["exit_code"] and last["rows"] == after
    kinds = {kind for kind in ("No space left on device", "disk is full") for one in failed if kind in one["said"][0]}
    assert len(kinds) == 2, "the disk was never full for the gradebook, or never for a folder"
    for one in failed:
        (said,) = one["said"]
        assert one["exit_code"] == 3 and not one["traceback"] and not one["left"]
        assert "ree some space" in said
        for student, row in one["rows"].items():
            assert row in (before.get(student), after[student])
