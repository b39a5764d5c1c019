"""Where an answer calls what is forbidden, or fetches what nobody can read: one walk through all that it uses."""

import ast
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from autograder.from_scratch.meaning import (
    BY_NAME,
    CODE,
    FETCHING,
    GLOBALS,
    OWN,
    PARTIAL,
    READERS,
    UNKNOWN,
    Members,
    Notebook,
    Own,
    Path,
    Things,
)
from autograder.from_scratch.scopes import Cell, Scope
from autograder.from_scratch.syntax import Scoped, children, inner, outer, tree_of

MINE = ("mygpt", "autograder", "__main__")
"""What is imported from here is the learner's own, or the course's, down to `mygpt.bigram.softmax`."""
DEEP = 3
HIDING = ("ctypes", "gc", "inspect", "marshal", "pickle", "runpy", "cffi", "importlib", "torch.overrides")
HIDING += ("torch.utils.cpp_extension", "sys._getframe", "sys._current_frames", "sys.settrace", "sys.setprofile")
INSIDES = {"__globals__", "__closure__", "__code__", "__subclasses__", "__builtins__", "f_globals", "f_back"}
LONGEST_NAME = 60
DEEPEST = 3  # texts that run texts that run texts


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where an answer calls what is forbidden, or where it cannot be read."""

    line: int
    """In its cell."""
    what: str
    """As it stands there, or why it cannot be read."""
    operation: str = ""
    """The forbidden operation; empty where it cannot be read."""
    cell: str = ""
    """The cell, where it is not the answer's own."""

    def as_json(self) -> dict[str, str | int]:
        return {name: getattr(self, name) for name in self.__slots__}


def canonical(name: str) -> str:
    """`_LayerNorm_` and `layer_norm` are one name."""
    return re.sub(r"[\W_]", "", name.lower())


