"""Is a build always the same bytes, and does it let out only what students may see?"""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from traitlets.config import PyFileConfigLoader

from autograder.build import build_all, build_unit
from autograder.course import Course
from autograder.errors import AuthorError

SOLVED = ["solutions/01-letters/letters.ipynb", "solutions/02-counting/counting.ipynb"]
RELEASED = ["course/01-letters/letters.ipynb", "course/02-counting/counting.ipynb", "course/02-counting/tally.svg"]
SECRETS = ["BEGIN SOLUTION", "MARK SCHEME", "xyzzy", "1 point: a blank", "They are no letters", "_ranked", "json.loads"]
"""Words of the answers, the mark scheme, the model answer and the hidden probes."""


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def relative(paths: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def nbgrader(root: Path, *arguments: str) -> str:
    """Run nbgrader as an instructor does, and return what it said."""
    # A new gradebook asks the command `alembic`, which lies beside this Python, for its version.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    home = {name: str(root / ".home") for name in ("HOME", "JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=root,
        env={**os.environ, **home, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_the_first_build_writes_everything_and_the_second_nothing(course, root):
    assert relative(build_all(course), root) == SOLVED + RELEASED
    first = tree(root)
    assert build_all(course) == []
    assert tree(root) == first


def test_two_builds_in_two_places_are_byte_identical(course, root, tmp_path):
    build_all(course)
    other = tmp_path / "elsewhere"
    subprocess.run(["cp", "-r", root, other], check=True)
    for path in SOLVED + RELEASED:
        (other / path).unlink()
    build_all(Course(other))
    assert tree(other) == tree(root)


def test_a_check_writes_nothing_and_names_what_is_stale(course, root, edit):
    build_all(course)
    edit("solutions/02-counting/counting.md", "Because you can.", "Because it helps.")
    before = tree(root)
    stale = build_all(course, check_only=True)
    assert relative(stale, root) == ["solutions/02-counting/counting.ipynb", "course/02-counting/counting.ipynb"]
    assert tree(root) == before


def test_what_comes_from_no_lesson_is_removed_from_the_release(course, root):
    build_all(course)
    for stray in ("course/02-counting/notes.txt", "course/09-gone/gone.ipynb"):
        (root / stray).parent.mkdir(exist_ok=True)
        (root / stray).write_text("left over", encoding="utf-8")
    assert relative(build_all(course), root) == ["course/02-counting/notes.txt", "course/09-gone/gone.ipynb"]
    assert build_all(course, check_only=True) == []


def test_one_unit_is_built_without_touching_the_others(course, root):
    build_unit(course, course.unit("counting"))
    assert not (root / "course/01-letters").exists()
    assert (root / "course/02-counting/counting.ipynb").is_file()


def test_a_release_holds_no_secret_and_no_instructors_file(course, root):
    build_all(course)
    released = tree(root / "course")
    assert sorted(released) == sorted(path.removeprefix("course/") for path in RELEASED)
    everything = b"".join(released.values()).decode()
    assert [secret for secret in SECRETS if secret in everything] == []


def test_the_solved_notebook_holds_them_all_but_the_probes(course, root):
    build_all(course)
    solved = "".join((root / path).read_text(encoding="utf-8") for path in SOLVED)
    assert [secret for secret in SECRETS if secret not in solved] == ["xyzzy"]


def test_both_notebooks_are_valid_and_keep_their_order(course, root):
    build_all(course)
    solved, released = (nbformat.read(root / path, as_version=4) for path in (SOLVED[1], RELEASED[1]))
    nbformat.validate(solved)
    nbformat.validate(released)
    assert [cell.id for cell in solved.cells] == [cell.id for cell in released.cells]
    assert (released.nbformat, released.nbformat_minor) == (4, 5)


def test_a_blank_answer_is_nbgraders_stub(course, root):
    build_all(course)
    cells = {cell.id: cell for cell in nbformat.read(root / RELEASED[1], as_version=4).cells}
    assert cells["counting-share-answer"].source.endswith("    # YOUR CODE HERE\n    raise NotImplementedError()")
    assert cells["counting-why-blanks"].source == "YOUR ANSWER HERE"
    assert cells["counting-why-blanks-task"].source.startswith("**Your answer**, in the next cell (2 points")


def test_the_solved_notebook_runs_without_the_reference(course, root):
    """`mygpt` stands in for the learner's own code, `check` for the autograder."""
    from autograder.lending import given_sources

    build_all(course)
    (root / "mygpt").mkdir()
    for name, source in given_sources(course, course.unit("counting")).items():
        (root / "mygpt" / f"{name}.py").write_text(source, encoding="utf-8")
    cells = [cell.source for cell in nbformat.read(root / SOLVED[1], as_version=4).cells if cell.cell_type == "code"]
    script = "open_unit = check = lambda *names: None\n" + "\n".join(cells).replace(
        "from autograder", "# from autograder"
    )
    (root / "script.py").write_text(script, encoding="utf-8")
    for path in (root / "reference").iterdir():
        path.unlink()
    done = subprocess.run([sys.executable, "script.py"], cwd=root, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(3 / 16)


def test_nbgraders_refusal_is_passed_on(course, edit):
    edit("nbgrader_config.py", "enforce_metadata = False", "enforce_metadata = True")
    with pytest.raises(AuthorError, match=r"could not release the build\. RuntimeError: Mark scheme region detected"):
        build_all(course)


def test_the_settings_can_be_loaded_twice_and_from_anywhere(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    once, twice = (PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config() for _ in range(2))
    twice.merge(once)
    assert twice == once
    assert once.CourseDirectory.root == str(root)
    assert once.CourseDirectory.ignore[-3:] == ["hidden.py", "letters.md", "counting.md"]


@pytest.mark.slow
def test_nbgrader_releases_the_same_bytes_and_shows_students_nothing_more(course, root, edit):
    """From release to feedback by nbgrader's commands, with its own steps where the course has its judge."""
    edit("nbgrader_config.py", "autograder.nbgrader_plugin.GraftAnswers", "nbgrader.preprocessors.DeduplicateIds")
    edit("nbgrader_config.py", '    "autograder.nbgrader_plugin.JudgeSubmission",\n', "")
    build_all(course)
    before = tree(root / "course")
    nbgrader(root, "generate_assignment", "02-counting", "--force")
    assert tree(root / "course") == before

    _submit(root, "ada", "They count for nothing.")
    nbgrader(root, "autograde", "02-counting")
    nbgrader(root, "generate_feedback", "02-counting")
    autograded, feedback = (tree(root / folder / "ada" / "02-counting") for folder in ("autograded", "feedback"))
    assert sorted(autograded) == ["counting.ipynb", "tally.svg"]
    assert sorted(feedback) == ["counting.html", "tally.svg"]
    assert "They count for nothing." in feedback["counting.html"].decode()
    assert [secret for secret in SECRETS if secret in feedback["counting.html"].decode()] == []
    grader_sees = [secret for secret in SECRETS if secret in autograded["counting.ipynb"].decode()]
    assert grader_sees == ["MARK SCHEME", "1 point: a blank"]


def _submit(root: Path, student: str, written: str) -> None:
    folder = root / "submitted" / student / "02-counting"
    folder.mkdir(parents=True)
    notebook = (root / RELEASED[1]).read_text(encoding="utf-8")
    assert notebook.count("YOUR ANSWER HERE") == 1
    (folder / "counting.ipynb").write_text(notebook.replace("YOUR ANSWER HERE", written), encoding="utf-8")
