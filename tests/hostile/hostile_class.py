"""A class of honest and hostile students in a course of its own: handed in, graded here, looked through afterwards."""

import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Self

import nbformat
from aimed_at_us import AIMED_AT_US
from cheating import CHEATING
from damage import DAMAGE
from forged_frames import FORGED_FRAMES
from forging import FORGING
from harm import HARM
from loops import LOOPS
from nbformat import NotebookNode
from odd_values import ODD_VALUES
from scenario import RIGHT, TARGET, Attack
from stealing import STEALING

from autograder.course import Course, Unit, find_course
from autograder.grading import grade_unit
from autograder.judge import Judge, sandbox_of
from autograder.results import Graded
from autograder.sandbox import Level, Limits, Outcome, Sandbox
from autograder.submission import exercise_of, role_of

FROM_ELSEWHERE = (*FORGING, *ODD_VALUES, *STEALING, *CHEATING, *LOOPS, *HARM, *DAMAGE)
ATTACKS = {attack.name: attack for attack in (*FROM_ELSEWHERE, *FORGED_FRAMES, *AIMED_AT_US)}
HONEST = ("a-honest", "m-honest", "zz-honest")
"""Before, between and after the others by name. The second has a mistake, the third an answer that is not written."""
FOLDER = "06-attention"
CANARY = "the work of {}, and of nobody else: 7d1f0c"
NO_OFFSET = "def causal_mask(T_q, T_k):\n    return torch.ones(T_q, T_k).tril().bool()\n"
MARK = "hostile-mark"
EVERYBODYS = ("/", "/tmp", "/var/tmp", "/run", "/dev/shm", "/dev/mqueue", "/scratch")


def make_course(folder: Path) -> Course:
    """A copy of the course in which every answer has a second, not five: patience costs the test its time."""
    find_course(Path(__file__).parent).copy_to(folder)
    before, head, rest = (folder / "course.toml").read_text(encoding="utf-8").partition("[unit.attention]")
    own, mark, after = rest.partition("[unit.block]")
    own = re.sub(r"(exercises\.\w+ = \{ points = \d+)", r"\1, seconds = 1", own)
    (folder / "course.toml").write_text(before + head + own + mark + after, encoding="utf-8")
    return Course(folder)


