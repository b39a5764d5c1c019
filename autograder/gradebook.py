"""The fast road into nbgrader's gradebook: one session, one transaction per submission, the same rows as stock.

What `nbgrader autograde` leaves behind is left behind here too: autograded/STUDENT/UNIT/ with notebook, timestamp and
the lesson's files, a submission with its scores and comments, late penalties; a manual grade is never overwritten.
"""

import errno
import shutil
import warnings
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import InvalidEntry, MissingEntry, SubmittedNotebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import DataError, SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.course import Course, Unit
from autograder.database import explained, open_gradebook
from autograder.errors import GraderBroke, sentence_of
from autograder.submission import NeedsPerson
from autograder.vault import ROOM
from autograder.whole import write_whole

# nbgrader 0.9 says this three times for every new submission, and means nothing by it.
warnings.filterwarnings("ignore", message="Object of type .* not in session", category=SAWarning)


class CourseGradebook:
    """nbgrader's gradebook and folders for one course, as nbgrader_config.py sets them."""

    def __init__(self, course: Course, unit: Unit) -> None:
        self.course, self.unit = course, unit
        self.config = _load_config(course)
        self.coursedir = CourseDirectory(config=self.config)
        self._copy = course.root / ROOM / "gradebook-before.db"
        self._late = AssignLatePenalties(config=self.config)
        self._late.init_plugin()

    def __enter__(self) -> Self:
        self._gradebook = open_gradebook(self.coursedir.db_url, self.coursedir.course_id, self._copy)
        try:
            with explained(self.coursedir.db_url, self._copy):
                self._locked = self._read_locked()
        except BaseException:
            self._gradebook.close()
            raise
        # nbgrader commits after every row; here a submission's rows appear together, or none of them does.
        self._gradebook.db.commit = self._gradebook.db.flush
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gradebook.close()

    def folder(self, step: str, student: str) -> Path:
        """`autograded/ada/06-attention`."""
        return Path(self.coursedir.format_path(step, student, self.unit.folder))

    def record(self, student: str, graded: NotebookNode, handed_in: Path) -> float:
        """Write one graded notebook: folder and rows. Returns the points, manual grades and penalty included.

        Raises:
            NeedsPerson: this student's cannot be written; the others' can.
            GraderBroke, OSError: nothing can be written any more. What was written before is whole.
        """
        self._restore_locked(graded)
        try:
            timestamp = self._write_folder(student, graded, handed_in)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG):
                raise NeedsPerson(f"judged, but not written down: {sentence_of(error)}") from error
            raise
        with explained(self.coursedir.db_url, self._copy):
            try:
                return self._write_rows(student, graded, timestamp)
            except InvalidEntry as error:
                if isinstance(error.__context__, DataError):
                    raise NeedsPerson(f"the gradebook cannot hold it: {error.__context__.orig}") from error
                return self._write_rows(student, graded, timestamp)  # another grader made the same student just now

    def _write_rows(self, student: str, graded: NotebookNode, timestamp: datetime | None) -> float:
        self._gradebook.update_or_create_student(student)
        extra = {"timestamp": timestamp} if timestamp else {}
        submission = self._gradebook.update_or_create_submission(self.unit.folder, student, **extra)
        notebook = self._gradebook.find_submission_notebook(self.unit.name, self.unit.folder, student)
        _record_cells(graded, notebook)
        self._gradebook.db.flush()
        self._gradebook.db.expire(notebook)
        notebook.late_submission_penalty = self._penalty(student, notebook, submission.total_seconds_late)
        self._gradebook.db.flush()
        points = float(notebook.score)
        self._gradebook.db().commit()
        return points

    def _read_locked(self) -> dict[str, tuple[str, str]]:
        """Text and checksum of the cells that students must not change, by name."""
        try:
            notebook = self._gradebook.find_notebook(self.unit.name, self.unit.folder)
        except MissingEntry:
            self._register()
            notebook = self._gradebook.find_notebook(self.unit.name, self.unit.folder)
        locked = {cell.name: (cell.source, cell.checksum) for cell in notebook.source_cells if cell.locked}
        self._gradebook.db.commit()  # a server would keep the transaction open until the first submission is judged
        return locked

    def _register(self) -> None:
        """A fresh clone has the release, not the rows: nbgrader writes them, and the same release again."""
        self._gradebook.db.commit()
        done = NbGraderAPI(config=self.config).generate_assignment(self.unit.folder, force=True, create=True)
        if not done["success"]:
            *_, last = (done.get("error") or done.get("log") or "it does not say why").strip().splitlines()
            raise GraderBroke(f"nbgrader could not register {self.unit.folder}: {last}")

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
        for left in folder.glob(".*.part"):  # by a run that was killed
            left.unlink(missing_ok=True)
        write_whole(folder / f"{self.unit.name}.ipynb", f"{nbformat.writes(graded)}\n".encode())
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
