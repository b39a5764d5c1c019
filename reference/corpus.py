"""A text as a run sees it: its tokens, the part to learn from and the part to be judged by, and a batch for every step.

No exercise, a bridge: it joins bpe.py, data.py and play.py to a file somebody has. Shapes: N tokens in a row, B windows
of T tokens.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reference.bigram import build_char_vocab
from reference.data import get_batch
from reference.encoding import train_bpe_incremental
from reference.play import codec, vocabulary


class RunError(Exception):
    """A run cannot begin or go on. The message is a sentence for a person: what happened, where, what to do next."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """What IPython prints: the sentence, and no frame of ours."""
        return [f"{type(self).__name__}: {self}"]


class InputError(RunError):
    """It cannot begin as it was asked for: the caller can mend it."""

    exit_code = 2


@dataclass(frozen=True)
class Corpus:
    """A text, cut in two and turned into tokens."""

    tokenizer: dict[str, Any]
    """Plain values, as `reference.play.codec` takes them."""
    train: Tensor
    """(N,) int32, the first part of the text."""
    val: Tensor
    """(M,) int32, what comes after it; may be empty."""
    token_bytes: list[bytes]
    """The bytes of each token, by id: V of them."""

    def batch(self, B: int, T: int, seed: int, step: int) -> tuple[Tensor, Tensor]:
        """The B windows of T tokens that one step trains on: a function of seed and step, and of nothing before.

        So a run that resumes at a step need not draw the batches of the steps before.

        Example:
            >>> corpus = make_corpus("to be, or not to be", val_fraction=0)
            >>> one, same, other = (corpus.batch(2, 8, seed=0, step=step)[0] for step in (7, 7, 8))
            >>> torch.equal(one, same), torch.equal(one, other)
            (True, False)
        """
        generator = torch.Generator().manual_seed(number_from(f"batch of step {step}, seed {seed}"))
        return get_batch(self.train, B, T, generator)

    def val_windows(self, T: int, max_tokens: int) -> tuple[Tensor, Tensor]:
        """Windows of T tokens of the validation part with their labels: (n, T) each, always the same ones.

        They do not overlap and lie evenly over all of it; together they have at most max_tokens (but one is always
        there, where one fits), or all that there are with max_tokens = 0.

        Example:
            >>> corpus = make_corpus("0123456789" * 4, val_fraction=0.5)
            >>> corpus.val_windows(T=3, max_tokens=6)[0]
            tensor([[0, 1, 2],
                    [9, 0, 1]])
        """
        num_fitting = max(len(self.val) - 1, 0) // T
        n = min(num_fitting, max(max_tokens // T, 1)) if max_tokens else num_fitting
        starts = torch.tensor([T * (i * num_fitting // n) for i in range(n)], dtype=torch.int64)  # (n,)
        places = starts[:, None] + torch.arange(T)  # (n, T)
        return self.val[places].long(), self.val[places + 1].long()

    def num_bytes(self, ids: Tensor) -> int:
        """How many bytes of text the ids, of any shape, stand for."""
        lengths = torch.tensor([len(token) for token in self.token_bytes])  # (V,)
        return int(lengths[ids].sum())


def read_text(path: Path) -> str:
    """The text in the file at `path`; a byte order mark in front is left out.

    Raises:
        InputError: there is no file, or nothing in it, or something else than UTF-8.

    Example:
        >>> read_text(Path("nowhere.txt"))
        Traceback (most recent call last):
        reference.corpus.InputError: cannot read nowhere.txt: No such file or directory
    """
    try:
        text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 from byte {error.start} on: save it as UTF-8 first") from None
    if not text:
        raise InputError(f"{path} is empty: there is nothing to learn from")
    return text


def make_corpus(
    text: str, bpe: int | None = None, val_fraction: float = 0.1, tokenizer: dict[str, Any] | None = None
) -> Corpus:
    """Cut a text in two and turn it into tokens.

    Args:
        text: any text with a character in it.
        bpe: how many tokens a byte-pair tokenizer shall have, trained on the first part alone. None = every character
            is a token; the alphabet is then that of the whole text.
        val_fraction: the share of its characters, at the end, that is kept for validation: 0 ≤ val_fraction < 1.
        tokenizer: of an earlier corpus, used instead of making one.

    Raises:
        InputError: bpe is less than 256, or more than the text gives.

    Example:
        >>> corpus = make_corpus("abracadabra", val_fraction=0.3)
        >>> corpus.tokenizer, corpus.train.tolist(), corpus.val.tolist()
        ({'chars': 'abcdr'}, [0, 1, 4, 0, 2, 0, 3, 0], [1, 4, 0])
    """
    border = len(text) - round(val_fraction * len(text))
    if tokenizer is None:
        tokenizer = {"chars": "".join(build_char_vocab(text))} if bpe is None else bpe_tokenizer(text[:border], bpe)
    encode, _ = codec(tokenizer)
    train, val = (torch.tensor(encode(part), dtype=torch.int32) for part in (text[:border], text[border:]))
    return Corpus(tokenizer, train, val, list(vocabulary(tokenizer).values()))


def bpe_tokenizer(text: str, vocab_size: int) -> dict[str, Any]:
    """A byte-pair tokenizer with vocab_size tokens, trained on `text`, as the plain values that `codec` takes.

    Raises:
        InputError: vocab_size is less than 256, or the text does not give that many tokens.

    Example:
        >>> bpe_tokenizer("low low low", 258)
        {'merges': [['o', 'w'], ['l', 'ow']]}
    """
    if vocab_size < 256:
        raise InputError(f"a byte-pair tokenizer has at least 256 tokens, one for each byte, and {vocab_size} are less")
    vocab, merges = train_bpe_incremental(text, vocab_size)
    if len(vocab) < vocab_size:
        raise InputError(f"{vocab_size} tokens are too many: this text gives {len(vocab)}, and then no pair is left")
    return {"merges": [[left.decode("latin-1"), right.decode("latin-1")] for left, right in merges]}


def number_from(words: str) -> int:
    """A whole number below 2⁶³ out of `words`, the same on every machine: a seed that has a name.

    Example:
        >>> number_from("batch of step 7, seed 0") == number_from("batch of step 8, seed 0")
        False
    """
    return int.from_bytes(hashlib.blake2b(words.encode("utf-8"), digest_size=8).digest(), "big") >> 1
