"""`autograder dev check`: the course's type checker.

For every exercise: the stub fails with a clear word, the reference passes on many seeds, every misconception is caught
and named, other right implementations pass, hints are there, the reference keeps its budget. It says what is missing.
"""

import importlib
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import torch

from autograder.comparison import compare
from autograder.course import Course, Exercise, Unit
from autograder.errors import AuthorError
from autograder.from_scratch import canonical, find
from autograder.key import Key, KeyExercise
from autograder.keymaker import load_probes, make_key
from autograder.observation import decode
from autograder.probes import Probe
from autograder.running import observe
from autograder.source import answer_source, setup_imports
from autograder.variants import alternatives_of, implement, misconceptions_of, reference_implementation, stub_source
from autograder.verdict import Outcome, Verdict, judge_exercise
from reference.misconceptions import FAMILIES

NUM_SEEDS = 20
BUDGET_S = 0.3
MIN_ALTERNATIVES = 2


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something missing or wrong in a unit, and where."""

    unit: str
    exercise: str
    what: str

    def __str__(self) -> str:
        return f"{self.unit}.{self.exercise}: {self.what}"


def check_unit(course: Course, unit: Unit, num_seeds: int = NUM_SEEDS) -> Iterator[Complaint]:
    """Everything that is wrong with one unit's exercises, as it is found."""
    torch.set_num_threads(1)
    probes = load_probes(course, unit, hidden=True)
    keys = [make_key(course, unit, b"public", hidden=True)]
    keys += [make_key(course, unit, f"seed {i}".encode(), hidden=True) for i in range(1, 3)]
    yield from _strangers(unit)
    for exercise in unit.exercises:
        checker = _Checker(course, unit, exercise, {probe.name: probe for probe, _ in probes[exercise.name]})
        for what in checker.complaints(keys, num_seeds):
            yield Complaint(unit.name, exercise.name, what)


def _strangers(unit: Unit) -> Iterator[Complaint]:
    """Entries of the catalogues that no exercise would ever ask for."""
    known = {exercise.name for exercise in unit.exercises}
    for misconception in misconceptions_of(unit):
        if misconception.exercise not in known:
            yield Complaint(unit.name, misconception.exercise, f"misconception {misconception.name!r} has no exercise")
    names = {name for exercise in unit.exercises for name in exercise.names}
    for name in vars(importlib.import_module(f"reference.alternatives.{unit.name}")):
        exercise, marks, style = name.partition("__")
        if exercise and marks and style and not any(name.startswith(f"{known}__") for known in names):
            yield Complaint(unit.name, exercise, f"the right answer {style!r} has no exercise")


