"""The panel of a notebook, without a browser: what its buttons do, and what stands in the text."""

import re
from html import unescape
from typing import Any

import pytest
from playground import BYTES, CHARS, tiny_gpt

from autograder import play
from autograder.errors import UsageError
from autograder.play.notebook import Panel
from autograder.play.player import Choice

pytestmark = pytest.mark.usefixtures("at_home")
NEXT, COMPLETE, UNDO, START_OVER = range(4)
SPAN = re.compile(r'<span class="play-token play-(\w+)" title="([^"]*)">(.*?)</span>', re.DOTALL)


@pytest.fixture
def panel(at_home: None) -> Panel:
    return Panel(tiny_gpt(CHARS), CHARS, "abc", seed=1)


def plain(panel: Panel) -> str:
    """The text as a reader sees it."""
    return unescape(re.sub(r"<i>↵</i>|<[^>]*>", "", panel.text.value))


def test_buttons_add_tokens_and_take_them_back(panel: Panel) -> None:
    panel.sliders[3].value = 7
    for button, num_added in ((NEXT, 1), (NEXT, 2), (COMPLETE, 9), (UNDO, 8), (START_OVER, 0), (NEXT, 1)):
        panel.buttons[button].click()
        assert len(panel.player.tokens) == num_added
        assert plain(panel).replace("␛", "\x1b") == panel.player.text
        assert not any(button.disabled for button in (*panel.buttons, *panel.choices))
    assert panel.note.value == ""


def test_a_click_on_a_bar_takes_that_token(panel: Panel) -> None:
    panel.sliders[2].value = 1  # nobody is out of the race
    for number in (2, 0, 7):
        share, bar, label = re.fullmatch(r" *([\d.]+)% +([█▏]*) +(.)", panel.choices[number].description).groups()
        panel.choices[number].click()
        token = panel.player.tokens[-1]
        assert panel.player.label([token]) == label
        assert f"{token.prob:.1%}" == f"{share}%" and len(bar) == max(1, round(token.prob * 20))


def test_the_bars_follow_the_sliders(panel: Panel) -> None:
    panel.sliders[2].value = 1
    assert not any("out" in button.description for button in panel.choices)
    panel.sliders[1].value = 3
    assert [("out" in button.description) for button in panel.choices] == [False] * 3 + [True] * 5
    panel.sliders[0].value = 0
    assert panel.choices[0].description.startswith("100.0%")
    assert "0.00% under the settings" in panel.choices[1].tooltip
    panel.sliders[2].value, panel.sliders[0].value, panel.sliders[1].value = 0, 1, 0
    assert [("out" in button.description) for button in panel.choices] == [False] + [True] * 7


def test_what_a_model_writes_is_text_and_never_markup(panel: Panel) -> None:
    for char in "<b>&<é\n\x1b":
        panel.player.take(Choice(CHARS["chars"].index(char), 0.5, 0.5))
    panel._draw_text()
    tags = set(re.findall(r"<[^>]*>", SPAN.sub("", panel.text.value)))
    assert tags == {'<div class="play-page">', '<div class="play-text">', "<b>", "</b>", "</div>"}
    assert [text for *_, text in SPAN.findall(panel.text.value)] == [
        *("&lt;", "b", "&gt;", "&amp;", "&lt;", "é", "<i>↵</i>\n", "␛")
    ]
    panel.beginning.value = "a<b>&\n"
    assert "<b>a&lt;b&gt;&amp;<i>↵</i>\n</b>" in panel.text.value


def test_a_title_ends_where_it_should() -> None:
    panel = Panel(tiny_gpt(BYTES), BYTES, "low", seed=1)
    for char in "\"'><":
        panel.player.take(Choice(ord(char), 0.5, 0.5))
    panel._draw_text()
    titles = [title for _, title, _ in SPAN.findall(panel.text.value)]
    assert titles == [f"{char}: 50.0%" for char in ("&quot;", "&#x27;", "&gt;", "&lt;")]


@pytest.mark.parametrize(
    ("prob", "level"), [(0.5, "likely"), (0.49, "less"), (0.19, "rare"), (0.04, "surprising"), (0, "surprising")]
)
def test_a_token_tells_how_likely_it_was(panel: Panel, prob: float, level: str) -> None:
    panel.player.take(Choice(1, 1.0, prob))
    panel._draw_text()
    assert SPAN.findall(panel.text.value) == [(level, f"␣: {prob:.1%}", " ")]


def test_half_a_character_is_shown_as_bytes_until_it_is_whole() -> None:
    panel = Panel(tiny_gpt(BYTES), BYTES, "low", seed=1)
    for byte, shown in ((0xC3, "‹c3›"), (0xA9, "é")):
        panel.player.take(Choice(byte, 0.5, 0.5))
        panel._draw_text()
        assert SPAN.findall(panel.text.value)[0][2] == shown
    assert SPAN.findall(panel.text.value) == [("less", "é: 25.0%", "é")]


def test_what_goes_wrong_is_said_where_the_reader_looks(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    panel.buttons[UNDO].click()
    assert "no token to take back" in panel.note.value
    panel.beginning.value = "abX"
    assert "has never seen &#x27;X&#x27;" in panel.note.value and plain(panel) == "abc"
    panel.beginning.value = "abcdefgh" * 3
    assert "the model sees 16 tokens: not the first 8" in panel.note.value

    def fail(*_: Any) -> None:
        raise ZeroDivisionError("<i>oh</i>")

    with monkeypatch.context() as patch:
        patch.setattr(panel.player._play, "cached_logits", fail)
        panel.buttons[NEXT].click()
    assert "your mygpt stops with ZeroDivisionError: &lt;i&gt;oh" in panel.note.value
    panel.buttons[NEXT].click()
    assert panel._shown == panel.player.likeliest(panel.settings) and len(panel.player.tokens) == 2


def test_an_interrupt_stops_the_text_and_keeps_what_is_there(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = panel.player.draw

    def draw_thrice(settings: Any) -> Choice:
        if len(panel.player.tokens) == 3:
            raise KeyboardInterrupt
        return draw(settings)

    monkeypatch.setattr(panel.player, "draw", draw_thrice)
    panel.buttons[COMPLETE].click()
    assert "stopped" in panel.note.value and len(panel.player.tokens) == 3
    assert plain(panel) == panel.player.text
    assert panel._shown == panel.player.likeliest(panel.settings)


def test_a_wrong_pair_is_refused_and_a_panel_without_text_waits() -> None:
    with pytest.raises(UsageError, match="not a pair"):
        play.panel(tiny_gpt(CHARS), BYTES)
    assert len(play.panel(tiny_gpt(CHARS), CHARS).children) == 9
    panel = Panel(tiny_gpt(CHARS), CHARS, "", None)
    assert "write its beginning" in panel.note.value
    panel.buttons[NEXT].click()
    assert "write its beginning" in panel.note.value
    panel.beginning.value = "abc"
    assert panel.note.value == "" and plain(panel) == "abc"
