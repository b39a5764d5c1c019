"""`kill -9` of `autograder grade`, again and again: `python kill_grading.py FOLDER --kills 300 --seed 1`.

A class of eight is graded without disturbance first. Then in one copy of the course after the other the same grading is
killed several times, and given once more; the gradebook, the folders and the results must be those of the undisturbed
run, and nothing may be left over. Graders are forked from a process that has imported everything, which is all that is
spared: each starts its own sandbox. Half of them are killed at a random moment of time, the other half before a random
one of the files that they write and statements that they send, which is where a moment of time seldom falls. Half of
the former take what the grader has started with it; else that has to notice.
"""

import argparse
import ctypes
import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from graded_class import UNIT, hand_in, make_course, outcome, unsound, untrue
from sqlalchemy import event
from sqlalchemy.engine import Engine

from autograder import cli, grading
from autograder.sandbox.trial import best_level

KILLS_A_COURSE = 13
STARTS = ("nothing", "key", "key and memory", "graded before", "graded before")
"""What a course has before its first grader starts, besides the class, in turn. The more it has, the less time passes
before there is something to write. Graded before, everybody had handed in nothing: each grade changes, with a line in
the log."""
WRITES = ("os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir", "subprocess.Popen", "shutil.rmtree")
PATIENCE_S = 30.0
ENOUGH = 5  # findings
PR_SET_CHILD_SUBREAPER = 36


# Graders and their ends.


@dataclass
class Ends:
    """How graders ended, and what was found wrong."""

    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    @property
    def num_killed(self) -> int:
        return self.kinds["time"] + self.kinds["event"]


def start(course: Path, die_at: int = 0) -> int:
    """A child that is `autograder grade`; it kills itself before its `die_at`-th event, or says how many there were."""
    pid = os.fork()
    if pid:
        return pid
    code = 3
    try:
        os.setsid()
        said = os.open(course / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        seen = count_events(die_at)
        try:
            cli.main(["--root", str(course), "grade", UNIT, "--jobs", "2"])
        except SystemExit as end:
            code = int(end.code or 0)
        os.write(1, b"\n%d" % seen[0])
    finally:
        os._exit(code)


def count_events(die_at: int) -> list[int]:
    """Count files that are written and statements that are sent from here on; die before one of them."""
    seen = [0]

    def one_more(*_: object) -> None:
        seen[0] += 1
        if seen[0] == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(name: str, arguments: tuple) -> None:
        writing = name == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writing or name in WRITES:
            one_more()

    sys.addaudithook(heard)
    for moment in ("before_cursor_execute", "commit", "rollback"):
        event.listen(Engine, moment, one_more)
    return seen


def descendants(pid: int) -> list[int]:
    """Processes that a process started, and theirs."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
        except OSError:
            continue
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found[1:]


def kill(pid: int, with_children: bool) -> None:
    for one in [*(descendants(pid) if with_children else []), pid]:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_for_all(ends: Ends) -> None:
    """Orphans come to us; each has to end by itself."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
        except ChildProcessError:
            return
    left = descendants(os.getpid())
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200] for pid in left]
    ends.findings.append(f"still running after {PATIENCE_S:.0f} s: {lines}")
    kill(os.getpid(), with_children=True)


@dataclass
class Length:
    """How long a grading takes."""

    seconds: float
    events: int


def grade_whole(course: Path, ends: Ends) -> Length:
    """Grade without disturbance; gil's submission needs a person, so the exit code is 1."""
    began = time.monotonic()
    _, status = os.waitpid(start(course), 0)
    took = time.monotonic() - began
    *said, num_events = (course / "said").read_text(encoding="utf-8").rsplit("\n", 1)
    if (code := os.waitstatus_to_exitcode(status)) != 1:
        ends.findings.append(f"{course.name}: exit code {code}: {said[0][-1000:] if said else num_events}")
    wait_for_all(ends)
    return Length(took, int(num_events) if num_events.isdigit() else 1)


