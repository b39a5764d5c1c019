"""Counting, with one of each thing that a reference module may hold."""

import json
from collections import Counter
from pathlib import Path

from reference.letters import alphabet

# What counts as nothing.
BLANK = " \t\n"


def tally(text: str) -> dict[str, int]:
    """Count the letters of a text.

    Blanks do not count.
    """
    # The alphabet knows the letters.
    return {letter: text.count(letter) for letter in alphabet(text) if letter not in BLANK}


def winner(counts: dict[str, int]) -> str:
    """Name the most frequent letter, the first in the alphabet among equals."""
    return _ranked(counts)[0]


def _ranked(counts: dict[str, int]) -> list[str]:
    return sorted(counts, key=lambda letter: (-counts[letter], letter))


class Tally:
    """A tally of many texts.

    Args:
        start: counts to begin with.
    """

    def __init__(self, start: dict[str, int]) -> None:
        self.counts = Counter(start)

    def add(self, text: str) -> None:
        """Count one more text."""
        self._update(tally(text))
        # Nothing to return.

    def _update(self, counts: dict[str, int]) -> None:
        self.counts.update(counts)

    @property
    def winner(self) -> str:
        """The winner so far."""
        return winner(self.counts)


def save(
    path: Path,
    counts: dict[str, int],
) -> None:
    path.write_text(json.dumps(counts), encoding="utf-8")


def load(path: Path) -> dict[str, int]:
    """Read what `save` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))


def share(counts: dict[str, int], letter: str) -> float:
    """Tell which part of all letters is this one; `tally` is no prerequisite, whatever a variable is called."""
    tally = sum(counts.values())
    return counts[letter] / tally


def unused(n: int) -> int:
    """Belong to no exercise; a lesson may show it."""
    return n + len(BLANK)
