"""The docstring is the student's contract: it must run, be complete, and give nothing away."""

import ast
import doctest
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import reference

FILES = sorted(path for path in Path(reference.__file__).parent.glob("*.py") if path.stem != "__init__")
FUNCTIONS: dict[str, tuple[ast.FunctionDef, str]] = {}  # "unit.name" → the function, and the file it stands in


def public_functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions and methods that have a reader: all but the private ones."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef)]
            methods = [item for item in methods if item.name == "__init__" or not item.name.startswith("_")]
            yield from ((f"{node.name}.{method.name}", method) for method in methods)


def contract(name: str) -> str:
    """What the student reads: the function's docstring; a constructor is described by its class."""
    node, source = FUNCTIONS[name]
    classes = [item for item in ast.parse(source).body if isinstance(item, ast.ClassDef)]
    owner = [item for item in classes if f".{item.name}." in name]
    return "\n".join(ast.get_docstring(item) for item in [node, *owner])


for file in FILES:
    source = file.read_text(encoding="utf-8")
    FUNCTIONS |= {f"{file.stem}.{name}": (node, source) for name, node in public_functions(ast.parse(source))}

every_function = pytest.mark.parametrize("name", FUNCTIONS)


@pytest.mark.parametrize("unit", [file.stem for file in FILES])
def test_examples_run(unit: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(f"reference.{unit}"))
    assert attempted > 0
    assert failed == 0


@every_function
def test_no_line_of_the_answer_stands_in_the_docstring(name: str) -> None:
    node, source = FUNCTIONS[name]
    first = node.body[1].lineno if len(node.body) > 1 else node.end_lineno
    body = [line.split("  #")[0].strip() for line in source.splitlines()[first - 1 : node.end_lineno]]
    assert [line for line in body if len(line) > 15 and line in contract(name)] == []


@every_function
def test_the_docstring_names_every_argument(name: str) -> None:
    node, _ = FUNCTIONS[name]
    names = [arg.arg for arg in node.args.args + node.args.kwonlyargs if arg.arg != "self"]
    assert [arg for arg in names if arg not in contract(name)] == []


@every_function
def test_every_argument_and_result_has_a_type(name: str) -> None:
    node, _ = FUNCTIONS[name]
    assert node.returns is not None
    assert [arg.arg for arg in node.args.args if arg.annotation is None and arg.arg != "self"] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_private_helper_serves_one_function(file: Path) -> None:
    """It travels with the answer that uses it, so it cannot have two masters."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    users: dict[str, set[str]] = {
        node.name: set() for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("_")
    }
    for node in tree.body:
        for used in (item.id for item in ast.walk(node) if isinstance(item, ast.Name) and item.id in users):
            users[used].add(node.name)
    assert {helper: sorted(names) for helper, names in users.items() if len(names - {helper}) != 1} == {}
