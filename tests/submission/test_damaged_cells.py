"""Cells cut, joined, moved, copied, retyped and re-tagged: every answer is found again, and what was mended is told."""

import copy
from typing import Any

import nbformat
import pytest

from autograder.submission import NeedsPerson, cells_to_run, exercise_of, role_of

MASK = "causal_mask"
ID = f"attention-{MASK}-answer"


def same(damage: Any, whole: Any, *but: str) -> tuple[str, ...]:
    """Graft, see that every answer is the undamaged one, and return what was told."""
    found = damage.graft()
    changed = [name for name, source in whole.answers.items() if found.answers[name] != source]
    assert changed == list(but)
    nbformat.validate(found.notebook)
    assert [name for name, _ in cells_to_run(found.notebook) if "carried" in name] == []
    return found.repairs


def halves(cell: Any, at: int, keep_metadata: bool = True) -> tuple[Any, Any]:
    """A cell as JupyterLab splits it: metadata twice, newlines at the cut gone. VS Code keeps metadata once."""
    first, second = copy.deepcopy(cell), copy.deepcopy(cell)
    first.source, second.source = cell.source[:at].rstrip("\n"), cell.source[at:].lstrip("\n")
    first.id, second.id = cell.id, f"{cell.id}-b"
    if not keep_metadata:
        second.metadata = nbformat.NotebookNode()
    return first, second


def cuts(source: str) -> dict[str, int]:
    """Places in a function where somebody may split it."""
    last = source.rindex("\n    ")
    inside = last + 12
    return {"line": last + 1, "indentation": last + 5, "inside a line": inside, "docstring": source.rindex('"""') + 4}


@pytest.mark.parametrize("where", ["line", "indentation", "inside a line", "docstring"])
@pytest.mark.parametrize("keep_metadata", [True, False], ids=["JupyterLab", "VS Code"])
def test_a_split_answer_is_put_together(damage: Any, whole: Any, where: str, keep_metadata: bool) -> None:
    cell = damage.answer(MASK)
    damage.replace(cell, *halves(cell, cuts(cell.source)[where], keep_metadata))
    found = damage.graft()
    compact = {name: "".join(source.split()) for name, source in whole.answers.items()}
    assert {name: "".join(source.split()) for name, source in found.answers.items()} == compact
    compile(found.answers[MASK], "x", "exec")
    assert f"{ID}: split into 2 cells; they were put together in their order" in found.repairs


@pytest.mark.parametrize("exercise", ["causal_mask", "MultiHeadAttention"])
@pytest.mark.parametrize("end", ["\n    ", "  ", "\n"])
@pytest.mark.parametrize("scribble", ["MultiHeadAttention(4, 2)", "x = causal_mask(2, 3)\nx", "torch.ones(3,", ""])
@pytest.mark.parametrize("copied", [True, False])
def test_a_scribble_below_an_answer_is_no_part_of_it(
    damage: Any, whole: Any, exercise: str, end: str, scribble: str, copied: bool
) -> None:
    cell = damage.answer(exercise)
    cell.source += end
    other = copy.deepcopy(cell) if copied else nbformat.v4.new_code_cell()
    other.source = scribble
    damage.replace(cell, cell, other)
    assert damage.graft().answers == whole.answers | {exercise: cell.source}


def test_an_answer_split_in_three_is_put_together(damage: Any, whole: Any) -> None:
    cell = damage.answer("scaled_dot_product_attention")
    body = cell.source.rindex('"""') + 4
    first, rest = halves(cell, body)
    second, third = halves(rest, rest.source.index("\n") + 1)
    damage.replace(cell, first, second, third)
    told = same(damage, whole)
    assert [line for line in told if "split into 3 cells" in line]


def test_a_helper_split_off_its_answer_stays_with_it(damage: Any) -> None:
    cell = damage.answer(MASK)
    first = copy.deepcopy(cell)
    first.source = "# exercise: attention.causal_mask\ndef offset(T_q, T_k):\n    return T_k - T_q"
    second = copy.deepcopy(cell)
    second.source = "def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k).tril(offset(T_q, T_k)).bool()"
    third = copy.deepcopy(cell)
    third.source = "causal_mask(2, 3)  # only a look"
    damage.replace(cell, first, second, third)
    found = damage.graft()
    assert found.answers[MASK] == f"{first.source}\n{second.source}"


