"""What only the instructor's machine holds: the course's secret, the hidden probes, and the keys made from them.

Everything lies under `.autograder/` in the course's folder (mode 0700, git-ignored). Nothing here imports torch: a key
that is not cached is made in a process of its own.
"""

import contextlib
import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

from autograder.course import Course, Unit
from autograder.errors import GraderBroke
from autograder.key import Key, read_key
from autograder.lending import given_sources
from autograder.whole import write_once, write_whole

ROOM = ".autograder"
SECRET_BYTES = 32


def hidden_source(course: Course, unit: Unit) -> str:
    """The text of a unit's hidden probes; empty where it has none."""
    path = course.root / "solutions" / unit.folder / "hidden.py"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def source_digest(course: Course, unit: Unit, secret: bytes, hidden: bool) -> str:
    """One hash over everything a key is made from."""
    engine = ("probes", "running", "observation", "comparison", "key", "keymaker", "variants", "source", "lending")
    paths = [Path(__file__).parent / f"{name}.py" for name in engine]
    paths += [Path(__file__).parent / "checks" / f"{unit.name}.py"]
    paths += [course.root / "reference" / folder / f"{unit.name}.py" for folder in (".", "misconceptions")]
    digest = hashlib.sha256(hashlib.sha256(secret).digest())
    digest.update(repr((unit, course.scoring, course.from_scratch, given_sources(course, unit))).encode("utf-8"))
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(hidden_source(course, unit).encode() if hidden else b"")
    return digest.hexdigest()


def judge_key(course: Course, unit: Unit) -> Key:
    """The key of the course's secret, from the cache where its sources have not changed."""
    secret = course_secret(course)
    digest = source_digest(course, unit, secret, hidden=True)
    path = course.root / ROOM / "keys" / f"{unit.name}-{digest[:24]}.json"
    if path.is_file():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return read_key(path.read_text(encoding="utf-8"))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "autograder.keymaker", str(course.root), unit.name, str(path)]
    paths = os.pathsep.join(path for path in sys.path if path)  # the course's own reference first, then as we are found
    environment = {**os.environ, "PYTHONPATH": paths}
    made = subprocess.run(command, capture_output=True, text=True, cwd=course.root, env=environment)
    if made.returncode:
        raise GraderBroke(f"the key of {unit.name} could not be made; `autograder dev check` says why.\n{made.stderr}")
    return read_key(path.read_text(encoding="utf-8"))


def course_secret(course: Course) -> bytes:
    """The course run's secret: made once, readable by its owner only, never committed.

    Raises:
        GraderBroke: it is damaged. Another one would judge the rest of the class on other inputs, so none is made.
    """
    path = course.root / ROOM / "secret"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_once(path, secrets.token_bytes(SECRET_BYTES))
    if len(secret := path.read_bytes()) != SECRET_BYTES:
        raise GraderBroke(
            f"{path} is damaged: it holds {len(secret)} bytes, not {SECRET_BYTES}. Put a copy back in its place. "
            "Without one, remove it: a new one is made, and every unit that was graded has to be graded again."
        )
    return secret


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 whole or not at all."""
    write_whole(path, data, private=True)
