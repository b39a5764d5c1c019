"""A key: everything a machine without the reference needs to check one unit.

For one seed it holds what the reference and every misconception gave for each probe, with the sentences and hints a
student reads. It holds no line of anybody's code but what a notebook shows (`preamble`) and what the unit imports from
earlier units (`given`). `autograder/keys/<unit>.json` is the public one; the judge makes another from the course's
secret.
"""

import base64
import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from autograder.comparison import Tolerance
from autograder.errors import UsageError

FORMAT = 3
KEYS = Path(__file__).parent / "keys"


@dataclass(frozen=True, slots=True)
class KeyProbe:
    name: str
    sentence: str
    ask: str
    kind: str
    weight: int
    hidden: bool
    seed: int
    tolerance: Tolerance
    expected: bytes


@dataclass(frozen=True, slots=True)
class KeyMisconception:
    name: str
    says: str
    ask: str
    show: str
    family: str
    observations: tuple[bytes, ...]
    """One for each probe of the exercise, in the probes' order."""


@dataclass(frozen=True, slots=True)
class KeyExercise:
    name: str
    companions: tuple[str, ...]
    points: int
    stretch: bool
    seconds: float
    needs: tuple[str, ...]
    """Exercises of the same unit that the reference's answer uses."""
    probes: tuple[KeyProbe, ...]
    misconceptions: tuple[KeyMisconception, ...]
    forbids: tuple[str, ...] = ()
    """Operations of libraries that an answer has to do without."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.companions)


@dataclass(frozen=True, slots=True)
class Key:
    unit: str
    folder: str
    title: str
    scoring: str
    digest: str
    """Hash of every source this key was made from: the same digest, the same key."""
    given: dict[str, str]
    """Modules of `mygpt` that the unit may import before the learner has written them: name → source."""
    preamble: str
    """How the unit's own module of `mygpt` begins: imports, and what the course gives away."""
    exercises: tuple[KeyExercise, ...]
    from_scratch: str = "told"
    """Whether a forbidden call is only "told" or "costs" the points of its exercise."""

    def exercise(self, name: str) -> KeyExercise:
        for exercise in self.exercises:
            if name in exercise.names:
                return exercise
        known = ", ".join(n for e in self.exercises for n in e.names)
        raise UsageError(f"{name!r} is no exercise of the unit {self.unit!r}; its exercises are {known}")

    def to_json(self) -> str:
        data = _plain(asdict(self))
        for exercise in data["exercises"]:
            expected = [probe["expected"] for probe in exercise["probes"]]
            for misconception in exercise["misconceptions"]:  # mostly it sees what the reference sees: said once
                pairs = zip(misconception["observations"], expected, strict=True)
                misconception["observations"] = [None if seen == right else seen for seen, right in pairs]
        return json.dumps({"format": FORMAT, **data}, ensure_ascii=False, indent=1) + "\n"


@cache
def load_public_key(unit: str) -> Key:
    """The key that ships with the course."""
    path = KEYS / f"{unit}.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in KEYS.glob("*.json")))
        raise UsageError(f"there is no unit {unit!r} here; the units are {known}")
    return read_key(path.read_text(encoding="utf-8"))


def read_key(text: str) -> Key:
    """Read a key back from its JSON."""
    data = json.loads(text)
    if data.pop("format", None) != FORMAT:
        raise UsageError(f"this key is not of format {FORMAT}; update the autograder package")
    data["exercises"] = tuple(_read_exercise(item) for item in data["exercises"])
    return Key(**data)


def _read_exercise(data: dict[str, Any]) -> KeyExercise:
    data["probes"] = tuple(
        KeyProbe(**{**p, "tolerance": Tolerance(**p["tolerance"]), "expected": base64.b64decode(p["expected"])})
        for p in data["probes"]
    )
    data["misconceptions"] = tuple(
        KeyMisconception(**{**m, "observations": _read_observations(m["observations"], data["probes"])})
        for m in data["misconceptions"]
    )
    data = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return KeyExercise(**{field.name: data[field.name] for field in fields(KeyExercise) if field.name in data})


def _read_observations(observations: list[str | None], probes: tuple[KeyProbe, ...]) -> tuple[bytes, ...]:
    pairs = zip(observations, probes, strict=True)
    return tuple(probe.expected if seen is None else base64.b64decode(seen) for seen, probe in pairs)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
