"""A class graded end to end: what feedback, JSON and class report say, and that the points are the plain ones."""

import json
import os
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import nbformat
import pytest
from handed_in import GPT, REAL, SEES_ALL, hand_in

from autograder.course import Course
from autograder.grading import How, run_grading
from autograder.judge import Judge
from autograder.report import write_report
from autograder.results import Finish


@pytest.fixture
def classroom(whole_judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Two students of a whole course: ada's attention sees all, bob handed nothing in before."""
    course = REAL.copy_to(tmp_path)
    hand_in(course, "attention", causal_mask=SEES_ALL)
    hand_in(course, "gpt", count_parameters="def count_parameters(model):\n    return 7")
    hand_in(course, "gpt", "bob", count_parameters="def count_parameters(model):\n    return 7")
    monkeypatch.setattr(Judge, "of_course", lambda *_, **__: nullcontext(whole_judge))
    monkeypatch.setenv("PATH", os.environ["PATH"])
    return course


@pytest.mark.slow
def test_the_class_is_told_and_plain_grading_is_what_it_was(classroom: Course) -> None:
    """Plain, end to end, plain again: the same points each time, and the last is the first to the byte."""

    def graded(end_to_end: bool) -> tuple[Finish, dict[str, Any], dict[str, bytes]]:
        finish = run_grading(classroom, classroom.unit("gpt"), How(2, end_to_end=end_to_end))
        paths = [finish.saved, *classroom.root.glob("autograded/*/*/gpt.ipynb")]
        return finish, json.loads(finish.saved.read_bytes()), {path.as_posix(): path.read_bytes() for path in paths}

    first, _, before = graded(end_to_end=False)
    finish, results, files = graded(end_to_end=True)
    page = write_report(classroom, [GPT], classroom.root / "report.html").read_text(encoding="utf-8")
    named = write_report(classroom, [GPT], classroom.root / "names.html", names=True).read_text(encoding="utf-8")
    last, plain, after = graded(end_to_end=False)
    assert after == before and len(before) == 3
    assert first.as_json()["points"] == finish.as_json()["points"] == last.as_json()["points"]
    assert "end to end" not in first.summary() and "end_to_end" not in first.as_json()

    ada, bob = results["submissions"]
    assert {one["name"]: one["stumble"]["units"] for one in ada["exercises"] if "stumble" in one} == {
        "GPT": ["attention"]
    }
    assert [one["own"] != [] for one in ada["earlier"]] == [False, True, False]
    assert not any("stumble" in one for one in bob["exercises"])
    assert not any("earlier" in found or "stumble" in found["exercises"][0] for found in plain["submissions"])
    assert "  end to end: 1 stumble over an earlier unit, 2 borrow from the course" in finish.summary()
    told = finish.as_json()["end_to_end"]["ada"]
    assert set(told["stumbles"]) == {"GPT"} and set(told["lent"]) == {"bigram", "block"}

    (notebook,) = [nbformat.reads(data.decode(), 4) for path, data in files.items() if "/autograded/ada/" in path]
    outputs = {cell.metadata.nbgrader.grade_id: str(cell.outputs) for cell in notebook.cells if cell.get("outputs")}
    assert "attention.py: yours\\nblock.py: the course's (not handed in)" in outputs["gpt-setup"]
    assert "With your own attention.py it fails at" in outputs["gpt-GPT"]
    assert "With your own" not in outputs["gpt-count_parameters"]
    assert "On the students' own earlier units" in page and "ada" not in page
    assert re.search(r"50\N{NO-BREAK SPACE}%.*?1 of 2.*?GPT.*?attention\.py", page, re.DOTALL)
    assert '<td><code>attention.py</code></td><td class="n">1</td><td class="n">0</td><td class="n">1</td>' in page
    assert named.count("fails with own attention.py") == 1
