"""The judge: one mistake is paid for once, our faults cost nothing, and no child holds what it is judged by."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course import find_course
from autograder.judge import Judge, Judgement
from autograder.sandbox import Outcome as Ended
from autograder.source import answer_source
from autograder.submission import exercise_of, graft, role_of
from autograder.verdict import Outcome, Verdict

COURSE = find_course(Path(__file__).parent)
UNIT = COURSE.unit("attention")
NO_OFFSET = "def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k).tril().bool()"
INTERLEAVED = "def split_heads(x, n_head):\n    B, T, C = x.shape\n    return x.view(B, n_head, T, C // n_head)"


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge.of_course(COURSE, UNIT) as judge:
        yield judge


def solved(**answers: str) -> NotebookNode:
    notebook = nbformat.read(COURSE.root / "solutions" / UNIT.folder / "attention.ipynb", as_version=4)
    for cell in notebook.cells:
        if role_of(cell) == "answer" and exercise_of(cell) in answers:
            cell.source = answers[exercise_of(cell)]
    return notebook


def verdicts(judge: Judge, **answers: str) -> dict[str, Verdict]:
    judgement: Judgement = judge.judge(graft(COURSE, UNIT, solved(**answers)))
    return {verdict.exercise.name: verdict for verdict in judgement.verdicts}


def test_the_solved_notebook_is_right(judge: Judge) -> None:
    assert all(verdict.right for verdict in verdicts(judge).values())


def test_a_mistake_is_paid_for_once(judge: Judge) -> None:
    found = verdicts(judge, split_heads=INTERLEAVED)
    assert found["split_heads"].misconception is not None
    assert found["MultiHeadAttention"].right
    assert found["MultiHeadAttention"].used_stand_ins == ("split_heads",)


def test_also_where_only_this_answer_stands_on_the_other(judge: Judge) -> None:
    """The reference's merge_heads needs no split_heads; this one does, and a right one would do."""
    proud = """def merge_heads(x):
    B, H, T, D = x.shape
    merged = x.transpose(1, 2).reshape(B, T, H * D)
    assert torch.equal(split_heads(merged, H), x)
    return merged"""
    found = verdicts(judge, split_heads=INTERLEAVED, merge_heads=proud)
    assert found["merge_heads"].right
    assert found["merge_heads"].used_stand_ins == ("split_heads",)


def test_without_a_reference_the_follow_up_stays_wrong() -> None:
    from autograder.key import load_public_key
    from autograder.submission import as_handed_in

    key = load_public_key("attention")
    with Judge(key) as public:
        found = {v.exercise.name: v for v in public.judge(as_handed_in(key, solved(split_heads=INTERLEAVED))).verdicts}
    assert not found["split_heads"].right and not found["MultiHeadAttention"].right
    assert found["causal_mask"].right


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("def causal_mask(T_q, T_k)\n    pass", Outcome.WRONG),
        ("import os\nos._exit(1)", Outcome.CRASHED),
        ("def causal_mask(T_q, T_k):\n    import os\n    os.abort()", Outcome.CRASHED),
        ("def causal_mask(T_q, T_k):\n    return torch.ones(1 << 36)", Outcome.OUT_OF_MEMORY),
        ("def causal_mask(T_q, T_k):\n    raise NotImplementedError", Outcome.NOT_ATTEMPTED),
        ("causal_mas = 1", Outcome.WRONG),
    ],
)
def test_one_answer_does_not_touch_the_others(judge: Judge, answer: str, outcome: Outcome) -> None:
    found = verdicts(judge, causal_mask=answer)
    assert found.pop("causal_mask").outcome is outcome
    assert all(verdict.right for verdict in found.values())


def test_magics_and_prints_do_not_matter(judge: Judge) -> None:
    source = "%matplotlib inline\n!ls\nprint('x' * 10000)\n" + answer_source(COURSE, UNIT, UNIT.exercise("causal_mask"))
    assert verdicts(judge, causal_mask=source)["causal_mask"].right


def test_hidden_probes_count(judge: Judge) -> None:
    assert any(probe.hidden for exercise in judge.key.exercises for probe in exercise.probes)


def test_the_same_submission_gets_the_same_verdict(judge: Judge) -> None:
    assert len({str(verdicts(judge, causal_mask=NO_OFFSET)) for _ in range(5)}) == 1


def test_our_fault_is_never_a_zero(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge.sandbox, "run", lambda job, limits: Ended("refused", (), "no namespaces today"))
    judgement = judge.judge(graft(COURSE, UNIT, solved()))
    assert not judgement.could_judge
    assert {verdict.outcome for verdict in judgement.verdicts} == {Outcome.COULD_NOT_JUDGE}


def test_a_child_holds_no_expected_value_and_no_reference_of_what_it_judges(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[dict[str, Any]] = []
    run = judge.sandbox.run

    def listen(job: bytes, limits: Any) -> Ended:
        orders.append(json.loads(job))
        return run(job, limits)

    monkeypatch.setattr(judge.sandbox, "run", listen)
    verdicts(judge, split_heads=INTERLEAVED, MultiHeadAttention="class MultiHeadAttention(nn.Module):\n    pass")
    assert len(orders) == 2
    own, again = orders
    assert own["stand_ins"] == []
    assert again["stand_ins"] == [answer_source(COURSE, UNIT, UNIT.exercise("split_heads"))]
    assert [exercise["names"] for exercise in again["exercises"]] == [["MultiHeadAttention"]]
    assert set(own) == {"unit", "given", "hidden", "cells", "stand_ins", "exercises"}
    assert all(set(exercise) == {"names", "seconds", "probes"} for exercise in own["exercises"])
