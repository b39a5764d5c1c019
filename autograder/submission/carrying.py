"""What an answer needs of other cells: the definitions it uses and does not make, and what those use in turn.

In a notebook a helper may stand anywhere, and `check` finds the answer right. So it goes with the answer, unless it
would put something of the student's in the place of what the notebook gives or of another exercise.
"""

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from autograder.magics import plain
from autograder.source import Definition, Importing, names_used, parse, text_of

MAX_PARSED = 16_000
"""Characters of a cell that is read as Python here, ten times a long answer: CPython's parser takes a second for
20,000 characters of the worst kind, and four times that for twice as many."""
BUILTINS = frozenset(dir(builtins))
CANNOT_READ = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True, slots=True)
class Names:
    """Of one cell."""

    bound: frozenset[str] = frozenset()
    """At its top level, also in a loop or under a condition."""
    used: frozenset[str] = frozenset()
    """Taken from outside itself."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What goes in front of one answer."""

    names: tuple[str, ...]
    source: str


def read(source: str) -> ast.Module | None:
    """A cell as a tree, its magics aside; nothing where it is no Python, or too long to look at."""
    if len(source) > MAX_PARSED:
        return None
    try:
        return parse(plain(source, parse))
    except CANNOT_READ:
        return None


@lru_cache(maxsize=2048)
def names_in(source: str) -> Names:
    """What a cell binds at its top, and what it takes from outside itself; nothing where it cannot be read."""
    if len(source) > MAX_PARSED:
        return Names()
    try:
        return _names_in(source)
    except CANNOT_READ:
        pass
    try:
        return _names_in(plain(source, parse))
    except CANNOT_READ:
        return Names()


def _names_in(source: str) -> Names:
    top = symtable.symtable(source, "<cell>", "exec")
    bound = frozenset(one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported())
    used, waiting = set[str](), [top]
    while waiting:
        table = waiting.pop()
        used |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (table is top or s.is_global())}
        waiting += table.get_children()
    return Names(bound, frozenset(used) - bound)


def definitions_in(source: str) -> list[Definition]:
    """The statements of a cell that define something, or change what was defined, each with the names it uses."""
    tree = read(source)
    lines = plain(source, parse).split("\n") if tree else []
    found = []
    for node in tree.body if tree else ():
        if names := _defined(node):
            text = text_of(lines, node)
            uses = frozenset(names_used(text))
            if isinstance(node, ast.AugAssign):
                uses |= frozenset(names)
            elif not isinstance(node, ast.Assign | ast.AnnAssign):
                uses -= frozenset(names)  # a function that calls itself
            found.append(Definition(names, text, uses))
    return found


def needed(names: Iterable[str], definitions: Sequence[Definition], known: Iterable[str]) -> list[Definition]:
    """Of these definitions those that bind `names`, and what they use in turn; none that binds a known name."""
    known, chosen, seen = frozenset(known), set[int](), set[str]()
    waiting = [name for name in names if name not in known]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for number in _making(name, definitions):
            if known.isdisjoint(definitions[number].names):
                chosen.add(number)
                waiting += [used for used in definitions[number].uses if used not in known]
    return [definitions[number] for number in sorted(chosen)]


def carry(answers: dict[str, str], free: Sequence[str], known: Iterable[str]) -> Iterator[tuple[str, Carried]]:
    """For each answer that needs it, what goes in front of it; nothing goes twice.

    Args:
        answers: exercise → source, in the order in which they run.
        free: sources of the cells that are neither the notebook's own nor an answer, in their order.
        known: names of the setup, of what is given, and of all exercises of the unit.
    """
    found = {exercise: names_in(source) for exercise, source in answers.items()}
    have = BUILTINS.union(known, *(names.bound for names in found.values()))
    wanted = {exercise: names.used - have for exercise, names in found.items()}
    if not any(wanted.values()):
        return
    definitions = [definition for source in free for definition in definitions_in(source)]
    for exercise, names in wanted.items():
        if carried := needed(sorted(names - have), definitions, have):
            bound = frozenset(name for definition in carried for name in definition.names)
            have |= bound
            yield exercise, Carried(tuple(sorted(names & bound)), joined(carried))


def joined(definitions: Iterable[Definition]) -> str:
    """Definitions one under another."""
    return "\n\n".join(dict.fromkeys(definition.text for definition in definitions))


def _making(name: str, definitions: Sequence[Definition]) -> list[int]:
    """Where a name gets its value: the last place that defines it, and those behind it that change it."""
    places = [number for number, definition in enumerate(definitions) if name in definition.names]
    fresh = [number for number in places if name not in definitions[number].uses]
    return [number for number in places if number >= fresh[-1]] if fresh else []


def _defined(node: ast.stmt) -> tuple[str, ...]:
    """The names of a statement that can be taken out of its cell; a loop, a call or a star import cannot."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.Import() | ast.ImportFrom():
            return () if getattr(node, "module", "") == "__future__" else tuple(_imported(node))
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() if node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return tuple(dict.fromkeys(name for target in targets for name in _roots(target)))
    return ()


def _imported(node: Importing) -> list[str]:
    names = [alias.asname or alias.name.split(".")[0] for alias in node.names]
    return [] if "*" in names else names


def _roots(target: ast.expr) -> Iterator[str]:
    """`x`, and the `x` of `x[0]` and `x.y`."""
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Subscript(value=value) | ast.Attribute(value=value) | ast.Starred(value=value):
            yield from _roots(value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _roots(part)
