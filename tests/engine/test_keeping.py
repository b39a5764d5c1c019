"""Right answers are kept in the learner's own package, as cells of a notebook that stand on their own."""

import importlib
import linecache
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder import check, learner, open_unit, served
from autograder.course import Course
from autograder.key import load_public_key
from autograder.source import answer_source, setup_imports

Cell = Callable[[str], None]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "06-attention"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(learner, "_session", None)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    yield tmp_path / "mygpt" / "attention.py"
    served.forget()


@pytest.fixture
def notebook(course: Course, desk: Path) -> dict[str, Any]:
    """The namespace of a notebook whose setup cell has run."""
    namespace: dict[str, Any] = {"check": check}
    open_unit("attention")
    exec("\n".join(setup_imports(course, course.unit("attention"))), namespace)
    return namespace


@pytest.fixture
def run(notebook: dict[str, Any]) -> Iterator[Cell]:
    """Run a cell as a notebook does: under a file name of its own, its text where tracebacks look for it."""
    filenames: list[str] = []

    def run(cell: str) -> None:
        filename = f"<ipython-input-{len(filenames)}>"
        filenames.append(filename)
        linecache.cache[filename] = (len(cell), None, cell.splitlines(keepends=True), filename)
        exec(compile(cell, filename, "exec"), notebook)

    yield run
    for filename in filenames:
        linecache.cache.pop(filename, None)


def answer(course: Course, name: str) -> str:
    unit = course.unit("attention")
    return answer_source(course, unit, unit.exercise(name))


def test_a_right_answer_is_kept_and_told_once(
    course: Course, run: Cell, desk: Path, capsys: pytest.CaptureFixture
) -> None:
    mine = f"# mine\n{answer(course, 'causal_mask')}"
    run(f"# exercise: attention.causal_mask\nprint('trying')\n# from scratch: without x\n{mine}\ncausal_mask(1, 1)\n")
    run("check(causal_mask)")
    assert "Kept in mygpt/attention.py: causal_mask." in capsys.readouterr().out
    text = desk.read_text(encoding="utf-8")
    assert text.startswith('"""attention: what `check` found right is kept here.')
    assert text.index("# ---- given by the course ----") < text.index("# ---- my own: causal_mask ----")
    assert "# mine\ndef causal_mask" in text
    assert "trying" not in text and "causal_mask(1, 1)" not in text and "# exercise:" not in text
    assert "# from scratch:" not in text
    mask = importlib.import_module("mygpt.attention").causal_mask(2, 2)
    assert mask.tolist() == [[True, False], [True, True]]
    before = desk.stat().st_mtime_ns
    run("check(causal_mask)")
    assert "Kept" not in capsys.readouterr().out
    assert desk.stat().st_mtime_ns == before


def test_a_better_answer_takes_the_place_of_the_first(course: Course, run: Cell, desk: Path) -> None:
    run(answer(course, "split_heads"))
    run("check(split_heads)")
    run("def split_heads(x, n_head):\n    B, T, C = x.shape\n    return x.reshape(B, T, n_head, -1).transpose(1, 2)\n")
    run("check(split_heads)")
    text = desk.read_text(encoding="utf-8")
    assert text.count("def split_heads") == 1 and "x.reshape(B, T, n_head, -1)" in text


def test_a_wrong_answer_is_not_kept(run: Cell, desk: Path) -> None:
    run("def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k, dtype=torch.bool)\n")
    run("check(causal_mask)")
    assert not desk.exists()


def test_after_a_wrong_attempt_the_right_one_is_still_there(
    course: Course, run: Cell, desk: Path, capsys: pytest.CaptureFixture
) -> None:
    run(answer(course, "causal_mask"))
    run("check(causal_mask)")
    before = desk.read_bytes()
    run("def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k, dtype=torch.bool)\n")
    run("check(causal_mask)")
    assert "Your earlier right answer is still in mygpt/attention.py." in capsys.readouterr().out
    assert desk.read_bytes() == before


def test_a_helper_of_another_cell_is_named(run: Cell, desk: Path, capsys: pytest.CaptureFixture) -> None:
    run("def rows(n):\n    return torch.arange(n)\n")
    cell = "def causal_mask(T_q, T_k):\n    return rows(T_k) <= rows(T_q)[:, None] + T_k - T_q\n"
    run(cell)
    run("check(causal_mask)")
    said = "Right, but not kept in mygpt: it uses rows, defined in another cell; move that into this one."
    assert said in capsys.readouterr().out
    assert not desk.exists()
    run(f"def rows(n):\n    return torch.arange(n)\n\n{cell}")
    run("check(causal_mask)")
    assert "Kept in mygpt/attention.py: causal_mask." in capsys.readouterr().out
    assert importlib.import_module("mygpt.attention").rows(2).tolist() == [0, 1]


