"""Hostile and damaged submissions: a just score, neighbours unharmed, nothing left behind, and words for each."""

import re

import pytest
from hostile_class import ATTACKS, CANARY, HONEST, Term
from scenario import OF_THE_FIELD, SCENARIOS, TARGET, Attack, Earns

from autograder.results import Graded
from autograder.verdict import Outcome, Verdict

pytestmark = pytest.mark.slow
FULL = {Earns.FULL, Earns.LIBRARY}
ELSEWHERE = {"syntax-error": {"repeat_kv"}, "other-unit": None}
"""Damage that is done to other answers, too; None: to all of them."""


def points(graded: Graded) -> dict[str, float]:
    return {verdict.exercise.name: verdict.score("per-property") for verdict in graded.verdicts}


def verdict_on(graded: Graded, exercise: str) -> Verdict:
    return next(verdict for verdict in graded.verdicts if verdict.exercise.name == exercise)


def test_every_scenario_has_a_submission() -> None:
    met = {number for attack in ATTACKS.values() for number in attack.scenarios}
    assert set(OF_THE_FIELD) <= met == set(SCENARIOS)
    assert len(ATTACKS) > 150


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_attack(term: Term, attack: Attack) -> None:
    one = term.together[attack.name]
    if attack.earns is Earns.PERSON:
        assert (one.status, one.points) == ("needs a person", None)
        assert attack.says in one.reasons[0]
        return
    assert one.status.startswith("graded"), one.reasons
    earned_what_it_should(one, attack)
    kept_its_other_answers(one, attack)
    was_told(term, one, attack)


def earned_what_it_should(one: Graded, attack: Attack) -> None:
    verdict = verdict_on(one, TARGET)
    full = float(verdict.exercise.points)
    low, high = {Earns.NOTHING: (0, 0), Earns.DUE: (0.01, full - 0.01)}.get(attack.earns, (full, full))
    assert low <= verdict.score("per-property") <= high
    assert attack.outcome in (None, verdict.outcome)
    assert (attack.earns in FULL) == verdict.right
    assert bool(verdict.reading.findings) or attack.earns is not Earns.LIBRARY
    assert not verdict.reading.findings or attack.earns is not Earns.FULL


def kept_its_other_answers(one: Graded, attack: Attack) -> None:
    spoilt = ELSEWHERE.get(attack.name, set())
    if attack.hurts_itself or spoilt is None:
        return
    wrong = {verdict.exercise.name for verdict in one.verdicts if not verdict.right}
    assert wrong - {TARGET} == spoilt


def was_told(term: Term, one: Graded, attack: Attack) -> None:
    told = term.told(attack.name)
    assert f" {TARGET}: " in told
    assert attack.says in told or any(attack.says in reason for reason in one.reasons)
    assert "Traceback" not in told and "/autograder/" not in told
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", told)
    assert not re.search(r"<(script|img|svg|a)\b", told)


@pytest.mark.parametrize("student", HONEST)
def test_honest_neighbours_are_graded_as_if_alone(term: Term, student: str) -> None:
    assert term.together[student] == term.alone[student]
    assert term.alone[student].status == "graded"


def test_honest_students_have_what_they_deserve(term: Term) -> None:
    right, mistaken, unfinished = (term.alone[student] for student in HONEST)
    assert all(verdict.right for verdict in right.verdicts)
    assert [v.exercise.name for v in mistaken.verdicts if not v.right] == ["causal_mask"]
    assert [v.exercise.name for v in unfinished.verdicts if not v.right] == ["MultiHeadAttention"]
    assert verdict_on(unfinished, "MultiHeadAttention").outcome is Outcome.NOT_ATTEMPTED


def test_honest_pages_are_the_same_to_the_byte(term: Term) -> None:
    assert len(term.pages) >= 3
    assert term.pages == term.pages_alone


def test_nothing_is_left_behind(term: Term) -> None:
    """Files, processes, kernel objects, open descriptors: all as before the first attacker came."""
    assert term.left == ()


def test_nobody_was_heard(term: Term) -> None:
    assert term.heard == 0


def test_the_warm_process_outlived_them_all(term: Term) -> None:
    before, after = term.warm
    assert before == after


def test_nothing_that_is_secret_was_told(term: Term) -> None:
    """On no page: the secret, an input, the hidden probes' text, another student's work."""
    root = term.course.root
    secret = (root / ".autograder" / "secret").read_bytes()
    hidden = (root / "solutions" / "06-attention" / "hidden.py").read_text(encoding="utf-8")
    lines = {
        letters(line)
        for line in hidden.splitlines()
        if len(letters(line)) > 30 and '"""' not in line and "ask=" not in line
    }
    assert len(lines) > 3
    for name in ATTACKS:
        told = re.sub("<[^>]*>", "", term.told(name))
        assert "HIDDEN" not in told and secret.hex()[:16] not in told and "7d1f0c" not in told, name
        assert not [line for line in lines if line in letters(told)], name
        assert not re.search(r"\d{5}", told), name  # a number so long is an input, or a text in disguise
    assert CANARY.format(HONEST[0]) in (root / "submitted" / HONEST[0] / "06-attention" / "attention.ipynb").read_text()


def letters(text: str) -> str:
    """What is left of a text in the name of an exception."""
    return re.sub(r"[^a-z]", "", text.lower())


def test_whoever_was_not_judged_says_why(term: Term) -> None:
    waiting = {name for name, one in term.together.items() if one.points is None}
    assert waiting == {name for name, attack in ATTACKS.items() if attack.earns is Earns.PERSON}
