"""A page tidied in pieces is, to the byte, the page that nbconvert's own code makes of the same HTML."""

import nbconvert.exporters.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.exporters.html import BeautifulSoup, HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbformat.v4 import new_notebook

from autograder.tidying import Tidied, tidied

HEAD = """<!DOCTYPE html>
<html><head><meta charset="utf-8" /><style>div.cell > a { color: red }</style></head>
<body>
  <div class="container"><h4>attention (Score: 3.0 / 6.0)</h4><div id="notebook-container">
"""
FOOT = "</div></div>\n</body>\n</html>\n"
SOUND = (
    "<p>a < b &amp; c &copy; &nbsp; &#60; <em>so</em></p>",
    "\n\n   <pre>  two\n\n lines </pre>  text  ",
    '<img src="a.png" alt="a picture"/><br><br/><hr></hr><input disabled value=\'"\'>',
    "<ul><li>one<ul><li>two</li></ul></li></ul><table><tr><td>1</td></tr></table>",
    "<script>if (a < b) { x('</div>') }</script>",
    "<!-- a remark --> ü 語 \u00a0 &undefined; &lt;b&gt;",
)
CLOSED_BY_ITS_CELL = ("<p>left open", "</p>", "<textarea>", "&am", "<")
UNSOUND = (
    "</div>",
    "</body></html>",
    "<div><span>",
    '<a href="left open',
    "<!-- left open",
    "<script>left open",
    '<img src="untold.png">',
    "<autograder-mark></autograder-mark>",
    '<main class="jp-Notebook"><div class="jp-Cell-inputWrapper">',
    '<div class="cell border-box-sizing text_cell">',
)


def page_of(cells: list[str]) -> str:
    inside = "".join(f'<div class="cell border-box-sizing text_cell">\n  {cell}\n</div>\n' for cell in cells)
    return HEAD + inside + FOOT


@pytest.fixture(scope="module")
def by_nbconvert() -> object:
    """nbconvert's own code from the finished HTML on, with either way of reading it."""

    def by_nbconvert(html: str, reader: object) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TemplateExporter, "from_notebook_node", lambda *_, **__: (html, {}))
            patch.setattr(nbconvert.exporters.html, "BeautifulSoup", reader)
            page, _ = HTMLExporter().from_notebook_node(new_notebook())
        return page

    return by_nbconvert


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(SOUND), max_size=3).map("".join), max_size=5))
def test_sound_cells_are_tidied_one_by_one(by_nbconvert: object, cells: list[str]) -> None:
    html = page_of(cells)
    assert by_nbconvert(html, tidied) == by_nbconvert(html, BeautifulSoup)
    assert isinstance(tidied(html, "html.parser"), Tidied) == (len(cells) > 1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(SOUND + CLOSED_BY_ITS_CELL + UNSOUND), max_size=3).map("".join), max_size=5))
def test_whatever_a_student_writes_the_bytes_are_the_same(by_nbconvert: object, cells: list[str]) -> None:
    html = page_of(cells)
    assert by_nbconvert(html, tidied) == by_nbconvert(html, BeautifulSoup)


@pytest.mark.parametrize("cell", UNSOUND)
def test_a_cell_that_does_not_stand_for_itself_takes_the_long_way(cell: str) -> None:
    assert isinstance(tidied(page_of([cell, "<p>so</p>", "end"]), "html.parser"), BeautifulSoup)


def test_a_newer_nbconvert_that_mends_more_is_not_cheated() -> None:
    with pytest.raises(NotImplementedError, match="mends 'table'"):
        tidied(page_of(["one", "two"]), "html.parser").select("table")