def test_what_waits_for_an_earlier_answer_is_kept_with_it(
    course: Course, run: Cell, desk: Path, capsys: pytest.CaptureFixture
) -> None:
    names = ("scaled_dot_product_attention", "causal_mask", "split_heads", "merge_heads", "MultiHeadAttention")
    for name in names:
        run(answer(course, name))
    run("check(MultiHeadAttention)")
    assert "it uses split_heads, which is not kept yet; check(split_heads) first" in capsys.readouterr().out
    for name in names[:-1]:
        run(f"check({name})")
    assert "Kept in mygpt/attention.py: merge_heads, MultiHeadAttention." in capsys.readouterr().out
    attention = importlib.import_module("mygpt.attention").MultiHeadAttention(6, 2)
    assert attention(torch.zeros(1, 3, 6)).shape == (1, 3, 6)


def test_what_was_borrowed_gives_way_to_ones_own(
    course: Course, run: Cell, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bigram = desk.with_name("bigram.py")
    assert "# ---- borrowed from the course: softmax ----" in bigram.read_text(encoding="utf-8")
    open_unit("bigram")
    unit = course.unit("bigram")
    run(answer_source(course, unit, unit.exercise("softmax")))
    run("check(softmax)")
    text = bigram.read_text(encoding="utf-8")
    assert "borrowed" not in text and "# ---- my own: softmax ----" in text and text.count("def softmax") == 1
    open_unit("attention")
    assert bigram.read_text(encoding="utf-8") == text


def test_a_module_that_cannot_be_read_or_written_is_told(
    course: Course, run: Cell, desk: Path, capsys: pytest.CaptureFixture
) -> None:
    desk.write_text("def half(\n", encoding="utf-8")
    run(answer(course, "causal_mask"))
    run("check(causal_mask)")
    assert "Right, but not kept in mygpt: line 1 of attention.py in mygpt is no Python" in capsys.readouterr().out
    assert desk.read_text(encoding="utf-8") == "def half(\n"
    desk.unlink()
    desk.mkdir()
    run("check(causal_mask)")
    assert "Right, but not kept in mygpt: mygpt/attention.py cannot be" in capsys.readouterr().out


def test_ones_own_lines_without_a_heading_stay(course: Course, run: Cell, desk: Path) -> None:
    desk.write_text("MY_NOTE = 'keep me'\n", encoding="utf-8")
    run(answer(course, "causal_mask"))
    run("check(causal_mask)")
    assert desk.read_text(encoding="utf-8").startswith("MY_NOTE = 'keep me'\n")
    assert importlib.import_module("mygpt.attention").MY_NOTE == "keep me"


def test_the_preamble_is_the_notebooks_imports(course: Course) -> None:
    preamble = load_public_key("attention").preamble
    assert "from mygpt.bigram import softmax" in preamble and "reference" not in preamble
    assert "def " not in preamble


def test_what_is_given_may_name_what_is_not_written_yet(course: Course, run: Cell, desk: Path) -> None:
    """`make_block(…) -> TransformerBlock` is given; LayerNorm is kept all the same."""
    assert "-> TransformerBlock" in load_public_key("block").preamble
    open_unit("block")
    run("import torch\nfrom torch import nn\n")
    unit = course.unit("block")
    run(answer_source(course, unit, unit.exercise("LayerNorm")))
    run("check(LayerNorm)")
    assert "my own: LayerNorm" in desk.with_name("block.py").read_text(encoding="utf-8")


def test_a_given_dataclass_is_no_obstacle(course: Course, run: Cell, desk: Path) -> None:
    """Its annotations are text there, and it looks for its module."""
    assert "@dataclass" in load_public_key("gpt").preamble
    open_unit("gpt")
    run("from torch import nn\n")
    unit = course.unit("gpt")
    run(answer_source(course, unit, unit.exercise("count_parameters")))
    run("check(count_parameters)")
    assert "my own: count_parameters" in desk.with_name("gpt.py").read_text(encoding="utf-8")
    assert importlib.import_module("mygpt.gpt").GPTConfig(1, 1, 1, 1, 1).dropout == 0.0


def test_a_name_error_of_ones_own_making_is_told_plainly(run: Cell, desk: Path, capsys: pytest.CaptureFixture) -> None:
    run("def strict():\n    return True\n")
    run(
        "def causal_mask(T_q, T_k):\n"
        "    if 'strict' not in globals():\n        raise NameError('who knows')\n"
        "    return torch.arange(T_k) <= torch.arange(T_q)[:, None] + T_k - T_q\n"
    )
    run("check(causal_mask)")
    assert "Right, but not kept in mygpt: as a module of its own it fails at" in capsys.readouterr().out
    assert not desk.exists()
