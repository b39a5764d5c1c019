"""`autograder grade --dask`: the gradebook, the memory, end to end, and Ctrl-C while nobody is there."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner
from nbgrader.api import Gradebook
from real_cluster import CLASS, Cluster, kill, solved

from autograder import cli
from autograder.course import Course, find_course

pytestmark = pytest.mark.slow
STUDENTS = ("right", "wrong", "crashing")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class of a few; who is right also handed in an earlier unit."""
    course = find_course(Path(__file__).parent).copy_to(tmp_path_factory.mktemp("course"))
    for student in STUDENTS:
        hand_in(course, student, "attention", **CLASS[student])
    hand_in(course, "right", "bigram")
    return course


def hand_in(course: Course, student: str, name: str, **answers: str) -> None:
    path = course.root / "submitted" / student / course.unit(name).folder / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(solved(name, **answers)), encoding="utf-8")


def grade(course: Course, *words: str) -> dict[str, Any]:
    done = CliRunner().invoke(cli.main, ["--root", str(course.root), "grade", "attention", "--json", *words])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def rows(course: Course) -> dict[tuple[str, str], tuple[float, float]]:
    """By student and cell: points and the most there are."""
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}", course.id) as gradebook:
        return {
            (submission.student.id, grade.name): (grade.auto_score, grade.max_score)
            for submission in gradebook.find_assignment("06-attention").submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def said(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in ("seconds", "remembered")}


def test_the_same_gradebook_and_what_is_remembered(course: Course, cluster: Cluster) -> None:
    here, rows_here = grade(course, "--end-to-end"), rows(course)
    assert set(here["points"]) == set(STUDENTS) and len(set(here["points"].values())) > 1
    (course.root / "gradebook.db").unlink()
    shutil.rmtree(course.root / ".autograder" / "memory")
    there = grade(course, "--end-to-end", "--dask", cluster.address)
    assert (said(there), rows(course)) == (said(here), rows_here)
    (course.root / "gradebook.db").unlink()
    again = grade(course, "--end-to-end", "--dask", cluster.address)
    assert (said(again), rows(course)) == (said(here), rows_here)
    assert again["remembered"] > there["remembered"]


def test_ctrl_c_while_nobody_is_there(course: Course, new_cluster: Callable[..., Cluster]) -> None:
    cluster = new_cluster(1)
    command = [sys.executable, "-m", "autograder.cli", "--root", str(course.root)]
    command += ["grade", "attention", "--fresh", "--dask", cluster.address]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as grading:
        assert grading.stderr is not None
        seen = []
        for line in grading.stderr:
            seen.append(line)
            if "1 worker, 1 at a time" in line:
                kill(cluster.workers[0])
            if "Waiting for one" in line:
                grading.send_signal(signal.SIGINT)
                break
        rest = grading.communicate(timeout=60)[1]
    assert grading.returncode not in (0, None), seen
    assert "Traceback" not in rest
    cluster.start_workers(1)
    assert set(grade(course, "--fresh", "--dask", cluster.address)["points"]) == set(STUDENTS)
