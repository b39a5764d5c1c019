"""A file's bytes as a notebook. Whatever the bytes are, they become cells, or a sentence for a person."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from nbformat import NotebookNode

from autograder.errors import NeedsPerson
from autograder.submission.cells import FIRST_LINE, node_of, sound_cell

MOST_CELLS = 5_000
LARGE = 8 << 20
"""Files from here on are read one at a time: reading takes up to ten times a file's size in memory."""
CELL_MARKS = re.compile(r"^#[ \t]?(?:%%.*|In ?\[[ \d*]*\]:?)[ \t]*$", re.MULTILINE)
"""Where a script made from a notebook says that a new cell begins: `# %%`, `# In[3]:`."""
FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*(\{?(?:code-cell )?[ \t]*i?python3?\b)?")
MAX_SCRIPT_BYTES = 1 << 20

_one_large = threading.Lock()


def parse_notebook(raw: bytes, name: str, repairs: list[str]) -> NotebookNode:
    """Read a notebook that somebody else wrote.

    Args:
        raw: the file.
        name: what to call it, quoted and fit to be shown.
        repairs: gets what had to be mended, in words.

    Raises:
        NeedsPerson: it is no notebook, and why.
    """
    with _in_turn(len(raw)):
        data = _parse(_decode(raw, name, repairs), name, repairs)
    if isinstance(data, dict) and isinstance(sheets := data.get("worksheets"), list):
        sheets = [sheet for sheet in sheets if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)]
        data["cells"] = [cell for sheet in sheets for cell in sheet["cells"]]
    if not isinstance(data, dict) or not isinstance(data.get("cells"), list):
        raise NeedsPerson(f"{name} is not a notebook: it has no list of cells. Ask for the notebook itself")
    cells = [cell for cell in data["cells"] if isinstance(cell, dict)]
    if len(cells) > MOST_CELLS:
        raise NeedsPerson(f"{name} is not a notebook of this course: it has {len(cells):,} cells. Look at it yourself")
    return notebook_of([sound_cell(cell) for cell in cells])


def parse_script(raw: bytes, name: str, repairs: list[str]) -> NotebookNode:
    """Read answers that were handed in as a script or as Markdown: their first lines say where each begins.

    Raises:
        NeedsPerson: no such line stands in it.
    """
    if len(raw) > MAX_SCRIPT_BYTES:
        raise NeedsPerson(f"{name} is no notebook, and too large for a script. Ask for the notebook")
    text = _decode(raw, name, repairs).replace("\r\n", "\n")
    if not FIRST_LINE.search(text):
        raise NeedsPerson(f"{name} is not a notebook, and no line in it begins an answer. Ask for the notebook")
    if name.lower().rstrip("”").endswith(".md"):
        parts = list(_fenced(text))
    else:
        parts = [part for cell in CELL_MARKS.split(text) for part in at_first_lines(cell)]
    cells = [sound_cell({"cell_type": "code", "source": part.strip("\n")}) for part in parts if part.strip()]
    if not any(FIRST_LINE.search(cell.source) for cell in cells):
        raise NeedsPerson(f"{name} is not a notebook, and no code in it begins an answer. Ask for the notebook")
    repairs.append("it was handed in as a text and not as a notebook; answers in prose cannot be found in it")
    return notebook_of(cells[:MOST_CELLS])


def notebook_of(cells: list[NotebookNode]) -> NotebookNode:
    """A notebook of these cells and nothing else."""
    return node_of(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=cells)


def at_first_lines(text: str) -> list[str]:
    """A text cut in front of every line that begins an answer."""
    starts = [0, *(match.start() for match in FIRST_LINE.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(starts) if start < end]


def _fenced(text: str) -> Iterator[str]:
    """What stands in Markdown's fences for Python."""
    fence, is_python, lines = "", False, []
    for line in text.split("\n"):
        if not fence and (opening := FENCE.match(line)):
            fence, is_python, lines = opening[1], bool(opening[2]), []
        elif fence and line.strip() == fence:
            if is_python:
                yield "\n".join(lines)
            fence = ""
        else:
            lines.append(line)


@contextmanager
def _in_turn(size: int) -> Iterator[None]:
    if size < LARGE:
        yield
    else:
        with _one_large:
            yield


def _decode(raw: bytes, name: str, repairs: list[str]) -> str:
    """The bytes as text. Every editor's UTF-8 and UTF-16 are understood; what is neither is taken for Latin-1."""
    if not raw.strip(b"\0 \t\r\n"):
        raise NeedsPerson(f"{name} is not a notebook: the file is empty. Ask for it again")
    encoding = json.detect_encoding(raw)
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        if encoding not in ("utf-8", "utf-8-sig"):
            raise NeedsPerson(f"{name} is not a notebook: its {encoding} is damaged. Ask for it again") from None
    repairs.append("it is not UTF-8; read as Latin-1, so letters outside English may have become others")
    return raw.decode("latin-1")


def _parse(text: str, name: str, repairs: list[str]) -> Any:
    """The first JSON value of a text, without the outputs in it, which no answer is made of."""
    twice = False

    def take(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
        nonlocal twice
        found = dict(pairs)
        twice = twice or len(found) < len(pairs)
        return None if "output_type" in found else found

    text = text.strip()
    try:
        # A number is read as a float whatever its length, so that one of 5,000 digits is no error.
        decoder = json.JSONDecoder(object_pairs_hook=take, parse_int=float, strict=False)
        data, end = decoder.raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise NeedsPerson(f"{name} is not a notebook: {_what_is_wrong(text, error)}") from None
    if rest := text[end:].strip("\0 \t\r\n"):
        if rest.startswith("{"):
            raise NeedsPerson(f"{name} holds two notebooks, one behind the other. Ask which of them counts")
        repairs.append("something stood behind the end of the notebook; it was left out")
    if twice:
        repairs.append("the file says some things twice; what it says last counts")
    return data


def _what_is_wrong(text: str, error: Exception) -> str:
    if conflict := re.search(r"^<{7}( .*)?$", text, re.MULTILINE):
        line = text.count("\n", 0, conflict.start()) + 1
        return f"in line {line} git's conflict markers (<<<<<<<) stand. Ask for the version that counts"
    if re.match(r"<(!doctype|html|\?xml)", text, re.IGNORECASE):
        return "it is a web page, saved from a browser. Ask for the notebook itself"
    if text.startswith("%PDF"):
        return "it is a PDF. Ask for the notebook itself"
    if isinstance(error, RecursionError):
        return "its JSON is damaged (nested too deeply). Ask for it again"
    if text.startswith("{") and not text.endswith("}"):
        return "its JSON is damaged: the file is cut off. Ask for it again"
    return "its JSON is damaged. Ask for it again"
