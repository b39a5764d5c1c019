"""From the lessons to a class report: release, hand in, grade, render feedback, and see that every promise was kept."""

import hashlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from autograder.course import Course, Unit
from autograder.demo.attacks import Listener
from autograder.demo.classroom import make_class
from autograder.demo.notebooks import HandIn, hand_in_notebook
from autograder.errors import UsageError
from autograder.grading import Finish, run_grading
from autograder.sandbox import best_level
from autograder.vault import ROOM, write_private

COPIED = ("course.toml", "nbgrader_config.py", "solutions", "course", "reference")
MARK = "made-by-the-demo"


def prepare(course: Course, folder: Path) -> Course:
    """Copy what a course needs into `folder`, over whatever an earlier demo left there.

    The secret is the demo's own, always the same, so that a demo can be repeated to the bit. Keys of an earlier demo
    stay: their names are hashes of all they were made from.
    """
    mark = folder / ROOM / MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise UsageError(f"{folder} holds something that no demo made; name an empty folder with --folder")
    for path in folder.iterdir() if folder.exists() else ():
        if path.name != ROOM:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / ROOM).mkdir(mode=0o700, parents=True, exist_ok=True)
    mark.touch()
    for name in COPIED:
        source, target = course.root / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
        else:
            shutil.copyfile(source, target)
    write_private(folder / ROOM / "secret", hashlib.sha256(b"demo").digest())
    return Course(folder)
