"""What a name in a student's cells stands for, as far as their text tells. Nothing is run, nothing imported.

`F.gelu` is "torch.nn.functional.gelu" where some cell says `from torch.nn import functional as F`. A name may have been
bound in several ways, so the answer is a set. What nobody can tell by reading is "?", and a method of it "?.softmax".
"""

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.from_scratch.scopes import Bound, Cell, Scope


@dataclass(frozen=True, slots=True)
class Path:
    """Something by its full name; what is not known begins with a question mark."""

    name: str

    def member(self, name: str) -> "Path":
        return Path(f"?.{name}" if self.name.startswith("?") else f"{self.name}.{name}")


@dataclass(frozen=True, slots=True)
class Members:
    """The dict of everything in a module: `vars(torch)`. Of nothing: `sys.modules`; of "globals": the notebook's."""

    of: str


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Own:
    """A function, class or object that the student defined."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Something is fetched by a name that is a value: `getattr(torch, "softmax")`, `sys.modules["torch"]`."""

    bases: frozenset["Thing"]
    names: frozenset[str]
    complete: bool
    """Can every name be read?"""


Thing = Path | Members | Text | Own
Things = frozenset[Thing]

UNKNOWN: Things = frozenset({Path("?")})
OWN: Things = frozenset({Own()})
GLOBALS = "globals"
MOST = 64  # different meanings of one expression; an honest one has two or three
LONGEST = 1000  # characters of a text that is put together

BY_NAME = {"builtins.getattr", "builtins.__import__", "importlib.import_module", "operator.attrgetter"}
BY_NAME |= {"operator.methodcaller", "pydoc.locate", "pkgutil.resolve_name"}
CODE = {"builtins.eval", "builtins.exec", "builtins.compile", "torch.jit.CompilationUnit"}
NAMESPACES = {"builtins.globals", "builtins.locals", "builtins.vars"}
READERS = BY_NAME | CODE | NAMESPACES
PARTIAL = "functools.partial"
FETCHING = {"get", "pop", "setdefault", "__getitem__"}
GETATTR = {"__getattribute__", "__getattr__"}
MINUS_ONE = ast.dump(ast.parse("-1", mode="eval").body)
FOLDED = {"join", "lower", "upper", "replace", "strip", "removeprefix", "removesuffix", "casefold", "swapcase"}


