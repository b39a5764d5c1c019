"""An instructor at work in formgrader: generate, autograde, read a submission, give feedback, by its own buttons."""

import filecmp
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from answers import answered, mistake_in
from lab import Lab
from playwright.sync_api import Locator, Page, expect

from autograder.course import Course, Unit, find_course

TakePicture = Callable[[Locator, str], None]
MINE = "document.title = 'mine'"
WRITTEN = f'I **do not** know. <script>{MINE}</script> <img src="x" onerror="{MINE}">'
RIGHT, WRONG = "ada", "eve"


class Formgrader:
    """formgrader's pages, and the buttons in their tables."""

    def __init__(self, page: Page, lab: Lab, unit: Unit) -> None:
        self.page, self.lab, self.unit = page, lab, unit

    def go(self, path: str) -> Page:
        self.page.goto(self.lab.url(f"formgrader{path}"))
        return self.page

    def row(self, name: str) -> Locator:
        return self.page.locator("tbody tr", has_text=name)

    def press(self, row: str, button: str) -> None:
        """Press the button of a row, and read that it worked."""
        self.row(row).locator(f"td.{button} a").click()
        expect(self.page.locator(".modal-title")).to_have_text("Success", timeout=60_000)
        self.page.locator(".modal-footer button", has_text="OK").click()
        expect(self.page.locator(".modal-dialog")).not_to_be_attached()

    def open_submission(self, student: str) -> Page:
        """The page on which a person grades. Students are hidden there, so their number comes from the server."""
        rows = self.lab.api(f"formgrader/api/submitted_notebooks/{self.unit.folder}/{self.unit.name}")
        return self.go(f"/submissions/{next(row['id'] for row in rows if row['student'] == student)}/")


@pytest.fixture(scope="module")
def unit(course: Course) -> Unit:
    return course.units[0]


@pytest.fixture(scope="module")
def formgrader(page: Page, lab: Lab, course: Course, unit: Unit) -> Formgrader:
    """Two submissions lie there, and the assignment was generated once more."""
    for student in (RIGHT, WRONG):
        hand_in(course, unit, student)
    formgrader = Formgrader(page, lab, unit)
    formgrader.go("")
    formgrader.press(unit.folder, "assign")
    return formgrader


@pytest.fixture(scope="module")
def graded(formgrader: Formgrader, unit: Unit) -> Formgrader:
    formgrader.go(f"/manage_submissions/{unit.folder}")
    for student in (RIGHT, WRONG):
        formgrader.press(student, "autograde")
        expect(formgrader.row(student)).to_contain_text("needs manual grading")
    return formgrader


def hand_in(course: Course, unit: Unit, student: str) -> None:
    path = course.root / "submitted" / student / unit.folder / f"{unit.name}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(answered(course, unit, WRITTEN, mistaken=student == WRONG), path)


def mark_schemes(course: Course, unit: Unit) -> list[str]:
    """What a release leaves out of the tasks of written answers: of each line the longest part without markup."""
    solved = nbformat.read(course.root / "solutions" / unit.folder / f"{unit.name}.ipynb", as_version=4)
    cells = [cell.source for cell in solved.cells if "### BEGIN MARK SCHEME" in cell.source]
    schemes = [cell.partition("### BEGIN MARK SCHEME\n")[2].partition("\n### END MARK SCHEME")[0] for cell in cells]
    assert schemes
    lines = [line.removeprefix("- ") for scheme in schemes for line in scheme.splitlines()]
    return [max(re.split(r"[`*_$]", line), key=len).strip() for line in lines]


@pytest.mark.slow
def test_generate_makes_the_release_that_is_there(formgrader: Formgrader, course: Course, unit: Unit) -> None:
    committed = find_course(Path(__file__).parent).root / "course" / unit.folder
    generated = course.root / "course" / unit.folder
    names = sorted(path.name for path in committed.iterdir())
    assert sorted(path.name for path in generated.iterdir()) == names
    assert filecmp.cmpfiles(committed, generated, names, shallow=False) == (names, [], [])


@pytest.mark.slow
def test_a_grader_reads_verdicts_and_mark_schemes(
    graded: Formgrader, course: Course, unit: Unit, take_picture: TakePicture
) -> None:
    page = graded.open_submission(WRONG)
    seen = page.locator("body").inner_text()
    assert f"— {mistake_in(unit, unit.exercises[0]).says.rstrip('.')}" in seen
    assert [line for line in mark_schemes(course, unit) if line not in seen] == []
    take_picture(page.locator("body"), "formgrader")


@pytest.mark.slow
def test_what_a_student_wrote_is_read_and_not_run(graded: Formgrader) -> None:
    page = graded.open_submission(WRONG)
    answer = page.locator("p", has_text="I do not know.").first
    expect(answer.locator("strong")).to_have_text("do not")
    expect(page.locator("[onerror]")).to_have_count(0)
    assert page.title() != "mine"


@pytest.mark.slow
def test_feedback_names_the_mistake_and_keeps_the_mark_scheme(
    graded: Formgrader, course: Course, unit: Unit, take_picture: TakePicture
) -> None:
    page = graded.go(f"/manage_submissions/{unit.folder}")
    graded.press(WRONG, "generate-feedback")
    page.goto((course.root / "feedback" / WRONG / unit.folder / f"{unit.name}.html").as_uri())
    seen = page.locator("body").inner_text()
    assert f"— {mistake_in(unit, unit.exercises[0]).says.rstrip('.')}" in seen
    assert "I do not know." in seen
    assert [line for line in mark_schemes(course, unit) if line in seen] == []
    assert page.title() != "mine"
    take_picture(page.locator("body"), "feedback")
