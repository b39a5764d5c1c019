"""From the blocks of a lesson to the solved notebook, with nbgrader's metadata and ids that never change by chance."""

import hashlib
import sys
from collections.abc import Iterator
from typing import Any

from autograder.course import Course, Unit
from autograder.errors import AuthorError
from autograder.lesson import Block
from autograder.source import Import, joined, read_answer, read_module
from autograder.stub import BEGIN, END, answer_cell

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SCORING = {
    "per-property": "Each exercise is checked property by property, and every property that holds earns its share.",
    "all-or-nothing": "An exercise earns its points when all of its properties hold.",
}


def notebook_of(course: Course, unit: Unit, blocks: list[Block]) -> Any:
    """Make the solved notebook of a unit."""
    from nbformat.v4 import new_notebook

    cells = list(_Cells(course, unit, blocks).all())
    _give_ids(cells)
    return new_notebook(cells=cells, metadata=METADATA)


class _Cells:
    """The cells of one unit, in order."""

    def __init__(self, course: Course, unit: Unit, blocks: list[Block]) -> None:
        self.course, self.unit, self.blocks = course, unit, blocks
        self.module = read_module(course, unit.name)
        self.shown: frozenset[str] = frozenset()
        self.given_count = 0

    def all(self) -> Iterator[Any]:
        title, _, intro = self.blocks[0].text.partition("\n")
        yield _markdown(f"{title}\n\n{header(self.course, self.unit, self.blocks)}\n\n{intro.strip()}".strip())
        for block in self.blocks[1:]:
            yield from getattr(self, f"_{block.kind}")(block)

    def _prose(self, block: Block) -> Iterator[Any]:
        yield _markdown(block.text)

    def _demo(self, block: Block) -> Iterator[Any]:
        yield _code(block.text, "demo", **dict(block.display))

    def _setup(self, block: Block) -> Iterator[Any]:
        lines = ["from autograder import check, hint, open_unit", "", f'open_unit("{self.unit.name}")']
        for group in _grouped(self.module.imports):
            lines += ["", *(found.for_notebook for found in group)]
        yield _code("\n".join(lines), "setup", **_nbgrader(f"{self.unit.name}-setup", locked=True))

    def _given(self, block: Block) -> Iterator[Any]:
        """Code of the lesson, or definitions of the reference with what they need, each shown once."""
        text = block.text
        if block.names:
            text = joined(self.module.in_order(self._needed(block) - self.shown)).rstrip("\n")
            self.shown |= self._needed(block)
        self.given_count += 1
        yield _code(text, "given", **_nbgrader(f"{self.unit.name}-given-{self.given_count}", locked=True))

    def _needed(self, block: Block) -> frozenset[str]:
        exercises = {name for exercise in self.unit.exercises for name in exercise.names}
        if asked := exercises.intersection(block.names):
            raise AuthorError(f"unit {self.unit.name}: {min(asked)} is an exercise, so no fence can give it away")
        return frozenset(block.names) | (self.module.reach(block.names, stop=exercises) - exercises)

    def _exercise(self, block: Block) -> Iterator[Any]:
        exercise = self.unit.exercise(block.name)
        grade_id = f"{self.unit.name}-{exercise.name}"
        answer = read_answer(self.course, self.unit, exercise)
        source = answer_cell(answer, self.unit.name, block.names, self.shown, self.course.from_scratch)
        yield _code(source, "answer", **_nbgrader(f"{grade_id}-answer", solution=True))
        check = _nbgrader(grade_id, grade=True, locked=True, points=exercise.points)
        yield _code(f"check({', '.join(exercise.names)})", "check", **check)

    def _written(self, block: Block) -> Iterator[Any]:
        """Two cells: the marker's, which a release shows without its scheme, and the answer itself."""
        grade_id = f"{self.unit.name}-{block.name}"
        task = f"**Your answer**, in the next cell ({_points(block.points)}, marked by a person)."
        yield _markdown(f"{task}\n{block.scheme}", **_nbgrader(f"{grade_id}-task", locked=True))
        answer = _nbgrader(grade_id, grade=True, solution=True, points=block.points)
        yield _markdown(f"{BEGIN}\n{block.text}\n{END}", autograder={"role": "written"}, **answer)


def header(course: Course, unit: Unit, blocks: list[Block]) -> str:
    """The lines under a lesson's title: time, what comes before, points, and what the learner has at the end."""
    total = sum(exercise.points for exercise in unit.exercises)
    stretch = sum(exercise.points for exercise in unit.exercises if exercise.stretch)
    written = sum(block.points for block in blocks)
    points = _points(total + written)
    parts = [f"{stretch} for stretch exercises"] * bool(stretch) + [f"{written} for written answers"] * bool(written)
    if parts:
        points += f", of them {' and '.join(parts)}"
    titles = {other.name: f"unit {other.number} ({other.title})" for other in course.units}
    needs = ", ".join(titles.get(name, f"unit {name}") for name in unit.needs) or "nothing before it"
    return (
        f"- **Time:** about {unit.minutes} minutes\n"
        f"- **Builds on:** {needs}\n"
        f"- **Points:** {points}. {SCORING[course.scoring]}\n"
        f"- **At the end you have:** {unit.ends_with}"
    )


def _points(count: int) -> str:
    return f"{count} point{'s' * (count != 1)}"


def _grouped(imports: list[Import]) -> list[list[Import]]:
    """Standard library, other people's, ours: in this order, each group in the order of the reference."""
    groups: list[list[Import]] = [[], [], []]
    for found in imports:
        standard = found.module.split(".")[0] in sys.stdlib_module_names
        groups[2 if found.of_reference else 0 if standard else 1].append(found)
    return [group for group in groups if group]


def _nbgrader(grade_id: str, **flags: Any) -> dict[str, Any]:
    """nbgrader's part of a cell's metadata."""
    flags = {"grade": False, "locked": False, "solution": False, "task": False} | flags
    return {"nbgrader": {"schema_version": 3, "grade_id": grade_id} | flags}


def _code(source: str, role: str, **metadata: Any) -> Any:
    from nbformat.v4 import new_code_cell

    return new_code_cell(source, metadata={"autograder": {"role": role}} | metadata)


def _markdown(source: str, **metadata: Any) -> Any:
    from nbformat.v4 import new_markdown_cell

    return new_markdown_cell(source, metadata=metadata)


def _give_ids(cells: list[Any]) -> None:
    """Name each cell after its grade_id, else after its content; nbformat would draw the ids at random."""
    taken: set[str] = set()
    for cell in cells:
        content = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        wanted = cell.metadata.get("nbgrader", {}).get("grade_id", content)[:64]
        cell.id, repeat = wanted, 1
        while cell.id in taken:
            repeat += 1
            cell.id = f"{wanted[:60]}-{repeat}"
        taken.add(cell.id)
