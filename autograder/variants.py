"""Right, wrong and otherwise right implementations of an exercise, all as source text and all runnable.

Everything here is trusted code of the course; nothing a student wrote comes this way.
"""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from autograder.course import Course, Exercise, Unit
from autograder.errors import AuthorError
from autograder.lesson import lesson_path, read_lesson
from autograder.running import implementation_of
from autograder.source import answer_source
from reference.misconceptions import Misconception

STUB = "raise NotImplementedError()"


def implement(unit: Unit, exercise: Exercise, source: str) -> Any:
    """Run an answer's source on top of the reference's module and return the implementation a probe is handed."""
    namespace = dict(vars(importlib.import_module(f"reference.{unit.name}")))
    for name in exercise.names:
        namespace.pop(name)
    exec(compile(source, f"<answer {exercise.name}>", "exec"), namespace)
    return implementation_of(exercise.names, namespace)


def reference_implementation(unit: Unit, exercise: Exercise) -> Any:
    return implementation_of(exercise.names, vars(importlib.import_module(f"reference.{unit.name}")))


def stub_source(course: Course, unit: Unit, exercise: Exercise) -> str:
    """The answer as it is handed out: every body raises NotImplementedError, but of the methods a lesson gives away."""
    given = _given_methods(course, unit, exercise)
    tree = ast.parse(answer_source(course, unit, exercise))
    tree.body = [node for node in tree.body if getattr(node, "name", "") in exercise.names]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name not in given:
            node.body = ast.parse(STUB).body
    return ast.unparse(tree)


def _given_methods(course: Course, unit: Unit, exercise: Exercise) -> tuple[str, ...]:
    if not lesson_path(course, unit).is_file():
        return ()
    blocks = read_lesson(course, unit)
    return next((block.names for block in blocks if (block.kind, block.name) == ("exercise", exercise.name)), ())


def misconceptions_of(unit: Unit, exercise: Exercise | None = None) -> tuple[Misconception, ...]:
    """The unit's misconceptions, or one exercise's, in the order they are written."""
    everything = importlib.import_module(f"reference.misconceptions.{unit.name}").MISCONCEPTIONS
    return tuple(m for m in everything if exercise is None or m.exercise == exercise.name)


def misconception_source(course: Course, unit: Unit, misconception: Misconception) -> str:
    """A misconception as the text of an answer.

    Raises:
        AuthorError: an edit does not fit the reference's text exactly once.
    """
    exercise = unit.exercise(misconception.exercise)
    if misconception.wrong is not None:
        wrong = misconception.wrong if isinstance(misconception.wrong, tuple) else (misconception.wrong,)
        return "\n\n".join(_renamed(w, name) for w, name in zip(wrong, exercise.names, strict=True))
    source = answer_source(course, unit, exercise)
    for old, new in (misconception.edit or {}).items():
        if source.count(old) != 1:
            raise AuthorError(
                f"reference/misconceptions/{unit.name}.py: {exercise.name}, {misconception.name!r}: the edit {old!r} "
                f"occurs {source.count(old)} times in the reference's answer; it must occur once"
            )
        source = source.replace(old, new)
    return source


def alternatives_of(unit: Unit) -> Iterator[tuple[str, str, str]]:
    """Other right answers of `reference/alternatives/<unit>.py`: (exercise, style, source).

    `softmax__by_exp` is the style `by_exp` of `softmax`; a pair shares its style's name.
    """
    module = importlib.import_module(f"reference.alternatives.{unit.name}")
    for exercise in unit.exercises:
        for style in _styles(module, exercise.name):
            parts = [_renamed(getattr(module, f"{name}__{style}"), name) for name in exercise.names]
            yield exercise.name, style, "\n\n".join(parts)


def _styles(module: ModuleType, exercise: str) -> list[str]:
    return [name.removeprefix(f"{exercise}__") for name in vars(module) if name.startswith(f"{exercise}__")]


def _renamed(item: Any, name: str) -> str:
    """The source of a function or class under another name."""
    source = textwrap.dedent(inspect.getsource(item))
    return re.sub(rf"\b{item.__name__}\b", name, source)
