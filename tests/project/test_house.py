"""The rules of the house, where a program can hold them: size, who may import whom, types, no names of mirrors."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("autograder", "reference")
EVERYTHING = (*PRODUCT, "solutions", "tests", "benchmarks")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40

# Catalogues: one entry below the other, one file for each unit. They may be longer, and their functions are written
# as a student would write them, or take a student's function: without types, explained by the entry they belong to.
CATALOGUES = ("autograder/checks", "reference/misconceptions", "reference/alternatives")
MAX_CATALOGUE_LINES = 1000

# Who may import the right answers.
IMPORTERS_OF_REFERENCE = {
    "autograder/checkpoint.py",
    "autograder/demo/classroom.py",
    "autograder/devcheck.py",
    "autograder/variants.py",
}

# The process that keeps the books must start fast and hold no tensor: only its forked children run answers.
WITHOUT_TORCH = (
    "autograder.cli",
    "autograder.comparison",
    "autograder.grading",
    "autograder.judge",
    "autograder.key",
    "autograder.nbgrader_plugin",
    "autograder.observation",
    "autograder.stories",
    "autograder.submission",
    "autograder.verdict",
)

OURS = {"autograder", "reference", "mygpt", "solutions", "tests", "benchmarks"}

# Installing is between a user and the user's own settings, so no host of a registry is named. In two halves each,
# because this file is read as well.
HOSTS = [name + end for name, end in (("pypi", ".org"), ("python", "hosted"), ("ana", "conda.org"), ("npm", "js.org"))]
TEXT_SUFFIXES = {".py", ".md", ".toml", ".yml", ".yaml", ".lock", ".txt", ".html", ".css", ".ipynb", ".json", ""}
NOT_OURS = {".git", ".venv", "workspace", "__pycache__", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints"}
NOT_OURS |= {".autograder", "submitted", "autograded", "feedback"}


def modules(*folders: str) -> list[str]:
    """Python files below these folders, as paths from the root."""
    paths = (path.relative_to(ROOT) for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.as_posix() for path in paths if not NOT_OURS & set(path.parts))


def text_files() -> Iterator[Path]:
    """Every text file of the project, without looking into the folders that are not ours."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix in TEXT_SUFFIXES)


def at(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return f"{path}:{node.lineno} {node.name}"


def is_catalogue(path: str) -> bool:
    return path.startswith(CATALOGUES)


@cache
def parse(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def functions(path: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(parse(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(path: str) -> set[str]:
    """Full names of the modules a file imports, also inside functions and through `import_module`."""
    found: set[str] = set()
    for node in ast.walk(parse(path)):
        match node:
            case ast.Import():
                found |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module)):
                found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
            case ast.Call(func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"), args=[name, *_]):
                found.add(ast.unparse(name).lstrip("f").strip("'\""))
    return found


def roots(path: str) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """All arguments of a function but `self` and `cls`."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return [argument for argument in every if argument and argument.arg not in ("self", "cls")]


def num_code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring, which may be as long as the contract needs."""
    assert function.end_lineno is not None
    num_lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        num_lines -= first.end_lineno - first.lineno + 1
    return num_lines


def test_a_file_can_be_read_in_one_sitting() -> None:
    sizes = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in modules(*EVERYTHING)}
    limits = {path: MAX_CATALOGUE_LINES if is_catalogue(path) else MAX_FILE_LINES for path in sizes}
    assert {path: n for path, n in sizes.items() if n > limits[path]} == {}


def test_a_function_fits_on_a_screen() -> None:
    sizes = {at(path, f): num_code_lines(f) for path in modules(*PRODUCT) for f in functions(path)}
    assert {place: n for place, n in sizes.items() if n > MAX_FUNCTION_LINES} == {}


def test_a_signature_has_types() -> None:
    bare = []
    for path in modules(*PRODUCT):
        for function in () if is_catalogue(path) else functions(path):
            if function.returns is None or any(argument.annotation is None for argument in arguments(function)):
                bare.append(at(path, function))
    assert bare == []


def test_a_public_function_says_what_it_is_for() -> None:
    """Except where one statement says it, and for pytest's hooks, which pytest's manual explains."""
    silent = []
    for path in modules(*PRODUCT):
        public = (node for node in parse(path).body if isinstance(node, ast.FunctionDef) and node.name[0] != "_")
        for function in () if is_catalogue(path) else public:
            explained = ast.get_docstring(function) or function.name.startswith("pytest_") or len(function.body) == 1
            if not explained:
                silent.append(at(path, function))
    assert silent == []


def test_every_module_says_what_it_is_for() -> None:
    trees = {path: parse(path) for path in modules(*PRODUCT, "benchmarks")}
    assert [path for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)] == []


def test_the_reference_stands_alone() -> None:
    helped = {path: roots(path) & OURS - {"reference"} for path in modules("reference")}
    assert {path: names for path, names in helped.items() if names} == {}


def test_checks_ship_without_the_answers() -> None:
    assert [path for path in modules("autograder/checks") if "reference" in roots(path)] == []


def test_only_who_must_imports_the_reference() -> None:
    importers = {path for path in modules("autograder") if "reference" in roots(path)}
    assert importers <= IMPORTERS_OF_REFERENCE


def test_the_judge_starts_without_torch() -> None:
    code = f"import importlib, sys\nfor name in {WITHOUT_TORCH}:\n    importlib.import_module(name)\n"
    code += "    if 'torch' in sys.modules: sys.exit(name)\n    if 'reference' in sys.modules: sys.exit(name)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"importing {done.stderr.strip()} imports torch or the reference"


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc"}
    assert not [path for path in modules("autograder", "reference", "tests") if Path(path).stem in drawers]


def test_no_registry_is_named() -> None:
    named = []
    for path in text_files():
        text = path.read_text(encoding="utf-8", errors="replace").lower()
        named += [f"{path.relative_to(ROOT)}: {host}" for host in HOSTS if host in text]
    assert named == []
