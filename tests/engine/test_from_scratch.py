"""The from-scratch rule: every door to a forbidden call is seen, and nobody is accused who wrote it himself.

In calls/ stand answers that call what their exercise forbids, some in which that cannot be read, and answers that only
look as if they did. Each begins with the exercise's name and what it forbids. A line that must be flagged ends in
`# ←`, one at which a person should look in `# ?`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from autograder import from_scratch
from autograder.course import Course
from autograder.from_scratch import Finding, find
from autograder.key import Key
from autograder.source import setup_imports
from autograder.variants import alternatives_of, misconception_source, misconceptions_of

UNITS = ("bigram", "bpe", "tokenizer", "data", "embeddings", "attention", "block", "gpt", "optimization", "training")
UNITS += ("generation",)
CAUGHT, HIDDEN, INNOCENT = (
    (Path(__file__).parent / "calls" / f"{name}.txt").read_text(encoding="utf-8")
    for name in ("caught", "hidden", "innocent")
)
SETUP = """from autograder import check, hint, open_unit
open_unit("unit")
import math
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from mygpt.bigram import softmax as my_softmax
"""
AS = ", ".join(f"a{i}" for i in range(3_000))
SOFTMAX = "def softmax(x, dim):\n    return s(x, dim)"


def cases(table: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """(exercise, what it forbids, answer) of a file in calls/."""
    for part in re.split(r"\n\n(?=\w+: )", table.strip()):
        head, _, answer = part.partition("\n")
        name, _, forbids = head.partition(": ")
        yield name, tuple(forbids.split(", ")), answer


def marked(answer: str, mark: str) -> set[int]:
    return {number for number, line in enumerate(answer.split("\n"), 1) if line.endswith(f"# {mark}")}


def lines(found: tuple[Finding, ...], hidden: bool = False) -> set[int]:
    return {one.line for one in found if bool(one.operation) != hidden}


def findings(*cells: tuple[str, str]) -> tuple[Finding, ...]:
    return find([("setup", SETUP), *cells], ("softmax",), ("softmax",))


def test_the_tables_are_long_enough_to_mean_something() -> None:
    caught, hidden, innocent = (list(cases(table)) for table in (CAUGHT, HIDDEN, INNOCENT))
    assert len(caught) >= 70 and len(hidden) >= 9 and len(innocent) >= 29
    assert len({forbids for _, forbids, _ in caught + innocent}) >= 10
    assert all(marked(answer, "←") or marked(answer, "?") for *_, answer in caught)
    assert not any(marked(answer, "←") for *_, answer in hidden + innocent)


@pytest.mark.parametrize(("name", "forbids", "answer"), [*cases(CAUGHT), *cases(HIDDEN), *cases(INNOCENT)])
def test_calls_are_seen_at_their_lines_and_nothing_else_is(name: str, forbids: tuple[str, ...], answer: str) -> None:
    found = find([("setup", SETUP), (name, answer)], (name,), forbids)
    assert (lines(found), lines(found, hidden=True)) == (marked(answer, "←"), marked(answer, "?")), found


def test_what_is_told_is_what_stands_there() -> None:
    whats = [f"{one.what} [{one.operation}]" for *_, answer in cases(CAUGHT) for one in findings(("softmax", answer))]
    assert "torch.softmax [softmax]" in whats and "scores.softmax [softmax]" in whats
    assert "s, which is torch.nn.functional.softmax [softmax]" in whats
    assert max(map(len, whats)) < 160


@pytest.mark.parametrize(
    "alias",
    [
        "from torch.nn.functional import softmax as s",
        "s = torch.softmax",
        "s = nn.Softmax(dim=-1)",
        "import functools\ns = functools.partial(torch.softmax, dim=-1)",
        "s = t = getattr(torch, 'softmax')",
        "def other():\n    global s\n    s = torch.softmax",
        "from torch.nn import functional as G\ns, r = G.softmax, G.relu",
    ],
)
def test_a_name_from_another_cell_is_followed(alias: str) -> None:
    for cells in ([("other", alias), ("softmax", SOFTMAX)], [("softmax", SOFTMAX), ("other", alias)]):
        found = findings(*cells)
        assert 2 in {one.line for one in found if not one.cell} or all(one.cell == "other" for one in found)
        assert lines(found), alias


def test_a_function_in_another_cell_is_read_there() -> None:
    helper = "def s(x, dim):\n    y = x\n    return F.softmax(y, dim)"
    assert findings(("given-3", helper), ("softmax", SOFTMAX)) == (Finding(3, "F.softmax", "softmax", "given-3"),)


def test_the_last_cell_that_gives_a_name_its_meaning_decides() -> None:
    own = "def s(x, dim):\n    return x.exp()"
    assert not findings(("first", "s = torch.softmax"), ("second", own), ("softmax", SOFTMAX))
    taken = findings(("softmax", "def softmax(x, dim):\n    return x"), ("later", "\nsoftmax = torch.softmax"))
    assert taken == (Finding(2, "torch.softmax", "softmax", "later"),)


def test_another_exercise_of_the_unit_has_its_own_rule(small_key: Callable[..., Key]) -> None:
    cells = [("f", "import torch\ndef f(x):\n    return torch.softmax(x, 0)"), ("g", "def g(x):\n    return f(x)")]
    key = small_key(f=("softmax",), g=("softmax",))
    readings = from_scratch.read(key, key.exercises, cells)
    assert readings["f"].forbidden and not readings["g"].findings
    assert from_scratch.read(key, [key.exercise("g")], cells).keys() == {"g"}
    assert from_scratch.read(small_key(f=(), g=()), key.exercises[:0], cells) == {}
    lenient = small_key(f=("gelu",), g=("softmax",))
    assert from_scratch.read(lenient, lenient.exercises, cells)["g"].findings == (
        Finding(3, "torch.softmax", "softmax", "f"),
    )
    history = [("In [1]", cells[1][1]), ("In [2]", "x = g"), ("In [3]", cells[0][1])]
    (found,) = from_scratch.read(lenient, [lenient.exercise("g")], history)["g"].findings
    assert (found.line, found.cell) == (3, "In [3]")


def test_a_call_put_into_a_cheaper_answer_is_charged_to_who_uses_it(small_key: Callable[..., Key]) -> None:
    key = small_key(f=("softmax",), g=("softmax",))
    helper = "import torch\ndef h(x):\n    return torch.softmax(x, 0)\ndef f(x):\n    return h and x"
    readings = from_scratch.read(key, key.exercises, [("f", helper), ("g", "def g(x):\n    return h(x)")])
    assert [lines(readings[name].findings) for name in ("f", "g")] == [{3}, {3}]


@pytest.mark.parametrize(
    "answer",
    [
        "softmax = " + "(" * 300 + "1" + ")" * 300,
        "softmax = " + "-" * 90_000 + "1",
        "softmax = " + "+".join("x" * 50_000),
        "softmax = x" + ".softmax" * 20_000,
        "softmax = " + "[" * 150 + "torch.softmax" + "]" * 150,
        "def softmax(x, dim):\n" + "".join(f"    a{i + 1} = a{i} or a{i}\n" for i in range(2_000)) + "    a2000(x)",
        "def softmax(x, dim):\n" + "".join(" " * i + "if x:\n" for i in range(4, 90)) + " " * 90 + "pass",
        "def softmax(x, dim):\n    return getattr(torch, " + "+".join(["'ab'"] * 3_000) + ")",
        "softmax = eval(" + repr("eval(" + repr("eval(" + repr("eval('torch.softmax')") + ")") + ")") + ")",
        "softmax = eval('" + "(" * 5_000 + "')",
        "softmax = eval(softmax)",
        "s = softmax\nsoftmax = s.softmax",
        "softmax = getattr()\nsoftmax = getattr(torch)\nsoftmax = getattr(*x)\nimport_module()\neval()",
        "softmax = 'a'.join('b').replace('a', 1)\nsoftmax = chr(99999999999)\nsoftmax = chr(-1)",
        "softmax = " + "'a'.replace('a', 'aa')" * 1 + ".replace('a', 'aa')" * 300,
        "\n".join(f"softmax = torch.softmax  # {i}" for i in range(2_000)),
        "; ".join(f"a{i} = a{i + 1}" for i in range(3_000)) + f"; softmax = [{AS}]",
        "".join(f"from m{i} import *\n" for i in range(3_000)) + f"softmax = [{AS}]",
        "softmax = \x00",
        "from . import softmax\nfrom .torch import *\nimport\n",
        "\ufeffsoftmax = 1",
        "class softmax(softmax, metaclass=softmax): softmax = softmax",
        "for softmax, *torch.x in softmax: softmax += softmax",
        "match softmax:\n    case {'a': softmax, **rest} | [softmax, *rest]: pass",
        "lambda softmax: (yield)\n[softmax := softmax for softmax in softmax]",
    ],
)
def test_whatever_the_text_it_returns(answer: str) -> None:
    found = findings(("other", answer), ("softmax", answer))
    assert all(isinstance(one, Finding) and len(one.what) < 160 for one in found)
    caught = "def softmax(x, dim):\n    return x.softmax(dim)"
    assert 2 in {one.line for one in findings(("other", answer), ("softmax", caught)) if not one.cell}


def test_what_cannot_be_read_is_for_a_person() -> None:
    deep = "def softmax(x, dim):\n    return torch.softmax(x, dim)\nx = " + "-" * 90_000 + "1"
    assert findings(("softmax", deep)) == (Finding(1, "it is nested too deeply", "", ""),)
    long = "def softmax(x, dim):\n    return torch.softmax(x, dim)\nx = [" + "1," * 60_000 + "]"
    assert findings(("other", long), ("softmax", SOFTMAX)) == (Finding(1, "it is too long", "", "other"),)


@pytest.mark.parametrize("name", UNITS)
def test_no_right_answer_is_accused_and_only_the_librarys_own_among_the_wrong(course: Course, name: str) -> None:
    unit = course.unit(name)
    setup = ("setup", "\n".join(setup_imports(course, unit)))
    for exercise in filter(lambda exercise: exercise.forbids, unit.exercises):
        for _, style, source in (found for found in alternatives_of(unit) if found[0] == exercise.name):
            assert not find([setup, (exercise.name, source)], exercise.names, exercise.forbids), style
        for misconception in misconceptions_of(unit, exercise):
            source = misconception_source(course, unit, misconception)
            found = find([setup, (exercise.name, source)], exercise.names, exercise.forbids)
            assert not found or misconception.name.endswith("of torch"), (misconception.name, found)


@pytest.mark.parametrize("name", UNITS)
def test_a_solved_notebook_run_from_top_to_bottom_is_from_scratch(course: Course, name: str) -> None:
    """With its demonstrations, which compare with the library all the time."""
    unit = course.unit(name)
    notebook = nbformat.read(course.root / "solutions" / unit.folder / f"{name}.ipynb", as_version=4)
    cells = [(cell.id, cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    for exercise in unit.exercises:
        assert not find(cells, exercise.names, exercise.forbids), exercise.name


@pytest.fixture
def small_key(make_exercise: Callable) -> Callable[..., Key]:
    """`small_key(f=("softmax",), g=())`: a key whose exercises forbid this."""

    def small_key(**forbids: tuple[str, ...]) -> Key:
        exercises = tuple(replace(make_exercise(1), name=name, forbids=rule) for name, rule in forbids.items())
        return Key("small", "01-small", "Small", "per-property", "", {}, "", exercises)

    return small_key
