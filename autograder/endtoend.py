"""`autograder grade --end-to-end`: every submission once more, with the student's own earlier units behind `mygpt`.

Plain grading comes first and settles the points. The second time adds a diagnosis: where an answer does less on the
student's own chain, the earlier units that cause it are found by putting in one of them at a time. An answer that is
right on either chain is right. One that is blank, endless or crashes by itself is not tried again.
"""

from collections.abc import Collection, Iterable
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
        before = {v.exercise.name: v for v in plain.verdicts if v.outcome in (Outcome.RIGHT, Outcome.WRONG)}
        if not own or not before:
            return plain
        after = self._judge_on(own, submission, before)
        if faults := {verdict.detail for verdict in after.values() if verdict.outcome is Outcome.COULD_NOT_JUDGE}:
            told = f"not judged end to end, which is our fault: {'; '.join(sorted(faults))}"
            return replace(plain, repairs=(*plain.repairs, told))
        causes = self._causes({n: v for n, v in before.items() if _lost(v, after[n])}, own, submission)
        joined = {name: _join(verdict, after[name], causes.get(name, ())) for name, verdict in before.items()}
        return replace(plain, verdicts=tuple(joined.get(one.exercise.name, one) for one in plain.verdicts))

    def _read(self, student: str) -> tuple[Earlier, ...]:
        """The student's earlier units in course order, each run on top of those before it."""
        found: list[Earlier] = []
        for unit in self.earlier:
            survey = self._judge_behind(found).survey
            found.append(read_earlier(self.course, unit, student, survey))
        return tuple(found)

    def _judge_behind(self, own: Iterable[Earlier]) -> Judge:
        return self._judge.with_behind(self._sources, {earlier.unit: earlier.module for earlier in own if earlier.own})

    def _judge_on(self, own: Iterable[Earlier], submission: Submission, exercises: Collection[str]) -> Verdicts:
        found = self._judge_behind(own).judge(submission, exercises).verdicts
        return {verdict.exercise.name: verdict for verdict in found}

    def _causes(self, stumbling: Verdicts, own: list[Earlier], submission: Submission) -> dict[str, tuple[str, ...]]:
        """For each exercise the earlier units that make it stumble alone, or all of them where it takes several."""
        alone = {one.unit: self._judge_on([one], submission, stumbling) for one in own if stumbling and len(own) > 1}
        everybody = tuple(one.unit for one in own)
        return {
            name: tuple(unit for unit, found in alone.items() if _lost(verdict, found[name])) or everybody
            for name, verdict in stumbling.items()
        }


def _lost(plain: Verdict, own: Verdict) -> list[str]:
    """What holds with the course's earlier units only."""
    if own.outcome is Outcome.COULD_NOT_JUDGE:
        return []
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
