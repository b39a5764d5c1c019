"""What a student might hand in for `scaled_dot_product_attention` instead of an answer. None deserves a point."""

SIGNATURE = "def scaled_dot_product_attention(q, k, v, mask=None):\n"


def _in_call(body: str) -> str:
    return SIGNATURE + "".join(f"    {line}\n" for line in body.strip("\n").split("\n"))


ATTACKS = {
    # forging results
    "displayhook": "import sys\nsys.displayhook(6)\nsys.displayhook = lambda *_: print(6)\n" + _in_call("return 6"),
    "always-equal": """
import torch, builtins, math
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True
    def __eq__(self, other): return True
torch.allclose = torch.equal = torch.testing.assert_close = math.isclose = lambda *a, **k: True
builtins.isinstance = lambda *a: True
"""
    + _in_call("return torch.zeros(1).as_subclass(Liar)"),
    "patched-encoder": """
import autograder.observation, autograder.running, autograder.runner, autograder.comparison
autograder.comparison.compare = lambda *a, **k: None
autograder.observation.encode = autograder.running.encode = lambda value: b'\\x0a\\0\\0\\0["bool",1]'
"""
    + _in_call("return None"),
    "forged-frames": """
import sys, struct
def search():
    frame = sys._getframe()
    while frame:
        send = frame.f_locals.get("send")
        if callable(send):
            for exercise in range(6):
                for probe in range(20):
                    send(struct.pack("<HH", exercise, probe) + b"\\x0c\\0\\0\\0" + b'["bool",true]')
        frame = frame.f_back
search()
"""
    + _in_call("return None"),
    "every-descriptor": """
import os
for fd in range(3, 256):
    try:
        os.write(fd, b'{"points": 6}\\n' * 1000)
    except OSError:
        pass
"""
    + _in_call("return None"),
    "exit-in-time": _in_call("import os\nos._exit(0)"),
    "system-exit": _in_call("raise SystemExit(0)"),
    "not-a-number": _in_call("import torch\nreturn torch.full((2, 5, 4), float('nan'))"),
    "huge-answer": _in_call("import torch\nreturn torch.zeros(1 << 26)"),
    "nested-answer": _in_call("a = []\nfor _ in range(100000): a = [a]\nreturn a"),
    # stealing
    "import-reference": """
import sys
sys.path[:0] = ["/", ".", "..", "../..", "/work", "/home"]
"""
    + _in_call("from reference.attention import scaled_dot_product_attention as f\nreturn f(q, k, v, mask)"),
    "search-the-memory": """
import gc, sys, types
def rob():
    for item in gc.get_objects():
        if isinstance(item, types.FunctionType) and item.__name__ == "scaled_dot_product_attention":
            if item.__globals__ is not globals():
                return item
        if isinstance(item, dict) and "expected" in item:
            return item
    return None
"""
    + _in_call("return rob()(q, k, v, mask)"),
    "read-the-disk": """
from pathlib import Path
def rob():
    for root in ("/work", "/home", "/root", "/tmp", "/proc/1", "/etc"):
        try:
            for path in Path(root).rglob("*"):
                if path.name in ("secret", "hidden.py", "gradebook.db", "shadow", "environ"):
                    return path.read_bytes()
        except OSError:
            continue
    raise LookupError
"""
    + _in_call("return rob()"),
    "library-calls-home": _in_call(
        "import urllib.request\nreturn urllib.request.urlopen('http://127.0.0.1:80', timeout=1).read()"
    ),
    # harm
    "infinite-loop": _in_call("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
    "loop-at-import": "while True:\n    pass\n",
    "eight-gigabytes": _in_call("import torch\nreturn torch.ones(8 << 30, dtype=torch.uint8)"),
    "fork-bomb": _in_call("import os\nwhile True:\n    os.fork()"),
    "daemon": _in_call("import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(3600)"),
    "kill-everybody": _in_call("import os, signal\nos.kill(-1, signal.SIGKILL)\nos.kill(os.getppid(), signal.SIGKILL)"),
    "fill-the-disk": _in_call("with open('f', 'wb') as f:\n    while True:\n        f.write(bytes(1 << 20))"),
    "print-without-end": _in_call("import os\nwhile True:\n    os.write(1, b'x' * 65536)"),
    "thread-bomb": _in_call(
        "import threading, time\nwhile True:\n    threading.Thread(target=time.sleep, args=(60,)).start()"
    ),
    "write-outside": _in_call(
        "from pathlib import Path\nfor p in Path('/').rglob('*.ipynb'):\n    p.write_text('')\nreturn None"
    ),
    "break-torch": "import torch\ntorch.set_default_dtype(torch.float64)\ntorch.matmul = None\n"
    + _in_call("return None"),
}
