"""What may stand in a file: it becomes cells, or a sentence that says what it is and what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.submission import NeedsPerson, notebooks, role_of


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_every_unicode_is_read(folder: Path, read: Callable, notebook_bytes: Any, whole: Any, encoding: str) -> None:
    (folder / "attention.ipynb").write_bytes(notebook_bytes().decode("utf-8").encode(encoding))
    assert read() == whole


def test_latin_1_is_read_and_told(folder: Path, read: Callable, notebook_bytes: Any) -> None:
    answer = "# exercise: attention.causal_mask\ndef causal_mask(T_q, T_k):\n    return 'für'"
    text = notebook_bytes(causal_mask=answer).decode("utf-8")
    (folder / "attention.ipynb").write_bytes(text.encode("latin-1", "replace"))
    found = read()
    assert found.answers["causal_mask"] == answer
    assert found.repairs == ("it is not UTF-8; read as Latin-1, so letters outside English may have become others",)


ODDITIES: dict[str, Callable[[bytes], bytes]] = {
    "newlines of Windows": lambda raw: raw.replace(b"\\n", b"\\r\\n").replace(b"\n", b"\r\n"),
    "null bytes at the end": lambda raw: raw + bytes(4096),
    "a number without end": lambda raw: raw.replace(b'"nbformat": 4', b'"nbformat": ' + b"4" * 5000),
    "not a number": lambda raw: raw.replace(b'"nbformat": 4', b'"nbformat": NaN, "more": [Infinity, 1e999]'),
    "tabs in strings": lambda raw: raw.replace(b'"metadata"', b'"a\tb\x01": 1, "metadata"', 1),
    "no version": lambda raw: raw.replace(b"nbformat", b"other"),
}


@pytest.mark.parametrize("kind", ODDITIES)
def test_oddities_change_nothing(folder: Path, read: Callable, notebook_bytes: Any, whole: Any, kind: str) -> None:
    (folder / "attention.ipynb").write_bytes(ODDITIES[kind](notebook_bytes()))
    assert read() == whole


def test_what_stands_twice_or_behind_the_end_is_told(folder: Path, read: Callable, notebook_bytes: Any) -> None:
    raw = notebook_bytes()
    (folder / "attention.ipynb").write_bytes(raw.rstrip()[:-1] + b', "metadata": {}}\ngarbage')
    assert set(read().repairs) == {
        "something stood behind the end of the notebook; it was left out",
        "the file says some things twice; what it says last counts",
    }


CONFLICT = b'{\n "cells": [\n<<<<<<< HEAD\n  1\n=======\n  2\n>>>>>>> theirs\n ]\n}'


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw + raw, "holds two notebooks, one behind the other. Ask which of them counts"),
        (lambda raw: CONFLICT, r"in line 3 git's conflict markers \(<<<<<<<\) stand\. Ask for the version that counts"),
        (lambda raw: b"<!DOCTYPE html><html>", "it is a web page, saved from a browser"),
        (lambda raw: b"%PDF-1.7", "it is a PDF"),
        (lambda raw: raw[: len(raw) // 2], "the file is cut off. Ask for it again"),
        (lambda raw: b"[" * 200_000, "nested too deeply"),
        (lambda raw: b'{"cells": ' + b"[" * 200_000, "nested too deeply"),
        (lambda raw: bytes(1000), "the file is empty"),
        (lambda raw: b'{"cells": [' + b"{}," * 6000 + b"{}]}", "it has 6,001 cells"),
        (lambda raw: b'{"cells": []}', "the notebook is empty"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_to_do(
    folder: Path, read: Callable, notebook_bytes: Any, change: Callable, words: str
) -> None:
    (folder / "attention.ipynb").write_bytes(change(notebook_bytes()))
    with pytest.raises(NeedsPerson, match=words):
        read()


def test_a_file_beyond_all_measure_is_not_read(folder: Path, read: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    with (folder / "attention.ipynb").open("wb") as file:
        file.truncate(5 << 40)  # sparse: five terabytes that take no room
    with pytest.raises(NeedsPerson, match=r"is 5242880 MiB large; up to 128 are read\. Clear its outputs"):
        read()


def test_outputs_are_not_kept_and_a_picture_in_a_written_answer_is(folder: Path, damage: Any, read: Callable) -> None:
    picture = {"drawing.png": {"image/png": "AAAA", "image/svg+xml": "<svg>"}}
    for cell in damage.notebook.cells:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["x" * 1000] * 1000}]
        else:
            photo = {"photo.jpg": {"image/jpeg": "A" * (5 << 20)}} if role_of(cell) == "written" else {}
            cell["attachments"] = photo | picture
    raw = json.dumps(damage.notebook).encode()
    assert len(raw) > notebooks.LARGE
    (folder / "attention.ipynb").write_bytes(raw)
    found = read().notebook.cells
    assert [cell.outputs for cell in found if cell.get("outputs")] == []
    kept = [(role_of(cell), cell.attachments) for cell in found if cell.get("attachments")]
    assert kept == [("written", {"drawing.png": {"image/png": "AAAA"}})] * 2


def script(whole: Any, form: str) -> str:
    answers = list(whole.answers.values())
    if form == "py":
        return "import torch\n\n\ndef helper():\n    return 1\n\n\n" + "\n\n\n".join(answers)
    if form == "percent":
        return "# %% [markdown]\n# Attention\n\n" + "\n\n".join(f"# %%\n{answer}" for answer in answers)
    if form == "nbconvert":
        return "#!/usr/bin/env python\n" + "\n\n".join(f"# In[{n}]:\n\n\n{one}" for n, one in enumerate(answers))
    return "# Attention\n\n" + "\n\n".join(f"~~~text\n```\n~~~\n\n```python\n{answer}\n```" for answer in answers)


@pytest.mark.parametrize("form", ["py", "percent", "nbconvert", "md"])
def test_answers_in_a_text_are_read(folder: Path, read: Callable, whole: Any, form: str) -> None:
    name = "attention.md" if form == "md" else "attention.py"
    (folder / name).write_text(script(whole, form), encoding="utf-8")
    found = read()
    assert found.answers == {name: source.strip("\n") for name, source in whole.answers.items()}
    assert found.repairs[:2] == (
        f"found as {name}",
        "it was handed in as a text and not as a notebook; answers in prose cannot be found in it",
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("attention.py", "def causal_mask(): ...", "no line in it begins an answer"),
        ("attention.md", "# exercise: attention.causal_mask", "no code in it begins an answer"),
        (
            "attention.py",
            "# exercise: bpe.merge\ndef merge(): ...",
            "nothing in it answers an exercise of 06-attention",
        ),
        ("attention.py", "x" * (1 << 20) + "y", "no notebook was handed in"),
    ],
)
def test_a_text_without_answers_needs_a_person(folder: Path, read: Callable, name: str, text: str, words: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(NeedsPerson, match=words):
        read()
