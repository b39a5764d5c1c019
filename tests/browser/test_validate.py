"""nbgrader's own way for a student to check before handing in: `nbgrader validate` and the Lab's Validate button.

Demonstrations are left out of the notebooks here: validate runs them too, and they only take time.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from lab import ROOT
from lab_notebook import open_notebook
from playwright.sync_api import Locator, Page, expect

from autograder.course import Course, Unit
from autograder.source import answer_source
from autograder.submission import exercise_of, released_notebook, role_of
from autograder.variants import misconception_source, misconceptions_of
from reference.misconceptions import Misconception

SUCCESS = "Success! Your notebook passes all the tests."


@pytest.fixture(scope="module")
def unit(course: Course) -> Unit:
    return course.units[0]


@pytest.fixture(scope="module")
def mistake(unit: Unit) -> Misconception:
    return misconceptions_of(unit, unit.exercises[0])[0]


@pytest.fixture(scope="module", params=["right", "wrong"])
def notebook(request: pytest.FixtureRequest, course: Course, unit: Unit, mistake: Misconception) -> Path:
    """A finished notebook in the workspace: all right, or with a mistake in the first answer."""
    notebook = released_notebook(course, unit)
    notebook.cells = [cell for cell in notebook.cells if role_of(cell) != "demo"]
    for cell in notebook.cells:
        if role_of(cell) == "answer":
            cell.source = answer_source(course, unit, unit.exercise(exercise_of(cell)))
        elif role_of(cell) == "written":
            cell.source = "A good answer."
    if request.param == "wrong":
        first = next(cell for cell in notebook.cells if role_of(cell) == "answer")
        first.source = misconception_source(course, unit, mistake)
    path = course.root / "workspace" / unit.folder / f"{request.param}.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.mark.slow
def test_the_command_reports_what_check_says(notebook: Path, mistake: Misconception) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nbgrader", "validate", str(notebook)]
    done = subprocess.run(command, cwd=notebook.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    if notebook.stem == "right":
        assert said == SUCCESS
    else:
        assert f"✗ {mistake.exercise}" in said
        assert mistake.says.rstrip(".") in said
        assert "autograder/" not in said  # no frame of ours


@pytest.mark.slow
def test_the_button_reports_what_check_says(
    notebook: Path, course: Course, mistake: Misconception, lab_page: Page, take_picture: Callable[[Locator, str], None]
) -> None:
    with open_notebook(lab_page, str(notebook.relative_to(course.root))) as opened:
        opened.tab.get_by_role("button", name="Validate").click()
        dialog = lab_page.locator(".jp-Dialog-content")
        expect(dialog).to_contain_text("Success!" if notebook.stem == "right" else mistake.says.rstrip("."))
        take_picture(dialog, f"validate-{notebook.stem}")
        dialog.get_by_role("button").last.click()
