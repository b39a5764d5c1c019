"""SECURITY.md tells the truth: its numbers are the engine's, and its table holds the whole class."""

import re
from pathlib import Path

import pytest
from hostile_class import ATTACKS, FROM_ELSEWHERE
from scenario import SCENARIOS, Earns

from autograder import present
from autograder.course import Exercise
from autograder.judge import _limits
from autograder.key import KeyExercise
from autograder.sandbox import Level, Limits, confine

PAGE = (Path(__file__).resolve().parents[2] / "autograder" / "SECURITY.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("<!-- table")[2]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if line.startswith("| ")]
SUBMISSIONS = {row[0]: row for row in ROWS if row[0] in ATTACKS}


def test_limits_are_the_engines() -> None:
    limits = Limits()
    told = (
        f"{limits.scratch_bytes >> 20} MiB of scratch",
        f"{limits.memory_bytes >> 30} GiB of memory, {limits.threads} threads, {confine.OPEN_FILES} descriptors",
        f"in which line up to {present._LONGEST_CELL}",
    )
    assert [words for words in told if words not in " ".join(PAGE.split())] == []


def test_patience_is_the_judges() -> None:
    seconds = Exercise("any", 1).seconds
    exercise = KeyExercise.__new__(KeyExercise)
    object.__setattr__(exercise, "seconds", seconds)
    limits = _limits([exercise])
    assert f"budget of {seconds:g} seconds" in PAGE
    assert f"may take {limits.wall_s:g} seconds, of them {limits.cpu_s} of the processor" in PAGE


@pytest.mark.parametrize("level", Level)
def test_every_level_has_its_row(level: Level) -> None:
    assert f"| **{level.value}** |" in PAGE


def test_the_table_holds_everybody_in_order() -> None:
    by_scenario = [name for number in SCENARIOS for name, attack in ATTACKS.items() if attack.scenarios[0] == number]
    assert list(SUBMISSIONS) == by_scenario


@pytest.mark.parametrize("name", ATTACKS)
def test_what_the_table_says_of_us_is_what_we_promise(name: str) -> None:
    _, goal, here, stock, *_ = SUBMISSIONS[name]
    attack = ATTACKS[name]
    expected = {Earns.NOTHING: r"0 of 6", Earns.DUE: r"[1-5]\.?\d* of 6", Earns.PERSON: "none written"}
    assert re.fullmatch(expected.get(attack.earns, "6 of 6"), here)
    assert goal == attack.goal
    assert attack in FROM_ELSEWHERE or stock == "–"
