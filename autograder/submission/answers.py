"""Which cell answers which exercise, whatever a student did to the cells.

Three things tell: what a cell defines, its first line (`# exercise: attention.causal_mask`), and nbgrader's grade_id. A
grade_id is metadata that editors lose and copy, so the first line is believed before it, and what a cell defines before
both. An answer in several cells is put together, one of several in a cell is taken out.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from autograder.submission.carrying import definitions_in, joined, needed, read
from autograder.submission.cells import FIRST_LINE, grade_id_of, nbgrader_of, role_of
from autograder.submission.notebooks import at_first_lines

MOST_PIECES = 8
"""Of one answer; nobody splits a function into more cells."""
STUB = "raise NotImplementedError"
OURS = ("setup", "given", "check", "written", "demo")
DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)
"""A name that is defined at the top of a cell; also where the cell is no Python."""
CUT = re.compile(r"(?:^|\n)(?:[^#\n]*[^#\s])?[ \t]+$")
"""How a piece ends that was cut off within a line; at the end of a line an editor takes the newline away."""
WITHIN = re.compile(r"(?:^|\n)[^#\n]*[^#\s][ \t]+$")
"""The same behind code; blanks behind a comment, or alone in a line, are left at the end of many a whole answer."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A cell, or the part of one that begins with an exercise's first line."""

    source: str
    label: str = ""
    """The exercise that its first line names, else its grade_id."""
    tag: str = ""
    """The exercise that its grade_id names."""
    marked: bool = False
    """Does it have a first line?"""
    kind: str = "code"
    ours: bool = False
    """A cell of the lesson, and no place for an answer."""
    foreign: bool = False
    """Its first line names another unit's exercise, or one that the unit does not have."""
    defines: frozenset[str] = frozenset()
    beside: str = ""
    """The exercise whose answer begins the cell that this one stands in, too."""

    @property
    def is_stub(self) -> bool:
        return STUB in self.source


@dataclass(frozen=True, slots=True)
class Answers:
    """What was found in one notebook."""

    sources: dict[str, str]
    """Exercise → source of its answer, as far as there is one."""
    free: tuple[str, ...]
    """Cells with code that are neither the lesson's nor an answer."""


def find_answers(
    unit: str,
    exercises: Mapping[str, tuple[str, ...]],
    cells: Sequence[NotebookNode],
    repairs: list[str],
    lesson: frozenset[str] = frozenset(),
) -> Answers:
    """Find the answer to every exercise.

    Args:
        unit: its name.
        exercises: each with all names that its answer defines.
        cells: as they were handed in, sound.
        repairs: gets what had to be mended, in words.
        lesson: texts of the released cells that are no answers.
    """
    pieces = [piece for cell in cells for piece in _pieces(unit, exercises, cell, lesson)]
    labelled = _by_label(exercises, pieces, unit, repairs)
    sources, taken = {}, set[int]()
    for name, names in exercises.items():
        found = _Found(f"{unit}-{name}-answer", name, frozenset(names), pieces, labelled.get(name, []), repairs)
        if (source := found.source()) is not None:
            sources[name] = source
            taken |= found.taken
    free = [
        piece.source
        for number, piece in enumerate(pieces)
        if number not in taken and not (piece.ours or piece.label) and piece.kind == "code"
    ]
    return Answers(sources, tuple(free))


