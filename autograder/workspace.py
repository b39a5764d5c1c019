"""The learner's workspace: the released notebooks, copied once, and an empty `mygpt` beside them."""

from collections.abc import Iterator
from pathlib import Path

from autograder.course import Course
from autograder.mygpt import settle
from autograder.whole import write_whole


def start_workspace(course: Course, folder: Path) -> Iterator[Path]:
    """Copy what was released into `folder` and yield each new file; an existing file is never touched.

    `mygpt` is made, and nothing lent yet: a later unit would bring the answers to the earlier ones. Opening one does.
    """
    for unit in course.units:
        released = course.root / "course" / unit.folder
        for source in sorted(path for path in released.rglob("*") if path.is_file()):
            target = folder / unit.folder / source.relative_to(released)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                write_whole(target, source.read_bytes())
                yield target
        if released.is_dir():
            settle(folder / unit.folder, {})
