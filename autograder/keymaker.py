"""Make keys: what the reference and every misconception give for each probe, on one seed per probe.

The public key ships; a judge's key is made from the course's secret, with the hidden probes (see `vault`). Both are
functions of the sources and the secret alone: `digest` tells when to make one anew.
"""

import importlib
import json
import sys
import types
from pathlib import Path
from typing import Any

import torch

from autograder.course import Course, Exercise, Unit
from autograder.errors import AuthorError
from autograder.key import KEYS, Key, KeyExercise, KeyMisconception, KeyProbe
from autograder.lending import given_sources
from autograder.probes import Probe, probes_in
from autograder.running import PUBLIC, observe, seed_for
from autograder.source import preamble, prerequisites
from autograder.variants import implement, misconception_source, misconceptions_of, reference_implementation
from autograder.vault import course_secret, hidden_source, source_digest, write_private


def make_public_key(course: Course, unit: Unit) -> Key:
    return make_key(course, unit, PUBLIC, hidden=False)


def make_key(course: Course, unit: Unit, secret: bytes, hidden: bool) -> Key:
    """Run every probe on the reference and on every misconception of the unit."""
    torch.set_num_threads(1)
    probes = load_probes(course, unit, hidden)
    return Key(
        unit=unit.name,
        folder=unit.folder,
        title=unit.title,
        scoring=course.scoring,
        digest=source_digest(course, unit, secret, hidden),
        given=given_sources(course, unit),
        preamble=preamble(course, unit),
        exercises=tuple(_make_exercise(course, unit, e, probes.get(e.name, ()), secret) for e in unit.exercises),
        from_scratch=course.from_scratch,
    )


def load_probes(course: Course, unit: Unit, hidden: bool) -> dict[str, tuple[tuple[Probe, bool], ...]]:
    """An exercise's probes, each with whether it is hidden: the public ones first."""
    found = {
        name: tuple((probe, False) for probe in group)
        for name, group in probes_in(importlib.import_module(f"autograder.checks.{unit.name}")).items()
    }
    if hidden and (source := hidden_source(course, unit)):
        module = types.ModuleType("hidden")
        exec(compile(source, f"{unit.folder}/hidden.py", "exec"), module.__dict__)
        for name, group in probes_in(module).items():
            found[name] = found.get(name, ()) + tuple((probe, True) for probe in group)
    known = {exercise.name for exercise in unit.exercises}
    if strangers := sorted(set(found) - known):
        raise AuthorError(f"autograder/checks/{unit.name}.py probes {strangers[0]!r}, which course.toml does not list")
    for name, group in found.items():
        names = [probe.name for probe, _ in group]
        if twice := [n for n in names if names.count(n) > 1]:
            raise AuthorError(f"{unit.folder}/hidden.py: {name} has a public probe {twice[0]!r}; take another name")
    return found


def _make_exercise(
    course: Course, unit: Unit, exercise: Exercise, probes: tuple[tuple[Probe, bool], ...], secret: bytes
) -> KeyExercise:
    if not probes:
        raise AuthorError(f"autograder/checks/{unit.name}.py has no probe of {exercise.name}")
    seeded = [(probe, seed_for(secret, unit.name, exercise.name, probe.name)) for probe, _ in probes]
    expected = list(observe(seeded, reference_implementation(unit, exercise), 60.0))
    key_probes = tuple(
        KeyProbe(p.name, p.sentence, p.ask, p.kind, p.weight, hidden, seed, p.tolerance, seen)
        for (p, hidden), (_, seed), seen in zip(probes, seeded, expected, strict=True)
    )
    return KeyExercise(
        name=exercise.name,
        companions=exercise.companions,
        points=exercise.points,
        stretch=exercise.stretch,
        seconds=exercise.seconds,
        needs=prerequisites(course, unit, exercise),
        probes=key_probes,
        misconceptions=tuple(
            _make_misconception(course, unit, exercise, m, seeded) for m in misconceptions_of(unit, exercise)
        ),
        forbids=exercise.forbids,
    )


def _make_misconception(course: Course, unit: Unit, exercise: Exercise, m: Any, seeded: list) -> KeyMisconception:
    implementation = implement(unit, exercise, misconception_source(course, unit, m))
    observations = tuple(observe(seeded, implementation, exercise.seconds))
    return KeyMisconception(m.name, m.says, m.ask, m.show, m.family, observations)


def write_public_key(course: Course, unit: Unit, check_only: bool = False) -> bool:
    """Write `autograder/keys/<unit>.json` if its sources changed; return whether it was stale."""
    path = KEYS / f"{unit.name}.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if stored.get("digest") == source_digest(course, unit, PUBLIC, hidden=False):
        return False
    if not check_only:
        KEYS.mkdir(exist_ok=True)
        path.write_text(make_public_key(course, unit).to_json(), encoding="utf-8")
    return True


def main(root: str, unit_name: str, path: str) -> None:
    """Write a judge's key (for `vault.judge_key`, whose process has no torch)."""
    course = Course(Path(root))
    write_private(Path(path), make_key(course, course.unit(unit_name), course_secret(course), True).to_json().encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
