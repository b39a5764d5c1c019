"""A text that grows token by token: what may come next, what was taken, and the way back."""

import codecs
import importlib
import math
import random
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from autograder.errors import UsageError

NEEDED = ("KVCache", "cached_logits", "codec", "load_gpt", "next_token_probs", "sample_next", "vocabulary")
"""What must be found in mygpt/play.py."""
REMEDY = "`check` keeps right answers there, and `autograder catch-up generation` borrows the rest"
NO_TEXT = "there is no text to go on from: write its beginning"

_CONTROL = {i: 0x2400 + i for i in range(32) if chr(i) not in "\n\t"} | {i: "\ufffd" for i in range(127, 160)}
_BLANK = {" ": "␣", "\n": "↵", "\t": "⇥"}


@dataclass(frozen=True, slots=True)
class Settings:
    """How the next token is drawn; the filters come after the temperature.

    Raises:
        UsageError: a number is out of its range.
    """

    temperature: float = 0.8
    """0 = always the likeliest."""
    top_k: int | None = None
    """Only so many tokens stay in the race; None or 0 = all."""
    top_p: float = 0.95
    """Only the likeliest tokens that hold this probability together stay; 1 = all."""

    def __post_init__(self) -> None:
        """Refuse what `mygpt` would stumble over."""
        if not 0 <= self.temperature < math.inf:
            raise UsageError(f"temperature is {self.temperature:g}: take 0 (always the likeliest) or more")
        if self.top_k is not None and self.top_k < 0:
            raise UsageError(f"top-k is {self.top_k}: take 1 or more, or 0 for all tokens")
        if not 0 <= self.top_p <= 1:
            raise UsageError(f"top-p is {self.top_p:g}: take a number from 0 to 1 (all tokens)")


@dataclass(frozen=True, slots=True)
class Choice:
    """A token that may come next, or that came."""

    id: int
    prob: float
    """With which it is drawn under the settings; 0 where a filter took it out."""
    model_prob: float
    """What the model itself gives it: temperature 1, nothing filtered."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole characters, and the tokens that spell them: mostly one."""

    text: str
    """Empty for the last tokens of a text, where they are the beginning of a character."""
    tokens: tuple[Choice, ...]

    @property
    def model_prob(self) -> float:
        """Of all its tokens together."""
        return math.prod(token.model_prob for token in self.tokens)


