"""The from-scratch rule behind the sandbox: what it costs, who is told, and that nobody pays for a neighbour's call."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from handed_in import REAL, solved
from nbformat import NotebookNode

from autograder import results
from autograder.course import Course
from autograder.judge import Judge, Judgement
from autograder.key import load_public_key
from autograder.nbgrader_plugin.outputs import write_outputs
from autograder.report import write_report
from autograder.results import Finish, Graded, save_results
from autograder.sandbox import Level
from autograder.submission import exercise_of, graft, role_of

pytestmark = pytest.mark.slow

UNIT = REAL.unit("attention")
MASK = "generate_square_subsequent_mask"
OF_TORCH = f"def causal_mask(T_q, T_k):\n    return nn.Transformer.{MASK}(T_k)[-T_q:] == 0"
BY_ANOTHER_NAME = "def causal_mask(T_q, T_k):\n    return theirs(T_k)[-T_q:] == 0"
THE_NAME = f"theirs = nn.Transformer.{MASK}\n\n\ndef repeat_kv(x, n_head):\n    "
THE_NAME += "return x.repeat_interleave(n_head // x.shape[1], dim=1)"
COMPUTED = OF_TORCH.replace(f"nn.Transformer.{MASK}", f"getattr(nn.Transformer, '{MASK[::-1]}'[:: -len('a')])")
CLASS = {
    "ada": {},
    "bob": {"causal_mask": OF_TORCH},
    "eve": {"causal_mask": BY_ANOTHER_NAME, "repeat_kv": THE_NAME},
    "kim": {"causal_mask": COMPUTED},
}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(load_public_key("attention")) as judge:
        yield judge


@pytest.fixture(scope="module")
def judged(judge: Judge) -> dict[str, dict[str, tuple[NotebookNode, Judgement]]]:
    """The class above, judged once as the course is and once where a forbidden call costs."""
    found: dict[str, dict] = {"told": {}, "costs": {}}
    for setting, students in found.items():
        one = copy.copy(judge)
        one.key = replace(judge.key, from_scratch=setting)
        for student, answers in CLASS.items():
            submission = graft(REAL, UNIT, solved("attention", **answers))
            students[student] = submission.notebook, one.judge(submission)
    return found


def marks(judgement: Judgement) -> dict[str, float]:
    return {v.exercise.name: v.score("per-property") for v in judgement.verdicts}


def test_every_answer_is_right_and_only_the_setting_costs(judged: dict) -> None:
    full = {e.name: float(e.points) for e in UNIT.exercises}
    for setting, students in judged.items():
        assert all(verdict.right for _, judgement in students.values() for verdict in judgement.verdicts)
        for student, (_, judgement) in students.items():
            costs = setting == "costs" and student in ("bob", "eve")
            assert marks(judgement) == full | ({"causal_mask": 0.0} if costs else {}), student


def test_a_finding_names_the_line_and_stays_with_its_exercise(judged: dict) -> None:
    found = {
        student: [(v.exercise.name, f.line, f.what, f.cell) for v in judgement.verdicts for f in v.reading.findings]
        for student, (_, judgement) in judged["told"].items()
    }
    whole = f"torch.nn.Transformer.{MASK}"
    assert found == {
        "ada": [],
        "bob": [("causal_mask", 2, f"nn.Transformer.{MASK}", "")],
        "eve": [
            ("causal_mask", 2, f"theirs, which is {whole}", ""),
            ("causal_mask", 1, f"nn.Transformer.{MASK}", "repeat_kv"),
        ],
        "kim": [("causal_mask", 2, "it fetches something under a name that is computed", "")],
    }


@pytest.mark.parametrize(("setting", "points"), [("told", "2"), ("costs", "0")])
def test_feedback_says_what_was_called_and_what_it_costs(judged: dict, setting: str, points: str) -> None:
    notebook, judgement = judged[setting]["bob"]
    write_outputs(notebook, judgement, "per-property", Level.NAMESPACES.sentence)
    cells = {exercise_of(cell): cell for cell in notebook.cells if role_of(cell) == "check"}
    words, number = cells["causal_mask"].outputs
    assert number.data["text/plain"] == points
    for kind in ("text/plain", "text/html"):
        assert f"Not from scratch: line 2 (nn.Transformer.{MASK})." in words.data[kind]
    assert ("That costs the points" in words.data["text/plain"]) == (setting == "costs")
    assert "from scratch" not in cells["MultiHeadAttention"].outputs[0].data["text/plain"]


@pytest.fixture
def graded(judged: dict) -> list[Graded]:
    students = judged["costs"].items()
    return [Graded(student, "graded", 20.0, (), judgement.verdicts) for student, (_, judgement) in students]


def test_the_finish_line_and_its_json_name_them(
    graded: list[Graded], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    finish = Finish(UNIT, "", tuple(graded), 1.0, tmp_path)
    _, *told = finish.summary().splitlines()
    assert told == [
        "  from scratch, calls that are forbidden: 2 (bob: causal_mask; eve: causal_mask)",
        "  from scratch, calls hidden from reading, to look at: 1 (kim: causal_mask)",
    ]
    found = json.loads(json.dumps(finish.as_json()))["from_scratch"]
    assert found.keys() == {"bob", "eve", "kim"}
    place = {"line": 2, "what": f"nn.Transformer.{MASK}", "operation": MASK, "cell": ""}
    assert found["bob"] == {"causal_mask": [place]}
    monkeypatch.setattr(results, "NAMED", 1)
    assert "(bob: causal_mask; and 1 more)" in finish.summary()


def test_the_class_report_counts_them(graded: list[Graded], tmp_path: Path) -> None:
    text = (REAL.root / "course.toml").read_text(encoding="utf-8")
    (tmp_path / "course.toml").write_text(text.replace('= "told"', '= "costs"'), encoding="utf-8")
    course = Course(tmp_path)
    save_results(course, UNIT, Level.NAMESPACES.sentence, graded)
    page = write_report(course, [UNIT], tmp_path / "report.html").read_text(encoding="utf-8")
    section = page.split("<h3>Not from scratch</h3>")[1].split("</table>")[0]
    assert "2 of 4" in section and f"<code>{MASK}</code>" in section
    assert "1 of 4" in section and "hidden from reading: a person should look" in section
    assert "costs no points" not in section and "bob" not in page
    assert f"line 2: nn.Transformer.{MASK}" not in page
    named = write_report(course, [UNIT], tmp_path / "report.html", names=True).read_text(encoding="utf-8")
    assert f"line 2: nn.Transformer.{MASK}" in named
