"""Whatever is handed in: a submission, or a sentence for a person. Never another exception."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.key import load_public_key
from autograder.submission import NeedsPerson, as_handed_in, exercise_of, read_notebook


def cell(source: Any, grade_id: Any = "", kind: str = "code", **flags: Any) -> dict[str, Any]:
    nbgrader = {"grade_id": grade_id, **flags} if grade_id else {}
    return {"cell_type": kind, "source": source, "metadata": {"nbgrader": nbgrader} if nbgrader else {}}


@pytest.fixture
def handed(tmp_path: Path) -> Callable[..., Any]:
    """Write cells (or any JSON, or bytes) as a notebook and read it back."""

    def handed(*cells: Any, raw: Any = None) -> Any:
        path = tmp_path / "attention.ipynb"
        data = raw if raw is not None else {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return read_notebook(path)

    return handed


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe\xff", b"[" * 100_000, [], 3, {}, {"cells": {}}, {"worksheets": 5}, {"worksheets": [1]}],
    ids=lambda raw: repr(raw)[:12],
)
def test_what_is_no_notebook_needs_a_person(handed: Callable, raw: Any) -> None:
    if raw == {"worksheets": [1]}:
        assert handed(raw=raw).cells == []
        return
    with pytest.raises(NeedsPerson, match=r"attention\.ipynb” is not a notebook"):
        handed(raw=raw)


def test_a_missing_file_and_a_link_need_a_person(tmp_path: Path) -> None:
    with pytest.raises(NeedsPerson, match="cannot be read: No such file"):
        read_notebook(tmp_path / "gone.ipynb")
    (tmp_path / "link.ipynb").symlink_to("/etc/passwd")
    with pytest.raises(NeedsPerson, match="is a link"):
        read_notebook(tmp_path / "link.ipynb")


def test_odd_cells_lose_what_is_odd(handed: Callable) -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    notebook = handed(
        *(None, 3, {}, {"source": 5, "metadata": 7}),
        {"source": ["a", 1, "b"], "metadata": {"nbgrader": [], "autograder": 3}},
        cell("x", "attention-f-answer") | {"outputs": deep},
        {"source": "y", "metadata": {"deep": deep, "nbgrader": {"grade_id": deep, "solution": True}}},
    )
    assert [c.source for c in notebook.cells] == ["", "", "ab", "x", "y"]
    assert as_handed_in(load_public_key("attention"), notebook).answers == {}


def test_old_notebooks_and_other_encodings_are_read(handed: Callable) -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}, {"cells": 3}, {}]}
    assert [c.source for c in handed(raw=old).cells] == ["x = 1\ny = 2"]
    text = json.dumps({"cells": [cell("ä")]}, ensure_ascii=False)
    for encoding in ("utf-8-sig", "utf-16"):
        assert handed(raw=text.encode(encoding)).cells[0].source == "ä"


def test_answers_are_found_by_id_by_first_line_and_by_name(handed: Callable) -> None:
    notebook = handed(
        cell("def causal_mask(): ...", "attention-causal_mask-answer", solution=True),
        cell("# exercise: attention.split_heads\nx = 1"),
        cell("def merge_heads(): ..."),
        cell("def repeat_kv(", "attention-repeat_kv", grade=True),
        cell("print('prose is not run')", "attention-why-scale", kind="markdown", grade=True, solution=True),
    )
    submission = as_handed_in(load_public_key("attention"), notebook)
    assert submission.answers == {
        "causal_mask": "def causal_mask(): ...",
        "split_heads": "# exercise: attention.split_heads\nx = 1",
        "merge_heads": "def merge_heads(): ...",
        "repeat_kv": "def repeat_kv(",
    }
    assert [exercise_of(c) for c in submission.notebook.cells] == list(submission.answers)
    assert len(submission.repairs) == 3


def test_of_two_answers_the_last_that_says_anything_counts(handed: Callable) -> None:
    answers = ["first", "second", "raise NotImplementedError()"]
    notebook = handed(*(cell(a, "attention-causal_mask-answer", solution=True) for a in answers))
    submission = as_handed_in(load_public_key("attention"), notebook)
    assert submission.answers["causal_mask"] == "second"
    assert set(submission.repairs) == {
        "attention-causal_mask-answer: handed in twice; the last one that says anything counts"
    }


def test_a_text_that_no_file_can_hold_does_not_stop_the_class(handed: Callable) -> None:
    notebook = handed(
        cell("x = '\ud800'", "attention-causal_mask-answer", solution=True),
        cell("y", "attention-\ud800<b>", solution=True),
        cell("z", "attention-\ud800<b>", solution=True),
    )
    submission = as_handed_in(load_public_key("attention"), notebook)
    assert submission.answers["causal_mask"] == "x = '?'"
    assert submission.repairs == ()
    json.dumps(submission.notebook, ensure_ascii=False).encode("utf-8")  # as nbformat writes it
