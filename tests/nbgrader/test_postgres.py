"""The gradebook of a department, in PostgreSQL: a real server, which also dies."""

import csv
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from gradebook_rows import Rows, rows_of
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.plugins import CsvExportPlugin
from postgres import Server
from sqlalchemy import create_engine, text
from traitlets.config import PyFileConfigLoader

from autograder.cli import main
from autograder.course import Course
from autograder.database import open_gradebook
from autograder.errors import CourseError, GraderBroke, UsageError
from autograder.feedback import render_feedback
from autograder.gradebook import CourseGradebook
from autograder.submission.files import shown

pytestmark = pytest.mark.slow
UNIT = "06-attention"
MARKED = "attention-causal_mask"
SERVER_SENTENCE = "See that the server runs, that it lets you in, and that the address is right"


def grade(course: Course, *more: str) -> Result:
    return CliRunner().invoke(main, ["--root", str(course.root), "grade", UNIT, "--jobs", "2", *more])


def keep_in(course: Course, url: str) -> None:
    """As README says."""
    (course.root / ".autograder" / "gradebook-url").write_text(f"{url}\n", encoding="utf-8")


def grade_a_term(course: Course, url: str) -> Rows:
    """Grade, mark by hand, set a date that one student missed, grade again."""
    assert grade(course).exit_code == 0
    with Gradebook(url, course.id) as gradebook:
        gradebook.find_grade(MARKED, "attention", UNIT, "wrong").manual_score = 1.5
        gradebook.update_or_create_assignment(UNIT, duedate=datetime(2026, 1, 1))
    assert grade(course).exit_code == 0
    return rows_of(url, course)


@pytest.fixture(scope="module")
def late(course: Course) -> Course:
    """Half an hour late, and nothing counts any more."""
    settings = course.root / "nbgrader_config.py"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\nc.LateSubmissionPlugin.penalty_method = "zero"\n', encoding="utf-8")
    return course


@pytest.fixture(scope="module")
def in_sqlite(late: Course) -> Rows:
    return grade_a_term(late, f"sqlite:///{late.root / 'gradebook.db'}")


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return server.new_database("class")


@pytest.fixture(scope="module")
def in_postgres(in_sqlite: Rows, late: Course, url: str) -> Rows:
    keep_in(late, url)
    return grade_a_term(late, url)


def test_both_hold_the_same(in_sqlite: Rows, in_postgres: Rows) -> None:
    assert in_postgres == in_sqlite
    assert {student: row[1] for student, row in in_postgres.items()} == {
        "right": (20, None),
        "wrong": (19.5, None),
        "late": (20, 20),
        "blank": (0, None),
    }


def test_nbgrader_works_on_it(in_postgres: Rows, course: Course, url: str, tmp_path: Path) -> None:
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    api = NbGraderAPI(config=config)
    assert api.autograde(UNIT, "wrong")["success"]
    assert rows_of(url, course) == in_postgres
    seen = {found["student"]: (found["score"], found["needs_manual_grade"]) for found in api.get_submissions(UNIT)}
    scores = {"right": (20, True), "wrong": (19.5, True), "late": (20, True), "blank": (0, False)}
    assert seen == scores  # before what being late costs
    with api.gradebook as gradebook:
        export = CsvExportPlugin(config=config)
        export.to = str(tmp_path / "grades.csv")
        export.export(gradebook)
    with open(tmp_path / "grades.csv", encoding="utf-8") as file:
        found = {row["student_id"]: row["score"] for row in csv.DictReader(file) if row["assignment"] == UNIT}
    assert found == {"right": "20.0", "wrong": "19.5", "late": "0.0", "blank": "0.0"}


def test_feedback_is_read_from_it(in_postgres: Rows, course: Course) -> None:
    pages = {page.parts[-3]: page for page in render_feedback(course, [course.unit("attention")], jobs=1)}
    assert set(pages) == set(in_postgres)
    page = pages["wrong"].read_text(encoding="utf-8")
    assert "you count queries from 0" in page and "19.5" in page  # the mark given by hand is in the database only


