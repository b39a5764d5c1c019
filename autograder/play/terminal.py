"""`autograder play`: a friend writes the beginning, the model goes on. Texts on stdout, talk on stderr."""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from autograder.errors import UsageError
from autograder.play.player import Choice, Player, Settings, printable
from autograder.play.shelf import load

HELP = """Write the beginning of a text, and the model goes on. Enter alone: it goes on from where it is.

  /temperature 0.8   0 = always the likeliest token; above 1 it dares more
  /top-k 40          only the 40 likeliest stay in the race; 0 = all
  /top-p 0.9         only the likeliest that hold 90 % together; 1 = all
  /tokens 200        how many tokens at a time
  /seed 7            every text is drawn from this seed; /seed alone: from another each time
  /steps             token by token, and what else might have come; once more: all at once
  /undo              takes the last token back
  /quit              the end, as is Ctrl-D; Ctrl-C stops a text"""
STEP_HELP = "Enter takes the drawn token (●), a number another one; u = undo, c = complete, q = enough"
BAR = 24
SMALL = 512
"""Channels below which threads spend longer handing tensors to each other than computing."""


def play(where: Path | None, settings: Settings, seed: int | None, once: bool, prompt: str | None, **how: Any) -> bool:
    """Load a model and play with it.

    Args:
        where: a model file or a workspace folder; None = wherever the learner's own is.
        seed: as for `Player`.
        once: complete one text, then end: `prompt`, or what stands on standard input.
        prompt: the first text's beginning.
        how: the further fields of `Terminal`.

    Returns:
        False where the one text was interrupted.

    Raises:
        UsageError: there is no model, or the text cannot be used.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # a stand-in, or closed
            stream.reconfigure(errors="replace")  # an old Windows terminal has no bars
    file, code, model, tokenizer = load(where)
    if model.config.n_embd < SMALL:
        torch.set_num_threads(1)
    terminal = Terminal(Player(model, tokenizer, seed), settings, **how)
    terminal.introduce(file, code)
    if once:
        return terminal.answer(terminal.beginning() if prompt is None else prompt)
    if prompt is not None:
        terminal.answer(prompt)
    terminal.loop()
    return True


@dataclass
class Terminal:
    """One person at a keyboard, or a program at a pipe."""

    player: Player
    settings: Settings
    num_tokens: int = 200
    steps: bool = False
    as_json: bool = False
    talk: Console = field(default_factory=lambda: Console(stderr=True, highlight=False, markup=False, emoji=False))
    num_shown: int = 0
    """How many characters of the text stand on the screen."""

    @property
    def is_person(self) -> bool:
        """Whether somebody is there who can read a sentence and try again."""
        return sys.stdin.isatty()

    def introduce(self, file: Path, code: Path) -> None:
        """Say which model this is, and whose code runs it."""
        num_parameters = sum(parameter.numel() for parameter in self.player.model.parameters())
        sizes = f"{num_parameters:,} parameters, {len(self.player.vocab)} tokens, context {self.player.context}"
        self.say(f"{file}: {sizes}; run by {code.resolve()}")

    def loop(self) -> None:
        """Complete texts until the input ends."""
        if self.is_person:
            self.talk.print(HELP)
        with suppress(EOFError, KeyboardInterrupt):
            while (line := self.ask("\n> ")).strip() not in ("/quit", "/q"):
                try:
                    self.obey(line[1:]) if line.startswith("/") else self.answer(line)
                except UsageError as error:
                    if not self.is_person:
                        raise
                    self.say(error)
        self.talk.print()

    def ask(self, question: str) -> str:
        """A line from the keyboard or the pipe; the question is for a keyboard only."""
        return input(question if self.is_person and sys.stdout.isatty() else "")

    def beginning(self) -> str:
        """All that a pipe holds, or a line from a keyboard."""
        return self.ask("> ") if self.is_person else sys.stdin.read().removesuffix("\n")

    def answer(self, beginning: str) -> bool:
        """Begin a text, or with an empty line go on with the one that is there. False = it was interrupted."""
        if beginning or not self.player.has_text:
            self.player.begin(beginning)
            if num_cut := self.player.num_cut:
                self.say(f"the model sees {self.player.context} tokens: not the first {num_cut} of this text")
        self.num_shown, before = 0, len(self.player.tokens)
        whole = True
        try:
            self.by_steps() if self.steps else self.complete()
        except KeyboardInterrupt:
            whole = False
        except UsageError:
            print(end="\n" * (self.num_shown > 0), flush=True)  # what follows is a sentence, and no part of the text
            raise
        self.finish(before)
        return whole

    def complete(self) -> None:
        """Go on, and show each token as it comes."""
        self.show_text()
        for _ in self.player.complete(self.num_tokens, self.settings):
            self.show_text()

    def by_steps(self) -> None:
        """Go on with somebody who chooses."""
        self.say(STEP_HELP)
        drawn = None
        with suppress(EOFError):
            while True:
                drawn, choices = drawn or self.player.draw(self.settings), self.player.likeliest(self.settings)
                self.talk.print(f"\n{printable(self.player.text)}", style="bold")
                self.talk.print(self.bars(choices, drawn))
                said = self.ask("step> ").strip().lower()
                if said == "q":
                    return
                if said == "c":
                    self.player.take(drawn)
                    return self.complete()
                drawn = self.step(said, choices, drawn)

    def step(self, said: str, choices: Sequence[Choice], drawn: Choice) -> Choice | None:
        """Do what was said, and return the drawn token where it still waits to be taken."""
        numbers = {str(number): choice for number, choice in enumerate(choices, start=1)}
        if said == "u":
            return None if self.player.undo() else drawn
        if said and said not in numbers:
            self.say(STEP_HELP)
            return drawn
        self.player.take(numbers.get(said, drawn))
        return None

    def bars(self, choices: Sequence[Choice], drawn: Choice) -> Table:
        """The likeliest tokens, one a line, and the drawn one among or below them."""
        table = Table.grid(padding=(0, 1))
        others = [] if drawn.id in {choice.id for choice in choices} else [drawn]
        for number, choice in enumerate([*choices, *others], start=1):
            share = f"{choice.prob:.1%}" if choice.prob else "out"  # a filter took it; a person still may
            bar = "█" * round(choice.prob * BAR) or "▏" * (choice.prob > 0)
            mark = "●" if choice.id == drawn.id else " "
            key = str(number) if number <= len(choices) else ""
            table.add_row(key, mark, f"{share:>6}", f"{bar:{BAR}}", self.player.label([choice]))
        return table

    def obey(self, command: str) -> None:
        """Do what stands behind the slash."""
        name, _, value = command.strip().partition(" ")
        if name == "help":
            self.talk.print(HELP)
        elif name == "undo":
            self.undo()
        elif name in ("temperature", "top-k", "top-p", "tokens", "seed", "steps"):
            self.change(name, value)
        else:
            raise UsageError(f"there is no /{name}: /help lists what there is")

    def change(self, name: str, value: str) -> None:
        """Change a setting, and say what holds now."""
        try:
            match name:
                case "steps":
                    self.steps = not self.steps
                case "seed":
                    self.player.seed = int(value) if value else None
                case "tokens":
                    self.num_tokens = max(1, int(value))
                case _:
                    number = int(value) if name == "top-k" else float(value)
                    self.settings = replace(self.settings, **{name.replace("-", "_"): number})
        except ValueError:
            raise UsageError(f"/{name} takes a number, and {value!r} is none") from None
        now, way = self.settings, "token by token" if self.steps else f"{self.num_tokens} tokens at a time"
        self.say(f"temperature {now.temperature:g}, top-k {now.top_k or 'all'}, top-p {now.top_p:g}, {way}")

    def say(self, words: object) -> None:
        """A sentence, in one line however narrow the terminal."""
        self.talk.print(words, soft_wrap=True)

    def undo(self) -> None:
        """Take the last token back, and show what is left."""
        if not self.player.undo():
            raise UsageError("there is no token to take back")
        self.say(printable(self.player.text))

    def show_text(self) -> None:
        """Write what is new; bytes that are half a character wait for the other half."""
        if not self.as_json:
            text = self.player.text
            print(printable(text[self.num_shown :]), end="", flush=True)
            self.num_shown = len(text)

    def finish(self, before: int) -> None:
        """End the text's last line, or write all of it for a program; `before` tokens were there already."""
        if not self.as_json:
            self.show_text()
            return print()
        spelled = self.player.vocab
        tokens = [
            {"text": spelled[token.id].decode("utf-8", "replace"), **asdict(token)}
            for token in self.player.tokens[before:]
        ]
        result = {"prompt": self.player.prompt, "text": self.player.text, "seed": self.player.text_seed}
        result |= {"num_cut": self.player.num_cut, **asdict(self.settings), "tokens": tokens}
        print(json.dumps(result, ensure_ascii=False), flush=True)
