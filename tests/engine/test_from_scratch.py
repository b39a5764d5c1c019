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

from autograder import from_scratch, present
from autograder.course import Course
from autograder.devcheck import _Checker
from autograder.errors import UsageError
from autograder.from_scratch import Finding, Reading, find, rule_in_words
from autograder.key import Key, read_key
from autograder.source import read_answer, setup_imports
from autograder.stub import answer_cell
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
    lenient = small_key(f=("gelu",), g=("softmax",))
    assert from_scratch.read(lenient, lenient.exercises, cells)["g"].findings == (
        Finding(3, "torch.softmax", "softmax", "f"),
    )
    history = from_scratch.read_history(lenient, lenient.exercise("g"), [("In [1]", cells[1][1]), ("In [2]", "x = g")])
    assert not history.findings
    assert from_scratch.read(key, [key.exercise("g")], cells).keys() == {"g"}
    assert from_scratch.read(small_key(f=(), g=()), key.exercises[:0], cells) == {}


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


def ruled(course: Course, *forbids: str) -> list[str]:
    """What `dev check` says of bigram's softmax under another rule."""
    unit = course.unit("bigram")
    return list(_Checker(course, unit, replace(unit.exercise("softmax"), forbids=forbids), {})._rule())


def test_dev_check_knows_the_names_of_torch_and_of_what_is_installed(course: Course) -> None:
    assert ruled(course, "softmax", "flop_counter", "tiktoken") == []
    told = "forbids 'sofmax', which neither torch nor any installed library has"
    assert ruled(course, "softmax", "sofmax") == [told]


def test_dev_check_refuses_a_rule_that_right_answers_break(course: Course) -> None:
    reference, other = ruled(course, "logsumexp", "amax")
    assert re.fullmatch(r"the right answer 'reference' breaks the exercise's own rule, line \d+: x\.amax", reference)
    assert other == "the right answer 'logsumexp' breaks the exercise's own rule, line 3: torch.logsumexp"


def test_the_rule_in_words() -> None:
    assert rule_in_words(("softmax",), "told") == "without softmax from any library (check tells; no points lost)"
    assert rule_in_words(("a", "b", "c"), "costs") == "without a, b or c from any library, or it earns no points"


def test_the_rule_stands_above_the_answer_to_be_written(course: Course) -> None:
    unit = course.unit("bigram")
    for exercise in unit.exercises:
        _, line, *_ = answer_cell(read_answer(course, unit, exercise), "bigram", setting="costs").split("\n")
        assert line.startswith("# from scratch: without ") == bool(exercise.forbids)
        assert line.endswith(", or it earns no points") == bool(exercise.forbids)


USED = (Finding(4, "F.softmax", "softmax"), Finding(7, "F.softmax", "softmax"), Finding(2, "x.softmin", "softmin", "g"))


@pytest.fixture
def verdict(make_exercise: Callable, judge: Callable) -> Callable:
    """A right answer to an exercise of 6 points, with these findings."""

    def verdict(setting: str, *found: Finding, value: int = 1) -> present.Verdict:
        return replace(judge(make_exercise(1, 2), value, 2), reading=Reading(found, setting))

    return verdict


def test_where_it_is_told_it_costs_nothing(verdict: Callable) -> None:
    told = verdict("told", *USED)
    assert told.right and told.accepted and told.score("per-property") == 6
    words = present.text(told, "per-property")
    assert words.startswith("✓ f: all 2 properties hold · 6 of 6 points\n")
    assert "Not from scratch: lines 4 and 7 (F.softmax), line 2 of the cell g (x.softmin)." in words
    assert "instead of softmax and softmin from a library, take loops" in words
    assert "It costs no points" in words


def test_where_it_costs_a_right_answer_earns_nothing_and_is_not_wrong(verdict: Callable) -> None:
    costly = verdict("costs", *USED)
    assert costly.right and costly.outcome.value == "right" and not costly.accepted
    assert [costly.score(scoring) for scoring in ("per-property", "all-or-nothing")] == [0, 0]
    words = present.text(costly, "per-property", public=False)
    assert words.startswith("✗ f: all 2 properties hold, but not from scratch · 0 of 6 points\n")
    assert "That costs the points of this exercise." in words
    assert verdict("costs", *USED, value=5).score("per-property") == 0


@pytest.mark.parametrize("setting", ["told", "costs"])
def test_what_is_hidden_costs_nothing_anywhere(verdict: Callable, setting: str) -> None:
    hidden = verdict(setting, Finding(3, "it uses gc.get_objects"))
    assert hidden.accepted and hidden.score("per-property") == 6
    words = present.text(hidden, "per-property")
    assert "A person should look at line 3 (it uses gc.get_objects)" in words and "no accusation" in words
    assert "Not from scratch" not in words


def test_what_a_student_wrote_is_escaped(verdict: Callable) -> None:
    page = present.html(verdict("told", Finding(1, "<b>.softmax", "softmax")), "per-property")
    assert "&lt;b&gt;.softmax" in page and "<b>.softmax" not in page


def test_a_course_says_whether_it_costs(course: Course, tmp_path: Path) -> None:
    assert course.from_scratch == "told"
    text = (course.root / "course.toml").read_text(encoding="utf-8")
    (tmp_path / "course.toml").write_text(text.replace('from_scratch = "told"', 'from_scratch = "free"'), "utf-8")
    with pytest.raises(UsageError, match='from_scratch is "told" or "costs", not \'free\''):
        Course(tmp_path)


def test_a_key_carries_the_rule_and_an_old_one_has_none(small_key: Callable[..., Key]) -> None:
    key = replace(small_key(f=("softmax", "softmin")), from_scratch="costs")
    assert read_key(key.to_json()) == key
    old = key.to_json().replace('"forbids"', '"forgotten"').replace(',\n "from_scratch": "costs"', "")
    assert read_key(old).exercise("f").forbids == () and read_key(old).from_scratch == "told"


@pytest.fixture
def small_key(make_exercise: Callable) -> Callable[..., Key]:
    """`small_key(f=("softmax",), g=())`: a key whose exercises forbid this."""

    def small_key(**forbids: tuple[str, ...]) -> Key:
        exercises = tuple(replace(make_exercise(1), name=name, forbids=rule) for name, rule in forbids.items())
        return Key("small", "01-small", "Small", "per-property", "", {}, "", exercises)

    return small_key
