"""Does the reference's text come apart at the right places?"""

import pytest

from autograder.errors import AuthorError
from autograder.source import (
    answer_source,
    dependents,
    prerequisites,
    read_answer,
    setup_imports,
)
from autograder.stub import answer_cell


def names(definitions):
    return [name for found in definitions for name in found.names]


def cell(course, exercise, **options):
    unit = course.unit("counting")
    return answer_cell(read_answer(course, unit, unit.exercise(exercise)), "counting", **options)


def test_a_public_constant_is_given_and_a_private_helper_is_not(course):
    unit = course.unit("counting")
    tally, winner = (read_answer(course, unit, unit.exercise(name)) for name in ("tally", "winner"))
    assert (names(tally.given), names(tally.helpers)) == (["BLANK"], [])
    assert (names(winner.given), names(winner.helpers)) == ([], ["_ranked"])


def test_answer_source_runs_after_the_imports_and_gives_the_answer(course):
    unit = course.unit("counting")
    namespace = {"alphabet": sorted}
    exec(answer_source(course, unit, unit.exercise("tally")), namespace)
    exec(answer_source(course, unit, unit.exercise("winner")), namespace)
    assert namespace["winner"](namespace["tally"]("a bb")) == "b"


def test_companions_come_along(course):
    unit = course.unit("counting")
    source = answer_source(course, unit, unit.exercise("save"))
    assert "def save(" in source
    assert "def load(" in source


def test_prerequisites_are_the_exercises_that_the_answer_calls(course):
    unit = course.unit("counting")
    found = {e.name: prerequisites(course, unit, e) for e in unit.exercises}
    assert found == {"tally": (), "winner": (), "Tally": ("tally", "winner"), "save": (), "share": ()}


def test_dependents_are_the_other_way_round(course):
    unit = course.unit("counting")
    assert dependents(course, unit, unit.exercise("tally")) == ("Tally",)
    assert dependents(course, unit, unit.exercise("share")) == ()


def test_prerequisites_are_followed_through_helpers(course, edit):
    edit("reference/counting.py", "    return sorted(counts, key", "    tally('')\n    return sorted(counts, key")
    unit = course.unit("counting")
    assert prerequisites(course, unit, unit.exercise("winner")) == ("tally",)


def test_setup_imports_name_mygpt_where_the_reference_names_itself(course):
    assert setup_imports(course, course.unit("counting")) == [
        "import json",
        "from collections import Counter",
        "from pathlib import Path",
        "from mygpt.letters import alphabet",
    ]


def test_the_body_of_a_function_is_hidden_with_its_comments(course):
    assert cell(course, "tally") == (
        '# exercise: counting.tally\n# What counts as nothing.\nBLANK = " \\t\\n"\n\n\n'
        'def tally(text: str) -> dict[str, int]:\n    """Count the letters of a text.\n\n'
        '    Blanks do not count.\n    """\n'
        "    ### BEGIN SOLUTION\n    # The alphabet knows the letters.\n"
        "    return {letter: text.count(letter) for letter in alphabet(text) if letter not in BLANK}\n"
        "    ### END SOLUTION"
    )


def test_a_name_that_an_earlier_cell_shows_is_not_repeated(course):
    assert cell(course, "tally", shown={"BLANK"}).startswith("# exercise: counting.tally\ndef tally(")


def test_helpers_stand_inside_the_last_region(course):
    text = cell(course, "winner")
    begin, helper, end = (text.index(part) for part in ("BEGIN SOLUTION", "def _ranked", "END SOLUTION"))
    assert begin < helper < end
    assert text.endswith("### END SOLUTION")


def test_each_method_is_its_own_region_and_private_ones_hide_in_the_one_before(course):
    assert cell(course, "Tally").partition("start: counts to begin with.")[2] == (
        '\n    """\n\n    def __init__(self, start: dict[str, int]) -> None:\n'
        "        ### BEGIN SOLUTION\n        self.counts = Counter(start)\n        ### END SOLUTION\n\n"
        '    def add(self, text: str) -> None:\n        """Count one more text."""\n'
        "        ### BEGIN SOLUTION\n        self._update(tally(text))\n        # Nothing to return.\n\n"
        "    def _update(self, counts: dict[str, int]) -> None:\n        self.counts.update(counts)\n"
        "        ### END SOLUTION\n\n"
        '    @property\n    def winner(self) -> str:\n        """The winner so far."""\n'
        "        ### BEGIN SOLUTION\n        return winner(self.counts)\n        ### END SOLUTION"
    )


def test_a_given_method_is_shown_whole(course):
    text = cell(course, "Tally", given_methods=("__init__",))
    assert "None:\n        self.counts = Counter(start)\n\n" in text
    assert text.count("BEGIN SOLUTION") == 2


def test_a_signature_over_several_lines_without_docstring_is_kept_whole(course):
    assert "    counts: dict[str, int],\n) -> None:\n    ### BEGIN SOLUTION\n    path.write" in cell(course, "save")


CONTRADICTIONS = {
    "a helper for two": (
        "tally = sum(",
        "_ranked(counts)\n    tally = sum(",
        "_ranked is used by winner and by share; make it an exercise",
    ),
    "a decorator that tells": (
        "def share(",
        "@no_grad()\ndef share(",
        "share: @no_grad would stand in the student's cell",
    ),
    "a future import": (
        "import json",
        "from __future__ import annotations\nimport json",
        "line 3: imports are absolute",
    ),
    "a relative import": ("from reference.letters", "from .letters", "line 7: imports are absolute"),
    "a module as a name": ("from reference.letters", "from reference", "write `from reference.<unit> import <name>`"),
    "an import below the top": (
        "    tally = sum(",
        "    from reference.x import y\n    tally = sum(",
        "share imports reference",
    ),
    "a statement that does something": ("BLANK = ", "print(1)\nBLANK = ", "line 10: a reference module holds imports"),
    "no body": ("    tally = sum(counts.values())\n    return counts[letter] / tally\n", "", "share has no body"),
    "another name": ("def share(", "def part(", "reference/counting.py does not define share"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_contradictions_are_said_in_words(course, edit, case):
    old, new, sentence = CONTRADICTIONS[case]
    edit("reference/counting.py", old, new)
    with pytest.raises(AuthorError) as caught:
        cell(course, "share")
    assert sentence in str(caught.value)


def test_a_body_needs_lines_of_its_own(course, edit):
    edit("reference/counting.py", ':\n    """Read what `save` wrote."""\n    return json', ": return json")
    with pytest.raises(AuthorError, match="load: write its body on lines of its own"):
        cell(course, "save")


def test_a_class_cannot_be_given_away_whole(course):
    with pytest.raises(AuthorError, match="every method is given"):
        cell(course, "Tally", given_methods=("__init__", "add", "_update", "winner"))


def test_a_given_method_has_to_be_there(course):
    with pytest.raises(AuthorError, match="given=subtract names no method"):
        cell(course, "Tally", given_methods=("subtract",))


def test_a_private_method_cannot_hide_behind_a_given_one(course):
    with pytest.raises(AuthorError, match=r"Tally\._update is private"):
        cell(course, "Tally", given_methods=("add",))


def test_helpers_need_a_region_to_hide_in(course, edit):
    edit("reference/counting.py", "return winner(self.counts)", "return _first(self)")
    edit("reference/counting.py", "def save(", "def _first(it):\n    return winner(it.counts)\n\n\ndef save(")
    with pytest.raises(AuthorError, match="its helpers have no place to hide"):
        cell(course, "Tally", given_methods=("winner",))