class Notebook:
    """The cells in the order in which they run. Of several that bind a name, the last decides."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        self.last = {name: cell for cell in cells for name in cell.scope.names}
        self.attributes = frozenset[str]().union(*(cell.attributes for cell in cells))
        self.stars = sorted({star for cell in cells for star in cell.stars})
        self._known: dict[tuple[ast.AST, Scope], Things] = {}

    def homes(self, name: str, cell: Cell) -> list[Cell]:
        """The cells whose binding of a global name counts where it is used in `cell`."""
        last = self.last.get(name)
        return [one for one in {cell: None, last: None} if one is not None and name in one.scope.names]

    def things(self, node: ast.expr, scope: Scope) -> Things:
        """What an expression may be."""
        key = (node, scope)
        if key not in self._known:
            self._known[key] = UNKNOWN  # for one that is made of itself
            found = self._things(node, scope)
            self._known[key] = found if len(found) <= MOST else UNKNOWN
        return self._known[key]

    def _things(self, node: ast.expr, scope: Scope) -> Things:
        match node:
            case ast.Name(id=name):
                return self.named(name, scope)
            case ast.Attribute(value=value, attr=name):
                return self._members(self.things(value, scope), name)
            case ast.IfExp(body=one, orelse=other):
                return self.things(one, scope) | self.things(other, scope)
            case ast.BoolOp(values=values):
                return frozenset().union(*(self.things(value, scope) for value in values))
            case ast.NamedExpr(value=value):
                return self.things(value, scope)
            case ast.Lambda():
                return OWN
            case ast.Call() | ast.Subscript() if (asked := self.asked(node, scope)) is not None:
                return self.fetched(asked, scope)
            case ast.Call():
                return self._called(node, scope)
        text = self._folded(node, scope)
        return frozenset({Text(text)}) if isinstance(text, str) else UNKNOWN

    def named(self, name: str, scope: Scope) -> Things:
        """What a name may be where it stands."""
        if (local := scope.local(name)) is not None:
            return self._bound(local.names[name], name)
        bound = [one for cell in self.homes(name, scope.cell) for one in cell.scope.names[name]]
        if bound:
            return self._bound(bound, name)
        if name == "__builtins__":
            return frozenset({Path("builtins")})
        if hasattr(builtins, name):
            return frozenset({Path(f"builtins.{name}")})
        return frozenset(Path(f"{star}.{name}") for star in self.stars) or UNKNOWN

    def _bound(self, bindings: Sequence[Bound], name: str) -> Things:
        found: Things = frozenset()
        for bound in bindings:
            if bound.path:
                things = frozenset({Path(bound.path)})
            elif bound.own:
                things = OWN
            else:
                things = UNKNOWN if bound.value is None else self.things(bound.value, bound.scope)
            if len(bindings) == 1:
                return things
            found |= things
        return found

    def _members(self, bases: Things, name: str) -> Things:
        found: set[Thing] = set()
        for base in bases:
            match base:
                case Path("sys") if name == "modules":
                    found.add(Members(""))
                case Path(path) if name == "__dict__":
                    found.add(Members(path))
                case Path():
                    found.add(base.member(name))
                case Own() if name in self.attributes:
                    found.add(base)
                case Text():
                    found |= UNKNOWN
                case _:
                    found.add(Path(f"?.{name}"))
        return frozenset(found)

    def _called(self, call: ast.Call, scope: Scope) -> Things:
        """What a call gives: an object of a library's class keeps the class's name, all else is unknown."""
        found: set[Thing] = set()
        for function in self.things(call.func, scope):
            match function:
                case Own():
                    found |= OWN
                case Path("builtins.vars") if call.args:
                    found |= {Members(one.name) for one in self.things(call.args[0], scope) if isinstance(one, Path)}
                case Path(name) if name in NAMESPACES:
                    found.add(Members(GLOBALS))
                case Path("functools.partial") if call.args:
                    found |= self.things(call.args[0], scope)
                case Path(name) if name.rpartition(".")[2][:1].isupper() and not name.endswith("()"):
                    found.add(Path(f"{name}()"))
        text = self._folded(call, scope)
        if isinstance(text, str):
            found.add(Text(text))
        return frozenset(found) or UNKNOWN

    def asked(self, node: ast.expr, scope: Scope) -> Asked | None:
        """Is something fetched here by a name that is a value?"""
        match node:
            case ast.Subscript(value=value, slice=name):
                members = self._dicts(value, scope)
                return self._ask(members, name, scope) if members else None
            case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[name, *_]) if attr in FETCHING:
                members = self._dicts(value, scope)
                return self._ask(members, name, scope) if members else None
            case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[*_, name] as args) if attr in GETATTR:
                return self._ask(self.things(args[0] if len(args) > 1 else value, scope), name, scope)
            case ast.Call(func=function):
                called = {one.name for one in self.things(function, scope) if isinstance(one, Path)}
                if PARTIAL in called and len(node.args) > 1:
                    return self.asked(ast.Call(node.args[0], node.args[1:], node.keywords), scope)
                if called & BY_NAME:
                    return self._ask_function(called & BY_NAME, node, scope)
        return None

    def _ask_function(self, called: set[str], call: ast.Call, scope: Scope) -> Asked:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if "builtins.getattr" in called:
            if len(call.args) < 2:
                return Asked(UNKNOWN, frozenset(), complete=False)
            return self._ask(self.things(given[0], scope), given[1], scope)
        if not given:
            return Asked(UNKNOWN, frozenset(), complete=False)
        anywhere = called & {"operator.attrgetter", "operator.methodcaller"}
        return self._ask(UNKNOWN if anywhere else frozenset({Members("")}), given[0], scope)

    def _ask(self, bases: Things, name: ast.expr, scope: Scope) -> Asked:
        things = self.things(name, scope)
        texts = frozenset(one.value for one in things if isinstance(one, Text))
        return Asked(bases, texts, complete=len(texts) == len(things))

    def _dicts(self, node: ast.expr, scope: Scope) -> Things:
        return frozenset(one for one in self.things(node, scope) if isinstance(one, Members))

    def fetched(self, asked: Asked, scope: Scope) -> Things:
        """What is found under the names that can be read."""
        found: set[Thing] = set() if asked.complete else set(UNKNOWN)
        for name in asked.names:
            for base in asked.bases:
                if isinstance(base, Members):
                    found |= self._item(base, name.replace(":", "."), scope)
                else:
                    found |= self._members(frozenset({base}), name)
        return frozenset(found) or UNKNOWN

    def _item(self, members: Members, name: str, scope: Scope) -> Things:
        if members.of == GLOBALS:
            return self.named(name, scope.cell.scope)
        return frozenset({Path(f"{members.of}.{name}" if members.of else name)})

    def texts(self, node: ast.expr, scope: Scope) -> tuple[list[str], bool]:
        """The texts that an expression may be, and whether these are all."""
        things = self.things(node, scope)
        found = sorted(one.value for one in things if isinstance(one, Text))
        return found, len(found) == len(things)

    def _folded(self, node: ast.expr, scope: Scope) -> object:
        """The value of an expression made of constants, as far as a name is usually hidden; None where it is none."""
        match node:
            case ast.Constant(value=str() | int() as value):
                return value
            case ast.Name() | ast.IfExp() | ast.NamedExpr():
                texts, complete = self.texts(node, scope)
                return texts[0] if complete and len(texts) == 1 else None
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _joined([self._folded(left, scope), self._folded(right, scope)])
            case ast.JoinedStr(values=values):
                return _joined([self._folded(one, scope) for one in values])
            case ast.FormattedValue(value=value, format_spec=None):
                return self._folded(value, scope)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                folded = [self._folded(part, scope) for part in parts]
                return None if any(part is None for part in folded) else folded
            case ast.Subscript(value=value, slice=ast.Slice(lower=None, upper=None, step=ast.UnaryOp() as step)):
                return _reversed(self._folded(value, scope)) if ast.dump(step) == MINUS_ONE else None
            case ast.Call(func=ast.Name(id="chr"), args=[number]):
                code = self._folded(number, scope)
                return chr(code) if isinstance(code, int) and 0 <= code < 0x110000 else None
            case ast.Call(func=ast.Name(id="reversed" | "list" | "tuple" | "str" as name), args=[part]):
                value = self._folded(part, scope)
                return _reversed(value) if name == "reversed" else value
            case ast.Call(func=ast.Attribute(value=value, attr=name), args=args, keywords=[]) if name in FOLDED:
                return _applied(self._folded(value, scope), name, [self._folded(one, scope) for one in args])
        return None


def _joined(parts: list[object]) -> str | None:
    if not all(isinstance(part, str) for part in parts):
        return None
    text = "".join(map(str, parts))
    return text if len(text) <= LONGEST else None


def _reversed(value: object) -> object:
    return value[::-1] if isinstance(value, str | list) else None


def _applied(text: object, method: str, args: list[object]) -> str | None:
    """A method of a text that gives another text, if neither is long."""
    if not isinstance(text, str) or len(text) > LONGEST or len(str(args)) > LONGEST:
        return None
    try:
        made = getattr(text, method)(*args)
    except (TypeError, ValueError):
        return None
    return made if len(made) <= LONGEST else None
