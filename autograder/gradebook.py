"""The fast road into nbgrader's gradebook: one session, one transaction per submission, the same rows as stock.

What `nbgrader autograde` leaves behind is left behind here too: autograded/STUDENT/UNIT/ with notebook, timestamp and
the lesson's files, a submission with its scores and comments, late penalties; a manual grade is never overwritten.
"""

import errno
import hashlib
import shutil
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Self

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import InvalidEntry, MissingEntry, SubmittedAssignment, SubmittedNotebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import DataError, SAWarning
from traitlets.config import Config, PyFileConfigLoader

from autograder.audit import LOG, AuditLog
from autograder.course import Course, Unit
from autograder.database import explained, open_gradebook, read_gradebook
from autograder.errors import UsageError, sentence_of
from autograder.registration import is_registered, register
from autograder.standing import Change, Standing, sum_of
from autograder.submission import NeedsPerson, cells_to_run
from autograder.vault import ROOM
from autograder.whole import remove_drafts, write_whole

# nbgrader 0.9 says this three times for every new submission, and means nothing by it.
warnings.filterwarnings("ignore", message="Object of type .* not in session", category=SAWarning)

COPY = "gradebook-before.db"
"""The gradebook as it was before the last run wrote to it."""


class CourseGradebook:
    """nbgrader's gradebook and folders for one course, as nbgrader_config.py sets them.

    Args:
        course: where it lies.
        unit: whose submissions are written.
        facts: what the log says of a changed grade besides the grade: the command, the key, the isolation.
        read_only: whether to look only. Then nothing is written, and `record` must not be called.
    """

    def __init__(
        self, course: Course, unit: Unit, facts: Mapping[str, str] | None = None, read_only: bool = False
    ) -> None:
        self.course, self.unit = course, unit
        self.config = _load_config(course)
        self.coursedir = CourseDirectory(config=self.config)
        self.log = AuditLog(course.root / ROOM / LOG)
        self._facts, self._read_only = {**(facts or {})}, read_only
        self._copy = course.root / ROOM / COPY
        self._late = AssignLatePenalties(config=self.config)
        self._late.init_plugin()

    def __enter__(self) -> Self:
        if not self._read_only:
            room = self.course.root / ROOM
            remove_drafts(self.course.root, room, room / "keys", room / "results")
        find = read_gradebook if self._read_only else open_gradebook
        self._gradebook = find(self.coursedir.db_url, self.coursedir.course_id, self._copy)
        self._locked: dict[str, tuple[str, str]] = {}
        if self._gradebook is None:
            return self
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
        if self._gradebook:
            self._gradebook.close()

    def folder(self, step: str, student: str) -> Path:
        """`autograded/ada/06-attention`."""
        return Path(self.coursedir.format_path(step, student, self.unit.folder))

    def page(self, student: str) -> Path:
        """The graded notebook, from which feedback is made."""
        return self.folder(self.coursedir.autograded_directory, student) / f"{self.unit.name}.ipynb"

    def record(self, student: str, graded: NotebookNode, handed_in: Path) -> Change:
        """Write one graded notebook: a line of the log where a grade changes, then the folder, then the rows.

        Raises:
            NeedsPerson: this student's cannot be written; the others' can.
            GraderBroke, OSError: nothing can be written any more. What was written before is whole.
        """
        self.restore_locked(graded)
        with explained(self.coursedir.db_url, self._copy):
            try:
                return self._write(student, graded, handed_in)
            except InvalidEntry as error:
                if isinstance(error.__context__, DataError):
                    raise NeedsPerson(f"the gradebook cannot hold it: {error.__context__.orig}") from error
                return self._write(student, graded, handed_in)  # another grader made the same student just now
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG):
                    raise NeedsPerson(f"judged, but not written down: {sentence_of(error)}") from error
                raise

    def standing(self, student: str) -> Standing | None:
        """What a student has for this unit; None where it was never graded."""
        with explained(self.coursedir.db_url, self._copy):
            found = self._find_submission(student)
            return _standing_of(found) if found else None

    def weigh(self, student: str, graded: NotebookNode, handed_in: Path) -> Change:
        """What `record` would change. Nothing is written."""
        with explained(self.coursedir.db_url, self._copy):
            if not (found := self._find_submission(student)):
                return Change(student, None, Standing.of_notebook(graded))
            with self._gradebook.db.no_autoflush:
                change = self._fill(student, graded, found, self._timestamp(handed_in))
            self._gradebook.db.rollback()
            return change

    def _find_submission(self, student: str) -> SubmittedAssignment | None:
        if not self._gradebook:
            return None
        try:
            return self._gradebook.find_submission(self.unit.folder, student)
        except MissingEntry:
            return None

    def _write(self, student: str, graded: NotebookNode, handed_in: Path) -> Change:
        db = self._gradebook.db()
        try:
            self._gradebook.update_or_create_student(student)
            submission = self._gradebook.update_or_create_submission(self.unit.folder, student)
            change = self._fill(student, graded, submission, self._timestamp(handed_in))
            db.flush()
            if change.of_a_grade:
                self._note(change, graded)
            self._write_folder(student, graded, handed_in)
            db.commit()
        except BaseException:
            db.rollback()
            raise
        return change

    def _fill(
        self, student: str, graded: NotebookNode, submission: SubmittedAssignment, timestamp: datetime | None
    ) -> Change:
        """Put scores, comments and penalty into the rows of a submission."""
        before = _standing_of(submission)
        (notebook,) = [one for one in submission.notebooks if one.name == self.unit.name]
        if timestamp:
            submission.timestamp = utils.parse_utc(timestamp)
        _record_cells(graded, notebook)
        score = sum_of(notebook.grades)
        notebook.late_submission_penalty = self._penalty(student, score, submission.total_seconds_late)
        return Change(student, before, Standing.of_rows(notebook))

    def _note(self, change: Change, graded: NotebookNode) -> None:
        """One line of the log: what changes, and what from."""
        answers = hashlib.sha256(repr([*cells_to_run(graded)]).encode("utf-8", "replace")).hexdigest()
        told = {"unit": self.unit.folder, "student": change.student, **change.as_json(f"{self.unit.name}-")}
        self.log.write({**told, "answers": answers, **self._facts})

    def _read_locked(self) -> dict[str, tuple[str, str]]:
        """Text and checksum of the cells that students must not change, by name."""
        if not is_registered(self._gradebook, self.course, self.unit) and not self._read_only:
            self._gradebook.db.commit()
            register(self.config, self.course, self.unit)
        try:
            cells = self._gradebook.find_notebook(self.unit.name, self.unit.folder).source_cells
        except MissingEntry:
            return {}
        locked = {cell.name: (cell.source, cell.checksum) for cell in cells if cell.locked}
        self._gradebook.db.commit()  # a server would keep the transaction open until the first submission is judged
        return locked

    def restore_locked(self, graded: NotebookNode) -> None:
        """Mark schemes are in the gradebook, not in the release; graders see them in formgrader."""
        for cell in graded.cells:
            if found := self._locked.get(cell.metadata.get("nbgrader", {}).get("grade_id")):
                cell.source, cell.metadata.nbgrader["checksum"] = found

    def _write_folder(self, student: str, graded: NotebookNode, handed_in: Path) -> None:
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
        if self._timestamp(handed_in):
            shutil.copyfile(handed_in / "timestamp.txt", folder / "timestamp.txt")

    def _timestamp(self, handed_in: Path) -> datetime | None:
        path = handed_in / "timestamp.txt"
        if not path.is_file() or path.is_symlink():
            return None
        try:
            return self.coursedir.get_existing_timestamp(str(handed_in))
        except (ValueError, OverflowError, AttributeError) as error:  # the last: nbgrader trips over its own complaint
            raise NeedsPerson("timestamp.txt holds no date: put the right one there, or remove it") from error

    def _penalty(self, student: str, score: float, seconds_late: float) -> float | None:
        if seconds_late <= 0:
            return None
        penalty = self._late.plugin_inst.late_submission_penalty(student, score, seconds_late)
        return None if penalty is None else self._late._check_late_penalty(SimpleNamespace(score=score), penalty)


def see_gradebook(course: Course) -> None:
    """Before nbgrader reads it: is the gradebook there and whole? nbgrader would begin anew where it is not.

    Raises:
        GraderBroke: it is damaged, or has gone.
        UsageError: there is none yet.
    """
    coursedir = CourseDirectory(config=_load_config(course))
    if not (found := read_gradebook(coursedir.db_url, coursedir.course_id, course.root / ROOM / COPY)):
        raise UsageError("there is no gradebook yet: run `autograder grade` first")
    found.close()


def _load_config(course: Course) -> Config:
    """nbgrader_config.py as nbgrader reads it, wherever we were called from."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    config.CourseDirectory.root = str(course.root)
    return config


def _standing_of(submission: SubmittedAssignment) -> Standing | None:
    """None where rows were made and no judge has filled them yet."""
    standings = [Standing.of_rows(notebook) for notebook in submission.notebooks]
    return next((standing for standing in standings if standing.was_graded), None)


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
