"""What a student wrote is shown to graders, and does nothing."""

import html
import re

import pytest
from attacks_on_readers import ATTACKS
from nbconvert.filters.markdown import markdown2html

from autograder.nbgrader_plugin.harmless import MAX_CHARS, harmless_html

PICTURES = {"mine.svg": {"image/svg+xml": "<svg onload=mine()>"}, "good.png": {"image/png": "iVBORw0KGgo="}}
ELEMENT = re.compile(r"<(\w+)((?:\s[^<>]*)?)>")


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_text(attack: str) -> None:
    page = markdown2html(f"{harmless_html(attack, PICTURES)}")  # as the page reads it once more
    for name, attributes in ELEMENT.findall(page):
        assert name not in ("script", "svg", "img", "iframe", "form", "input", "style", "base", "meta"), page
        assert not re.search(r"\bon\w+\s*=|style=|class=|javascript:|data:|src=", attributes), page
    assert not re.search(r"\\(href|require|style)", html.unescape(page))


def test_markdown_and_formulas_and_pictures_stay() -> None:
    shown = harmless_html(
        "# So\n\n**not** `a<b` [x](https://a.example)\n\n- $x_1 < 2$\n\n![mine](attachment:good.png)", PICTURES
    )
    assert "\n" not in shown
    page = html.unescape(markdown2html(shown))
    for part in (
        "<h1>So",
        "<strong>not</strong>",
        "<code>a<b</code>",
        '<a href="https://a.example">x</a>',
        "$x_1 < 2$",
    ):
        assert part in page
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="mine">' in page


@pytest.mark.parametrize("text", ["", "x" * (MAX_CHARS + 1), "> " * 5000 + "x", "[" * MAX_CHARS])
def test_a_text_of_any_size_is_shown(text: str) -> None:
    assert text.strip("> ")[:100] in html.unescape(harmless_html(text))
