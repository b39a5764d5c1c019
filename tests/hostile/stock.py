"""The same submissions given to stock nbgrader, each in a bubble of its own.

nbgrader runs what students wrote with the grader's rights. So that this machine comes to no harm, every run happens in
a view of the system that holds libraries and one copied course, on a disk in memory, with processes, network and
shared memory of its own, as a user that is nobody. Its end is everybody's end.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostile_class import CANARY, HONEST, hand_in, hand_in_honest, make_course, public_inputs
from scenario import Attack

from autograder.course import Course
from autograder.gradebook import CourseGradebook
from autograder.sandbox import paths

USUAL = {HONEST[0]: 20.0, HONEST[2]: 14.0}
"""What the honest deserve: everything; everything but the six points of the answer that is not written."""
SEEN_AS, PORT = "/grader/course", 4099
DISK, BASE_S, EACH_S = 1 << 30, 150, 60
INSIDE = Path(__file__).with_name("stock_inside.py")
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_KILL", "CAP_DAC_OVERRIDE", "CAP_FOWNER")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives", "/etc/ld.so.cache")
OWN_PREPROCESSORS = """
from nbgrader.converters import Autograde
for name in ("sanitize_preprocessors", "autograde_preprocessors"):
    setattr(c.Autograde, name, list(Autograde.class_traits()[name].default_args[0]))
c.Execute.timeout = 60
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one attack on stock nbgrader."""

    points: float | None
    """Of the attacked exercise; None: the submission was left ungraded."""
    honest: bool
    """The honest students have the points that they have without attackers."""
    finished: bool
    """nbgrader came to its end by itself, and without an error."""
    left: tuple[str, ...]
    leaked: tuple[str, ...]


class Stock:
    """A course with honest students and an empty gradebook, made once; every run gets a copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "template").mkdir()
        self.template = make_course(folder / "template")
        self.unit = self.template.unit("attention")
        with CourseGradebook(self.template, self.unit):
            pass
        config = self.template.root / "nbgrader_config.py"
        config.write_text(config.read_text(encoding="utf-8") + OWN_PREPROCESSORS, encoding="utf-8")
        self._engine = shutil.copytree(paths.PACKAGE, folder / "engine", ignore=shutil.ignore_patterns("__pycache__"))
        hand_in_honest(self.template)
        shutil.rmtree(self.template.root / "submitted" / HONEST[1])  # each costs five seconds
        self._asked = public_inputs(self.unit)

    def run(self, attacks: Sequence[Attack]) -> dict[str, Ran]:
        """Several at once, which is quick; where anything is unusual afterwards, each again by itself.

        What befalls the run or the honest must happen twice: a busy machine may be the cause of it once.
        """
        honest, told = self._run(attacks)
        calm = told["finished"] and not told["left"] and honest == USUAL
        if len(attacks) > 1 and not calm:
            return {name: ran for attack in attacks for name, ran in self.run([attack]).items()}
        if not told["finished"] or honest != USUAL:
            honest, told = self._run(attacks)
        return {
            a.name: Ran(
                told["points"].get(a.name, {}).get("target"),
                honest == USUAL,
                told["finished"],
                tuple(told["left"]),
                tuple(told["leaked"].get(a.name, ())),
            )
            for a in attacks
        }

    def _run(self, attacks: Sequence[Attack]) -> tuple[dict[str, float | None], dict[str, Any]]:
        """Each honest student's points, and all that was found."""
        name = "-".join(attack.name for attack in attacks)[:100] or "nobody"
        course = Course(Path(shutil.copytree(self.template.root, self.folder / name)))
        for attack in attacks:
            hand_in(course, attack, PORT, self._asked, SEEN_AS)
        seconds = BASE_S + EACH_S * len(attacks)
        order = {"attackers": [a.name for a in attacks], "port": PORT, "canary": CANARY[-6:], "seconds": seconds}
        command = [*bubble(course.root, self._engine), sys.executable, "-I", "/inside.py", json.dumps(order)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=seconds + BASE_S, cwd="/")
            told = json.loads(done.stdout.splitlines()[-1])
        except (subprocess.TimeoutExpired, IndexError, ValueError):
            told = {"points": {}, "finished": False, "left": ["nothing came back"], "leaked": {}}
        shutil.rmtree(course.root)
        return {student: told["points"].get(student, {}).get("all") for student in (HONEST[0], HONEST[2])}, told


def bubble(course: Path, engine: Path) -> list[str]:
    """bubblewrap's command around one run; the course is copied inside, so nothing of ours can be written."""
    words = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent"]
    words += ["--new-session", "--clearenv", "--cap-drop", "ALL"]
    if os.geteuid() == 0:
        words += [word for name in CAPABILITIES for word in ("--cap-add", name)]
    else:
        words += ["--unshare-user"]
    binds = {str(path): path for path in _needed()} | {"/inside.py": INSIDE, "/engine/autograder": engine}
    binds |= {"/template": course}
    for room in ("/grader", "/tmp", "/dev/shm", "/run", "/var/tmp"):  # first: what is bound may lie in one of them
        words += ["--perms", "1777", "--size", str(DISK), "--tmpfs", room]
    for place in sorted(_parents(binds)):
        words += ["--perms", "0755", "--dir", place]
    for place, path in sorted(binds.items()):
        link = path.is_symlink() and place == str(path)
        words += ["--symlink", str(path.readlink()), place] if link else ["--ro-bind", str(path), place]
    for device in (*paths.DEVICES, "/dev/full"):
        words += ["--dev-bind", device, device]
    return [*words, "--proc", "/proc", "--chdir", "/"]


def _needed() -> Iterator[Path]:
    yield from (Path(path) for path in SYSTEM if Path(path).exists())
    roots = [Path("/usr"), Path(sys.prefix), Path(sys.base_prefix)]
    yield from roots[1:]
    yield from (path for path in paths.libraries() if not any(map(path.is_relative_to, [*roots, "/lib", "/lib64"])))


def _parents(binds: dict[str, Path]) -> set[str]:
    return {str(folder) for place in binds for folder in Path(place).parents if str(folder) != "/"}
