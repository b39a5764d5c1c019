"""A verdict in words: plain text for a terminal, HTML for JupyterLab and feedback pages.

On public data the student reads expected against got. On secret data (`public=False`) no value of input or output is
told, only the property, the mistake's name, and the line of their own cell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from autograder.observation import Raised
from autograder.verdict import Outcome, ProbeResult, Verdict

MARKS = {True: "✓", False: "✗"}


@dataclass(frozen=True, slots=True)
class Line:
    """One property and what is to say of it."""

    mark: str
    sentence: str
    diagnosis: str = ""
    details: tuple[str, ...] = ()


def headline(verdict: Verdict, scoring: str) -> str:
    """`4 of 6 properties hold · 4 of 6 points`, or why there is nothing to count."""
    exercise = verdict.exercise
    points = f"{verdict.score(scoring):g} of {exercise.points} point{'s' * (exercise.points != 1)}"
    if verdict.outcome is Outcome.NOT_ATTEMPTED:
        return f"not attempted: write your answer where it says YOUR CODE HERE · {points}"
    if verdict.outcome is Outcome.COULD_NOT_JUDGE:
        return f"could not be judged: {verdict.detail}. This is our fault and costs you nothing; a person will look"
    total = len(verdict.results)
    if verdict.right:
        return f"{'the property holds' if total == 1 else f'all {total} properties hold'} · {points}"
    passed = sum(result.passed for result in verdict.results)
    why = {Outcome.TIMED_OUT: "timed out · ", Outcome.OUT_OF_MEMORY: "out of memory · ", Outcome.CRASHED: "crashed · "}
    return f"{why.get(verdict.outcome, '')}{passed} of {total} properties hold · {points}"


def lines(verdict: Verdict, public: bool) -> Iterator[Line]:
    """One line for each property, the diagnosis beside the first that fails; with it, one example is enough."""
    if verdict.outcome in (Outcome.NOT_ATTEMPTED, Outcome.COULD_NOT_JUDGE):
        return
    diagnosis, told = _diagnosis(verdict), set[tuple[str, ...]]()
    known = bool(diagnosis)
    for result in verdict.results:
        if result.passed:
            yield Line("✓", result.probe.sentence)
        elif result.withheld:
            yield Line("○", result.probe.sentence, "holds, and counts once the values above are right")
        else:
            details = tuple(_details(result, verdict, public))
            yield Line("✗", result.probe.sentence, diagnosis, () if told and (details in told or known) else details)
            told.add(details)
            diagnosis = ""


def text(verdict: Verdict, scoring: str, public: bool = True) -> str:
    """The verdict as a few lines of plain text."""
    rows = [f"{MARKS[verdict.right]} {verdict.exercise.name}: {headline(verdict, scoring)}"]
    for line in lines(verdict, public):
        rows.append(f"  {line.mark} {line.sentence}" + (f" — {line.diagnosis}" if line.diagnosis else ""))
        rows += [f"      {detail}" for detail in line.details]
    return "\n".join(rows + [f"  {note}" for note in notes(verdict)])


def one(verdict: Verdict, probe: str, public: bool = True) -> str:
    """What is to say of one property, as plain text."""
    if verdict.outcome in (Outcome.NOT_ATTEMPTED, Outcome.COULD_NOT_JUDGE):
        return f"{verdict.exercise.name}: {verdict.outcome.value}"
    result = next(r for r in verdict.results if r.probe.name == probe)
    if result.withheld:
        return f"○ {result.probe.sentence} — holds, and counts once the values are right"
    diagnosis = f" — {said}" if (said := _diagnosis(verdict)) else ""
    return "\n".join(
        [f"✗ {result.probe.sentence}{diagnosis}", *(f"    {d}" for d in _details(result, verdict, public))]
    )


def notes(verdict: Verdict) -> Iterator[str]:
    if verdict.used_stand_ins:
        names = ", ".join(verdict.used_stand_ins)
        yield f"Judged with the course's own {names} in place of yours, so that one mistake is paid for once."


def html(verdict: Verdict, scoring: str, public: bool = True) -> str:
    """The verdict as a card; colours follow JupyterLab's theme. Everything a student wrote is escaped."""
    colour = "#2e7d32" if verdict.right else "#c62828"
    rows = "".join(_html_line(line) for line in lines(verdict, public))
    rows += "".join(f'<div style="margin-top:.4em;font-style:italic">{escape(note)}</div>' for note in notes(verdict))
    return (
        f'<div style="border-left:4px solid {colour};padding:.3em .9em;margin:.3em 0;line-height:1.5">'
        f'<div><b style="color:{colour}">{MARKS[verdict.right]} {escape(verdict.exercise.name)}</b>'
        f' <span style="opacity:.75">{escape(headline(verdict, scoring))}</span></div>{rows}</div>'
    )


def _html_line(line: Line) -> str:
    colour = {"✓": "#2e7d32", "✗": "#c62828"}.get(line.mark, "#8a6d00")
    diagnosis = f" <b>— {escape(line.diagnosis)}</b>" if line.diagnosis else ""
    details = "".join(
        f'<div style="margin-left:1.6em;font-family:monospace;font-size:90%;opacity:.85">{escape(detail)}</div>'
        for detail in line.details
    )
    return f'<div><span style="color:{colour}">{line.mark}</span> {escape(line.sentence)}{diagnosis}</div>{details}'


def _diagnosis(verdict: Verdict) -> str:
    if verdict.misconception:
        return verdict.misconception.says.rstrip(".")
    if verdict.family:
        return f"this looks like a mistake of the kind “{verdict.family}”"
    return ""


def _details(result: ProbeResult, verdict: Verdict, public: bool) -> Iterator[str]:
    if result.raised:
        yield from _raised(result.raised, verdict, public)
    elif result.difference and public:
        difference = result.difference
        if difference.got == "None" and not difference.where:
            yield f"expected {difference.expected}, got None: does every path end in a return?"
            return
        at = f"at {difference.where}: " if difference.where else ""
        yield f"{at}expected {difference.expected}, got {difference.got}"
        if difference.note:
            yield difference.note


def _raised(raised: Raised, verdict: Verdict, public: bool) -> Iterator[str]:
    if raised.type in _OUR_OWN:
        yield _OUR_OWN[raised.type].format(seconds=verdict.exercise.seconds)
        return
    message = f": {raised.message}" if raised.message and (public or raised.type in _HARMLESS) else ""
    if raised.line is None:
        yield f"what your code returned could not be used further ({raised.type}{message})"
        return
    yield f"your code raised {raised.type}{message}"
    yield f"at line {raised.line} of your cell: {raised.text}"


_HARMLESS = ("SyntaxError", "IndentationError", "NameError", "WrongParameters")  # their message holds no data
_OUR_OWN = {
    "TimedOut": "stopped after {seconds:g} seconds: is there a loop that never ends, or one loop too many?",
    "MemoryError": "needed more memory than the course allows: is a tensor larger than you meant?",
    "Crashed": "the process ended before an answer came",
    "NoObservation": "no answer came",
    "NotImplementedError": "not written yet: this path still raises NotImplementedError",
}
