"""Our tokenizer and tiktoken must agree, in both directions."""

import random
from pathlib import Path

import pytest
import tiktoken

import reference
from reference.bpe import train_bpe
from reference.encoding import Tokenizer, merges_from_ranks, to_tiktoken

ROOT = Path(reference.__file__).parent.parent
PROSE = (ROOT / "reference" / "README.md").read_text(encoding="utf-8")
SPECIALS = ["<|end|>", "<|end|><|end|>"]
# Letters with and without case, marks, digits and other numbers, symbols, every kind of space, the first of the emoji.
RANGES = [(0x00, 0x24F), (0x300, 0x37F), (0x3A3, 0x4FF), (0x621, 0x669), (0x2000, 0x206F), (0x2150, 0x218B)]
RANGES += [(0x3000, 0x303F), (0x4E00, 0x4E40), (0x1F600, 0x1F64F)]


def random_text(rng: random.Random) -> str:
    words = ["we'll", " the", "  ", "\n", " 12", "_a", "<|end|>", "<|end", "'ve"]
    draw = [chr(rng.randint(*rng.choice(RANGES))) for _ in range(20)]
    return "".join(rng.choice(words) if rng.random() < 0.4 else char for char in draw)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(*train_bpe(PROSE, 256 + 120 + len(SPECIALS), SPECIALS), SPECIALS)


def test_agrees_with_tiktoken_on_prose(tokenizer: Tokenizer) -> None:
    text = PROSE + "<|end|><|end|><|end|>" + PROSE[:100]
    ids = tokenizer.encode(text)
    assert ids == to_tiktoken(tokenizer).encode(text, allowed_special="all")
    assert tokenizer.decode(ids) == text
    assert len(ids) < 0.7 * len(text.encode())  # it did learn something


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_tiktoken_on_any_unicode(tokenizer: Tokenizer, seed: int) -> None:
    rng = random.Random(seed)
    theirs = to_tiktoken(Tokenizer(tokenizer.vocab, tokenizer.merges, SPECIALS[:1]))
    ours = Tokenizer(tokenizer.vocab, tokenizer.merges, SPECIALS[:1])
    for _ in range(100):
        text = random_text(rng)
        ids = ours.encode(text)
        assert ids == theirs.encode(text, allowed_special="all"), ascii(text)
        assert ours.decode(ids) == theirs.decode(ids) == text


def test_merges_come_back_from_the_ranks(tokenizer: Tokenizer) -> None:
    ranks = {token: i for i, token in tokenizer.vocab.items() if i < 256 + 120}
    assert merges_from_ranks(ranks) == tokenizer.merges


def test_gpt2s_own_table_in_our_encoder(gpt2: tiktoken.Encoding) -> None:
    """Its 50,000 merges, found again from the ranks, give GPT-2's ids."""
    ranks = gpt2._mergeable_ranks
    merges = merges_from_ranks(ranks)
    assert len(merges) == 50_000
    assert merges[:3] == [(b" ", b"t"), (b" ", b"a"), (b"h", b"e")]
    vocab = {i: token for token, i in ranks.items()} | {gpt2.eot_token: b"<|endoftext|>"}
    ours = Tokenizer(vocab, merges, ["<|endoftext|>"])
    text = "Hello, world! We'll see: naïve 東京 😀😀, 1234567 times…  \n\n\tdon't<|endoftext|>" + PROSE[:400]
    ids = ours.encode(text)
    assert ids == gpt2.encode(text, allowed_special="all")
    assert ours.decode(ids) == text
