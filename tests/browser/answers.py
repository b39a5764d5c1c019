"""Notebooks as students fill them in: all right, or with a mistake that we know."""

from nbformat import NotebookNode

from autograder.course import Course, Exercise, Unit
from autograder.source import answer_source
from autograder.submission import exercise_of, released_notebook, role_of
from autograder.variants import misconception_source, misconceptions_of
from reference.misconceptions import Misconception


def mistake_in(unit: Unit, exercise: Exercise) -> Misconception:
    """The first mistake that is written down for an exercise, as a rule the most natural."""
    return misconceptions_of(unit, exercise)[0]


def answered(course: Course, unit: Unit, written: str, mistaken: bool = False) -> NotebookNode:
    """The released notebook with every code answer right, but perhaps for the first, and `written` as the others."""
    notebook = released_notebook(course, unit)
    for cell in notebook.cells:
        if role_of(cell) == "written":
            cell.source = written
        elif role_of(cell) == "answer":
            exercise = unit.exercise(exercise_of(cell))
            wrong = mistaken and exercise is unit.exercises[0]
            cell.source = (
                misconception_source(course, unit, mistake_in(unit, exercise))
                if wrong
                else answer_source(course, unit, exercise)
            )
    return notebook