class _Found:
    """All that may be the answer to one exercise."""

    def __init__(
        self, grade_id: str, name: str, names: frozenset[str], pieces: list[Piece], mine: list[int], repairs: list[str]
    ) -> None:
        self.grade_id, self.name, self.names, self.pieces, self.repairs = grade_id, name, names, pieces, repairs
        self._mine = mine
        self.taken: set[int] = set()
        """Pieces that are used up."""

    def source(self) -> str | None:
        versions = [version for version in self._versions() if any(piece.label for piece in version)]
        best = versions[0] if len(versions) == 1 else max(enumerate(versions), key=self._worth, default=(0, []))[1]
        if not best or STUB in (text := _text(best)) or not self._is_defined_by(text):
            elsewhere = self._elsewhere()
            if elsewhere is not None or not best:
                return elsewhere
        self.taken |= {number for number, piece in enumerate(self.pieces) if any(piece is one for one in best)}
        self._tell(versions, best)
        return _text(best)

    def _tell(self, versions: list[list[Piece]], best: list[Piece]) -> None:
        said = {_text(version) for version in versions if self._is_defined_by(_text(version))}
        said = said or {_text(version) for version in versions}
        if len(said) > 1:
            self._repair("handed in twice; the last one that says anything counts")
        if len(best) > 1:
            self._repair(f"split into {len(best)} cells; they were put together in their order")
        if all(piece.tag != self.name for piece in best):
            self._repair(_how_found(best[0]))
        if any(piece.kind != "code" for piece in best):
            self._repair("its cell was turned into one for text; it was run all the same")

    def _repair(self, told: str) -> None:
        self.repairs.append(f"{self.grade_id}: {told}")

    def _is_defined_by(self, text: str) -> bool:
        return not self.names.isdisjoint(_defined_by(text))

    def _worth(self, numbered: tuple[int, list[Piece]]) -> tuple[bool, bool, bool, int]:
        number, version = numbered
        text = _text(version)
        return STUB not in text, self._is_defined_by(text) and read(text) is not None, bool(text.strip()), number

    def _versions(self) -> Iterator[list[Piece]]:
        """What is labelled as this answer, pieces that only make sense together put together."""
        waiting = [self.pieces[number] for number in self._with_rests()]
        while waiting:
            until = next((n for n, piece in enumerate(waiting[1:], 1) if piece.marked), len(waiting))
            ends = range(min(until, MOST_PIECES), 1, -1)
            together = next((end for end in ends if self._belong_together(waiting[:end])), 1)
            yield waiting[:together]
            waiting = waiting[together:]

    def _with_rests(self) -> list[int]:
        """The labelled pieces, and the unlabelled ones behind them that cannot stand alone: rests of a split cell."""
        found = []
        for number in self._mine:
            found.append(number)
            for rest in range(number + 1, len(self.pieces)):
                piece, cut = self.pieces[rest], WITHIN.search(self.pieces[rest - 1].source)
                if piece.ours or piece.label or piece.kind != "code" or (_stands_alone(piece.source) and not cut):
                    break
                found.append(rest)
        return list(dict.fromkeys(found))

    def _belong_together(self, pieces: list[Piece]) -> bool:
        """One of them defines what is asked for, and some cannot stand alone, or help each other."""
        whole, defining = _text(pieces), [piece for piece in pieces if self._is_defined_by(piece.source)]
        if len(defining) != 1 or not _stands_alone(whole) or not self._is_defined_by(whole):
            return False
        if not all(_stands_alone(one.source) for one in pieces) or any(WITHIN.search(p.source) for p in pieces[:-1]):
            return True
        others = [piece for piece in pieces if piece is not defining[0]]
        return all(any(_helps(one, other) for other in pieces if other is not one) for one in others)

    def _elsewhere(self) -> str | None:
        """The answer in a cell that says nothing of being one, or among others in another answer's cell."""
        homes = [
            (not piece.label, number)
            for number, piece in enumerate(self.pieces)
            if self.names & piece.defines and not (piece.ours or piece.foreign or piece.is_stub)
            if number not in self._mine and piece.kind == "code"
        ]
        if not homes:
            return None
        piece = self.pieces[max(homes)[1]]
        alone = not piece.label
        if alone:
            self.taken.add(max(homes)[1])
        if self._mine:
            blank = any(self.pieces[number].is_stub for number in self._mine)
            own = "was left as it was handed out" if blank else "does not define it"
            self._repair(f"its own cell {own}; what another cell defines counts")
        elif alone:
            self._repair(_how_found(piece))
        else:
            self._repair(f"in one cell with the answer to {piece.label}; taken out of it")
        if alone or not (definitions := definitions_in(piece.source)):
            return piece.source
        return joined(needed(sorted(self.names), definitions, ()))


