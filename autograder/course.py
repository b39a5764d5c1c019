"""course.toml, read once: the units, their exercises, points and order."""

import shutil
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.errors import UsageError

ROOMS = ("course.toml", "nbgrader_config.py", "solutions", "course", "reference")
"""What makes a course, besides the engine."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One graded exercise: a function or class that a student writes, sometimes two that belong together."""

    name: str
    points: int
    stretch: bool = False
    seconds: float = 5.0
    """Wall time after which an answer is stopped."""
    companions: tuple[str, ...] = ()
    """Further names the same cell defines (`load_checkpoint` beside `save_checkpoint`)."""
    forbids: tuple[str, ...] = ()
    """Operations and libraries that the answer has to do without, because they are what is to be written."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.companions)


@dataclass(frozen=True, slots=True)
class Unit:
    """One notebook of the course."""

    name: str
    number: int
    title: str
    minutes: int
    needs: tuple[str, ...]
    ends_with: str
    exercises: tuple[Exercise, ...]

    @property
    def folder(self) -> str:
        """The assignment's name: `06-attention`."""
        return f"{self.number:02d}-{self.name}"

    def exercise(self, name: str) -> Exercise:
        for exercise in self.exercises:
            if name in exercise.names:
                return exercise
        known = ", ".join(e.name for e in self.exercises)
        raise UsageError(f"unit {self.name!r} has no exercise {name!r}; it has {known}")


class Course:
    """The whole course, rooted at the folder that holds course.toml."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        path = self.root / "course.toml"
        if not path.is_file():
            raise UsageError(f"no course.toml in {self.root}; run this in the course's folder or name it with --root")
        try:
            self._toml = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UsageError(f"{path} cannot be read: {error}") from None
        self.id: str = self._toml["course"]["id"]
        self.title: str = self._toml["course"]["title"]
        self.scoring: str = self._toml["course"]["scoring"]
        if self.scoring not in ("per-property", "all-or-nothing"):
            raise UsageError(f'course.toml: scoring is "per-property" or "all-or-nothing", not {self.scoring!r}')
        self.from_scratch: str = self._toml["course"].get("from_scratch", "told")
        if self.from_scratch not in ("told", "costs"):
            raise UsageError(f'course.toml: from_scratch is "told" or "costs", not {self.from_scratch!r}')

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        units = (_read_unit(name, table) for name, table in self._toml["unit"].items())
        return tuple(sorted(units, key=lambda unit: unit.number))

    def copy_to(self, folder: Path) -> "Course":
        """The same course in another folder, without anybody's submissions or grades."""
        for name in ROOMS:
            source, target = self.root / name, folder / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
            else:
                shutil.copyfile(source, target)
        return Course(folder)

    def unit(self, name: str) -> Unit:
        """Find a unit by any of its names: `attention`, `06-attention`, `6`."""
        for unit in self.units:
            if name in (unit.name, unit.folder, str(unit.number), f"{unit.number:02d}"):
                return unit
        raise UsageError(f"there is no unit {name!r}; the units are {', '.join(u.folder for u in self.units)}")

    def before(self, unit: Unit) -> tuple[Unit, ...]:
        """The units that this one stands on, directly or through others, in course order."""
        names, waiting = set[str](), list(unit.needs)
        while waiting:
            if (name := waiting.pop()) not in names:
                names.add(name)
                waiting.extend(self.unit(name).needs)
        return tuple(other for other in self.units if other.name in names)


def find_course(start: Path | None = None) -> Course:
    """Read the course whose course.toml lies in `start` (default: here) or the nearest folder above it."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "course.toml").is_file():
            return Course(folder)
    raise UsageError(f"no course.toml in {start} or above it; run this in the course's folder or name it with --root")


def _read_unit(name: str, table: dict) -> Unit:
    exercises = tuple(
        Exercise(
            name=exercise,
            points=spec["points"],
            stretch=spec.get("stretch", False),
            seconds=spec.get("seconds", 5.0),
            companions=tuple(spec.get("with", ())),
            forbids=tuple(spec.get("forbids", ())),
        )
        for exercise, spec in table["exercises"].items()
    )
    return Unit(
        name=name,
        number=table["number"],
        title=table["title"],
        minutes=table["minutes"],
        needs=tuple(table["needs"]),
        ends_with=table["ends_with"],
        exercises=exercises,
    )
