"""Hostile and damaged submissions: a just score, neighbours unharmed, nothing left behind."""

import subprocess
from pathlib import Path

import pytest
from attack_sources import ATTACKS

from autograder.course import Course
from autograder.results import Graded
from autograder.verdict import Outcome

TARGET = "scaled_dot_product_attention"
pytestmark = pytest.mark.slow

# These break torch, the runner or the frames of their own child, and so their own other answers.
SELF_HARM = {"always-equal", "patched-encoder", "break-torch", "forged-frames"}
ENDINGS = {
    "infinite-loop": Outcome.TIMED_OUT,
    "loop-at-import": Outcome.TIMED_OUT,
    "eight-gigabytes": Outcome.OUT_OF_MEMORY,
    "exit-in-time": Outcome.CRASHED,
}


def points(graded: Graded) -> dict[str, float]:
    return {verdict.exercise.name: verdict.score("per-property") for verdict in graded.verdicts}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_earns_nothing(graded: dict[str, Graded], attack: str) -> None:
    one = graded[f"attack-{attack}"]
    assert one.status == "graded", one.reasons
    assert points(one)[TARGET] == 0, [(r.probe.name, r.passed) for r in one.verdicts[0].results]


@pytest.mark.parametrize("attack", sorted(set(ATTACKS) - SELF_HARM))
def test_an_attack_costs_the_attackers_other_answers_nothing(graded: dict[str, Graded], attack: str) -> None:
    one = graded[f"attack-{attack}"]
    others = {v.exercise.name: v.exercise.points for v in one.verdicts if v.exercise.name != TARGET}
    assert {name: points(one)[name] for name in others} == others


@pytest.mark.parametrize(("attack", "outcome"), ENDINGS.items())
def test_an_ending_has_its_name(graded: dict[str, Graded], attack: str, outcome: Outcome) -> None:
    assert graded[f"attack-{attack}"].verdicts[0].outcome is outcome


@pytest.mark.parametrize("student", ["honest-a", "honest-m", "honest-z"])
def test_honest_neighbours_have_full_points(graded: dict[str, Graded], student: str) -> None:
    assert graded[student].status == "graded"
    assert all(verdict.right for verdict in graded[student].verdicts)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("deleted-check", "deleted, duplicated or added"),
        ("duplicated", "deleted, duplicated or added"),
        ("stripped", "found by its text"),
        ("renamed", "found as attention-Copy1 (final).ipynb"),
    ],
)
def test_damage_is_mended_and_told(graded: dict[str, Graded], damage: str, reason: str) -> None:
    one = graded[f"damage-{damage}"]
    assert one.status == "graded with repairs" and any(reason in text for text in one.reasons), one.reasons
    assert all(verdict.right for verdict in one.verdicts)


def test_a_deleted_answer_costs_itself_only(graded: dict[str, Graded]) -> None:
    one = graded["damage-deleted-answer"]
    assert one.verdicts[0].outcome is Outcome.NOT_ATTEMPTED
    assert all(verdict.right for verdict in one.verdicts[1:])


@pytest.mark.parametrize("damage", ["reordered", "points"])
def test_order_and_metadata_change_nothing(graded: dict[str, Graded], damage: str) -> None:
    assert points(graded[f"damage-{damage}"]) == points(graded["honest-a"])


@pytest.mark.parametrize(("student", "reason"), [("nobody", "no notebook"), ("broken", "damaged")])
def test_what_no_machine_can_grade_waits_for_a_person(graded: dict[str, Graded], student: str, reason: str) -> None:
    assert graded[student].status == "needs a person" and graded[student].points is None
    assert reason in graded[student].reasons[0]


def test_every_attack_says_what_happened(graded: dict[str, Graded], course: Course) -> None:
    for attack in ATTACKS:
        page = course.root / "autograded" / f"attack-{attack}" / "06-attention" / "attention.ipynb"
        assert f"✗ {TARGET}: " in page.read_text(encoding="utf-8")


def test_nothing_is_left_behind(graded: dict[str, Graded], course: Course) -> None:
    assert "secret" in {path.name for path in (course.root / ".autograder").iterdir()}
    assert (course.root / "course" / "06-attention" / "attention.ipynb").stat().st_size > 1000
    seen = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(course.root) not in seen


def test_no_verdict_holds_a_secret(graded: dict[str, Graded], course: Course) -> None:
    secret = (course.root / ".autograder" / "secret").read_bytes()
    for path in Path(course.root / "autograded").rglob("*.ipynb"):
        text = path.read_bytes()
        assert secret not in text and secret.hex().encode() not in text
