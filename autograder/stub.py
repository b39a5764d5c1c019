"""The answer cell of an exercise: the reference's text with solution markers around what a student writes.

nbgrader replaces each marked region by its stub. A function's body is one region, so is each method's body, unless
the lesson gives the method away. Helpers stand at the end, inside the last region.
"""

import ast
import tokenize
from collections.abc import Iterable

from autograder.errors import AuthorError
from autograder.from_scratch import rule_in_words
from autograder.source import Answer, joined

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

STRUCTURAL = ("property", "staticmethod", "classmethod", "abstractmethod", "dataclass", "contextmanager", "setter")
"""Decorators that belong to a signature. Any other would tell part of the answer."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def answer_cell(
    answer: Answer, unit: str, given_methods: Iterable[str] = (), shown: Iterable[str] = (), setting: str = "told"
) -> str:
    """Write the cell: its name, its from-scratch rule, what is given (unless `shown` by a cell above), the definitions
    with their markers."""
    exercise = answer.exercise
    given = [found for found in answer.given if not set(shown).issuperset(found.names)]
    marked = [_Marked(found.text, frozenset(given_methods)) for found in answer.definitions]
    unknown = set(given_methods).difference(*(part.methods for part in marked))
    if unknown:
        raise AuthorError(f"{exercise.name}: given={', '.join(sorted(unknown))} names no method of it")
    if answer.helpers:
        marked[-1].append(joined(answer.helpers).rstrip("\n"))
    text = "\n\n\n".join([*(found.text for found in given), *(part.text() for part in marked)])
    rule = f"# from scratch: {rule_in_words(exercise.forbids, setting)}\n" if exercise.forbids else ""
    return f"# exercise: {unit}.{exercise.name}\n{rule}{text}"


class _Marked:
    """One definition, as lines, with the regions to hide."""

    def __init__(self, text: str, given_methods: frozenset[str]) -> None:
        self.lines = text.split("\n")
        self.methods: set[str] = set()
        self.regions: list[tuple[int, int]] = []
        (node,) = ast.parse(text).body
        self.name = getattr(node, "name", text.split()[0])
        if isinstance(node, Function):
            self.regions.append(self._body(node))
        elif isinstance(node, ast.ClassDef):
            self._check_decorators(node)
            self._take_methods(node, given_methods)
        else:
            raise AuthorError(f"{self.name} is an exercise, so the reference has to define it by `def` or `class`")

    def append(self, helpers: str) -> None:
        """Put helpers under the definition, inside its last region."""
        start, end = self.regions[-1] if self.regions else (0, 0)
        if end != len(self.lines):
            raise AuthorError(f"{self.name} ends with a method that is given, so its helpers have no place to hide")
        self.lines += ["", "", *helpers.split("\n")]
        self.regions[-1] = (start, len(self.lines))

    def text(self) -> str:
        lines = list(self.lines)
        for start, end in reversed(self.regions):
            indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
            lines[start:end] = [indent + BEGIN, *lines[start:end], indent + END]
        return "\n".join(lines)

    def _take_methods(self, node: ast.ClassDef, given: frozenset[str]) -> None:
        """Each public method has its own region; a private one hides in the region of the method before it."""
        after_region = False
        for member in node.body:
            if not isinstance(member, Function):
                continue
            self.methods.add(member.name)
            private = member.name.startswith("_") and not member.name.endswith("__")
            if member.name in given:
                after_region = False
            elif not private:
                self.regions.append(self._body(member))
                after_region = True
            elif after_region:
                self.regions[-1] = (self.regions[-1][0], self._body(member)[1])
            else:
                raise AuthorError(f"{self.name}.{member.name} is private: put it after the public method that uses it")
        if not self.regions:
            raise AuthorError(f"{self.name} leaves nothing to write: every method is given")

    def _body(self, node: Function) -> tuple[int, int]:
        """First and one-past-last line of what follows signature and docstring."""
        self._check_decorators(node)
        has_docstring = ast.get_docstring(node, clean=False) is not None
        statements = node.body[has_docstring:]
        if not statements:
            raise AuthorError(f"{node.name} has no body: the reference holds the whole answer")
        # A comment above the first statement tells as much as the statement, so the docstring is where to begin.
        start = node.body[0].end_lineno if has_docstring else _signature_end(self.lines, node.lineno)
        if start >= statements[0].lineno:
            raise AuthorError(f"{node.name}: write its body on lines of its own, below the signature")
        while not self.lines[start].strip():
            start += 1
        end = statements[-1].end_lineno
        indent = len(self.lines[start]) - len(self.lines[start].lstrip())
        while end < len(self.lines) and self.lines[end].startswith(" " * indent + "#"):
            end += 1
        return start, end

    def _check_decorators(self, node: Function | ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = ast.unparse(called)
            if name.split(".")[-1] not in STRUCTURAL:
                raise AuthorError(
                    f"{node.name}: @{name} would stand in the student's cell and tell part of the answer; "
                    "do the same inside the body"
                )


def _signature_end(lines: list[str], first: int) -> int:
    """How many lines end with the colon of the signature that begins at line `first`."""
    depth = 0
    for token in tokenize.generate_tokens(iter(f"{line}\n" for line in lines[first - 1 :]).__next__):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == ":" and depth == 0:
                return first - 1 + token.end[0]
    raise AssertionError("a signature that ast has read ends with a colon")