def test_two_answers_merged_into_one_cell_are_taken_apart(damage: Any, whole: Any) -> None:
    first, second = damage.answer("split_heads"), damage.answer("merge_heads")
    first.source += "\n\n" + second.source  # JupyterLab keeps the metadata of the cell that was active
    damage.notebook.cells.remove(second)
    assert same(damage, whole) == (
        "attention-merge_heads-answer: in one cell with the answer to split_heads; taken out of it",
    )


def test_merged_answers_without_first_lines_are_taken_apart(damage: Any) -> None:
    first, second = damage.answer("split_heads"), damage.answer("merge_heads")
    first.source = "\n\n".join(cell.source.partition("\n")[2] for cell in (first, second)) + "\n\nprint(1 / 0)"
    damage.notebook.cells.remove(second)
    found = damage.graft()
    assert found.answers["merge_heads"] == second.source.partition("\n")[2]
    assert "taken out of it" in found.repairs[0]


def test_a_syntax_error_in_a_merged_answer_costs_itself_only(damage: Any, whole: Any) -> None:
    first, second = damage.answer("split_heads"), damage.answer("merge_heads")
    first.source += "\n)" + "\n\n" + second.source
    damage.notebook.cells.remove(second)
    same(damage, whole, "split_heads")


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_an_answer_turned_into_text_is_run(damage: Any, whole: Any, kind: str) -> None:
    damage.answer(MASK).cell_type = kind
    assert same(damage, whole) == (f"{ID}: its cell was turned into one for text; it was run all the same",)


def test_a_written_answer_turned_into_code_is_read(damage: Any, whole: Any) -> None:
    cell = damage.written()[0]
    cell.cell_type, cell.outputs, cell.execution_count = "code", [], None
    assert damage.graft().notebook == whole.notebook


def test_tags_exchanged_count_for_nothing_against_the_text(damage: Any, whole: Any) -> None:
    first, second = damage.answer("split_heads"), damage.answer("merge_heads")
    first.metadata, second.metadata = second.metadata, first.metadata
    told = same(damage, whole)
    assert told[0] == "attention-split_heads-answer: tagged as merge_heads; what the cell says counts"


def test_nor_where_the_first_lines_are_gone(damage: Any, whole: Any) -> None:
    first, second = damage.answer("split_heads"), damage.answer("merge_heads")
    first.metadata, second.metadata = second.metadata, first.metadata
    first.source, second.source = (cell.source.partition("\n")[2] for cell in (first, second))
    found = damage.graft()
    assert {name for name in whole.answers if found.answers[name] in whole.answers[name]} == set(whole.answers)


def test_a_tag_that_was_edited_is_nothing_lost(damage: Any, whole: Any) -> None:
    damage.answer(MASK).metadata.nbgrader["grade_id"] = "attention-mask-answer"
    assert same(damage, whole) == (f"{ID}: its metadata was lost; found by its text",)


def test_points_and_flags_that_were_edited_count_for_nothing(damage: Any, whole: Any) -> None:
    for cell in damage.notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader |= {
                "points": 99,
                "locked": False,
                "solution": not cell.metadata.nbgrader["solution"],
            }
    assert same(damage, whole) == ()


@pytest.mark.parametrize("editor", ["Colab", "VS Code"])
def test_metadata_that_an_editor_dropped_is_not_missed(damage: Any, whole: Any, editor: str) -> None:
    for number, cell in enumerate(damage.notebook.cells):
        cell.metadata = nbformat.from_dict({"id": f"x{number}", "outputId": "y"} if editor == "Colab" else {})
        if editor == "Colab":
            cell.pop("id")
    damage.notebook.nbformat_minor = 0
    found = damage.graft()
    assert found.answers == whole.answers
    assert [c.source for c in found.notebook.cells] == [c.source for c in whole.notebook.cells]
    assert sum("found by its text" in told for told in found.repairs) == 6
    assert sum("found by its place" in told for told in found.repairs) == 2


