"""Every interactive picture answers: its sliders, boxes and buttons are moved, by keyboard, in a real JupyterLab."""

import symtable
from collections.abc import Callable, Iterator

import nbformat
import pytest
from lab import ROOT
from lab_notebook import LabNotebook, open_notebook
from nbformat import NotebookNode
from playwright.sync_api import Locator, Page, TimeoutError, expect

from autograder.course import Course, Unit

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
    solved = nbformat.read(ROOT / "solutions" / unit.folder / f"{unit.name}.ipynb", as_version=4)
    interactive = [i for i, cell in enumerate(solved.cells) if "widgets.interact" in cell.source]
    assert interactive, f"{unit.name} has no interactive picture"
    path = f"workspace/{unit.folder}/{unit.name}-solved.ipynb"
    nbformat.write(solved, course.root / path)
    with open_notebook(lab_page, path) as notebook:
        for index in run_with_what_they_need(notebook, solved, interactive):
            area = notebook.cell(index).locator(".jp-Cell-outputArea")
            look_at(area)
            assert area.locator(LABELS).evaluate_all(CUT_OFF) == []
            take_picture(area, f"{unit.name}-{index}-before")
            for number, control in enumerate(area.locator(CONTROLS).all()):
                move(area, control, f"control {number} in cell {index} of {unit.name}")
            take_picture(area, f"{unit.name}-{index}-after")


def run_with_what_they_need(notebook: LabNotebook, solved: NotebookNode, interactive: list[int]) -> Iterator[int]:
    """Run the interactive cells, and before each what sets up and defines its names; yield it once it has run."""
    code = [i for i, cell in enumerate(solved.cells) if cell.cell_type == "code" and i <= interactive[-1]]
    wanted, needed = {code[0]}, set()
    for i in reversed(code):
        defined, used = names_in(solved.cells[i].source)
        if i in interactive or defined & needed:
            wanted.add(i)
            needed = needed - defined | used
    notebook.run(code[0], f"%env COURSE_BUDGET=ci\n{solved.cells[code[0]].source}")
    for i in sorted(wanted)[1:]:
        notebook.run(i)
        if i in interactive:
            yield i


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
