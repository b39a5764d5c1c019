"""The reference as text: taken apart by `ast`, never imported.

A reference module holds imports, constants, functions and classes, nothing else. Its names have three fates:

    an exercise         shown as signature and docstring; the body is the solution
    a private name      `_helper`: travels inside the solution of the one exercise that uses it
    any other name      given: shown in the cell of the exercise that uses it, above the solution
"""

import ast
import re
import symtable
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Course, Exercise, Unit
from autograder.errors import AuthorError

_PARSING = threading.Lock()

Importing = ast.Import | ast.ImportFrom


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement."""

    text: str
    module: str
    names: tuple[tuple[str, str], ...]
    """Pairs of name and name here: `("nn", "n")` in `from torch import nn as n`; none in `import math`."""
    binds: frozenset[str]

    @property
    def of_reference(self) -> bool:
        return self.module.split(".")[0] == "reference"

    @property
    def for_notebook(self) -> str:
        """The statement as a notebook has it, where the learner's own code is `mygpt`."""
        return re.sub(r"^from reference\.", "from mygpt.", self.text)


@dataclass(frozen=True, slots=True)
class Definition:
    """One statement that binds names at the top of a module, with the comment lines right above it."""

    names: tuple[str, ...]
    text: str
    uses: frozenset[str]
    """Names it takes from its module's top level (or from the builtins)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything the answer cell of one exercise is made of."""

    exercise: Exercise
    given: tuple[Definition, ...]
    definitions: tuple[Definition, ...]
    helpers: tuple[Definition, ...]

    @property
    def source(self) -> str:
        return joined([*self.given, *self.definitions, *self.helpers])


class Module:
    """The text of one reference module."""

    def __init__(self, path: Path, name: str) -> None:
        if not path.is_file():
            raise AuthorError(f"there is no {name}: write it, or correct the unit's name in course.toml")
        self.name = name
        self._lines = path.read_text(encoding="utf-8").splitlines()
        self.imports: list[Import] = []
        self.definitions: list[Definition] = []
        for node in parse("\n".join(self._lines)).body:
            self._take(node)
        self._of_name = {name: found for found in self.definitions for name in found.names}

    def __contains__(self, name: str) -> bool:
        return name in self._of_name

    def __getitem__(self, name: str) -> Definition:
        if name not in self._of_name:
            raise AuthorError(f"{self.name} does not define {name}: add it there, or correct the name")
        return self._of_name[name]

    def reach(self, names: Iterable[str], stop: Iterable[str] = ()) -> frozenset[str]:
        """Names of this module that `names` use, directly or through each other; those in `stop` lead no further."""
        reached: set[str] = set()
        waiting = [used for name in names for used in self[name].uses]
        while waiting:
            name = waiting.pop()
            if name in self and name not in reached:
                reached.add(name)
                waiting.extend(() if name in stop else self[name].uses)
        return frozenset(reached)

    def in_order(self, names: Iterable[str]) -> tuple[Definition, ...]:
        wanted = set(names)
        return tuple(found for found in self.definitions if wanted.intersection(found.names))

    def _take(self, node: ast.stmt) -> None:
        if isinstance(node, Importing):
            self.imports.append(self._import(node))
        elif names := names_bound(node):
            text = text_of(self._lines, node)
            if any(self._import(inner).of_reference for inner in ast.walk(node) if isinstance(inner, Importing)):
                raise AuthorError(f"{self._at(node)}: {names[0]} imports reference in its body; move it to the top")
            self.definitions.append(Definition(names, text, frozenset(names_used(text)) - set(names)))
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            raise AuthorError(
                f"{self._at(node)}: a reference module holds imports, constants, functions and classes at its top level"
            )

    def _import(self, node: Importing) -> Import:
        text = "\n".join(self._lines[node.lineno - 1 : node.end_lineno])
        if isinstance(node, ast.Import):
            module, names = node.names[0].name, ()
            binds = frozenset(alias.asname or alias.name.split(".")[0] for alias in node.names)
        else:
            module, names = node.module or "", tuple((alias.name, alias.asname or alias.name) for alias in node.names)
            binds = frozenset(name for _, name in names)
        found = Import(text, module, names, binds)
        if module == "__future__" or getattr(node, "level", 0):
            raise AuthorError(f"{self._at(node)}: imports are absolute, and none is from __future__ (a cell loses it)")
        if found.of_reference and (module == "reference" or not names):
            raise AuthorError(f"{self._at(node)}: write `from reference.<unit> import <name>`, as a notebook will")
        return found

    def _at(self, node: ast.stmt) -> str:
        return f"{self.name}, line {node.lineno}"


