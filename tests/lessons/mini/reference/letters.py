"""Letters."""

import math
import string


def alphabet(text: str) -> list[str]:
    """List the letters of a text."""
    return sorted(_letters(text))


def _letters(text: str) -> set[str]:
    return set(text) & set(string.ascii_letters)


def root(x: float) -> float:
    """Take a root, which no other unit needs."""
    return math.sqrt(x)
