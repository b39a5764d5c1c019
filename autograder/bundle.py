"""The student bundle: what a graded course hands out. Notebooks, engine and public keys; no answer, no hidden probe."""

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.course import Course, Unit
from autograder.errors import UsageError

KEPT_BACK = (
    *("demo", "templates", "__pycache__"),
    *("checkpoint.py", "devcheck.py", "keymaker.py", "tolerance.py", "variants.py"),
)
"""Parts of the engine that need the reference, or are of no use without it."""
TOP = ("course.toml", "pyproject.toml", "requirements.lock", "environment.yml", "LICENSE", "LICENSE-PROSE")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # zip's first day: the same course gives the same bytes


def write_bundle(course: Course, units: Sequence[Unit], output: Path) -> Path:
    """Write the bundle of these units as a zip file, byte for byte the same each time.

    Raises:
        UsageError: a unit is not built.
    """
    draft = output.with_name(output.name + ".part")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in sorted(_files(course, units)):
            info = zipfile.ZipInfo(f"build-a-gpt/{name}", LONG_AGO)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, source.read_bytes())
    draft.replace(output)
    return output


def _files(course: Course, units: Sequence[Unit]) -> Iterator[tuple[str, Path]]:
    engine = Path(__file__).parent
    for name in TOP:
        yield name, course.root / name
    yield "README.md", engine / "templates" / "student-readme.md"
    yield ".github/workflows/grade.yml", engine / "templates" / "student-ci.yml"
    for path in engine.rglob("*"):
        inside = path.relative_to(engine)
        if path.is_file() and not set(inside.parts) & set(KEPT_BACK) and inside.parts[0] not in ("keys", "checks"):
            yield f"autograder/{inside.as_posix()}", path
    for unit in units:
        yield from _unit_files(course, unit, engine)


def _unit_files(course: Course, unit: Unit, engine: Path) -> Iterator[tuple[str, Path]]:
    """A unit's notebook and pictures, its public probes and its public key."""
    released = course.root / "course" / unit.folder
    key = engine / "keys" / f"{unit.name}.json"
    if not (released / f"{unit.name}.ipynb").is_file() or not key.is_file():
        raise UsageError(f"{unit.folder} is not built: run `autograder build` first")
    yield f"autograder/keys/{unit.name}.json", key
    yield f"autograder/checks/{unit.name}.py", engine / "checks" / f"{unit.name}.py"
    for path in released.rglob("*"):
        if path.is_file():
            yield f"course/{unit.folder}/{path.relative_to(released).as_posix()}", path
