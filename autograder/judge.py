"""The judge: from a submission to verdicts, with student code running only in the sandbox's children.

First the student's own chain in one child. Then, for each exercise that failed on top of a failed prerequisite, another
child with the course's stand-ins, so that one mistake is paid for once. This process imports no torch, runs no line of
a student, and reaches every verdict itself, by comparing what came back with its own key.
"""

import copy
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from autograder import from_scratch
from autograder.chain import Cells, Earlier, OwnModule
from autograder.course import Course, Unit
from autograder.errors import ObservationError
from autograder.key import Key, KeyExercise
from autograder.observation import decode
from autograder.sandbox import Level, Limits, Sandbox
from autograder.sandbox import Outcome as Ended
from autograder.source import answer_source
from autograder.submission import Submission, cells_to_run
from autograder.vault import hidden_source, judge_key
from autograder.verdict import Outcome, Verdict, judge_exercise

PLACE_BYTES = 4  # runner.PLACE: exercise and probe, two little-endian shorts in front of every observation
ENDED = {"timed out": Outcome.TIMED_OUT, "out of memory": Outcome.OUT_OF_MEMORY, "crashed": Outcome.CRASHED}
SURVEY = Limits(wall_s=30.0, cpu_s=15)
RUNTIME = (
    "__init__",
    "checks",
    "comparison",
    "errors",
    "magics",
    "observation",
    "probes",
    "runner",
    "running",
    "sandbox",
    "served",
)


class Confined(Protocol):
    """Whatever runs a job out of harm's way: the sandbox of this machine, those of a cluster, one that remembers."""

    level: Level
    num_threads: int
    """So many jobs at a time are worth it."""

    def run(self, job: bytes, limits: Limits) -> Ended: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def sandbox_of(unit: str, level: Level | None = None, allow_unsafe: bool = False) -> Sandbox:
    """A sandbox of this machine, with all that a job of the unit imports."""
    return Sandbox(
        handler="autograder.runner:run_job",
        preload=("torch", "numpy", "autograder.runner", f"autograder.checks.{unit}"),
        readable=runtime_files(),
        level=level,
        allow_unsafe=allow_unsafe,
    )


