"""`pytest attention.ipynb`: one item for each property, judged in the sandbox, without a reference."""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

from autograder.build import solved_notebook
from autograder.course import Course
from autograder.key import load_public_key
from autograder.submission import exercise_of, role_of
from autograder.variants import misconception_source, misconceptions_of

RUN = "import pytest; sys.exit(pytest.main(sys.argv[1:]))"
WHERE_IT_COSTS = """
import dataclasses, autograder.key
read = autograder.key.load_public_key
autograder.key.load_public_key = lambda unit: dataclasses.replace(read(unit), from_scratch="costs")
"""
OF_TORCH = """def causal_mask(T_q, T_k):
    return nn.Transformer.generate_square_subsequent_mask(T_k)[-T_q:] == 0"""
INSTALLED = any(found.value == "autograder.pytest_plugin" for found in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "autograder.pytest_plugin"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def desk(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four notebooks: all right; one known mistake; one call of the library; another course's."""
    folder = tmp_path_factory.mktemp("desk")
    unit = course.unit("attention")
    text = solved_notebook(course, unit)
    (folder / "right.ipynb").write_text(text, encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    mistake = misconceptions_of(unit, unit.exercise("causal_mask"))[0]
    answers = {"wrong": misconception_source(course, unit, mistake), "library": OF_TORCH}
    for name, answer in answers.items():
        for cell in notebook.cells:
            if role_of(cell) == "answer" and exercise_of(cell) == "causal_mask":
                cell.source = answer
        (folder / f"{name}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    (folder / "conftest.py").write_text(WHERE_IT_COSTS, encoding="utf-8")
    (folder / "other.ipynb").write_text(text.replace("attention-", "alchemy-"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def graded(desk: Path, run_python: Callable, refuse: Callable) -> tuple[str, dict[tuple[str, str, str], str | None]]:
    """What pytest printed, and from its XML (notebook, exercise, property) → the failure's text, or None."""
    options = ["-q", "-p", "no:cacheprovider", "-W", "error", "--rootdir", str(desk), f"--junitxml={desk / 'out.xml'}"]
    done = run_python(refuse("reference") + RUN, *PLUGIN, *options, str(desk))
    assert done.returncode == 1, done.stdout + done.stderr
    cases = {}
    for case in ElementTree.parse(desk / "out.xml").iter("testcase"):
        notebook, exercise = case.get("classname").split(".ipynb.")
        failure = case.find("failure")
        cases[notebook, exercise, case.get("name")] = None if failure is None else failure.text
    return done.stdout, cases


def test_there_is_one_case_for_each_property_and_one_for_a_rule_that_costs(graded: tuple) -> None:
    _, cases = graded
    names = {e.name: [p.name for p in e.probes] for e in load_public_key("attention").exercises}
    for exercise in load_public_key("attention").exercises:
        names[exercise.name] += ["from_scratch"] * bool(exercise.forbids)
    properties = [(exercise, name) for exercise, found in names.items() for name in found]
    assert list(cases) == [(notebook, *place) for notebook in ("library", "right", "wrong") for place in properties]


def test_a_forbidden_call_fails_the_rule_and_no_property(graded: tuple) -> None:
    _, cases = graded
    ((place, text),) = [found for found in cases.items() if found[0][0] == "library" and found[1]]
    assert place == ("library", "causal_mask", "from_scratch")
    assert text.startswith("Not from scratch: line 2 (nn.Transformer.generate_square_subsequent_mask).")


def test_a_right_notebook_passes(graded: tuple) -> None:
    _, cases = graded
    assert {place: text for place, text in cases.items() if place[0] == "right" and text} == {}


def test_a_mistake_fails_where_it_shows_and_is_named(graded: tuple, course: Course) -> None:
    printed, cases = graded
    failed = {place[1:]: text for place, text in cases.items() if place[0] == "wrong" and text}
    (mistake, *_) = misconceptions_of(course.unit("attention"), course.unit("attention").exercise("causal_mask"))
    texts = [text for (exercise, _), text in failed.items() if exercise == "causal_mask"]
    assert texts
    assert all(text.startswith("✗ ") and mistake.says in text for text in texts)
    assert mistake.says in printed
    assert {exercise for exercise, _ in failed} <= {"causal_mask", "MultiHeadAttention"}  # which stands on it
    assert "Traceback" not in printed and "runtest" not in printed


def test_what_is_no_notebook_of_ours_is_left_alone(desk: Path, run_python: Callable) -> None:
    done = run_python("import sys\n" + RUN, *PLUGIN, "-q", "-p", "no:cacheprovider", str(desk / "other.ipynb"))
    assert "no tests" in done.stdout or "not found" in done.stderr + done.stdout, done.stdout
