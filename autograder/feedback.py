"""Feedback pages, rendered by nbgrader's own GenerateFeedback in several processes, to the byte as nbgrader does.

A page takes nbgrader half a second, most of it for a lesson that is the same on every page. See tidying.py.
"""

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import track

from autograder.course import Course, Unit
from autograder.errors import GraderBroke, cause_in
from autograder.lean import without_grammar_of_addresses

AT_A_TIME = 5  # pages for which one exporter is set up; more in a large class, since each looks through all folders


def find_graded(course: Course, unit: Unit) -> list[str]:
    """The students whose graded notebook of the unit lies in autograded/."""
    return sorted(path.parts[-3] for path in (course.root / "autograded").glob(f"*/{unit.folder}/{unit.name}.ipynb"))


def run_feedback(course: Course, units: Sequence[Unit], jobs: int) -> str:
    """Write all pages with a progress bar on stderr; return the finish line."""
    total = sum(len(find_graded(course, unit)) for unit in units)
    pages = track(render_feedback(course, units, jobs), "feedback", total, console=Console(stderr=True))
    return f"pages in feedback/: {sum(1 for _ in pages)}"


def render_feedback(course: Course, units: Sequence[Unit], jobs: int) -> Iterator[Path]:
    """Write the page of every graded submission, and yield each page as it is done.

    Raises:
        GraderBroke: the gradebook is damaged, or nbgrader could not render one.
    """
    from autograder.gradebook import see_gradebook  # not in the processes that render

    see_gradebook(course)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_prepare) as pool:
        waiting = []
        for unit in units:
            students = find_graded(course, unit)
            num = max(AT_A_TIME, len(students) // 100)
            for first in range(0, len(students), num):
                some = students[first : first + num]
                waiting.append(pool.submit(_render, course.root, unit.folder, some, set(students) - set(some)))
        try:
            for done in as_completed(waiting):
                yield from done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _prepare() -> None:
    """Once in every process: the short way to tidy a page, and all that is imported out of the garbage collector."""
    without_grammar_of_addresses()
    import nbconvert.exporters.html
    import nbgrader.converters  # noqa: F401

    from autograder.tidying import tidied

    nbconvert.exporters.html.BeautifulSoup = tidied
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


def _render(root: Path, folder: str, students: list[str], others: set[str]) -> list[Path]:
    """Runs in a process of its own, where nbgrader may change the working directory."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.utils import capture_log
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    config.CourseDirectory.root = str(root)
    coursedir = CourseDirectory(config=config, assignment_id=folder, student_id_exclude=",".join(sorted(others)))
    converter = GenerateFeedback(coursedir=coursedir, config=config)
    converter.force = True
    result = capture_log(converter)
    if not result["success"]:
        log = f"{result.get('error')}\n{result.get('log')}"
        raise GraderBroke(
            f"nbgrader could not render feedback on {folder}: {cause_in(log)}. "
            "Mend that, then run the same command again."
        )
    return [page for student in students for page in sorted((root / "feedback" / student / folder).glob("*.html"))]
