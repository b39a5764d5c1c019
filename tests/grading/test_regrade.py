"""A class of eight is graded, then the course and some submissions change: who is regraded, and what is kept."""

import errno
import hashlib
import json
import stat
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result
from graded_class import NAME, UNIT, files, hand_in, make_course
from nbgrader.api import Gradebook

from autograder import cli
from autograder.audit import read
from autograder.course import Course
from autograder.errors import SandboxError

pytestmark = pytest.mark.slow
Rows = dict[str, dict[str, Any]]


def call(course: Course, *words: str) -> Result:
    return CliRunner().invoke(cli.main, ["--root", str(course.root), *words])


def rows(course: Course) -> Rows:
    """By student: the total that nbgrader exports, the judge's points, what a person gave and said."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", course.id) as gradebook:
        found: Rows = {}
        for submission in gradebook.find_assignment(UNIT).submissions:
            (notebook,) = submission.notebooks
            found[submission.student.id] = {
                "total": submission.score - (submission.late_submission_penalty or 0.0),
                "auto": {g.name.removeprefix("bpe-"): g.auto_score for g in notebook.grades},
                "hand": {g.name.removeprefix("bpe-"): (g.manual_score, g.extra_credit) for g in notebook.grades},
                "said": {c.name: c.manual_comment for c in notebook.comments if c.manual_comment},
            }
        return found


def everything(course: Course) -> dict[str, bytes]:
    """Every byte of the course but the memory and the key."""
    kept = {name: data for name, data in files(course.root).items() if "/memory/" not in name and "/keys/" not in name}
    return {name: hashlib.sha256(data).digest() for name, data in kept.items()}


def mark_by_hand(course: Course) -> None:
    """A person gives bo half a point more for merge, and one on top, and says why. hal is late, which costs all."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", course.id) as gradebook:
        grade = gradebook.find_grade("bpe-merge", NAME, UNIT, "bo")
        grade.manual_score, grade.extra_credit = 0.5, 1.0
        gradebook.find_comment("bpe-merge-answer", NAME, UNIT, "bo").manual_comment = "nearly"
        gradebook.find_assignment(UNIT).duedate = gradebook.find_submission(UNIT, "hal").timestamp.replace(hour=1)
        gradebook.db.commit()
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write('c.LateSubmissionPlugin.penalty_method = "zero"\n')


def change_marks(course: Course) -> Course:
    """count_pairs is worth 5 points instead of 3, in course.toml and in the notebooks, as a build does it."""
    toml = (course.root / "course.toml").read_text(encoding="utf-8")
    assert "count_pairs = { points = 3 }" in toml
    toml = toml.replace("count_pairs = { points = 3 }", "count_pairs = { points = 5 }")
    (course.root / "course.toml").write_text(toml, encoding="utf-8")
    for room in ("solutions", "course"):
        path = course.root / room / UNIT / f"{NAME}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        (cell,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "bpe-count_pairs"]
        cell.metadata.nbgrader.points = 5
        nbformat.write(notebook, path)
    return Course(course.root)


def fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when the folder is written: after the log's line, before the gradebook's."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("autograder.gradebook.write_whole", full)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Graded once, then marked by hand; nothing of it has changed since."""
    course = make_course(tmp_path_factory.mktemp("course"))
    assert call(course, "grade", NAME, "--jobs", "2").exit_code == 1  # gil's needs a person
    mark_by_hand(course)
    return course


@pytest.fixture(scope="module")
def graded(course: Course) -> Rows:
    return rows(course)


@pytest.fixture(scope="module")
def changed(course: Course, graded: Rows) -> Course:
    """New marks; di hands in ada's answers, ed's file is damaged since, and ivy is new."""
    for student in ("di", "ivy"):
        hand_in(course.root, student, as_="ada")
    (notebook,) = (course.root / "submitted" / "ed" / UNIT).iterdir()
    notebook.write_text("{", encoding="utf-8")
    return change_marks(course)


@pytest.fixture(scope="module")
def dry(changed: Course) -> Iterator[tuple[Result, Result, bool]]:
    """A dry run in words and one for programs, and whether they left every byte as it was."""
    before = everything(changed)
    words = call(changed, "regrade", NAME, "--dry-run")
    yield words, call(changed, "regrade", NAME, "--dry-run", "--json"), everything(changed) == before


@pytest.fixture(scope="module")
def regraded(changed: Course, dry: tuple) -> Result:
    return call(changed, "regrade", NAME)


