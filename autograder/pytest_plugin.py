"""pytest grades a notebook: `pytest workspace/06-attention/attention.ipynb`, one test for each property.

By the public key, in the sandbox, on any machine that has the package; `--junitxml` writes what a CI shows. Needs no
reference: a student's own repository can use it.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

LEVELS = pytest.StashKey[set[str]]()
"""What isolated the answers, as sentences for the summary."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("autograder", "grading notebooks")
    group.addoption(
        "--unsafe-no-sandbox", action="store_true", help="run notebooks without isolation: only code you trust"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".ipynb" or (unit := _unit_of(file_path)) is None:
        return None
    found = NotebookFile.from_parent(parent, path=file_path)
    found.unit = unit
    return found


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for sentence in config.stash.get(LEVELS, ()):
        terminalreporter.write_line(sentence)


def _unit_of(path: Path) -> str | None:
    """The unit a notebook belongs to, by the grade_ids in it."""
    from autograder.key import KEYS

    match = re.search(r'"grade_id":\s*"([a-z]+)-', path.read_text(encoding="utf-8", errors="replace"))
    return match[1] if match and (KEYS / f"{match[1]}.json").is_file() else None


class NotebookFile(pytest.File):
    """One notebook; judged once, when its first property is asked for."""

    unit: str

    def collect(self) -> Iterator["ExerciseOfNotebook"]:
        from autograder.key import load_public_key

        key = load_public_key(self.unit)
        for exercise in key.exercises:
            rule = bool(exercise.forbids) and key.from_scratch == "costs"
            yield ExerciseOfNotebook.from_parent(self, name=exercise.name, exercise=exercise, rule=rule)

    @cached_property
    def verdicts(self) -> dict[str, Any]:
        from autograder.judge import Judge, sandbox_of
        from autograder.key import load_public_key
        from autograder.submission import as_handed_in, read_notebook

        key = load_public_key(self.unit)
        with Judge(
            key, sandbox=sandbox_of(key.unit, allow_unsafe=self.config.getoption("--unsafe-no-sandbox"))
        ) as judge:
            self.config.stash.setdefault(LEVELS, set()).add(judge.sandbox.level.sentence)
            judgement = judge.judge(as_handed_in(key, read_notebook(self.path)))
        return {verdict.exercise.name: verdict for verdict in judgement.verdicts}


class ExerciseOfNotebook(pytest.Collector):
    """One exercise, with an item for each of its probes, and one for its from-scratch rule where that costs points."""

    def __init__(self, exercise: Any, rule: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.exercise, self.rule = exercise, rule

    def collect(self) -> Iterator["Property"]:
        for probe in self.exercise.probes:
            yield Property.from_parent(self, name=probe.name)
        if self.rule:
            yield FromScratch.from_parent(self, name="from_scratch")


class PropertyFailed(Exception):
    """A property that does not hold; the message is what a student reads."""


class Judged(pytest.Item):
    """Something about one answer."""

    @property
    def verdict(self) -> Any:
        return self.parent.parent.verdicts[self.parent.name]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from autograder.errors import CourseError

        if isinstance(excinfo.value, (PropertyFailed, CourseError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.parent.name}: {self.name}"


class FromScratch(Judged):
    """No forbidden call is made."""

    def runtest(self) -> None:
        from autograder import present

        if self.verdict.reading.costs:
            raise PropertyFailed(" ".join(present.rule_told(self.verdict)))


class Property(Judged):
    """One property of one answer."""

    def runtest(self) -> None:
        from autograder import present
        from autograder.errors import GraderBroke
        from autograder.verdict import Outcome

        verdict = self.verdict
        if verdict.outcome is Outcome.COULD_NOT_JUDGE:
            raise GraderBroke(f"{self.parent.name} could not be judged: {verdict.detail}")
        result = next((r for r in verdict.results if r.probe.name == self.name), None)
        if result is None or not result.passed:
            raise PropertyFailed(present.one(verdict, self.name))