def runtime_files() -> list[Path]:
    """The part of the engine that runs beside a student's code, and is all that this code can read of it."""
    package = Path(__file__).parent
    return [path for name in RUNTIME for path in (package / name, package / f"{name}.py") if path.exists()]


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that was found about one submission."""

    verdicts: tuple[Verdict, ...]
    repairs: tuple[str, ...]
    earlier: tuple[Earlier, ...] = ()
    """Graded end to end: what stood behind `mygpt`."""

    @property
    def could_judge(self) -> bool:
        return all(verdict.outcome is not Outcome.COULD_NOT_JUDGE for verdict in self.verdicts)


class Judge:
    """Judges submissions of one unit; thread-safe, one warm sandbox for all of them.

    Args:
        key: what right and known wrong answers give, for public or secret seeds.
        hidden: source of the hidden probes that the key knows.
        stand_in: from an exercise's name to the reference's source; without it a failed prerequisite stays failed.
        sandbox: where answers run; by default a warm one on this machine, at the strongest level that holds here.
    """

    def __init__(
        self,
        key: Key,
        hidden: str = "",
        stand_in: Callable[[str], str] | None = None,
        sandbox: Confined | None = None,
    ) -> None:
        self.key, self._hidden, self._stand_in = key, hidden, stand_in
        self._behind: dict[str, Any] = {"given": key.given}
        self.sandbox = sandbox or sandbox_of(key.unit)

    @classmethod
    def of_course(cls, course: Course, unit: Unit, sandbox: Confined | None = None) -> Self:
        """The instructor's judge: secret seeds, hidden probes, stand-ins."""

        @cache
        def stand_in(name: str) -> str:
            return answer_source(course, unit, unit.exercise(name))

        return cls(judge_key(course, unit), hidden_source(course, unit), stand_in, sandbox)

    def __enter__(self) -> Self:
        self.sandbox.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sandbox.__exit__(kind, error, trace)

    def with_behind(self, given: Mapping[str, str], own: Mapping[str, OwnModule]) -> Self:
        """The same judge, on the same warm sandbox, with other modules behind `mygpt`; `own` holds the student's."""
        other = copy.copy(self)
        other._behind = {"given": given, "own": own}
        return other

    def survey(self, cells: Cells, asked: list[tuple[str, ...]]) -> tuple[str, list[object]]:
        """Run cells of which nothing is judged; return how that ended, and what became of the names in each group.

        True where the cells define them all, False where not, `Raised` where the cell named like the first one stopped.
        """
        ended = self._send(cells, SURVEY, asked=asked)
        places = {frame[:PLACE_BYTES]: frame[PLACE_BYTES:] for frame in reversed(ended.frames)}
        frames = [places.get(number.to_bytes(PLACE_BYTES, "little"), b"") for number in range(len(asked))]
        return ended.status, [_decoded(frame) for frame in frames]

    def judge(self, submission: Submission, only: Collection[str] | None = None) -> Judgement:
        """Reach a verdict on every exercise of the unit, or only on these and those they stand on."""
        cells = list(cells_to_run(submission.notebook))
        exercises = [e for e in self.key.exercises if only is None or e.name in self._with_ground(only, cells)]
        verdicts = self._judge_together(cells, exercises, one_is_many=only is not None)
        for exercise in exercises:
            wrong = tuple(name for name in self._stands_on(exercise, cells) if not verdicts[name].right)
            if wrong and self._deserves_another_try(verdicts[exercise.name]):
                verdicts[exercise.name] = self._judge_with_stand_ins(cells, exercise, wrong, verdicts[exercise.name])
        readings = from_scratch.read(self.key, exercises, cells)
        verdicts |= {name: replace(verdicts[name], reading=reading) for name, reading in readings.items()}
        return Judgement(tuple(verdicts[e.name] for e in exercises), submission.repairs)

    def _with_ground(self, names: Collection[str], cells: Cells) -> set[str]:
        """These exercises, and all that they stand on."""
        found = {*names}
        for exercise in reversed(self.key.exercises):
            if exercise.name in found:
                found.update(self._stands_on(exercise, cells))
        return found

    def _judge_together(
        self, cells: Cells, exercises: list[KeyExercise], one_is_many: bool = False
    ) -> dict[str, Verdict]:
        """One child for all; one that dies is followed by another for the exercises behind the one it died in.

        Where it died before anybody's turn, each is judged without the others' cells; a single one only if it was
        chosen among many.
        """
        verdicts: dict[str, Verdict] = {}
        waiting = exercises
        while waiting:
            ended, seen, detail = self._run(cells, waiting)
            if ended in ENDED.values() and not any(seen) and (len(waiting) > 1 or one_is_many):
                for exercise in waiting:
                    verdicts |= self._judge_together(self._own_cells(cells, exercise), [exercise])
                return verdicts
            for place, exercise in enumerate(waiting):
                whole = len(seen[place]) == len(exercise.probes)
                verdicts[exercise.name] = _reach(exercise, seen[place], None if whole else ended, detail)
                if ended in ENDED.values() and not whole:
                    break
            waiting = waiting[place + 1 :]
        return verdicts

    def _own_cells(self, cells: Cells, exercise: KeyExercise, without: tuple[str, ...] = ()) -> Cells:
        """Setup, what is given, this answer and those it stands on."""
        others = {e.name for e in self.key.exercises} - {exercise.name, *self._stands_on(exercise, cells)} | {*without}
        return [cell for cell in cells if cell[0] not in others]

    def _stands_on(self, exercise: KeyExercise, cells: Cells) -> tuple[str, ...]:
        """Earlier exercises under an answer: those the reference's answer uses, and those that this one names."""
        source = dict(cells).get(exercise.name, "")
        earlier = list(takewhile(lambda other: other != exercise, self.key.exercises))
        named = [e for e in earlier if any(re.search(rf"\b{name}\b", source) for name in e.names)]
        under = {*exercise.needs, *(e.name for e in named), *(name for e in named for name in e.needs)}
        return tuple(e.name for e in self.key.exercises if e.name in under)

    def _deserves_another_try(self, verdict: Verdict) -> bool:
        settled = verdict.outcome in (Outcome.RIGHT, Outcome.NOT_ATTEMPTED, Outcome.COULD_NOT_JUDGE)
        return self._stand_in is not None and not settled

    def _judge_with_stand_ins(
        self, cells: Cells, exercise: KeyExercise, wrong: tuple[str, ...], first: Verdict
    ) -> Verdict:
        stand_ins = [self._stand_in(name) for name in wrong]
        ended, (seen,), detail = self._run(self._own_cells(cells, exercise, wrong), [exercise], stand_ins)
        again = _reach(exercise, seen, ended, detail)
        if again.score("per-property") < first.score("per-property"):
            return first
        return replace(again, used_stand_ins=wrong)

    def _run(
        self, cells: Cells, exercises: Iterable[KeyExercise], stand_ins: Iterable[str] = ()
    ) -> tuple[Outcome | None, list[list[bytes]], str]:
        """Run a job in a fresh child; return how it ended and each exercise's observations, in order."""
        exercises = list(exercises)
        tasks = [
            {"names": e.names, "seconds": e.seconds, "probes": [[p.name, p.seed] for p in e.probes]} for e in exercises
        ]
        ended = self._send(cells, _limits(exercises), hidden=self._hidden, stand_ins=list(stand_ins), exercises=tasks)
        seen = _sort_frames(ended, exercises)
        if ended.status == "finished":
            return None, seen, ""
        return ENDED.get(ended.status, Outcome.COULD_NOT_JUDGE), seen, ended.detail

    def _send(self, cells: Cells, limits: Limits, **more: Any) -> Ended:
        order = {"unit": self.key.unit, "hidden": "", "stand_ins": [], "exercises": [], **self._behind}
        order["cells"] = [{"name": name, "source": source} for name, source in cells]
        return self.sandbox.run(json.dumps({**order, **more}).encode("utf-8"), limits)


