"""Somebody attacks whoever reads the submission, in every place a student can write to. In a real browser nothing runs.

Graded by `autograder grade` and by stock `nbgrader autograde`, which goes on where a file stops it; read in formgrader,
as feedback, and in the class report.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from attacks_on_readers import ATTACKS
from lab import ROOT, Lab
from nbgrader.api import Gradebook
from playwright.sync_api import Page, expect

from autograder.course import Course, Unit
from autograder.submission import exercise_of, released_notebook, role_of

pytestmark = pytest.mark.slow
IMAGE = "<img src=x onerror=mine()>"
BY_US, BY_NBGRADER, BROKEN, MARKED = "mallory", "oscar", "broken", f"marked {IMAGE}"
MINE = "window.ran = []; window.mine = () => window.ran.push(document.currentScript ? 'script' : 'event')"
CODE = f'''# {IMAGE} </pre></div><script>mine()</script> --> <!-- ]]>
def {{name}}(*args, **kwargs):
    """{IMAGE}"""
    {{does}}'''
DOES = [
    f"raise ValueError('{IMAGE}<script>mine()</script>')",
    f"raise type('{IMAGE}', (Exception,), {{}})('{IMAGE}')",
    f"return type('{IMAGE}', (), {{'__repr__': lambda self: '{IMAGE}'}})()",
    f"return '{IMAGE}'",
    f"return {IMAGE.replace('=', '')!r}.nothing",
    f"(  # {IMAGE}",
]


class Watch:
    """A page, and what it did that its reader did not ask for."""

    def __init__(self, page: Page) -> None:
        self.page, self.asked = page, []
        page.add_init_script(MINE)
        page.on("dialog", lambda dialog: (self.asked.append("a dialog"), dialog.dismiss()))
        page.on("request", lambda request: self.asked.append(request.url))

    def did(self) -> list[str]:
        self.page.wait_for_load_state("load")
        return [*self.page.evaluate("window.ran"), *(asked for asked in self.asked if re.search("evil|dialog", asked))]


@pytest.fixture(scope="module")
def watch(page: Page) -> Watch:
    return Watch(page)


@pytest.fixture(scope="module")
def unit(course: Course) -> Unit:
    return course.unit("bpe")


@pytest.fixture(scope="module")
def graded(watch: Watch, lab: Lab, course: Course, unit: Unit) -> Course:
    """Two graded by us, one of them once more by nbgrader; then feedback for both, by formgrader's button.

    One file is cut off. One folder's name is an attack; it is refused, since nbgrader's pages would run it.
    """
    hand_in(course, unit, BY_US, f"bpe {IMAGE}.ipynb")
    for student in (BY_NBGRADER, BROKEN, MARKED):
        path = hand_in(course, unit, student, "bpe.ipynb")
        if student == BROKEN:
            path.write_bytes(path.read_bytes()[:1000])
    assert "2 graded (1 with repairs), 2 need" in run(course, "autograder.cli", "grade", unit.folder, "--jobs", "1")
    run(course, "autograder.cli", "report", unit.folder, "--names")
    shutil.rmtree(course.root / "autograded" / BY_NBGRADER)
    said = run(course, "nbgrader", "autograde", unit.folder)
    (course.root / "said.txt").write_text(said, encoding="utf-8")
    watch.page.goto(lab.url("formgrader"))  # signs in
    for student in (BY_US, BY_NBGRADER):
        press(watch.page, lab, unit, student, "generate-feedback")
    return course


def hand_in(course: Course, unit: Unit, student: str, name: str) -> Path:
    notebook = released_notebook(course, unit)
    answers = [cell for cell in notebook.cells if role_of(cell) == "answer"]
    for number, cell in enumerate(answers):
        first, _, _ = cell.source.partition("\n")
        cell.source = f"{first}\n{CODE.format(name=exercise_of(cell), does=DOES[number % len(DOES)])}"
    for cell in notebook.cells:
        if role_of(cell) == "written":
            cell.source = "I do not know.\n\n" + "\n\n".join(ATTACKS)
    folder = course.root / "submitted" / student / unit.folder
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / name)
    return folder / name


def run(course: Course, *command: str) -> str:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": path}
    command = (sys.executable, "-m", *command)
    done = subprocess.run(command, cwd=course.root, env=environment, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout + done.stderr


def press(page: Page, lab: Lab, unit: Unit, student: str, button: str) -> None:
    page.goto(lab.url(f"formgrader/manage_submissions/{unit.folder}"))
    page.locator("tbody tr", has_text=student).locator(f"td.{button} a").click()
    expect(page.locator(".modal-title")).to_have_text("Success", timeout=60_000)


def test_the_attacks_are_live(watch: Watch, tmp_path: Path) -> None:
    """Or nothing would be learnt from their doing nothing."""
    page = tmp_path / "live.html"
    page.write_text(f"<p>{'</p><p>'.join(ATTACKS[:3])}</p><img src=http://evil.example/x>", encoding="utf-8")
    watch.page.goto(page.as_uri())
    assert {"script", "event", "http://evil.example/x"} <= set(watch.did())
    watch.asked.clear()


@pytest.mark.parametrize("student", [BY_US, BY_NBGRADER], ids=["by us", "by nbgrader"])
def test_nothing_runs_where_a_grader_reads(graded: Course, watch: Watch, lab: Lab, unit: Unit, student: str) -> None:
    rows = lab.api(f"formgrader/api/submitted_notebooks/{unit.folder}/{unit.name}")
    number = next(row["id"] for row in rows if row["student"] == student)
    watch.page.goto(lab.url(f"formgrader/submissions/{number}/"))
    expect(watch.page.locator("p", has_text="I do not know.").first).to_be_visible()
    harmless(watch)


@pytest.mark.parametrize("student", [BY_US, BY_NBGRADER], ids=["by us", "by nbgrader"])
def test_nothing_runs_where_a_student_reads(graded: Course, watch: Watch, unit: Unit, student: str) -> None:
    watch.page.goto((graded.root / "feedback" / student / unit.folder / f"{unit.name}.html").as_uri())
    seen = watch.page.locator("body").inner_text()
    assert "I do not know." in seen and "your code raised" in seen
    harmless(watch)


def test_nbgrader_says_whom_it_cannot_read_and_goes_on(graded: Course, unit: Unit) -> None:
    said = (graded.root / "said.txt").read_text(encoding="utf-8")
    assert f"error processing assignment '{unit.folder}' for student '{BROKEN}'" in said
    assert f"error processing assignment '{unit.folder}' for student '{MARKED}'" in said and "Rename it" in said
    done = {path.name for path in (graded.root / "autograded").iterdir() if any(path.iterdir())}
    assert done == {BY_US, BY_NBGRADER}
    with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}", graded.id) as gradebook:
        scores = {s.student.id: s.notebooks[0].score for s in gradebook.find_assignment(unit.folder).submissions}
        assert scores[BY_NBGRADER] == scores[BY_US] and not scores.get(BROKEN)


def test_nothing_runs_where_an_instructor_reads(graded: Course, watch: Watch) -> None:
    watch.page.goto((graded.root / "class-report.html").as_uri())
    seen = watch.page.locator("body").inner_text()
    assert f"found as bpe {IMAGE}.ipynb" in seen and MARKED in seen
    harmless(watch)


@pytest.mark.parametrize("path", ["manage_students", "manage_submissions/02-bpe", "gradebook/02-bpe/bpe"])
def test_nothing_runs_where_students_are_listed(graded: Course, watch: Watch, lab: Lab, path: str) -> None:
    watch.page.goto(lab.url(f"formgrader/{path}"))
    expect(watch.page.locator("tbody tr").first).to_be_visible()
    harmless(watch)


def harmless(watch: Watch) -> None:
    """Nothing ran, nothing was asked of the attacker, and no link or handler waits for a click."""
    watch.page.wait_for_timeout(100)
    assert watch.did() == []
    expect(watch.page.locator("[onerror], [onload], [onfocus], [ontoggle]")).to_have_count(0)
    expect(watch.page.locator("a[href^='javascript:mine']")).to_have_count(0)
