"""What must be true after grading, whoever handed in what. Each broken promise is a sentence."""

from collections.abc import Iterable, Iterator

from autograder.course import Course, Unit
from autograder.demo.notebooks import Answer, HandIn
from autograder.results import Finish, Graded
from autograder.verdict import Outcome, Verdict


def broken_promises(course: Course, hand_ins: Iterable[HandIn], finish: Finish) -> Iterator[str]:
    """Compare what was handed in with how it was graded."""
    graded = {one.student: one for one in finish.results}
    for hand_in in hand_ins:
        for what in _broken(course, finish.unit, hand_in, graded.get(hand_in.student)):
            yield f"{finish.unit.folder}, {hand_in.student} ({hand_in.damage or hand_in.group}): {what}"


def _broken(course: Course, unit: Unit, hand_in: HandIn, graded: Graded | None) -> Iterator[str]:
    if graded is None:
        yield "was not graded at all"
    elif hand_in.damage == "file cut off":
        if graded.points is not None:
            yield f"a notebook cut in half got {graded.points:g} points; a person has to look at it"
    elif graded.points is None:
        yield f"could not be graded: {'; '.join(graded.reasons)}"
    else:
        verdicts = {verdict.exercise.name: verdict for verdict in graded.verdicts}
        for answer in hand_in.answers.values():
            verdict = verdicts[answer.exercise.name]
            if what := _disagreement(course, hand_in, answer, verdict):
                yield f"{answer.exercise.name}, {answer.kind} {answer.name!r}: {what}"
        yield from _wrong_points(course, unit, hand_in, graded)


def _disagreement(course: Course, hand_in: HandIn, answer: Answer, verdict: Verdict) -> str:
    score = verdict.score(course.scoring)
    ended = f"ended as {verdict.outcome.value!r} with {score:g} of {answer.exercise.points} points"
    match answer.kind:
        case "right" if hand_in.group != "hostile":
            return "" if verdict.right and score == answer.exercise.points else ended
        case "mistake":
            named = verdict.misconception.name if verdict.misconception else verdict.family or "nothing"
            return "" if not verdict.right and named == answer.name else f"{ended}, and {named!r} was named"
        case "blank" | "lost":
            return "" if verdict.outcome is Outcome.NOT_ATTEMPTED else ended
        case "broken" | "attack":
            return "" if score == 0 else ended
    return ""


def _wrong_points(course: Course, unit: Unit, hand_in: HandIn, graded: Graded) -> Iterator[str]:
    """The gradebook says what the judge said; and nothing but right answers means full marks."""
    judged = sum(verdict.score(course.scoring) for verdict in graded.verdicts)
    if abs(graded.points - judged) > 0.005:
        yield f"the gradebook holds {graded.points:g} points, the judge gave {judged:g}"
    full = sum(exercise.points for exercise in unit.exercises)
    if hand_in.group == "right" and graded.points != full:
        yield f"is right throughout and has {graded.points:g} of {full} points"
