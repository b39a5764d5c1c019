import random
from collections import Counter
from itertools import pairwise

import pytest

from reference.bpe import (
    best_pair,
    compression_ratio,
    count_pairs,
    learn_merges,
    merge,
    merge_step,
    train_bpe,
)
from reference.encoding import train_bpe_incremental

WORDS = {"low": 5, "lower": 2, "widest": 3, "newest": 6}


def as_table(words: dict[str, int]) -> dict[tuple[bytes, ...], int]:
    return {tuple(bytes([byte]) for byte in word.encode()): freq for word, freq in words.items()}


def test_count_pairs_by_hand() -> None:
    """s-t stands in widest (3) and newest (6): 9. w-e stands in lower (2) and newest (6): 8. l-o in low, lower: 7."""
    counts = count_pairs(as_table(WORDS))
    assert (counts[b"s", b"t"], counts[b"w", b"e"], counts[b"l", b"o"]) == (9, 8, 7)
    assert (b"w", b"l") not in counts  # the end of one word and the start of another
    assert count_pairs({(b"a", b"a", b"a"): 4}) == Counter({(b"a", b"a"): 8})


def test_ties_go_to_the_greater_tuple() -> None:
    assert best_pair({(b"e", b"s"): 9, (b"s", b"t"): 9, (b"z", b"z"): 8}) == (b"s", b"t")
    assert best_pair({(b"ab", b"a"): 1, (b"a", b"zz"): 1}) == (b"ab", b"a")  # as one string, "azz" would win


def test_merge() -> None:
    ids = [1, 1, 1, 2, 1, 1]
    assert merge(ids, (1, 1), 9) == [9, 1, 2, 9]
    assert ids == [1, 1, 1, 2, 1, 1]
    assert merge([b"a", b"b"], (b"a", b"b"), b"ab") == [b"ab"]
    assert merge([], (1, 1), 9) == []
    same = [5]
    assert merge(same, (1, 1), 9) == [5]
    assert merge(same, (1, 1), 9) is not same


def test_training_by_hand() -> None:
    """The words above, one a line (a line break is a word of one byte, so it has no pair).

    e-s and s-t both count 9, and s-t is greater. Then e-st counts 9. Now newest reads n e w est, so w-e is left in
    lower only (2), while l-o and o-w count 7: o-w is greater, then l-ow. Newest has 6 of n-e, e-w, w-est: w-est; then
    of n-e, e-west: n-e; then ne-west. Widest has 3 of w-i, i-d, d-est: w-i; then wi-d, before d-est; then wid-est.
    """
    text = "".join(f"{word}\n" * freq for word, freq in WORDS.items())
    vocab, merges = train_bpe(text, 256 + 10)
    expected = "s t, e st, o w, l ow, w est, n e, ne west, w i, wi d, wid est"
    assert merges == [tuple(part.encode() for part in pair.split()) for pair in expected.split(", ")]
    assert [vocab[256 + i] for i in range(4)] == [b"st", b"est", b"ow", b"low"]


def test_vocabulary_is_bytes_then_merges_then_specials() -> None:
    vocab, merges = train_bpe("aaaa aaaa<|b|><|a|>aaaa", 260, ["<|b|>", "<|a|>"])
    assert merges == [(b"a", b"a"), (b"aa", b"aa")]
    assert [vocab[i] for i in range(256)] == [bytes([i]) for i in range(256)]
    assert [vocab[i] for i in range(256, 260)] == [b"aa", b"aaaa", b"<|b|>", b"<|a|>"]


def test_stops_when_nothing_is_left_to_merge() -> None:
    vocab, merges = train_bpe("ab<|x|>ab", 1000, ["<|x|>"])
    assert merges == [(b"a", b"b")]
    assert list(vocab) == list(range(258))
    assert train_bpe("", 300) == ({i: bytes([i]) for i in range(256)}, [])


def test_special_tokens_are_borders() -> None:
    """Longest first: if END split the corpus before ENDING does, the letters ING would be left to learn from."""
    _, merges = train_bpe("1ENDING2END3" * 3, 300, ["END", "ENDING"])
    assert merges == [(b"3", b"1")]


def test_too_small_a_vocabulary_raises() -> None:
    assert len(train_bpe("ab", 257, ["|"])[0]) == 257
    with pytest.raises(ValueError, match="vocab_size 256"):
        train_bpe("ab", 256, ["|"])


