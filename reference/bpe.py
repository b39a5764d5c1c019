"""Byte-pair encoding, the training: which byte strings deserve a token of their own.

A corpus is a table of words, each a tuple of tokens, each token a byte string. Again and again the most
frequent neighbours become one token. The order in which that happened *is* the tokenizer.
"""

import re
from collections import Counter
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

from reference.tokenizer import pretokenize


def count_pairs(word_freqs: dict[tuple[bytes, ...], int]) -> Counter[tuple[bytes, bytes]]:
    """Count how often each two tokens stand side by side in a corpus.

    Args:
        word_freqs: maps a word, written as a tuple of tokens, to the number of times (≥ 1) that the
            corpus holds it.

    Returns:
        A Counter (or another dict) from (left, right) to the number of its places in the whole corpus. A pair
        that stands twice in a word counts twice for each occurrence of that word, also where the two places
        overlap. Neighbours in different words are no pair. Pairs that never occur have no entry.

    Source: Sennrich, Haddow, Birch, Neural Machine Translation of Rare Words with Subword Units (2016), algorithm 1.

    Example:
        >>> count_pairs({(b"l", b"o", b"l", b"o"): 2, (b"l", b"o"): 1})[b"l", b"o"]
        5
    """
    counts: Counter[tuple[bytes, bytes]] = Counter()
    for word, freq in word_freqs.items():
        for pair in pairwise(word):
            counts[pair] += freq
    return counts


def best_pair(counts: dict[tuple[bytes, bytes], int]) -> tuple[bytes, bytes]:
    """Choose the pair to merge next.

    Args:
        counts: from pair to count, as `count_pairs` returns it; not empty.

    Returns:
        The pair with the highest count. Among equals it is the lexicographically greatest one, pairs being
        compared as Python compares tuples of bytes: first by the left token, then by the right one. (Others
        take the pair that they saw first; then the result depends on the order of the corpus.)

    Example:
        >>> best_pair({(b"a", b"z"): 3, (b"ab", b"a"): 3, (b"z", b"z"): 2})
        (b'ab', b'a')
    """
    return max(counts, key=lambda pair: (counts[pair], pair))


def merge(ids: list, pair: tuple, new_id: int | bytes) -> list:
    """Replace every occurrence of a pair by one new token.

    Args:
        ids: the tokens, ints or bytes; may be empty.
        pair: (left, right), a tuple of two such tokens.
        new_id: the token that takes their place.

    Returns:
        A new list, also when nothing was replaced; ids itself stays as it was. Occurrences are taken from
        left to right and do not overlap: a token that was used up is not used again. Nor is a new token,
        even where new_id equals one half of the pair.

    Example:
        >>> merge([7, 7, 7, 5], (7, 7), 256)
        [256, 7, 5]
    """
    merged, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def _count_words(text: str, special_tokens: Sequence[str]) -> dict[tuple[bytes, ...], int]:
    """The corpus as a word table: words are tuples of single bytes, special tokens are borders and left out."""
    longest_first = sorted(special_tokens, key=len, reverse=True)
    documents = re.split("|".join(map(re.escape, longest_first)), text) if special_tokens else [text]
    words = Counter(word for document in documents for word in pretokenize(document))
    return {tuple(bytes([byte]) for byte in word.encode("utf-8")): freq for word, freq in words.items()}


def train_bpe(
    text: str, vocab_size: int, special_tokens: Sequence[str] = ()
) -> tuple[dict[int, bytes], list[tuple[bytes, bytes]]]:
    """Train a byte-level BPE tokenizer.

    Args:
        text: the corpus. Words are what `pretokenize` cuts it into; no token crosses a word's border.
        vocab_size: the number of tokens wanted: 256 bytes + merges + special tokens.
        special_tokens: strings such as "<|endoftext|>" that mark borders in the corpus. They split it
            (where two of them match at the same place, the longest one does), are no part of any word,
            and are never merged. Where there are none, the corpus is not split.

    Returns:
        (vocab, merges). merges lists the pairs in the order in which they were merged, chosen anew after each
        merge as `best_pair` chooses. vocab maps ids to bytes: 0…255 are the single bytes in order,
        then comes one token per merge (left + right, in order), then the special tokens in the order given,
        as UTF-8. Every merge and every special token gets an id of its own, even if its bytes already stand in
        vocab. If no pair is left, training stops early and vocab is smaller than vocab_size; the special
        tokens still follow directly.

    Raises:
        ValueError: vocab_size < 256 + number of special tokens.

    Source: Sennrich et al. (2016), section 3.2; on bytes: Radford et al., Language Models are Unsupervised
    Multitask Learners (2019), section 2.2.

    Example:
        >>> vocab, merges = train_bpe("low low low<|end|>lower", 259, ["<|end|>"])
        >>> merges
        [(b'o', b'w'), (b'l', b'ow')]
        >>> vocab[257], vocab[258]
        (b'low', b'<|end|>')
    """
    n_merges = vocab_size - 256 - len(special_tokens)
    if n_merges < 0:
        raise ValueError(f"vocab_size {vocab_size} has no room for 256 bytes and {len(special_tokens)} special tokens.")
    word_freqs = _count_words(text, special_tokens)
    merges: list[tuple[bytes, bytes]] = []
    while len(merges) < n_merges and (counts := count_pairs(word_freqs)):
        left, right = best_pair(counts)
        merges.append((left, right))
        word_freqs = {tuple(merge(list(word), (left, right), left + right)): freq for word, freq in word_freqs.items()}
    tokens = [bytes([byte]) for byte in range(256)]
    tokens += [left + right for left, right in merges]
    tokens += [special.encode("utf-8") for special in special_tokens]
    return dict(enumerate(tokens)), merges


