"""A student's Markdown as HTML that shows something and does nothing: no script, no form, no request to anywhere.

Markup of their own is shown as text. What remains is Markdown's, cut down to a list of harmless elements; a picture is
shown if it came with the notebook. The result is one line that another reading as Markdown leaves as it is, because
nbgrader's pages read every cell as Markdown once more.
"""

import base64
import contextlib
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from bleach.sanitizer import Cleaner
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

MAX_CHARS = 20_000
TAGS = frozenset(
    (
        *("a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img"),
        *("li", "ol", "p", "pre", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"),
    )
)
PICTURES = ("image/png", "image/jpeg", "image/gif")
MACROS = re.compile(r"\\(?=(?:href|url|require|style|class|cssId|html\w*|unicode|bbox|data|def|g?let|newcommand)\b)")
"""TeX that MathJax turns into links, styles or other TeX."""
AS_ENTITIES = str.maketrans({"\n": "&#10;", "\r": "", "$": "&#36;", "\\": "&#92;", "`": "&#96;"})


def harmless_html(markdown: str, attachments: Mapping[str, Any] | None = None) -> str:
    """Render Markdown that a stranger wrote.

    Args:
        markdown: of one cell; beyond 20,000 characters it is shown as it stands.
        attachments: of the cell, as nbformat has them.
    """
    html = f"<pre>{escape(markdown)}</pre>"
    if len(markdown) <= MAX_CHARS:
        with contextlib.suppress(RecursionError, ValueError):
            html = MarkdownWithMath(renderer=_Renderer(attachments or {})).render(MACROS.sub("\\\\ ", markdown))
    return f"<div>{_cleaner().clean(html).translate(AS_ENTITIES)}</div>"


class _Renderer(IPythonRenderer):
    def __init__(self, attachments: Mapping[str, Any]) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        self._pictures = attachments

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Only a picture that is in the notebook: any other would be fetched from somewhere."""
        data = self._pictures.get(url.removeprefix("attachment:")) if url.startswith("attachment:") else None
        for kind in PICTURES if isinstance(data, Mapping) else ():
            if _is_base64(data.get(kind)):
                return f'<img src="data:{kind};base64,{"".join(data[kind].split())}" alt="{text}">'
        return f"[picture: {text or escape(url)}]"


def _is_base64(data: object) -> bool:
    try:
        return isinstance(data, str) and bool(base64.b64decode("".join(data.split()), validate=True))
    except ValueError:
        return False


def _may_stay(tag: str, name: str, value: str) -> bool:
    if tag == "img":
        return name == "alt" or (name == "src" and value.startswith(tuple(f"data:{kind};base64," for kind in PICTURES)))
    return tag == "a" and name in ("href", "title")


def _cleaner() -> Cleaner:
    return Cleaner(TAGS, _may_stay, protocols=("http", "https", "mailto", "data"), strip_comments=False)
