"""The fast road into nbgrader's gradebook: one session, one transaction per submission, the same rows as stock.

What `nbgrader autograde` leaves behind is left behind here too: autograded/STUDENT/UNIT/ with notebook, timestamp and
the lesson's files, a submission with its scores and comments, late penalties; a manual grade is never overwritten.
"""

import os
import shutil
import sys
import warnings
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry, SubmittedNotebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.course import Course, Unit
from autograder.errors import GraderBroke

# nbgrader 0.9 says this three times for every new submission, and means nothing by it.
warnings.filterwarnings("ignore", message="Object of type .* not in session", category=SAWarning)


class CourseGradebook:
    """nbgrader's gradebook and folders for one course, as nbgrader_config.py sets them."""

    def __init__(self, course: Course, unit: Unit) -> None:
        self.course, self.unit = course, unit
        self.config = _load_config(course)
        self.coursedir = CourseDirectory(config=self.config)
        self._late = AssignLatePenalties(config=self.config)
        self._late.init_plugin()

    def __enter__(self) -> Self:
        put_environment_on_path()
        self._gradebook = Gradebook(self.coursedir.db_url, self.coursedir.course_id)
        try:
            self._gradebook.find_notebook(self.unit.name, self.unit.folder)
        except MissingEntry:
            self._register()
        cells = self._gradebook.find_notebook(self.unit.name, self.unit.folder).source_cells
        self._locked = {cell.name: (cell.source, cell.checksum) for cell in cells if cell.locked}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gradebook.close()

    def folder(self, step: str, student: str) -> Path:
        """`autograded/ada/06-attention`."""
        return Path(self.coursedir.format_path(step, student, self.unit.folder))

    def record(self, student: str, graded: NotebookNode, handed_in: Path) -> float:
        """Write one graded notebook: folder and rows. Returns the points, manual grades and penalty included."""
        self._restore_locked(graded)
        timestamp = self._write_folder(student, graded, handed_in)
        self._gradebook.update_or_create_student(student)
        extra = {"timestamp": timestamp} if timestamp else {}
        submission = self._gradebook.update_or_create_submission(self.unit.folder, student, **extra)
        notebook = self._gradebook.find_submission_notebook(self.unit.name, self.unit.folder, student)
        _record_cells(graded, notebook)
        self._gradebook.db.flush()
        self._gradebook.db.expire(notebook)
        notebook.late_submission_penalty = self._penalty(student, notebook, submission.total_seconds_late)
        self._gradebook.db.commit()
        return float(notebook.score)

    def _register(self) -> None:
        """A fresh clone has the release, not the rows: nbgrader writes them, and the same release again."""
        done = NbGraderAPI(config=self.config).generate_assignment(self.unit.folder, force=True, create=True)
        if not done["success"]:
            raise GraderBroke(f"nbgrader could not register {self.unit.folder}: {done.get('error') or done.get('log')}")
        self._gradebook.db.expire_all()

    def _restore_locked(self, graded: NotebookNode) -> None:
        """Mark schemes are in the gradebook, not in the release; graders see them in formgrader."""
        for cell in graded.cells:
            if found := self._locked.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                cell.source, cell.metadata.nbgrader["checksum"] = found

    def _write_folder(self, student: str, graded: NotebookNode, handed_in: Path) -> datetime | None:
        folder = self.folder(self.coursedir.autograded_directory, student)
        folder.mkdir(parents=True, exist_ok=True)
        source = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", self.unit.folder))
        for name in utils.find_all_files(str(source), [*self.coursedir.ignore, "*.ipynb"]):
            target = folder / Path(name).relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(name, target)
        nbformat.write(graded, folder / f"{self.unit.name}.ipynb")
        timestamp = handed_in / "timestamp.txt"
        if not timestamp.is_file() or timestamp.is_symlink():
            return None
        shutil.copyfile(timestamp, folder / "timestamp.txt")
        return self.coursedir.get_existing_timestamp(str(handed_in))

    def _penalty(self, student: str, notebook: SubmittedNotebook, seconds_late: float) -> float | None:
        if seconds_late <= 0:
            return None
        penalty = self._late.plugin_inst.late_submission_penalty(student, notebook.score, seconds_late)
        return None if penalty is None else self._late._check_late_penalty(notebook, penalty)


def put_environment_on_path() -> None:
    """nbgrader starts `alembic` by its bare name for a new gradebook, also where nobody activated the environment."""
    scripts = str(Path(sys.executable).parent)
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])


def _load_config(course: Course) -> Config:
    """nbgrader_config.py as nbgrader reads it, wherever we were called from."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    config.CourseDirectory.root = str(course.root)
    return config


def _record_cells(graded: NotebookNode, notebook: SubmittedNotebook) -> None:
    """Scores and comments of every cell, by nbgrader's own rules."""
    grades = {grade.name: grade for grade in notebook.grades}
    comments = {comment.name: comment for comment in notebook.comments}
    for cell in graded.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if utils.is_grade(cell):
            grade = grades[name]
            grade.auto_score, _ = utils.determine_grade(cell)
            grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None
        if utils.is_solution(cell) or utils.is_task(cell):
            unchanged = cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
            comments[name].auto_comment = "No response." if unchanged and not utils.is_task(cell) else None
