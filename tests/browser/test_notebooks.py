"""A student at work: blank, mistaken, helped, right; and nbgrader's validate. What counts is what is on the page."""

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import nbformat
import pytest
from answers import answered, mistake_in
from lab import ROOT
from lab_notebook import LabNotebook, open_notebook
from playwright.sync_api import Locator, Page, expect

from autograder.course import Course, Exercise, Unit
from autograder.source import answer_source
from autograder.submission import role_of
from autograder.variants import misconception_source

COURSE = Course(ROOT)
TakePicture = Callable[[Locator, str], None]

# How much lighter the lighter of text and background is, as WCAG counts it.
CONTRAST = """element => {
    const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0.05);
    let behind = element;
    const background = () => rgb(getComputedStyle(behind).backgroundColor);
    while (background()[3] === 0) behind = behind.parentElement;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(background())];
    return Math.max(a, b) / Math.min(a, b);
}"""


def path_of(unit: Unit) -> str:
    return f"workspace/{unit.folder}/{unit.name}.ipynb"


@pytest.mark.slow
@pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)
def test_a_student_is_told_what_is_wrong_and_when_it_is_right(
    unit: Unit, lab_page: Page, take_picture: TakePicture
) -> None:
    with open_notebook(lab_page, path_of(unit)) as notebook:
        expect(notebook.run(f"{unit.name}-setup")).not_to_contain_text("Error")
        for exercise in unit.exercises[:2]:
            for given in given_before(unit, exercise):
                notebook.run(given)
            work_on(notebook, unit, exercise, take_picture)


def given_before(unit: Unit, exercise: Exercise) -> list[str]:
    """The cells with the course's own code above an answer."""
    cells = nbformat.read(ROOT / "course" / unit.folder / f"{unit.name}.ipynb", as_version=4).cells
    above = takewhile(lambda cell: cell.id != f"{unit.name}-{exercise.name}-answer", cells)
    return [cell.id for cell in above if role_of(cell) == "given"]


def work_on(notebook: LabNotebook, unit: Unit, exercise: Exercise, take_picture: TakePicture) -> None:
    check, answer = f"{unit.name}-{exercise.name}", f"{unit.name}-{exercise.name}-answer"
    notebook.run(answer)
    expect(card(notebook.run(check))).to_contain_text(f"○ {exercise.name} · not attempted")

    mistake = mistake_in(unit, exercise)
    notebook.run(answer, misconception_source(COURSE, unit, mistake))
    failed = card(notebook.run(check))
    expect(failed).to_contain_text(f"✗ {exercise.name}")
    expect(failed.locator("b").last).to_have_text(mistake.says.rstrip("."))
    take_picture(notebook.cell(check), f"{unit.name}-{exercise.name}-failed")

    call = f"hint({', '.join(exercise.names)})"
    expect(failed).to_contain_text(f"Run {call}")
    expect(card(notebook.run_below(check, call))).to_contain_text(mistake.ask)

    notebook.run(answer, answer_source(COURSE, unit, exercise))
    passed = card(notebook.run(check))
    expect(passed).to_contain_text(f"✓ {exercise.name}")
    expect(passed).to_contain_text(f"{exercise.points} of {exercise.points} point")
    expect(passed).not_to_contain_text("✗")
    take_picture(notebook.cell(check), f"{unit.name}-{exercise.name}-passed")


def card(output: Locator) -> Locator:
    """The verdict as HTML; its plain text, for terminals, would not do."""
    return output.locator(".jp-RenderedHTML")


@pytest.mark.slow
def test_a_card_can_be_read_in_light_and_in_dark(lab_page: Page, take_picture: TakePicture) -> None:
    unit = COURSE.units[0]
    wrong, right = unit.exercises[:2]
    with open_notebook(lab_page, path_of(unit)) as notebook:
        notebook.run(f"{unit.name}-setup")
        mistake = misconception_source(COURSE, unit, mistake_in(unit, wrong))
        notebook.run(f"{unit.name}-{wrong.name}-answer", mistake)
        notebook.run(f"{unit.name}-{right.name}-answer", answer_source(COURSE, unit, right))
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            notebook.command("apputils:change-theme", theme=theme)
            lab_page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
            for exercise in (wrong, right):
                name = card(notebook.run(f"{unit.name}-{exercise.name}")).locator("b").first
                expect(name).to_contain_text(exercise.name)
                assert name.evaluate(CONTRAST) > 4
                take_picture(notebook.cell(f"{unit.name}-{exercise.name}"), f"{exercise.name}-{theme.split()[1]}")


def hand_out(course: Course, name: str, mistaken: bool) -> Path:
    """A finished notebook in the workspace, without its demonstrations: validate runs them too, for a minute."""
    unit = course.units[0]
    notebook = answered(course, unit, written="I know.", mistaken=mistaken)
    notebook.cells = [cell for cell in notebook.cells if role_of(cell) != "demo"]
    path = course.root / "workspace" / unit.folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.mark.slow
def test_validate_reports_what_check_says(course: Course) -> None:
    mistake = mistake_in(course.units[0], course.units[0].exercises[0])
    paths = [hand_out(course, "right", mistaken=False), hand_out(course, "wrong", mistaken=True)]
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    command = [sys.executable, "-m", "nbgrader", "validate", *map(str, paths)]
    done = subprocess.run(
        command, cwd=course.root, env=environment | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    right, wrong = done.stdout.split("\n", 1)
    assert right == "Success! Your notebook passes all the tests."
    assert "Success" not in wrong
    assert f"✗ {mistake.exercise}" in wrong
    assert mistake.says.rstrip(".") in " ".join(wrong.split())
    assert "Traceback" not in wrong  # no frame of ours, only the sentence


@pytest.mark.slow
def test_the_validate_button_reports_what_check_says(course: Course, lab_page: Page, take_picture: TakePicture) -> None:
    unit = course.units[0]
    exercise = unit.exercises[0]
    path = hand_out(course, "button", mistaken=True)
    with open_notebook(lab_page, str(path.relative_to(course.root))) as notebook:
        for expected in (mistake_in(unit, exercise).says.rstrip("."), "Success! Your notebook passes all the tests."):
            notebook.tab.get_by_role("button", name="Validate").click()
            dialog = lab_page.locator(".jp-Dialog-content", has_text="Validation Results")
            expect(dialog).to_contain_text(expected)
            take_picture(dialog, f"validate-{expected.split()[0]}")
            dialog.get_by_role("button", name="Ok").click()
            notebook.write(f"{unit.name}-{exercise.name}-answer", answer_source(course, unit, exercise))
