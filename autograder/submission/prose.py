"""Written answers: found by their grade_id, else by the place where the lesson asks for them. A person marks them."""

from collections.abc import Sequence

from nbformat import NotebookNode

from autograder.submission.cells import FIRST_LINE, grade_id_of, role_of

ASKS = "**Your answer**"
"""How the cell in front of a written answer begins."""


def find_prose(
    unit: str, released: Sequence[NotebookNode], submitted: Sequence[NotebookNode], repairs: list[str]
) -> dict[str, str]:
    """grade_id of each written answer → what was handed in for it.

    Args:
        unit: its name.
        released: the cells of the notebook as it was handed out.
        submitted: those of the student, sound.
        repairs: gets what had to be mended, in words.
    """
    blank = {grade_id_of(cell): cell.source.strip() for cell in released if role_of(cell) == "written"}
    handed: dict[str, list[str]] = {}
    for cell in submitted:
        handed.setdefault(grade_id_of(cell), []).append(cell.source)
    found: dict[str, str] = {}
    for grade_id, stub in blank.items():
        texts = handed.get(grade_id, [])
        said = [text for text in dict.fromkeys(texts) if text.strip() not in ("", stub)]
        if len(said) > 1:
            repairs.append(f"{grade_id}: in {len(said)} cells; they were put one under the other")
        if texts:
            found[grade_id] = "\n\n".join(said) or stub
    lost = [grade_id for grade_id in blank if grade_id not in found]
    lesson = {cell.source.strip() for cell in released if role_of(cell) != "written"} if lost else set()
    for grade_id in lost:
        if (text := _after(_asked_before(released, grade_id), submitted, lesson, blank[grade_id])) is not None:
            repairs.append(f"{grade_id}: its metadata was lost; found by its place")
            found[grade_id] = text
    return found


def _asked_before(released: Sequence[NotebookNode], grade_id: str) -> tuple[str, str]:
    """The two cells in front of a written answer: what is asked, and that the answer goes below."""
    place = next(n for n, cell in enumerate(released) if grade_id_of(cell) == grade_id)
    question, ask = (released[n].source.strip() if n >= 0 else "" for n in (place - 2, place - 1))
    return question, ask


def _after(question: tuple[str, str], submitted: Sequence[NotebookNode], lesson: set[str], stub: str) -> str | None:
    """The cells between a question and the lesson's next cell."""
    texts = [cell.source.strip() for cell in submitted]
    for place in range(1, len(texts)):
        if (texts[place - 1], texts[place]) == question:
            said = []
            for cell in submitted[place + 1 :]:
                if cell.source.strip() in lesson or FIRST_LINE.search(cell.source) or grade_id_of(cell):
                    break
                said.append(cell.source)
            return "\n\n".join(text for text in said if text.strip() not in ("", stub)) or stub
    return None
