"""A verdict in words: plain text for a terminal, HTML for JupyterLab and feedback pages.

On public data the student reads expected against got. On secret data (`public=False`) no value of input or output is
told, only the property, the mistake's name, and the number of the line in their own cell.
"""

import builtins
import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from autograder.from_scratch import Finding
from autograder.observation import Raised
from autograder.verdict import Outcome, ProbeResult, Verdict


@dataclass(frozen=True, slots=True)
class Line:
    """One property and what is to say of it."""

    mark: str
    sentence: str
    diagnosis: str = ""
    details: tuple[str, ...] = ()


MANY = 2
"""So many failures are told with their numbers; a screen full of numbers is read by nobody."""
MOST_PLACES = 3
"""So many places are told where a rule is broken; they are mended one by one."""
WITHHELD = "holds, and counts once every value is right"
LATER = "more of this, and of what follows, once the above holds"


def _mark(verdict: Verdict) -> str:
    """A blank is no mistake, and neither is our own failure."""
    if verdict.outcome in (Outcome.NOT_ATTEMPTED, Outcome.COULD_NOT_JUDGE):
        return "○"
    return "✓" if verdict.accepted else "✗"


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
        but = ", but not from scratch" if verdict.reading.costs else ""
        return f"{'the property holds' if total == 1 else f'all {total} properties hold'}{but} · {points}"
    passed = sum(result.passed for result in verdict.results)
    why = {Outcome.TIMED_OUT: "timed out · ", Outcome.OUT_OF_MEMORY: "out of memory · ", Outcome.CRASHED: "crashed · "}
    return f"{why.get(verdict.outcome, '')}{passed} of {total} properties hold · {points}"


def lines(verdict: Verdict, public: bool) -> Iterator[Line]:
    """One line for each property. What is the same for several is said once, beside the first."""
    if verdict.outcome in (Outcome.NOT_ATTEMPTED, Outcome.COULD_NOT_JUDGE):
        return
    diagnosis, told = _diagnosis(verdict), set[object]()
    known = bool(diagnosis)
    for result in verdict.results:
        if result.passed:
            yield Line("✓", result.probe.sentence)
        elif result.withheld:
            yield Line("○", result.probe.sentence, WITHHELD)
        else:
            story = _story(result)
            if told and (known or story in told or story == "consequence"):
                details = ()
            elif len(told) < MANY:
                details = tuple(_details(result, verdict, public))
            else:
                details = (LATER,) * (len(told) == MANY)
            yield Line("✗", result.probe.sentence, diagnosis, details)
            told.add(story)
            diagnosis = ""


def _story(result: ProbeResult) -> object:
    """What a failure is about. The same story is told once: one line that raises, one missing return."""
    if result.raised and result.raised.line is None and result.raised.type not in _OUR_OWN:
        return "consequence"
    if result.raised:
        return result.raised.type, result.raised.line
    return "no return" if result.difference and result.difference.got == "None" else result.probe.name


def text(verdict: Verdict, scoring: str, public: bool = True) -> str:
    """The verdict as a few lines of plain text."""
    rows = [f"{_mark(verdict)} {verdict.exercise.name}: {headline(verdict, scoring)}"]
    for line in lines(verdict, public):
        rows.append(f"  {line.mark} {line.sentence}" + (f" — {line.diagnosis}" if line.diagnosis else ""))
        rows += [f"      {detail}" for detail in line.details]
    return "\n".join(rows + [f"  {note}" for note in (*rule_told(verdict), *notes(verdict, public))])


def narrow(words: str, width: int = 68) -> str:
    """The same, wrapped: nbgrader's validate cuts off what is longer, just where the mistake is named."""
    wrapped = []
    for line in words.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        wrapped += textwrap.wrap(line, width, subsequent_indent=f"{indent}  ", break_on_hyphens=False)
    return "\n".join(wrapped)


