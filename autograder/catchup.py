"""`autograder catch-up`: what is missing of earlier units in `mygpt`, borrowed from the course.

The course's own modules come from the reference, read as text and never imported, or, where a student has none, from a
catch-up pack that the instructor released: one JSON file with the sources of some units. A pack holds their answers.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.course import Course, Unit
from autograder.errors import UsageError
from autograder.lending import whole_sources
from autograder.mygpt import Loan, borrow, settle
from autograder.source import parse

KIND, FORMAT = "catch-up pack", 1

Sources = dict[str, dict[str, str]]
"""For each unit the modules that it is made of: its own, whole, and of others what it imports."""


def catch_up(
    course: Course, unit: Unit, folder: Path, before: bool = False, pack: Path | None = None
) -> Iterator[tuple[Path, Loan]]:
    """Fill the learner's module of a unit with the course's; yield each module with what became of it.

    Args:
        course: whose reference or pack it is.
        unit: to catch up on.
        folder: the workspace, where `mygpt` lies or will lie, or the folder of a unit in it.
        before: instead of this unit, all units that it stands on.
        pack: to read from; None takes the reference.

    Raises:
        UsageError: there is no such workspace, no source for a unit, or a module of `mygpt` that is no Python.
    """
    units = course.before(unit) if before else (unit,)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}; `autograder start` makes one, or name yours after the unit")
    sources = read_pack(pack, course, units) if pack else _read_reference(course, units)
    inside = folder.resolve().name in {other.folder for other in course.units}
    package = settle(folder.resolve() if inside else folder / unit.folder, {})
    own = [(one.name, sources[one.name].pop(one.name)) for one in units]
    for name, source in own:
        yield (path := package / f"{name}.py"), _borrow(path, source)
    for name, source in [pair for modules in sources.values() for pair in modules.items()]:
        loan = _borrow(path := package / f"{name}.py", source)
        if loan.new:
            yield path, loan


def write_pack(course: Course, units: Sequence[Unit], output: Path) -> Path:
    """Write the catch-up pack of these units, byte for byte the same each time.

    Raises:
        UsageError: there is no reference here.
    """
    sources = _read_reference(course, units)
    data = {"kind": KIND, "format": FORMAT, "course": course.id, "sha256": _digest(sources), "units": sources}
    draft = output.with_name(output.name + ".part")
    draft.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    draft.replace(output)
    return output


def read_pack(path: Path, course: Course, units: Sequence[Unit]) -> Sources:
    """The sources of these units from a pack, which somebody may have sent, cut off or edited.

    Raises:
        UsageError: it cannot be read, is damaged, of another course or a later format, or lacks a unit.
    """
    data = _load(path)
    if data.get("kind") != KIND:
        raise UsageError(f"{path} is no catch-up pack; ask for the file that `autograder pack` writes")
    if data.get("format") != FORMAT:
        raise UsageError(
            f"{path} is a catch-up pack of format {data.get('format')}, and this program reads format {FORMAT}: "
            "update the course's files"
        )
    if data.get("course") != course.id:
        raise UsageError(f"{path} belongs to the course {data.get('course')!r}, and this is {course.id!r}")
    sources = data.get("units")
    if not _is_sound(sources) or data.get("sha256") != _digest(sources):
        raise UsageError(f"{path} is damaged: it is not as `autograder pack` wrote it; ask for it again")
    if missing := [unit.name for unit in units if unit.name not in sources]:
        raise UsageError(
            f"{path} holds {', '.join(sources)}, and not {', '.join(missing)}: "
            f"ask your instructor for one that does ({_command(missing)} writes it)"
        )
    return {unit.name: sources[unit.name] for unit in units}


def _read_reference(course: Course, units: Sequence[Unit]) -> Sources:
    if missing := [u.name for u in units if not (course.root / "reference" / f"{u.name}.py").is_file()]:
        raise UsageError(
            f"the course's own {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not on this machine: ask "
            f"your instructor for a catch-up pack ({_command(missing)} writes it) and add --pack FILE"
        )
    return {unit.name: whole_sources(course, unit) for unit in units}


def _command(units: Sequence[str]) -> str:
    return f"`autograder pack {' '.join(units)}`"


def _borrow(path: Path, source: str) -> Loan:
    try:
        return borrow(path, source)
    except SyntaxError as error:
        raise UsageError(f"{path} is no Python (line {error.lineno}: {error.msg}): mend it, then catch up") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read or written: {error}") from None


def _load(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is damaged, or no catch-up pack: its JSON cannot be read; ask for it again") from None
    return data if isinstance(data, dict) else {}


def _digest(sources: Any) -> str:
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode("ascii")).hexdigest()


def _is_sound(sources: Any) -> bool:
    """Modules by plain names, in Python, and each unit with its own among them."""
    if not isinstance(sources, dict) or not all(isinstance(modules, dict) for modules in sources.values()):
        return False
    pairs = [pair for modules in sources.values() for pair in modules.items()]
    return all(unit in modules for unit, modules in sources.items()) and all(_is_module(*pair) for pair in pairs)


def _is_module(name: str, source: Any) -> bool:
    """A name becomes a file's, so that it must not lead anywhere else."""
    try:
        return bool(re.fullmatch(r"[a-z][a-z0-9_]*", name)) and isinstance(source, str) and bool(parse(source).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
