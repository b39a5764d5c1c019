"""A notebook's own syntax as plain Python: `%time`, `!pip install`, `help?` are lines that only IPython understands.

Whoever reads a student's cell reads it through `plain`: the sandbox that runs it, and who looks for what it defines.
"""

import ast
import re
from collections.abc import Callable

MOST = 50  # lines of this kind in one cell; every one costs a reading
LONGEST = 1000
LINE = re.compile(r"(?P<indent>\s*)(?P<target>\w[\w., ]*= *)?(?:%time +(?P<timed>\S.*)|[%!?].*|\w[\w.]*\?\??\s*)")


def plain(source: str, parse: Callable[[str], ast.Module] = ast.parse) -> str:
    """The cell with IPython's own lines replaced, and unchanged where it is Python already.

    `%time STATEMENT` keeps its statement and `files = !ls` becomes `files = None`; every other such line does nothing.
    Only a line at which reading stops is looked at, so nothing in a text or in brackets is touched.
    """
    lines = source.split("\n")
    for _ in range(MOST):
        try:
            parse("\n".join(lines))
            break
        except SyntaxError as error:
            number = (error.lineno or 0) - 1
        except (ValueError, RecursionError, MemoryError):
            break
        if not 0 <= number < len(lines) or len(lines[number]) > LONGEST:
            break
        if (found := LINE.fullmatch(lines[number])) is None:
            break
        _replace(lines, number, found)
    return "\n".join(lines)


def _replace(lines: list[str], number: int, found: re.Match[str]) -> None:
    """Put Python in the place of a line; the lines on which a command goes on are left empty."""
    more = number
    while lines[more].endswith("\\") and more + 1 < len(lines):
        more += 1
    statement = found["timed"] if more == number else None
    lines[number] = f"{found['indent']}{found['target'] or ''}{statement or ('None' if found['target'] else 'pass')}"
    lines[number + 1 : more + 1] = [""] * (more - number)