def kill_once(course: Path, random_: random.Random, length: Length, ends: Ends) -> None:
    with_children = random_.random() < 0.5
    if random_.random() < 0.5:
        pid, kind = start(course, die_at=random_.randint(1, length.events)), "event"
    else:
        pid, kind = start(course), "time"
        deadline = time.monotonic() + random_.uniform(0, length.seconds)
        while time.monotonic() < deadline and os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            time.sleep(0.002)
        kill(pid, with_children)
    _, status = os.waitpid(pid, 0)
    ends.kinds[kind if os.WIFSIGNALED(status) else "came too late"] += 1
    wait_for_all(ends)


# All of it.


class Killing:
    """Courses to kill graders in, and the undisturbed run that they are compared with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ends = folder, Ends()
        self.blank = make_course(folder / "class").root
        self.whole = self.new_course("whole", "nothing")
        long = grade_whole(self.whole, self.ends)
        self.expected = outcome(self.whole)
        self.check(self.whole)
        again = self.new_course("again", "key and memory")
        short = grade_whole(again, self.ends)
        self.check(again)
        self.lengths = {"nothing": long, "key": Length(long.seconds / 2, long.events), "key and memory": short}
        self.lengths["registered"] = grade_whole(again, self.ends)
        self.before = self.new_course("before", "key and memory")
        for folder in (self.before / "submitted").iterdir():
            if folder.name != "gil":
                hand_in(self.before, folder.name, as_="cy")
        grade_whole(self.before, self.ends)

    def new_course(self, name: str, state: str) -> Path:
        course = self.folder / name
        if state == "graded before":
            shutil.copytree(self.before, course)
            shutil.rmtree(course / "submitted")
            shutil.copytree(self.blank / "submitted", course / "submitted")
        else:
            shutil.copytree(self.blank, course)
        for room in () if state == "nothing" else ("keys", "memory")[: 2 - (state == "key")]:
            shutil.copytree(self.whole / ".autograder" / room, course / ".autograder" / room, dirs_exist_ok=True)
        if state != "nothing":
            shutil.copyfile(self.whole / ".autograder" / "secret", course / ".autograder" / "secret")
        return course

    def check(self, course: Path, graded_before: bool = False) -> None:
        found = outcome(course)
        others = [part for part, expected in self.expected.items() if found[part] != expected]
        self.ends.findings += [f"{course.name}: other {part} than undisturbed" for part in others]
        self.ends.findings += [f"{course.name}: {what}" for what in unsound(course)]
        self.ends.findings += [f"{course.name}: {what}" for what in untrue(course, graded_before)]

    def state_of(self, course: Path) -> str:
        """What the next grader finds, which says how long it will take."""
        memories = [len(list((one / ".autograder" / "memory").rglob("*/*/*"))) for one in (course, self.whole)]
        if memories[0] >= memories[1]:
            return "registered" if (course / "gradebook.db").exists() else "key and memory"
        return "key" if list((course / ".autograder").glob("keys/*.json")) else "nothing"

    def kill_in(self, number: int, num_kills: int, random_: random.Random) -> None:
        state = STARTS[number % len(STARTS)]
        course = self.new_course(f"killed-{number}", state)
        for _ in range(num_kills):
            kill_once(course, random_, self.lengths[self.state_of(course)], self.ends)
        grade_whole(course, self.ends)
        before = len(self.ends.findings)
        self.check(course, state == "graded before")
        if len(self.ends.findings) == before:
            shutil.rmtree(course)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    assert grading.run_grading  # imported here, not in every child
    best_level()  # found out once, as for all of an application's sandboxes
    killing, random_, number = Killing(asked.folder.resolve()), random.Random(asked.seed), 0
    while killing.ends.num_killed < asked.kills and len(killing.ends.findings) < ENOUGH:
        killing.kill_in(number, min(KILLS_A_COURSE, asked.kills - killing.ends.num_killed), random_)
        number += 1
        print(f"{number} courses, {killing.ends}", file=sys.stderr, flush=True)
    ends = killing.ends
    lengths = {state: (round(length.seconds, 1), length.events) for state, length in killing.lengths.items()}
    told = {"killed": ends.num_killed, "ends": ends.kinds, "courses": number, "lengths": lengths}
    print(json.dumps({**told, "findings": ends.findings}))


if __name__ == "__main__":
    main()