def one(verdict: Verdict, probe: str, public: bool = True) -> str:
    """What is to say of one property, as plain text."""
    if verdict.outcome in (Outcome.NOT_ATTEMPTED, Outcome.COULD_NOT_JUDGE):
        return f"{verdict.exercise.name}: {verdict.outcome.value}"
    result = next(r for r in verdict.results if r.probe.name == probe)
    if result.withheld:
        return f"○ {result.probe.sentence} — {WITHHELD}"
    diagnosis = f" — {said}" if (said := _diagnosis(verdict)) else ""
    return "\n".join(
        [f"✗ {result.probe.sentence}{diagnosis}", *(f"    {d}" for d in _details(result, verdict, public))]
    )


def notes(verdict: Verdict, public: bool) -> Iterator[str]:
    """What is to say below the properties."""
    num_failed = sum(not (result.passed or result.withheld) for result in verdict.results)
    if verdict.misconception and num_failed > 1:
        yield "This one mistake explains every ✗."
    if public and not verdict.right:
        yield f"Run hint({', '.join(verdict.exercise.names)}) for a question that helps."
    if verdict.kept:
        yield verdict.kept
    if verdict.used_stand_ins:
        names = ", ".join(verdict.used_stand_ins)
        yield f"Judged with the course's own {names} in place of yours, so that one mistake is paid for once."
    if verdict.stumble:
        yield str(verdict.stumble)


def rule_told(verdict: Verdict) -> Iterator[str]:
    """What the text of an answer says about the from-scratch rule, and what follows from it."""
    reading = verdict.reading
    if reading.forbidden:
        operations = " and ".join(dict.fromkeys(found.operation for found in reading.forbidden))
        cost = "That costs the points of this exercise." if reading.costs else "It costs no points; a grader sees it."
        yield (
            f"Not from scratch: {_places(reading.forbidden)}. Here you build it yourself: instead of {operations} "
            f"from a library, take loops, plain arithmetic and what you wrote in earlier exercises. {cost}"
        )
    if reading.hidden:
        yield (
            f"A person should look at {_places(reading.hidden)}: what it calls cannot be read there. That is no "
            "accusation, and costs nothing."
        )


def _places(findings: Iterable[Finding]) -> str:
    """`line 4 (F.softmax), lines 6 and 9 (x.softmax)`."""
    lines: dict[tuple[str, str], list[str]] = {}
    for found in findings:
        lines.setdefault((found.what, found.cell), []).append(str(found.line))
    places = []
    for (what, cell), numbers in list(lines.items())[:MOST_PLACES]:
        *others, last = numbers[:MOST_PLACES]
        line = f"lines {', '.join(others)} and {last}" if others else f"line {last}"
        places.append(f"{line}{f' of the cell {cell}' if cell else ''} ({what})")
    return ", ".join(places) + ", and more" * (len(lines) > MOST_PLACES)


def html(verdict: Verdict, scoring: str, public: bool = True) -> str:
    """The verdict as a card; colours follow JupyterLab's theme. Everything a student wrote is escaped."""
    mark = _mark(verdict)
    title = f'<b style="color:{_COLOURS[mark]}">{mark} {escape(verdict.exercise.name)}</b>'
    rows = [f'<div style="margin-bottom:.3em">{title} · {escape(headline(verdict, scoring))}</div>']
    rows += [_html_line(line) for line in lines(verdict, public)]
    rows += [f'<div style="margin-top:.3em">{escape(told)}</div>' for told in rule_told(verdict)]
    if told := " ".join(notes(verdict, public)):
        rows.append(f'<div style="margin-top:.3em;opacity:.75">{escape(told)}</div>')
    return _card(_COLOURS[mark], "".join(rows))


def behind(earlier: Iterable[object]) -> str:
    """What stood behind `mygpt` where a unit was graded end to end, a line for each earlier unit."""
    return "\n".join(["Graded end to end, with your own earlier units where they run:", *map(str, earlier)])


def repaired(repairs: Iterable[str]) -> str:
    """What was put right in a submission, for whoever handed it in."""
    return "\n".join(["Put right before grading:", *(f"  {repair}" for repair in repairs)])


def hint_html(number: str, words: str) -> str:
    """A hint as a card of its own."""
    colour = "var(--jp-brand-color1, #1e88e5)"
    return _card(colour, f'<b style="color:{colour}">{escape(number)}</b> · {escape(words)}')


