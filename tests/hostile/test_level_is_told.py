"""The isolation in force stands on every run and every report, in the same sentence."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_class import FOLDER, make_course, solved_notebook

from autograder.course import Course, find_course
from autograder.feedback import render_feedback
from autograder.sandbox import Level, best_level

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
SENTENCE = (best_level() or Level.UNSAFE).sentence


def run(course: Course, *command: str) -> tuple[str, str]:
    """stdout and stderr, each in one line of single spaces: terminals wrap."""
    paths = {"PATH": f"{BIN}:{os.environ['PATH']}", "PYTHONPATH": str(find_course(Path(__file__).parent).root)}
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, env=os.environ | paths)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split()), " ".join(done.stderr.split())


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """With one student, who is right, already graded."""
    course = make_course(tmp_path_factory.mktemp("told"))
    path = course.root / "submitted" / "ada" / FOLDER / "attention.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(solved_notebook(course)), encoding="utf-8")
    return course


def test_on_every_road(course: Course) -> None:
    command = [sys.executable, "-m", "autograder.cli"]
    out, err = run(course, *command, "grade", "attention", "--json")
    assert json.loads(out)["isolation"] == SENTENCE and SENTENCE in err
    run(course, *command, "report", "attention")
    assert SENTENCE in (course.root / "class-report.html").read_text(encoding="utf-8")
    (page,) = list(render_feedback(course, [course.unit("attention")], jobs=1))
    assert SENTENCE in page.read_text(encoding="utf-8")
    shutil.rmtree(course.root / "autograded")
    out, err = run(course, "nbgrader", "autograde", FOLDER)
    assert SENTENCE in out + err


def test_under_pytest(course: Course) -> None:
    notebook = str(course.root / "submitted" / "ada" / FOLDER / "attention.ipynb")
    out, _ = run(course, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", notebook)
    assert SENTENCE in out


def test_when_asked(course: Course) -> None:
    out, _ = run(course, sys.executable, "-m", "autograder.sandbox")
    assert SENTENCE in out and "✓" in out


@pytest.mark.parametrize("level", Level)
def test_the_sentence_says_what_is_missing(level: Level) -> None:
    weaker = {Level.NAMESPACES: "strongest", Level.LANDLOCK: "without namespaces", Level.UNSAFE: "WITHOUT confinement"}
    assert weaker[level] in level.sentence
