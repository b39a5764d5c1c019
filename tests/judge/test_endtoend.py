"""Graded end to end: the student's own earlier units behind `mygpt`, which explain failures and cost nothing."""

import json
from dataclasses import replace
from typing import Any

import pytest
from handed_in import EARLIER, GPT, REAL, SEES_ALL, hand_in, solved

from autograder.course import Course
from autograder.endtoend import EndToEnd
from autograder.judge import Judge, Judgement
from autograder.sandbox import Limits
from autograder.sandbox import Outcome as Ended
from autograder.source import answer_source
from autograder.submission import Submission, graft
from autograder.verdict import Outcome, Verdict

MINE = answer_source(REAL, GPT, GPT.exercise("GPT"))
SUMS_TO_TWO = "def softmax(x, dim):\n    return 2 * torch.softmax(x, dim)"


def gpt(**answers: str) -> Submission:
    return graft(REAL, GPT, solved("gpt", **answers))


def judged(course: Course, judge: Judge, **answers: str) -> tuple[Judgement, dict[str, Verdict]]:
    """End to end, and what is always true of it: no verdict below plain grading, and plain points where it stumbles."""
    submission = gpt(**answers)
    judgement = EndToEnd(course, GPT, judge).judge("ada", submission)
    for plain, verdict in zip(judge.judge(submission).verdicts, judgement.verdicts, strict=True):
        assert verdict.score("per-property") >= plain.score("per-property")
        assert replace(verdict, stumble=None) == plain or (verdict.right and not plain.right)
    return judgement, {verdict.exercise.name: verdict for verdict in judgement.verdicts}


def lent(judgement: Judgement) -> dict[str, dict[str, str]]:
    return {earlier.unit: earlier.lent for earlier in judgement.earlier}


def stumbles(verdicts: dict[str, Verdict]) -> dict[str, tuple[str, ...]]:
    return {name: verdict.stumble.units for name, verdict in verdicts.items() if verdict.stumble}


def test_with_everything_right_there_is_nothing_to_say(course: Course, judge: Judge) -> None:
    for unit in EARLIER:
        hand_in(course, unit)
    judgement, verdicts = judged(course, judge)
    assert all(verdict.right for verdict in verdicts.values()) and stumbles(verdicts) == {}
    assert [str(earlier) for earlier in judgement.earlier] == [f"{unit}.py: yours" for unit in EARLIER]


def test_an_earlier_mistake_is_named_and_costs_nothing(course: Course, judge: Judge) -> None:
    hand_in(course, "bigram")
    hand_in(course, "attention", causal_mask=SEES_ALL)
    _, verdicts = judged(course, judge)
    assert stumbles(verdicts) == {"GPT": ("attention",)}
    assert verdicts["GPT"].right
    said = str(verdicts["GPT"].stumble)
    assert said.startswith("With your own attention.py it fails at “")
    assert said.endswith("”; with the course's it is right, and that is what counts.")


def test_the_cause_is_found_below_a_right_unit(course: Course, judge: Judge) -> None:
    """attention.py is right, and stands on a softmax that is not."""
    hand_in(course, "bigram", softmax=SUMS_TO_TWO)
    hand_in(course, "attention")
    assert stumbles(judged(course, judge)[1]) == {"GPT": ("bigram",)}


def test_two_causes_are_both_named(course: Course, judge: Judge) -> None:
    hand_in(course, "bigram", softmax=SUMS_TO_TWO)
    hand_in(course, "attention", causal_mask=SEES_ALL)
    _, verdicts = judged(course, judge)
    assert stumbles(verdicts) == {"GPT": ("bigram", "attention")}
    assert "With your own bigram.py and attention.py it fails" in str(verdicts["GPT"].stumble)


def test_an_answer_wrong_by_itself_is_no_stumble(course: Course, judge: Judge) -> None:
    hand_in(course, "attention")
    _, verdicts = judged(course, judge, count_parameters="def count_parameters(model):\n    return 7")
    assert not verdicts["count_parameters"].right and stumbles(verdicts) == {}


