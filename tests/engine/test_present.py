"""What a student reads: plain and as HTML, with their values on public data and without them on secret data."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
import torch

from autograder import present
from autograder.observation import Raised
from autograder.verdict import Outcome, Verdict

PER_PROPERTY = "per-property"
SECRET = "7331.5"
EVIL = "<script>alert('x')</script>&\""


class _Reader(HTMLParser):
    """Text and tags of a page; tags must close as they opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read(html: str) -> tuple[set[str], str]:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader.tags, "".join(reader.said)


@pytest.fixture
def told(make_exercise: Callable, judge: Callable) -> Callable[..., str]:
    """The plain text of a verdict, after a look at the HTML: the same sentences, and only our tags."""

    def told(verdict: Verdict, scoring: str = PER_PROPERTY, public: bool = True) -> str:
        text = present.text(verdict, scoring, public)
        tags, said = read(present.html(verdict, scoring, public))
        assert tags <= {"div", "b", "i", "span"}
        for line in present.lines(verdict, public):
            assert line.sentence in said
            assert line.diagnosis in said
            assert all(detail in said for detail in line.details)
        assert present.headline(verdict, scoring) in said
        return text

    return told


def test_right(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    assert told(judge(make_exercise(1, 2), 1, 2)) == (
        "✓ f: all 2 properties hold · 6 of 6 points\n  ✓ property 0 holds\n  ✓ property 1 holds"
    )
    assert told(judge(make_exercise(1, points=1), 1)).startswith("✓ f: the property holds · 1 of 1 point\n")


def test_wrong_without_a_name(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    verdict = judge(make_exercise(1, True, torch.zeros(3), kinds="vpv"), 1, True, torch.tensor([0.0, 0.0, 2.0]))
    assert told(verdict) == (
        "✗ f: 1 of 3 properties hold · 2 of 6 points\n"
        "  ✓ property 0 holds\n"
        "  ○ property 1 holds — holds, and counts once every value is right\n"
        "  ✗ property 2 holds\n"
        "      at [2]: expected 0, got 2\n"
        "      1 of 3 elements differ, the largest error is 2\n"
        "  Run hint(f) for a question that helps."
    )
    assert told(verdict, "all-or-nothing").startswith("✗ f: 1 of 3 properties hold · 0 of 6 points")


def test_only_the_first_failures_come_with_numbers(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    said = told(judge(make_exercise(1, 2, 3, 4), 5, 6, 7, 8))
    assert said.count("✗ property") == 4 and said.count("expected") == 2
    assert said.index("property 2 holds") < said.index(f"      {present.LATER}\n") < said.index("property 3 holds")


def test_wrong_with_a_name_shows_one_example(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    verdict = judge(make_exercise(1, 2, wrong={"doubled/units": (2, 4)}), 2, 4)
    assert told(verdict) == (
        "✗ f: 0 of 2 properties hold · 0 of 6 points\n"
        "  ✗ property 0 holds — you have doubled\n"
        "      expected 1, got 2\n"
        "  ✗ property 1 holds\n"
        "  This one mistake explains every ✗.\n"
        "  Run hint(f) for a question that helps."
    )


def test_a_family(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    verdict = judge(make_exercise(1, wrong={"a/wrong axis": (2,), "b/wrong axis": (2,)}), 2)
    assert "  ✗ property 0 holds — this looks like a mistake of the kind “wrong axis”\n" in told(verdict)


def test_not_attempted(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    stub = Raised("NotWritten", "f", 2, "raise NotImplementedError()")
    text = told(judge(make_exercise(1), stub))
    assert text.startswith("○ f: not attempted: write your answer where it says YOUR CODE HERE · 0 of 6 points\n")
    assert "✗" not in text


def test_could_not_be_judged(make_exercise: Callable, told: Callable) -> None:
    text = told(Verdict(make_exercise(1), Outcome.COULD_NOT_JUDGE, (), detail="no memory left"), public=False)
    assert text == (
        "○ f: could not be judged: no memory left. This is our fault and costs you nothing; a person will look"
    )


@pytest.mark.parametrize(
    ("ended", "headline", "sentence"),
    [
        (Outcome.TIMED_OUT, "timed out · 1 of 3", "stopped after 5 seconds: is there a loop that never ends"),
        (Outcome.OUT_OF_MEMORY, "out of memory · 1 of 3", "needed more memory than the course allows"),
        (Outcome.CRASHED, "crashed · 1 of 3", "the process ended before an answer came"),
        (None, "1 of 3", "no answer came"),
    ],
)
@pytest.mark.parametrize("public", [True, False])
def test_an_early_end_is_told_once(
    make_exercise: Callable, judge: Callable, told: Callable, ended: Any, headline: str, sentence: str, public: bool
) -> None:
    text = told(judge(make_exercise(1, 2, 3), 1, ended=ended), public=public)
    assert text.startswith(f"✗ f: {headline} properties hold")
    assert text.count(sentence) == 1


def test_stand_ins(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    verdict = replace(judge(make_exercise(1), 1), used_stand_ins=("g", "h"))
    sentence = "Judged with the course's own g, h in place of yours, so that one mistake is paid for once."
    assert told(verdict).endswith(f"\n  {sentence}")


RAISED = [
    (Raised("KeyError", "'a'", 3, "d['a']"), "your code raised KeyError: 'a'\n      at line 3 of your cell: d['a']\n"),
    (Raised("TypeError", "no len()"), "what your code returned could not be used further (TypeError: no len())\n"),
    (Raised("WrongParameters", "the module has no parameter w; it has v"), "the module has no parameter w; it has v\n"),
    (Raised("NotDefined", "f"), "your cell does not define f\n"),
    (Raised("NotWritten", "g", 1, "…"), "g is not written yet: on this path it still raises NotImplementedError\n"),
    (Raised("SyntaxError", "expected ':'", 2, "def f()"), "your code raised SyntaxError: expected ':'\n"),
]


@pytest.mark.parametrize(("raised", "sentence"), RAISED, ids=lambda value: getattr(value, "type", ""))
def test_an_exception_is_told_with_its_line(
    make_exercise: Callable, judge: Callable, told: Callable, raised: Raised, sentence: str
) -> None:
    assert f"  ✗ property 0 holds\n      {sentence}" in told(judge(make_exercise(1), raised))


def test_one_line_that_raises_is_told_once(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    raised = Raised("KeyError", "'a'", 3, "d['a']")
    assert told(judge(make_exercise(1, 2, 3), raised, raised, raised)).count("line 3") == 1


def test_a_forgotten_return_is_a_question(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    assert "expected 1, got None: does every path end in a return?" in told(judge(make_exercise(1), None))


SECRETS = {
    "a number": float(SECRET),
    "a text": SECRET,
    "a tensor": torch.tensor([1.0, float(SECRET)]),
    "an entry": {SECRET: 1},
    "a message": Raised("ValueError", SECRET, 3, "raise ValueError(x)"),
    "a message without a line": Raised("RuntimeError", SECRET),
    "a NameError of the student's own": Raised("NameError", f"name '{SECRET}' is not defined", 1, "raise NameError(x)"),
    "a SyntaxError of the student's own": Raised("SyntaxError", f"invalid {SECRET}", 1, "raise SyntaxError(x)"),
    "a WrongParameters of the student's own": Raised("WrongParameters", SECRET, 1, "raise WrongParameters(x)"),
    "a foreign value": type(SECRET, (), {})(),
}


@pytest.mark.parametrize("got", SECRETS.values(), ids=SECRETS)
def test_no_value_of_a_secret_run_is_told(make_exercise: Callable, judge: Callable, told: Callable, got: Any) -> None:
    for expected in (1, 1.0, "x", torch.zeros(2), {"x": 1}, [1]):
        verdict = judge(make_exercise(expected), got)
        for text in (told(verdict, public=False), present.one(verdict, "p0", public=False)):
            assert "property 0 holds" in text
            assert SECRET not in text
            assert "expected" not in text
            assert "hint" not in text


@pytest.mark.parametrize("expected", list(SECRETS.values())[:4])
def test_no_expected_value_of_a_secret_run_is_told(
    make_exercise: Callable, judge: Callable, told: Callable, expected: Any
) -> None:
    assert SECRET not in told(judge(make_exercise(expected), 0), public=False)


@pytest.mark.parametrize(
    "raised",
    [
        Raised("NameError", "name 'sotfmax' is not defined", 2, "return sotfmax(x)"),
        Raised("SyntaxError", "'(' was never closed", 2, "return (x"),
        Raised("IndentationError", "expected an indented block after 'if' statement on line 3", 4, "x"),
        Raised("WrongParameters", "parameter wte.weight has shape (3, 4), not (5, 4)"),
        Raised("WrongParameters", "the module has no parameter ln_1.bias; it has h.0.ln_1.weight"),
    ],
    ids=lambda raised: raised.type,
)
def test_what_holds_no_value_is_told_on_secret_data_too(
    make_exercise: Callable, judge: Callable, told: Callable, raised: Raised
) -> None:
    assert raised.message in told(judge(make_exercise(1), raised), public=False)


def test_secret_data_gives_a_line_number_and_no_quote(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    text = told(judge(make_exercise(1), Raised("ValueError", SECRET, 3, "y = x.view(2)")), public=False)
    assert "your code raised ValueError\n      at line 3 of your cell\n" in text + "\n" and "x.view" not in text


def test_everything_a_student_writes_is_escaped(make_exercise: Callable, judge: Callable, told: Callable) -> None:
    foreign = type(EVIL, (), {})()
    for got in (EVIL, {EVIL: 1}, foreign, Raised(EVIL, EVIL, 1, EVIL), Raised("WrongParameters", EVIL)):
        assert EVIL in told(judge(make_exercise(1), got)).replace("\\'", "'")
    told(Verdict(make_exercise(1), Outcome.COULD_NOT_JUDGE, (), detail=EVIL))
    assert "<script>" not in present.hint_html(EVIL, EVIL)
    assert read(present.hint_html(EVIL, EVIL)) == ({"div", "b"}, f"{EVIL} · {EVIL}")


def test_one_property(make_exercise: Callable, judge: Callable) -> None:
    verdict = judge(make_exercise(1, True, 3, kinds="vpv", wrong={"doubled/units": (2, True, 6)}), 2, True, 6)
    assert present.one(verdict, "p0") == "✗ property 0 holds — you have doubled\n    expected 1, got 2"
    assert present.one(verdict, "p1") == "○ property 1 holds — holds, and counts once every value is right"
    stub = Raised("NotWritten", "f")
    assert present.one(judge(make_exercise(1), stub), "p0") == "f: not attempted"