def test_compression_ratio() -> None:
    assert compression_ratio("€€", [1, 2, 3, 3]) == 6 / 4


def counted_anew(words: list[list[bytes]], freqs: list[int]) -> tuple[Counter, dict[tuple[bytes, bytes], set[int]]]:
    """The books of a corpus, by going through all of it: what `merge_step` has to arrive at without that."""
    counts = count_pairs({tuple(word): freq for word, freq in zip(words, freqs, strict=True)})
    return counts, {pair: {i for i, word in enumerate(words) if pair in pairwise(word)} for pair in counts}


def random_table(rng: random.Random, num_words: int, alphabet: str = "abc") -> dict[tuple[bytes, ...], int]:
    return as_table({"".join(rng.choices(alphabet, k=rng.randint(1, 9))): rng.randint(1, 9) for _ in range(num_words)})


def test_merge_step_by_hand() -> None:
    """The words hen 5, then 3, ten 4, tent 3 after (e, n): the lesson's table of merging (h, en)."""
    words = [[b"h", b"en"], [b"t", b"h", b"en"], [b"t", b"en"], [b"t", b"en", b"t"]]
    freqs = [5, 3, 4, 3]
    counts = Counter({(b"h", b"en"): 8, (b"t", b"h"): 3, (b"t", b"en"): 7, (b"en", b"t"): 3})
    holders = {(b"h", b"en"): {0, 1}, (b"t", b"h"): {1}, (b"t", b"en"): {2, 3}, (b"en", b"t"): {3}}
    assert (counts, holders) == counted_anew(words, freqs)
    touched = merge_step(words, freqs, counts, holders, (b"h", b"en"))
    assert words == [[b"hen"], [b"t", b"hen"], [b"t", b"en"], [b"t", b"en", b"t"]]
    assert dict(counts) == {(b"t", b"hen"): 3, (b"t", b"en"): 7, (b"en", b"t"): 3}
    assert holders == {(b"t", b"hen"): {1}, (b"t", b"en"): {2, 3}, (b"en", b"t"): {3}}
    assert touched == {(b"h", b"en"), (b"t", b"h"), (b"t", b"hen")}


@pytest.mark.parametrize("seed", range(5))
def test_merge_step_arrives_at_what_counting_anew_gives(seed: int) -> None:
    rng = random.Random(seed)
    table = random_table(rng, 40)
    words, freqs = [list(word) for word in table], list(table.values())
    counts, holders = counted_anew(words, freqs)
    while counts:
        before, pair = counts.copy(), rng.choice(sorted(counts))  # any pair, not only the best
        expected = [merge(word, pair, pair[0] + pair[1]) for word in words]
        touched = merge_step(words, freqs, counts, holders, pair)
        assert words == expected
        assert (dict(counts), holders) == counted_anew(words, freqs)
        assert {p for p in before | counts if before[p] != counts[p]} <= touched


@pytest.mark.parametrize("alphabet", ["a", "ab", "abcdefgh"])
def test_learn_merges_equals_counting_anew(alphabet: str) -> None:
    """Few letters make many overlaps and many ties."""
    table = random_table(random.Random(1), 60, alphabet)
    words, merges = dict(table), []
    while counts := count_pairs(words):
        left, right = best_pair(counts)
        merges.append((left, right))
        words = {tuple(merge(list(word), (left, right), left + right)): freq for word, freq in words.items()}
    assert learn_merges(table, 10_000) == merges
    assert learn_merges(table, 3) == merges[:3]
    assert learn_merges({}, 3) == []


def test_the_incremental_training_is_train_bpe() -> None:
    text = "".join(f"{word} {word}er<|end|>{word}ing<|end|>s " for word in ("low", "new", "wide", "über", "aaaa")) * 2
    for vocab_size, special_tokens in ((256, ()), (290, ()), (400, ["<|end|>"]), (280, ["<|end|>", "<|end|>s"])):
        arguments = (text, vocab_size, special_tokens)
        assert train_bpe_incremental(*arguments) == train_bpe(*arguments)
    with pytest.raises(ValueError, match="vocab_size 256"):
        train_bpe_incremental("ab", 256, ["|"])
