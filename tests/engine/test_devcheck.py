"""Does the course's own checker see what is missing? A unit of one exercise, spoilt in one way at a time."""

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import devcheck
from autograder.course import Course
from autograder.errors import AuthorError

COURSE = """
[course]
id = "small"
title = "Small"
scoring = "per-property"

[unit.small]
number = 1
title = "Small"
minutes = 1
needs = []
ends_with = "a double"
exercises.double = { points = 1 }
"""

REFERENCE = '''
"""Doubling."""


def double(x: float) -> float:
    """Twice as much."""
    return 2 * x
'''

CHECKS = '''
from autograder.probes import Draw, probe


@probe("double", ask="How much is twice x?")
def twice(double, draw: Draw):
    """it is twice as much"""
    return double(draw.uniform(1.0, 2.0))
'''

MISCONCEPTIONS = """
from reference.misconceptions import Misconception


def twice_the_root(x):
    return 2 * x**0.5


MISCONCEPTIONS = (
    Misconception(
        "double", "tripled", says="you have three of them", ask="How many make a pair?", show="double(1) is 2",
        family="units", edit={"2 * x": "3 * x"},
    ),
    Misconception(
        "double", "root", says="you double the root", ask="Where does the root come from?", show="double(4) is 8",
        family="rule", wrong=twice_the_root,
    ),
)
"""

ALTERNATIVES = """
def double__by_sum(x):
    return x + x


def double__by_shift(x):
    return x / 0.5
"""

ROOMS = {
    "course.toml": COURSE,
    "reference/small.py": REFERENCE,
    "autograder/checks/small.py": CHECKS,
    "reference/misconceptions/small.py": MISCONCEPTIONS,
    "reference/alternatives/small.py": ALTERNATIVES,
}
MODULES = {path: path.removesuffix(".py").replace("/", ".") for path in ROOMS if path.endswith(".py")}


