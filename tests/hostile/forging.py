"""Scenarios 1 to 13: attacks on the result."""

from pathlib import Path

from nbformat import NotebookNode
from scenario import Attack, at_import, in_call

from autograder.submission import role_of


def skip_the_checks(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if role_of(cell) == "check":
            cell.metadata["tags"] = ["skip-execution", "raises-exception"]


def shadow_modules(folder: Path) -> None:
    fake = "check = hint = open_unit = lambda *a, **k: None\n"
    for name in ("autograder.py", "torch.py", "numpy.py", "random.py", "sitecustomize.py", "usercustomize.py"):
        (folder / name).write_text(fake if name == "autograder.py" else "raise SystemExit(0)\n", encoding="utf-8")
    (folder / "evil.pth").write_text("import os; os._exit(0)\n", encoding="utf-8")


def shadow_grader(folder: Path) -> None:
    (folder / "autograder.py").write_text(
        "import sys, types, torch\ncheck = hint = open_unit = lambda *a, **k: None\n"
        "m = sys.modules['mygpt'] = types.ModuleType('mygpt'); m.__path__ = []\n"
        "b = sys.modules['mygpt.bigram'] = types.ModuleType('mygpt.bigram'); b.softmax = torch.softmax\n",
        encoding="utf-8",
    )


def bring_conftest(folder: Path) -> None:
    (folder / "conftest.py").write_text(
        "def pytest_runtest_makereport(item, call):\n    call.excinfo = None\n", encoding="utf-8"
    )
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:autograder\n", encoding="utf-8")


SHELL = "try:\n    ip = get_ipython()\nexcept NameError:\n    ip = None\n"

FORGING = (
    Attack("skip-execution", (1,), "unchecked cells count in full", in_call("return None"), skip_the_checks),
    Attack(
        "displayhook",
        (2,),
        "the first number shown is the points",
        "import sys\nsys.displayhook(6)\nsys.displayhook = lambda *_: print(6)\n"
        + in_call("sys.displayhook(6)\nreturn 6"),
    ),
    Attack(
        "raw-result",
        (3,),
        "the front end hears of 6 points",
        in_call("""
ip = get_ipython()
told = {"data": {"text/plain": "6"}, "metadata": {}, "execution_count": 1}
ip.kernel.send_response(ip.kernel.iopub_socket, "execute_result", told)
return None"""),
    ),
    Attack(
        "input-transformer",
        (4,),
        "every later cell is `pass`",
        at_import(SHELL + "if ip: ip.input_transformers_cleanup.append(lambda lines: ['pass\\n'])"),
    ),
    Attack(
        "ast-transformer",
        (4,),
        "calls of check vanish",
        at_import(
            SHELL
            + """
import ast
class NoChecks(ast.NodeTransformer):
    def visit_Expr(self, node):
        return ast.Pass() if isinstance(node.value, ast.Call) else node
if ip: ip.ast_transformers.append(NoChecks())"""
        ),
    ),
    Attack(
        "other-run-cell",
        (5,),
        "nothing is executed any more, successfully",
        at_import(
            SHELL
            + """
async def nothing(*a, **k):
    from IPython.core.interactiveshell import ExecutionResult
    result = ExecutionResult(None)
    result.result = 6
    return result
if ip:
    ip.run_cell_async = nothing
    async def code_runs(*a, **k): return False
    ip.run_code = code_runs"""
        ),
    ),
    Attack(
        "equal-object",
        (6,),
        "it equals whatever is expected",
        in_call("""
class Equal:
    __eq__ = __ne__ = __lt__ = __le__ = __bool__ = lambda *a: True
    __float__ = lambda self: 1.0
    __index__ = __int__ = __len__ = lambda self: 1
    __hash__ = lambda self: 0
    __getattr__ = lambda self, name: self
    __call__ = lambda self, *a, **k: self
return Equal()"""),
    ),
    Attack(
        "array-protocol",
        (6,),
        "it becomes whatever array one asks for",
        in_call("""
import numpy as np
class Chameleon:
    def __array__(self, dtype=None, copy=None): return np.full((2, 5, 4), np.nan)
    def __array_ufunc__(self, *a, **k): return True
    def __array_function__(self, *a, **k): return True
    @classmethod
    def __torch_function__(cls, *a, **k): return True
return Chameleon()"""),
    ),
    Attack(
        "tensor-subclass",
        (7,),
        "every question about it is answered with yes",
        "import torch\n"
        + in_call("""
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None): return True
    def __eq__(self, other): return True
return torch.zeros(1).as_subclass(Liar)"""),
        hurts_itself=True,
    ),
    Attack(
        "lying-shape",
        (7,),
        "shape and dtype are as expected, the numbers are not there",
        in_call("""
import torch
class Shape(torch.Tensor):
    shape = property(lambda self: torch.Size((*q.shape[:-1], v.shape[-1])))
    dtype = property(lambda self: torch.float32)
    numel = lambda self: 1
    element_size = lambda self: 1
    allclose = equal = lambda self, *a, **k: True
return torch.zeros(1 << 22).as_subclass(Shape)"""),
    ),
    Attack(
        "patched-torch",
        (8,),
        "every comparison says yes",
        """
import torch, builtins, math, numpy, unittest
torch.allclose = torch.equal = torch.testing.assert_close = torch.isclose = lambda *a, **k: True
math.isclose = numpy.allclose = numpy.isclose = numpy.array_equal = lambda *a, **k: True
numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *a, **k: None
builtins.isinstance = builtins.all = lambda *a: True
builtins.abs = lambda x: 0.0
"""
        + in_call("return torch.zeros(1)"),
        hurts_itself=True,
    ),
    Attack(
        "patched-comparison",
        (8, 43),
        "the grader's own comparison says yes",
        """
import sys
import autograder.observation, autograder.running
def patch(name, **new):
    try:
        module = __import__("importlib").import_module(name)
    except ImportError:
        return
    for key, value in new.items():
        setattr(module, key, value)
patch("autograder.comparison", compare=lambda *a, **k: None)
patch("autograder.verdict", compare=lambda *a, **k: None)
"""
        + in_call("return None"),
    ),
    Attack(
        "patched-encoder",
        (8, 43),
        "whatever is seen is reported as True",
        """
import autograder.observation, autograder.running, autograder.runner
autograder.observation.encode = autograder.running.encode = lambda value: b'\\x0a\\0\\0\\0["bool",1]'
autograder.runner.encode = autograder.observation.encode
"""
        + in_call("return None"),
        hurts_itself=True,
    ),
    Attack(
        "patched-pytest",
        (9,),
        "tests pass whatever they find",
        at_import("""
import sys, types, unittest
unittest.TestCase.assertEqual = unittest.TestCase.assertTrue = lambda *a, **k: None
for name in ("pytest", "_pytest", "_pytest.assertion", "_pytest.runner"):
    sys.modules[name] = types.ModuleType(name)
for line in ("attention.ipynb::formula PASSED [100%]", "=== 60 passed in 0.10s ==="):
    print(line)
    print(line, file=sys.__stdout__, flush=True)"""),
    ),
    Attack("conftest", (9,), "pytest reads it first", in_call("return None"), place=bring_conftest),
    Attack(
        "fake-grader",
        (10,),
        "the name `check` means something else now",
        at_import("""
import sys, types
fake = types.ModuleType("autograder")
fake.check = fake.hint = fake.open_unit = lambda *a, **k: None
sys.modules["autograder"] = sys.modules["autograder.learner"] = fake
check = fake.check"""),
    ),
    Attack("shadow-modules", (10,), "`import torch` finds mine", in_call("return None"), place=shadow_modules),
    Attack(
        "shadow-grader", (10,), "`from autograder import check` finds mine", in_call("return None"), place=shadow_grader
    ),
    Attack(
        "late-writers",
        (11,),
        "the result is written once more, after the test",
        at_import("""
import atexit, os, threading, time, weakref, struct
def late(*_):
    for fd in range(3, 64):
        try:
            os.write(fd, b"F" + struct.pack("<I", 22) + bytes(4) + b"\\x0d\\0\\0\\0" + b'["bool",true]')
        except OSError:
            pass
class Last:
    def __del__(self): late()
keep, gone = Last(), Last()
weakref.finalize(gone, late)
atexit.register(late)
def again():
    while True:
        late()
        time.sleep(0.001)
threading.Thread(target=again, daemon=True).start()
del gone"""),
        hurts_itself=True,
    ),
    Attack("exit-in-time", (12,), "nobody is there to fail", in_call("import os\nos._exit(0)"), says="crashed"),
    Attack("system-exit", (12,), "the script ends well", in_call("raise SystemExit(0)"), says="SystemExit"),
    Attack(
        "kills-itself",
        (12,),
        "a test that died did not fail",
        in_call("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.kill(os.getpid(), signal.SIGSEGV)"),
    ),
    Attack(
        "keyboard-interrupt", (12,), "the grader's user stopped it", in_call("raise KeyboardInterrupt"), says="crashed"
    ),
    Attack(
        "result-then-loop",
        (13,),
        "the points are in; now the rest may wait",
        in_call("""
import os, signal, struct
signal.signal(signal.SIGALRM, signal.SIG_IGN)
for fd in range(3, 64):
    try:
        os.write(fd, b"F" + struct.pack("<I", 21) + bytes(4) + b"\\x0d\\0\\0\\0" + b'["bool",true]')
    except OSError:
        pass
while True: pass"""),
        endless=True,
        hurts_itself=True,
    ),
    Attack(
        "swallows-errors",
        (12,),
        "a test that cannot raise cannot fail",
        SHELL
        + "if ip: ip.set_custom_exc((BaseException,), lambda *a, **k: None); ip.showtraceback = lambda *a, **k: None\n"
        + in_call("raise ValueError"),
        says="ValueError",
    ),
)
