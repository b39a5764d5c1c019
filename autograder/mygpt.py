"""`mygpt`, the learner's own GPT: one module per unit, growing in the workspace beside the unit folders.

A module is made of sections, each under a heading of its own:

    # ---- given by the course ----                       imports, and what the notebook gave
    # ---- borrowed from the course: softmax ----         not written yet, but a later unit stands on it
    # ---- my own: causal_mask ----                       the cell that passed `check`

Where a unit stands on something the learner has not written, the key brings it (`given`) and it is borrowed; whole
modules are borrowed by `autograder catch-up`. What has no heading is the learner's and is never touched. In a judge's
child nothing is written; there, `served` answers.
"""

import ast
import contextlib
import importlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.source import Importing, names_bound, text_of
from autograder.whole import write_whole

GIVEN = "given by the course"
BORROWED = "borrowed from the course: "
OWN = "my own: "
_HEADING = re.compile(r"^# ---- (.+) ----$", re.MULTILINE)

ABOVE = '''"""{name}: what `check` found right is kept here. Write in the notebook, not here."""

from __future__ import annotations  # what is given may name, in its signature, what you have yet to write'''

Sections = dict[str, str]
"""The text under each heading of a module, in the order of the file; what stands above the first is under ""."""


@dataclass(frozen=True, slots=True)
class Loan:
    """What became of the names that a module could borrow."""

    new: tuple[str, ...]
    own: tuple[str, ...]
    before: tuple[str, ...]
    """There already, and the course's: given, or borrowed earlier."""

    def __str__(self) -> str:
        parts = {"borrowed": self.new, "your own, untouched": self.own, "there already": self.before}
        return " · ".join(f"{words}: {', '.join(names)}" for words, names in parts.items() if names)


def settle(folder: Path, given: Mapping[str, str]) -> Path:
    """Make the `mygpt` of a notebook in `folder`, with what is missing borrowed; return its folder.

    A `mygpt` here or beside the unit's folder is used, or made; one further up is somebody else's.
    """
    home = next((p for p in (folder, folder.parent) if (p / "mygpt").is_dir()), None)
    home = home or (folder.parent if folder.name[:2].isdigit() else folder)
    package = home / "mygpt"
    package.mkdir(exist_ok=True)
    if not (package / "__init__.py").exists():
        (package / "__init__.py").write_text('"""My own GPT, a unit at a time."""\n', encoding="utf-8")
    for name, source in given.items():
        with contextlib.suppress(SyntaxError):  # the learner is writing there; the import will say what is wrong
            borrow(package / f"{name}.py", source)
    return package


def enter(folder: Path, given: Mapping[str, str]) -> Path:
    """`settle`, and make `mygpt` importable in this process: for the notebook itself."""
    package = settle(folder, given)
    if str(package.parent) not in sys.path:
        sys.path.insert(0, str(package.parent))
    importlib.invalidate_caches()  # the import system may have listed these folders a moment ago
    return package


def read_sections(path: Path) -> Sections:
    """The sections of a module; none where there is no file yet."""
    if not path.exists():
        return {}
    above, *rest = _HEADING.split(path.read_text(encoding="utf-8"))
    texts = zip(rest[::2], rest[1::2], strict=True)
    return {heading: text.strip("\n") for heading, text in [("", above), *texts]}


def write_sections(path: Path, sections: Sections) -> None:
    """Write a module whole or not at all, and let go of what was imported from it."""
    write_whole(path, joined_sections(path.stem, sections).encode("utf-8"))
    sys.modules.pop(f"mygpt.{path.stem}", None)
    importlib.invalidate_caches()


def joined_sections(name: str, sections: Sections) -> str:
    """The text of a module: what is given comes first, so that everything below may use it."""
    above = sections.get("") or ABOVE.format(name=name)
    rest = sorted((heading for heading in sections if heading), key=lambda heading: heading != GIVEN)
    return "\n\n\n".join([above, *(f"# ---- {heading} ----\n\n{sections[heading]}" for heading in rest)]) + "\n"


def names_defined(text: str) -> set[str]:
    """The names that Python text defines at its top level; imports define none."""
    return {name for node in ast.parse(text).body for name in names_bound(node)}


def borrow(path: Path, source: str) -> Loan:
    """Add what a module lacks of `source`, each definition under a heading of its own; what is there is not touched.

    Raises:
        SyntaxError: the module is no Python; nothing was borrowed.
    """
    sections = read_sections(path)
    owner = {name: heading for heading, text in sections.items() for name in names_defined(text)}
    lines, body, missing = source.splitlines(), ast.parse(source).body, list[str]()
    imports = [text_of(lines, node) for node in body if isinstance(node, Importing)]
    for node in body:
        names = names_bound(node)
        if names and not owner.keys() & set(names):
            sections[f"{BORROWED}{', '.join(names)}"] = text_of(lines, node)
            missing += names
    if missing or not path.exists():
        given = sections.get(GIVEN, "").splitlines()
        sections[GIVEN] = "\n".join([*(line for line in imports if line not in given), *given])
        write_sections(path, {heading: text for heading, text in sections.items() if text or heading != GIVEN})
    public = [name for node in body for name in names_bound(node) if not name.startswith("_")]
    lent = {name for name, heading in owner.items() if heading == GIVEN or heading.startswith(BORROWED)}
    return Loan(
        new=tuple(name for name in public if name in missing),
        own=tuple(name for name in public if name in owner and name not in lent),
        before=tuple(name for name in public if name in lent),
    )
