"""nbgrader's settings for this course. nbgrader reads this file several times, so every list is assigned in full."""

import tomllib
from pathlib import Path

root = Path(__file__).resolve().parent
course = tomllib.loads((root / "course.toml").read_text(encoding="utf-8"))

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = course["course"]["id"]
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "course"
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"

# The gradebook is gradebook.db, or where .autograder/gradebook-url says: that file is private and never copied along.
url = root / ".autograder" / "gradebook-url"
c.CourseDirectory.db_url = (
    url.read_text(encoding="utf-8").strip() if url.exists() else f"sqlite:///{root / 'gradebook.db'}"
)

# nbgrader copies every other file of solutions/NN-unit to the students, into releases, submissions and feedback.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "feedback",
    "hidden.py",
    *(f"{unit}.md" for unit in course["unit"]),
]

# A mark scheme stands in a locked cell above the answer: graders see it in formgrader, students nowhere.
c.ClearMarkScheme.enforce_metadata = False
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# Answers move into the pristine release notebook, and the judge runs them in its sandbox; nbgrader keeps the books.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "autograder.nbgrader_plugin.GraftAnswers",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.nbgrader_plugin.JudgeSubmission",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# What a student wrote is shown to graders as text, never as a script.
c.HTMLExporter.preprocessors = ["autograder.nbgrader_plugin.SanitizeAnswers"]