def test_what_fails_besides_is_told_beside_ones_own_mistake(course: Course, judge: Judge) -> None:
    """An untied head is the student's own; that nothing else holds comes from an attention that stops."""
    hand_in(course, "attention", split_heads="def split_heads(x, n_head):\n    raise ValueError('mine')")
    untied = MINE.replace("        self.lm_head.weight = self.wte.weight\n", "")
    found = judged(course, judge, GPT=untied)[1]["GPT"]
    assert untied != MINE and found.outcome is Outcome.WRONG and found.misconception
    assert found.stumble and not found.stumble.right_otherwise
    assert str(found.stumble).endswith("with the course's that holds, and that is what counts.")


def test_right_on_ones_own_chain_is_right(course: Course, judge: Judge) -> None:
    """Two units that fit each other, by a name that only the student knows."""
    gelu = answer_source(REAL, REAL.unit("block"), REAL.unit("block").exercise("gelu"))
    hand_in(course, "block", gelu=f"{gelu}\n\ndef my_norm(C):\n    return LayerNorm(C)\n")
    mine = f"from mygpt.block import my_norm\n\n\n{MINE.replace('self.ln_f = LayerNorm(C)', 'self.ln_f = my_norm(C)')}"
    assert not {v.exercise.name: v for v in judge.judge(gpt(GPT=mine)).verdicts}["GPT"].right
    assert judged(course, judge, GPT=mine)[1]["GPT"].right


def test_without_anything_handed_in_it_is_plain_grading(course: Course, judge: Judge) -> None:
    judgement, _ = judged(course, judge)
    assert [str(one) for one in judgement.earlier] == [f"{unit}.py: the course's (not handed in)" for unit in EARLIER]


def test_what_is_not_there_is_borrowed_and_told(course: Course, judge: Judge) -> None:
    stub = "def repeat_kv(x, n_rep):\n    '''Docs.'''\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    answers = {
        "repeat_kv": stub,
        "causal_mask": "def causal_mask(T_q, T_k)\n    pass",
        "split_heads": "1 / 0",
        "merge_heads": "merge_head = None",
    }
    hand_in(course, "attention", **answers)
    judgement, verdicts = judged(course, judge)
    assert lent(judgement)["attention"] == {
        "causal_mask": "its cell stops with SyntaxError",
        "split_heads": "its cell stops with ZeroDivisionError",
        "merge_heads": "its cell does not define merge_heads",
        "repeat_kv": "not written",
    }
    assert judgement.earlier[1].own == ("scaled_dot_product_attention", "MultiHeadAttention")
    assert str(judgement.earlier[1]).startswith("attention.py: yours, but the course's causal_mask (its cell stops")
    assert stumbles(verdicts) == {} and verdicts["GPT"].right


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("import os\nos._exit(0)", "it crashes"),
        ("hoard = bytearray(1 << 36)", "its cell stops with MemoryError"),
        ("raise SystemExit", "its cell stops with SystemExit"),
        ("while True:\n    pass", "it runs out of time"),
    ],
)
def test_an_earlier_unit_that_ends_badly_costs_nothing_but_itself(
    course: Course, judge: Judge, monkeypatch: pytest.MonkeyPatch, cell: str, why: str
) -> None:
    if "time" in why:  # patience costs the test its time
        monkeypatch.setattr("autograder.judge.SURVEY", Limits(wall_s=2.0, cpu_s=1))
    hand_in(course, "bigram")
    hand_in(course, "attention", causal_mask=cell)
    judgement, verdicts = judged(course, judge)
    assert set(lent(judgement)["attention"].values()) == {why} and lent(judgement)["bigram"] == {}
    assert verdicts["GPT"].right


@pytest.mark.parametrize(
    "mischief",
    [
        "torch.set_default_dtype(torch.float64)\ntorch.exp = torch.matmul = None",
        "import sys\nsys.modules['mygpt.bigram'] = sys.modules['autograder.running'] = None",
        "import mygpt.attention\nmygpt.attention.MultiHeadAttention = None",
    ],
)
def test_mischief_of_an_earlier_unit_stays_in_its_own_child(course: Course, judge: Judge, mischief: str) -> None:
    hand_in(course, "attention", repeat_kv=f"{mischief}\ndef repeat_kv(x, n_rep):\n    return x")
    _, verdicts = judged(course, judge)
    assert all(verdict.right for verdict in verdicts.values())


