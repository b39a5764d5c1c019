"""What of an earlier submission can stand behind `mygpt`, and in which words the rest is told."""

import pytest
from handed_in import REAL, hand_in
from nbformat import NotebookNode

from autograder import chain
from autograder.chain import Earlier, read_earlier
from autograder.course import Course
from autograder.observation import Raised
from autograder.submission import Submission


@pytest.mark.parametrize(
    ("status", "found", "why"),
    [
        ("finished", [Raised("<script>alert(1)</script>")], "its cell stops with an error"),
        ("finished", ["yes"], "its cell does not define softmax"),
        ("finished", [None], "its cell does not define softmax"),
        ("finished", [], "it could not be run, which is our fault"),
        ("refused", [], "it could not be run, which is our fault"),
        ("out of memory", [True], "it runs out of memory"),
    ],
)
def test_a_child_may_say_what_it_likes(course: Course, status: str, found: list[object], why: str) -> None:
    hand_in(course, "bigram")
    seen = read_earlier(
        course, course.unit("bigram"), "ada", lambda cells, asked: (status, [True] * (len(asked) - 1) + found)
    )
    assert seen.lent["softmax"] == why
    assert len(seen.own) == (5 if status == "finished" and found else 0)


@pytest.mark.parametrize(
    ("source", "unwritten"),
    [
        ("def softmax(x):\n    '''Doc.'''\n    # YOUR CODE HERE\n    raise NotImplementedError()", True),
        (
            "class softmax:\n    def g(self):\n        return 1\n    def h(self):\n        raise NotImplementedError",
            True,
        ),
        ("def base():\n    raise NotImplementedError\ndef softmax(x):\n    return x", False),
        ("def softmax(x):\n    raise ValueError(NotImplementedError)", False),
        ("def softmax(x):\n    if x:\n        return 1\n    raise NotImplementedError('x is 0')", False),
        ("def softmax(x)\n    raise NotImplementedError()", False),
        (f"def softmax(x):\n    raise {'-' * 20_000}1", False),  # no depth of ours is exhausted
    ],
)
def test_a_stub_is_known_by_its_body(source: str, unwritten: bool) -> None:
    submission = Submission(NotebookNode(), {"softmax": source}, ())
    assert chain._is_unwritten(submission, REAL.unit("bigram").exercise("softmax")) is unwritten


@pytest.mark.parametrize(
    ("own", "lent", "words"),
    [
        (("f", "g"), {}, "u.py: yours"),
        ((), {"f": "not handed in", "g": "not handed in"}, "u.py: the course's (not handed in)"),
        (("f",), {"g": "not written"}, "u.py: yours, but the course's g (not written)"),
        ((), {"f": "not written", "g": "no g"}, "u.py: the course's f (not written), g (no g)"),
    ],
)
def test_a_unit_in_words(own: tuple[str, ...], lent: dict[str, str], words: str) -> None:
    assert str(Earlier("u", own, lent, {})) == words
