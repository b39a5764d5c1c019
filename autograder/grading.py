"""`autograder grade`: every submission of a unit, judged in parallel, then written to the gradebook one by one."""

import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import track

from autograder.course import Course, Unit
from autograder.endtoend import EndToEnd
from autograder.errors import CourseError, UsageError, sentence_of
from autograder.gradebook import CourseGradebook
from autograder.judge import Judge, Judgement, sandbox_of
from autograder.memory import Memory
from autograder.nbgrader_plugin.outputs import write_outputs
from autograder.results import Finish, Graded, save_results
from autograder.submission import NeedsPerson, Submission, read_submission

AHEAD = 2
"""So many submissions for each job are read and judged before the gradebook has written the first of them."""


@dataclass(frozen=True, slots=True)
class Handed:
    """One student's folder for one unit."""

    student: str
    folder: Path


def find_submissions(course: Course, unit: Unit, students: tuple[str, ...] = ()) -> list[Handed]:
    """Everything that lies in submitted/STUDENT/UNIT, by student; also a folder that we may not look into.

    Only these students', where some are named.
    """
    room = course.root / "submitted"
    if not room.is_dir():
        raise UsageError(f"there is no folder {room}. Put what was handed in into STUDENT/{unit.folder}/ in it.")
    found = [Handed(student.name, student / unit.folder) for student in sorted(room.iterdir()) if _has(student, unit)]
    if strangers := sorted({*students} - {handed.student for handed in found}):
        raise UsageError(f"there is no submission {room / strangers[0] / unit.folder}")
    return [handed for handed in found if not students or handed.student in students]


def _has(student: Path, unit: Unit) -> bool:
    try:
        return (student / unit.folder).is_dir()
    except PermissionError:
        return True


@dataclass(frozen=True, slots=True)
class Found:
    """One submission before it is written down: judged, or why it was not."""

    submission: Submission | None
    judgement: Judgement | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class How:
    """How a run goes about it."""

    jobs: int = 1
    """So many submissions at a time; 0 are as many as there are threads to run them."""
    allow_unsafe: bool = False
    end_to_end: bool = False
    fresh: bool = False
    """Run everything again, also what is remembered."""
    students: tuple[str, ...] = ()
    """Only these; none named are all."""
    dask: str = ""
    """The address of a cluster's scheduler; empty is this machine."""


def grade_unit(course: Course, unit: Unit, judge: Judge, jobs: int, end_to_end: bool = False) -> Iterator[Graded]:
    """Judge every submission, `jobs` at a time; write each to the gradebook as it comes back."""
    with CourseGradebook(course, unit, facts_of(judge, "grade")) as gradebook:
        for handed, found in judge_submissions(course, unit, judge, How(jobs, end_to_end=end_to_end)):
            yield _record(gradebook, judge, handed, found)


def facts_of(judge: Judge, command: str) -> dict[str, str]:
    """What a grade was made with, for the log."""
    return {"command": command, "key": judge.key.digest, "isolation": judge.sandbox.level.value}


def judge_submissions(course: Course, unit: Unit, judge: Judge, how: How) -> Iterator[tuple[Handed, Found]]:
    """What was found about every submission, as it comes back; few are held at a time, however large the class."""
    judge_all = EndToEnd(course, unit, judge).judge if how.end_to_end else lambda _, submission: judge.judge(submission)
    waiting = iter(find_submissions(course, unit, how.students))
    running: dict[Future[Found], Handed] = {}
    jobs = how.jobs or judge.sandbox.num_threads
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while True:
                for handed in islice(waiting, AHEAD * jobs - len(running)):
                    running[pool.submit(_judge_one, course, unit, judge_all, handed)] = handed
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):  # nobody needs to wait for an answer any more
                judge.__exit__(type(error), error, error.__traceback__)
            pool.shutdown(cancel_futures=True)
            raise


def _judge_one(course: Course, unit: Unit, judge: Callable[[str, Submission], Judgement], handed: Handed) -> Found:
    try:
        submission = read_submission(course, unit, handed.folder)
        judgement = judge(handed.student, submission)
    except NeedsPerson as error:
        return Found(None, None, (str(error),))
    except CourseError as error:
        return Found(None, None, (f"our fault, not the student's: {error}",))
    except OSError as error:
        return Found(None, None, (sentence_of(error),))
    except Exception as error:  # a bug of ours that only this submission brings out: the others go on
        return Found(None, None, (f"our fault, not the student's: {_describe_bug(error)}",))
    if not judgement.could_judge:
        details = {f"our fault, not the student's: {v.detail}" for v in judgement.verdicts if v.detail}
        return Found(None, None, tuple(sorted(details)))
    return Found(submission, judgement, judgement.repairs)


def _describe_bug(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} (in {Path(last.filename).name}, line {last.lineno}); please report it"


def _record(gradebook: CourseGradebook, judge: Judge, handed: Handed, found: Found) -> Graded:
    if found.judgement is None:
        return told(handed, found, None)
    try:
        change = gradebook.record(handed.student, graded_notebook(judge, found), handed.folder)
    except NeedsPerson as error:
        return Graded(handed.student, "needs a person", reasons=(str(error),))
    return told(handed, found, change.after.score)


def graded_notebook(judge: Judge, found: Found) -> NotebookNode:
    """What a submission that was judged is in autograded/."""
    if found.submission is None or found.judgement is None:
        raise ValueError("there is no verdict to write down")
    notebook = found.submission.notebook
    write_outputs(notebook, found.judgement, judge.key.scoring, judge.sandbox.level.sentence)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def told(handed: Handed, found: Found, points: float | None) -> Graded:
    """How a submission ended, for whoever asked."""
    if found.judgement is None:
        return Graded(handed.student, "needs a person", reasons=found.reasons)
    status = "graded with repairs" if found.reasons else "graded"
    return Graded(handed.student, status, points, found.reasons, found.judgement.verdicts, found.judgement.earlier)


def run_grading(course: Course, unit: Unit, how: How) -> Finish:
    """Grade a unit with a progress bar on stderr and keep the results for the class report."""
    console = Console(stderr=True, highlight=False)
    total = len(find_submissions(course, unit))
    results: list[Graded] = []
    with memory_of(course, unit, how) as memory, Judge.of_course(course, unit, memory) as judge:
        level = memory.level.sentence
        console.print(level)
        started = time.monotonic()
        try:
            graded = grade_unit(course, unit, judge, how.jobs, how.end_to_end)
            results.extend(track(graded, unit.folder, total, console=console))
        except BaseException:
            if results:
                console.print(f"{len(results)} of {total} are in the gradebook. The same command goes on from there.")
            raise
        seconds = time.monotonic() - started
    results.sort(key=lambda one: one.student)
    if memory.trouble:
        console.print(memory.trouble)
    saved = save_results(course, unit, level, results)
    return Finish(unit, level, tuple(results), seconds, saved, how.end_to_end, memory.num_remembered)


@contextmanager
def memory_of(course: Course, unit: Unit, how: How) -> Iterator[Memory]:
    """The sandbox of a run, here or on a cluster, which knows what it was asked before."""
    if not how.dask:
        yield Memory.of_course(course, unit, sandbox_of(unit.name, allow_unsafe=how.allow_unsafe), how.fresh)
        return
    from autograder.cluster import ClusterSandbox

    with ClusterSandbox(how.dask, unit.name, how.allow_unsafe) as sandbox:
        yield Memory.of_course(course, unit, sandbox, how.fresh, sandbox.environment)
