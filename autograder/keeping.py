"""A right answer is kept: its cell becomes part of the learner's `mygpt`, if it is right there too.

A notebook hides much: names of other cells, half-finished helpers, an import run an hour ago. So the cell goes into a
copy of the module first, is run there, and must pass every probe once more.
"""

import ast
import contextlib
import inspect
import io
import linecache
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from autograder.key import Key, KeyExercise
from autograder.mygpt import BORROWED, GIVEN, OWN, joined_sections, names_defined, read_sections, write_sections
from autograder.running import implementation_of, is_students
from autograder.source import Importing, names_bound, names_used, text_of
from autograder.verdict import Verdict

_MARKS = ("# exercise:", "# from scratch:", "### BEGIN", "### END", "# YOUR CODE HERE")


class NotKept(Exception):
    """The answer is right in the notebook, but not on its own. The message says why, and what to do."""


def cell_of(implementation: Any) -> str:
    """The text of the notebook cell that defines a function or class; empty where it comes from elsewhere."""
    for code in _codes_of(implementation):
        if is_students(code.co_filename):
            return "".join(linecache.getlines(code.co_filename))
    return ""


def keep(package: Path, key: Key, exercise: KeyExercise, cell: str, judge: Callable[[Any], Verdict]) -> bool:
    """Put an answer's cell into its module of `mygpt`; return whether that changed the module.

    Args:
        package: the folder of `mygpt`.
        key: of the unit.
        exercise: whose answer passed.
        cell: the text of the cell with the answer.
        judge: the verdict on an implementation, with the probes that the live one passed.

    Raises:
        NotKept: the answer does not pass on its own, or the module cannot be written.
    """
    path = package / f"{key.unit}.py"
    try:
        before = read_sections(path)
        sections = _with_answer(before, key, exercise, cell)
        if sections == before:
            return False
        _try(path.stem, sections, exercise, judge, key)
        write_sections(path, sections)
    except SyntaxError as error:
        raise NotKept(f"line {error.lineno} of {path.name} in mygpt is no Python: {error.msg}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotKept(f"mygpt/{path.name} cannot be read or written: {error}") from None
    return True


def has(package: Path, key: Key, exercise: KeyExercise) -> bool:
    """Is a right answer to this exercise kept?"""
    try:
        return f"{OWN}{exercise.name}" in read_sections(package / f"{key.unit}.py")
    except (OSError, ValueError):
        return False


def _with_answer(sections: dict[str, str], key: Key, exercise: KeyExercise, cell: str) -> dict[str, str]:
    """The module's sections with this answer in its place, and nothing borrowed that is there otherwise."""
    own = _cut_out(cell, exercise.names)
    written = names_defined(own) | names_defined(key.preamble)
    kept = {
        heading: text
        for heading, text in sections.items()
        if not (heading.startswith(BORROWED) and written.issuperset(names_defined(text)))
    }
    return _without_orphans({**kept, GIVEN: key.preamble.strip("\n"), f"{OWN}{exercise.name}": own})


def _without_orphans(sections: dict[str, str]) -> dict[str, str]:
    """Leave out borrowed private helpers whose borrowed function has made way."""
    helpers = [heading for heading in sections if heading.startswith(f"{BORROWED}_")]
    used = {heading: set(names_used(text)) for heading, text in sections.items()}
    for helper in helpers:
        others = set[str]().union(*(names for heading, names in used.items() if heading != helper))
        if not others & names_defined(sections[helper]):
            return _without_orphans({heading: text for heading, text in sections.items() if heading != helper})
    return sections


def _cut_out(cell: str, names: tuple[str, ...]) -> str:
    """Of a cell: its imports, the definitions of `names`, and those they use. What only prints or tries is left out."""
    lines = [line for line in cell.splitlines() if not line.strip().startswith(_MARKS)]
    body = ast.parse("\n".join(lines)).body
    texts = {node: text_of(lines, node) for node in body}
    used, waiting = set(names), list(names)
    while waiting:
        name = waiting.pop()
        found = {other for node in body if name in names_bound(node) for other in names_used(texts[node])}
        waiting += found - used
        used |= found
    imports = [texts[node] for node in body if isinstance(node, Importing)]
    definitions = [texts[node] for node in body if used.intersection(names_bound(node))]
    return "\n\n\n".join(["\n".join(imports)] * bool(imports) + definitions)


def _try(name: str, sections: dict[str, str], exercise: KeyExercise, judge: Callable[[Any], Verdict], key: Key) -> None:
    """Run the module as it would be, and judge the answer in it."""
    module = ModuleType(f"mygpt.{name}")
    source = joined_sections(name, sections)
    filename = f"<answer in mygpt/{name}.py>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        with contextlib.redirect_stdout(io.StringIO()), _listed(module):
            exec(compile(source, filename, "exec"), module.__dict__)
        verdict = judge(implementation_of(exercise.names, module.__dict__))
    except NameError as error:
        raise NotKept(_missing(str(error.name), key)) from None
    except SyntaxError:
        raise
    except Exception as error:
        raise NotKept(f"as a module of its own it stops with {type(error).__name__}: {error}") from None
    if not verdict.right:
        raise NotKept(_why_not(verdict, key))


@contextlib.contextmanager
def _listed(module: ModuleType) -> Iterator[None]:
    """A dataclass whose annotations are text looks its module up in sys.modules."""
    listed = sys.modules.setdefault(module.__name__, module)
    try:
        yield
    finally:
        if listed is module:
            sys.modules.pop(module.__name__, None)


def _why_not(verdict: Verdict, key: Key) -> str:
    for raised in (result.raised for result in verdict.results if result.raised):
        if raised.type == "NameError" and (name := re.search(r"'(\w+)'", raised.message)):
            return _missing(name[1], key)
    first = next(result for result in verdict.results if not result.passed)
    return f"as a module of its own it fails at “{first.probe.sentence}”: does it use something of another cell?"


def _missing(name: str, key: Key) -> str:
    if any(name in exercise.names for exercise in key.exercises):
        return f"it uses {name}, which is not kept yet; check({name}) first"
    return f"it uses {name}, defined in another cell; move that into this one"


def _codes_of(implementation: Any) -> Iterator[CodeType]:
    members = vars(implementation).values() if inspect.isclass(implementation) else [implementation]
    for member in members:
        member = getattr(member, "fget", None) or getattr(member, "__func__", member)
        if isinstance(code := getattr(inspect.unwrap(member), "__code__", None), CodeType):
            yield code
