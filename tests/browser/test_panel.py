"""The panel of `play` in a real JupyterLab: its buttons, a click on a bar, and both themes."""

import re
from collections.abc import Callable, Iterator

import pytest
from lab_notebook import LabNotebook, open_notebook, write_notebook
from playground import make_playground
from playwright.sync_api import Locator, Page, expect

from autograder.course import Course

SOURCE = """from autograder.play import panel
from mygpt.play import load_gpt
panel(*load_gpt("mygpt/chars.safetensors"), "abc <b>", seed=1)"""
LIGHTNESS = """element => {
    const mean = name => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, a] = getComputedStyle(at)[name].match(/[\\d.]+/g).map(Number);
            if (a === undefined) return (r + g + b) / 3 / 255;
        }
    };
    return mean("color") - mean("backgroundColor");
}"""


@pytest.fixture
def notebook(course: Course, lab_page: Page) -> Iterator[LabNotebook]:
    folder = course.root / "playground"
    folder.mkdir()
    make_playground(folder)
    write_notebook(folder / "play.ipynb", SOURCE)
    with open_notebook(lab_page, "playground/play.ipynb") as notebook:
        yield notebook


@pytest.mark.slow
def test_a_text_grows_by_clicks_in_light_and_in_dark(
    notebook: LabNotebook, take_picture: Callable[[Locator, str], None]
) -> None:
    area = notebook.run(0)
    text, bars = area.locator(".play-text"), area.locator("button.play-choice")
    expect(text).to_have_text("abc <b>")
    expect(bars).to_have_count(8)
    press(area, "next token")
    expect(text.locator(".play-token")).to_have_count(1)
    label = bars.nth(1).inner_text().split()[-1]
    bars.nth(1).press("Enter")
    expect(text.locator(".play-token")).to_have_count(2)
    expect(text.locator(".play-token").nth(1)).to_have_attribute("title", re.compile(rf"^{re.escape(label)}: "))
    press(area, "undo")
    expect(text.locator(".play-token")).to_have_count(1)
    press(area, "complete")
    expect(text.locator(".play-token")).to_have_count(101)
    for theme, is_dark in (("Dark", True), ("Light", False)):
        notebook.command("apputils:change-theme", theme=f"JupyterLab {theme}")
        expect(notebook.page.locator(f"body[data-jp-theme-light='{str(not is_dark).lower()}']")).to_be_attached()
        for part in (text, bars.first, area.locator(".play-legend")):
            difference = part.evaluate(LIGHTNESS)
            assert difference > 0.5 if is_dark else difference < -0.5
        take_picture(area, f"play-{theme}")


def press(area: Locator, name: str) -> None:
    area.get_by_role("button", name=name, exact=True).click()
