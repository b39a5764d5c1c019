"""Where an answer calls what is forbidden, or fetches what nobody can read: one walk through all that it uses."""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.from_scratch.meaning import (
    BY_NAME,
    CODE,
    FETCHING,
    GLOBALS,
    PARTIAL,
    READERS,
    Members,
    Notebook,
    Own,
    Path,
    Things,
)
from autograder.from_scratch.scopes import Cell, Scope, Scoped, inner, outer, tree_of

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
    """In its cell; 0 where it is the answer as a whole."""
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


def operation_in(path: str, forbids: Iterable[str]) -> str:
    """The forbidden operation that a full name belongs to, or nothing."""
    parts = path.split(".")
    parts = [canonical(part) for part in (parts[DEEP:] if parts[0] in MINE else parts)]
    return next((operation for operation in forbids if any(canonical(operation) in part for part in parts)), "")


class Scan:
    """Walks through all that an answer consists of."""

    def __init__(self, notebook: Notebook, names: Sequence[str], forbids: Sequence[str]) -> None:
        self._notebook, self._names, self._forbids = notebook, names, forbids
        self._seen: set[ast.AST] = set()
        self._waiting: list[tuple[str, Cell | None]] = [(name, None) for name in names]
        self._line, self._depth = 0, 0
        """Where `exec` stands, while its text is read."""
        self.findings: list[Finding] = []

    def run(self) -> None:
        for cell in self._notebook.cells:
            for node, scope in cell.writing:
                self._visit(node, scope)
        while self._waiting:
            name, user = self._waiting.pop()
            for cell in self._notebook.homes(name, user):
                for statement in cell.statements(name):
                    if statement not in self._seen:
                        self._seen.add(statement)
                        self._visit(statement, cell.scope)

    def _visit(self, node: ast.AST, scope: Scope, handled: bool = False) -> None:
        """Look at a node and all inside it. What is called, or only gets another name, is `handled` elsewhere."""
        match node:
            case _ if isinstance(node, Scoped):
                for part in outer(node):
                    self._visit(part, scope)
                for part in inner(node):
                    self._visit(part, scope.cell.scope_of(node))
                return
            case ast.AnnAssign(value=value):
                return self._visit(value, scope, handled=True) if value is not None else None
            case ast.ImportFrom():
                self._look_at_import(node, scope)
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                self._look_at_name(node, scope, handled)
            case ast.Subscript() | ast.Call():
                self._look_at_fetching(node, scope)
                self._look_at_dicts(node, scope, handled)
        known = self._known(node, scope)
        for child in ast.iter_child_nodes(node):
            self._visit(child, scope, handled=child in known)

    def _known(self, node: ast.AST, scope: Scope) -> list[ast.AST]:
        """The parts of a node whose use is read with it."""
        match node:
            case ast.Call(func=function, args=args):
                return [function, *args[:1]] if self._calls(node, scope, {PARTIAL}) else [function]
            case ast.Attribute(value=value, attr=name):
                return [value] if name in FETCHING else []
            case ast.Assign(value=value) | ast.Subscript(value=value):
                return [value]
            case ast.Compare(comparators=comparators):
                return comparators
        return []

    def _look_at_import(self, node: ast.ImportFrom, scope: Scope) -> None:
        """An import is no call; only where it is the answer itself, or stands in a text, it is all there is to see."""
        for alias in node.names:
            if self._line or (alias.asname or alias.name) in self._names:
                self._judge(frozenset({Path(f"{node.module}.{alias.name}")}), node, scope)

    def _look_at_name(self, node: ast.Name | ast.Attribute, scope: Scope, handled: bool) -> None:
        things = self._notebook.things(node, scope)
        self._judge(things, node, scope)
        self._look_at_dicts(node, scope, handled)
        if isinstance(node, ast.Name) and scope.local(node.id) is None:
            self._waiting.append((node.id, scope.cell))
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

    def _look_at_fetching(self, node: ast.Subscript | ast.Call, scope: Scope) -> None:
        asked = self._notebook.asked(node, scope)
        if asked is not None:
            found = self._judge(self._notebook.fetched(asked, scope), node, scope)
            if not found and not asked.complete and asked.bases - {Own()}:
                self._hide("it fetches something under a name that is computed", node, scope)
            if Members(GLOBALS) in asked.bases:
                self._waiting += [(name, scope.cell) for name in sorted(asked.names)]
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

    def _judge(self, things: Things, node: ast.AST, scope: Scope) -> bool:
        """Is what a node stands for forbidden, or a place to hide?"""
        for path in _paths(things):
            if operation := operation_in(path, self._forbids):
                if path.startswith("?.") and path[2:] in self._notebook.attributes:
                    self._hide(f"{path[1:]} may be yours or a library's", node, scope)
                else:
                    self._add(Finding(self._at(node), _spelled(node, path, operation), operation, scope.cell.label))
                return True
            if any(f"{path}.".startswith(f"{one}.") for one in HIDING) and "." in path and path not in BY_NAME:
                self._hide(f"it uses {path}", node, scope)
        return False

    def _calls(self, call: ast.Call, scope: Scope, functions: Iterable[str]) -> bool:
        return not set(functions).isdisjoint(_paths(self._notebook.things(call.func, scope)))

    def _hide(self, why: str, node: ast.AST, scope: Scope) -> None:
        self._add(Finding(self._at(node), why, "", scope.cell.label))

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)

    def _at(self, node: ast.AST) -> int:
        return self._line or getattr(node, "lineno", 0)


def _paths(things: Things) -> list[str]:
    return sorted(one.name for one in things if isinstance(one, Path))


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
    if canonical(operation) in canonical(names[0]):
        return written[-LONGEST_NAME:]
    return f"{written[:LONGEST_NAME]}, which is {whole[-LONGEST_NAME:]}" if written else whole[-LONGEST_NAME:]
