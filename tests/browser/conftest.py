"""One JupyterLab for all tests of this folder, on a course of its own, and a real browser in front of it.

SCREENSHOTS=FOLDER keeps pictures of what the tests see.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import chromium
import pytest
from lab import Lab
from playwright.sync_api import Browser, Locator, Page

from autograder.course import Course, find_course
from autograder.workspace import start_workspace


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A copy of the course, with a learner's workspace in it."""
    folder = tmp_path_factory.mktemp("course")
    copied = find_course(Path(__file__).parent).copy_to(folder)
    assert list(start_workspace(copied, folder / "workspace"))
    return copied


@pytest.fixture(scope="session")
def lab(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(course.root, home=tmp_path_factory.mktemp("home")) as lab:
        yield lab


@pytest.fixture(scope="module")
def browser(require: Callable[[str, bool, str], None]) -> Iterator[Browser]:
    """Ends with each file: while playwright runs, no other test of the process could start an event loop."""
    require("Chromium", chromium.PROGRAM is not None, "shows the notebooks as students see them")
    with chromium.start_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    return chromium.new_page(browser)


@pytest.fixture(scope="module")
def lab_page(page: Page, lab: Lab) -> Page:
    """A page with JupyterLab, loaded once."""
    page.goto(lab.url("lab"))
    return page


@pytest.fixture
def take_picture(tmp_path: Path) -> Callable[[Locator, str], None]:
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def take_picture(what: Locator, name: str) -> None:
        what.screenshot(path=folder / f"{name}.png")

    return take_picture
