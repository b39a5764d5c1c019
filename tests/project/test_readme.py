"""The README tells the truth about what is where."""

import re
from pathlib import Path

import pytest

from autograder.course import Course

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("room", ["autograder", "reference"])
def test_every_module_has_its_line(room: str) -> None:
    names = {p.name for p in (ROOT / room).glob("*.py")} - {"__init__.py"}
    names |= {f"{p.name}/" for p in (ROOT / room).iterdir() if p.is_dir() and p.name != "__pycache__"}
    told = set(re.findall(r"[\w.-]+/?", README.split(f"\n{room}/ ")[1].split("\n```")[0].split("\ntests/")[0]))
    assert names <= told


def test_every_unit_of_the_course_is_listed() -> None:
    for unit in Course(ROOT).units:
        row = rf"^\| {unit.folder.replace('-', ' ')} \| .+ \| {unit.minutes} min \|$"
        assert re.search(row, README, re.MULTILINE), f"README has no row with the minutes of {unit.folder}"


def test_files_it_links_to_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_commands_it_names_exist() -> None:
    from autograder.cli import main

    for command in set(re.findall(r"autograder (bundle|grade|report|start|build|dev|demo|\w+) ", README)):
        assert command in main.commands or command in ("and",), command
