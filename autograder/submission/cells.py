"""Cells, and what they are there for."""

import re
from typing import Any

from nbformat import NotebookNode

FIRST_LINE = re.compile(r"^[ \t]*#[ \t]*exercise:[ \t]*(\w{1,60})\.(\w{1,60})[ \t]*$", re.MULTILINE | re.ASCII)
"""`# exercise: attention.causal_mask`, the line an answer cell begins with."""

PICTURES = ("image/png", "image/jpeg", "image/gif")
MAX_PICTURE_CHARS = 4 << 20
"""Of one picture in a written answer, which is kept; a notebook may hold fifty megabytes of them."""
GRADE_ID = re.compile(r"[\w-]{1,100}", re.ASCII)


def role_of(cell: NotebookNode) -> str:
    """What a cell is there for: setup, given, answer, carried, check, written, demo, or nothing."""
    ours = cell.metadata.get("autograder")
    role = ours.get("role") if isinstance(ours, dict) else ""
    return role if isinstance(role, str) else ""


def exercise_of(cell: NotebookNode) -> str:
    """`attention-causal_mask-answer` and `attention-causal_mask` belong to `causal_mask`."""
    return grade_id_of(cell).partition("-")[2].removesuffix("-answer")


def grade_id_of(cell: NotebookNode) -> str:
    """nbgrader's name of a cell, if it has one that can be a name."""
    grade_id = nbgrader_of(cell).get("grade_id")
    return grade_id if isinstance(grade_id, str) and GRADE_ID.fullmatch(grade_id) else ""


def nbgrader_of(cell: NotebookNode) -> dict[str, Any]:
    """nbgrader's part of a cell's metadata."""
    data = cell.metadata.get("nbgrader")
    return data if isinstance(data, dict) else {}


def sound_cell(cell: dict[str, Any]) -> NotebookNode:
    """A cell reduced to what is asked of it: type, source, nbgrader's and our metadata. Old forms are accepted."""
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    metadata = cell.get("metadata")
    found = {name: metadata.get(name) for name in ("nbgrader", "autograder")} if isinstance(metadata, dict) else {}
    kind = cell.get("cell_type")
    node = node_of(
        cell_type=kind if isinstance(kind, str) and kind in ("markdown", "raw") else "code",
        source=sound_text(source) if isinstance(source, str) else "",
        metadata=node_of(**{name: _flat(entry) for name, entry in found.items() if isinstance(entry, dict)}),
    )
    if pictures := _pictures(cell.get("attachments")):
        node["attachments"] = pictures
    return node


def sound_notebook(notebook: NotebookNode) -> NotebookNode:
    """The same for a notebook that nbformat has read: it hands on whatever stands in the file."""
    return node_of(cells=[sound_cell(cell) for cell in notebook.cells if isinstance(cell, dict)])


def node_of(**entries: Any) -> NotebookNode:
    """A node of values that are nodes already: nbformat would look through all of them once more."""
    node = NotebookNode()
    dict.update(node, entries)
    return node


def sound_text(text: str) -> str:
    """A text that any file can hold: newlines of one kind, and no lone surrogate, which JSON can carry."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _pictures(attachments: Any) -> NotebookNode:
    """Pictures pasted into a cell, if they are not too large to be kept."""
    found = NotebookNode()
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        kinds = bundle if isinstance(bundle, dict) else {}
        kept = {kind: data for kind, data in kinds.items() if kind in PICTURES and isinstance(data, str)}
        if kept and sum(map(len, kept.values())) <= MAX_PICTURE_CHARS:
            dict.__setitem__(found, sound_text(name), node_of(**kept))
    return found


def _flat(entry: dict[str, Any]) -> NotebookNode:
    return node_of(**{key: value for key, value in entry.items() if isinstance(value, str | bool | int | float)})
