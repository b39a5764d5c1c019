"""The wrong answers, each with the sentence a student reads.

A misconception is the reference with a small edit, or, where an edit would say too little, a function of its own.
Nothing of this package is ever given to a student: a key carries its sentences and observations only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

FAMILIES = (
    "wrong axis",
    "off by one",
    "denominator",
    "scale factor",
    "view or transpose",
    "sign or order",
    "numerical stability",
    "state",
    "gradient",
    "batch of one",
    "leakage",
    "units",
    "rule",
)


@dataclass(frozen=True, slots=True)
class Misconception:
    """One way to be wrong about one exercise."""

    exercise: str
    name: str
    """A few words, for the class report: `mask after softmax`."""
    says: str
    """What is wrong, told to the student: `your result equals the one without the division by √d_k`."""
    ask: str
    """First hint: a question that points at the axis or the quantity."""
    show: str
    """Second hint: a counterexample of one to three lines to run by hand."""
    family: str
    """One of FAMILIES; `rule` where it is simply another convention than the course's."""
    edit: Mapping[str, str] | None = None
    """Text of the reference's answer → what stands there instead. Each must occur exactly once."""
    wrong: Callable | tuple[Callable, ...] | None = None
    """Or the wrong function itself, under any name (one for each name the exercise defines)."""
