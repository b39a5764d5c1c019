"""A small mixed class of the unit bpe, and all that a course holds once it is graded."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from autograder.audit import read
from autograder.course import Course, find_course
from autograder.memory import read_frames

UNIT, NAME = "02-bpe", "bpe"


def make_course(folder: Path) -> Course:
    """The course with one unit's files, and eight submissions of it, each a text of its own."""
    source = find_course(Path(__file__).parent).root
    for name in ("course.toml", "nbgrader_config.py", "reference", f"solutions/{UNIT}", f"course/{UNIT}"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (source / name).is_dir() else shutil.copyfile
        copy(source / name, folder / name)
    for student in ("ada", "bo", "cy", "di", "ed", "fay", "gil", "hal"):
        hand_in(folder, student)
    return Course(folder)


def hand_in(folder: Path, student: str, as_: str = "") -> None:
    """Right: ada, and late: hal. A mistake: bo. Blank: cy; in parts: di. To be repaired: ed, fay. For a person: gil.

    With `as_`, a student hands in what another of them does.
    """
    who, student = student, as_ or student
    room = "course" if student == "cy" else "solutions"
    notebook = nbformat.read(folder / room / UNIT / f"{NAME}.ipynb", as_version=4)
    stub = nbformat.read(folder / "course" / UNIT / f"{NAME}.ipynb", as_version=4)
    for number, cell in enumerate(notebook.cells):
        if cell.metadata.get("autograder", {}).get("role") == "answer":
            cell.source += f"\n# {who}"
            if student == "bo" and "def merge(" in cell.source:
                cell.source += "\ndef merge(ids, *_):\n    return ids\n"
            if student == "di" and number % 2:
                cell.source = stub.cells[number].source
        if student == "fay":
            cell.metadata = {}
    text = nbformat.writes(notebook)
    path = folder / "submitted" / who / UNIT / ("my work.ipynb" if student == "ed" else f"{NAME}.ipynb")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text[: len(text) // 2] if student == "gil" else text, encoding="utf-8")
    if student == "hal":
        path.with_name("timestamp.txt").write_text("2026-01-02 03:04:05 UTC", encoding="utf-8")


def books(course: Path) -> dict[str, list[str]]:
    """Every row of every table; an id, which is random, stands as what it is the id of."""
    with sqlite3.connect(course / "gradebook.db") as db:
        db.row_factory = sqlite3.Row
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: [dict(row) for row in db.execute(f'SELECT * FROM "{name}"')] for name in names}
    db.close()
    owners: dict[str, dict[str, Any]] = {}  # an id that several tables share is one thing in parts
    for name in sorted(tables):
        for row in tables[name]:
            if re.fullmatch("[0-9a-f]{32}", str(row.get("id"))):
                owners.setdefault(row["id"], {}).update(row)

    def named(row: dict[str, Any]) -> dict[str, Any]:
        row = owners.get(row.get("id"), row)
        return {key: named(owners[value]) if value in owners else value for key, value in row.items() if key != "id"}

    return {
        name: sorted(json.dumps([named(row), row.get("id") in owners or row.get("id")], sort_keys=True) for row in rows)
        for name, rows in tables.items()
    }


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def outcome(course: Path) -> dict[str, Any]:
    """All that has to be the same."""
    room = course / ".autograder"
    return {
        "books": books(course),
        "autograded": files(course / "autograded"),
        "results": files(room / "results"),
        "release": files(course / "course"),
        "source": files(course / "solutions"),
        "submitted": files(course / "submitted"),
    }


def unsound(course: Path) -> Iterator[str]:
    """What is there and should not be, or is not and should."""
    room = course / ".autograder"
    kinds = {path.name for path in room.iterdir()}
    wanted = {"secret", "keys", "memory", "results"}
    yield from (f".autograder lacks {name}" for name in sorted(wanted - kinds))
    yield from (f".autograder holds {name}" for name in sorted(kinds - wanted - {"gradebook-before.db", "audit.jsonl"}))
    yield from (f"left over: {path}" for path in course.rglob("*.part"))
    yield from (f"left over: {path}" for path in course.glob("gradebook.db-*"))
    remembered = [path for path in (room / "memory").rglob("*") if path.is_file()]
    yield from (f"half an answer: {path}" for path in remembered if read_frames(path) is None)
    if len(list((room / "keys").iterdir())) != 1:
        yield "there is not one key"


def untrue(course: Path, graded_before: bool) -> Iterator[str]:
    """What the log says and was not so, or does not say and was: everybody but cy and gil rises from nothing, once."""
    path = course / ".autograder" / "audit.jsonl"
    lines = [line.entry for line in read(path) if line.entry]
    if {line["student"] for line in lines} != ({"ada", "bo", "di", "ed", "fay", "hal"} if graded_before else set()):
        yield f"the log is about {[line['student'] for line in lines]}"
    results = json.loads((course / ".autograder" / "results" / f"{NAME}.json").read_text(encoding="utf-8"))
    points = {one["student"]: one["points"] for one in results["submissions"]}
    yield from (f"the log says {line}" for line in lines if line["total"] != [0.0, points[line["student"]]])
