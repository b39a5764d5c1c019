"""Make the README's pictures: a check that failed, the same check passed, a GPT at play; in a real JupyterLab.

PYTHONPATH=tests python tests/browser/pictures.py [FOLDER]     FOLDER is .github, if none is named
"""

import json
import sys
import tempfile
from pathlib import Path

from chromium import new_page, start_chromium
from lab import ROOT, Lab
from lab_notebook import LabNotebook, open_notebook, write_notebook
from playground import make_playground
from playwright.sync_api import Browser, Page, expect

from autograder.checkpoint import checkpoint_folder
from autograder.course import Course
from autograder.source import answer_source
from autograder.variants import misconception_source, misconceptions_of
from autograder.workspace import start_workspace
from reference.gpt import GPT
from reference.play import save_gpt
from reference.pretrained import load_gpt2

UNIT, EXERCISE = "attention", "scaled_dot_product_attention"
DOTS_PER_PIXEL = 1.7  # crisp on fine screens, and below 150 kB
FEWER_DOTS = 1.2  # the panel is larger: below 60 kB
WIDTH, HEIGHT = 1110, 1500  # leaves 1010 to a cell
PLAY = """from autograder.play import panel
from mygpt.play import load_gpt
panel(*load_gpt("my-gpt.safetensors"), "Once upon a time", seed=2)"""


def main() -> None:
    folder = Path(sys.argv[1]) if sys.argv[1:] else ROOT / ".github"
    with tempfile.TemporaryDirectory() as temporary:
        workspace, home = Path(temporary, "workspace"), Path(temporary, "home")
        assert list(start_workspace(Course(ROOT), workspace))
        with Lab(workspace, home) as lab, start_chromium() as browser:
            take_both(open_lab(browser, lab, DOTS_PER_PIXEL), folder)
            take_play(open_lab(browser, lab, FEWER_DOTS), workspace, folder / "play.png")


def open_lab(browser: Browser, lab: Lab, scale: float) -> Page:
    page = new_page(browser, scale)
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(lab.url("lab"))
    return page


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


def take_play(page: Page, workspace: Path, path: Path) -> None:
    """The panel with the course's own small GPT, as a learner's."""
    playground = workspace / "playground"
    (playground / "mygpt").mkdir(parents=True)  # its own: no unit is opened there
    make_playground(playground)
    small = load_gpt2(checkpoint_folder(Course(ROOT)))
    model = GPT(small.config)
    model.load_state_dict({name: small.state_dict()[name] for name in model.state_dict()})  # GPT-2's biases are zeros
    vocab = json.loads((checkpoint_folder(Course(ROOT)) / "vocab.json").read_text(encoding="utf-8"))
    save_gpt(playground / "my-gpt.safetensors", model, {"chars": "".join(vocab)})
    write_notebook(playground / "play.ipynb", PLAY)
    with open_notebook(page, "playground/play.ipynb") as notebook:
        notebook.command("application:toggle-left-area")
        area = notebook.run(0)
        area.get_by_role("button", name="complete").click()
        expect(area.locator(".play-text .play-token")).to_have_count(100)
        expect(area.get_by_role("button", name="complete")).to_be_enabled()
        area.screenshot(path=path, animations="disabled")
    print(path)


if __name__ == "__main__":
    main()
