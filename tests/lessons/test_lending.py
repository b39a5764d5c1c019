"""What a unit borrows from earlier ones: by the imports of its reference module, and by the code of its lesson."""

import pytest

from autograder.errors import AuthorError
from autograder.lending import chain_sources, given_sources, lesson_imports, whole_sources

LESSON = "solutions/02-counting/counting.md"
DEMO = '```python jupyter={"source_hidden": true}\n'


def given(course):
    return given_sources(course, course.unit("counting"))


def test_given_sources_hold_what_is_imported_and_nothing_else(course):
    (source,) = given_sources(course, course.unit("counting")).values()
    namespace = {}
    exec(source, namespace)
    assert namespace["alphabet"]("b a") == ["a", "b"]
    assert source.startswith("import string\n\n\ndef alphabet(")
    assert "root" not in source


def test_given_sources_follow_the_imports_of_imported_modules(course, edit, root):
    edit("reference/letters.py", "import string\n", "import string\n\nfrom reference.symbols import LETTERS, OTHER\n")
    edit("reference/letters.py", "set(string.ascii_letters)", "set(LETTERS)")
    (root / "reference" / "symbols.py").write_text('OTHER = "12"\nLETTERS = "abc"\n', encoding="utf-8")
    sources = given_sources(course, course.unit("counting"))
    assert list(sources) == ["letters", "symbols"]
    assert "from mygpt.symbols import LETTERS\n" in sources["letters"]
    assert sources["symbols"] == 'LETTERS = "abc"\n'


def test_a_bridge_to_the_unit_itself_lends_no_answer(course, edit, root):
    bridge = "from reference.counting import tally\n\n\ndef twice(words):\n    return tally([*words, *words])\n"
    (root / "reference" / "bridge.py").write_text(bridge, encoding="utf-8")
    edit(LESSON, "## Winners\n", "## Winners\n\n```python\nfrom mygpt.bridge import twice\n```\n")
    sources = given(course)
    assert "from mygpt.counting import tally\n" in sources["bridge"]
    assert "counting" not in sources


@pytest.mark.parametrize(
    "fence",
    [
        "```python\nfrom mygpt.letters import root\n\nroot(4)\n```\n",
        '```python role="given"\nfrom mygpt.letters import root\n```\n',
        "```python\n\ndef half():\n    from mygpt.letters import (\n        root as half_of,\n    )\n```\n",
    ],
)
def test_the_lesson_borrows_too(course, edit, fence):
    edit(LESSON, "## Winners\n", f"## Winners\n\n{fence}")
    (source,) = given(course).values()
    namespace = {}
    exec(source, namespace)
    assert namespace["root"](4) == 2 and namespace["alphabet"]("b a") == ["a", "b"]


def test_a_lesson_may_need_a_module_that_its_reference_does_not(course, edit, root):
    (root / "reference" / "symbols.py").write_text("from reference.letters import root\n\nTWO = root(4)\n")
    edit(LESSON, "## Winners\n", "## Winners\n\n```python\nfrom mygpt.symbols import TWO\n```\n")
    sources = given(course)
    assert sources["symbols"] == "from mygpt.letters import root\n\n\nTWO = root(4)\n"
    assert "def root" in sources["letters"]


@pytest.mark.parametrize(
    "passage",
    [
        "```python\nfrom mygpt.counting import tally\n```\n",  # one's own unit is nothing borrowed
        "```python .noeval\nfrom mygpt.letters import nothing\n```\n",  # not run
        "```text\nfrom mygpt.letters import nothing\n```\n",
        "Prose says `from mygpt.letters import nothing`.\n",
        '```python\n%matplotlib inline\n"mygp" "t"\n```\n',
    ],
)
def test_what_borrows_nothing(course, edit, passage):
    before = given(course)
    edit(LESSON, "## Winners\n", f"## Winners\n\n{passage}")
    assert given(course) == before
    assert lesson_imports(course, course.unit("counting")) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("from mygpt.letters import rot", "rot from mygpt.letters, but reference/letters.py does not define it"),
        ("from mygpt.letters import string", "imports string from mygpt.letters, but"),
        ("from mygpt.leters import root", "imports from mygpt.leters, but there is no reference/leters.py"),
        ("from mygpt import letters", "write `from mygpt.<unit> import <name>`, not `from mygpt import letters`"),
        ("import mygpt.letters", "write `from mygpt.<unit> import <name>`, not `import mygpt.letters`"),
        ("from mygpt.letters import *", "write `from mygpt.<unit> import <name>`, not `from mygpt.letters import *`"),
        ("from mygpt.letters import", "a fence that names mygpt is no Python"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_lesson(course, edit, line, sentence):
    edit(LESSON, DEMO, f"{DEMO}{line}\n")
    with pytest.raises(AuthorError) as caught:
        given(course)
    assert str(caught.value).startswith(LESSON) and sentence in str(caught.value)


@pytest.mark.parametrize(("fence", "reached"), [('```python role="given"', True), ("```python", False)])
def test_a_chain_holds_what_judged_code_stands_on(course, edit, root, fence, reached):
    """Whole earlier modules; of what a demonstration imports, only what is given anyway."""
    edit("reference/counting.py", "from reference.letters import alphabet", "import string")
    edit("reference/counting.py", "alphabet(text)", "sorted(text)")
    edit(LESSON, "## Winners\n", f"## Winners\n\n{fence}\nfrom mygpt.letters import alphabet\n```\n")
    earlier, sources = chain_sources(course, course.unit("counting"))
    assert [unit.name for unit in earlier] == ["letters"] * reached
    assert list(sources) == ["letters"] and "def alphabet" in sources["letters"]
    assert ("def root" in sources["letters"]) is reached


def test_a_chain_holds_nothing_of_the_unit_itself(course, edit):
    """Also where an earlier unit imports from a later one, as bpe does."""
    edit("reference/letters.py", "import string\n", "import string\n\nfrom reference.counting import BLANK\n")
    edit("reference/letters.py", "set(text) &", "set(text + BLANK) &")
    earlier, sources = chain_sources(course, course.unit("counting"))
    assert [unit.name for unit in earlier] == ["letters"] and list(sources) == ["letters"]
    assert "counting" in given_sources(course, course.unit("letters"))


def test_a_whole_module_comes_with_what_it_imports(course):
    sources = whole_sources(course, course.unit("counting"))
    assert list(sources) == ["counting", "letters"]
    assert all(f"def {name}(" in sources["counting"] for name in ("tally", "_ranked", "unused"))
    assert "from mygpt.letters import alphabet" in sources["counting"] and "def root" not in sources["letters"]