def check_units(course: Course, units: Sequence[Unit]) -> Iterator[Complaint]:
    """`check_unit` for several units, two at a time."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for complaints in pool.map(_check_whole_unit, [course.root] * len(units), [unit.name for unit in units]):
            yield from complaints


def _check_whole_unit(root: Path, name: str) -> list[Complaint]:
    course = Course(root)
    return list(check_unit(course, course.unit(name)))


class _Checker:
    def __init__(self, course: Course, unit: Unit, exercise: Exercise, probes: dict[str, Probe]) -> None:
        self.course, self.unit, self.exercise, self.probes = course, unit, exercise, probes

    def complaints(self, keys: list[Key], num_seeds: int) -> Iterator[str]:
        public, *others = [key.exercise(self.exercise.name) for key in keys]
        yield from self._texts(public)
        yield from self._rule()
        yield from self._stub(public)
        yield from self._reference(public, num_seeds)
        yield from self._idle_probes(public)
        for number, key in enumerate((public, *others)):
            yield from self._misconceptions(key, number)
        yield from self._alternatives(public, num_seeds)

    def verdict(self, key: KeyExercise, implementation: Any) -> Verdict:
        chosen = [(self.probes[p.name], p.seed) for p in key.probes]
        return judge_exercise(key, list(observe(chosen, implementation, key.seconds)))

    def _texts(self, key: KeyExercise) -> Iterator[str]:
        for probe in key.probes:
            if not probe.sentence or len(probe.sentence) > 90 or probe.sentence[0].isupper():
                yield f"probe {probe.name}: its docstring is one sentence of at most 90 characters in lower case"
            if not probe.ask.endswith("?"):
                yield f"probe {probe.name}: ask is a question"
            if (probe.tolerance.rtol, probe.tolerance.atol) != (1e-4, 1e-6) and not probe.tolerance.because:
                yield f"probe {probe.name}: a tolerance of its own needs a reason (because=…)"
        if not any(probe.kind == "value" for probe in key.probes):
            yield "no value probe: a property alone can be faked"
        for m in misconceptions_of(self.unit, self.exercise):
            if not (m.says and m.ask.endswith("?") and m.show):
                yield f"misconception {m.name!r}: needs says, ask (a question) and show"
            if m.family not in FAMILIES:
                yield f"misconception {m.name!r}: {m.family!r} is no family; they are {', '.join(FAMILIES)}"

    def _rule(self) -> Iterator[str]:
        """What an exercise forbids must exist somewhere, and no right answer may need it."""
        for operation in self.exercise.forbids:
            if not any(canonical(operation) in name for name in _known_names()):
                yield f"forbids {operation!r}, which neither torch nor any installed library has"
        for style, source in _right_answers(self.course, self.unit, self.exercise):
            cells = [("setup", "\n".join(setup_imports(self.course, self.unit))), (self.exercise.name, source)]
            for found in find(cells, self.exercise.names, self.exercise.forbids) if self.exercise.forbids else ():
                yield f"the right answer {style!r} breaks the exercise's own rule, line {found.line}: {found.what}"

    def _stub(self, key: KeyExercise) -> Iterator[str]:
        verdict = self.verdict(key, self._implement(stub_source(self.course, self.unit, self.exercise)))
        if verdict.outcome is not Outcome.NOT_ATTEMPTED:
            yield f"the stub is judged {verdict.outcome.value!r}, not 'not attempted'"

    def _reference(self, key: KeyExercise, num_seeds: int) -> Iterator[str]:
        reference = reference_implementation(self.unit, self.exercise)
        started = time.process_time()
        if not (verdict := self.verdict(key, reference)).right:
            yield f"the reference does not equal itself: {_failures(verdict)}"
        if (took := time.process_time() - started) > BUDGET_S:
            yield f"the reference takes {took:.2f} s of CPU; the budget is {BUDGET_S} s"
        for probe, seed in product(self.probes.values(), range(num_seeds)):
            first, again = (next(observe([(probe, seed)], reference, 10.0)) for _ in range(2))
            if first != again:
                yield f"probe {probe.name} sees two things in the reference on seed {seed}"
        if key.seconds < 2:
            yield "less than two seconds of budget punishes a slow machine"

    def _idle_probes(self, key: KeyExercise) -> Iterator[str]:
        """A value probe that every wrong answer passes gives points away, or waits for its misconception."""
        caught = set()
        for misconception in key.misconceptions:
            results = judge_exercise(key, misconception.observations).results
            caught |= {result.probe.name for result in results if not result.passed}
        for probe in key.probes:
            if probe.kind == "value" and probe.name not in caught:
                yield f"probe {probe.name} catches no misconception: write the mistake it is there for, or drop it"

    def _misconceptions(self, key: KeyExercise, number: int) -> Iterator[str]:
        if not key.misconceptions:
            yield "no misconception"
        for misconception in key.misconceptions:
            verdict = judge_exercise(key, misconception.observations)
            unknown = [r.raised.message for r in verdict.results if r.raised and r.raised.type == "NameError"]
            if unknown:
                yield f"misconception {misconception.name!r} does not run: {unknown[0]}; import it inside the function"
            elif verdict.right:
                yield f"misconception {misconception.name!r} is not caught (seed {number})"
            elif verdict.misconception != misconception:
                told = verdict.family and f"only the family {verdict.family!r} is"
                yield f"misconception {misconception.name!r} is caught; {told or 'nothing is'} named (seed {number})"

    def _alternatives(self, key: KeyExercise, num_seeds: int) -> Iterator[str]:
        sources = [(style, source) for name, style, source in alternatives_of(self.unit) if name == self.exercise.name]
        if len(sources) < MIN_ALTERNATIVES:
            yield f"{len(sources)} other right implementations; at least {MIN_ALTERNATIVES} are wanted"
        reference = reference_implementation(self.unit, self.exercise)
        for style, source in sources:
            other = self._implement(source)
            if not (verdict := self.verdict(key, other)).right:
                yield f"the right answer {style!r} is refused: {_failures(verdict)}"
            for probe, seed in product(self.probes.values(), range(num_seeds)):
                expected, got = (decode(next(observe([(probe, seed)], one, 10.0))) for one in (reference, other))
                if difference := compare(expected, got, probe.tolerance):
                    yield f"the right answer {style!r} is refused by {probe.name} on seed {seed}: {difference}"

    def _implement(self, source: str) -> Any:
        try:
            return implement(self.unit, self.exercise, source)
        except Exception as error:
            raise AuthorError(f"{self.unit.name}.{self.exercise.name}: does not run: {error}\n{source}") from error


def _right_answers(course: Course, unit: Unit, exercise: Exercise) -> Iterator[tuple[str, str]]:
    yield "reference", answer_source(course, unit, exercise)
    for name, style, source in alternatives_of(unit):
        if name == exercise.name:
            yield style, source


@cache
def _known_names() -> frozenset[str]:
    """What torch's modules hold, and which packages are installed, as the from-scratch rule compares names."""
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] == "torch"]
    found = {name for module in modules for name in vars(module)}
    found |= {part.name for module in modules for part in iter_modules(vars(module).get("__path__", ()))}
    return frozenset(map(canonical, found | set(packages_distributions())))


def _failures(verdict: Verdict) -> str:
    failed = [r for r in verdict.results if not r.passed and not r.withheld]
    return "; ".join(f"{r.probe.name}: {r.raised or r.difference}" for r in failed) or verdict.outcome.value


if __name__ == "__main__":
    from autograder.course import find_course

    for word in sys.argv[1:]:
        found = list(check_unit(find_course(), find_course().unit(word)))
        print(*found, f"{word}: {len(found)} complaints", sep="\n")
