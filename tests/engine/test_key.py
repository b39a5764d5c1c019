"""A key: the same for the same sources, read back as written, and without a line of anybody's answer."""

import ast
import base64
import hashlib
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder import key as key_module
from autograder.course import Course, Unit
from autograder.errors import UsageError
from autograder.key import Key, load_public_key, read_key
from autograder.keymaker import make_key, make_public_key
from autograder.running import PUBLIC, seed_for
from autograder.source import answer_source
from autograder.variants import misconceptions_of
from reference.misconceptions import Misconception

COURSE = Course(Path(__file__).resolve().parents[2])
UNITS = pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)


@UNITS
def test_a_key_is_read_back_as_it_was_written(unit: Unit, whole_key: Callable[[str], Key]) -> None:
    key = whole_key(unit.name)
    assert read_key(key.to_json()) == key
    assert read_key(key.to_json()).to_json() == key.to_json()
    assert key.to_json().endswith("}\n")


TWICE = """
import hashlib, sys, torch
from pathlib import Path
from autograder.course import Course
from autograder.keymaker import make_key
course = Course(Path("."))
torch.manual_seed(123)
torch.rand(99)
for name in sys.argv[1:]:
    print(hashlib.sha256(make_key(course, course.unit(name), b"public", True).to_json().encode()).hexdigest())
"""


@pytest.mark.slow
def test_another_process_makes_the_same_bytes(run_python: Callable, whole_key: Callable[[str], Key]) -> None:
    names = ("bpe", "tokenizer", "attention")
    done = run_python(TWICE, *names, PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [hashlib.sha256(whole_key(n).to_json().encode()).hexdigest() for n in names]


def test_the_public_key_is_the_whole_one_without_the_hidden_probes(whole_key: Callable[[str], Key]) -> None:
    public = make_public_key(COURSE, COURSE.unit("attention"))
    assert not any(probe.hidden for exercise in public.exercises for probe in exercise.probes)
    for ours, all_of_it in zip(public.exercises, whole_key("attention").exercises, strict=True):
        assert ours.probes == tuple(probe for probe in all_of_it.probes if not probe.hidden)
        kept = slice(0, len(ours.probes))
        cut = tuple(replace(m, observations=m.observations[kept]) for m in all_of_it.misconceptions)
        assert ours == replace(all_of_it, probes=ours.probes, misconceptions=cut)


@UNITS
def test_every_exercise_has_a_hidden_probe_and_a_place_in_the_key(unit: Unit, whole_key: Callable[[str], Key]) -> None:
    key = whole_key(unit.name)
    assert [e.names for e in key.exercises] == [e.names for e in unit.exercises]
    assert [e.points for e in key.exercises] == [e.points for e in unit.exercises]
    for exercise in key.exercises:
        hidden = [probe.hidden for probe in exercise.probes]
        assert hidden == sorted(hidden)  # the public ones first: a key without the hidden ones is a beginning
        assert any(hidden) and not all(hidden)
        assert all(len(m.observations) == len(exercise.probes) for m in exercise.misconceptions)
        for probe in exercise.probes:
            assert probe.seed == seed_for(PUBLIC, unit.name, exercise.name, probe.name)


def test_a_secret_makes_another_key(whole_key: Callable[[str], Key]) -> None:
    public, secret = whole_key("attention"), make_key(COURSE, COURSE.unit("attention"), b"\x07" * 32, hidden=True)
    assert secret.digest != public.digest
    pairs = [
        (ours, theirs)
        for one, other in zip(public.exercises, secret.exercises, strict=True)
        for ours, theirs in zip(one.probes, other.probes, strict=True)
    ]
    assert all(ours.seed != theirs.seed for ours, theirs in pairs)
    assert [(p.name, p.sentence, p.tolerance, p.hidden) for p, _ in pairs] == [
        (p.name, p.sentence, p.tolerance, p.hidden) for _, p in pairs
    ]
    differing = [ours.name for ours, theirs in pairs if ours.expected != theirs.expected]
    assert "formula" in differing and len(differing) > len(pairs) / 2


def _statements(source: str) -> Iterator[str]:
    """Lines of function bodies, long enough to be somebody's own, without docstrings."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            for statement in node.body[ast.get_docstring(node) is not None :]:
                for line in lines[statement.lineno - 1 : statement.end_lineno]:
                    code = line.split("  #")[0].strip()
                    if len(code) > 24:
                        yield code


def _wrong(misconception: Misconception) -> Iterator[str]:
    yield from (new for new in (misconception.edit or {}).values() if len(new) > 24)
    wrong = misconception.wrong or ()
    for function in wrong if isinstance(wrong, tuple) else (wrong,):
        yield from _statements(textwrap.dedent(inspect.getsource(function)))


def _everything_in(key: Key) -> str:
    """The key's text, its observations as text too, without what it gives openly."""
    data = json.loads(replace(key, given={}).to_json())
    payloads = [probe["expected"] for e in data["exercises"] for probe in e["probes"]]
    payloads += [raw for e in data["exercises"] for m in e["misconceptions"] for raw in m["observations"] if raw]
    decoded = [base64.b64decode(raw).decode("utf-8", "replace") for raw in payloads]
    words = [m[field] for e in data["exercises"] for m in e["misconceptions"] for field in ("says", "ask", "show")]
    return "\n".join([json.dumps(data, ensure_ascii=False), *words, *decoded])


@UNITS
def test_a_key_holds_no_line_of_an_answer(unit: Unit, whole_key: Callable[[str], Key]) -> None:
    text = _everything_in(whole_key(unit.name))
    right = {line for e in unit.exercises for line in _statements(answer_source(COURSE, unit, e))}
    wrong = {line for m in misconceptions_of(unit) for line in _wrong(m)}
    assert len(right) > 5 and len(wrong) > 5
    assert [line for line in sorted(right | wrong) if line in text] == []


def test_what_is_given_is_said_openly(whole_key: Callable[[str], Key]) -> None:
    given = whole_key("attention").given
    assert list(given) == ["bigram"]
    assert "def softmax(" in given["bigram"]


@pytest.mark.parametrize("name", ["atention", "../attention", ""])
def test_an_unknown_unit_is_a_sentence(name: str) -> None:
    with pytest.raises(UsageError, match="there is no unit"):
        load_public_key(name)


def test_a_key_of_another_format_is_refused(whole_key: Callable[[str], Key]) -> None:
    old = whole_key("bpe").to_json().replace(f'"format": {key_module.FORMAT}', '"format": 0')
    with pytest.raises(UsageError, match="update the autograder package"):
        read_key(old)


def test_an_exercise_is_found_by_each_of_its_names(whole_key: Callable[[str], Key]) -> None:
    key = whole_key("training")
    assert key.exercise("load_checkpoint") is key.exercise("save_checkpoint")
    with pytest.raises(UsageError, match="'x' is no exercise of the unit 'training'; its exercises are train_step, "):
        key.exercise("x")
