"""What runs in the judge's confined child: a student's cells, then the probes. It reports, it never decides.

A job is JSON; it holds the cells to run, the modules `mygpt` may import (end to end also the student's `own`), the
stand-ins for exercises that were wrong already, the source of hidden probes, and a seed for each probe. It holds no
expected value and no reference of what is being judged. Every frame sent back is one observation; the first for its
place wins. A job that has nothing judged may ask which names its cells define (`asked`).
"""

import ast
import builtins
import contextlib
import importlib
import json
import linecache
import os
import struct
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import autograder
from autograder import served
from autograder.magics import plain
from autograder.observation import Raised, encode
from autograder.probes import Probe, probes_in
from autograder.running import TimedOut, describe_error, implementation_of, observe, stop_after

PLACE = struct.Struct("<HH")  # exercise, probe
CELL_S = 5.0  # defining a function takes no time


def run_job(job: bytes, send: Callable[[bytes], None]) -> None:
    """Run one submission's cells and probes; send each observation as it is made."""
    order = json.loads(job)
    probes = _load_probes(order["unit"], order["hidden"])
    for name in autograder.__all__:  # a cell may call them; here they have nothing to say
        setattr(autograder, name, lambda *_, **__: None)
    _answer_politely()
    served.serve(order["given"])
    for name, earlier in order.get("own", {}).items():
        _build_own(f"mygpt.{name}", earlier)
    namespace, errors = run_cells(order["cells"])
    for place, names in enumerate(order.get("asked", ())):
        send(PLACE.pack(place, 0) + encode(errors.get(names[0]) or all(name in namespace for name in names)))
    for source in order["stand_ins"]:
        exec(source, namespace)
    for place, exercise in enumerate(order["exercises"]):
        for number, observation in enumerate(_observe_exercise(exercise, probes, namespace, errors)):
            send(PLACE.pack(place, number) + observation)


def run_cells(
    cells: list[dict[str, str]], module: types.ModuleType | None = None
) -> tuple[dict[str, Any], dict[str, Raised]]:
    """Execute cells in order, each on its own: one that fails leaves the others their chance."""
    module = module or types.ModuleType("__main__")
    errors: dict[str, Raised] = {}
    for cell in cells:
        filename, source = f"<answer {cell['name']}>".replace("<answer carried", "<carried"), cell["source"]
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        try:
            with stop_after(CELL_S):
                _finish(eval(_compile(source, filename), module.__dict__))
        except TimedOut:
            errors[cell["name"]] = Raised("TimedOut")
        except BaseException as error:
            errors[cell["name"]] = describe_error(error)
    return module.__dict__, errors


def _finish(waiting: types.CoroutineType | None) -> None:
    """A cell that says `await` is a coroutine. No event loop is allowed in here, so only what need not wait goes on."""
    with contextlib.suppress(StopIteration):
        while waiting is not None:
            waiting.send(None)


def _build_own(name: str, earlier: dict[str, Any]) -> None:
    """A module of `mygpt` from a student's cells; what they do not define is the course's."""
    module = sys.modules[name] = types.ModuleType(name)
    run_cells(earlier["cells"], module)
    for names, source in earlier["rest"]:
        if not all(one in vars(module) for one in names):
            exec(source, vars(module))


def _compile(source: str, filename: str) -> types.CodeType:
    """Nearly every cell is Python as it is, so it is read once; what is not is read again without IPython's lines."""
    try:
        return compile(source, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return compile(plain(source), filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


class _Silence:
    """Stands for IPython where there is none: whatever is asked of it, it does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


def _answer_politely() -> None:
    """What a cell may call in a notebook, and would stop at here: nobody types, no window opens, nothing is shown."""
    silence = _Silence()
    builtins.input = lambda *_: ""
    builtins.get_ipython = lambda: silence
    builtins.display = lambda *_, **__: None
    os.environ.setdefault("MPLBACKEND", "agg")


def _observe_exercise(
    exercise: dict[str, Any], probes: dict[tuple[str, str], Probe], namespace: dict[str, Any], errors: dict[str, Raised]
) -> Iterator[bytes]:
    name, *_ = names = exercise["names"]
    if missing := [n for n in names if n not in namespace]:
        raised = errors.get(name) or Raised("NotDefined", missing[0])
        yield from (encode(raised) for _ in exercise["probes"])
        return
    chosen = [(probes[name, probe], seed) for probe, seed in exercise["probes"]]
    yield from observe(chosen, implementation_of(names, namespace), exercise["seconds"])


def _load_probes(unit: str, hidden: str) -> dict[tuple[str, str], Probe]:
    modules = [importlib.import_module(f"autograder.checks.{unit}")]
    if hidden:
        module = types.ModuleType("hidden")
        exec(compile(hidden, "<hidden>", "exec"), module.__dict__)
        modules.append(module)
    return {(p.exercise, p.name): p for module in modules for group in probes_in(module).values() for p in group}
