"""A helper in another cell goes with the answer that uses it: that, what it uses in turn, and nothing else."""

from typing import Any

import pytest

from autograder.submission import as_grafted, cells_to_run, role_of
from autograder.submission.carrying import carry

MASK = "causal_mask"
MINE = (
    "# exercise: attention.causal_mask\ndef causal_mask(T_q, T_k):\n    return lower(torch.ones(T_q, T_k), T_k - T_q)"
)


def carried(answers: dict[str, str], *free: str, known: set[str] | None = None) -> dict[str, str]:
    return {name: found.source for name, found in carry(answers, free, known or {"torch"})}


ANSWER = "def f(x):\n    return helper(x)"


@pytest.mark.parametrize(
    ("free", "goes"),
    [
        (["def helper(x):\n    return x"], "def helper(x):\n    return x"),
        (["class helper:\n    pass\nprint(helper)"], "class helper:\n    pass"),
        (["from math import sqrt as helper"], "from math import sqrt as helper"),
        (["K = 3\ndef helper(x):\n    return x * K\nL = 4"], "K = 3\n\ndef helper(x):\n    return x * K"),
        (["def helper(x):\n    return other(x)", "def other(x):\n    return helper(x)"], None),
        (["def helper(x): return 1", "def helper(x): return 2"], "def helper(x): return 2"),
        (["import math\nhelper = lambda x: math.sqrt(x)"], "import math\n\nhelper = lambda x: math.sqrt(x)"),
        (["helper = {}\nhelper['a'] = 1\nhelper |= {}"], "helper = {}\n\nhelper['a'] = 1\n\nhelper |= {}"),
        (["%time\n# why\n@torch.no_grad()\ndef helper(x): ..."], "# why\n@torch.no_grad()\ndef helper(x): ..."),
        (["x = helper = 3"], "x = helper = 3"),
        (["async def helper(x): ..."], "async def helper(x): ..."),
    ],
)
def test_what_an_answer_uses_goes_with_it(free: list[str], goes: str | None) -> None:
    assert carried({"f": ANSWER}, *free) == {"f": "\n\n".join(free) if goes is None else goes}


@pytest.mark.parametrize(
    "free",
    [
        "def other(x):\n    return x",  # not asked for
        "from math import *",  # nobody can say what it brings
        "torch = None\ndef g(): ...",  # the setup's
        "torch, helper = 1, 2",  # half of it is
        "for helper in range(3):\n    pass",  # cannot be taken out of its place
        "def helper(",  # no Python
        "x = 1\n" * 10_000 + "def helper(x): ...",  # longer than is read
        "print('helper')",
    ],
    ids=lambda text: text[:16],
)
def test_what_cannot_go_stays(free: str) -> None:
    assert carried({"f": ANSWER}, free) == {}


def test_nothing_goes_twice_and_it_goes_in_front_of_the_first_who_needs_it() -> None:
    answers = {"f": ANSWER, "g": "def g(x):\n    return helper(x) + more", "h": "def h(x):\n    return helper"}
    found = carried(answers, "def helper(x): ...", "more = 1")
    assert found == {"f": "def helper(x): ...", "g": "more = 1"}


def test_a_local_a_parameter_and_a_name_of_an_answer_are_nothing_missing() -> None:
    answers = {"f": "def f(helper):\n    more = helper\n    return [more for more in more] + _own", "g": "_own = 3"}
    assert carried(answers, "helper = more = _own = 1") == {}


def test_a_helper_goes_into_the_notebook_and_is_told(damage: Any) -> None:
    damage.answer(MASK).source = MINE
    damage.insert_before(damage.answer("split_heads"), "def lower(x, d):\n    return x.tril(d).bool()\n\nlower(1, 2)")
    found = damage.graft()
    names = [name for name, _ in cells_to_run(found.notebook)]
    place = names.index(MASK)
    assert names[place - 1].startswith("carried-")
    assert dict(cells_to_run(found.notebook))[names[place - 1]] == "def lower(x, d):\n    return x.tril(d).bool()"
    told = "attention-causal_mask-answer: uses lower from a cell without points; that definition was run too"
    assert found.repairs == (told,)
    again = as_grafted(found.notebook)  # as nbgrader does: it stores the one, and judges the other
    assert list(cells_to_run(again.notebook)) == list(cells_to_run(found.notebook))


@pytest.mark.parametrize("where", ["demo", "check"])
def test_cells_of_the_lesson_help_nobody(damage: Any, where: str) -> None:
    damage.answer(MASK).source = MINE
    cell = next(c for c in damage.notebook.cells if role_of(c) == where)
    cell.source += "\ndef lower(x, d): ..."
    assert [role_of(c) for c in damage.graft().notebook.cells if role_of(c) == "carried"] == []


def test_nor_does_what_stands_in_the_place_of_an_exercise_or_of_the_setup(damage: Any) -> None:
    damage.answer(MASK).source = MINE.replace("lower", "split_heads")
    damage.insert_before(damage.answer(MASK), "def split_heads(x, n): ...\ndef softmax(x): ...")
    found = damage.graft()
    assert [c.source for c in found.notebook.cells if role_of(c) == "carried"] == []
