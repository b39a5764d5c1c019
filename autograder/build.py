"""The build: lessons to solved notebooks in solutions/, and those to what a student is given in course/.

Everything is made in a folder of its own, by nbgrader's GenerateAssignment, and compared with what is there. So to
check is to build without the last step, and a file that did not change is not touched.
"""

import filecmp
import re
import shutil
import tempfile
from pathlib import Path

from autograder.course import Course, Unit
from autograder.errors import AuthorError
from autograder.lesson import lesson_path, read_lesson
from autograder.notebook import notebook_of


def build_unit(course: Course, unit: Unit, check_only: bool = False) -> list[Path]:
    """Build one unit; see `build_all`."""
    return _build(course, (unit,), check_only)


def build_all(course: Course, check_only: bool = False) -> list[Path]:
    """Write the solved and the released notebook of every unit, and return the paths that were stale.

    A path is stale if it differs from the build, is missing, or lies in course/ and comes from no lesson.
    With `check_only` nothing is written.
    """
    return _build(course, course.units, check_only)


def build_units(course: Course, units: list[Unit], check_only: bool) -> list[str]:
    """Build keys and notebooks; return the files that were stale."""
    from autograder.keymaker import write_public_key

    stale = [f"autograder/keys/{u.name}.json" for u in units if write_public_key(course, u, check_only)]
    if len(units) == len(course.units):
        return stale + [str(path) for path in build_all(course, check_only)]
    return stale + [str(path) for unit in units for path in build_unit(course, unit, check_only)]


def solved_notebook(course: Course, unit: Unit) -> str:
    """The text of a unit's solved notebook."""
    import nbformat

    return nbformat.writes(notebook_of(course, unit, read_lesson(course, unit)), version=nbformat.NO_CONVERT) + "\n"


def _build(course: Course, units: tuple[Unit, ...], check_only: bool) -> list[Path]:
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder).resolve()
        for unit in units:
            _write_solved(course, unit, stage)
        _release(course, stage)
        stale = _compare(course.root, stage, units, whole=units == course.units)
        if not check_only:
            for path in stale:
                _put(stage / path, course.root / path)
    return [course.root / path for path in stale]


def _write_solved(course: Course, unit: Unit, stage: Path) -> None:
    text = solved_notebook(course, unit)
    target = stage / "solutions" / unit.folder
    shutil.copytree(lesson_path(course, unit).parent, target, ignore=shutil.ignore_patterns("*.ipynb"))
    (target / f"{unit.name}.ipynb").write_text(text, encoding="utf-8", newline="\n")


def _release(course: Course, stage: Path) -> None:
    """Run nbgrader's own release step over everything staged, with the course's settings.

    SaveCells is left out: it only writes to the gradebook, and a build has none.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import SaveCells
    from nbgrader.utils import capture_log
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
    config.CourseDirectory.root = str(stage)
    config.GenerateAssignment.no_database = True
    converter = GenerateAssignment(coursedir=CourseDirectory(config=config, assignment_id="*"), config=config)
    converter.preprocessors = [step for step in converter.preprocessors if step is not SaveCells]
    result = capture_log(converter)
    if not result["success"]:
        said = re.findall(r"^\s*(\w+Error: .*)", result.get("log", ""), re.MULTILINE) or [result["error"]]
        raise AuthorError(f"nbgrader could not release the build. {said[0]}")


def _compare(root: Path, stage: Path, units: tuple[Unit, ...], whole: bool) -> list[Path]:
    """Paths, relative to the root, where the course and the stage differ; in all of course/ if `whole`."""
    solved = [Path("solutions", unit.folder, f"{unit.name}.ipynb") for unit in units]
    released = [Path("course")] if whole else [Path("course", unit.folder) for unit in units]
    found = (path for top in (root, stage) for folder in released for path in (top / folder).rglob("*"))
    files = {path.relative_to(stage if path.is_relative_to(stage) else root) for path in found if path.is_file()}
    return [path for path in (*solved, *sorted(files)) if not _same(root / path, stage / path)]


def _same(old: Path, new: Path) -> bool:
    return old.is_file() and new.is_file() and filecmp.cmp(old, new, shallow=False)


def _put(new: Path, old: Path) -> None:
    if not new.is_file():
        old.unlink()
        return
    old.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(new, old)
