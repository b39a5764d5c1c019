"""How answers and submissions ended is told apart wherever it is told."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.results import Finish, Graded, save_results, saved_submissions
from autograder.verdict import Outcome, Verdict

WAITING = "needs a person"


@pytest.fixture
def finish(course: Any, make_exercise: Callable, judge: Callable) -> Finish:
    """A student for each outcome of an exercise, one whose notebook was mended, and one who needs a person."""
    exercise = make_exercise(1.0)
    blank = Verdict(exercise, Outcome.NOT_ATTEMPTED, judge(exercise, 2.0).results)
    verdicts = {"right": judge(exercise, 1.0), "wrong": judge(exercise, 2.0), "blank": blank}
    for ended in (Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.CRASHED):
        verdicts[ended.name.lower()] = judge(exercise, ended=ended)
    graded = [Graded(name, "graded", v.score("per-property"), verdicts=(v,)) for name, v in verdicts.items()]
    graded.append(Graded("mended", "graded with repairs", 6.0, ("found as x.ipynb",), (verdicts["right"],)))
    graded.append(Graded("lost\x1b[2J", WAITING, reasons=("“x.zip” is an archive that is cut off",)))
    return Finish(course.unit("attention"), "a level", tuple(graded), 1.0, Path("x"))


def test_the_terminal_tells_them_apart(finish: Finish) -> None:
    assert finish.summary().splitlines() == [
        "06-attention: 7 graded (1 with repairs), 1 need a person · 1.0 s, 480 a minute",
        "  lost\\x1b[2J needs a person: “x.zip” is an archive that is cut off",
        "  of the answers 1 timed out, 1 ran out of memory, 1 crashed",
    ]


def test_a_program_reads_them_apart(finish: Finish) -> None:
    told = json.loads(json.dumps(finish.as_json()))
    outcomes = {student: outcomes.get("f") for student, outcomes in told["outcomes"].items()}
    assert outcomes == {
        "right": "right",
        "wrong": "wrong",
        "blank": "not attempted",
        "timed_out": "timed out",
        "out_of_memory": "out of memory",
        "crashed": "crashed",
        "mended": "right",
        "lost\x1b[2J": None,
    }
    assert told["repairs"] == {"mended": ["found as x.ipynb"]}
    assert told["points"]["lost\x1b[2J"] is None and told["points"]["blank"] == 0


def test_what_is_saved_keeps_them_apart(finish: Finish, course: Any, tmp_path: Path) -> None:
    (tmp_path / "course.toml").write_bytes((course.root / "course.toml").read_bytes())
    copied = type(course)(tmp_path)
    save_results(copied, finish.unit, finish.level, list(finish.results))
    saved = {one["student"]: one for one in saved_submissions(copied, finish.unit)}
    assert {one["exercises"][0]["outcome"] for one in saved.values() if one["exercises"]} == {
        outcome.value for outcome in Outcome if outcome is not Outcome.COULD_NOT_JUDGE
    }
    assert (saved["lost\x1b[2J"]["points"], saved["lost\x1b[2J"]["status"]) == (None, WAITING)
