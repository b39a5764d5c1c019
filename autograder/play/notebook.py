"""The panel of a notebook. What a model writes is escaped; how likely a token was is told by line, colour and title."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets

from autograder.errors import UsageError
from autograder.play.player import Choice, Piece, Player, Settings, printable

NUM_CHOICES = 8
BAR = 20
PAUSE = 0.05
"""Seconds between two pictures of a text that grows: faster is seen by nobody."""
LEVELS = ((0.5, "likely"), (0.2, "less"), (0.05, "rare"), (0.0, "surprising"))
"""From which probability on a token is drawn how; the names are classes of the style below."""
STYLE = """<style>
.play-page { display: flex; flex-direction: column-reverse; max-height: 22em; overflow-y: auto;
  border: 1px solid var(--jp-border-color1, #8888) }
.play-text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.7; padding: .5em .8em; min-height: 3em;
  font-family: var(--jp-code-font-family, monospace); color: var(--jp-content-font-color1, currentColor) }
.play-text i, .play-legend { opacity: .8 }
.play-token { border-radius: 2px; border-bottom: 2px none #ef6c00; margin-right: 1px }
.play-less { background: #ef6c0022; border-bottom-style: dotted }
.play-rare { background: #ef6c0044; border-bottom-style: dashed }
.play-surprising { background: #ef6c0070; border-bottom-style: solid }
.play-legend .play-token { white-space: nowrap; padding: 0 .3em }
.play-choice.jupyter-button { text-align: left; white-space: pre; font-family: var(--jp-code-font-family, monospace);
  width: auto; align-self: stretch; margin: 0 2px 2px; height: 1.9em; line-height: 1.9em }
.play-note { color: var(--jp-content-font-color1, currentColor); font-weight: 600 }
</style>"""
"""A page that is too long shows its end: columns in reverse stand at the bottom after each new picture."""
LEGEND = (
    '<span class="play-legend">What the model gave each token: '
    '<span class="play-token">50 % or more</span> <span class="play-token play-less">20 to 50 %</span> '
    '<span class="play-token play-rare">5 to 20 %</span> <span class="play-token play-surprising">below 5 %</span>'
    "</span>"
)


class Panel:
    """A text that grows by clicks. `widget` is what a notebook shows."""

    def __init__(self, model: Any, tokenizer: dict[str, Any], text: str, seed: int | None) -> None:
        """Build the widgets, and begin with `text` where there is one."""
        self.player = Player(model, tokenizer, seed)
        self.beginning = widgets.Textarea(text, description="begin with", rows=2, continuous_update=False)
        self.sliders = _sliders(len(self.player.vocab), self.player.context)
        self.buttons = [widgets.Button(description=name) for name in ("next token", "complete", "undo", "start over")]
        self.choices = [widgets.Button() for _ in range(min(NUM_CHOICES, len(self.player.vocab)))]
        self.text, self.note = widgets.HTML(), widgets.HTML()
        self._shown: list[Choice] = []
        self._connect()
        self.widget = self._arranged()
        self._do(self.start_over)

    @property
    def settings(self) -> Settings:
        """What the sliders say."""
        temperature, top_k, top_p, _ = (slider.value for slider in self.sliders)
        return Settings(temperature, top_k or None, top_p)

    def next_token(self) -> None:
        """Draw one token."""
        self.player.take(self.player.draw(self.settings))

    def complete(self) -> None:
        """Draw as many tokens as the slider says, and show the text while it grows."""
        last = time.monotonic()
        with self._busy():
            for _ in self.player.complete(self.sliders[-1].value, self.settings):
                if time.monotonic() - last > PAUSE:
                    self._draw_text()
                    last = time.monotonic()

    def undo(self) -> None:
        """Take the last token back."""
        if not self.player.undo():
            raise UsageError("there is no token to take back: this is the beginning")

    def start_over(self) -> None:
        """Begin with what stands in the box."""
        self.player.begin(self.beginning.value)

    def take(self, number: int) -> None:
        """Take the token on the button with this number, counted from 0."""
        self.player.take(self._shown[number])

    def _connect(self) -> None:
        for button, action in zip(
            self.buttons, (self.next_token, self.complete, self.undo, self.start_over), strict=True
        ):
            button.on_click(lambda _, action=action: self._do(action))
        for number, button in enumerate(self.choices):
            button.add_class("play-choice")
            button.on_click(lambda _, number=number: self._do(partial(self.take, number)))
        self.beginning.observe(lambda _: self._do(self.start_over), "value")
        for slider in self.sliders[:-1]:
            slider.observe(lambda _: self._do(lambda: None), "value")

    def _arranged(self) -> widgets.VBox:
        self.beginning.layout.width = "auto"
        rows = [widgets.HTML(STYLE), self.beginning, widgets.HBox(self.sliders[:2]), widgets.HBox(self.sliders[2:])]
        rows += [widgets.HBox(self.buttons), self.note, self.text, widgets.HTML(LEGEND)]
        return widgets.VBox([*rows, widgets.VBox(self.choices)])

    def _do(self, action: Callable[[], None]) -> None:
        """Do what a click asks for, then show what is now."""
        self._say("")
        self._try(action)
        self._try(self._draw_choices)
        self._draw_text()
        if self.player.num_cut and not self.note.value:
            self._say(f"the model sees {self.player.context} tokens: not the first {self.player.num_cut} of this text")

    def _try(self, action: Callable[[], None]) -> None:
        """Say what goes wrong: nobody sees the traceback of a click."""
        try:
            action()
        except UsageError as error:
            self._say(str(error))
        except KeyboardInterrupt:
            self._say("stopped")

    @contextmanager
    def _busy(self) -> Iterator[None]:
        """No click meanwhile: it would come late, and take what stands on the button by then."""
        for button in (*self.buttons, *self.choices):
            button.disabled = True
        try:
            yield
        finally:
            for button in (*self.buttons, *self.choices):
                button.disabled = False

    def _say(self, words: str) -> None:
        self.note.value = words and f'<span class="play-note" role="status">{escape(words)}</span>'

    def _draw_text(self) -> None:
        prompt = f"<b>{_readable(self.player.prompt)}</b>"
        spans = (_span(piece, self.player.label(piece.tokens)) for piece in self.player.pieces())
        self.text.value = f'<div class="play-page"><div class="play-text">{prompt}{"".join(spans)}</div></div>'

    def _draw_choices(self) -> None:
        self._shown = self.player.likeliest(self.settings, NUM_CHOICES)
        for button, choice in zip(self.choices, self._shown, strict=True):
            share = f"{choice.prob:.1%}" if choice.prob else "out"
            bar = "█" * round(choice.prob * BAR) or "▏" * (choice.prob > 0)
            label = self.player.label([choice])
            button.description = f"{share:>6}  {bar:{BAR}}  {label}"
            button.tooltip = f"take {label}: {choice.prob:.2%} under the settings, {choice.model_prob:.2%} by the model"


def _sliders(vocab_size: int, context: int) -> list[Any]:
    """Temperature, top-k, top-p, length."""
    look = {"style": {"description_width": "7.5em"}, "layout": widgets.Layout(width="24em")}
    return [
        widgets.FloatSlider(Settings().temperature, min=0, max=2, step=0.05, description="temperature", **look),
        widgets.IntSlider(0, min=0, max=min(vocab_size, 100), description="top-k (0 = all)", **look),
        widgets.FloatSlider(Settings().top_p, min=0, max=1, step=0.01, description="top-p (1 = all)", **look),
        widgets.IntSlider(100, min=1, max=max(400, context), description="length", **look),
    ]


def _span(piece: Piece, label: str) -> str:
    """A piece of text in the clothes of its probability."""
    level = next(name for least, name in LEVELS if piece.model_prob >= least)
    title = escape(f"{label}: {piece.model_prob:.1%}")
    return f'<span class="play-token play-{level}" title="{title}">{_readable(piece.text or label)}</span>'


def _readable(text: str) -> str:
    return escape(printable(text)).replace("\n", "<i>↵</i>\n")
