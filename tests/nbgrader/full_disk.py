"""A class is graded on a disk that is full, a little less full, and so on until it suffices; what was seen, as JSON.

    unshare --mount python full_disk.py COURSE FOLDER

FOLDER becomes a small disk of its own, which nobody outside this process sees and which ends with it.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from click.testing import CliRunner
from gradebook_rows import rows_of

from autograder.cli import main
from autograder.course import Course

UNIT = "06-attention"
STEP = 16 * 1024


def see(course: Course) -> dict:
    """The class as the gradebook and the folders hold it; every file there is has to be whole."""
    pages = [nbformat.read(path, as_version=4) for path in (course.root / "autograded").rglob("*.ipynb")]
    for path in (course.root / ".autograder" / "results").iterdir():
        json.loads(path.read_text(encoding="utf-8"))
    left = [path.name for path in course.root.rglob("*.part")]
    return {"rows": rows_of(f"sqlite:///{course.root / 'gradebook.db'}", course), "pages": len(pages), "left": left}


def grade(course: Course) -> dict:
    ended = CliRunner().invoke(main, ["--root", str(course.root), "grade", UNIT])
    said = [line for line in ended.stderr.splitlines() if line.startswith("autograder: ")]
    return {"exit_code": ended.exit_code, "said": said, "traceback": "Traceback" in ended.output}


def change(course: Course) -> None:
    """Who was wrong hands in again, and somebody is new."""
    for student in ("wrong", "newcomer"):
        folder = course.root / "submitted" / student / UNIT
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(course.root / "submitted" / "right" / UNIT / "attention.ipynb", folder / "attention.ipynb")


def grade_on_what_is_left(course: Course) -> list[dict]:
    seen = []
    copy = (course.root / "gradebook.db").stat().st_size  # which is the first thing that is written
    for free in (0, copy // 2, *range(copy, 2 * copy, STEP)):
        disk = os.statvfs(course.root)
        filler = course.root / "filler"
        filler.write_bytes(bytes(max(0, disk.f_bavail * disk.f_frsize - free)))
        ended = grade(course)
        filler.unlink()
        seen.append({"free": free, **ended, **see(course)})
        if ended["exit_code"] == 0:
            break
    return seen


if __name__ == "__main__":
    source, folder = map(Path, sys.argv[1:])
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=True)
    shutil.copytree(source, folder / "course", ignore=shutil.ignore_patterns("__pycache__"))
    course = Course(folder / "course")
    before = see(course)
    change(course)
    print(
        json.dumps(
            {"before": before, "seen": grade_on_what_is_left(course), "after": {**grade(course), **see(course)}},
            default=str,
        )
    )
