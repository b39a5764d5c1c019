"""`autograder grade --end-to-end`: every submission once more, with the student's own earlier units behind `mygpt`.

Plain grading comes first and settles the points. The second time adds a diagnosis: where an answer does less on the
student's own chain, the earlier units that cause it are found by putting in one of them at a time. An answer that is
right on either chain is right.
"""

from collections.abc import Iterable
from dataclasses import replace

from autograder.chain import Earlier, read_earlier
from autograder.course import Course, Unit
from autograder.judge import Judge, Judgement
from autograder.lending import chain_sources
from autograder.submission import Submission
from autograder.verdict import Outcome, Stumble, Verdict

Verdicts = dict[str, Verdict]

FAILS = {
    Outcome.TIMED_OUT: "runs out of time",
    Outcome.OUT_OF_MEMORY: "runs out of memory",
    Outcome.CRASHED: "crashes",
}


class EndToEnd:
    """Judges submissions of one unit on their students' own chains; thread-safe, like the judge it uses."""

    def __init__(self, course: Course, unit: Unit, judge: Judge) -> None:
        self.course, self._judge = course, judge
        self.earlier, self._sources = chain_sources(course, unit)

    def judge(self, student: str, submission: Submission) -> Judgement:
        """Reach a verdict on every exercise, none of them below that of plain grading."""
        plain = self._judge.judge(submission)
        if not plain.could_judge:
            return plain
        plain = replace(plain, earlier=self._read(student))
        own = [earlier for earlier in plain.earlier if earlier.own]
        if not own:
            return plain
        verdicts = self._judge_on(own, submission)
        if faults := {v.detail for v in verdicts.values() if v.outcome is Outcome.COULD_NOT_JUDGE}:
            told = f"not judged end to end, which is our fault: {'; '.join(sorted(faults))}"
            return replace(plain, repairs=(*plain.repairs, told))
        stumbling = [one for one in plain.verdicts if _stumbles(one, verdicts[one.exercise.name])]
        causes = self._causes(stumbling, own, submission)
        joined = (_join(one, verdicts[one.exercise.name], causes.get(one.exercise.name, ())) for one in plain.verdicts)
        return replace(plain, verdicts=tuple(joined))

    def _read(self, student: str) -> tuple[Earlier, ...]:
        """The student's earlier units in course order, each run on top of those before it."""
        found: list[Earlier] = []
        for unit in self.earlier:
            survey = self._judge_behind(found).survey
            found.append(read_earlier(self.course, unit, student, survey))
        return tuple(found)

    def _judge_behind(self, own: Iterable[Earlier]) -> Judge:
        return self._judge.with_behind(self._sources, {earlier.unit: earlier.module for earlier in own if earlier.own})

    def _judge_on(self, own: Iterable[Earlier], submission: Submission) -> Verdicts:
        return {verdict.exercise.name: verdict for verdict in self._judge_behind(own).judge(submission).verdicts}

    def _causes(
        self, stumbling: list[Verdict], own: list[Earlier], submission: Submission
    ) -> dict[str, tuple[str, ...]]:
        """For each exercise the earlier units that make it stumble alone, or all of them where it takes several."""
        alone = {one.unit: self._judge_on([one], submission) for one in own if stumbling and len(own) > 1}
        everybody = tuple(one.unit for one in own)
        causes = {}
        for verdict in stumbling:
            name = verdict.exercise.name
            causes[name] = tuple(unit for unit, found in alone.items() if _stumbles(verdict, found[name])) or everybody
        return causes


def _stumbles(plain: Verdict, own: Verdict) -> bool:
    """Does something hold with the course's earlier units that does not with the student's?"""
    unsettled = (Outcome.NOT_ATTEMPTED, Outcome.COULD_NOT_JUDGE)
    if plain.outcome in unsettled or own.outcome is Outcome.COULD_NOT_JUDGE:
        return False
    return bool(_lost(plain, own))


def _lost(plain: Verdict, own: Verdict) -> list[str]:
    """What holds with the course's earlier units only."""
    pairs = zip(plain.results, own.results, strict=True)
    return [one.probe.sentence for one, other in pairs if one.passed and not other.passed]


def _join(plain: Verdict, own: Verdict, causes: tuple[str, ...]) -> Verdict:
    if own.right and not plain.right:
        return own
    if not causes:
        return plain
    return replace(plain, stumble=Stumble(causes, _how(plain, own), plain.right))


def _how(plain: Verdict, own: Verdict) -> str:
    return FAILS.get(own.outcome) or f"fails at “{_lost(plain, own)[0]}”"
