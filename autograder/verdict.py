"""From observations to a verdict: which properties hold, and which misconception explains the rest.

A misconception is named only if its whole vector of observations equals the student's and differs from the
reference's. Two of one family that fit equally are named by the family; otherwise nobody is accused.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from autograder.comparison import Difference, compare
from autograder.errors import ObservationError
from autograder.from_scratch import UNREAD, Reading
from autograder.key import KeyExercise, KeyMisconception, KeyProbe
from autograder.observation import Foreign, Raised, decode


class Outcome(enum.StrEnum):
    """How one exercise ended. All but RIGHT give less than full points; COULD_NOT_JUDGE gives none of anything."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_ATTEMPTED = "not attempted"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    CRASHED = "crashed"
    COULD_NOT_JUDGE = "could not be judged"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    probe: KeyProbe
    passed: bool
    difference: Difference | None = None
    raised: Raised | None = None
    withheld: bool = False
    """A property that holds, but does not count before every value is right."""


@dataclass(frozen=True, slots=True)
class Stumble:
    """Graded end to end: with the student's own earlier units an answer does less than with the course's."""

    units: tuple[str, ...]
    how: str
    """It "fails at “…”", "crashes", and so on."""
    right_otherwise: bool

    def as_json(self) -> dict[str, Any]:
        return {"units": list(self.units), "how": self.how, "right_otherwise": self.right_otherwise}

    def __str__(self) -> str:
        """To the student."""
        own = " and ".join(f"{unit}.py" for unit in self.units)
        otherwise = "it is right" if self.right_otherwise else "that holds"
        return f"With your own {own} it {self.how}; with the course's {otherwise}, and that is what counts."


@dataclass(frozen=True, slots=True)
class Verdict:
    exercise: KeyExercise
    outcome: Outcome
    results: tuple[ProbeResult, ...]
    misconception: KeyMisconception | None = None
    family: str = ""
    """Set where several misconceptions of one family fit and none can be named."""
    detail: str = ""
    used_stand_ins: tuple[str, ...] = ()
    """Exercises replaced by the reference's, so that an earlier mistake is paid for once."""
    stumble: Stumble | None = None
    """Set where the cause of a failure lies in an earlier unit; it costs nothing."""
    kept: str = ""
    """In a notebook: what became of a right answer in `mygpt`, in words."""
    reading: Reading = UNREAD
    """What the text of the answer says about the from-scratch rule."""

    @property
    def right(self) -> bool:
        return self.outcome is Outcome.RIGHT

    @property
    def accepted(self) -> bool:
        """Right, and worth its points."""
        return self.right and not self.reading.costs

    def score(self, scoring: str) -> float:
        """Points, by the course's rule."""
        if self.outcome in (Outcome.NOT_ATTEMPTED, Outcome.COULD_NOT_JUDGE) or self.reading.costs:
            return 0.0
        total = sum(result.probe.weight for result in self.results)
        passed = sum(result.probe.weight for result in self.results if result.passed)
        if scoring == "all-or-nothing" and passed < total:
            return 0.0
        return round(self.exercise.points * passed / total, 2)


def judge_exercise(
    exercise: KeyExercise, observations: Sequence[bytes], ended: Outcome | None = None, detail: str = ""
) -> Verdict:
    """Reach the verdict on one exercise.

    Args:
        exercise: its key.
        observations: encoded, one per probe in order; fewer where the run ended early.
        ended: why the run ended early, if it did.
        detail: that reason in words.
    """
    if [*observations] == [probe.expected for probe in exercise.probes]:  # to the bit: nothing is left to compare
        return Verdict(exercise, Outcome.RIGHT, tuple(map(_passed, exercise.probes)))
    seen = [_decode(raw) for raw in observations[: len(exercise.probes)]]
    missing = Raised(_UNSEEN.get(ended, "NoObservation"), detail)
    seen += [missing] * (len(exercise.probes) - len(seen))
    same = [probe.expected == raw for probe, raw in zip_longest(exercise.probes, observations[: len(seen)])]
    results = _withhold([_judge_probe(*one) for one in zip(exercise.probes, seen, same, strict=True)])
    if all(result.passed for result in results):
        return Verdict(exercise, Outcome.RIGHT, results)
    if any(_is_stub(exercise, s) for s in seen) and not any(r.passed for r in results):
        return Verdict(exercise, Outcome.NOT_ATTEMPTED, tuple(ProbeResult(p, False) for p in exercise.probes))
    misconception, family = _diagnose(exercise, seen)
    return Verdict(exercise, _outcome(seen, ended), results, misconception, family, detail)


_UNSEEN = {Outcome.TIMED_OUT: "TimedOut", Outcome.OUT_OF_MEMORY: "MemoryError", Outcome.CRASHED: "Crashed"}


_from_key = lru_cache(1 << 14)(decode)
"""A key's observations are compared with every submission's; nobody writes into what was decoded."""


def _decode(raw: bytes) -> object:
    try:
        return decode(raw)
    except ObservationError:
        return Foreign("unreadable")


def _is(seen: object, name: str) -> bool:
    return isinstance(seen, Raised) and seen.type == name


def _is_stub(exercise: KeyExercise, seen: object) -> bool:
    """Is it the answer itself that is not written? Another exercise's stub, used by this answer, is no such case."""
    return isinstance(seen, Raised) and seen.type == "NotWritten" and seen.message in exercise.names


@lru_cache(1 << 12)
def _passed(probe: KeyProbe) -> ProbeResult:
    """One for a whole class, which is kept until the class report is written."""
    seen = _from_key(probe.expected)
    return ProbeResult(probe, True, raised=seen if isinstance(seen, Raised) else None)


def _judge_probe(probe: KeyProbe, seen: object, same: bool) -> ProbeResult:
    if same:
        return _passed(probe)
    difference = compare(_from_key(probe.expected), seen, probe.tolerance)
    return ProbeResult(probe, difference is None, difference, seen if isinstance(seen, Raised) else None)


def _withhold(results: list[ProbeResult]) -> tuple[ProbeResult, ...]:
    if all(r.passed for r in results if r.probe.kind == "value"):
        return tuple(results)
    return tuple(
        ProbeResult(r.probe, False, withheld=True) if r.passed and r.probe.kind == "property" else r for r in results
    )


def _diagnose(exercise: KeyExercise, seen: list[object]) -> tuple[KeyMisconception | None, str]:
    fitting = [m for m in exercise.misconceptions if _fits(exercise, m, seen)]
    if len(fitting) == 1:
        return fitting[0], ""
    families = {m.family for m in fitting}
    return None, families.pop() if len(families) == 1 else ""


def _fits(exercise: KeyExercise, misconception: KeyMisconception, seen: list[object]) -> bool:
    return all(
        compare(_from_key(raw), value, probe.tolerance) is None
        for probe, raw, value in zip(exercise.probes, misconception.observations, seen, strict=True)
    )


def _outcome(seen: list[object], ended: Outcome | None) -> Outcome:
    if ended is not None:
        return ended
    if any(_is(value, "TimedOut") for value in seen):
        return Outcome.TIMED_OUT
    if any(_is(value, "MemoryError") for value in seen):
        return Outcome.OUT_OF_MEMORY
    return Outcome.WRONG
