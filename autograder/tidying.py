"""What nbconvert does to every feedback page last, done once for every cell that is on all of them.

nbconvert reads the finished page with BeautifulSoup, looks for pictures without alternative text, and writes the page
out again: two thirds of the time that a page takes, spent on a lesson that is the same for the whole class. Here the
page is cut where its cells begin, and a cell that was seen before is not read again. The bytes are the same. Where a
cell does not stand for itself (a tag that stays open, a picture to be mended), the page goes the long way as a whole.
"""

import re
from functools import lru_cache
from typing import Any

from nbconvert.exporters.html import BeautifulSoup  # the one it uses itself

CELL = re.compile(r'(?=<div class="cell border-box-sizing )')
UNTOLD = "img:not([alt])"
MARK = "autograder-mark"
NEEDS_MORE = ("jp-Notebook", MARK)
"""With these on the page nbconvert has more to do, or we have."""


class Tidied:
    """As much of a BeautifulSoup as nbconvert asks for: nothing is left to mend, and this is the text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def select(self, selector: str) -> list[Any]:
        if selector != UNTOLD and not selector.startswith(".jp-Notebook "):
            raise NotImplementedError(f"this nbconvert mends {selector!r}, which tidying.py does not know")
        return []

    def __str__(self) -> str:
        return self._text


def tidied(html: str, features: str) -> Any:
    """Stands in for `BeautifulSoup(html, features)` where nbconvert tidies a page."""
    text = None if any(word in html for word in NEEDS_MORE) else _in_pieces(html, features)
    return BeautifulSoup(html, features) if text is None else Tidied(text)


def _in_pieces(html: str, features: str) -> str | None:
    head, *cells = CELL.split(html)
    if len(cells) < 2:
        return None
    around = BeautifulSoup(f"{head}<{MARK}></{MARK}>{cells.pop()}", features)
    place = around.find(MARK)
    if place is None or around.select(UNTOLD):
        return None
    outside = tuple(parent.name for parent in place.parents)[-2::-1]
    pieces = [_tidied_cell(cell, outside, features) for cell in cells]
    if None in pieces:
        return None
    return str(around).replace(f"<{MARK}></{MARK}>", "".join(pieces))


@lru_cache(1 << 12)
def _tidied_cell(cell: str, outside: tuple[str, ...], features: str) -> str | None:
    """A cell written out again, or None where that depends on what stands around it."""
    opened = "".join(f"<{name}>" for name in outside)
    soup = BeautifulSoup(f"{opened}<{MARK}></{MARK}>{cell}<{MARK}></{MARK}>", features)
    marks = soup.find_all(MARK)
    if len(marks) != 2 or marks[0].parent is not marks[1].parent or soup.select(UNTOLD):
        return None
    return str(soup).split(f"<{MARK}></{MARK}>")[1]
