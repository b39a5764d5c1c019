"""What a submission has in the gradebook, what it would have, and the difference."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Grade, SubmittedNotebook

Points = float | None
"""None where no machine gave any: a written answer, or nothing yet."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The points of one submission."""

    cells: dict[str, Points]
    """What the judge gave, by graded cell."""
    by_hand: dict[str, float]
    """What a grader gave instead; it counts."""
    score: float
    """The sum, manual grades and extra credit included."""
    penalty: float = 0.0
    """For handing in late."""

    @classmethod
    def of_rows(cls, notebook: SubmittedNotebook) -> Self:
        grades = sorted(notebook.grades, key=lambda grade: grade.name)
        return cls(
            {grade.name: grade.auto_score for grade in grades},
            {grade.name: grade.manual_score for grade in grades if grade.manual_score is not None},
            sum_of(grades),
            notebook.late_submission_penalty or 0.0,
        )

    @classmethod
    def of_notebook(cls, graded: NotebookNode) -> Self:
        """Of a notebook that has no rows yet."""
        cells = [cell for cell in graded.cells if utils.is_grade(cell)]
        points = {cell.metadata.nbgrader.grade_id: utils.determine_grade(cell)[0] for cell in cells}
        return cls(points, {}, math.fsum(value or 0.0 for value in points.values()))

    @property
    def was_graded(self) -> bool:
        """Rows may be there before any judge was."""
        return any(points is not None for points in self.cells.values())

    @property
    def total(self) -> float:
        return round(self.score - self.penalty, 4)


def sum_of(grades: Iterable[Grade]) -> float:
    """By nbgrader's rule: a manual score goes before the judge's, extra credit comes on top of either."""
    return math.fsum(
        (grade.manual_score if grade.manual_score is not None else grade.auto_score) + (grade.extra_credit or 0.0)
        for grade in grades
        if grade.manual_score is not None or grade.auto_score is not None
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One submission before and after it was, or would be, written down."""

    student: str
    before: Standing | None
    """None where it was never graded."""
    after: Standing

    @property
    def cells(self) -> dict[str, tuple[Points, Points]]:
        """The graded cells whose points differ, each with what it had and what it has."""
        old = self.before.cells if self.before else {}
        return {name: (old.get(name), new) for name, new in self.after.cells.items() if old.get(name) != new}

    @property
    def of_a_grade(self) -> bool:
        """Is a grade that stood another one now?"""
        return self.before is not None and (bool(self.cells) or self.before.total != self.after.total)

    def as_json(self, prefix: str) -> dict[str, Any]:
        """Exercises by the name that follows `prefix` in their cells', each as [old, new]."""
        return {
            "exercises": {name.removeprefix(prefix): [*pair] for name, pair in self.cells.items()},
            "total": [self.before and self.before.total, self.after.total],
        }
