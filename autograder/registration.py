"""A unit's rows in the gradebook: nbgrader writes them, and is asked again where it was stopped on the way."""

import copy
import shutil

from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config

from autograder.course import Course, Unit
from autograder.errors import GraderBroke, cause_in
from autograder.submission import released_notebook
from autograder.vault import ROOM
from autograder.whole import draft_of


def is_registered(gradebook: Gradebook, course: Course, unit: Unit) -> bool:
    """Are there rows for every cell, and today's points?

    Raises:
        GraderBroke: other cells are graded than when submissions were, which nbgrader cannot do.
    """
    try:
        found = gradebook.find_notebook(unit.name, unit.folder)
    except MissingEntry:
        return False
    released = [cell for cell in released_notebook(course, unit).cells if "nbgrader" in cell.metadata]
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in released}
    points = {name: cell.metadata.nbgrader.points for name, cell in cells.items() if utils.is_grade(cell)}
    rows = {cell.name: cell.max_score for cell in found.grade_cells}
    if found.num_submissions and (others := rows.keys() ^ points.keys()):
        raise GraderBroke(
            f"{unit.folder} has other graded cells than when its submissions were graded: {', '.join(sorted(others))}. "
            "nbgrader cannot add or remove one then. Put the unit back as it was, or give up its grades "
            f"(`nbgrader db assignment remove {unit.folder} --force`) and grade it again."
        )
    solutions = {name for name, cell in cells.items() if utils.is_solution(cell)}
    whole = (solutions, cells.keys()) == (
        {cell.name for cell in found.solution_cells},
        {cell.name for cell in found.source_cells},
    )
    return rows == points and (whole or bool(found.num_submissions))


def register(config: Config, course: Course, unit: Unit) -> None:
    """Have nbgrader write the rows of a unit, as in a fresh clone, which has the release and no gradebook.

    nbgrader makes the release again while it is at it: not in its place, where it would be gone if we were killed.
    """
    config = copy.deepcopy(config)
    release = draft_of(course.root / ROOM / "release")
    config.CourseDirectory.release_directory = str(release)
    done = NbGraderAPI(config=config).generate_assignment(unit.folder, force=True, create=True)
    shutil.rmtree(release, ignore_errors=True)
    if not done["success"]:
        log = f"{done.get('error')}\n{done.get('log')}"
        raise GraderBroke(f"nbgrader could not register {unit.folder}: {cause_in(log)}")
