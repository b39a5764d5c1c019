"""A course of its own for nbgrader: four submissions of the attention unit. And a PostgreSQL for its gradebook."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import postgres
import pytest

from autograder.course import Course, find_course
from autograder.submission import exercise_of, role_of

NO_OFFSET = "def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k).tril().bool()\n"
SCRIPT = "The weights sum to 1. <script>document.title = 'mine'</script> <img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    folder = tmp_path_factory.mktemp("course")
    copied = find_course(Path(__file__).parent).copy_to(folder)
    for student in ("right", "wrong", "late"):
        _hand_in(folder, student, "solutions")
    _hand_in(folder, "blank", "course")
    (folder / "submitted" / "late" / "06-attention" / "timestamp.txt").write_text("2026-01-02 03:04:05 UTC")
    return copied


def _hand_in(folder: Path, student: str, room: str) -> None:
    notebook = nbformat.read(folder / room / "06-attention" / "attention.ipynb", as_version=4)
    for cell in notebook.cells:
        if student == "wrong" and role_of(cell) == "answer" and exercise_of(cell) == "causal_mask":
            cell.source = NO_OFFSET
        if student == "wrong" and role_of(cell) == "written":
            cell.source = SCRIPT
        if student == "late" and role_of(cell) == "answer" and exercise_of(cell) == "split_heads":
            cell.metadata = {}
    path = folder / "submitted" / student / "06-attention" / "attention.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def run(course: Course) -> Callable[..., str]:
    """Run a command of the environment in the course's folder; its output, or the test fails with it."""
    bin_folder = Path(sys.executable).parent

    def run(*command: str, cwd: Path = course.root) -> str:
        environment = {**os.environ, "PATH": os.pathsep.join([str(bin_folder), os.environ["PATH"]])}
        environment["PYTHONPATH"] = str(find_course(Path(__file__).parent).root)
        found = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout + found.stderr

    return run


@pytest.fixture(scope="module")
def server(require: Callable[[str, bool, str], None]) -> Iterator[postgres.Server]:
    """Not below pytest's own folder, into which the server's user may not look."""
    require("PostgreSQL", postgres.PROGRAMS is not None, "holds the gradebook of a department")
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder, postgres.Server(Path(folder)) as server:
        yield server