def test_cells_in_another_order_are_the_same_answers(damage: Any, whole: Any) -> None:
    damage.notebook.cells.reverse()
    assert same(damage, whole) == ()


def test_every_cell_twice_is_the_same_answers(damage: Any, whole: Any) -> None:
    damage.notebook.cells += copy.deepcopy(damage.notebook.cells)
    told = same(damage, whole)
    assert told == ("cells with points were deleted, duplicated or added; the released ones were graded",)


def test_an_answer_written_into_a_new_cell_counts_where_its_own_is_blank(damage: Any, course: Any, unit: Any) -> None:
    released = {exercise_of(c): c for c in course_cells(course, unit) if role_of(c) == "answer"}
    cell = damage.answer(MASK)
    mine = "def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k, dtype=torch.bool)"
    cell.source = released[MASK].source
    damage.insert_before(cell, mine)
    found = damage.graft()
    assert found.answers[MASK] == mine
    assert found.repairs == (f"{ID}: its own cell was left as it was handed out; what another cell defines counts",)


def course_cells(course: Any, unit: Any) -> list[Any]:
    return nbformat.read(course.root / "course" / unit.folder / f"{unit.name}.ipynb", as_version=4).cells


def test_an_unfinished_scribble_beside_a_blank_answer_is_no_answer(damage: Any, course: Any, unit: Any) -> None:
    blank = {exercise_of(c): c.source for c in course_cells(course, unit) if role_of(c) == "answer"}
    cell = damage.answer(MASK)
    cell.source = blank[MASK]
    scribble = nbformat.v4.new_code_cell("torch.ones(3,")
    damage.replace(cell, cell, scribble)
    found = damage.graft()
    assert found.answers[MASK] == blank[MASK] and f"attention-{MASK}-answer" not in found.written


def test_a_written_answer_in_two_cells_is_whole(damage: Any) -> None:
    cell = damage.written()[0]
    text = cell.source
    cell.source = "The first half."
    second = copy.deepcopy(cell)
    second.source = "And the second."
    damage.replace(cell, cell, second)
    found = damage.graft()
    (grafted, *_) = (c for c in found.notebook.cells if role_of(c) == "written")
    assert grafted.source == "The first half.\n\nAnd the second." != text
    assert "in 2 cells; they were put one under the other" in found.repairs[0]


def test_an_answer_without_an_end_is_cut_off_and_that_is_told(damage: Any) -> None:
    damage.answer(MASK).source += "\n#" + "x" * 200_000
    found = damage.graft()
    assert len(found.answers[MASK]) == 200_000
    assert f"{ID}: cut off after 200,000 characters" in found.repairs


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda nb: nb.cells.clear(), "the notebook is empty"),
        (lambda nb: [c.update(source=" \n") for c in nb.cells], "the notebook is empty"),
        (lambda nb: nb.update(cells=[c for c in nb.cells if "nbgrader" not in c.metadata]), "nothing in it answers"),
    ],
)
def test_a_notebook_that_answers_nothing_needs_a_person(damage: Any, change: Any, why: str) -> None:
    change(damage.notebook)
    with pytest.raises(NeedsPerson, match=why):
        damage.graft()


def test_another_units_notebook_is_called_by_its_name(damage: Any, course: Any) -> None:
    bpe = course.unit("bpe")
    damage.notebook = nbformat.read(course.root / "solutions" / bpe.folder / "bpe.ipynb", as_version=4)
    with pytest.raises(NeedsPerson, match=r"it is the notebook of 02-bpe\. Move it there"):
        damage.graft()


def test_another_years_notebook_is_told_apart(damage: Any) -> None:
    damage.notebook.cells = [c for c in damage.notebook.cells if role_of(c) == "answer"]
    for number, cell in enumerate(damage.notebook.cells):
        cell.metadata.nbgrader["grade_id"] = f"attention-exercise_{number}-answer"
        cell.source = f"# exercise: attention.exercise_{number}\ndef exercise_{number}(): ..."
    with pytest.raises(NeedsPerson, match="of another edition of the course"):
        damage.graft()
