"""An instructor at work in formgrader: generate, autograde, read a submission, give feedback, by nbgrader's own buttons."""

import filecmp
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, expect

from autograder.course import Course, Unit, find_course
from autograder.source import answer_source
from autograder.submission import exercise_of, released_notebook, role_of
from autograder.variants import misconception_source, misconceptions_of

TakePicture = Callable[[Locator, str], None]
WRITTEN = """I **do not** know. <script>document.title = "mine"</script><img src="x" onerror="document.title = 'mine'">"""


@pytest.fixture(scope="module")
def unit(course: Course) -> Unit:
    return course.units[0]


@pytest.fixture(scope="module")
def formgrader(page: Page, lab: Lab, course: Course, unit: Unit) -> Iterator["Formgrader"]:
    for student, num_wrong in (("ada", 0), ("eve", 1)):
        hand_in(course, unit, student, num_wrong)
    yield Formgrader(page, lab, unit)


def hand_in(course: Course, unit: Unit, student: str, num_wrong: int) -> None:
    """Answers in the released notebook, the first ones wrong, and a script in each written answer."""
    notebook = released_notebook(course, unit)
    for cell in notebook.cells:
        if role_of(cell) == "answer":
            exercise = unit.exercise(exercise_of(cell))
            wrong = exercise in unit.exercises[:num_wrong]
            mistake = misconceptions_of(unit, exercise)[0]
            cell.source = misconception_source(course, unit, mistake) if wrong else answer_source(course, unit, exercise)
        elif role_of(cell) == "written":
            cell.source = WRITTEN
    path = course.root / "submitted" / student / unit.folder / f"{unit.name}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


class Formgrader:
    """formgrader's pages, and the buttons in their tables."""

    def __init__(self, page: Page, lab: Lab, unit: Unit) -> None:
        self.page, self.lab, self.unit = page, lab, unit

    def go(self, path: str) -> Page:
        self.page.goto(self.lab.url(f"formgrader/{path}".rstrip("/")))
        return self.page

    def press(self, row: str, button: str) -> None:
        """Press the button of a row, and read that it worked."""
        self.page.locator("tr", has_text=row).locator(f"td.{button} a").click()
        expect(self.page.locator(".modal-title")).to_have_text("Success", timeout=60_000)
        self.page.locator(".modal-footer button", has_text="OK").click()
        expect(self.page.locator(".modal-dialog")).not_to_be_attached()

    def open_submission(self, student: str) -> Page:
        """The page on which a person grades. Students are hidden there, so their number comes from the server."""
        rows = self.lab.api(f"formgrader/api/submitted_notebooks/{self.unit.folder}/{self.unit.name}")
        return self.go(f"submissions/{next(row['id'] for row in rows if row['student'] == student)}/")


@pytest.mark.slow
def test_generate_makes_the_release_that_is_already_there(formgrader: Formgrader, course: Course, unit: Unit) -> None:
    formgrader.go("")
    formgrader.press(unit.folder, "assign")
    ours, theirs = find_course(Path(__file__).parent).root / "course" / unit.folder, course.root / "course" / unit.folder
    names = sorted(path.name for path in ours.iterdir())
    assert sorted(path.name for path in theirs.iterdir()) == names
    assert filecmp.cmpfiles(ours, theirs, names, shallow=False) == (names, [], [])


@pytest.mark.slow
def test_a_grader_reads_verdicts_and_mark_schemes(
    formgrader: Formgrader, course: Course, unit: Unit, take_picture: TakePicture
) -> None:
    formgrader.go(f"manage_submissions/{unit.folder}")
    for student in ("ada", "eve"):
        formgrader.press(student, "autograde")
    page = formgrader.open_submission("eve")
    mistake = misconceptions_of(unit, unit.exercises[0])[0]
    expect(page.locator("body")).to_contain_text(f"— {mistake.says.rstrip('.')}")
    for line in mark_scheme(course, unit):
        expect(page.locator("body")).to_contain_text(line)
    take_picture(page.locator("body"), "formgrader")


@pytest.mark.slow
def test_what_a_student_wrote_is_not_run(formgrader: Formgrader) -> None:
    page = formgrader.open_submission("eve")
    answer = page.locator(".jp-MarkdownOutput, .rendered_html", has_text="I do not know.").first
    expect(answer.locator("strong")).to_have_text("do not")
    expect(answer.locator("script")).not_to_be_attached()
    assert page.title() != "mine"


@pytest.mark.slow
def test_feedback_names_the_mistake_and_keeps_the_mark_scheme(
    formgrader: Formgrader, course: Course, unit: Unit, take_picture: TakePicture
) -> None:
    formgrader.go(f"manage_submissions/{unit.folder}")
    formgrader.press("eve", "generate-feedback")
    page = formgrader.page
    page.goto((course.root / "feedback" / "eve" / unit.folder / f"{unit.name}.html").as_uri())
    mistake = misconceptions_of(unit, unit.exercises[0])[0]
    expect(page.locator("body")).to_contain_text(f"— {mistake.says.rstrip('.')}")
    for line in mark_scheme(course, unit):
        expect(page.locator("body")).not_to_contain_text(line)
    assert page.title() != "mine"
    take_picture(page.locator("body"), "feedback")


def mark_scheme(course: Course, unit: Unit) -> list[str]:
    """The lines that a release leaves out of the tasks of written answers."""
    solved = nbformat.read(course.root / "solutions" / unit.folder / f"{unit.name}.ipynb", as_version=4)
    tasks = [cell.source for cell in solved.cells if cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("-task")]
    schemes = [task.partition("### BEGIN MARK SCHEME\n")[2].partition("\n### END")[0] for task in tasks]
    assert schemes and all(schemes)
    return [line for scheme in schemes for line in scheme.splitlines()]