def test_an_endless_earlier_function_is_told(course: Course, judge: Judge) -> None:
    hand_in(course, "attention", causal_mask="def causal_mask(T_q, T_k):\n    while True:\n        pass")
    found = judged(course, judge)[1]["GPT"]
    assert str(found.stumble).startswith(
        "With your own attention.py it runs out of time; with the course's it is right"
    )


def test_a_damaged_notebook_or_a_link_is_the_courses(course: Course, judge: Judge) -> None:
    hand_in(course, "attention").write_text('{"cells": [', encoding="utf-8")
    path = hand_in(course, "bigram")
    path.unlink()
    path.symlink_to(REAL.root / "solutions" / "01-bigram" / "bigram.ipynb")
    judgement, _ = judged(course, judge)
    assert [str(one) for one in judgement.earlier] == [
        "bigram.py: the course's (“bigram.ipynb” is a link and not a file)",
        "attention.py: the course's (“attention.ipynb” is not a notebook: its JSON is damaged: the file is cut off)",
        "block.py: the course's (not handed in)",
    ]


def test_plain_jobs_are_as_they_were_and_no_child_holds_what_it_judges(
    course: Course, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[dict[str, Any]] = []
    run = judge.sandbox.run

    def listen(job: bytes, limits: Limits) -> Ended:
        orders.append(json.loads(job))
        return run(job, limits)

    monkeypatch.setattr(judge.sandbox, "run", listen)
    hand_in(course, "bigram")
    hand_in(course, "attention")
    EndToEnd(course, GPT, judge).judge("ada", gpt())
    plain, *surveys, whole = orders
    common = {"unit", "given", "hidden", "cells", "stand_ins", "exercises"}
    assert set(plain) == common and plain["given"] == judge.key.given
    assert [(set(order) - common, list(order["own"])) for order in (*surveys, whole)] == [
        ({"own", "asked"}, []),
        ({"own", "asked"}, ["bigram"]),
        ({"own"}, ["bigram", "attention"]),  # no block was handed in
    ]
    names = {name for exercise in GPT.exercises for name in exercise.names}
    for order in orders:
        behind = json.dumps([order["given"], order.get("own")])
        assert not any(f"{kind} {name}(" in behind for name in names for kind in ("def", "class"))


def test_our_fault_is_told_and_costs_nothing(course: Course, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(course, "bigram")
    run = judge.sandbox.run
    refused = Ended("refused", (), "no namespaces today")
    monkeypatch.setattr(judge.sandbox, "run", lambda job, limits: refused if b'"own": {"b' in job else run(job, limits))
    judgement, verdicts = judged(course, judge)
    assert all(verdict.right for verdict in verdicts.values())
    assert judgement.repairs == ("not judged end to end, which is our fault: no namespaces today",)


def test_what_ends_badly_by_itself_is_not_tried_again(
    course: Course, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And for the cause of a stumble only what stumbles is run, with what it stands on."""
    tried: list[tuple[list[str], list[str]]] = []
    run = judge.sandbox.run

    def listen(job: bytes, limits: Limits) -> Ended:
        order = json.loads(job)
        if "own" in order and "asked" not in order:
            tried.append((list(order["own"]), [exercise["names"][0] for exercise in order["exercises"]]))
        return run(job, limits)

    monkeypatch.setattr(judge.sandbox, "run", listen)
    for unit in EARLIER:
        hand_in(course, unit, **({"causal_mask": SEES_ALL} if unit == "attention" else {}))
    submission = gpt(
        init_weights="import os\nos._exit(1)", split_gpt2_qkv="def split_gpt2_qkv(w):\n    raise NotImplementedError"
    )
    verdicts = EndToEnd(course, GPT, judge).judge("ada", submission).verdicts
    assert stumbles({verdict.exercise.name: verdict for verdict in verdicts}) == {"GPT": ("attention",)}
    assert not {"init_weights", "split_gpt2_qkv"} & {name for _, names in tried for name in names}
    assert {name for own, names in tried if own != EARLIER for name in names} == {"GPT"}
