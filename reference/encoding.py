"""The tokenizer as one object, trained fast, and its bridge to tiktoken.

`Tokenizer` and `train_bpe_incremental` put the functions of bpe.py and tokenizer.py together. The bridge goes both
ways: our training can run in tiktoken's fast encoder, and GPT-2's published table can run through our `bpe_encode`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import tiktoken

from reference.bpe import learn_merges, train_bpe
from reference.tokenizer import bpe_encode, decode, pretokenize, split_on_special_tokens

# GPT2_PATTERN in the dialect of tiktoken's engine, which knows \p{…} but means something else by \w and \s.
# The number signs outside 0–9 and their like (², ⅷ) go with the letters, because Python's \w counts them there.
_TIKTOKEN_PATTERN = (
    r"'(?:[sdmt]|ll|ve|re)| ?[\p{L}\p{Nl}\p{No}]+| ?\p{Nd}+"
    r"| ?[^\s\x1c-\x1f\p{L}\p{N}]+|[\s\x1c-\x1f]+(?![^\s\x1c-\x1f])|[\s\x1c-\x1f]+"
)


class Tokenizer:
    """Text to ids and back, with the vocab and merges that `train_bpe` returned for these special_tokens.

    >>> tokenizer = Tokenizer({i: bytes([i]) for i in range(256)} | {256: b"hi", 257: b"<|end|>"}, [(b"h", b"i")],
    ...                       ["<|end|>"])
    >>> tokenizer.encode("hi!<|end|>")
    [256, 33, 257]
    >>> tokenizer.decode([256, 33, 257])
    'hi!<|end|>'
    """

    def __init__(
        self, vocab: dict[int, bytes], merges: list[tuple[bytes, bytes]], special_tokens: Sequence[str] = ()
    ) -> None:
        """Turn the vocabulary round once, so that bytes find their id."""
        self.vocab = vocab
        self.merges = merges
        self.special_tokens = special_tokens
        self.ids = {token: i for i, token in vocab.items()}
        self._cache = {special: [self.ids[special.encode("utf-8")]] for special in special_tokens}

    def encode(self, text: str) -> list[int]:
        """The ids of a whole text; a special token in it becomes its own id."""
        ids: list[int] = []
        for piece in split_on_special_tokens(text, self.special_tokens):
            for word in [piece] if piece in self.special_tokens else pretokenize(piece):
                ids += self._encode_word(word)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text that the ids spell."""
        return decode(ids, self.vocab)

    def _encode_word(self, word: str) -> list[int]:
        """Words come back all the time, so each is worked out once."""
        if word not in self._cache:
            self._cache[word] = [self.ids[token] for token in bpe_encode(word, self.merges)]
        return self._cache[word]


def train_bpe_incremental(
    text: str, vocab_size: int, special_tokens: Sequence[str] = ()
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    """Train as `train_bpe` does, to the last token, without counting everything again after each merge.

    text, vocab_size, special_tokens, the result and the errors are those of `train_bpe`. Only the time is another.

    >>> train_bpe_incremental("low low<|end|>lower", 259, ["<|end|>"]) == train_bpe(
    ...     "low low<|end|>lower", 259, ["<|end|>"])
    True
    """
    frame, _ = train_bpe("", vocab_size, special_tokens)  # bytes and special tokens; refuses a size too small for them
    pieces = (piece for piece in split_on_special_tokens(text, special_tokens) if piece not in special_tokens)
    words = Counter(word for piece in pieces for word in pretokenize(piece))
    word_freqs = {tuple(bytes([byte]) for byte in word.encode("utf-8")): freq for word, freq in words.items()}
    merges = learn_merges(word_freqs, vocab_size - len(frame))
    tokens = list(frame.values())
    tokens[256:256] = [left + right for left, right in merges]
    return dict(enumerate(tokens)), merges


def to_tiktoken(tokenizer: Tokenizer, name: str = "ours") -> tiktoken.Encoding:
    """The same tokenizer in tiktoken's engine, under a name of its own.

    Its encode refuses special tokens in the text, unless told allowed_special="all".
    """
    special_tokens = {special: tokenizer.ids[special.encode("utf-8")] for special in tokenizer.special_tokens}
    ranks = {token: i for token, i in tokenizer.ids.items() if i not in special_tokens.values()}
    return tiktoken.Encoding(name, pat_str=_TIKTOKEN_PATTERN, mergeable_ranks=ranks, special_tokens=special_tokens)


def merges_from_ranks(ranks: dict[bytes, int]) -> list[tuple[bytes, bytes]]:
    """Recover the merges from a table of token ranks, as tiktoken stores it.

    A token was born when two others met. Which two: those that are left when all earlier merges have run on it.

    >>> merges_from_ranks({b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"abc": 4})
    [(b'b', b'c'), (b'a', b'bc')]
    """
    merges = []
    for token in sorted(ranks, key=ranks.__getitem__):
        if len(token) > 1:
            merges.append(_parents(token, ranks))
    return merges


def _parents(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """The two tokens that were merged into this one."""
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 2:
        known = [(ranks[a + b], i) for i, (a, b) in enumerate(pairwise(parts)) if a + b in ranks]
        _, i = min(known)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return parts[0], parts[1]
