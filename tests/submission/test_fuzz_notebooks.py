"""Whatever is handed in becomes a submission, or a sentence for a person. Never another exception."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st

from autograder.course import Course, Unit, find_course
from autograder.key import load_public_key
from autograder.submission import (
    NeedsPerson,
    Submission,
    archives,
    as_grafted,
    as_handed_in,
    cells_to_run,
    graft,
    notebooks,
)

COURSE: Course = find_course(Path(__file__).parent)
UNIT: Unit = COURSE.unit("attention")
NAMES = [name for exercise in UNIT.exercises for name in exercise.names]
REAL = (COURSE.root / "solutions" / UNIT.folder / "attention.ipynb").read_bytes()
CELLS = [cell | {"source": "".join(cell["source"])} for cell in json.loads(REAL)["cells"]]
ANSWERS = [cell for cell in CELLS if cell["metadata"].get("nbgrader")]

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
ids = st.sampled_from([cell["metadata"]["nbgrader"]["grade_id"] for cell in ANSWERS]) | st.text(max_size=12)
FRAGMENTS = """
# exercise: bpe.merge
    return helper(x)
def helper(y): return K
K = [1]
K += 1
K[0] = 2
x = (
)
%time
!ls \\
'''
class A(
    raise NotImplementedError()
return 1
"""
lines = st.sampled_from(
    [f"# exercise: attention.{name}" for name in NAMES]
    + [f"def {name}(x):" for name in NAMES]
    + [*FRAGMENTS.splitlines(), "\ud800", "\0", "\r", "(" * 99]
)
sources = st.lists(lines, max_size=8).map("\n".join) | st.text() | st.sampled_from([cell["source"] for cell in ANSWERS])
metadata = st.fixed_dictionaries(
    {},
    optional={
        "nbgrader": st.fixed_dictionaries({}, optional={"grade_id": ids, "grade": junk, "solution": junk}) | junk,
        "autograder": st.fixed_dictionaries({"role": st.sampled_from(["demo", "answer", "setup", "carried"]) | junk})
        | junk,
    },
)
cells = st.fixed_dictionaries(
    {"source": sources | st.lists(sources | junk, max_size=3) | junk},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | junk,
        "metadata": metadata | junk,
        "outputs": st.lists(st.fixed_dictionaries({"output_type": st.text(max_size=3)}) | junk, max_size=2) | junk,
        "input": sources,
    },
)


@st.composite
def strange_notebooks(draw: Callable) -> Any:
    """A real notebook with cells dropped, doubled, cut in two, exchanged, garbled."""
    found: list[Any] = [*CELLS]
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(found) - 1))
        cell = found[place] if isinstance(found[place], dict) else {}
        source = cell.get("source", "")
        at = draw(st.integers(0, len(source))) if isinstance(source, str) else 0
        found[place : place + 1] = draw(
            st.sampled_from(
                [
                    [],
                    [cell, cell],
                    [cell | {"source": source[:at]}, cell | {"source": source[at:]}] if isinstance(source, str) else [],
                    [cell | {"cell_type": draw(st.sampled_from(["raw", "markdown"]) | junk)}],
                    [cell | {"metadata": draw(metadata | junk)}],
                    [draw(cells), cell],
                    [cell | {"source": source + "\n" + str(found[place - 1])}] if isinstance(source, str) else [],
                    [found.pop(0), cell],
                    [draw(junk)],
                ]
            )
        ) or [{}]
    return {"cells": found, "nbformat": draw(st.just(4) | junk)}


@st.composite
def mutated(draw: Callable, raw: bytes) -> bytes:
    """The bytes of a real file, some changed, left out or doubled."""
    found = bytearray(raw)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(found) - 1)))
        piece = draw(
            st.binary(max_size=3) | st.sampled_from([b'"', b"{", b"]", b",", b"\\u", b"\xff", b"<<<<<<< HEAD\n"])
        )
        found[place : place + draw(st.sampled_from([0, 1, 2, 1000]))] = piece
    return bytes(found)


def whole(submission: Submission) -> None:
    """It can be written, and nbgrader, which stores it in between, judges the same."""
    nbformat.validate(submission.notebook)
    stored = nbformat.reads(nbformat.writes(submission.notebook).encode("utf-8"), as_version=4)
    assert set(submission.answers) == {exercise.name for exercise in UNIT.exercises}
    to_run = list(cells_to_run(submission.notebook))
    json.dumps(to_run).encode("utf-8")
    again = as_grafted(stored)
    assert again.answers == submission.answers
    assert list(cells_to_run(again.notebook)) == to_run


def taken(raw: bytes) -> None:
    repairs: list[str] = []
    try:
        notebook = notebooks.parse_notebook(raw, "x.ipynb", repairs)
        as_handed_in(load_public_key("attention"), notebook)
        whole(graft(COURSE, UNIT, notebook))
    except NeedsPerson as problem:
        assert str(problem)


@fuzzed(80)
@given(st.binary(max_size=300) | junk.map(json.dumps).map(str.encode) | mutated(REAL))
def test_fuzz_any_bytes_are_read_or_refused(raw: bytes) -> None:
    taken(raw)


@fuzzed(100)
@given(strange_notebooks() | st.fixed_dictionaries({"cells": st.lists(cells, max_size=6)}))
def test_fuzz_any_cells_are_put_right_or_refused(notebook: Any) -> None:
    taken(json.dumps(notebook).encode())


@fuzzed(80)
@given(
    st.binary(max_size=300) | sources.map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(["x.py", "x.md"]),
)
def test_fuzz_any_text_is_read_or_refused(raw: bytes, name: str) -> None:
    try:
        whole(graft(COURSE, UNIT, notebooks.parse_script(raw, name, [])))
    except NeedsPerson as problem:
        assert str(problem)


def small_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/attention.ipynb", b"{}" * 50)
        archive.writestr("b.zip", b"PK\x03\x04")
    return buffer.getvalue()


@fuzzed(200)
@given(mutated(small_archive()) | st.binary(max_size=200).map(lambda raw: b"PK\x03\x04" + raw))
def test_fuzz_any_archive_is_read_or_refused(raw: bytes) -> None:
    try:
        for name, content in archives.members(raw, "x.zip", lambda name: True, archives.Allowance(num_bytes=1 << 20)):
            assert isinstance(name, str) and len(content) <= 1 << 20
    except NeedsPerson as problem:
        assert "x.zip" in str(problem)