def _decoded(frame: bytes) -> object:
    try:
        return decode(frame)
    except ObservationError:
        return None


def _limits(exercises: list[KeyExercise]) -> Limits:
    """Room for the slowest honest answer of each exercise; the budgets inside the child are the courteous ones."""
    seconds = 5 + 2 * max(e.seconds for e in exercises)
    return Limits(wall_s=2 * seconds, cpu_s=int(seconds))


def _sort_frames(ended: Ended, exercises: list[KeyExercise]) -> list[list[bytes]]:
    """Observations by exercise, up to the first gap. The first frame for a place wins; one for no place is noise."""
    places: dict[tuple[int, int], bytes] = {}
    for frame in ended.frames:
        place = int.from_bytes(frame[0:2], "little"), int.from_bytes(frame[2:4], "little")
        places.setdefault(place, frame[PLACE_BYTES:])
    seen: list[list[bytes]] = []
    for number, exercise in enumerate(exercises):
        seen.append([])
        for probe in range(len(exercise.probes)):
            if (number, probe) not in places:
                break
            seen[-1].append(places[number, probe])
    return seen


def _reach(exercise: KeyExercise, seen: list[bytes], ended: Outcome | None, detail: str) -> Verdict:
    if ended is Outcome.COULD_NOT_JUDGE:
        return Verdict(exercise, Outcome.COULD_NOT_JUDGE, (), detail=detail)
    return judge_exercise(exercise, seen, ended, detail)