def read_module(course: Course, module: str) -> Module:
    """Read reference/<module>.py of the course."""
    return Module(course.root / "reference" / f"{module}.py", f"reference/{module}.py")


def read_answer(course: Course, unit: Unit, exercise: Exercise) -> Answer:
    """Collect the cell of one exercise: what is given, what is asked, what helps."""
    module = read_module(course, unit.name)
    _refuse_shared_helpers(module, unit)
    exercises = {name for e in unit.exercises for name in e.names}
    around = module.reach(exercise.names, stop=exercises) - exercises
    public = {name for name in around if not name.startswith("_")}
    given = public | (module.reach(public, stop=exercises) - exercises)
    return Answer(
        exercise,
        given=module.in_order(given),
        definitions=module.in_order(exercise.names),
        helpers=module.in_order(around - given),
    )


def answer_source(course: Course, unit: Unit, exercise: Exercise) -> str:
    """The right answer as text: given names, the exercise with its companions, helpers. No imports, no markers."""
    return read_answer(course, unit, exercise).source


def prerequisites(course: Course, unit: Unit, exercise: Exercise) -> tuple[str, ...]:
    """Exercises of the same unit that the reference's answer uses, directly or through others, in course order."""
    module = read_module(course, unit.name)
    used = module.reach(exercise.names)
    return tuple(e.name for e in unit.exercises if e != exercise and used.intersection(e.names))


def dependents(course: Course, unit: Unit, exercise: Exercise) -> tuple[str, ...]:
    """Exercises of the same unit whose reference answer uses this one, in course order."""
    return tuple(e.name for e in unit.exercises if exercise.name in prerequisites(course, unit, e))


def setup_imports(course: Course, unit: Unit) -> list[str]:
    """The import statements a notebook of the unit starts with."""
    return [found.for_notebook for found in read_module(course, unit.name).imports]


def preamble(course: Course, unit: Unit) -> str:
    """How the unit's module of `mygpt` begins: the notebook's imports, and what the course gives away."""
    module = read_module(course, unit.name)
    exercises = {name for exercise in unit.exercises for name in exercise.names}
    public = {name for found in module.definitions for name in found.names if not name.startswith("_")} - exercises
    given = public | (module.reach(public, stop=exercises) - exercises)
    imports = "\n".join(found.for_notebook for found in module.imports)
    return f"{imports}\n\n\n{joined(module.in_order(given))}" if given else f"{imports}\n"


def joined(definitions: Iterable[Definition]) -> str:
    """Definitions one under another, two blank lines apart."""
    return "\n\n\n".join(found.text for found in definitions) + "\n"


def _refuse_shared_helpers(module: Module, unit: Unit) -> None:
    exercises = {name: e.name for e in unit.exercises for name in e.names}
    public = [name for found in module.definitions for name in found.names if not name.startswith("_")]
    owner: dict[str, str] = {}
    for name in public:
        for helper in sorted(module.reach([name], stop=public)):
            user = exercises.get(name, name)
            if helper.startswith("_") and owner.setdefault(helper, user) != user:
                raise AuthorError(
                    f"{module.name}: {helper} is used by {owner[helper]} and by {user}; "
                    "make it an exercise, give it a public name, or import it from another module"
                )


def parse(text: str) -> ast.Module:
    """`ast.parse`, one thread at a time: CPython 3.11 counts its depth for all threads together, and may stumble."""
    with _PARSING:
        return ast.parse(text)


def names_bound(node: ast.stmt) -> tuple[str, ...]:
    """The names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return (node.name,)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return tuple(n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name))
    return ()


def names_used(text: str) -> Iterator[str]:
    """Names that a definition takes from the module around it; a parameter or local of the same name is none."""

    def walk(table: symtable.SymbolTable) -> Iterator[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                yield symbol.get_name()
        for child in table.get_children():
            yield from walk(child)

    return walk(symtable.symtable(text, "<reference>", "exec"))


def text_of(lines: list[str], node: ast.stmt) -> str:
    """A statement at the top of a module as it is written, with its decorators and the comment lines right above it."""
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])
