"""A round trip through nbgrader's exchange: nothing an instructor keeps back is anywhere a student can see."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.course import Course
from autograder.variants import misconceptions_of

pytestmark = pytest.mark.slow
UNIT = "06-attention"


@pytest.fixture(scope="module")
def student(course: Course, run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Release, fetch, submit, collect, grade, return feedback; the folder of the student after all this."""
    exchange, home = tmp_path_factory.mktemp("exchange"), tmp_path_factory.mktemp("student")
    exchange.chmod(0o777)
    options = [f"--Exchange.root={exchange}", f"--Exchange.cache={home / 'cache'}", f"--course={course.id}"]
    run("nbgrader", "generate_assignment", UNIT, "--force")
    run("nbgrader", "release_assignment", UNIT, *options)
    run("nbgrader", "fetch_assignment", UNIT, *options, cwd=home)
    shutil.copyfile(course.root / "solutions" / UNIT / "attention.ipynb", home / UNIT / "attention.ipynb")
    run("nbgrader", "submit", UNIT, *options, cwd=home)
    shutil.rmtree(home / UNIT)
    shutil.rmtree(course.root / "submitted")
    run("nbgrader", "collect", UNIT, *options)
    run("nbgrader", "autograde", UNIT)
    run("nbgrader", "generate_feedback", UNIT)
    run("nbgrader", "release_feedback", UNIT, *options)
    run("nbgrader", "fetch_assignment", UNIT, *options, cwd=home)
    run("nbgrader", "fetch_feedback", UNIT, *options, cwd=home)
    shutil.copytree(exchange, home / "what-lies-in-the-exchange", ignore=shutil.ignore_patterns("inbound"))
    return home


def test_the_feedback_comes_back(student: Path) -> None:
    (page,) = [path for path in (student / UNIT).rglob("*.html")]
    assert "all 9 properties hold" in page.read_text(encoding="utf-8") or "properties hold" in page.read_text("utf-8")


def test_nothing_kept_back_reaches_a_student(student: Path, course: Course) -> None:
    names = [path.name for path in student.rglob("*")]
    assert "attention.ipynb" in names
    assert not {"attention.md", "hidden.py", "reference", "misconceptions", "secret"} & set(names)
    kept_back = ["### BEGIN MARK SCHEME", "BEGIN SOLUTION", *(m.show for m in misconceptions_of(course.unit(UNIT)))]
    for path in (p for p in student.rglob("*") if p.is_file() and "cache" not in p.parts and p.suffix != ".html"):
        text = path.read_text(encoding="utf-8", errors="replace")
        assert [words for words in kept_back if words in text] == [], path
