"""What a unit borrows from other units' modules, cut out of the reference as text.

Two places say what it needs: the imports of its reference module, which the setup cell repeats, and the code of its
lesson (`from mygpt.gpt import GPT` in a fence). Whoever opens the unit without the earlier ones finds all of it.
"""

import ast
import re
from collections.abc import Iterable, Iterator

from autograder.course import Course, Unit
from autograder.errors import AuthorError
from autograder.lesson import lesson_path
from autograder.source import Definition, Import, Module, joined, parse, read_module

_FENCE = re.compile(r"^```python(?![^\n]*\.noeval)([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)

Pair = tuple[str, str]
"""A module and a name in it: `("bigram", "softmax")`."""


def given_sources(course: Course, unit: Unit) -> dict[str, str]:
    """What the unit's notebook imports from `mygpt`, as small complete modules: `{"bigram": "def softmax…"}`.

    Each holds the imported names and whatever they need, so that a unit opens without the earlier ones. The unit itself
    is never among them: a bridge that stands on it, like play.py on generation.py, waits for the learner's own answers.
    """
    sources = _closed(course, _imports_of(course, unit))
    return {name: source for name, source in sources.items() if name != unit.name}


def whole_sources(course: Course, unit: Unit) -> dict[str, str]:
    """The unit's whole module as a part of `mygpt`, and what it and its lesson import, as in `given_sources`."""
    return _closed(course, _imports_of(course, unit) + _names_of(course, unit))


def chain_sources(course: Course, unit: Unit) -> tuple[tuple[Unit, ...], dict[str, str]]:
    """The earlier units on which a unit's answers stand in `mygpt`, and what `mygpt` is to hold: those, whole, with all
    that they import, besides what is given. It holds nothing of the unit itself.
    """
    judged, names = _imports_of(course, unit, judged=True), list[Pair]()
    earlier: tuple[Unit, ...] = ()
    while True:
        reached = _closed(course, judged + names)
        found = tuple(one for one in course.units if one.name in reached and one.number < unit.number)
        if found == earlier:
            sources = _closed(course, _imports_of(course, unit) + names)
            return earlier, {name: source for name, source in sources.items() if name != unit.name}
        earlier, names = found, [pair for one in found for pair in _names_of(course, one)]


def _imports_of(course: Course, unit: Unit, judged: bool = False) -> list[Pair]:
    imports = [pair for found in read_module(course, unit.name).imports for pair in _names_of_reference(found)]
    return imports + lesson_imports(course, unit, judged)


def _names_of(course: Course, unit: Unit) -> list[Pair]:
    return [(unit.name, found.names[0]) for found in read_module(course, unit.name).definitions]


def _closed(course: Course, pairs: list[Pair]) -> dict[str, str]:
    """These names and all they need, cut out of their modules."""
    wanted: dict[str, set[str]] = {}
    waiting = list(pairs)
    while waiting:
        module_name, name = waiting.pop()
        module = read_module(course, module_name)
        new = ({name} | module.reach([name])) - wanted.setdefault(module_name, set())
        wanted[module_name] |= new
        used = _uses(module.in_order(new))
        waiting += [pair for found in module.imports for pair in _names_of_reference(found, used)]
    return {name: _cut(read_module(course, name), names) for name, names in sorted(wanted.items())}


def lesson_imports(course: Course, unit: Unit, judged: bool = False) -> list[Pair]:
    """What the code of a unit's lesson imports from other units' modules of `mygpt`.

    Args:
        course: whose reference knows the names.
        unit: whose lesson.
        judged: only in fences that the judge runs too (`role="given"`).

    Raises:
        AuthorError: there is no such module or name, or the import does not say which names it means.
    """
    path = lesson_path(course, unit)
    if not path.is_file():  # the build says so
        return []
    lesson = path.relative_to(course.root).as_posix()
    fences = _FENCE.findall(path.read_text(encoding="utf-8"))
    chosen = [code for head, code in fences if not judged or 'role="given"' in head]
    pairs = [pair for code in chosen for pair in _pairs(code, lesson)]
    others = list(dict.fromkeys(pair for pair in pairs if pair[0] != unit.name))
    for module, name in others:
        if not (course.root / "reference" / f"{module}.py").is_file():
            raise AuthorError(f"{lesson} imports from mygpt.{module}, but there is no reference/{module}.py")
        if name not in read_module(course, module):
            raise AuthorError(
                f"{lesson} imports {name} from mygpt.{module}, but reference/{module}.py does not define it"
            )
    return others


def _pairs(code: str, lesson: str) -> Iterator[Pair]:
    if "mygpt" not in code:  # it may hold lines that only IPython understands
        return
    try:
        body = parse(code)
    except SyntaxError as error:
        raise AuthorError(f"{lesson}: a fence that names mygpt is no Python: {error.msg}") from None
    for node in ast.walk(body):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        module = getattr(node, "module", None) or ""
        if module.startswith("mygpt.") and "*" not in names:
            yield from ((module.removeprefix("mygpt."), name) for name in names)
        elif any(name.split(".")[0] == "mygpt" for name in ([module] if module else names)):
            raise AuthorError(f"{lesson}: write `from mygpt.<unit> import <name>`, not `{ast.unparse(node)}`")


def _cut(module: Module, names: set[str]) -> str:
    """The part of a module that defines `names`, with the imports it needs."""
    definitions = module.in_order(names)
    used = _uses(definitions)
    imports = [line for found in module.imports if (line := _import_of(found, used))]
    return "\n".join([*imports, "", "", ""]).lstrip("\n") + joined(definitions)


def _import_of(found: Import, used: frozenset[str]) -> str:
    """The part of an import statement that binds a used name, or nothing."""
    if not found.names:
        return found.text if found.binds & used else ""
    names = [name if name == here else f"{name} as {here}" for name, here in found.names if here in used]
    module = found.module.replace("reference.", "mygpt.", 1) if found.of_reference else found.module
    return f"from {module} import {', '.join(names)}" if names else ""


def _names_of_reference(found: Import, used: frozenset[str] | None = None) -> list[Pair]:
    if not found.of_reference:
        return []
    module = found.module.removeprefix("reference.")
    return [(module, name) for name, here in found.names if used is None or here in used]


def _uses(definitions: Iterable[Definition]) -> frozenset[str]:
    return frozenset().union(*(found.uses for found in definitions))
