"""The demo's class: who hands in what, answers that stand alone, attacks that are answers."""

import ast
import re
import socket
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from autograder.course import Unit, find_course
from autograder.demo.attacks import ATTACKS, Listener, attack_source
from autograder.demo.classroom import make_class, students_of
from autograder.demo.notebooks import DAMAGES, HandIn
from autograder.variants import alternatives_of, misconceptions_of

COURSE = find_course(Path(__file__))
BPE = COURSE.unit("bpe")


@cache
def forty(unit: Unit) -> list[HandIn]:
    return make_class(COURSE, unit, 40)


@pytest.fixture(params=[unit.name for unit in COURSE.units])
def unit(request: pytest.FixtureRequest) -> Unit:
    return COURSE.unit(request.param)


def test_a_class_of_forty_makes_every_mistake(unit: Unit) -> None:
    """Or as many as it has students who are mistaken; a mistake that is several at once comes last."""
    hand_ins = forty(unit)
    num_mistaken = sum(hand_in.group == "mistaken" for hand_in in hand_ins)
    for exercise in unit.exercises:
        made = {a.name for hand_in in hand_ins if (a := hand_in.answers[exercise.name]).kind == "mistake"}
        known = misconceptions_of(unit, exercise)
        assert len(made) == min(len(known), num_mistaken)
        simple = {m.name for m in known if len(m.edit or ()) < 2}
        assert made >= simple or made <= simple


def test_a_class_of_forty_answers_in_every_style(unit: Unit) -> None:
    answers = [answer for hand_in in forty(unit) for answer in hand_in.answers.values()]
    right = {(a.exercise.name, a.name) for a in answers if a.kind == "right"}
    assert right >= {(exercise, style) for exercise, style, _ in alternatives_of(unit)}
    assert right >= {(exercise.name, "reference") for exercise in unit.exercises}
    assert {a.name for a in answers if a.kind == "attack"} == {attack.__name__ for attack in ATTACKS}


def test_a_class_of_forty_has_all_kinds_of_students(unit: Unit) -> None:
    hand_ins = forty(unit)
    assert len({hand_in.student for hand_in in hand_ins}) == 40
    groups = Counter(hand_in.group for hand_in in hand_ins)
    assert set(groups) == {"right", "mistaken", "blank", "partly blank", "damaged", "hostile"}
    assert {hand_in.damage for hand_in in hand_ins if hand_in.group == "damaged"} == set(DAMAGES)
    for hand_in in hand_ins:
        kinds = {answer.kind for answer in hand_in.answers.values()}
        assert list(hand_in.answers) == [exercise.name for exercise in unit.exercises]
        assert kinds == {"right"} or hand_in.group != "right"
        assert kinds == {"blank"} or hand_in.group != "blank"
        assert kinds == {"right", "blank"} or hand_in.group != "partly blank"
        assert "mistake" in kinds or hand_in.group != "mistaken"


def test_the_same_class_each_time() -> None:
    assert make_class(COURSE, BPE, 40) == make_class(COURSE, BPE, 40)
    assert make_class(COURSE, BPE, 40) != make_class(COURSE, BPE, 39)


@pytest.mark.parametrize("num_students", [1, 2, 5, 8, 40, 100])
def test_a_class_of_any_size(num_students: int) -> None:
    honest, hostile = students_of(num_students)
    assert len({*honest, *hostile}) == num_students
    assert len(make_class(COURSE, BPE, num_students)) == num_students


def test_an_answer_stands_alone(unit: Unit) -> None:
    """Also one that calls a helper of the reference: whoever answers like this has written the helper."""
    for hand_in in forty(unit):
        for answer in hand_in.answers.values():
            if answer.kind in ("right", "mistake"):
                tree = ast.parse(answer.source)
                helpers = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and re.match("_[a-z]", n.id)}
                local = {getattr(n, "arg", getattr(n, "name", "")) for n in ast.walk(tree)}
                local |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
                assert helpers <= local, (hand_in.student, answer.name)


def test_a_syntax_error_is_one(unit: Unit) -> None:
    broken = [
        answer
        for hand_in in forty(unit)
        for answer in hand_in.answers.values()
        if hand_in.damage == "syntax error" and answer.kind == "broken"
    ]
    assert len(broken) == 1
    with pytest.raises(SyntaxError):
        ast.parse(broken[0].source)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_is_an_answer(attack: Callable) -> None:
    """It runs as a cell without doing anything yet, and defines every name of its exercise."""
    exercise = COURSE.unit("training").exercise("save_checkpoint")
    namespace: dict[str, object] = {}
    exec(attack_source(attack, COURSE, COURSE.unit("training"), exercise, 4242), namespace)
    assert all(callable(namespace[name]) for name in exercise.names)
    assert (namespace["PORT"], namespace["EXERCISE"]) == (4242, "save_checkpoint")


def test_the_listener_hears_who_connects() -> None:
    with Listener() as listener:
        assert not listener.heard_somebody()
        socket.create_connection(("127.0.0.1", listener.port), timeout=2).close()
        assert listener.heard_somebody()
        assert not listener.heard_somebody()