def compression_ratio(text: str, ids: Sequence[int]) -> float:
    """Say how much text one token carries.

    Args:
        text: any string.
        ids: its token ids, at least one.

    Returns:
        UTF-8 bytes of text per token, a float. A tokenizer of plain bytes has 1.0; larger is better.

    Example:
        >>> compression_ratio("naïve", [110, 97, 300])
        2.0
    """
    return len(text.encode("utf-8")) / len(ids)


def merge_step(
    words: list[list[bytes]],
    freqs: list[int],
    counts: Counter[tuple[bytes, bytes]],
    holders: dict[tuple[bytes, bytes], set[int]],
    pair: tuple[bytes, bytes],
) -> set[tuple[bytes, bytes]]:
    """Merge one pair in a corpus, and keep the books right without counting all of it anew.

    Args:
        words: the different words of the corpus, each a list of tokens. No two of them spell the same bytes.
        freqs: freqs[i] is the number of times (≥ 1) that the corpus holds words[i].
        counts: a Counter from (left, right) to the number of its places in the corpus, as `count_pairs` counts.
        holders: a dict from each pair to the set of all i for which words[i] holds that pair.
        pair: the pair to merge; at least one word holds it.

    Returns:
        A set of pairs, among them every pair whose count is now another than before, those included that no
        longer occur. (Other pairs in it do no harm.)

    Changes words, counts and holders in place: afterwards they are as if the corpus had been gone through anew,
    with the pair merged in every word as `merge` does it. A pair that no longer occurs has no entry, neither in
    counts nor in holders. freqs stays as it was. Words that do not hold the pair are not looked at.

    Source: Sennrich et al. (2016), section 3.2, which proposes an index of all pairs, updated where words change.

    Example:
        >>> words, counts = [[b"h", b"en"], [b"t", b"en"]], Counter({(b"h", b"en"): 5, (b"t", b"en"): 4})
        >>> holders = {(b"h", b"en"): {0}, (b"t", b"en"): {1}}
        >>> merge_step(words, [5, 4], counts, holders, (b"h", b"en"))
        {(b'h', b'en')}
        >>> words, counts, holders
        ([[b'hen'], [b't', b'en']], Counter({(b't', b'en'): 4}), {(b't', b'en'): {1}})
    """
    changes: Counter[tuple[bytes, bytes]] = Counter()
    for i in list(holders[pair]):  # a list, because the set itself is about to lose i
        for old in pairwise(words[i]):
            changes[old] -= freqs[i]
            holders[old].discard(i)
        words[i] = merge(words[i], pair, pair[0] + pair[1])
        for new in pairwise(words[i]):
            changes[new] += freqs[i]
            holders.setdefault(new, set()).add(i)
    changed = {neighbours for neighbours, change in changes.items() if change}
    for neighbours in changed:
        counts[neighbours] += changes[neighbours]
        if not counts[neighbours]:
            del counts[neighbours], holders[neighbours]
    return changed


class _Downwards(tuple):
    """A pair in a heap, which hands out the smallest first: of two pairs, here the greater counts as the smaller."""

    def __lt__(self, other: tuple) -> bool:
        return tuple.__gt__(self, other)


def learn_merges(word_freqs: dict[tuple[bytes, ...], int], n_merges: int) -> list[tuple[bytes, bytes]]:
    """Learn the merges of a corpus, with work only where a merge has changed something.

    Args:
        word_freqs: maps a word, written as a tuple of tokens, to the number of times (≥ 1) that the
            corpus holds it; may be empty. No two words spell the same bytes.
        n_merges: how many merges are wanted, ≥ 0.

    Returns:
        The merges in order, each a tuple (left, right): the same as if after each merge all pairs were counted
        anew and `best_pair` chose. Fewer than n_merges if no pair is left. word_freqs itself stays as it was.

    A merge may cost work for the words that hold its pair and for the pairs that occur in the corpus, not for each
    word of the corpus.

    Example:
        >>> learn_merges({(b"h", b"e", b"n"): 5, (b"t", b"e", b"n"): 4}, 2)
        [(b'e', b'n'), (b'h', b'en')]
    """
    words, freqs = [list(word) for word in word_freqs], list(word_freqs.values())
    counts, holders = Counter(count_pairs(word_freqs)), {}
    for i, word in enumerate(words):
        for pair in pairwise(word):
            holders.setdefault(pair, set()).add(i)
    heap = [(-count, _Downwards(pair)) for pair, count in counts.items()]
    heapify(heap)
    merges = []
    while heap and len(merges) < n_merges:
        count, best = heappop(heap)
        if counts[best] == -count:  # else the count has changed since, and a newer entry says what it is
            merges.append(tuple(best))
            for pair in merge_step(words, freqs, counts, holders, merges[-1]):
                if pair in counts:
                    heappush(heap, (-counts[pair], _Downwards(pair)))
    return merges
