"""The syntax trees of cells: how one is made without trusting it, and which part of a node belongs to which scope."""

import ast
from collections.abc import Iterable, Iterator

from autograder.magics import plain
from autograder.source import parse

Function = (ast.FunctionDef, ast.AsyncFunctionDef)
Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Scoped = (*Function, ast.Lambda, ast.ClassDef, *Comprehension)
Telling = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.AsyncFor)
Telling += (ast.comprehension, ast.withitem, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)
Telling += (ast.Global, ast.Nonlocal, ast.Call, *Scoped)
"""Nodes that say something about names."""


class Unreadable(Exception):
    """A cell that runs, perhaps, but cannot be read here: too deep, or too long."""


def tree_of(source: str) -> ast.Module:
    """The syntax tree of a cell, IPython's own lines left out.

    Raises:
        SyntaxError, ValueError: it is no Python.
        Unreadable: it may be, but is nested too deeply.
    """
    try:
        try:
            return parse(source)
        except SyntaxError:
            return parse(plain(source, parse))  # as the judge's child reads it
    except (RecursionError, MemoryError):
        raise Unreadable("it is nested too deeply") from None


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes in a node, but for those that say whether a name is read or written."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            if name != "ctx":
                found.append(value)
        elif isinstance(value, list):
            found += [one for one in value if isinstance(one, ast.AST)]
    return found


def inner(node: ast.AST) -> Iterable[ast.AST]:
    """The part of a node that its own scope sees; decorators, defaults and bases belong to the scope around it."""
    if isinstance(node, ast.Lambda):
        return [node.body]
    return node.body if isinstance(node, (*Function, ast.ClassDef)) else children(node)


def outer(node: ast.AST) -> Iterable[ast.AST]:
    """The part of a node with a scope of its own that the scope around it sees. Annotations are left out."""
    found: list[ast.AST | None] = [*getattr(node, "decorator_list", ())]
    if isinstance(node, (*Function, ast.Lambda)):
        found += [*node.args.defaults, *node.args.kw_defaults]
    if isinstance(node, ast.ClassDef):
        found += [*node.bases, *node.keywords]
    return [one for one in found if one is not None]


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in a scope, in no particular order, without what stands in the scopes inside of it."""
    waiting = list(inner(node))
    while waiting:
        yield (found := waiting.pop())
        if isinstance(found, Scoped):
            waiting += [*outer(found), *_walrus(found)]
        elif not isinstance(found, (ast.Name, ast.Constant)):
            waiting += children(found)


def _walrus(node: ast.AST) -> list[ast.AST]:
    """What the annotations of a function bind, for they are evaluated around it."""
    if not isinstance(node, Function):
        return []
    annotations = [node.returns, *(arg.annotation for arg in ast.walk(node.args) if isinstance(arg, ast.arg))]
    return [one for note in annotations if note for one in ast.walk(note) if isinstance(one, ast.NamedExpr)]
