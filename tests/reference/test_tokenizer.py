import itertools
import random
from collections.abc import Iterator

import pytest

from reference.bpe import train_bpe
from reference.encoding import Tokenizer
from reference.tokenizer import bpe_encode, decode, encode_iterable, fertility, pretokenize, split_on_special_tokens

SPECIALS = ["<e>", "<e><e>", "<e><f", "><", "|"]
TRICKY = ["'", "l", "ll", "s", "ve", " ", "  ", "\n", "a", "9", "_", "!", "é", "😀", "<", ">", "<e>", "<f", "|", "e"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    text = "we'll see: they'll  sell 99 shells, won't they've <e> sellers\n\n" * 3
    return Tokenizer(*train_bpe(text, 256 + 30 + len(SPECIALS), SPECIALS), SPECIALS)


def test_pretokenize_by_hand() -> None:
    """Two spaces: the first stands alone, the second goes with its word. A line break never does."""
    assert pretokenize("I'll  buy 3kg\n_now_ ") == ["I", "'ll", " ", " buy", " 3", "kg", "\n", "_", "now", "_", " "]
    assert pretokenize("don'T") == ["don", "'", "T"]
    assert pretokenize("") == []


def test_pretokenize_loses_nothing() -> None:
    rng = random.Random(0)
    for _ in range(200):
        text = "".join(rng.choices(TRICKY, k=20))
        assert "".join(pretokenize(text)) == text


def test_bpe_encode_by_hand() -> None:
    """b-c was learned first, so it goes before a-b, though a-b stands further left and "ab" + "cd" would be longer."""
    merges = [(b"b", b"c"), (b"a", b"b"), (b"ab", b"cd"), (b"c", b"d")]
    assert bpe_encode("abc", merges) == [b"a", b"bc"]
    assert bpe_encode("abcd", merges) == [b"a", b"bc", b"d"]
    assert bpe_encode("aaaaa", [(b"a", b"a"), (b"aa", b"aa")]) == [b"aaaa", b"a"]
    assert bpe_encode("😀", []) == [b"\xf0", b"\x9f", b"\x98", b"\x80"]
    assert bpe_encode("", merges) == []


def test_encoding_repeats_the_training() -> None:
    text = "a banana, an ananas, a bandana, a cabana"
    _, merges = train_bpe(text, 280)
    for word in pretokenize(text):
        tokens = [bytes([byte]) for byte in word.encode()]
        for left, right in merges:  # training, replayed slowly: one merge after the other over the whole word
            i = 0
            while i < len(tokens) - 1:
                if (tokens[i], tokens[i + 1]) == (left, right):
                    tokens[i : i + 2] = [left + right]
                i += 1
        assert bpe_encode(word, merges) == tokens


def test_decode() -> None:
    vocab = {10: b"\xc3", 4: b"\xa9", 7: b"x"}
    assert decode([10, 4, 7], vocab) == "éx"
    assert decode([10, 7], vocab) == "\ufffdx"
    assert decode([], vocab) == ""
    with pytest.raises(KeyError):
        decode([10, 5], vocab)


def test_split_on_special_tokens() -> None:
    assert split_on_special_tokens("a |b|<e><e><e> c", SPECIALS) == ["a ", "|", "b", "|", "<e><e>", "<e>", " c"]
    assert split_on_special_tokens(" a|b ", []) == [" a|b "]
    assert split_on_special_tokens("", SPECIALS) == split_on_special_tokens("", []) == []


def in_chunks(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


@pytest.mark.parametrize("seed", range(60))
def test_stream_equals_whole_for_every_chunk_size(tokenizer: Tokenizer, seed: int) -> None:
    text = "".join(random.Random(seed).choices(TRICKY, k=15))
    expected = tokenizer.encode(text)
    for size in range(1, len(text) + 1):
        assert list(encode_iterable(in_chunks(text, size), tokenizer.encode, SPECIALS)) == expected, (text, size)


def test_stream_equals_whole_for_every_cut() -> None:
    """All texts of six from a few letters, each cut in two at all places; ids are the words themselves."""
    specials = ["aa'", "'l"]

    def words(text: str) -> list[str]:
        pieces = split_on_special_tokens(text, specials)
        return [word for piece in pieces for word in ([piece] if piece in specials else pretokenize(piece))]

    for text in map("".join, itertools.product("a'l ", repeat=6)):
        for cut in range(7):
            assert list(encode_iterable([text[:cut], "", text[cut:]], words, specials)) == words(text)


def test_stream_without_specials_and_without_text(tokenizer: Tokenizer) -> None:
    plain = Tokenizer(tokenizer.vocab, tokenizer.merges)
    text = "they'll  sell<e>\n\n  9"
    assert list(encode_iterable(in_chunks(text, 1), plain.encode)) == plain.encode(text)
    assert list(encode_iterable([], plain.encode)) == list(encode_iterable(["", ""], plain.encode)) == []


def test_stream_is_lazy_and_hands_over_one_word_at_a_time(tokenizer: Tokenizer) -> None:
    seen: list[str] = []

    def encode(text: str) -> list[int]:
        seen.append(text)
        return tokenizer.encode(text)

    endless = itertools.count()
    stream = encode_iterable((f"we sell {n}<e>" for n in endless), encode, ["<e>"])
    ids = list(itertools.islice(stream, 40))
    assert ids == tokenizer.encode("".join(f"we sell {n}<e>" for n in range(40)))[:40]
    assert next(endless) < 12
    assert all(piece == "<e>" or pretokenize(piece) == [piece] for piece in seen)


def test_fertility() -> None:
    """English: 1 + 9 tokens for 1 + 3 words, 2.5 and not (1 + 3) / 2."""
    assert fertility(list, {"en": ["I", "go to you"], "fi": ["menen"]}) == {"en": 2.5, "fi": 5.0}