_COLOURS = {
    "✓": "var(--jp-success-color1, #388e3c)",
    "✗": "var(--jp-error-color1, #d32f2f)",
    "○": "var(--jp-content-font-color2, #757575)",
}


def _card(colour: str, inside: str) -> str:
    style = f"border-left:4px solid {colour};padding:.2em 1em;margin:.3em 0;line-height:1.5"
    return f'<div style="{style}">{inside}</div>'


def _html_line(line: Line) -> str:
    """What holds steps back, so that the eye finds what does not."""
    mark_style = f"color:{_COLOURS[line.mark]};display:inline-block;width:1.4em;text-indent:0"
    fade = "" if line.mark == "✗" else ";opacity:.75"
    tag = "b" if line.mark == "✗" else "i"
    diagnosis = f" — <{tag}>{escape(line.diagnosis)}</{tag}>" if line.diagnosis else ""
    details = "".join(
        f'<div style="margin-left:1.7em;font-family:monospace;font-size:90%;opacity:.85">{escape(detail)}</div>'
        for detail in line.details
    )
    sentence = f'<span style="{mark_style}">{line.mark}</span>{escape(line.sentence)}{diagnosis}'
    return f'<div style="padding-left:1.4em;text-indent:-1.4em{fade}">{sentence}</div>{details}'


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
        if not difference.where and {difference.expected, difference.got} == {"True", "False"}:
            return  # the property's sentence says it better
        at = f"at {difference.where}: " if difference.where else ""
        if difference.got == "None":
            yield f"{at}expected {difference.expected}, got None: does every path end in a return?"
            return
        yield f"{at}expected {difference.expected}, got {difference.got}"
        if difference.note:
            yield difference.note


def _raised(raised: Raised, verdict: Verdict, public: bool) -> Iterator[str]:
    if raised.type in _OUR_OWN:
        name = re.sub(r"\W", "", raised.message)[:60]
        yield _OUR_OWN[raised.type].format(seconds=verdict.exercise.seconds, name=name)
        return
    told = raised.message if public or re.fullmatch(_HARMLESS.get(raised.type, ""), raised.message) else ""
    if raised.type == "WrongParameters" and told:
        yield told
        return
    message = f": {told}" if told else ""
    kind = raised.type if public or raised.type in _KNOWN else "an exception of its own"
    if raised.line is None:
        uncallable = raised.type == "TypeError" and "argument" in raised.message
        what = "your function could not be called as its contract says" if uncallable else _UNUSABLE
        yield f"{what} ({kind}{message})"
        return
    yield f"your code raised {kind}{message}"
    quoted = f": {raised.text}" if public else ""  # the child says what stands there, and may say anything
    if public or 0 < raised.line <= _LONGEST_CELL:
        yield f"at line {raised.line} of your cell{quoted}"


# On secret data, names and numbers that a student chooses are a way to carry hidden inputs out.
_KNOWN = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)}
_KNOWN |= {"WrongParameters", "LinAlgError", "OutOfMemoryError", "JSONDecodeError"}
_LONGEST_CELL = 1000


_UNUSABLE = "what your code returned could not be used further"
_COMPILER = r"\D{1,100}( line \d{1,4}\)?)?"
_HARMLESS = {  # what Python or a probe says in these words holds no value; a student's own exception may hold any
    "SyntaxError": _COMPILER,
    "IndentationError": _COMPILER,
    "TabError": _COMPILER,
    "NameError": r"name '\w{1,40}' is not defined",
    "UnboundLocalError": r"cannot access local variable '\w{1,40}' where it is not associated with a value",
    "WrongParameters": r"the module has (no parameter|a parameter too many)[\w.,:; ]{1,200}"
    r"|parameter \S{1,60} has shape \([\d, ]{0,30}\), not \([\d, ]{0,30}\)",
}
_OUR_OWN = {
    "TimedOut": "stopped after {seconds:g} seconds: is there a loop that never ends, or one loop too many?",
    "MemoryError": "needed more memory than the course allows: is a tensor larger than you meant?",
    "Crashed": "the process ended before an answer came",
    "NoObservation": "no answer came",
    "NotDefined": "your cell does not define {name}",
    "NotWritten": "{name} is not written yet: on this path it still raises NotImplementedError",
}
