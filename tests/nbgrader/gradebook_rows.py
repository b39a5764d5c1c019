"""What a gradebook holds of a class, to compare with what another one holds."""

from typing import Any

from nbgrader.api import Gradebook

from autograder.course import Course

Rows = dict[str, Any]


def rows_of(url: str, course: Course, folder: str = "06-attention") -> Rows:
    """Everything, without row ids and clocks, by student."""
    with Gradebook(url, course.id) as gradebook:
        found: Rows = {}
        for submission in gradebook.find_assignment(folder).submissions:
            (notebook,) = submission.notebooks
            grades = sorted((g.name, g.auto_score, g.manual_score, g.needs_manual_grade) for g in notebook.grades)
            comments = sorted((c.name, c.auto_comment or "") for c in notebook.comments)
            points = notebook.score, notebook.late_submission_penalty
            found[submission.student.id] = (submission.timestamp, points, grades, comments)
        return found
