"""A class to be graded: what every student of a benchmark hands in. No two of them share a text."""

import json
import os
import sys
from pathlib import Path

import nbformat

from autograder.course import Course, Unit, find_course
from autograder.submission import exercise_of, released_notebook, role_of
from autograder.variants import misconception_source, misconceptions_of


def open_course(folder: Path) -> Course:
    """A copy of the course, with the environment's programs at hand."""
    os.environ["COURSE_BUDGET"] = "ci"  # demonstrations take few steps, which is kind to whoever must run them
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    folder.mkdir()
    return find_course(Path(__file__).parent).copy_to(folder)


def right_answers(course: Course, unit: Unit) -> dict[str, str]:
    """Exercise → what stands in the solved notebook."""
    solved = nbformat.read(course.root / "solutions" / unit.folder / f"{unit.name}.ipynb", as_version=4)
    return {exercise_of(cell): cell.source for cell in solved.cells if role_of(cell) == "answer"}


def make_class(course: Course, unit: Unit, num_students: int, bare: bool = False) -> list[str]:
    """Every second student is right; the others hold one misconception each, in turn. Returns their names.

    Each answer ends in a remark of its own, so nothing that was judged for one helps with another. What is `bare` lacks
    the lesson's demonstrations, which only a grader with a kernel has to run.
    """
    right, wrong = right_answers(course, unit), misconceptions_of(unit)
    students = [f"student{number:04d}" for number in range(num_students)]
    for number, student in enumerate(students):
        answers = dict(right)
        if number % 2:
            misconception = wrong[number // 2 % len(wrong)]
            answers[misconception.exercise] = misconception_source(course, unit, misconception)
        hand_in(course, unit, student, {name: f"{source}\n# {student}" for name, source in answers.items()}, bare)
    return students


def hand_in(course: Course, unit: Unit, student: str, answers: dict[str, str], bare: bool = False) -> None:
    """Write one submission: the released notebook with these answers in it."""
    notebook = released_notebook(course, unit)
    notebook.cells = [cell for cell in notebook.cells if not (bare and role_of(cell) == "demo")]
    for cell in notebook.cells:
        if role_of(cell) == "answer":
            cell.source = answers[exercise_of(cell)]
    path = course.root / "submitted" / student / unit.folder / f"{unit.name}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