def solved_notebook(course: Course) -> NotebookNode:
    """Every answer right, and no demonstration: stock nbgrader would run those."""
    notebook = nbformat.read(course.root / "solutions" / FOLDER / "attention.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if role_of(cell) != "demo"]
    return notebook


def hand_in_honest(course: Course) -> None:
    released = nbformat.read(course.root / "course" / FOLDER / "attention.ipynb", as_version=4)
    stubs = {exercise_of(cell): cell.source for cell in released.cells if role_of(cell) == "answer"}
    for student in HONEST:
        notebook = solved_notebook(course)
        for cell in notebook.cells:
            name = exercise_of(cell) if role_of(cell) == "answer" else ""
            if name == TARGET:
                cell.source += f"\n# {CANARY.format(student)}"
            if student == "m-honest" and name == "causal_mask":
                cell.source = NO_OFFSET
            if student == "zz-honest" and name == "MultiHeadAttention":
                cell.source = stubs[name]
        _write(course, student, notebook)


def hand_in(course: Course, attack: Attack, port: int, asked: Sequence[str] = (), seen_as: str = "") -> None:
    """The attacker's notebook is right but for the attack. `seen_as` is where its author will find the course."""
    notebook = solved_notebook(course)
    for cell in notebook.cells:
        if attack.answer is not None and role_of(cell) == "answer" and exercise_of(cell) == TARGET:
            text = attack.answer.replace(RIGHT, cell.source.rstrip() + "\n")
            text = text.replace("PUBLIC_INPUTS_STAND_HERE", repr(set(asked)))
            known = (
                f"COURSE, PORT = {seen_as or str(course.root)!r}, {port}\n" if re.search("COURSE|PORT", text) else ""
            )
            cell.source = known + text
    if attack.change:
        attack.change(notebook)
    folder = _write(course, attack.name, notebook)
    if attack.place:
        attack.place(folder)


def _write(course: Course, student: str, notebook: NotebookNode) -> Path:
    folder = course.root / "submitted" / student / FOLDER
    folder.mkdir(parents=True)
    text = json.dumps(notebook)  # nbformat would mend what is damaged
    (folder / "attention.ipynb").write_text(text, encoding="utf-8")
    return folder


def public_inputs(unit: Unit) -> list[str]:
    """What a student can write down at home: a fingerprint of every input that the public key asks about."""
    import importlib

    from autograder.key import load_public_key
    from autograder.probes import probes_in
    from autograder.running import observe

    probes = {p.name: p for p in probes_in(importlib.import_module("autograder.checks.attention"))[TARGET]}
    right = importlib.import_module("reference.attention").scaled_dot_product_attention
    seen: list[str] = []

    def watch(q, k, v, mask=None):
        seen.append(
            sha256(b"".join(x.detach().numpy().tobytes() for x in (q, k, v, mask) if x is not None)).hexdigest()
        )
        return right(q, k, v, mask)

    list(observe([(probes[p.name], p.seed) for p in load_public_key(unit.name).exercise(TARGET).probes], watch, 60))
    return seen


class Listener:
    """What an attacker tries to reach on this machine. It keeps what it hears."""

    def __init__(self) -> None:
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._sockets[0].getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", self.port))
        self._sockets.append(udp)
        for one in self._sockets:
            one.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._sockets:
            one.close()

    def heard(self) -> int:
        """How many connections and datagrams there were since the last time."""
        count = 0
        for one, take in zip(self._sockets, ("accept", "recv"), strict=True):
            try:
                while True:
                    got = getattr(one, take)(*([4096] if take == "recv" else []))
                    count += 1
                    if take == "accept":
                        got[0].close()
            except OSError:
                continue
        return count


class Impatient:
    """A sandbox that waits for seconds where a judge would wait for half a minute. And counts what it was asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    @property
    def level(self) -> Level:
        return self.sandbox.level

    def __enter__(self) -> Self:
        self.sandbox.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.sandbox.__exit__(*error)

    def run(self, job: bytes, limits: Limits) -> Outcome:
        return self.sandbox.run(job, replace(limits, wall_s=min(limits.wall_s, 6.5), cpu_s=min(limits.cpu_s, 2)))


@dataclass(frozen=True)
class Term:
    """What became of the class."""

    course: Course
    level: Level
    alone: dict[str, Graded]
    """The honest, graded with no attacker near."""
    together: dict[str, Graded]
    pages_alone: dict[str, bytes]
    pages: dict[str, bytes]
    """Everything in autograded/ of the honest, by path."""
    heard: int
    left: tuple[str, ...]
    """What was found afterwards that was not there before, in words."""
    warm: tuple[int, int]
    """The warm process's pid before and after."""

    def told(self, student: str) -> str:
        """Every word and every piece of HTML that the student's page shows beside the student's own text."""
        path = self.course.root / "autograded" / student / FOLDER / "attention.ipynb"
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"] if path.exists() else []
        shown = [output["data"] for cell in cells for output in cell.get("outputs", ())]
        return "\n".join("".join(text) for data in shown for text in data.values())


def grade_class(course: Course, attacks: Sequence[Attack], level: Level | None = None, jobs: int = 6) -> Term:
    """Grade the honest alone, then everybody, with the same warm process, several at a time."""
    unit = course.unit("attention")
    hand_in_honest(course)
    with Listener() as listener, temporary_files_in(course.root / "tmp") as room:
        with Judge.of_course(course, unit, Impatient(sandbox_of(unit.name, level))) as judge:
            alone = {one.student: one for one in grade_unit(course, unit, judge, jobs)}
            pages_alone = honest_pages(course)
            asked = public_inputs(unit) if any(a.name == "learnt-by-heart" for a in attacks) else ()
            for attack in attacks:
                hand_in(course, attack, listener.port, asked)
            before, warm = traces(course, judge.sandbox.sandbox), warm_pid(judge.sandbox.sandbox)
            together = {one.student: one for one in grade_unit(course, unit, judge, jobs)}
            after = traces(course, judge.sandbox.sandbox)
            warm = warm, warm_pid(judge.sandbox.sandbox)
        left = [*(after - before), *(f"{path} in the folder for temporary files" for path in os.listdir(room))]
        heard = listener.heard()
    return Term(
        course, judge.sandbox.level, alone, together, pages_alone, honest_pages(course), heard, tuple(left), warm
    )


@contextmanager
def temporary_files_in(room: Path) -> Iterator[Path]:
    room.mkdir()
    usual, tempfile.tempdir = tempfile.tempdir, str(room)
    try:
        yield room
    finally:
        tempfile.tempdir = usual


def honest_pages(course: Course) -> dict[str, bytes]:
    room = course.root / "autograded"
    return {
        str(path.relative_to(room)): path.read_bytes() for path in sorted(room.glob("*-honest/**/*")) if path.is_file()
    }


def warm_pid(sandbox: Sandbox) -> int:
    return sandbox._runner._process.pid


def traces(course: Course, sandbox: Sandbox) -> set[str]:
    """What a submission might leave behind, in words: files, processes, kernel objects, descriptors of ours."""
    lesson = {path.name for path in (course.root / "course" / FOLDER).iterdir()}
    found = {f"file {path}" for path in _files(course) if not _is_ours(path, lesson)}
    found |= {f"file {path}" for room in EVERYBODYS for path in Path(room).glob(f"*{MARK}*")}
    found |= {f"process {line}" for line in _descendants(warm_pid(sandbox))}
    for kind in ("shm", "msg", "sem"):
        lines = Path("/proc/sysvipc", kind).read_text(encoding="ascii").splitlines()[1:]
        found |= {f"System V {kind} {line.split()[1]}" for line in lines if line.split()[0] == str(0x4D49)}
    found.add(f"{len(os.listdir('/proc/self/fd'))} open descriptors")
    return found


def _files(course: Course) -> set[str]:
    return {str(path.relative_to(course.root)) for path in course.root.rglob("*") if not path.is_dir()}


def _is_ours(path: str, lesson: set[str]) -> bool:
    """What grading writes, and what was handed in."""
    room, *inside = Path(path).parts
    if room == "autograded":
        return len(inside) == 3 and inside[2] in {"timestamp.txt", *lesson}
    return room in ("submitted", ".autograder", "tmp") or path.startswith("gradebook.db")


def _descendants(pid: int) -> set[str]:
    """Every process below the warm one; it and bubblewrap's own are there before and after."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    children = map(int, path.read_text(encoding="ascii").split()) if path.exists() else ()
    return {str(pid)}.union(*map(_descendants, children))
