"""Every interactive picture answers: its sliders, boxes and buttons are moved, by keyboard, in a real JupyterLab."""

import symtable
from collections.abc import Callable, Iterator

import nbformat
import pytest
from lab import ROOT
from lab_notebook import open_notebook
from nbformat import NotebookNode
from playwright.sync_api import Locator, Page, TimeoutError, expect

from autograder.course import Course, Unit
from autograder.lending import whole_sources
from autograder.mygpt import settle

COURSE = Course(ROOT)
CONTROLS = ".noUi-handle, input:enabled, select, button.jupyter-button"
PICTURES = ".widget-output .jp-OutputArea-output"
LABELS = ".widget-label, button.jupyter-button"
ERRORS = "[data-mime-type='application/vnd.jupyter.stderr']"

KIND = "control => control.getAttribute('role') ?? control.type"
KEYS = {
    "slider": "ArrowRight",
    "checkbox": "Space",
    "button": "Enter",
    "submit": "Enter",
    "text": "s Enter",
    "number": "ArrowUp",
    "select-one": "End",  # JupyterLab keeps the arrows up and down for itself
}
SEEN = f'area => [...area.querySelectorAll("{PICTURES}")].map(picture => picture.innerHTML).join("")'
HAS_CHANGED = f"([area, before]) => ![before, ''].includes(({SEEN})(area))"
ARE_DRAWN = "area => Promise.all([...area.querySelectorAll('img')].map(image => image.decode()))"
CUT_OFF = "labels => labels.filter(it => it.scrollWidth > it.clientWidth).map(it => it.innerText)"
IS_IDLE = "() => panel.sessionContext.session.kernel.status === 'idle'"


@pytest.mark.slow
@pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)
def test_pictures_follow_their_controls(
    unit: Unit, course: Course, lab_page: Page, take_picture: Callable[[Locator, str], None]
) -> None:
    notebook = nbformat.read(ROOT / "solutions" / unit.folder / f"{unit.name}.ipynb", as_version=4)
    notebook.cells = with_what_they_need([cell for cell in notebook.cells if cell.cell_type == "code"])
    interactive = [i for i, cell in enumerate(notebook.cells) if is_interactive(cell)]
    assert interactive, f"{unit.name} has no interactive picture"
    path = f"workspace/{unit.folder}/{unit.name}-pictures.ipynb"
    nbformat.write(notebook, course.root / path)
    settle(course.root / "workspace" / unit.folder, whole_sources(COURSE, unit))  # as if all answers had been kept
    with open_notebook(lab_page, path) as lab_notebook:
        lab_notebook.command("notebook:run-all-cells")
        for number, index in enumerate(interactive, start=1):
            lab_notebook.select(index)
            area = lab_notebook.cell(index).locator(".jp-Cell-outputArea")
            look_at(area)
            assert area.locator(LABELS).evaluate_all(CUT_OFF) == []
            take_picture(area, f"{unit.name}-{number}-before")
            for i, control in enumerate(area.locator(CONTROLS).all()):
                move(area, control, f"control {i} of picture {number}")
            take_picture(area, f"{unit.name}-{number}-after")


def is_interactive(cell: NotebookNode) -> bool:
    return "widgets.interact" in cell.source


def with_what_they_need(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The interactive cells, and before them the setup and what defines their names, to be run with few steps."""
    wanted, needed = [], set()
    for cell in reversed(cells[1:]):
        defined, used = names_in(cell.source)
        if is_interactive(cell) or defined & needed:
            wanted.append(cell)
            needed = needed - defined | used
    cells[0].source = f"%env COURSE_BUDGET=ci\n{cells[0].source}"
    return [cells[0], *reversed(wanted)]


def names_in(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell defines, and those that it uses."""
    module = symtable.symtable(source, "cell", "exec")
    defined = {name.get_name() for name in module.get_symbols() if name.is_assigned() or name.is_imported()}
    symbols = [name for scope in scopes_in(module) for name in scope.get_symbols()]
    return defined, {name.get_name() for name in symbols if name.is_global() and name.is_referenced()}


def scopes_in(scope: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield scope
    for inner in scope.get_children():
        yield from scopes_in(inner)


def move(area: Locator, control: Locator, name: str) -> None:
    """Move one control, as a person without a mouse does, and wait for another picture."""
    if "mod-active" in (control.get_attribute("class") or ""):
        return  # of several buttons, the one that is pressed
    kind = control.evaluate(KIND)
    at_end = control.get_attribute("aria-valuenow") == control.get_attribute("aria-valuemax")
    before = area.evaluate(SEEN)
    for key in ("ArrowLeft" if kind == "slider" and at_end else KEYS[kind]).split():
        control.press(key)
    try:
        area.page.wait_for_function(HAS_CHANGED, arg=[area.element_handle(), before])
    except TimeoutError:
        pytest.fail(f"{name} was moved, and the picture is what it was")
    look_at(area)


def look_at(area: Locator) -> None:
    """Wait until the picture is drawn, and see that it is no error."""
    area.page.wait_for_function(IS_IDLE)
    expect(area.locator(PICTURES).first).to_be_visible()
    expect(area.locator(ERRORS)).to_have_count(0)
    area.evaluate(ARE_DRAWN)
