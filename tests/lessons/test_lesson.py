"""Does a lesson become the right cells, and does a lesson that contradicts its course say so?"""

import pytest

from autograder.course import Course
from autograder.errors import AuthorError
from autograder.lesson import read_lesson
from autograder.notebook import notebook_of

LESSON = "solutions/02-counting/counting.md"


def cells(course, unit="counting"):
    unit = course.unit(unit)
    return notebook_of(course, unit, read_lesson(course, unit)).cells


def by_id(course):
    return {cell.id: cell for cell in cells(course)}


def test_the_cells_come_in_the_order_of_the_lesson(course):
    roles = [cell.metadata.get("autograder", {}).get("role", cell.cell_type) for cell in cells(course)]
    answers = ["answer", "check"]
    assert roles == [
        *["markdown", "setup", "markdown", *answers, "demo", "demo", "markdown", "markdown", "written"],
        *["markdown", "given", "given", *answers * 4, "demo"],
    ]


def test_the_header_tells_time_order_points_and_goal(course):
    assert cells(course)[0].source == (
        "# Counting\n\n"
        "- **Time:** about 25 minutes\n"
        "- **Builds on:** unit 1 (Letters)\n"
        "- **Points:** 14 points, of them 1 for stretch exercises and 2 for written answers. "
        "Each exercise is checked property by property, and every property that holds earns its share.\n"
        "- **At the end you have:** a tally that outlives its process\n\n"
        "Why count? Because you can.\n\n![a tally](tally.svg)"
    )


def test_the_header_tells_the_other_way_of_scoring(root, edit):
    edit("course.toml", '"per-property"', '"all-or-nothing"')
    assert "**Points:** 2 points. An exercise earns its points when all" in cells(Course(root), "letters")[0].source


def test_the_setup_cell_opens_the_unit_then_imports_in_three_groups(course):
    setup = by_id(course)["counting-setup"]
    assert setup.source == (
        "from autograder import check, hint, open_unit\n\n"
        'open_unit("counting")\n\n'
        "import json\nfrom collections import Counter\nfrom pathlib import Path\n\n"
        "from mygpt.letters import alphabet"
    )
    assert setup.metadata.nbgrader.locked


def test_a_lesson_may_place_the_setup_itself(course, edit):
    edit(LESSON, "## Winners\n", '## Winners\n\n```python role="setup"\n```\n')
    ids = [cell.id for cell in cells(course)]
    assert ids.count("counting-setup") == 1
    assert ids.index("counting-setup") > ids.index("counting-tally")


def test_an_exercise_is_an_answer_cell_and_a_locked_check(course):
    found = by_id(course)
    answer, check = found["counting-tally-answer"], found["counting-tally"]
    assert answer.source.startswith("# exercise: counting.tally\n")
    assert dict(answer.metadata.nbgrader) == {
        "schema_version": 3,
        "grade_id": "counting-tally-answer",
        "grade": False,
        "locked": False,
        "solution": True,
        "task": False,
    }
    assert check.source == "check(tally)"
    assert dict(check.metadata.nbgrader) == {
        "schema_version": 3,
        "grade_id": "counting-tally",
        "grade": True,
        "locked": True,
        "solution": False,
        "task": False,
        "points": 3,
    }


def test_companions_share_a_check(course):
    assert by_id(course)["counting-save"].source == "check(save, load)"


def test_given_names_bring_what_they_need_once(course):
    found = by_id(course)
    assert found["counting-given-1"].source.startswith("# What counts as nothing.\nBLANK = ")
    assert found["counting-given-1"].source.endswith("return n + len(BLANK)")
    assert found["counting-given-2"].source == 'TEXT = "a tale of two cities"'
    assert "BLANK =" not in found["counting-winner-answer"].source


def test_a_written_answer_hides_model_and_scheme_in_cells_of_their_kind(course):
    found = by_id(course)
    scheme, answer = found["counting-why-blanks-task"], found["counting-why-blanks"]
    assert answer.source == "### BEGIN SOLUTION\nThey are no letters.\n### END SOLUTION"
    assert (answer.metadata.nbgrader.grade, answer.metadata.nbgrader.solution) == (True, True)
    assert answer.metadata.nbgrader.points == 2
    assert scheme.source.split("\n")[1] == "### BEGIN MARK SCHEME"
    assert scheme.metadata.nbgrader.locked


