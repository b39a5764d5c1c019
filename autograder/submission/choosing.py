"""Of all that lies in a student's folder, the one notebook that is graded. Never by a silent guess.

In this order, and only if it answers anything: the file with the right name in the right place; the only one with the
right name; the only one that answers anything; the one that answers all that any of them does, with the same words.
Several that contradict each other wait for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from autograder.course import Course, Unit
from autograder.errors import NeedsPerson
from autograder.submission.cells import grade_id_of
from autograder.submission.files import HandedFile, files_in, quoted, read_file
from autograder.submission.grafting import Submission, graft
from autograder.submission.notebooks import MAX_SCRIPT_BYTES, parse_notebook, parse_script

MOST_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """One file that holds answers to the unit."""

    name: str
    rank: int
    submission: Submission

    @property
    def said(self) -> dict[str, str]:
        """grade_id → what was written there."""
        cells = {grade_id_of(cell): cell.source for cell in self.submission.notebook.cells}
        return {grade_id: cells[grade_id] for grade_id in self.submission.written}


def read_submission(course: Course, unit: Unit, folder: Path) -> Submission:
    """Find what a student handed in for a unit, and graft its answers into the released notebook.

    Raises:
        NeedsPerson: no machine can tell what to grade; the message says why, and what to do.
    """
    told: list[str] = []
    found: list[Candidate] = []
    scripts: list[HandedFile] = []
    for number, file in enumerate(files_in(folder, unit, told)):
        if number == MOST_CANDIDATES:
            told.append(f"only the first {MOST_CANDIDATES} files were looked at")
            break
        if file.is_script:
            scripts += [file] * (len(file.raw) <= MAX_SCRIPT_BYTES)
        else:
            found += _read(course, unit, file, told)
    if not found:
        found = [candidate for file in scripts for candidate in _read(course, unit, file, told)]
    if not found:
        raise NeedsPerson("; ".join(dict.fromkeys(told)) or f"no notebook was handed in. Ask for {unit.name}.ipynb")
    chosen = _choose(unit, found)
    how = () if chosen.rank == 0 else (f"found as {chosen.name}", *told)
    return chosen.submission.with_repairs(*how, *_left_out(chosen, found))


def read_notebook(path: Path) -> NotebookNode:
    """Read one file that somebody else wrote.

    Raises:
        NeedsPerson: it is missing, too large, or no notebook.
    """
    name = quoted(path.name)
    return parse_notebook(read_file(path, name), name, [])


def _read(course: Course, unit: Unit, file: HandedFile, told: list[str]) -> list[Candidate]:
    """The file with the answers in it; none where it is something else, and then that is told."""
    repairs: list[str] = []
    name = quoted(file.name)
    try:
        notebook = (parse_script if file.is_script else parse_notebook)(file.raw, name, repairs)
        submission = graft(course, unit, notebook)
    except NeedsPerson as problem:
        if not file.name.lower().endswith(".json"):  # data of somebody's own
            said = str(problem)
            told.append(said if said.startswith(name) else f"{name}: {said}")
        return []
    return [Candidate(file.name, file.rank, submission.with_repairs(*repairs))]


def _choose(unit: Unit, found: Sequence[Candidate]) -> Candidate:
    if len(found) == 1:
        return found[0]
    answering = [candidate for candidate in found if candidate.submission.written]
    if not answering:
        return min(found, key=lambda candidate: candidate.rank)
    best_rank = min(candidate.rank for candidate in answering)
    rivals = [candidate for candidate in answering if candidate.rank == best_rank]
    most = max(rivals, key=lambda candidate: len(candidate.said))
    for other in rivals:
        if different := [grade_id for grade_id, said in other.said.items() if most.said.get(grade_id) != said]:
            names, where = f"{quoted(most.name)} and {quoted(other.name)}", different[0].removesuffix("-answer")
            raise NeedsPerson(f"{names} differ in {where}. Keep the one that counts, as {unit.name}.ipynb")
    return most


def _left_out(chosen: Candidate, found: Sequence[Candidate]) -> list[str]:
    """Others that say something else, so that nobody's work is passed over in silence."""
    said = chosen.said.items() if len(found) > 1 else ()
    return [
        f"{quoted(other.name)} was handed in too, and answers {num} of the cells differently; it was left out"
        for other in found
        if other is not chosen and (num := len(other.said.items() - said))
    ]