@pytest.fixture
def complaints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Build the unit, with texts exchanged as (room, old, new), and check it."""

    def complaints(*edits: tuple[str, str, str], hidden: str = "", lesson: str = "") -> list[str]:
        rooms = dict(ROOMS)
        for path, old, new in edits:
            assert rooms[path].count(old) == 1, f"{path} holds {old!r} {rooms[path].count(old)} times"
            rooms[path] = rooms[path].replace(old, new)
        extra = {"solutions/01-small/hidden.py": hidden, "solutions/01-small/small.md": lesson}
        for path, text in (rooms | {path: text for path, text in extra.items() if text}).items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text.lstrip("\n"), encoding="utf-8")
        for path, name in MODULES.items():
            spec = importlib.util.spec_from_file_location(name, tmp_path / path)
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        monkeypatch.setattr("autograder.keymaker.source_digest", lambda *_, **__: "")
        course = Course(tmp_path)
        return [str(found) for found in devcheck.check_unit(course, course.unit("small"), num_seeds=3)]

    return complaints


def said(complaints: list[str], pattern: str) -> bool:
    """Is this the one thing that is said?"""
    assert len(complaints) == 1, complaints
    assert re.fullmatch(rf"small\.double: {pattern}", complaints[0]), complaints[0]
    return True


def test_of_a_sound_unit_nothing_is_said(complaints: Callable) -> None:
    assert complaints() == []


IDLE = '''

@probe("double", ask="Is it a number?")
def number(double, draw: Draw):
    """it is a number"""
    return isinstance(double(1.0), float)
'''


def test_a_probe_that_catches_nothing(complaints: Callable) -> None:
    end = "    return double(draw.uniform(1.0, 2.0))\n"
    assert said(
        complaints(("autograder/checks/small.py", end, end + IDLE)),
        "probe number catches no misconception: write the mistake it is there for, or drop it",
    )


def test_a_hidden_probe_that_catches_nothing(complaints: Callable) -> None:
    hidden = "from autograder.probes import Draw, probe\n" + IDLE
    assert said(complaints(hidden=hidden), "probe number catches no misconception: .*")


def test_a_misconception_that_is_right(complaints: Callable) -> None:
    found = complaints(("reference/misconceptions/small.py", "3 * x", "x * 2"))
    assert found == [f"small.double: misconception 'tripled' is not caught (seed {i})" for i in range(3)]


def test_two_misconceptions_that_cannot_be_told_apart(complaints: Callable) -> None:
    same = ("reference/misconceptions/small.py", "2 * x**0.5", "3.0 * x")
    found = complaints(same)
    assert len(found) == 6
    assert {what.partition(" (")[0] for what in found} == {
        "small.double: misconception 'tripled' is caught; nothing is named",
        "small.double: misconception 'root' is caught; nothing is named",
    }
    found = complaints(same, ("reference/misconceptions/small.py", '"rule"', '"units"'))
    assert found[0] == "small.double: misconception 'tripled' is caught; only the family 'units' is named (seed 0)"


def test_a_misconception_that_does_not_run(complaints: Callable) -> None:
    """Or whoever uses a name that is not there would be told to double the root."""
    found = complaints(
        ("reference/misconceptions/small.py", "2 * x**0.5", "2 * math.sqrt(x)"),
        ("reference/misconceptions/small.py", "from reference", "import math\n\nfrom reference"),
    )
    assert found[0] == (
        "small.double: misconception 'root' does not run: name 'math' is not defined; import it inside the function"
    )


def test_an_edit_that_does_not_fit(complaints: Callable) -> None:
    for new, times in (('"4 * x"', 0), ('"x"', 2)):
        with pytest.raises(AuthorError, match=rf"'tripled': the edit .* occurs {times} times .*; it must occur once"):
            complaints(("reference/misconceptions/small.py", '"2 * x": "3 * x"', f'{new}: "3 * x"'))


@pytest.mark.parametrize(
    ("room", "old", "new", "pattern"),
    [
        ("checks", "How much is twice x?", "Twice x.", "probe twice: ask is a question"),
        ("checks", "it is twice", "It is twice", "probe twice: its docstring is one sentence .*"),
        ("checks", "it is twice as much", "", "probe twice: its docstring is one sentence .*"),
        ("checks", "it is twice as much", "long " * 20, "probe twice: its docstring is one sentence .*"),
        ("checks", "x?", 'x?", atol=1e-5, because="', "probe twice: a tolerance of its own needs a reason .*"),
        ("misconceptions", "you double the root", "", "misconception 'root': needs says, ask .* and show"),
        ("misconceptions", "the root come from?", "it come from.", "misconception 'root': needs says, ask .* and show"),
        ("misconceptions", "double(4) is 8", "", "misconception 'root': needs says, ask .* and show"),
        ("misconceptions", '"rule"', '"rules"', "misconception 'root': 'rules' is no family; they are .*"),
        ("alternatives", "double__by_shift", "by_shift", "1 other right implementations; at least 2 are wanted"),
        ("toml", "points = 1", "points = 1, seconds = 1", "less than two seconds of budget punishes a slow machine"),
    ],
    ids=lambda value: value[:16],
)
def test_what_is_missing_is_said(complaints: Callable, room: str, old: str, new: str, pattern: str) -> None:
    (path,) = [path for path in ROOMS if room in path]
    assert said(complaints((path, old, new)), pattern)


def test_no_misconception(complaints: Callable) -> None:
    found = complaints(("reference/misconceptions/small.py", "MISCONCEPTIONS = (", "MISCONCEPTIONS = () and ("))
    assert found.count("small.double: no misconception") == 3
    assert "small.double: probe twice catches no misconception: write the mistake it is there for, or drop it" in found


def test_an_exercise_of_properties_alone(complaints: Callable) -> None:
    found = complaints(("autograder/checks/small.py", "x?", 'x?", kind="property'))
    assert found == ["small.double: no value probe: a property alone can be faked"]


def test_a_right_answer_that_is_refused(complaints: Callable) -> None:
    found = complaints(("reference/alternatives/small.py", "x / 0.5", "x / 0.4"))
    assert found[0].startswith("small.double: the right answer 'by_shift' is refused: twice: Difference(")
    assert len(found) == 1 + 3  # and on every seed
    assert "is refused by twice on seed 2: " in found[-1]


def test_a_stub_that_is_taken_for_an_attempt(complaints: Callable) -> None:
    swallowing = "try:\n        return double(draw.uniform(1.0, 2.0))\n    except Exception:\n        return None"
    found = complaints(("autograder/checks/small.py", "return double(draw.uniform(1.0, 2.0))", swallowing))
    assert said(found, "the stub is judged 'wrong', not 'not attempted'")


def test_a_probe_that_sees_something_else_each_time(complaints: Callable) -> None:
    found = complaints(
        ("autograder/checks/small.py", "import Draw, probe", "import Draw, probe\nseen = []"),
        ("autograder/checks/small.py", "    return double(", "    seen.append(1)\n    return len(seen) + double("),
    )
    assert any(what.startswith("small.double: the reference does not equal itself: twice: ") for what in found)
    assert {f"small.double: probe twice sees two things in the reference on seed {i}" for i in range(3)} <= set(found)


def test_a_slow_reference(complaints: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devcheck, "BUDGET_S", 0.0)
    assert said(complaints(), r"the reference takes 0\.\d\d s of CPU; the budget is 0.0 s")


def test_probes_without_an_exercise_and_an_exercise_without_probes(complaints: Callable) -> None:
    with pytest.raises(AuthorError, match=r"checks/small\.py probes 'treble', which course\.toml does not list"):
        complaints(("autograder/checks/small.py", '"double", ask', '"treble", ask'))
    with pytest.raises(AuthorError, match=r"checks/small\.py has no probe of double"):
        complaints(("autograder/checks/small.py", "@probe(", "@(lambda *_, **__: callable)("))


def test_an_answer_that_does_not_run(complaints: Callable) -> None:
    with pytest.raises(AuthorError, match=r"(?s)small\.double: does not run: name 'ZERO' is not defined.*def double"):
        complaints(("reference/alternatives/small.py", "def double__by_sum(x", "ZERO = 0\ndef double__by_sum(x=ZERO"))


def test_catalogue_entries_that_belong_to_no_exercise(complaints: Callable) -> None:
    more = "\n\ndef duoble__by_loop(x):\n    return x * 2\n"
    found = complaints(
        ("reference/misconceptions/small.py", '"double", "root"', '"duoble", "root"'),
        ("reference/alternatives/small.py", "    return x / 0.5\n", "    return x / 0.5\n" + more),
    )
    assert found[:2] == [
        "small.duoble: misconception 'root' has no exercise",
        "small.duoble: the right answer 'by_loop' has no exercise",
    ]


def test_a_hidden_probe_of_the_same_name(complaints: Callable) -> None:
    with pytest.raises(AuthorError, match=r"01-small/hidden\.py: double has a public probe 'twice'; take another name"):
        complaints(hidden=CHECKS)


DOUBLER = """class Doubler:
    \"\"\"Twice as much.\"\"\"

    def __init__(self) -> None:
        self.factor = 2

    def of(self, x: float) -> float:
        \"\"\"Twice x.\"\"\"
        return self.factor * x
"""


def test_a_blank_with_a_method_that_is_given_earns_nothing(complaints: Callable) -> None:
    """The lesson gives `__init__` away, so a value probe that looks no further would pay for an empty answer."""
    found = complaints(
        ("course.toml", "exercises.double", "exercises.Doubler"),
        ("reference/small.py", REFERENCE[REFERENCE.index("def double") :], DOUBLER),
        ("autograder/checks/small.py", '"double", ask', '"Doubler", ask'),
        ("autograder/checks/small.py", "return double(draw.uniform(1.0, 2.0))", "return double().factor"),
        ("reference/misconceptions/small.py", MISCONCEPTIONS, "MISCONCEPTIONS = ()"),
        ("reference/alternatives/small.py", ALTERNATIVES, ""),
        lesson='# Small\n\n```python exercise="Doubler" given="__init__"\n```\n',
    )
    assert "small.Doubler: the stub is judged 'right', not 'not attempted'" in found
