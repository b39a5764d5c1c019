"""Which names a cell binds, and to what: scope by scope, as Python would, from the text alone."""

import ast
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.from_scratch.syntax import Comprehension, Function, Scoped, Telling, Unreadable, own_nodes, tree_of
from autograder.source import Importing

MOST_STARS = 8
MOST_NODES = 50_000  # of a cell's syntax tree: twenty times what the longest answer of the course has
SETTERS = {"setattr", "add_module", "register_module", "register_buffer", "register_parameter"}


@dataclass(frozen=True, slots=True)
class Bound:
    """One way in which a name got its value: an import, a definition of the student's, an expression, or unknown."""

    path: str = ""
    own: bool = False
    value: ast.expr | None = None
    scope: "Scope | None" = None


class Scope:
    """One function, class, comprehension or module, with the names that it binds."""

    def __init__(self, node: ast.AST, parent: "Scope | None", cell: "Cell") -> None:
        self.node, self.parent, self.cell = node, parent, cell
        self.names: dict[str, list[Bound]] = defaultdict(list)
        inside = list(own_nodes(node))
        cell.count(len(inside))
        self._inside = [found for found in inside if isinstance(found, Telling)]
        self._global = {name for found in self._inside if isinstance(found, ast.Global) for name in found.names}
        self._outer = {name for found in self._inside if isinstance(found, ast.Nonlocal) for name in found.names}

    def fill(self) -> Iterator[ast.AST]:
        """Take in all that is bound here; give the nodes that have scopes of their own."""
        if isinstance(self.node, (*Function, ast.Lambda)):
            self._take_parameters(self.node.args)
        for node in self._inside:
            self.cell.line = getattr(node, "lineno", self.cell.line)
            self._take(node)
            self._note_writing(node)
            if isinstance(node, Scoped):
                yield node

    def _note_writing(self, node: ast.AST) -> None:
        """Keep what gives a value to something that is no name: `LayerNorm.forward = …`, `globals().update(…)`."""
        top = self.parent is None
        match node:
            case ast.Assign(targets=targets, value=ast.Name() | ast.Attribute() | ast.Lambda()):
                written = any(_is_namespace(one) or (top and isinstance(one, ast.Attribute)) for one in targets)
            case ast.Call(func=ast.Name(id="setattr" | "exec" | "eval")):
                written = top
            case ast.Call(func=ast.Attribute(attr="update" | "setdefault" | "__setitem__" | "__setattr__") as function):
                written = _is_namespace(function) or (top and function.attr == "__setattr__")
            case _:
                written = False
        if written:
            self.cell.writing.append((node, self))

    def local(self, name: str) -> "Scope | None":
        """The scope around here that binds a name, if it is not the module's."""
        scope: Scope | None = self
        while scope is not None and scope.parent is not None:
            visible = scope is self or not isinstance(scope.node, ast.ClassDef)
            if visible and name in scope.names:
                return scope
            scope = scope.parent
        return None

    def _take_parameters(self, args: ast.arguments) -> None:
        positional = [*args.posonlyargs, *args.args]
        others = [*args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
        for argument in [*positional, *others]:
            self.names[argument.arg].append(Bound())
        defaults = [*zip(reversed(positional), reversed(args.defaults), strict=False)]
        for argument, default in [*defaults, *zip(args.kwonlyargs, args.kw_defaults, strict=True)]:
            if default is not None:
                self.names[argument.arg].append(Bound(value=default, scope=self.parent))
        if positional and _is_method(self.node, self.parent):
            self.names[positional[0].arg] = [Bound(own=True)]

    def _take(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self._bind(name, Bound(own=True))
            case ast.Import() | ast.ImportFrom():
                self._take_import(node)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._take_target(target, [value])
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._take_target(target, [value])
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self._around()._bind(name, Bound(value=value, scope=self))
            case ast.AugAssign(target=target):
                self._take_target(target, [])
            case ast.For(target=target, iter=several) | ast.AsyncFor(target=target, iter=several):
                self._take_target(target, several.elts if isinstance(several, ast.Tuple | ast.List) else [])
            case ast.comprehension(target=target, iter=several):
                self._take_target(target, several.elts if isinstance(several, ast.Tuple | ast.List) else [])
            case ast.withitem(optional_vars=ast.expr() as target):
                self._take_target(target, [])
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                self._bind(name, Bound())
            case ast.MatchStar(name=str() as name) | ast.MatchMapping(rest=str() as name):
                self._bind(name, Bound())
            case ast.Call(func=ast.Name(id=setter) | ast.Attribute(attr=setter), args=args) if setter in SETTERS:
                self.cell.attributes.update(one.value for one in args if isinstance(one, ast.Constant))

    def _take_import(self, node: Importing) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                self._bind(alias.asname or whole, Bound(path=whole))
            elif node.level:
                self._bind(alias.asname or alias.name, Bound(own=True))
            elif alias.name == "*":
                self.cell.star(node.module or "")
            else:
                self._bind(alias.asname or alias.name, Bound(path=f"{node.module}.{alias.name}"))

    def _take_target(self, target: ast.expr, values: list[ast.expr]) -> None:
        match target:
            case ast.Name(id=name):
                for bound in [Bound(value=value, scope=self) for value in values] or [Bound()]:
                    self._bind(name, bound)
            case ast.Attribute(attr=name):
                self.cell.attributes.add(name)
            case ast.Starred(value=inside):
                self._take_target(inside, [])
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                fitting = [_parts(value, len(parts)) for value in values]
                for place, part in enumerate(parts):
                    self._take_target(part, [found[place] for found in fitting if found] if all(fitting) else [])

    def _around(self) -> "Scope":
        """Where `:=` binds: around a comprehension, not in it."""
        scope = self
        while isinstance(scope.node, Comprehension) and scope.parent is not None:
            scope = scope.parent
        return scope

    def _bind(self, name: str, bound: Bound) -> None:
        scope: Scope = self
        if name in self._global:
            scope = self.cell.scope
        elif name in self._outer and self.parent is not None:
            scope = self.parent
        if isinstance(scope.node, ast.ClassDef):
            self.cell.attributes.add(name)
        scope.names[name].append(bound)
        if scope is self.cell.scope:
            self.cell.lines[name].add(self.cell.line)


class Cell:
    """One cell, taken apart.

    Raises:
        SyntaxError, ValueError: it is no Python.
        Unreadable: it may run, but it is too deep or too long to be read here.
    """

    def __init__(self, label: str, source: str) -> None:
        self.label = label
        self.attributes: set[str] = set()
        """Names that its classes define and that are given to objects: `self.gelu = …`."""
        self.stars: list[str] = []
        """Modules of which everything is imported."""
        self.writing: list[tuple[ast.AST, Scope]] = []
        self.line = 0
        self.lines: dict[str, set[int]] = defaultdict(set)
        """Where the names of the notebook get their values."""
        self.tree = tree_of(source)
        self._num_nodes = 0
        self._scopes: dict[ast.AST, Scope] = {}
        self.scope = self.open(self.tree, None)

    def open(self, tree: ast.AST, parent: Scope | None) -> Scope:
        """Make the scope of a tree, and those inside of it."""
        known = len(self.writing)
        waiting: list[tuple[ast.AST, Scope | None]] = [(tree, parent)]
        while waiting:
            node, around = waiting.pop()
            scope = self._scopes[node] = Scope(node, around, self)
            if around is None:
                self.scope = scope
            waiting += [(nested, scope) for nested in scope.fill()]
        if parent is not None:  # the text of an `exec`, all of which is read where it is run
            del self.writing[known:]
        return self._scopes[tree]

    def star(self, module: str) -> None:
        self.stars.append(module)
        if len(self.stars) > MOST_STARS:
            raise Unreadable("it imports everything from many modules")

    def count(self, num_nodes: int) -> None:
        self._num_nodes += num_nodes
        if self._num_nodes > MOST_NODES:
            raise Unreadable("it is too long")

    def scope_of(self, node: ast.AST) -> Scope:
        return self._scopes[node]

    def statements(self, line: int) -> list[ast.stmt]:
        """Those at the top of the cell that stand, or have a part, on a line."""
        body = self.tree.body
        first = bisect_left(body, line, key=lambda node: node.end_lineno)
        return body[first : bisect_right(body, line, key=lambda node: node.lineno)]


def _is_namespace(target: ast.expr) -> bool:
    """Is it an item, or a method, of `globals()` or of some `__dict__`?"""
    match getattr(target, "value", None):
        case ast.Call(func=ast.Name(id="globals" | "locals" | "vars")) | ast.Attribute(attr="__dict__"):
            return True
    return False


def _is_method(node: ast.AST, parent: Scope | None) -> bool:
    """Is its first parameter the object, or the class, that the student defines?"""
    if not isinstance(node, Function) or parent is None or not isinstance(parent.node, ast.ClassDef):
        return False
    return not any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list)


def _parts(value: ast.expr, count: int) -> list[ast.expr]:
    """`a, b` taken apart, if it is a pair where a pair is wanted."""
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    fits = len(parts) == count and not any(isinstance(part, ast.Starred) for part in parts)
    return parts if fits else []
