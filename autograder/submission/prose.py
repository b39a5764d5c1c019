"""Written answers: found by their grade_id, else by the place where the lesson asks for them. A person marks them."""

from collections.abc import Sequence

from nbformat import NotebookNode

from autograder.submission.cells import FIRST_LINE, grade_id_of, node_of, role_of


def find_prose(
    unit: str, released: Sequence[NotebookNode], submitted: Sequence[NotebookNode], repairs: list[str]
) -> dict[str, NotebookNode]:
    """grade_id of each written answer → what was handed in for it, as one cell.

    Args:
        unit: its name.
        released: the cells of the notebook as it was handed out.
        submitted: those of the student, sound.
        repairs: gets what had to be mended, in words.
    """
    blank = {grade_id_of(cell): cell.source.strip() for cell in released if role_of(cell) == "written"}
    handed: dict[str, list[NotebookNode]] = {}
    for cell in submitted:
        handed.setdefault(grade_id_of(cell), []).append(cell)
    found: dict[str, NotebookNode] = {}
    for grade_id, stub in blank.items():
        if cells := handed.get(grade_id):
            said = _said(cells, stub)
            if len(said) > 1:
                repairs.append(f"{grade_id}: in {len(said)} cells; they were put one under the other")
            found[grade_id] = _one_cell(said, stub)
    lost = [grade_id for grade_id in blank if grade_id not in found]
    lesson = {cell.source.strip() for cell in released if role_of(cell) != "written"} if lost else set()
    for grade_id in lost:
        if (cells := _after(_asked_before(released, grade_id), submitted, lesson)) is not None:
            repairs.append(f"{grade_id}: its metadata was lost; found by its place")
            found[grade_id] = _one_cell(_said(cells, blank[grade_id]), blank[grade_id])
    return found


def _said(cells: Sequence[NotebookNode], stub: str) -> list[NotebookNode]:
    """Those that say something, each text once."""
    texts = {cell.source: cell for cell in cells if cell.source.strip() not in ("", stub)}
    return list(texts.values())


def _one_cell(cells: Sequence[NotebookNode], stub: str) -> NotebookNode:
    """Cells put one under the other, with their pictures."""
    pictures = node_of(**{name: picture for cell in cells for name, picture in cell.get("attachments", {}).items()})
    return node_of(source="\n\n".join(cell.source for cell in cells) or stub, attachments=pictures)


def _asked_before(released: Sequence[NotebookNode], grade_id: str) -> tuple[str, str]:
    """The two cells in front of a written answer: what is asked, and that the answer goes below."""
    place = next(n for n, cell in enumerate(released) if grade_id_of(cell) == grade_id)
    question, ask = (released[n].source.strip() if n >= 0 else "" for n in (place - 2, place - 1))
    return question, ask


def _after(
    question: tuple[str, str], submitted: Sequence[NotebookNode], lesson: set[str]
) -> list[NotebookNode] | None:
    """The cells between a question and the lesson's next cell."""
    texts = [cell.source.strip() for cell in submitted]
    for place in range(1, len(texts)):
        if (texts[place - 1], texts[place]) == question:
            rest = submitted[place + 1 :]
            ends = (c.source.strip() in lesson or FIRST_LINE.search(c.source) or grade_id_of(c) for c in rest)
            return rest[: next((number for number, is_end in enumerate(ends) if is_end), len(rest))]
    return None