def test_two_graders_at_once_lose_nothing(in_postgres: Rows, course: Course, server: Server) -> None:
    for student in ("right", "late", "newcomer"):
        folder = course.root / "submitted" / student / "01-bigram"
        folder.mkdir(parents=True)
        solved = (course.root / "solutions" / "01-bigram" / "bigram.ipynb").read_bytes()
        (folder / "bigram.ipynb").write_bytes(solved)
    keep_in(course, url := server.new_database("shared"))
    command = [sys.executable, "-m", "autograder.cli", "grade"]
    both = [subprocess.Popen([*command, unit], cwd=course.root) for unit in (UNIT, "01-bigram")]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert set(rows_of(url, course)) == set(in_postgres)
    assert {s: row[1][0] for s, row in rows_of(url, course, "01-bigram").items()} == dict.fromkeys(
        ("right", "late", "newcomer"), sum(exercise.points for exercise in course.unit("bigram").exercises)
    )


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_a_new_gradebook_is_made_once_by_many(kind: str, server: Server, tmp_path: Path) -> None:
    url = server.new_database("new") if kind == "postgres" else f"sqlite:///{tmp_path / 'gradebook.db'}"
    together = threading.Barrier(6)

    def open_it(_: int) -> None:
        together.wait()
        open_gradebook(url, "course", tmp_path / "copy.db").close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_it, range(6))) == [None] * 6
    with Gradebook(url, "course") as gradebook:
        assert [row[0] for row in gradebook.db.execute(text("SELECT id FROM course"))] == ["course"]
        assert len(list(gradebook.db.execute(text("SELECT version_num FROM alembic_version")))) == 1


def test_the_server_dies_in_the_middle(
    in_postgres: Rows, course: Course, server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_in(course, url)
    record = CourseGradebook.record

    def record_and_die(gradebook: CourseGradebook, *one: object) -> float:
        points = record(gradebook, *one)  # type: ignore[arg-type]
        server.stop()
        return points

    with monkeypatch.context() as patch:
        patch.setattr(CourseGradebook, "record", record_and_die)
        died = grade(course)
    refused = grade(course)
    server.start()
    assert (died.exit_code, refused.exit_code) == (3, 3)
    for ended in (died, refused):
        (sentence,) = [line for line in ended.stderr.splitlines() if line.startswith("autograder: ")]
        assert "grader@127.0.0.1" in sentence and SERVER_SENTENCE in sentence and "Traceback" not in ended.output
    assert "1 of 4 are in the gradebook" in " ".join(died.stderr.split())
    assert grade(course).exit_code == 0
    assert rows_of(url, course) == in_postgres


def test_what_the_gradebook_cannot_hold_stops_nobody(in_postgres: Rows, course: Course, url: str) -> None:
    keep_in(course, url)
    long = "x" * 129  # nbgrader gives a name 128
    folder = course.root / "submitted" / long / UNIT
    folder.mkdir(parents=True)
    nbformat.write(nbformat.read(course.root / "course" / UNIT / "attention.ipynb", 4), folder / "attention.ipynb")
    graded = grade(course)
    assert graded.exit_code == 1 and f"{shown(long)} needs a person: the gradebook cannot hold it" in graded.stdout
    assert rows_of(url, course) == in_postgres


def _nobody(server: Server) -> str:
    engine = create_engine(server.new_database("locked"))
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE reader LOGIN"))
    engine.dispose()
    return server.url("locked", user="reader")


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        (lambda server: server.url("nowhere"), GraderBroke, SERVER_SENTENCE),
        (lambda server: server.url("class", user="stranger"), GraderBroke, SERVER_SENTENCE),
        (_nobody, GraderBroke, "grant you the right"),
        (lambda _: "postgresql+psycopg://ada:hush@127.0.0.1:1/class", GraderBroke, SERVER_SENTENCE),
        (lambda _: "mysql+nodriver://ada:hush@127.0.0.1/class", UsageError, "postgresql+psycopg://USER@HOST/DATABASE"),
        (lambda _: "hush, 127.0.0.1", UsageError, "postgresql+psycopg://USER@HOST/DATABASE"),
    ],
)
def test_a_wrong_address_is_told_without_the_password(
    address: Callable[[Server], str], error: type[CourseError], words: str, server: Server, in_postgres: Rows
) -> None:
    with pytest.raises(error) as told:
        open_gradebook(address(server), "course", Path("none"))
    assert words in str(told.value) and "hush" not in str(told.value) and "\n" not in str(told.value)