def test_a_first_grade_needs_no_line_in_the_log(course: Course, graded: Rows) -> None:
    assert not (course.root / ".autograder" / "audit.jsonl").exists()
    assert {student: row["total"] for student, row in graded.items() if student in ("ada", "bo", "cy")} == {
        "ada": 22.0,
        "bo": graded["bo"]["total"],
        "cy": 0.0,
    }
    assert graded["bo"]["hand"]["merge"] == (0.5, 1.0)


def test_a_dry_run_writes_nothing_and_says_by_its_exit_code_that_it_would(dry: tuple) -> None:
    words, told, same = dry
    assert same and (words.exit_code, told.exit_code) == (1, 1), words.output


def test_the_table_says_who_what_how_much_and_why(dry: tuple, graded: Rows) -> None:
    lines = [" ".join(line.split()) for line in dry[0].stdout.splitlines()]
    assert lines[0] == "student exercise was is why"
    assert "ada count_pairs 3 5 other points: worth 5, was 3" in lines
    assert "ada (total) 22 24" in lines
    assert "hal (total) 22 0 24 taken off for being late" in lines
    assert "ivy (total) – 24 graded for the first time" in lines
    assert any(line.startswith("ed (total) 22 22 needs a person: ") for line in lines)
    assert any(line.startswith("gil (total) – – needs a person: ") for line in lines)
    assert any(line.startswith("di ") and line.endswith(" another answer") for line in lines)
    assert not any(line.startswith("cy ") and "(total)" not in line and "count_pairs" not in line for line in lines)
    assert lines[-2].startswith("Nothing was written. Without --dry-run, ")
    assert lines[-1] == "Grades that would fall: 1 (hal)"
    (totals,) = [line for line in lines if "judged again" in line]
    assert totals.startswith("02-bpe, 9 judged again: ")
    assert totals.endswith(", 1 graded for the first time, 2 need a person")


def test_a_program_is_told_the_same(dry: tuple) -> None:
    told = json.loads(dry[1].stdout)
    assert (told["written"], told["fall"], told["submissions"]) == (False, ["hal"], 9)
    assert told["changes"]["ada"] == {
        "exercises": {"count_pairs": [3.0, 5.0]},
        "total": [22.0, 24.0],
        "first": False,
        "why": {"count_pairs": "other points: worth 5, was 3"},
    }
    assert told["needs_a_person"]["ed"]["keeps"] == 22.0 and told["needs_a_person"]["gil"]["keeps"] is None


def test_regrading_does_what_was_shown(dry: tuple, regraded: Result, changed: Course, graded: Rows) -> None:
    assert regraded.exit_code == 0, regraded.output
    told, now = json.loads(dry[1].stdout), rows(changed)
    table = [line for line in regraded.stdout.splitlines() if "(total)" in line]
    assert table == [line for line in dry[0].stdout.splitlines() if "(total)" in line]
    assert regraded.stdout.splitlines()[-1] == "Grades that fall: 1 (hal)"
    totals = {student: change["total"][1] for student, change in told["changes"].items()}
    assert {student: now[student]["total"] for student in totals} == totals
    assert now["ed"] == graded["ed"]
    with Gradebook(f"sqlite:///{changed.root / 'gradebook.db'}", changed.id) as gradebook:
        assert gradebook.find_grade("bpe-count_pairs", NAME, UNIT, "ada").max_score == 5


def test_what_a_person_gave_and_said_stays(regraded: Result, changed: Course, graded: Rows) -> None:
    before, now = graded["bo"], rows(changed)["bo"]
    assert now["hand"] == before["hand"] and now["said"] == before["said"] == {"bpe-merge-answer": "nearly"}
    assert now["total"] - before["total"] == now["auto"]["count_pairs"] - before["auto"]["count_pairs"] == 2


def test_every_change_of_a_grade_has_its_line(regraded: Result, changed: Course, dry: tuple) -> None:
    path = changed.root / ".autograder" / "audit.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    entries = {line.entry["student"]: line.entry for line in read(path)}
    told = json.loads(dry[1].stdout)["changes"]
    moved = {who for who, change in told.items() if change["exercises"] or change["total"][0] != change["total"][1]}
    assert set(entries) == moved - {"ivy"}
    assert entries["ada"]["exercises"] == {"count_pairs": [3.0, 5.0]} and entries["ada"]["total"] == [22.0, 24.0]
    assert {entry["command"] for entry in entries.values()} == {"regrade"}
    assert all(len(entry[made_from]) == 64 for entry in entries.values() for made_from in ("answers", "key"))
    printed = call(changed, "audit").stdout
    assert "regrade 02-bpe  ada: count_pairs 3 → 5; total 22 → 24\n" in printed


