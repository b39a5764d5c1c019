"""What honest students leave in their cells, and must cost them nothing: magics, plots, input(), a helper elsewhere."""

from collections.abc import Iterator

import nbformat
import pytest
from handed_in import REAL

from autograder.judge import Judge
from autograder.key import load_public_key
from autograder.present import text
from autograder.source import answer_source
from autograder.submission import exercise_of, graft, role_of, sound_notebook
from autograder.verdict import Outcome, Verdict

pytestmark = pytest.mark.slow
UNIT = REAL.unit("attention")
RIGHT = "def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k).tril(T_k - T_q).bool()"
AROUND = {
    "time": "%%time\n{}",
    "capture": "%%capture out\n%matplotlib inline\n{}\n%timeit causal_mask(2, 3)\n!ls\nhelp?",
    "a timed statement": "{}\n%time seen = causal_mask(2, 3)\nassert seen.any()",
    "input": "name = input('Your name? ')\n{}\nprint(f'Hello {{name}}')",
    "IPython": "get_ipython().run_line_magic('matplotlib', 'inline')\ndisplay(torch.ones(3))\n{}",
    "a plot": "import matplotlib.pyplot as plt\n{}\nplt.imshow(causal_mask(3, 3))\nplt.show()",
    "await": "import asyncio\nawait asyncio.sleep(0)\n{}\nawait asyncio.sleep(0)",
    "exit": "{}\nexit()",
    "an error below": "{}\n1 / 0",
}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    key = load_public_key("attention")
    with Judge(key, stand_in=lambda name: answer_source(REAL, UNIT, UNIT.exercise(name))) as judge:
        yield judge


def verdicts(judge: Judge, source: str, elsewhere: str = "") -> dict[str, Verdict]:
    """The solved notebook with this answer to causal_mask, and a cell above it."""
    notebook = nbformat.read(REAL.root / "solutions" / UNIT.folder / "attention.ipynb", as_version=4)
    cell = next(c for c in notebook.cells if role_of(c) == "answer" and exercise_of(c) == "causal_mask")
    cell.source = source
    notebook.cells.insert(notebook.cells.index(cell), nbformat.v4.new_code_cell(elsewhere))
    judged = judge.judge(graft(REAL, UNIT, sound_notebook(notebook)))
    return {verdict.exercise.name: verdict for verdict in judged.verdicts}


@pytest.mark.parametrize("around", AROUND)
def test_a_right_answer_is_right_whatever_stands_around_it(judge: Judge, around: str) -> None:
    found = verdicts(judge, AROUND[around].format(RIGHT))
    assert {name: verdict.outcome for name, verdict in found.items() if not verdict.right} == {}


def test_a_helper_of_another_cell_is_run_too(judge: Judge) -> None:
    answer = RIGHT.replace("torch.ones(T_q, T_k)", "blank(T_q, T_k)")
    assert verdicts(judge, answer, "def blank(rows, columns):\n    return torch.ones(rows, columns)")[
        "causal_mask"
    ].right
    missing = verdicts(judge, answer)["causal_mask"]
    assert missing.outcome is Outcome.WRONG
    assert "NameError: name 'blank' is not defined" in text(missing, "per-property")


def test_a_mistake_in_a_helper_is_told_at_the_line_that_calls_it(judge: Judge) -> None:
    answer = RIGHT.replace("torch.ones(T_q, T_k)", "blank(T_q, T_k)")
    told = text(
        verdicts(judge, answer, "x = 1\n\n\ndef blank(rows, columns):\n    return 1 / 0")["causal_mask"], "per-property"
    )
    assert "raised ZeroDivisionError" in told and "at line 2 of your cell: return blank(" in told


@pytest.mark.parametrize("broken", ["def causal_mask(T_q, T_k)\n    return 1", "return 3", "x = '\0'", "(" * 500])
def test_a_cell_that_is_no_python_costs_itself_only(judge: Judge, broken: str) -> None:
    found = verdicts(judge, broken)
    assert {name for name, verdict in found.items() if verdict.right} == set(found) - {"causal_mask"}
    assert "SyntaxError" in text(found["causal_mask"], "per-property") or "does not define" in text(
        found["causal_mask"], "x"
    )