def _pieces(
    unit: str, exercises: Mapping[str, tuple[str, ...]], cell: NotebookNode, lesson: frozenset[str]
) -> list[Piece]:
    if cell.source.strip() in lesson:
        return [Piece(cell.source, kind=cell.cell_type, ours=True)]
    tag = grade_id_of(cell)
    tagged = tag.removeprefix(f"{unit}-").removesuffix("-answer") if tag.endswith("-answer") else ""
    tagged = tagged if tagged in exercises and tag == f"{unit}-{tagged}-answer" else ""
    ours = (role_of(cell) in OURS and not tagged) or _is_check(cell)
    first, *others = at_first_lines(cell.source) or [""]
    if others and not FIRST_LINE.search(first):  # what stands above the first line belongs to the answer
        first, others = first + others[0], others[1:]
    found = []
    for number, text in enumerate((first, *others)):
        line, own = FIRST_LINE.search(text), "" if number else tagged
        marked = bool(line) and line[1] == unit and line[2] in exercises
        label = line[2] if marked else own
        found.append(
            Piece(
                text.strip("\n") if others else text,
                label,
                own,
                marked,
                cell.cell_type,
                ours=ours and not label,
                foreign=bool(line) and not label,
                defines=frozenset() if ours and not label else _defined_by(text),
                beside=found[0].label if found else "",
            )
        )
    return found


def _how_found(piece: Piece) -> str:
    if piece.beside:
        return f"in one cell with the answer to {piece.beside}; taken out of it"
    if piece.tag:
        return f"tagged as {piece.tag}; what the cell says counts"
    return "its metadata was lost; found by its text"


def _is_check(cell: NotebookNode) -> bool:
    return bool(nbgrader_of(cell).get("grade")) and cell.source.lstrip().startswith("check(")


def _by_label(
    exercises: Mapping[str, tuple[str, ...]], pieces: list[Piece], unit: str, repairs: list[str]
) -> dict[str, list[int]]:
    """Exercise → its pieces. One that says it answers this and defines that goes to that, if nothing else does."""
    labelled: dict[str, list[int]] = {}
    for number, piece in enumerate(pieces):
        if piece.label:
            labelled.setdefault(piece.label, []).append(number)
    for name, names in exercises.items():
        if any(not piece.defines.isdisjoint(names) for piece in map(pieces.__getitem__, labelled.get(name, ()))):
            continue
        for number, piece in enumerate(pieces):
            wrong = piece.label and piece.label != name and piece.defines.isdisjoint(exercises[piece.label])
            if wrong and not piece.defines.isdisjoint(names):
                labelled[piece.label] = [other for other in labelled.get(piece.label, []) if other != number]
                labelled.setdefault(name, []).append(number)
    return labelled


def _text(pieces: Sequence[Piece]) -> str:
    """Pieces put together. An editor cuts where the cursor is, between two lines or in one."""
    sources = [piece.source for piece in pieces]
    text = sources[0] if sources else ""
    for source in sources[1:]:
        text += ("" if CUT.search(text) else "\n") + source
    within = "".join(sources)
    in_comment = any("#" in source.rpartition("\n")[2] for source in sources[:-1])
    return text if in_comment or len(sources) < 2 or _stands_alone(text) or not _stands_alone(within) else within


def _defined_by(text: str) -> frozenset[str]:
    return frozenset(name or other for name, other in DEFINITION.findall(text))


def _stands_alone(text: str) -> bool:
    """Is it Python by itself? The rest of a function is not: it is indented, or returns from nowhere."""
    tree = read(text)
    if tree is None:
        return False
    waiting: list[ast.AST] = [*tree.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return):
            return False
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.expr):
            waiting += ast.iter_child_nodes(node)
    return True


def _helps(piece: Piece, other: Piece) -> bool:
    """Does it define something that the other uses?"""
    names = {name for definition in definitions_in(piece.source) for name in definition.names}
    return any(names & definition.uses for definition in definitions_in(other.source))
