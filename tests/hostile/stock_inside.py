"""Runs inside the bubble of stock.py, from the standard library alone: nbgrader as nobody, and a look around after it.

Prints one line of JSON. This process stays another user where it can, so that what students wrote cannot forge it.
"""

import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

COURSE, NOBODY = Path("/grader/course"), 61_999
TARGET = "attention-scaled_dot_product_attention"
PASSWORD = "HIDDEN-password-of-the-grader"
LIMITS = {resource.RLIMIT_AS: 4 << 30, resource.RLIMIT_NPROC: 200, resource.RLIMIT_FSIZE: 256 << 20}
LIMITS |= {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: 100}
OURS = ("autograded/", "gradebook.db", ".nbgrader.log", "submitted/", ".autograder/")
SCORES = """
    select student_id, base_cell.name, coalesce(manual_score, auto_score) from grade
    join base_cell on base_cell.id = grade.cell_id
    join submitted_notebook on submitted_notebook.id = grade.notebook_id
    join submitted_assignment on submitted_assignment.id = submitted_notebook.assignment_id"""


def main() -> None:
    order = json.loads(sys.argv[1])
    Path("/grader/home").mkdir()
    shutil.copytree("/template", COURSE, symlinks=True)
    before = contents()
    tcp, udp = listen(order["port"])
    finished = run_nbgrader(order["seconds"])
    time.sleep(0.5)
    left = [f"process: {line}" for line in survivors()]
    heard = hear(tcp, udp)
    if heard is not None:
        left.append("a connection was made")
    left += changes(before, contents())
    leaked = {
        name: leaks(name, order["canary"], (heard or b"").decode(errors="replace")) for name in order["attackers"]
    }
    report = {"points": scores(), "finished": finished, "left": left, "leaked": leaked}
    print("\n" + json.dumps(report), flush=True)


def run_nbgrader(seconds: float) -> bool:
    """Autograde everybody; whether it ended by itself and well."""
    become_nobody_may(COURSE, Path("/grader/home"))
    program = Path(sys.prefix, "bin")
    environment = {
        "PATH": f"{program}:/usr/bin:/bin",
        "HOME": "/grader/home",
        "PYTHONPATH": "/engine",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GRADER_PASSWORD": PASSWORD,
        "OMP_NUM_THREADS": "1",
        "LANG": "C.UTF-8",
        "USER": "grader",
    }
    command = [str(program / "nbgrader"), "autograde", "06-attention"]
    with open("/grader/log", "wb") as log:
        process = subprocess.Popen(
            command, cwd=COURSE, env=environment, stdout=log, stderr=log, preexec_fn=lock_in, start_new_session=True
        )
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return False


def become_nobody_may(*folders: Path) -> None:
    if os.geteuid() == 0:
        for folder in folders:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def lock_in() -> None:
    for kind, value in LIMITS.items():
        resource.setrlimit(kind, (value, value))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def listen(port: int) -> tuple[socket.socket, socket.socket]:
    tcp, udp = socket.create_server(("127.0.0.1", port)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    for one in (tcp, udp):
        one.setblocking(False)
    return tcp, udp


def hear(tcp: socket.socket, udp: socket.socket) -> bytes | None:
    """What was said by whoever connected; None where nobody did."""
    heard = None
    try:
        while True:
            line, _ = tcp.accept()
            heard = heard or b""
            line.settimeout(0.2)
            heard += line.recv(4096)
    except OSError:
        pass
    try:
        return (heard or b"") + udp.recv(4096)
    except OSError:
        return heard


def survivors() -> list[str]:
    """Command lines of processes that are still there."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if int(folder.name) not in (1, os.getpid()) and line and "/inside.py" not in line:
            found.append(line[:60])
    return sorted(set(found))


def contents() -> dict[str, int]:
    found = {}
    for room in ("/grader", "/tmp", "/dev/shm", "/run", "/var/tmp"):
        for folder, _, names in os.walk(room):
            for name in names:
                path = os.path.join(folder, name)
                found[path] = os.lstat(path).st_size
                if len(found) > 20_000:
                    return found
    return found


def changes(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Files that came, went or changed where grading has no business, in a few words."""
    said = set()
    for path in before.keys() | after.keys():
        inside = path.removeprefix(f"{COURSE}/")
        if path.startswith("/grader/home/") or path == "/grader/log" or before.get(path) == after.get(path):
            continue
        if re.match(r"/tmp/(tmp|torchinductor|matplotlib|kernel|pymp)", path):  # of Python, torch and the kernel
            continue
        if inside == path:
            said.add(f"file {path}"[:60])
        elif not inside.startswith(OURS):
            said.add(f"file {inside}"[:60])
        elif path not in after:
            said.add(f"{inside.split('/')[0]}: files are gone")
        elif inside.startswith("autograded/") and "/mygpt/" not in inside and not handed_in(inside):
            said.add(f"files {'/'.join(inside.split('/')[3:])} in autograded/"[:60])
    return sorted(said)[:5]


def handed_in(inside: str) -> bool:
    """Does a file in autograded/ come from the submission or from the lesson?"""
    _, student, unit, *rest = inside.split("/")
    return any(Path(COURSE, room, unit, *rest).exists() for room in (f"submitted/{student}", "course", "solutions"))


def leaks(attacker: str, canary: str, heard: str) -> list[str]:
    """What the attacker's page or the listener knows that it should not."""
    told = heard
    for path in (COURSE / "autograded" / attacker).rglob("*.ipynb"):
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (ValueError, OSError):
            continue
        told += json.dumps([cell.get("outputs", []) for cell in cells])
    known = {"the environment": PASSWORD, "another's work": canary, "the solutions": "masked_fill(~mask"}
    secret = COURSE / ".autograder" / "secret"
    if secret.is_file():
        known["the secret"] = secret.read_bytes().hex()[:16]
    if "<script>" in told or "onerror=" in told:
        known["a script for the reader"] = ""
    return [name for name, text in known.items() if text in told]


def scores() -> dict[str, dict[str, float | None]]:
    """Of every student that was graded: the attacked exercise, and all."""
    found: dict[str, dict[str, float | None]] = {}
    try:
        rows = sqlite3.connect(COURSE / "gradebook.db").execute(SCORES).fetchall()
    except sqlite3.Error:
        return {}
    for student, cell, score in rows:
        one = found.setdefault(student, {"target": None, "all": None})
        if cell == TARGET:
            one["target"] = score
        if score is not None:
            one["all"] = (one["all"] or 0) + score
    return found


if __name__ == "__main__":
    main()
