"""Scenarios 35 to 40: what accidents and tools do to a notebook. Most of it is nobody's fault, and costs nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from scenario import RIGHT, Attack, Earns, in_call

from autograder.submission import exercise_of, role_of

NOTEBOOK = "attention.ipynb"


def file_of(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Change the notebook's bytes."""

    def place(folder: Path) -> None:
        (folder / NOTEBOOK).write_bytes(change((folder / NOTEBOOK).read_bytes()))

    return place


def moved_to(name: str) -> Callable[[Path], None]:
    """Put the notebook somewhere else in the folder."""

    def place(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / NOTEBOOK).rename(folder / name)

    return place


def drop(role: str) -> Callable[[NotebookNode], None]:
    """Delete the first cell of this role."""

    def change(notebook: NotebookNode) -> None:
        notebook.cells.remove(next(cell for cell in notebook.cells if role_of(cell) == role))

    return change


def edit_checks(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if role_of(cell) == "check":
            cell.metadata.nbgrader["points"] = 99
            cell.source = "print(6)"


def spoil_another(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if role_of(cell) == "answer" and exercise_of(cell) == "repeat_kv":
            cell.source = "def repeat_kv(:\n"


def version_3(raw: bytes) -> bytes:
    cells = [{**cell, "input": cell["source"]} for cell in json.loads(raw)["cells"]]
    return json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


def huge_output(notebook: NotebookNode) -> None:
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * (20 << 20)}]


def forge_timestamp(text: str) -> Callable[[Path], Any]:
    return lambda folder: (folder / "timestamp.txt").write_text(text, encoding="utf-8")


def damaged(name: str, scenario: int, change: Any = None, place: Any = None, **more: Any) -> Attack:
    more = {"earns": Earns.FULL, "answer": RIGHT} | more
    return Attack(name, (scenario,), "an accident", change=change, place=place, **more)


DAMAGE = (
    damaged("json-cut-off", 35, place=file_of(lambda raw: raw[:1000]), earns=Earns.PERSON, says="damaged"),
    damaged(
        "utf-16-cut-off", 35, place=file_of(lambda raw: b'\xff\xfe{"cells": ['), earns=Earns.PERSON, says="damaged"
    ),
    damaged("no-cells", 35, place=file_of(lambda raw: b'{"nbformat": 4}'), earns=Earns.PERSON, says="no list of cells"),
    damaged("deep-json", 35, place=file_of(lambda raw: b"[" * 200_000), earns=Earns.PERSON, says="damaged"),
    damaged("empty-file", 35, place=file_of(lambda raw: b""), earns=Earns.PERSON, says="is empty"),
    damaged("byte-order-mark", 35, place=file_of(lambda raw: b"\xef\xbb\xbf" + raw)),
    damaged("utf-16", 35, place=file_of(lambda raw: raw.decode().encode("utf-16"))),
    damaged("carriage-returns", 35, place=file_of(lambda raw: raw.replace(b"\n", b"\r\n"))),
    damaged("null-bytes", 35, answer="\0\0" + in_call("return None"), earns=Earns.NOTHING),
    damaged("surrogate", 35, answer="# \ud800 \ud83d\n" + RIGHT),
    damaged("old-format", 35, place=file_of(version_3)),
    damaged("huge-output", 35, huge_output),
    damaged("duplicate-ids", 35, lambda notebook: [cell.update(id="same") for cell in notebook.cells]),
    damaged("deleted-check", 36, drop("check"), says="deleted, duplicated or added"),
    damaged("deleted-answer", 36, drop("answer"), earns=Earns.NOTHING, says="not attempted"),
    damaged(
        "doubled",
        36,
        lambda nb: nb.cells.extend(nbformat.from_dict(c) for c in list(nb.cells)),
        says="deleted, duplicated or added",
    ),
    damaged("stripped", 36, lambda nb: [cell.metadata.clear() for cell in nb.cells], says="found by its text"),
    damaged("reordered", 36, lambda nb: nb.cells.reverse()),
    damaged("edited-checks", 36, edit_checks, answer=in_call("return None"), earns=Earns.NOTHING),
    damaged(
        "other-types", 36, lambda nb: [cell.update(cell_type="raw") for cell in nb.cells if role_of(cell) == "check"]
    ),
    damaged("copy", 37, place=moved_to("attention-Copy1 (final).ipynb"), says="found as attention-Copy1 (final).ipynb"),
    damaged("subfolder", 37, place=moved_to("my work/attention.ipynb"), says="attention.ipynb"),
    damaged("text-suffix", 37, place=moved_to("attention.ipynb.txt"), says="found as attention.ipynb.txt"),
    damaged(
        "no-notebook", 37, place=lambda folder: (folder / NOTEBOOK).unlink(), earns=Earns.PERSON, says="no notebook"
    ),
    damaged("old-date", 38, place=forge_timestamp("1999-01-01 00:00:00 UTC")),
    damaged("future-date", 38, place=forge_timestamp("9999-12-31 23:59:59 UTC")),
    damaged("no-date", 38, place=forge_timestamp("yesterday\x1b[2J"), earns=Earns.PERSON, says="holds no date"),
    damaged(
        "other-unit",
        39,
        lambda nb: [cell.metadata.clear() or cell.update(source="x = 1") for cell in nb.cells],
        earns=Earns.PERSON,
        says="nothing in it answers an exercise",
    ),
    damaged("syntax-error", 40, spoil_another),
    damaged(
        "undefined-name",
        40,
        answer=in_call("return my_helper(q, k, v)"),
        earns=Earns.NOTHING,
        says="name 'my_helper' is not defined",
    ),
    damaged("magics", 40, answer=f"%matplotlib inline\n!pip install everything\n{RIGHT}"),
    damaged("asks-a-question", 40, answer=f"name = input('who are you? ')\n{RIGHT}"),
)
