"""What the judge's child does with cells and a job. It reports; it never decides."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from autograder.key import Key
from autograder.magics import plain
from autograder.observation import Raised, decode
from autograder.runner import PLACE, run_cells
from autograder.source import answer_source


def run(*sources: str) -> tuple[dict, dict[str, Raised]]:
    return run_cells([{"name": f"c{i}", "source": source} for i, source in enumerate(sources)])


def test_cells_share_names_and_fail_alone() -> None:
    namespace, errors = run("x = 1", "y = x +", "z = 1 / 0", "import sys; sys.exit()", "w = x + 1")
    assert (namespace["x"], namespace["w"]) == (1, 2)
    assert errors == {
        "c1": Raised("SyntaxError", "invalid syntax", 1, "y = x +"),
        "c2": Raised("ZeroDivisionError", "division by zero", 1, "z = 1 / 0"),
        "c3": Raised("SystemExit", "", 1, "import sys; sys.exit()"),
    }


def test_an_endless_cell_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograder.runner.CELL_S", 0.1)
    namespace, errors = run("while True:\n    pass", "x = 1")
    assert (errors, namespace["x"]) == ({"c0": Raised("TimedOut")}, 1)


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if x:\n    !ls\n    y = 1", "if x:\n    pass\n    y = 1"),
        ("%%timeit\nx = 1", "pass\nx = 1"),
        ("%time x = f(3)\n%timeit f(3)", "x = f(3)\npass"),
        ("%%capture out\n%cd ..\ndef f():\n    return 1", "pass\npass\ndef f():\n    return 1"),
        ("files = !ls\nx = %timeit -o f()", "files = None\nx = None"),
        ("?print\nprint?\ntorch.nn??\nx = 1", "pass\npass\npass\nx = 1"),
        ("!pip install a \\\n  b \\\n  c\nx = 1", "pass\n\n\nx = 1"),
        ("!echo \"it's (\nx = 1", "pass\nx = 1"),
        ("!ls\ns = \"\"\"\n%d of all\n\"\"\"", "pass\ns = \"\"\"\n%d of all\n\"\"\""),
        ("x = (7\n     % 4)", "x = (7\n     % 4)"),
        ('s = """\n% of all\n"""', 's = """\n% of all\n"""'),
        ("x = ", "x = "),
    ],
)
def test_ipythons_own_lines_do_nothing_and_pythons_stay(source: str, python: str) -> None:
    assert plain(source) == python


def test_a_cell_may_wait_at_its_top() -> None:
    namespace, errors = run("import asyncio\nx = 1\nawait asyncio.sleep(0)\ny = 2", "z = 3", "await asyncio.sleep(9)")
    assert errors == {"c2": Raised("RuntimeError", "no running event loop", 1, "await asyncio.sleep(9)")}
    assert [namespace[name] for name in "xyz"] == [1, 2, 3]


def test_a_return_at_the_top_costs_its_own_cell_only() -> None:
    namespace, errors = run("x = 1\nreturn x", "y = 2")
    assert errors["c0"].type == "SyntaxError" and "outside function" in errors["c0"].message
    assert "x" not in namespace and namespace["y"] == 2


JOB = """
import sys
from autograder.runner import run_job
run_job(sys.argv[1].encode(), lambda frame: print(frame.hex()))
print("reference" in {name.split(".")[0] for name in sys.modules})
"""


SETUP = """import torch
from torch import Tensor
from mygpt.bigram import softmax
from autograder import check"""
BROKEN = {
    "split_heads": ("def split_heads(x, n_head) return x", Raised("SyntaxError", "expected ':'", 1)),
    "repeat_kv": ("check(causal_mask)\nraise ValueError('early')", Raised("ValueError", "early", 2)),
}


def test_a_job_sends_one_observation_for_each_probe(
    run_python: Callable, refuse: Callable, whole_key: Callable[[str], Key], course: object
) -> None:
    key, unit = whole_key("attention"), course.unit("attention")
    exercises = [key.exercise(name) for name in ("causal_mask", "split_heads", "merge_heads", "repeat_kv")]
    right = {name: answer_source(course, unit, unit.exercise(name)) for name in ("causal_mask", "merge_heads")}
    order = {
        "unit": "attention",
        "given": key.given,
        "hidden": (course.root / "solutions" / unit.folder / "hidden.py").read_text(encoding="utf-8"),
        "cells": [
            {"name": "setup-0", "source": SETUP},
            {"name": "causal_mask", "source": right["causal_mask"]},
            *({"name": name, "source": source} for name, (source, _) in BROKEN.items()),
        ],
        "stand_ins": [right["merge_heads"]],
        "exercises": [
            {"names": e.names, "seconds": e.seconds, "probes": [[p.name, p.seed] for p in e.probes]} for e in exercises
        ],
    }
    done = run_python(refuse("reference") + JOB, json.dumps(order))
    assert done.returncode == 0, done.stderr
    *frames, holds_reference = done.stdout.split()
    assert holds_reference == "False"
    seen = {PLACE.unpack(raw[:4]): raw[4:] for raw in map(bytes.fromhex, frames)}
    assert list(seen) == [(e, p) for e, exercise in enumerate(exercises) for p in range(len(exercise.probes))]
    for place, exercise in enumerate(exercises):
        got = [seen[place, number] for number in range(len(exercise.probes))]
        if exercise.name in right:
            assert got == [probe.expected for probe in exercise.probes]
        else:
            source, raised = BROKEN[exercise.name]
            assert {decode(raw) for raw in got} == {replace(raised, text=source.splitlines()[-1])}
