"""A lesson, `solutions/NN-unit/unit.md`: Jupytext Markdown, where a fence may say what it stands for.

    ```python exercise="causal_mask"                   the answer cell and its check; the fence is empty
    ```python exercise="MultiHeadAttention" given="__init__"         a method that students find written
    ```python given="GPTConfig, FeedForward"           names of the reference, shown and locked; the fence is empty
    ```python role="given"                             code of the lesson that answers may use; locked
    ```python role="setup"                             where the setup cell goes, if not before the first section
    ```python                                          a demonstration; never judged
    <!-- #region written="why-scale" points=2 -->      the model answer and its mark scheme, to <!-- #endregion -->

Everything else is prose, also fences of other languages (```text) and code not to run (```python .noeval).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.course import Course, Unit
from autograder.errors import AuthorError
from autograder.source import prerequisites

Kind = Literal["prose", "setup", "given", "exercise", "demo", "written"]

DISPLAY = ("tags", "jupyter")
"""Metadata of Jupyter's own that a demonstration may carry: `jupyter={"source_hidden": true}`."""

NBGRADERS_WORDS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN MARK SCHEME", "END MARK SCHEME", "HIDDEN TESTS", "AUTOTEST")
"""Words by which nbgrader cuts a cell, wherever they stand."""


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a lesson; it becomes one or two cells."""

    kind: Kind
    text: str = ""
    name: str = ""
    """The exercise, or the id of a written answer."""
    names: tuple[str, ...] = ()
    """What is given: methods of an exercise, or names of the reference."""
    points: int = 0
    scheme: str = ""
    """The mark scheme of a written answer, markers included."""
    display: tuple[tuple[str, Any], ...] = ()


def lesson_path(course: Course, unit: Unit) -> Path:
    return course.root / "solutions" / unit.folder / f"{unit.name}.md"


def read_lesson(course: Course, unit: Unit) -> list[Block]:
    """Read a unit's lesson and check it against course.toml and the reference."""
    import jupytext

    path = lesson_path(course, unit)
    if not path.is_file():
        raise AuthorError(f"unit {unit.folder} has no lesson: write {path.relative_to(course.root)}")
    lesson = path.relative_to(course.root).as_posix()
    # Jupytext reads a title "…encoding: training" as Python's `coding: latin-1`, but looks at the first two lines only.
    notebook = jupytext.reads("\n\n" + path.read_text(encoding="utf-8"), fmt="md")
    blocks = [block for cell in notebook.cells for block in _blocks(cell, lesson)]
    _check_title(blocks, unit, lesson)
    _check_words(blocks, lesson)
    _check_exercises(blocks, unit, lesson)
    _check_order(blocks, course, unit, lesson)
    return _with_setup(blocks, lesson)


def _blocks(cell: Any, lesson: str) -> list[Block]:
    directive = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    if cell.cell_type == "code":
        return [_code_block(cell.source, directive, lesson)]
    if cell.cell_type == "raw":
        raise AuthorError(f"{lesson}: take out the raw part that begins {cell.source[:20]!r}; a lesson needs no header")
    if directive:
        return [_written_block(cell.source, directive, lesson)]
    return [Block("prose", text) for text in _sections(cell.source)]


def _code_block(source: str, directive: dict[str, Any], lesson: str) -> Block:
    display = tuple((key, directive.pop(key)) for key in DISPLAY if key in directive)
    kind = _kind(directive, lesson)
    if source.startswith("%%"):
        language = source.split("\n")[0].removeprefix("%%")
        raise AuthorError(f"{lesson}: a ```{language} fence would become a {language} cell; write ```text instead")
    filled_by_build = kind in ("exercise", "setup") or "given" in directive
    if filled_by_build and source.strip():
        raise AuthorError(f"{lesson}: the build fills the fence {_shown(directive)}; take its lines out")
    if not filled_by_build and not source.strip():
        raise AuthorError(f"{lesson}: the fence {_shown(directive)} is empty; write its code or take it out")
    names = tuple(name.strip() for name in directive.get("given", "").split(",") if name.strip())
    return Block(kind, source, directive.get("exercise", ""), names, display=display)