class Scan:
    """Walks through all that answers consist of, each statement once, whatever the number of answers that use it.

    Args:
        notebook: all cells.
        names: of all answers.
        forbids: what any of them has to do without.
    """

    def __init__(self, notebook: Notebook, names: Iterable[str], forbids: Iterable[str]) -> None:
        self._notebook, self._names = notebook, frozenset(names)
        self._forbids = {operation: canonical(operation) for operation in forbids}
        self._operations: dict[str, list[str]] = {}
        self._looked: dict[ast.AST, tuple[list[tuple[str, Finding]], list[tuple[str, Cell]]]] = {}
        self._found: list[tuple[str, Finding]] = []
        self._used: list[tuple[str, Cell]] = []
        """What the statement at hand calls, by operation, and the names it takes from the notebook."""
        self._line, self._depth = 0, 0
        """Where `exec` stands, while its text is read."""

    def find(self, names: Iterable[str], forbids: Sequence[str], stop: Collection[str] = ()) -> list[Finding]:
        """All that the answers `names` call of what they have to do without, and where they cannot be read.

        The names in `stop` are not followed.
        """
        found: list[tuple[str, Finding]] = []
        waiting: list[tuple[str, Cell | None]] = [(name, None) for name in names]
        for cell in self._notebook.cells:
            for node, scope in cell.writing:
                found += self._look(node, scope, waiting)
        seen: set[object] = set()
        while waiting:
            if (wanted := waiting.pop()) in seen or wanted[0] in stop:
                continue
            seen.add(wanted)
            places = [(cell, line) for cell in self._notebook.homes(*wanted) for line in sorted(cell.lines[wanted[0]])]
            for cell, line in places:
                for statement in () if (cell, line) in seen else cell.statements(line):
                    if statement not in seen:
                        seen.add(statement)
                        found += self._look(statement, cell.scope, waiting)
                seen.add((cell, line))
        return [finding for operation, finding in found if not operation or operation in forbids]

    def home(self, name: str) -> str:
        """The label of the cell that defines a name."""
        return self._notebook.last[name].label if name in self._notebook.last else name

    def _look(self, node: ast.AST, scope: Scope, waiting: list) -> list[tuple[str, Finding]]:
        """What a statement calls, by operation; the names it uses are put among those that wait."""
        if node not in self._looked:
            self._found, self._used = [], []
            self._visit(node, scope)
            self._looked[node] = self._found, self._used
        found, used = self._looked[node]
        waiting += used
        return found

    def _visit(self, node: ast.AST, scope: Scope, handled: bool = False) -> None:
        """Look at a node and all inside it. What is called, or only gets another name, is `handled` elsewhere."""
        known: Sequence[ast.AST] = ()
        match node:
            case ast.Name(ctx=ast.Load()):
                return self._look_at_name(node, scope, handled)
            case ast.Constant():
                return None
            case ast.Attribute(ctx=ast.Load(), value=value, attr=name):
                self._look_at_name(node, scope, handled)
                known = (value,) if name in FETCHING else ()
            case ast.Call(func=function, args=args):
                self._look_at_fetching(node, scope, handled)
                known = (function, *args[:1]) if self._calls(node, scope, {PARTIAL}) else (function,)
            case ast.Subscript(value=value):
                self._look_at_fetching(node, scope, handled)
                known = (value,)
            case ast.Assign(value=value):
                known = (value,)
            case ast.Compare(comparators=comparators):
                known = comparators
            case ast.AnnAssign(value=value):
                return self._visit(value, scope, handled=True) if value is not None else None
            case ast.ImportFrom():
                self._look_at_import(node, scope)
            case _ if isinstance(node, Scoped):
                return self._enter(node, scope)
        for child in children(node):
            self._visit(child, scope, handled=child in known)

    def _enter(self, node: ast.AST, scope: Scope) -> None:
        for part in outer(node):
            self._visit(part, scope)
        for part in inner(node):
            self._visit(part, scope.cell.scope_of(node))

    def _look_at_import(self, node: ast.ImportFrom, scope: Scope) -> None:
        """An import is no call; only where it is the answer itself, or stands in a text, it is all there is to see."""
        for alias in node.names:
            if self._line or (alias.asname or alias.name) in self._names:
                self._judge(frozenset({Path(f"{node.module}.{alias.name}")}), node, scope)

    def _look_at_name(self, node: ast.Name | ast.Attribute, scope: Scope, handled: bool) -> None:
        things = self._notebook.things(node, scope)
        if isinstance(node, ast.Name) and scope.local(node.id) is None:
            self._used.append((node.id, scope.cell))
        if things is UNKNOWN or things is OWN:
            return
        self._judge(things, node, scope)
        self._look_at_dicts(node, scope, handled)
        if isinstance(node, ast.Attribute) and node.attr in INSIDES:
            self._hide(f"it looks inside a function or class ({node.attr})", node, scope)
        for reader in sorted(one.name for one in things if isinstance(one, Path) and one.name in READERS):
            if not handled:
                self._hide(f"it hands on {reader.rpartition('.')[2]}", node, scope)

    def _look_at_dicts(self, node: ast.expr, scope: Scope, handled: bool) -> None:
        """Of everything that a module holds, nobody can say what is taken."""
        for one in () if handled else self._notebook.things(node, scope):
            if isinstance(one, Members) and one.of != GLOBALS and not one.of.startswith("?"):
                self._hide(f"it takes all that {one.of or 'sys.modules'} holds", node, scope)

    def _look_at_fetching(self, node: ast.Subscript | ast.Call, scope: Scope, handled: bool) -> None:
        self._look_at_dicts(node, scope, handled)
        asked = self._notebook.asked(node, scope)
        if asked is not None:
            self._judge(self._notebook.fetched(asked, scope), node, scope)
            if not asked.complete and asked.bases - {Own()}:
                self._hide("it fetches something under a name that is computed", node, scope)
            if Members(GLOBALS) in asked.bases:
                self._used += [(name, scope.cell) for name in sorted(asked.names)]
        elif isinstance(node, ast.Subscript):
            if any(path.startswith("torch.ops") for path in _paths(self._notebook.things(node.value, scope))):
                self._hide("it takes an item of torch.ops", node, scope)
        elif self._calls(node, scope, CODE):
            self._look_at_code(node, scope)

    def _look_at_code(self, call: ast.Call, scope: Scope) -> None:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if given and isinstance(given[0], ast.Call) and self._calls(given[0], scope, CODE):
            return  # the text is in there
        texts, complete = self._notebook.texts(given[0], scope) if given else ([], True)
        if not complete or self._depth == DEEPEST:
            self._hide("it runs code that is computed", call, scope)
            return
        outside = self._line
        self._line, self._depth = outside or call.lineno, self._depth + 1
        for tree in filter(None, map(_parsed, texts)):
            inside = scope.cell.open(tree, scope)
            for statement in tree.body:
                self._visit(statement, inside)
        self._line, self._depth = outside, self._depth - 1

    def _judge(self, things: Things, node: ast.AST, scope: Scope) -> None:
        """Is what a node stands for forbidden, or a place to hide?"""
        for path in _paths(things):
            for operation in self._operations_in(path):
                if path.startswith("?.") and path[2:] in self._notebook.attributes:
                    self._hide(f"{path[1:]} may be yours or a library's", node, scope, operation)
                else:
                    found = Finding(self._at(node), _spelled(node, path, operation), operation, scope.cell.label)
                    self._found.append((operation, found))
            if path.startswith(HIDING) and _hides(path):
                self._hide(f"it uses {path[:LONGEST_NAME]}", node, scope)

    def _operations_in(self, path: str) -> list[str]:
        """The forbidden operations that a full name belongs to."""
        if path not in self._operations:
            parts = path.split(".")
            name = ".".join(map(canonical, parts[DEEP:] if parts[0] in MINE else parts))
            self._operations[path] = [operation for operation, short in self._forbids.items() if short in name]
        return self._operations[path]

    def _calls(self, call: ast.Call, scope: Scope, functions: Iterable[str]) -> bool:
        return not set(functions).isdisjoint(_paths(self._notebook.things(call.func, scope)))

    def _hide(self, why: str, node: ast.AST, scope: Scope, operation: str = "") -> None:
        self._found.append((operation, Finding(self._at(node), why, "", scope.cell.label)))

    def _at(self, node: ast.AST) -> int:
        return self._line or getattr(node, "lineno", 0)


def _paths(things: Things) -> list[str]:
    return sorted(one.name for one in things if isinstance(one, Path))


def _hides(path: str) -> bool:
    return any(f"{path}.".startswith(f"{one}.") for one in HIDING) and "." in path and path not in BY_NAME


def _parsed(text: str) -> ast.Module | None:
    try:
        return tree_of(text)
    except (SyntaxError, ValueError):
        return None


def _spelled(node: ast.AST, path: str, operation: str) -> str:
    """As it stands there, if that shows the operation; else with its full name."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    names.append(node.id if isinstance(node, ast.Name) else "")
    written = ".".join(reversed(names))
    whole = path.removeprefix("?")
    if canonical(operation) in canonical(written):
        return written[-LONGEST_NAME:]
    return f"{written[:LONGEST_NAME]}, which is {whole[-LONGEST_NAME:]}" if written else whole[-LONGEST_NAME:]
