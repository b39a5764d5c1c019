"""Make the README's pictures: a check that failed and the same check passed, in a real JupyterLab.

    python tests/browser/pictures.py [FOLDER]     FOLDER is .github, if none is named
"""

import sys
import tempfile
from pathlib import Path

from chromium import new_page, start_chromium
from lab import ROOT, Lab
from lab_notebook import LabNotebook, open_notebook
from playwright.sync_api import Page

from autograder.course import Course
from autograder.source import answer_source
from autograder.variants import misconception_source, misconceptions_of
from autograder.workspace import start_workspace

UNIT, EXERCISE = "attention", "scaled_dot_product_attention"
DOTS_PER_PIXEL = 1.7  # crisp on fine screens, and below 150 kB
WIDTH, HEIGHT = 1110, 1500  # leaves 1010 to a cell


def main() -> None:
    folder = Path(sys.argv[1]) if sys.argv[1:] else ROOT / ".github"
    with tempfile.TemporaryDirectory() as temporary:
        workspace, home = Path(temporary, "workspace"), Path(temporary, "home")
        assert list(start_workspace(Course(ROOT), workspace))
        with Lab(workspace, home) as lab, start_chromium() as browser:
            page = new_page(browser, scale=DOTS_PER_PIXEL)
            page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
            page.goto(lab.url("lab"))
            take_both(page, folder)


def take_both(page: Page, folder: Path) -> None:
    course = Course(ROOT)
    unit = course.unit(UNIT)
    exercise = unit.exercise(EXERCISE)
    answers = {
        "failed": misconception_source(course, unit, misconceptions_of(unit, exercise)[0]),
        "passed": answer_source(course, unit, exercise),
    }
    with open_notebook(page, f"{unit.folder}/{unit.name}.ipynb") as notebook:
        notebook.command("application:toggle-left-area")
        notebook.run(f"{unit.name}-setup")
        for name, source in answers.items():
            notebook.run(f"{unit.name}-{exercise.name}-answer", source)
            take(notebook, f"{unit.name}-{exercise.name}", folder / f"{name}.png")


def take(notebook: LabNotebook, check: str, path: Path) -> None:
    """The cell and its card, without the frame and the buttons that the selected cell has."""
    notebook.run(check)
    notebook.select(f"{UNIT}-{EXERCISE}-answer")
    notebook.cell(check).scroll_into_view_if_needed()
    box = notebook.cell(check).bounding_box()
    assert box is not None
    notebook.page.screenshot(path=path, clip={**box, "height": box["height"] - 4}, animations="disabled")
    print(path)


if __name__ == "__main__":
    main()
