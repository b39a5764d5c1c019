"""What our own processes need not import."""

import sys


def without_grammar_of_addresses() -> None:
    """jsonschema, with which nbformat checks notebooks, compiles a grammar of web addresses where it finds one.

    That takes a second and a half of every start, for a format that no notebook has. It does without where the package
    is missing, and so it is, for this process: call this before anything imports nbformat.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
