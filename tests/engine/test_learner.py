"""`check` and `hint` as a learner meets them: in a plain process, without the reference, and in a real kernel."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from autograder import learner, served
from autograder.comparison import Tolerance
from autograder.course import Course
from autograder.errors import CheckFailed, UsageError
from autograder.key import Key
from autograder.learner import check, hint, open_unit
from autograder.probes import Probe
from autograder.variants import implement, misconception_source, misconceptions_of
from reference.attention import causal_mask, split_heads


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A unit's folder to work in; nothing of it stays in this process."""
    folder = tmp_path / "06-attention"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(learner, "_session", None)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    yield folder
    served.forget()


@pytest.fixture
def open_small(make_exercise: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Open a unit of one exercise `f`, whose probe number i calls f(i); the arguments are those of `make_exercise`."""

    def open_small(*expected: Any, observe: Callable | None = None, **more: Any) -> None:
        def asking(i: int) -> Callable:
            return observe or (lambda f, draw: f(i))

        exercise = make_exercise(*expected, **more)
        probes = tuple(
            Probe("f", p.name, p.sentence, p.ask, p.kind, Tolerance(), 1, asking(i))
            for i, p in enumerate(exercise.probes)
        )
        key = Key("small", "01-small", "Small", "per-property", "", {}, "", (exercise,))
        monkeypatch.setattr(learner, "_session", learner.Session(key, {"f": probes}))

    return open_small


def test_a_right_answer(capsys: pytest.CaptureFixture) -> None:
    open_unit("attention")
    greeting = capsys.readouterr().out
    assert greeting.startswith("Attention: 6 exercises.") and "mygpt.bigram" in greeting
    assert check(causal_mask) is None
    said = capsys.readouterr().out
    assert said.startswith("✓ causal_mask: all 3 properties hold · 2 of 2 points\n  ✓ a query sees itself")


def test_every_way_to_be_wrong_is_told_by_its_name(course: Course, capsys: pytest.CaptureFixture) -> None:
    open_unit("attention")
    unit = course.unit("attention")
    for misconception in misconceptions_of(unit, unit.exercise("causal_mask")):
        check(implement(unit, unit.exercise("causal_mask"), misconception_source(course, unit, misconception)))
        assert f"— {misconception.says}" in capsys.readouterr().out


def test_no_unit_is_open() -> None:
    for ask in (check, hint):
        with pytest.raises(UsageError, match="no unit is open: run the notebook's first code cell"):
            ask(causal_mask)


def test_there_is_no_such_unit() -> None:
    with pytest.raises(UsageError, match=r"there is no unit 'atention' here; the units are attention, bigram, b"):
        open_unit("atention")


def test_whatever_else_is_handed_over_is_a_sentence(open_small: Callable) -> None:
    open_small(1)

    def g(i: int) -> int: ...

    for ask in (check, hint):
        for things, sentence in [
            ((), "check what"),
            ((g,), "'g' is no exercise of the unit 'small'; its exercises are f"),
            ((3,), "'3' is no exercise"),
            ((lambda i: i,), "'<lambda>' is no exercise"),
            (("f",), r"without quotes: check\(f\)"),
        ]:
            with pytest.raises(UsageError, match=sentence):
                ask(*things)


def test_another_exercise_beside_it_is_too_much() -> None:
    open_unit("attention")
    with pytest.raises(UsageError, match="one at a time: hand over causal_mask alone"):
        check(causal_mask, split_heads)


def test_a_pair_is_checked_together_in_any_order(open_small: Callable, capsys: pytest.CaptureFixture) -> None:
    open_small(3, companions=("g",), observe=lambda pair, draw: pair.f() + pair.g())

    def f() -> int:
        return 1

    def g() -> int:
        return 2

    check(f, g)
    check(g, f)
    assert capsys.readouterr().out.count("✓ f: the property holds") == 2
    for alone in ((f,), (g,)):
        with pytest.raises(UsageError, match=r"these belong together: hand over both, \(f, g\)"):
            check(*alone)


def hinted(f: Callable, capsys: pytest.CaptureFixture) -> str:
    hint(f)
    return capsys.readouterr().out.strip()


def test_hints_go_from_a_question_to_an_example(open_small: Callable, capsys: pytest.CaptureFixture) -> None:
    open_small(0, 1, wrong={"doubled/units": (0, 2)})

    def f(i: int) -> int:
        return 2 * i

    assert hinted(f, capsys) == "Hint 1 of 2: why doubled? Call hint once more for the next one."
    assert hinted(f, capsys) == "Hint 2 of 2: try doubled"
    assert hinted(f, capsys) == "Hint 2 of 2: try doubled"
    check(f)
    capsys.readouterr()
    assert hinted(f, capsys) == "Hint 2 of 2: try doubled"  # the same mistake: the help goes on where it stopped


def test_without_a_name_each_failed_property_asks(open_small: Callable, capsys: pytest.CaptureFixture) -> None:
    open_small(0, 1, 2, 3, True, kinds="vvvvp")
    right = {0: 0, 4: True}

    def f(i: int) -> int:
        return right.get(i, 99)

    assert [hinted(f, capsys) for _ in range(4)] == [
        "Hint 1 of 3: what about 1? Call hint once more for the next one.",
        "Hint 2 of 3: what about 2? Call hint once more for the next one.",
        "Hint 3 of 3: what about 3?",
        "Hint 3 of 3: what about 3?",
    ]
    right |= {1: 1, 2: 2}
    assert hinted(f, capsys) == "Hint 1 of 1: what about 3?"  # another mistake, so from the start
    right[3] = 3
    assert hinted(f, capsys) == "f is right: no hint needed."


def test_a_mistake_named_anew_starts_anew(open_small: Callable, capsys: pytest.CaptureFixture) -> None:
    open_small(1, 1, wrong={"zero/rule": (0, 0), "two/rule": (2, 2)})
    value = 0

    def f(i: int) -> int:
        return value

    assert hinted(f, capsys).startswith("Hint 1 of 2: why zero?")
    assert hinted(f, capsys) == "Hint 2 of 2: try zero"
    value = 2
    assert hinted(f, capsys).startswith("Hint 1 of 2: why two?")


@pytest.mark.parametrize("mode", ["validate", "autograde"])
def test_where_nbgrader_runs_the_cell_a_wrong_answer_is_an_error(
    open_small: Callable, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    open_small(0, 1, wrong={"doubled/units": (0, 2)})

    def f(i: int) -> int:
        return i * factor

    factor = 1
    check(f)
    assert capsys.readouterr().out.startswith("✓ f")
    factor = 2
    with pytest.raises(CheckFailed, match=r"(?s)^✗ f: 1 of 2 properties hold.*you have doubled"):
        check(f)


def test_our_errors_are_one_line_in_a_notebook() -> None:
    assert UsageError("no unit is open")._render_traceback_() == ["UsageError: no unit is open"]


NO_REFERENCE = """
import autograder
assert "torch" not in sys.modules, "a kernel should not wait for torch before it is asked to"
from autograder import check, hint, open_unit
open_unit("attention")
import torch
from mygpt.bigram import softmax
def causal_mask(T_q, T_k): return torch.ones(T_q, T_k, dtype=bool)
check(causal_mask)
hint(causal_mask)
assert not [name for name in sys.modules if name.split(".")[0] == "reference"]
"""


def test_a_learner_needs_no_reference(run_python: Callable, refuse: Callable, desk: Path) -> None:
    done = run_python(refuse("reference") + f"import os; os.chdir({str(desk)!r})\n" + NO_REFERENCE)
    assert done.returncode == 0, done.stderr
    assert "\n✗ causal_mask: " in done.stdout
    assert "\nHint 1 of " in done.stdout


KERNEL = [
    'from autograder import check, hint, open_unit\n\nopen_unit("attention")\n\nimport torch',
    """# exercise: attention.causal_mask
def causal_mask(T_q, T_k):
    T = T_q
    return torch.ones(T, T_k).tril(T_k, 3)""",
    "check(causal_mask)",
    "hint(causal_mask)",
    "check(torch)",
    """def split_heads(x, n_head):
    while True:
        try:
            print("never seen")
        except Exception:
            pass""",
    """import autograder.learner
exercise = autograder.learner._session.key.exercise("split_heads")
object.__setattr__(exercise, "seconds", 0.2)""",
    "check(split_heads)",
    "theirs = torch.nn.Transformer.generate_square_subsequent_mask",
    "def causal_mask(T_q, T_k):\n    return theirs(T_k)[-T_q:] == 0\n\ncheck(causal_mask)",
    """run = autograder.learner._session
run.key = autograder.learner.replace(run.key, from_scratch="costs")
check(causal_mask)""",
    "def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k).tril(T_k - T_q) == 1\n\ncheck(causal_mask)",
]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The outputs of KERNEL's cells, from a real kernel."""
    root = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("kernel") / "06-attention"
    folder.mkdir()
    notebook = new_notebook(cells=[new_code_cell(source) for source in KERNEL])
    client = NotebookClient(
        notebook, timeout=60, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": folder}}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(root))
        client.execute()
    nbformat.validate(notebook)
    return [cell.outputs for cell in notebook.cells]


@pytest.mark.slow
def test_in_a_kernel_a_verdict_is_a_card_with_the_right_line(kernel: list[Any]) -> None:
    (output,) = kernel[2]
    assert output.output_type == "display_data"
    assert output.data["text/html"].startswith("<div")
    assert "✗ causal_mask" in output.data["text/html"]
    assert "at line 4 of your cell: return torch.ones(T, T_k).tril(T_k, 3)" in output.data["text/plain"]
    assert output.data["text/plain"].count("at line 4") == 1


@pytest.mark.slow
def test_in_a_kernel_a_hint_is_a_card(kernel: list[Any]) -> None:
    (output,) = kernel[3]
    assert output.data["text/plain"].startswith("Hint 1 of ")
    assert "Hint 1 of " in output.data["text/html"]


@pytest.mark.slow
def test_in_a_kernel_our_errors_show_no_frame_of_ours(kernel: list[Any]) -> None:
    (output,) = kernel[4]
    assert output.output_type == "error"
    assert output.traceback == [f"UsageError: {output.evalue}"]
    assert output.evalue.startswith("'torch' is no exercise of the unit 'attention'; its exercises are ")


@pytest.mark.slow
def test_in_a_kernel_an_endless_answer_is_stopped_and_says_nothing(kernel: list[Any]) -> None:
    (output,) = kernel[7]
    assert output.data["text/plain"].startswith("✗ split_heads: timed out · 0 of 2 properties hold")


@pytest.mark.slow
def test_in_a_kernel_a_forbidden_call_is_told_at_once_also_under_a_name_from_another_cell(kernel: list[Any]) -> None:
    told, costly, own = (kernel[number][0].data for number in (9, 10, 11))
    place = "Not from scratch: line 2 (theirs, which is torch.nn.Transformer.generate_square_subsequent_mask), line 1 "
    assert place in told["text/plain"] and place in told["text/html"] and "· 2 of 2 points" in told["text/plain"]
    assert "but not from scratch · 0 of 2 points" in costly["text/plain"] and "Not kept in" in costly["text/plain"]
    assert "from scratch" not in own["text/plain"] and "Kept in mygpt/attention.py" in own["text/plain"]
