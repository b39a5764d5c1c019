"""Four files say what to install. They agree, and they name what the code imports."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL = PROJECT["optional-dependencies"]
EXTRA = [line for lines in OPTIONAL.values() for line in lines]
OURS = {"autograder", "reference", "mygpt"}


def locked() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def third_party_imports(package: str) -> set[str]:
    found = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return {canonicalize_name(name) for name in found - OURS - set(sys.stdlib_module_names)}


def test_conda_installs_what_pip_installs() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert re.findall(r"^      - (.+)$", text, re.MULTILINE) == PROJECT["dependencies"]
    assert f"- python{PROJECT['requires-python']}\n" in text


@pytest.mark.parametrize("line", sorted({*PROJECT["dependencies"], *EXTRA}))
def test_a_dependency_has_a_range_and_its_pin_is_within(line: str) -> None:
    wanted = Requirement(line)
    assert ">=" in line
    [pin] = locked()[canonicalize_name(wanted.name)].specifier
    assert wanted.specifier.contains(pin.version)


def test_every_dependency_gives_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for line in PROJECT["dependencies"] + EXTRA:
        assert re.search(rf'"{re.escape(line)}", +# \S', text), f"{line} has no reason beside it in pyproject.toml"


def test_the_lock_pins_everything_exactly_once_and_in_order() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r'[\w.-]+==[\w.]+( ; sys_platform != "win32")?', pin) for pin in pins)
    assert len(locked()) == len(pins)
    assert pins == sorted(pins, key=str.lower)


@pytest.mark.parametrize("package", ["autograder", "reference"])
def test_what_the_code_imports_is_declared(package: str) -> None:
    for_some = [line for name, lines in OPTIONAL.items() if name != "test" for line in lines]
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"] + for_some}
    assert third_party_imports(package) <= declared


def test_entry_points_lead_somewhere() -> None:
    points = PROJECT["scripts"] | PROJECT.get("entry-points", {}).get("pytest11", {})
    for target in points.values():
        module = target.partition(":")[0]
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), target