class Player:
    """A model, its tokenizer, and a text.

    Args:
        model: a GPT of `mygpt.gpt`. Dropout does not fall, whatever its mode.
        tokenizer: plain values, as `mygpt.play.codec` takes them.
        seed: where each text's randomness begins; None = somewhere else for each text.

    Raises:
        UsageError: the two do not belong together, or `mygpt` lacks something.
    """

    def __init__(self, model: Any, tokenizer: dict[str, Any], seed: int | None = None) -> None:
        """Start with no text: `begin` comes next."""
        self.model, self.seed, self._play = model, seed, learners_play()
        with learners_code():
            self._encode, _ = self._play.codec(tokenizer)
            self.vocab: dict[int, bytes] = self._play.vocabulary(tokenizer)
        if (num_tokens := model.config.vocab_size) != len(self.vocab):
            raise UsageError(f"the model knows {num_tokens} tokens, the tokenizer {len(self.vocab)}: not a pair")
        self.context: int = model.config.block_size
        self.prompt, self._prompt_ids, self.tokens = "", list[int](), list[Choice]()
        self._forget()

    def begin(self, prompt: str) -> None:
        """Start a new text.

        Raises:
            UsageError: it is empty, or holds what the model has never seen; the text before stays.
        """
        with learners_code():
            prompt_ids = self._encode(prompt)
        if not prompt_ids:
            raise UsageError(NO_TEXT)
        self.prompt, self._prompt_ids, self.tokens = prompt, prompt_ids, []
        self.text_seed = random.randrange(1_000_000) if self.seed is None else self.seed
        self._generator = torch.Generator().manual_seed(self.text_seed % 2**63)

    @property
    def has_text(self) -> bool:
        """Whether there is something to go on from."""
        return bool(self._prompt_ids)

    @property
    def num_cut(self) -> int:
        """How many tokens of the prompt lie outside the model's context from the start."""
        return max(0, len(self._prompt_ids) - self.context)

    @property
    def text(self) -> str:
        """The prompt and what was added, as far as it is whole characters."""
        return self.prompt + "".join(piece.text for piece in self.pieces())

    def pieces(self) -> Iterator[Piece]:
        """What was added, cut where characters end."""
        decoder, waiting = codecs.getincrementaldecoder("utf-8")("replace"), []
        for token in self.tokens:
            waiting.append(token)
            if text := decoder.decode(self.vocab[token.id]):
                yield Piece(text, tuple(waiting))
                waiting = []
        if waiting:
            yield Piece("", tuple(waiting))

    def likeliest(self, settings: Settings, num: int = 8) -> list[Choice]:
        """The tokens that the model finds likeliest, also those that the settings filter out."""
        probs, model_probs = self._probs(settings)
        ids = model_probs.topk(min(num, len(model_probs))).indices.tolist()
        return [Choice(i, probs[i].item(), model_probs[i].item()) for i in ids]

    def draw(self, settings: Settings) -> Choice:
        """A token by chance. It is not taken yet, and the next one drawn may be another."""
        probs, model_probs = self._probs(settings)
        with learners_code():
            i = self._play.sample_next(probs.log()[None], generator=self._generator).item()
        return Choice(i, probs[i].item(), model_probs[i].item())

    def take(self, choice: Choice) -> None:
        """Add a token to the text."""
        self.tokens.append(choice)

    def undo(self) -> bool:
        """Take the last token away, if there is one that was added."""
        return bool(self.tokens and self.tokens.pop())

    def complete(self, num_tokens: int, settings: Settings) -> Iterator[Choice]:
        """Draw and take tokens, one after another; whoever stops listening stops the text."""
        for _ in range(num_tokens):
            self.take(choice := self.draw(settings))
            yield choice

    def label(self, tokens: Iterable[Choice]) -> str:
        """What tokens spell, with blanks that can be seen; bytes that are no character as ‹c3›."""
        spelled = b"".join(self.vocab[token.id] for token in tokens)
        try:
            return "".join(_BLANK.get(char, char) for char in printable(spelled.decode()))
        except UnicodeDecodeError:
            return f"‹{spelled.hex(' ')}›"

    def _probs(self, settings: Settings) -> tuple[Tensor, Tensor]:
        """(V,) under the settings, and (V,) by the model itself."""
        with learners_code():
            logits, shape = self._logits(), self._play.next_token_probs
            filtered = shape(logits, settings.temperature, settings.top_k or None, settings.top_p)
            return filtered[0], shape(logits, 1.0, None, 1.0)[0]

    def _logits(self) -> Tensor:
        """(1, V) scores of the next token. What the caches hold is not computed again, while the text only grows."""
        ids = [*self._prompt_ids, *(token.id for token in self.tokens)][-self.context :]
        if not ids:
            raise UsageError(NO_TEXT)
        if ids == self._seen:
            return self._last
        if not self._seen or ids[: len(self._seen)] != self._seen:
            self._forget()
        new, self._seen = ids[len(self._seen) :], []  # whoever is interrupted from here on begins anew
        with torch.inference_mode():
            new_ids = torch.tensor([new], device=next(self.model.parameters()).device)
            logits = self._play.cached_logits(self.model, new_ids, self._caches)[:, -1].float().cpu()
        if not logits.isfinite().all():
            raise UsageError("the model's scores are not all finite numbers: did its training diverge?")
        self._seen, self._last = ids, logits
        return logits

    def _forget(self) -> None:
        self._seen: list[int] = []
        self._caches = [self._play.KVCache() for _ in self.model.h]


def learners_play() -> ModuleType:
    """The module `mygpt.play` of the workspace that is in use.

    Raises:
        UsageError: there is none, it lacks something, or what the learner wrote does not run.
    """
    with learners_code():
        play = importlib.import_module("mygpt.play")
    if missing := [name for name in NEEDED if not hasattr(play, name)]:
        raise UsageError(f"your GPT is not whole yet: mygpt/play.py lacks {', '.join(missing)}. {REMEDY}")
    return play


@contextmanager
def learners_code() -> Iterator[None]:
    """Whatever it raises becomes a sentence, with the line of `mygpt` where it happened.

    Raises:
        UsageError: it stopped, or refused what it was given (by a ValueError, whose words are meant for the reader).
    """
    try:
        yield
    except UsageError:
        raise
    except ImportError as error:
        if (error.name or "").split(".")[0] != "mygpt":
            raise UsageError(f"your mygpt imports {error.name}, which is not installed") from None
        raise UsageError(f"your GPT is not whole yet: {error}. {REMEDY}") from None
    except Exception as error:
        frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        where = [f" (mygpt/{path.name}, line {line})" for path, line in frames if path.parent.name == "mygpt"]
        stopped = f"your mygpt stops with {type(error).__name__}: {error}{where[-1] if where else ''}"
        raise UsageError(str(error) if type(error) is ValueError else stopped) from error


def printable(text: str) -> str:
    """The text with a picture for every control character but line ends and tabs: a terminal obeys those.

    Example:
        >>> printable("red: \\x1b[31m")
        'red: ␛[31m'
    """
    return text.translate(_CONTROL)
