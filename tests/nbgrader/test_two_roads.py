"""Stock `nbgrader autograde` and `autograder grade` end in the same gradebook, the same files, the same pages."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from gradebook_rows import Rows, rows_of
from nbgrader.api import Gradebook

from autograder.course import Course

pytestmark = pytest.mark.slow


def rows(course: Course) -> Rows:
    return rows_of(f"sqlite:///{course.root / 'gradebook.db'}", course)


def files(course: Course) -> dict[str, bytes]:
    room = course.root / "autograded"
    return {p.relative_to(room).as_posix(): p.read_bytes() for p in sorted(room.rglob("*")) if p.is_file()}


def memory(course: Course) -> dict[str, int]:
    """What the sandbox was asked, each with when the answer was written down."""
    room = course.root / ".autograder" / "memory"
    return {path.name: path.stat().st_mtime_ns for path in room.rglob("*") if path.is_file()}


def pages(course: Course) -> dict[str, bytes]:
    return {path.parts[-3]: path.read_bytes() for path in course.root.glob("feedback/*/06-attention/*.html")}


@pytest.fixture(scope="module")
def both(course: Course, run: Callable[..., str]) -> tuple[tuple[Rows, dict], tuple[Rows, dict]]:
    run("python", "-m", "autograder.cli", "grade", "06-attention")
    fast = rows(course), files(course)
    shutil.rmtree(course.root / "autograded")
    remembered = memory(course)
    run("nbgrader", "autograde", "06-attention", "--force")
    assert remembered and memory(course) == remembered, "the second road runs again what the first has run"
    return fast, (rows(course), files(course))


def test_same_rows(both: tuple) -> None:
    (fast, _), (stock, _) = both
    assert set(fast) == {"right", "wrong", "late", "blank"}
    assert fast == stock


def test_same_files(both: tuple) -> None:
    (_, fast), (_, stock) = both
    assert set(fast) == set(stock)
    assert [name for name in fast if fast[name] != stock[name]] == []


def test_scores_are_the_designed_ones(both: tuple) -> None:
    (fast, _), _ = both
    scores = {student: row[1][0] for student, row in fast.items()}
    assert scores == {"right": 20, "late": 20, "wrong": 19, "blank": 0}


def test_registering_leaves_the_release_as_it_was(both: tuple, course: Course) -> None:
    built = Path(__file__).resolve().parents[2] / "course" / "06-attention"
    for path in built.rglob("*"):
        assert (course.root / "course" / "06-attention" / path.relative_to(built)).read_bytes() == path.read_bytes()


def test_a_manual_grade_survives_grading_again(both: tuple, course: Course, run: Callable[..., str]) -> None:
    cell = "attention-causal_mask"
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", course.id) as gradebook:
        grade = gradebook.find_grade(cell, "attention", "06-attention", "wrong")
        grade.manual_score = 1.5
        gradebook.db.commit()
    run("python", "-m", "autograder.cli", "grade", "06-attention")
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", course.id) as gradebook:
        grade = gradebook.find_grade(cell, "attention", "06-attention", "wrong")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (1.0, 1.5, True)


def test_same_pages(both: tuple, course: Course, run: Callable[..., str]) -> None:
    run("python", "-m", "autograder.cli", "feedback", "06-attention")
    ours = pages(course)
    run("nbgrader", "generate_feedback", "06-attention", "--force")
    assert len(ours) == 4 and ours == pages(course)


def test_feedback_tells_the_mistake_and_runs_no_script(both: tuple, course: Course, run: Callable[..., str]) -> None:
    run("python", "-m", "autograder.cli", "feedback", "06-attention")
    page = (course.root / "feedback" / "wrong" / "06-attention" / "attention.html").read_text(encoding="utf-8")
    assert "you count queries from 0" in page
    assert "<script>document.title" not in page and "onerror" not in page.replace("&lt;img src=x onerror", "")
    assert "MARK SCHEME" not in page


def test_feedback_tells_what_was_put_right(both: tuple, course: Course, run: Callable[..., str]) -> None:
    run("python", "-m", "autograder.cli", "feedback", "06-attention")
    told = "Put right before grading:\n  attention-split_heads-answer: its metadata was lost; found by its text"
    assert [student for student, page in pages(course).items() if told in page.decode("utf-8")] == ["late"]
