"""Where there are no namespaces, or no root, a chosen part of the class meets the same promises."""

import os
from pathlib import Path

import pytest
from hostile_class import ATTACKS, HONEST, Term, grade_class, make_course
from nobody import run_as_nobody
from scenario import TARGET, Earns

from autograder.sandbox import Level
from autograder.sandbox.trial import weakness

pytestmark = pytest.mark.slow
CHOSEN = (
    "fork-bomb", "daemon", "subprocess", "kill-everybody", "trace-the-parent", "scan", "fill-the-disk", "sparse-file",
    "shared-memory", "plant-links", "write-outside", "remove-the-neighbours", "read-the-solutions", "read-the-secret",
    "read-proc", "import-the-reference", "read-the-neighbours", "gradebook-trigger", "kernel-objects", "frames-before",
    "outlive-the-judge", "poison-for-the-next", "eight-gigabytes", "exit-in-time", "thread-bomb", "stops-itself",
)  # fmt: skip
ROOT = os.geteuid() == 0
LEVELS = [Level.LANDLOCK if ROOT else Level.NAMESPACES]
"""Root without namespaces, and then namespaces without root. (With neither: tests/sandbox/test_unprivileged.py.)"""


@pytest.fixture(scope="module", params=LEVELS, ids=lambda level: level.value)
def term(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, require) -> Term:
    problem = weakness(request.param)
    require(f"The level {request.param.value!r}", not problem, f"is tested here. {problem}")
    attacks = [ATTACKS[name] for name in CHOSEN]
    return grade_class(make_course(tmp_path_factory.mktemp("course")), attacks, request.param, jobs=3)


@pytest.mark.parametrize("name", CHOSEN)
def test_an_attack_earns_nothing(term: Term, name: str) -> None:
    assert ATTACKS[name].earns is Earns.NOTHING
    (verdict,) = (v for v in term.together[name].verdicts if v.exercise.name == TARGET)
    assert verdict.score("per-property") == 0
    assert f" {TARGET}: " in term.told(name)
    others = {v.exercise.name for v in term.together[name].verdicts if v.right}
    assert len(others) == 5 or ATTACKS[name].hurts_itself


def test_the_honest_are_graded_as_if_alone(term: Term) -> None:
    assert term.pages == term.pages_alone
    assert {name: term.together[name] for name in HONEST} == term.alone
    assert [term.alone[name].points for name in HONEST] == [20, 19, 14]


def test_nothing_is_left_and_nobody_heard(term: Term) -> None:
    assert (term.left, term.heard, len(set(term.warm))) == ((), 0, 1)


def test_all_of_this_holds_for_nobody(require) -> None:
    run_as_nobody(require, [str(Path(__file__)), "-k", "not nobody"])
