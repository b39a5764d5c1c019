"""Other right answers to bpe: the probes have to let them pass."""

import re
from collections import Counter
from itertools import pairwise

from reference.bpe import best_pair, count_pairs, merge, merge_step
from reference.tokenizer import pretokenize


def count_pairs__by_index(word_freqs):
    counts = {}
    for word in word_freqs:
        for i in range(1, len(word)):
            left_right = (word[i - 1], word[i])
            counts[left_right] = counts.get(left_right, 0) + word_freqs[word]
    return counts


def count_pairs__sum_of_counters(word_freqs):
    total = Counter()
    for word, freq in word_freqs.items():
        in_word = Counter(pairwise(word))
        total.update({pair: freq * times for pair, times in in_word.items()})
    return total


def best_pair__sort(counts):
    by_pair = sorted(counts, reverse=True)
    best, *_ = sorted(by_pair, key=counts.get, reverse=True)  # sorting is stable; of nothing there is no best
    return best


def best_pair__two_steps(counts):
    top = max(counts.values())
    return max(pair for pair, count in counts.items() if count == top)


def merge__lookback(ids, pair, new_id):
    merged, free = [], False  # free: the last token of merged is an old one
    for token in ids:
        if free and (merged[-1], token) == pair:
            merged[-1], free = new_id, False
        else:
            merged.append(token)
            free = True
    return merged


def merge__copy_then_edit(ids, pair, new_id):
    ids = list(ids)
    start = 0
    for i in range(len(ids) - 1):
        if i >= start and ids[i] == pair[0] and ids[i + 1] == pair[1]:
            ids[i : i + 2] = [new_id, None]
            start = i + 2
    return [token for token in ids if token is not None]


def train_bpe__one_pass_per_merge(text, vocab_size, special_tokens=()):
    if vocab_size < 256 + len(special_tokens):
        raise ValueError("too small")
    documents = [text]
    for special in sorted(special_tokens, key=len)[::-1]:  # cut by the longest first
        documents = [piece for document in documents for piece in document.split(special)]
    words = [[bytes([b]) for b in word.encode()] for document in documents for word in pretokenize(document)]
    merges = []
    for _ in range(vocab_size - 256 - len(special_tokens)):
        counts = Counter((word[i], word[i + 1]) for word in words for i in range(len(word) - 1))
        if not counts:
            break
        pair = best_pair(counts)
        merges.append(pair)
        words = [merge(word, pair, b"".join(pair)) for word in words]
    vocab = {i: bytes([i]) for i in range(256)}
    for token in [*map(b"".join, merges), *(special.encode() for special in special_tokens)]:
        vocab[len(vocab)] = token
    return vocab, merges


def train_bpe__touched_words_only(text, vocab_size, special_tokens=()):
    room = vocab_size - 256 - len(special_tokens)
    if room < 0:
        raise ValueError("too small")
    pattern = "|".join(re.escape(special) for special in sorted(special_tokens, key=lambda s: -len(s)))
    pieces = re.split(pattern, text) if pattern else [text]
    freqs = Counter(word for piece in pieces for word in pretokenize(piece))
    words = [([bytes([b]) for b in word.encode()], freq) for word, freq in freqs.items()]
    counts, places = Counter(), {}
    for place, (word, freq) in enumerate(words):
        for pair in pairwise(word):
            counts[pair] += freq
            places.setdefault(pair, set()).add(place)
    merges = []
    while len(merges) < room and any(counts.values()):
        pair = max(counts, key=lambda pair: (counts[pair], pair))
        merges.append(pair)
        for place in places.pop(pair):
            word, freq = words[place]
            for old in pairwise(word):
                counts[old] -= freq
            word[:] = merge(word, pair, pair[0] + pair[1])
            for new in pairwise(word):
                counts[new] += freq
                places.setdefault(new, set()).add(place)
    tokens = [bytes([i]) for i in range(256)] + [left + right for left, right in merges]
    return dict(enumerate(tokens + [special.encode() for special in special_tokens])), merges


def compression_ratio__by_character(text, ids):
    return sum(len(letter.encode()) for letter in text) / len(ids)


def compression_ratio__numpy(text, ids):
    import numpy as np

    return float(np.frombuffer(text.encode("utf-8"), dtype=np.uint8).size / np.size(ids))


def merge_step__straight_into_the_books(words, freqs, counts, holders, pair):
    touched, token = set(), b"".join(pair)
    for i in sorted(holders[pair]):
        old = Counter(pairwise(words[i]))
        words[i][:] = merge(words[i], pair, token)
        new = Counter(pairwise(words[i]))
        counts.subtract({one: times * freqs[i] for one, times in old.items()})
        counts.update({one: times * freqs[i] for one, times in new.items()})
        for lost in old.keys() - new.keys():
            holders[lost].remove(i)
        for won in new.keys() - old.keys():
            holders[won] = holders.get(won, set()) | {i}
        touched |= old.keys() | new.keys()
    for one in touched:
        if counts[one] == 0:
            counts.pop(one)
            holders.pop(one)
    return touched


def merge_step__neighbours_only(words, freqs, counts, holders, pair):
    token, told = pair[0] + pair[1], {pair}

    def change(left, right, by):
        told.add((left, right))
        counts[left, right] += by

    for i in sorted(holders[pair]):
        word, freq, k = words[i], freqs[i], 0
        while k < len(word) - 1:
            if word[k] == pair[0] and word[k + 1] == pair[1]:
                if k > 0:
                    change(word[k - 1], pair[0], -freq)
                    change(word[k - 1], token, freq)
                if k + 2 < len(word):
                    change(pair[1], word[k + 2], -freq)
                    change(token, word[k + 2], freq)
                change(*pair, -freq)
                word[k : k + 2] = [token]
            k += 1
        held = {(word[k], word[k + 1]) for k in range(len(word) - 1)}
        for one in held:
            holders.setdefault(one, set()).add(i)
        for one in told - held:
            if one in holders:
                holders[one].discard(i)
    for one in told:
        if not counts[one]:
            counts.pop(one, None)
            holders.pop(one, None)
    return told


def learn_merges__best_of_all(word_freqs, n_merges):
    words, freqs = list(map(list, word_freqs)), [*word_freqs.values()]
    counts = Counter()
    holders = {}
    for i in range(len(words)):
        for pair in zip(words[i], words[i][1:], strict=False):
            counts[pair] += freqs[i]
            holders[pair] = holders.get(pair, set()) | {i}
    merges = []
    for _ in range(n_merges):
        if not counts:
            break
        merges.append(best_pair(counts))
        merge_step(words, freqs, counts, holders, merges[-1])
    return merges


def learn_merges__one_drawer_for_each_count(word_freqs, n_merges):
    words, freqs = [list(word) for word in word_freqs], [word_freqs[word] for word in word_freqs]
    counts, holders, drawers = Counter(count_pairs(word_freqs)), {}, {}
    for pair, count in counts.items():
        holders[pair] = {i for i, word in enumerate(words) if pair in pairwise(word)}
        drawers.setdefault(count, set()).add(pair)
    merges, top = [], max(drawers, default=0)
    while top and len(merges) < n_merges:
        drawer = drawers.get(top, set())
        drawer = drawers[top] = {pair for pair in drawer if counts[pair] == top}  # the others have moved
        if not drawer:
            top -= 1
            continue
        merges.append(max(drawer))
        for pair in merge_step(words, freqs, counts, holders, merges[-1]):
            if pair in counts:
                drawers.setdefault(counts[pair], set()).add(pair)
    return merges
