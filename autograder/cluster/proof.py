"""What a machine proves before it may run submissions: its level of isolation, and that it is like the judge's."""

import hashlib
import platform
import socket
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import autograder
from autograder.judge import runtime_files
from autograder.memory import environment
from autograder.sandbox import Level, best_level
from autograder.sandbox.trial import weakness

Proof = dict[str, str]
"""What a machine says of itself: its host, the level that holds there, and the versions of what runs beside answers."""

STRENGTH = [Level.UNSAFE, Level.LANDLOCK, Level.NAMESPACES]


def objection(proof: Proof, wanted: Proof, least: Level, environments: Collection[str] = ()) -> str:
    """Why a machine with this proof may not run submissions; empty if it may."""
    for name, here in wanted.items():
        if (there := proof.get(name, "missing")) != here:
            return f"has {name} {there}, and the judge's machine {here}"
    if STRENGTH.index(Level(proof["level"])) < STRENGTH.index(least):
        return f"confines at the level {proof['level']!r}, and this run needs {least.value!r}: {proof['weakness']}"
    if environments and proof["environment"] not in environments:
        return "has other packages, or other confinement, than the workers that this run began with"
    return ""


@cache
def engine() -> Proof:
    """What must be the same wherever a submission runs: what runs beside it, byte for byte, and its libraries."""
    package, digest = Path(autograder.__file__).parent, hashlib.sha256()
    for path in sorted(_python_files([*runtime_files(), package / "cluster"])):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    python = ".".join(platform.python_version_tuple()[:2])
    libraries = {name: _version(name) for name in ("torch", "numpy")}
    return {"autograder": f"{_version('build-a-gpt')}, {digest.hexdigest()[:12]}", "Python": python, **libraries}


def _python_files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from [path] if path.is_file() else path.rglob("*.py")


def _version(package: str) -> str:
    """Its release; how it was built (`+cpu`) makes no difference here."""
    try:
        return version(package).split("+")[0]
    except PackageNotFoundError:
        return "missing"


@cache
def prove() -> Proof:
    """On a worker: what it is, and what holds there."""
    level = best_level() or Level.UNSAFE
    next_better = STRENGTH[STRENGTH.index(level) + 1 :]
    why = weakness(next_better[0]) if next_better else ""
    return {
        "host": socket.gethostname(),
        "level": level.value,
        "weakness": why,
        "environment": environment(level),
        **engine(),
    }
