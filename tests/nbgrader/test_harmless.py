"""What a student wrote is shown to graders, and does nothing."""

import html
import re

import pytest
from nbconvert.filters.markdown import markdown2html

from autograder.nbgrader_plugin.harmless import MAX_CHARS, harmless_html

ATTACKS = [
    "<script>mine()</script>",
    "<img src=x onerror=mine()>",
    "# Title <svg onload=mine()>",
    "[x](javascript:mine())",
    "[x](JaVaScRiPt:mine())",
    "[x](&#106;avascript:mine())",
    "[x]: javascript:mine()\n\n[x]",
    "<javascript:mine()>",
    "[x](data:text/html,<script>mine()</script>)",
    "[x](data:image/svg+xml;base64,PHN2Zz4=)",
    "![x](http://evil.example/pixel.png)",
    "![x](file:///etc/passwd)",
    "![x](attachment:../../etc/passwd)",
    "![x](attachment:mine.svg)",
    "<!-- --><script>mine()</script> -->",
    "<!--><img src=x onerror=mine()>-->",
    "<style>body { background: url(http://evil.example) }</style>",
    "<a href='http://evil.example' style='position: fixed' onclick=mine()>x</a>",
    "<form action=http://evil.example><input autofocus onfocus=mine()></form>",
    "<iframe srcdoc='<script>mine()</script>'></iframe>",
    "<base href=http://evil.example><meta http-equiv=refresh content='0;http://evil.example'>",
    "$\\href{javascript:mine()}{x}$ $$\\require{html}\\style{background:url(http://evil.example)}{x}$$",
    '```mermaid\nclick A href "javascript:mine()"\n```',
    '```html "><script>mine()</script>\nx\n```',
    "$$</div><script>mine()</script>$$",
    "\\begin{x}<script>mine()</script>\\end{x}",
    "| a |\n|---|\n| <script>mine()</script> |",
    "</div></td></body><script>mine()</script>",
]
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
