"""The from-scratch rule: which library calls an exercise forbids, and where an answer makes one.

An exercise forbids operations (course.toml: `forbids = ["softmax"]`), and an operation has many doors: `F.softmax`,
`x.softmax(-1)`, `nn.Softmax`, `torch.special.softmax`, `torch.ops.aten._softmax.default`. All of them bear its name, so
a name is compared without capitals and underscores, and it is enough that the operation's stands in it. What the
student wrote, here or in an earlier unit, may be called anything.

This reads a text and runs nothing, so it can be got round by whoever wants to. A finding is a flag for a person. Where
an answer fetches something under a name that cannot be read, that is told apart from a finding, and is no accusation.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from autograder.from_scratch.calls import Finding, Scan, canonical
from autograder.from_scratch.meaning import Notebook
from autograder.from_scratch.scopes import Cell
from autograder.from_scratch.syntax import Unreadable
from autograder.key import Key, KeyExercise

__all__ = ["UNREAD", "Finding", "Reading", "canonical", "find", "read", "rule_in_words"]

MOST_FINDINGS = 20
"""So many places of one answer are kept; more of them say nothing more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer's text says about the rule."""

    findings: tuple[Finding, ...] = ()
    setting: str = "told"
    """The course's: "told", or "costs" where a finding costs the points of the exercise."""

    def as_json(self) -> list[dict[str, str | int]]:
        return [found.as_json() for found in self.findings]

    @property
    def forbidden(self) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.operation)

    @property
    def hidden(self) -> tuple[Finding, ...]:
        """Where a person should look."""
        return tuple(found for found in self.findings if not found.operation)

    @property
    def costs(self) -> bool:
        return self.setting == "costs" and bool(self.forbidden)


UNREAD = Reading()


def read(key: Key, exercises: Iterable[KeyExercise], cells: Sequence[tuple[str, str]]) -> dict[str, Reading]:
    """Read answers by the rules of their exercises.

    Args:
        key: of the unit.
        exercises: whose answers; those without a rule have nothing to be found.
        cells: (label, source) of all cells in the order in which they run. An answer's is the one labelled by its
            exercise's name; where there is none, the last that defines it.

    What stands in the answer to another exercise that this one uses is left to the other's rule, where that finds it.
    """
    asked = [exercise for exercise in exercises if exercise.forbids]
    if not asked:
        return {}
    ruled = [exercise for exercise in key.exercises if exercise.forbids]
    notebook, unreadable = _taken_apart(cells)
    scan = Scan(notebook, [name for e in ruled for name in e.names], {o for e in ruled for o in e.forbids})
    answers = {name for exercise in key.exercises for name in exercise.names}
    own = {e.name: _found(scan, e.names, e.forbids, stop=answers.difference(e.names)) for e in ruled}
    told = {(one.cell, one.line) for places in own.values() for one in places}
    labels, readings = {label for label, _ in cells}, {}
    for e in asked:
        through = [one for one in _found(scan, e.names, e.forbids) if (one.cell, one.line) not in told]
        home = e.name if e.name in labels else scan.home(e.name)
        readings[e.name] = Reading(_in_order([*own[e.name], *through, *unreadable], home), key.from_scratch)
    return readings


def find(cells: Sequence[tuple[str, str]], names: Sequence[str], forbids: Sequence[str]) -> tuple[Finding, ...]:
    """What is forbidden in the definitions of `names` and in all they use; whatever the text, it returns."""
    notebook, unreadable = _taken_apart(cells)
    return _in_order([*_found(Scan(notebook, names, forbids), names, forbids), *unreadable], names[0])


def _taken_apart(cells: Sequence[tuple[str, str]]) -> tuple[Notebook, list[Finding]]:
    readable, unreadable = [], []
    for label, source in cells:
        try:
            readable.append(Cell(label, source))
        except Unreadable as error:
            unreadable.append(Finding(1, str(error), cell=label))
        except (SyntaxError, ValueError):
            pass  # it does not run either
    return Notebook(readable), unreadable


def _found(scan: Scan, names: Sequence[str], forbids: Sequence[str], stop: Collection[str] = ()) -> list[Finding]:
    try:
        return scan.find(names, forbids, stop)
    except Unreadable as error:
        return [Finding(1, str(error), cell=scan.home(names[0]))]
    except (RecursionError, MemoryError):
        return [Finding(1, "it is nested too deeply", cell=scan.home(names[0]))]


def _in_order(findings: Iterable[Finding], home: str) -> tuple[Finding, ...]:
    """Each place once, the answer's own cell first. A line with something forbidden need not be looked at again."""
    told: dict[tuple[str, int, str], Finding] = {}
    for one in findings:
        one = replace(one, cell="" if one.cell == home else one.cell)
        told.setdefault((one.cell, one.line, one.what), one)
    flagged = {(one.cell, one.line) for one in told.values() if one.operation}
    kept = [one for one in told.values() if one.operation or (one.cell, one.line) not in flagged]
    return tuple(sorted(kept, key=lambda one: (one.cell, one.line, one.what))[:MOST_FINDINGS])


def rule_in_words(forbids: Sequence[str], setting: str) -> str:
    """The rule as a student reads it above the answer."""
    *others, last = forbids
    operations = f"{', '.join(others)} or {last}" if others else last
    cost = ", or it earns no points" if setting == "costs" else " (check tells; no points lost)"
    return f"without {operations} from any library{cost}"
