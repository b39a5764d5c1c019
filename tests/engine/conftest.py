"""Small keys from plain values, and a Python of its own for what a process must not have imported."""

import linecache
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from playground import CHARS, make_playground, tiny_gpt

from autograder import served
from autograder.comparison import Tolerance
from autograder.course import Course
from autograder.key import Key, KeyExercise, KeyMisconception, KeyProbe
from autograder.keymaker import make_key
from autograder.observation import decode, encode
from autograder.play.player import Player
from autograder.running import PUBLIC
from autograder.verdict import Outcome, Verdict, judge_exercise

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"v": "value", "p": "property"}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def course() -> Course:
    return Course(ROOT)


@pytest.fixture(scope="session")
def whole_key(course: Course) -> Callable[[str], Key]:
    """A unit's key on public seeds, hidden probes included; made once."""
    return cache(lambda unit: make_key(course, course.unit(unit), PUBLIC, hidden=True))


@pytest.fixture(scope="session")
def seen() -> Callable[[Any], Any]:
    """A value as it arrives on the other side."""
    return lambda value: decode(encode(value))


@pytest.fixture(scope="session")
def make_exercise() -> Callable[..., KeyExercise]:
    """`make_exercise(1.0, True, kinds="vp", wrong={"doubled/units": (2.0, True)})`: a key's exercise `f`, 6 points.

    A mistake's family stands behind its name's slash.
    """

    def make(
        *expected: Any,
        kinds: str = "",
        weights: tuple[int, ...] = (),
        wrong: Mapping[str, tuple] | None = None,
        points: int = 6,
        companions: tuple[str, ...] = (),
    ) -> KeyExercise:
        probes = tuple(
            KeyProbe(
                name=f"p{i}",
                sentence=f"property {i} holds",
                ask=f"what about {i}?",
                kind=KINDS[(kinds or "v" * len(expected))[i]],
                weight=(weights or (1,) * len(expected))[i],
                hidden=False,
                seed=i,
                tolerance=Tolerance(),
                expected=encode(value),
            )
            for i, value in enumerate(expected)
        )
        misconceptions = []
        for full_name, values in (wrong or {}).items():
            name, _, family = full_name.partition("/")
            words = (f"you have {name}.", f"why {name}?", f"try {name}")
            misconceptions.append(KeyMisconception(name, *words, family, tuple(encode(value) for value in values)))
        return KeyExercise("f", companions, points, False, 5.0, (), probes, tuple(misconceptions))

    return make


@pytest.fixture(scope="session")
def answer() -> Callable[..., Any]:
    """Run the text of an answer cell and return what it defines as `f`, known to tracebacks as in a notebook."""

    def run(source: str, name: str = "f") -> Any:
        filename, namespace = f"<answer {name}>", {}
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        exec(compile(source, filename, "exec"), namespace)
        return namespace[name]

    return run


@pytest.fixture(scope="session")
def judge() -> Callable[..., Verdict]:
    """The verdict on plain values."""

    def judge(exercise: KeyExercise, *values: Any, ended: Outcome | None = None, detail: str = "") -> Verdict:
        return judge_exercise(exercise, [encode(value) for value in values], ended, detail)

    return judge


@pytest.fixture(scope="session")
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run code in a Python of its own, at the course's root, and return it finished."""

    def run(code: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        command = [sys.executable, "-c", code, *args]
        return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=120)

    return run


@pytest.fixture(scope="session")
def refuse() -> Callable[[str], str]:
    """Code after which a package cannot be imported: `refuse("reference")`."""
    hook = "import sys; sys.meta_path.insert(0, type('No', (), {{'find_spec': staticmethod({function})}}))\n"
    function = "lambda name, *_: exec('raise ImportError(name)') if name.split('.')[0] == {package!r} else None"
    return lambda package: hook.format(function=function.format(package=package))


@pytest.fixture(scope="session")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a whole `mygpt` and two tiny models."""
    folder = tmp_path_factory.mktemp("playground")
    make_playground(folder)
    return folder


@pytest.fixture
def at_home(playground: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In that workspace, with its `mygpt` importable, and nothing of it left afterwards."""
    monkeypatch.chdir(playground)
    monkeypatch.setattr(sys, "path", [str(playground), *sys.path])
    served.forget()
    yield
    served.forget()


@pytest.fixture
def player(at_home: None) -> Player:
    """A tiny model of characters, which began with "abc"."""
    player = Player(tiny_gpt(CHARS), CHARS, seed=1)
    player.begin("abc")
    return player
