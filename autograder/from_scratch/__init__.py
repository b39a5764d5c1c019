"""The from-scratch rule: which library calls an exercise forbids, and where an answer makes one.

An exercise forbids operations (course.toml: `forbids = ["softmax"]`), and an operation has many doors: `F.softmax`,
`x.softmax(-1)`, `nn.Softmax`, `torch.special.softmax`, `torch.ops.aten._softmax.default`. All of them bear its name, so
a name is compared without capitals and underscores, and it is enough that the operation's stands in it. What the
student wrote, here or in an earlier unit, may be called anything.

This reads a text and runs nothing, so it can be got round by whoever wants to. A finding is a flag for a person. Where
an answer fetches something under a name that cannot be read, that is told apart from a finding, and is no accusation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from autograder.from_scratch.calls import Finding, Scan, canonical
from autograder.from_scratch.meaning import Notebook
from autograder.from_scratch.scopes import Cell, Unreadable
from autograder.key import Key, KeyExercise

__all__ = ["UNREAD", "Finding", "Reading", "canonical", "find", "read", "read_history", "rule_in_words"]


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
        cells: (label, source) of all cells in the order in which they run; an answer's label is its exercise's name.
    """
    ruled = [exercise for exercise in exercises if exercise.forbids]
    if not ruled:
        return {}
    notebook, unreadable = _taken_apart(cells)
    found = {exercise.name: [*_found_of(key, exercise, notebook), *unreadable] for exercise in ruled}
    return {name: Reading(_in_order(places, name), key.from_scratch) for name, places in found.items()}


def read_history(key: Key, exercise: KeyExercise, cells: Sequence[tuple[str, str]]) -> Reading:
    """The same where cells were run in any order, and again: the answer's is the last that defines it."""
    if not exercise.forbids:
        return UNREAD
    notebook, unreadable = _taken_apart(cells)
    found = [*_found_of(key, exercise, notebook), *unreadable]
    return Reading(_in_order(found, _home(notebook, exercise.name)), key.from_scratch)


def find(cells: Sequence[tuple[str, str]], names: Sequence[str], forbids: Sequence[str]) -> tuple[Finding, ...]:
    """What is forbidden in the definitions of `names` and in all they use; whatever the text, it returns."""
    notebook, unreadable = _taken_apart(cells)
    return _in_order([*_found(notebook, names, forbids), *unreadable], names[0])


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


def _found_of(key: Key, exercise: KeyExercise, notebook: Notebook) -> list[Finding]:
    """What an exercise's rule finds, but in the answers to others only what their own rules let pass."""
    others = [other for other in key.exercises if other != exercise and other.name in notebook.last]
    rules = {notebook.last[other.name].label: other.forbids for other in others}
    rules.pop(_home(notebook, exercise.name), None)
    found = _found(notebook, exercise.names, exercise.forbids)
    return [one for one in found if not (rule := rules.get(one.cell)) or (one.operation and one.operation not in rule)]


def _found(notebook: Notebook, names: Sequence[str], forbids: Sequence[str]) -> list[Finding]:
    scan = Scan(notebook, names, forbids)
    try:
        scan.run()
    except Unreadable as error:
        scan.findings.append(Finding(1, str(error), cell=_home(notebook, names[0])))
    except (RecursionError, MemoryError):
        scan.findings.append(Finding(1, "it is nested too deeply", cell=_home(notebook, names[0])))
    return scan.findings


def _home(notebook: Notebook, name: str) -> str:
    """The label of the cell that defines an answer."""
    return notebook.last[name].label if name in notebook.last else name


def _in_order(findings: Iterable[Finding], name: str) -> tuple[Finding, ...]:
    """Each once, those of the answer's own cell first. A line with something forbidden need not be looked at again."""
    told = {replace(one, cell="" if one.cell == name else one.cell) for one in findings}
    flagged = {(one.cell, one.line) for one in told if one.operation}
    kept = [one for one in told if one.operation or (one.cell, one.line) not in flagged]
    return tuple(sorted(kept, key=lambda one: (one.cell, one.line, one.what)))


def rule_in_words(forbids: Sequence[str], setting: str) -> str:
    """The rule as a student reads it above the answer."""
    *others, last = forbids
    operations = f"{', '.join(others)} or {last}" if others else last
    cost = ", or it earns no points" if setting == "costs" else " (check tells; no points lost)"
    return f"without {operations} from any library{cost}"