def _kind(directive: dict[str, Any], lesson: str) -> Kind:
    keys = set(directive)
    if not keys:
        return "demo"
    if "exercise" in keys and keys <= {"exercise", "given"}:
        return "exercise"
    if keys == {"given"} or directive == {"role": "given"}:
        return "given"
    if directive == {"role": "setup"}:
        return "setup"
    raise AuthorError(f"{lesson}: unknown directive on a fence: {_shown(directive)}")


def _written_block(source: str, directive: dict[str, Any], lesson: str) -> Block:
    points, name = directive.get("points"), directive.get("written")
    if set(directive) != {"written", "points"} or not isinstance(points, int) or points < 1:
        raise AuthorError(f'{lesson}: a region is `written="some-id" points=2`, not `{_shown(directive)}`')
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", str(name)):
        raise AuthorError(f"{lesson}: the id {name!r} of a written answer is lower-case words joined by hyphens")
    found = re.fullmatch(r"(.+?)\n+(### BEGIN MARK SCHEME\n.+\n### END MARK SCHEME)\s*", source, re.DOTALL)
    if not found:
        raise AuthorError(
            f"{lesson}: {name} holds a model answer, then a line `### BEGIN MARK SCHEME`, "
            "the scheme, and a line `### END MARK SCHEME`"
        )
    return Block("written", found[1].strip(), name=name, points=points, scheme=found[2])


def _shown(directive: dict[str, Any]) -> str:
    return " ".join(f'{key}="{value}"' for key, value in directive.items()) or "without a directive"


def _sections(source: str) -> list[str]:
    """Cut prose at its `## ` headings, so that each section starts a cell."""
    sections: list[list[str]] = [[]]
    fence = ""
    for line in source.split("\n"):
        if mark := re.match(r"\s*(```+|~~~+)", line):
            fence = mark[1] if not fence else "" if mark[1].startswith(fence) else fence
        if line.startswith("## ") and not fence and sections[-1]:
            sections.append([])
        sections[-1].append(line)
    return [text for lines in sections if (text := "\n".join(lines).strip("\n"))]


def _with_setup(blocks: list[Block], lesson: str) -> list[Block]:
    """Put the setup cell where the lesson says, or before the first section or code."""
    count = sum(block.kind == "setup" for block in blocks)
    if count > 1:
        raise AuthorError(f'{lesson}: role="setup" stands twice; a notebook starts once')
    if count:
        return blocks
    intro = 0
    while intro < len(blocks) and blocks[intro].kind == "prose" and not blocks[intro].text.startswith("## "):
        intro += 1
    return [*blocks[:intro], Block("setup"), *blocks[intro:]]


def _check_title(blocks: list[Block], unit: Unit, lesson: str) -> None:
    title = f"# {unit.title}"
    if not blocks or blocks[0].kind != "prose" or blocks[0].text.split("\n")[0] != title:
        raise AuthorError(f"{lesson}: begin it with the line `{title}`, as course.toml has it")


def _check_words(blocks: list[Block], lesson: str) -> None:
    for block in blocks:
        for word in NBGRADERS_WORDS:
            if word in block.text:
                raise AuthorError(
                    f"{lesson}: {word!r} in a {block.kind} part would make nbgrader cut it; say it otherwise"
                )


def _check_exercises(blocks: list[Block], unit: Unit, lesson: str) -> None:
    asked = [block.name for block in blocks if block.kind == "exercise"]
    ids = asked + [block.name for block in blocks if block.kind == "written"]
    known = [exercise.name for exercise in unit.exercises]
    for name in asked:
        if name not in known:
            raise AuthorError(
                f"{lesson}: course.toml has no exercise {name!r} in unit {unit.name}; it has {', '.join(known)}"
            )
    for name in ids:
        if ids.count(name) > 1:
            raise AuthorError(f"{lesson}: {name} stands there twice; keep one")
    for name in known:
        if name not in asked:
            raise AuthorError(
                f'{lesson}: exercise {name} of course.toml is missing; add a fence ```python exercise="{name}"'
            )


def _check_order(blocks: list[Block], course: Course, unit: Unit, lesson: str) -> None:
    seen: set[str] = set()
    for block in blocks:
        if block.kind != "exercise":
            continue
        for needed in prerequisites(course, unit, unit.exercise(block.name)):
            if needed not in seen:
                raise AuthorError(f"{lesson}: {block.name} uses {needed}, which comes later; put {needed} first")
        seen.add(block.name)