def test_a_demonstration_keeps_what_it_tells_jupyter(course):
    demo = cells(course)[-1]
    assert demo.metadata.jupyter == {"source_hidden": True}
    assert "nbgrader" not in demo.metadata


def test_ids_are_legal_unique_and_the_same_each_time(course, edit, root):
    long_name = "a_name_that_is_longer_than_a_cell_id_may_be_by_a_good_deal_of_letters"
    for path in ("course.toml", "reference/letters.py", "solutions/01-letters/letters.md", "reference/counting.py"):
        text = (root / path).read_text(encoding="utf-8")
        (root / path).write_text(text.replace("alphabet", long_name), encoding="utf-8")
    course = Course(root)
    for unit in ("letters", "counting"):
        ids = [cell.id for cell in cells(course, unit)]
        assert ids == [cell.id for cell in cells(course, unit)]
        assert len(ids) == len(set(ids))
        assert all(len(id) <= 64 and id.replace("-", "").replace("_", "").isalnum() for id in ids)


CONTRADICTIONS = {
    "unknown exercise": (
        'exercise="share"',
        'exercise="sharing"',
        "no exercise 'sharing' in unit counting; it has tally, winner",
    ),
    "missing exercise": ('```python exercise="share"\n```', "", "exercise share of course.toml is missing"),
    "exercise twice": (
        'exercise="share"\n```',
        'exercise="share"\n```\n```python exercise="share"\n```',
        "share stands there twice",
    ),
    "companion as exercise": ('exercise="save"', 'exercise="load"', "no exercise 'load'"),
    "unknown directive": ('exercise="share"', 'exersise="share"', 'unknown directive on a fence: exersise="share"'),
    "unknown role": ('role="given"', 'role="giving"', 'unknown directive on a fence: role="giving"'),
    "code where the build writes": ('exercise="share"\n', 'exercise="share"\nx = 1\n', "the build fills the fence"),
    "no code where there should be": ('TEXT = "a tale of two cities"\n', "", 'the fence role="given" is empty'),
    "an exercise given away": ('given="unused"', 'given="share"', "share is an exercise, so no fence can give it away"),
    "nothing of that name": ('given="unused"', 'given="useless"', "reference/counting.py does not define useless"),
    "another title": ("# Counting", "# Counting well", "begin it with the line `# Counting`"),
    "a header": ("# Counting", "---\ntitle: x\n---\n\n# Counting", "a lesson needs no header"),
    "a shell cell": ("```text", "```bash", "would become a bash cell; write ```text"),
    "a region without points": (" points=2 -->", " -->", 'a region is `written="some-id" points=2`'),
    "points that are no number": ("points=2", 'points="2"', "a region is `written="),
    "a region of another kind": ('written="why-blanks" points=2', 'hide="yes"', 'not `hide="yes"`'),
    "an id nobody can grade": ("why-blanks", "Why blanks?", "the id 'Why blanks?' of a written answer"),
    "no mark scheme": ("### END MARK SCHEME", "", "why-blanks holds a model answer, then a line `### BEGIN"),
    "words of nbgrader": (
        "Because you can.",
        "### BEGIN SOLUTION",
        "'BEGIN SOLUTION' in a prose part would make nbgrader cut",
    ),
    "setup twice": (
        "## Winners",
        '```python role="setup"\n```\n```python role="setup"\n```\n## Winners',
        "stands twice",
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_contradictions_are_said_in_words(course, edit, case):
    old, new, sentence = CONTRADICTIONS[case]
    edit(LESSON, old, new)
    with pytest.raises(AuthorError) as caught:
        cells(course)
    assert sentence in str(caught.value)


def test_an_exercise_comes_after_what_it_uses(course, edit):
    edit(LESSON, 'exercise="tally"', 'exercise="TALLY"')
    edit(LESSON, 'exercise="Tally" given="__init__"', 'exercise="tally"')
    edit(LESSON, 'exercise="TALLY"', 'exercise="Tally"')
    with pytest.raises(AuthorError, match="Tally uses tally, which comes later; put tally first"):
        cells(course)


def test_a_unit_without_lesson_says_which_file_to_write(course, root):
    (root / LESSON).unlink()
    with pytest.raises(AuthorError, match=f"write {LESSON}"):
        cells(course)


def test_a_unit_without_reference_says_which_file_to_write(course, root):
    (root / "reference" / "counting.py").unlink()
    with pytest.raises(AuthorError, match=r"there is no reference/counting\.py"):
        cells(course)