def test_grading_again_finds_nothing_left_to_change(regraded: Result, changed: Course) -> None:
    before = everything(changed)
    again = call(changed, "grade", NAME)
    now = everything(changed)
    others = {name for name in {*before, *now} if before.get(name) != now.get(name)}
    assert again.exit_code == 1 and others <= {"gradebook.db", ".autograder/gradebook-before.db"}
    done = call(changed, "regrade", NAME, "--dry-run")
    assert done.exit_code == 0 and "0 up, 0 down, 7 the same, 0 graded" in done.stdout


def test_one_student_is_regraded_alone(regraded: Result, changed: Course) -> None:
    hand_in(changed.root, "ada", as_="cy")
    (changed.root / "submitted" / "bo" / UNIT / f"{NAME}.ipynb").write_text("{", encoding="utf-8")
    before, results = rows(changed), changed.root / ".autograder" / "results" / "bpe.json"
    done = call(changed, "regrade", NAME, "--student", "ada")
    assert done.stdout.splitlines()[-1] == "Grades that fall: 1 (ada)"
    now = rows(changed)
    assert now.pop("ada")["total"] == 0 and before.pop("ada")["total"] == 24 and now == before
    saved = {one["student"]: one["points"] for one in json.loads(results.read_text(encoding="utf-8"))["submissions"]}
    assert (saved["ada"], saved["bo"], len(saved)) == (0, now["bo"]["total"], 9)
    unknown = call(changed, "regrade", NAME, "--student", "nobody")
    assert unknown.exit_code == 2 and "there is no submission" in unknown.stderr


def test_a_grader_who_dies_after_the_log_leaves_the_old_grade_and_the_next_one_says_it_again(
    regraded: Result, changed: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = changed.root / ".autograder" / "audit.jsonl"
    hand_in(changed.root, "ada", as_="ada")
    before, num_lines = rows(changed), len(read(log))
    with monkeypatch.context() as broken:
        fill_the_disk(broken)
        done = call(changed, "regrade", NAME, "--student", "ada")
    assert done.exit_code == 3 and "No space left on device" in done.stderr
    assert rows(changed) == before and len(read(log)) == num_lines + 1
    assert call(changed, "regrade", NAME, "--student", "ada").exit_code == 0
    *_, first, second = (line.entry for line in read(log))
    assert first["total"] == second["total"] == [0, 24]
    assert rows(changed)["ada"]["total"] == 24


@pytest.mark.parametrize("trouble", ["damaged", "a folder"])
def test_no_grade_changes_without_its_line(regraded: Result, changed: Course, trouble: str) -> None:
    log = changed.root / ".autograder" / "audit.jsonl"
    hand_in(changed.root, "di", as_="cy")
    whole, before = log.read_bytes(), rows(changed)
    log.unlink()
    if trouble == "damaged":
        log.write_bytes(whole.replace(b"ada", b"eve", 1))
    else:
        log.mkdir()
    pages = files(changed.root / "autograded")
    for command in ("grade", "regrade"):
        done = call(changed, command, NAME)
        assert done.exit_code == 3 and str(log) in done.stderr and "grade" in done.stderr
    assert rows(changed) == before and files(changed.root / "autograded") == pages
    log.rmdir() if log.is_dir() else log.unlink()
    log.write_bytes(whole)


def test_graded_cells_that_changed_under_the_grades_are_told(regraded: Result, changed: Course) -> None:
    path = changed.root / "course" / UNIT / f"{NAME}.ipynb"
    text, before = path.read_text(encoding="utf-8"), rows(changed)
    path.write_text(text.replace('"grade_id": "bpe-merge"', '"grade_id": "bpe-melt"'), encoding="utf-8")
    for words in (["grade", NAME], ["regrade", NAME], ["regrade", NAME, "--dry-run"]):
        done = call(changed, *words)
        assert done.exit_code == 3 and "bpe-melt, bpe-merge" in done.stderr and "remove 02-bpe --force" in done.stderr
    path.write_text(text, encoding="utf-8")
    assert rows(changed) == before


@pytest.mark.parametrize("command", ["grade", "regrade"])
def test_without_a_sandbox_nothing_changes(
    regraded: Result, changed: Course, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def fail(_: object) -> None:
        raise SandboxError("the warm process did not start")

    monkeypatch.setattr("autograder.sandbox.sandbox.Sandbox.__enter__", fail)
    before = everything(changed)
    done = call(changed, command, NAME, "--fresh")
    assert done.exit_code == 3 and done.stderr.count("the warm process did not start") == 1
    assert {name for name, data in everything(changed).items() if before.get(name) != data} <= {
        "gradebook.db",
        ".autograder/gradebook-before.db",
    }
