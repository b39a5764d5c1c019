"""What goes wrong in training a byte-pair encoding."""

import re
from collections import Counter
from itertools import pairwise

from reference.bpe import best_pair, count_pairs, merge
from reference.misconceptions import Misconception
from reference.tokenizer import pretokenize


def _run_together(word_freqs):
    corpus = [token for word, freq in word_freqs.items() for token in word * freq]
    return Counter(pairwise(corpus))


def _without_overlaps(word_freqs):
    counts = Counter()
    for word, freq in word_freqs.items():
        used = {}
        for i, pair in enumerate(pairwise(word)):
            if used.get(pair) != i - 1:
                counts[pair] += freq
                used[pair] = i
    return counts


def _off_the_word(word_freqs):
    counts = Counter()
    for word, freq in word_freqs.items():
        for i in range(len(word)):
            counts[word[i], word[i + 1]] += freq
    return counts


def _pops_words(word_freqs):
    counts = Counter()
    while word_freqs:
        word, freq = word_freqs.popitem()
        for pair in pairwise(word):
            counts[pair] += freq
    return counts


def _longest(counts):
    return max(counts, key=lambda pair: (counts[pair], len(pair[0] + pair[1])))


def _pops_best(counts):
    pair = max(counts, key=lambda pair: (counts[pair], pair))
    counts.pop(pair)
    return pair


def _from_the_right(ids, pair, new_id):
    merged, i = [], len(ids)
    while i > 0:
        found = tuple(ids[max(i - 2, 0) : i]) == pair
        merged.append(new_id if found else ids[i - 1])
        i -= 2 if found else 1
    return merged[::-1]


def _in_place(ids, pair, new_id):
    i = 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            ids[i : i + 2] = [new_id]
        i += 1
    return ids


def _past_the_end(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if ids[i] == pair[0] and ids[i + 1] == pair[1]:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def _always_past_the_end(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if (ids[i], ids[i + 1]) == pair:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def _never_ends(ids, pair, new_id):
    class TimedOut(Exception):
        """All that is ever seen of an endless loop; like this, nobody has to wait for it."""

    raise TimedOut


def _stays_at_the_new_token(ids, pair, new_id):
    merged, i = list(ids), 0
    while i < len(merged) - 1:
        if (merged[i], merged[i + 1]) == pair:
            merged[i : i + 2] = [new_id]
        else:
            i += 1
    return merged


def _until_none_is_left(ids, pair, new_id):
    while True:
        places = [i for i in range(len(ids) - 1) if (ids[i], ids[i + 1]) == pair]
        if not places:
            return list(ids)
        ids = [*ids[: places[0]], new_id, *ids[places[0] + 2 :]]


def _counts_once(text, vocab_size, special_tokens=()):
    n_merges = vocab_size - 256 - len(special_tokens)
    if n_merges < 0:
        raise ValueError("vocab_size is too small")
    longest_first = sorted(special_tokens, key=len, reverse=True)
    documents = re.split("|".join(map(re.escape, longest_first)), text) if special_tokens else [text]
    words = Counter(word for document in documents for word in pretokenize(document))
    counts = count_pairs({tuple(bytes([byte]) for byte in word.encode()): freq for word, freq in words.items()})
    merges = []
    while counts and len(merges) < n_merges:
        merges.append(best_pair(counts))
        del counts[merges[-1]]
    tokens = [bytes([byte]) for byte in range(256)] + [left + right for left, right in merges]
    return dict(enumerate(tokens + [special.encode() for special in special_tokens])), merges


def _from_characters(text, vocab_size, special_tokens=()):
    longest_first = sorted(special_tokens, key=len, reverse=True)
    documents = re.split("|".join(map(re.escape, longest_first)), text) if special_tokens else [text]
    words = Counter(word for document in documents for word in pretokenize(document))
    word_freqs = {tuple(letter.encode() for letter in word): freq for word, freq in words.items()}
    tokens = sorted({token for word in word_freqs for token in word})
    merges = []
    while len(tokens) + len(special_tokens) < vocab_size and (counts := count_pairs(word_freqs)):
        left, right = best_pair(counts)
        merges.append((left, right))
        tokens.append(left + right)
        word_freqs = {tuple(merge(list(word), (left, right), left + right)): freq for word, freq in word_freqs.items()}
    return dict(enumerate(tokens + [special.encode() for special in special_tokens])), merges


def _old_neighbours(words, freqs, counts, holders, pair):
    touched = set()
    for i in list(holders[pair]):
        word = words[i]
        for old in pairwise(word):
            counts[old] -= freqs[i]
            holders[old].discard(i)
            touched.add(old)
        words[i] = merge(word, pair, pair[0] + pair[1])
        new_pairs, k = [], 0
        while k < len(word):  # of each new token: the neighbours that the two halves had in the old word
            size = 2 if tuple(word[k : k + 2]) == pair else 1
            here = b"".join(word[k : k + size])
            if k and size == 2:
                new_pairs.append((word[k - 1], here))
            if k + size < len(word) and (size == 2 or tuple(word[k + 1 : k + 3]) != pair):
                new_pairs.append((here, word[k + size]))
            k += size
        for new in new_pairs:
            counts[new] += freqs[i]
            holders.setdefault(new, set()).add(i)
            touched.add(new)
    for gone in [old for old in touched if not counts[old]]:
        del counts[gone], holders[gone]
    return touched


def _counts_all_again(word_freqs, n_merges):
    merges = []
    while len(merges) < n_merges and (counts := count_pairs(word_freqs)):
        left, right = best_pair(counts)
        merges.append((left, right))
        word_freqs = {tuple(merge(list(word), (left, right), left + right)): freq for word, freq in word_freqs.items()}
    return merges


MISCONCEPTIONS = (
    Misconception(
        "count_pairs", "frequency ignored",
        says="you count every word once, however often it occurs",
        ask="What does the number beside a word in the table say?",
        show='count_pairs({(b"a", b"b"): 7}) should hold the pair (b"a", b"b") 7 times, not once',
        family="denominator",
        edit={"counts[pair] += freq": "counts[pair] += 1"},
    ),
    Misconception(
        "count_pairs", "across words",
        says="your table holds pairs whose halves come from two words",
        ask="Do the last letter of one word and the first of the next ever stand in the same word?",
        show='count_pairs({(b"a",): 2, (b"b",): 1}) should be empty: no word has two tokens',
        family="rule",
        wrong=_run_together,
    ),
    Misconception(
        "count_pairs", "once per word",
        says="a pair that stands several times in a word is counted once",
        ask="How often do you meet the pair (a, n) while you walk through b-a-n-a-n-a?",
        show='count_pairs({(b"a", b"n", b"a", b"n"): 1}) should hold (b"a", b"n") twice and (b"n", b"a") once',
        family="denominator",
        edit={"in pairwise(word)": "in dict.fromkeys(pairwise(word))"},
    ),
    Misconception(
        "count_pairs", "overlaps left out",
        says="in a row of three equal tokens you count the pair once; it has two places",
        ask="May the right half of one pair be the left half of the next while you only count?",
        show='count_pairs({(b"a", b"a", b"a"): 1}) should hold (b"a", b"a") twice: places 0 and 1',
        family="off by one",
        wrong=_without_overlaps,
    ),
    Misconception(
        "count_pairs", "every second pair",
        says="you cut each word into twos, so every second neighbourhood is missing",
        ask="Which tokens does the second token of a word have beside it?",
        show='count_pairs({(b"a", b"b", b"c"): 1}) should hold two pairs: (b"a", b"b") and (b"b", b"c")',
        family="off by one",
        edit={"in pairwise(word)": "in zip(word[::2], word[1::2])"},
    ),
    Misconception(
        "count_pairs", "bytes for tokens",
        says="you take words apart into single bytes again, so merged tokens are lost",
        ask="What are the elements of a word's tuple after the first merge?",
        show='count_pairs({(b"lo", b"w"): 1}) should hold (b"lo", b"w"), and neither (b"l", b"o") nor (b"o", b"w")',
        family="rule",
        edit={"in pairwise(word)": 'in pairwise(bytes([byte]) for byte in b"".join(word))'},
    ),
    Misconception(
        "count_pairs", "last word wins",
        says="where several words hold a pair, only the last of them counts",
        ask="When you meet a pair again, what happens to the count that it has already?",
        show='count_pairs({(b"a", b"b"): 7, (b"a", b"b", b"c"): 2}) should hold (b"a", b"b") 9 times, not 2',
        family="rule",
        edit={"counts[pair] += freq": "counts[pair] = freq"},
    ),
    Misconception(
        "count_pairs", "no entry yet",
        says="you add to the count of a pair that your dict does not hold yet",
        ask="What does {}['x'] do, and what does Counter()['x'] do?",
        show="counts = {}; counts['x'] += 1 raises KeyError; the first time, there is no count to add to",
        family="rule",
        edit={"counts: Counter[tuple[bytes, bytes]] = Counter()": "counts = {}"},
    ),
    Misconception(
        "count_pairs", "looks past the end",
        says="you look for the right neighbour of a word's last token, and it has none",
        ask="In a word of n tokens, for which i does word[i + 1] exist?",
        show='count_pairs({(b"a", b"b"): 1}) should hold one pair; word[2] does not exist',
        family="off by one",
        wrong=_off_the_word,
    ),
    Misconception(
        "count_pairs", "last pair lost",
        says="the last pair of each word is missing from your counts",
        ask="How many pairs are there in a word of two tokens?",
        show='count_pairs({(b"a", b"b"): 7}) should hold (b"a", b"b") 7 times',
        family="off by one",
        edit={"in pairwise(word)": "in pairwise(word[:-1])"},
    ),
    Misconception(
        "count_pairs", "pair run together",
        says="your counts are filed under left + right; they should be filed under (left, right)",
        ask="Which two pairs would both become b'abc' if their halves were run together?",
        show='count_pairs({(b"a", b"b"): 7}) should be {(b"a", b"b"): 7}, not {b"ab": 7}',
        family="rule",
        edit={"counts[pair] += freq": 'counts[b"".join(pair)] += freq'},
    ),
    Misconception(
        "count_pairs", "empties the table",
        says="your counts are right, but you take the words out of the caller's table",
        ask="Which methods of a dict change it?",
        show='table = {(b"a", b"b"): 7}; count_pairs(table); table should still hold its word',
        family="state",
        wrong=_pops_words,
    ),
    Misconception(
        "best_pair", "first seen wins",
        says="among equal counts you take the pair that comes first in the dict",
        ask="Your key compares counts: what else should it compare where these are equal?",
        show='best_pair({(b"a", b"b"): 2, (b"b", b"a"): 2}) should be (b"b", b"a")',
        family="rule",
        edit={"(counts[pair], pair)": "counts[pair]"},
    ),
    Misconception(
        "best_pair", "smallest wins",
        says="among equal counts you take the lexicographically smallest pair",
        ask="If you sort and take the first: does the same direction serve both counts and pairs?",
        show='best_pair({(b"a", b"b"): 2, (b"b", b"a"): 2}) should be (b"b", b"a")',
        family="sign or order",
        edit={"max(counts": "min(counts", "(counts[pair], pair)": "(-counts[pair], pair)"},
    ),
    Misconception(
        "best_pair", "bytes run together",
        says="you compare ties by the bytes of both tokens run together",
        ask="A tuple is compared element by element: what does that say about (b'ab', b'a') and (b'a', b'bc')?",
        show='best_pair({(b"ab", b"a"): 2, (b"a", b"bc"): 2}) should be (b"ab", b"a"), for b"ab" > b"a"',
        family="rule",
        edit={"(counts[pair], pair)": "(counts[pair], pair[0] + pair[1])"},
    ),
    Misconception(
        "best_pair", "right token first",
        says="among equal counts you compare the right tokens before the left ones",
        ask="Which element of a tuple is compared first?",
        show='best_pair({(b"b", b"a"): 2, (b"a", b"b"): 2}) should be (b"b", b"a")',
        family="sign or order",
        edit={"(counts[pair], pair)": "(counts[pair], pair[::-1])"},
    ),
    Misconception(
        "best_pair", "count ignored",
        says="you return the greatest pair, whatever its count",
        ask="What does max compare when it walks through a dict?",
        show='best_pair({(b"a", b"b"): 9, (b"b", b"a"): 1}) should be (b"a", b"b")',
        family="rule",
        edit={"(counts[pair], pair)": "pair"},
    ),
    Misconception(
        "best_pair", "longest wins",
        says="among equal counts you take the pair that makes the longest token",
        ask="Does the length of a token stand anywhere in the rule?",
        show='best_pair({(b"b", b"a"): 2, (b"a", b"bc"): 2}) should be (b"b", b"a")',
        family="rule",
        wrong=_longest,
    ),
    Misconception(
        "best_pair", "pair with count",
        says="you return the pair together with its count",
        ask="What are the two things in each element of counts.items()?",
        show='best_pair({(b"a", b"b"): 9}) should be (b"a", b"b"), not ((b"a", b"b"), 9)',
        family="rule",
        edit={"max(counts, key=lambda pair: (counts[pair], pair))": "max(counts.items(), key=lambda item: item[::-1])"},
    ),
    Misconception(
        "best_pair", "takes it out",
        says="the pair is right, but you remove it from the caller's counts",
        ask="Who counts the pairs for the next step, you or `count_pairs`?",
        show='counts = {(b"a", b"b"): 9}; best_pair(counts); counts should still hold its pair',
        family="state",
        wrong=_pops_best,
    ),
    Misconception(
        "merge", "second element kept",
        says="after a merge you go on with the pair's right half, as if it had not been used",
        ask="Where does the next token begin after two were replaced?",
        show="merge([7, 7, 7], (7, 7), 256) should be [256, 7]; from three tokens you make more than one new one",
        family="off by one",
        edit={"i += 2": "i += 1"},
    ),
    Misconception(
        "merge", "from the right",
        says="you take occurrences from right to left",
        ask="In a row of three equal tokens, which two are merged?",
        show="merge([7, 7, 7], (7, 7), 256) should be [256, 7], not [7, 256]",
        family="sign or order",
        wrong=_from_the_right,
    ),
    Misconception(
        "merge", "only the first",
        says="you replace the first occurrence and leave the others",
        ask="What does your loop do after it has found the pair?",
        show="merge([1, 2, 1, 2], (1, 2), 256) should be [256, 256]",
        family="rule",
        edit={"== pair:": "== pair and new_id not in merged:"},
    ),
    Misconception(
        "merge", "last token lost",
        says="the last token of the list is missing from your result",
        ask="Which tokens have no right neighbour, and where do they go?",
        show="merge([1, 2, 3], (1, 2), 256) should be [256, 3]",
        family="off by one",
        edit={"while i < len(ids)": "while i < len(ids) - 1"},
    ),
    Misconception(
        "merge", "looks past the end",
        says="you look at the right neighbour of the last token, and it has none",
        ask="For which i does ids[i + 1] exist?",
        show="merge([2, 1], (1, 2), 256) should be [2, 1]; ids[2] does not exist",
        family="off by one",
        wrong=_past_the_end,
    ),
    Misconception(
        "merge", "always past the end",
        says="you look for the right neighbour of every token, and the last one has none",
        ask="For which i does ids[i + 1] exist, and what should happen to the token at the last i?",
        show="merge([3], (1, 2), 256) should be [3]; ids[1] does not exist",
        family="off by one",
        wrong=_always_past_the_end,
    ),
    Misconception(
        "merge", "list against tuple",
        says="nothing is ever merged: your result is a copy of the list",
        ask="Of which type is a slice of a list, of which type is pair, and can the two be equal?",
        show="[1, 2] == (1, 2) is False, so ids[i : i + 2] == pair is False at every i",
        family="rule",
        edit={"tuple(ids[i : i + 2]) == pair": "ids[i : i + 2] == pair"},
    ),
    Misconception(
        "merge", "never ends",
        says="your loop does not come to an end",
        ask="On every path through your loop, by how much does i grow?",
        show="print(i) as the first line of the loop, then merge([1, 2], (1, 2), 256): which i comes again and again?",
        family="rule",
        wrong=_never_ends,
    ),
    Misconception(
        "merge", "halves added",
        says="you write left + right where the pair stood, and not new_id",
        ask="With bytes, new_id equals left + right: is that so with ids, too?",
        show="merge([1, 2], (1, 2), 256) should be [256], not [3]",
        family="rule",
        edit={"merged.append(new_id)": "merged.append(pair[0] + pair[1])"},
    ),
    Misconception(
        "merge", "new token used again",
        says="after a merge you look at the new token again, as if it were the pair's left half",
        ask="After a replacement, at which token does your code look next: at the new one, or behind it?",
        show="merge([1, 2, 2], (1, 2), 1) should be [1, 2]: the new 1 is not merged with the second 2",
        family="state",
        wrong=_stays_at_the_new_token,
    ),
    Misconception(
        "merge", "until none is left",
        says="you go through the list again and again until it does not hold the pair; once is enough",
        ask="If a new token equals one half of the pair, how often is your list searched, and how often should it be?",
        show="merge([1, 1, 2], (1, 2), 2) should be [1, 2]: this (1, 2) has come into being by the merge itself",
        family="state",
        wrong=_until_none_is_left,
    ),
    Misconception(
        "merge", "in place",
        says="the tokens are right, but you write them into the caller's list",
        ask="Which list do you change, and who else holds it?",
        show="ids = [1, 2]; merge(ids, (1, 2), 256); ids should still be [1, 2]",
        family="state",
        wrong=_in_place,
    ),
    Misconception(
        "merge", "either order",
        says="you also merge the pair the other way round",
        ask="Is (1, 2) the same pair as (2, 1)?",
        show="merge([2, 1], (1, 2), 256) should be [2, 1]",
        family="sign or order",
        edit={"tuple(ids[i : i + 2]) == pair": "tuple(ids[i : i + 2]) in (pair, pair[::-1])"},
    ),
    Misconception(
        "train_bpe", "ties: first seen",
        says="among equally frequent pairs you merge the one that you met first",
        ask="Which of your functions knows what to do about equal counts?",
        show='train_bpe("ab\\ncd", 257)[1] should be [(b"c", b"d")]',
        family="rule",
        edit={"best_pair(counts)": "max(counts, key=counts.get)"},
    ),
    Misconception(
        "train_bpe", "tokens are numbers",
        says="your tokens are whole numbers; a token is a byte string",
        ask="What is the first element of tuple(b'hen')?",
        show='train_bpe("ab", 257)[1] should be [(b"a", b"b")], not [(97, 98)]; b"ab"[0] is 97, b"ab"[0:1] is b"a"',
        family="units",
        edit={'tuple(bytes([byte]) for byte in word.encode("utf-8"))': 'tuple(word.encode("utf-8"))'},
    ),
    Misconception(
        "train_bpe", "one token per character",
        says="each character starts as one token, also where it has several bytes",
        ask="Of how many bytes is 'ü'.encode('utf-8') made, and how many tokens should it start as?",
        show='train_bpe("ü", 257)[1] should be [(b"\\xc3", b"\\xbc")]: ü starts as two tokens',
        family="units",
        edit={
            'tuple(bytes([byte]) for byte in word.encode("utf-8"))': 'tuple(letter.encode("utf-8") for letter in word)',
        },
    ),
    Misconception(
        "train_bpe", "lists in the table",
        says="you put lists into the table, and a list cannot be the key of a dict",
        ask="What does `merge` return, and what does a table have as its keys?",
        show="{[1, 2]: 5} raises TypeError, {(1, 2): 5} does not",
        family="rule",
        edit={"{tuple(merge(": "{merge(", "left + right)): freq": "left + right): freq"},
    ),
    Misconception(
        "train_bpe", "no early stop",
        says="when no pair is left your loop goes on, and there is no best pair of none",
        ask="What does `count_pairs` return when every word is one token, and what does `best_pair` make of that?",
        show='train_bpe("ab", 300) should return after one merge; max() of nothing raises ValueError',
        family="rule",
        edit={" and (counts := count_pairs(word_freqs)):": ":\n        counts = count_pairs(word_freqs)"},
    ),
    Misconception(
        "train_bpe", "frequencies forgotten",
        says="after the first merge every word counts once, however often it occurs",
        ask="When you build the new table, what stands beside each word?",
        show='train_bpe("abc\\nabc\\nxyz", 258)[1] should be [(b"b", b"c"), (b"a", b"bc")]; (a, bc) counts 2',
        family="denominator",
        edit={"left + right)): freq for": "left + right)): 1 for"},
    ),
    Misconception(
        "train_bpe", "merges run together",
        says="your merges are whole tokens; each should be the pair (left, right)",
        ask="From b'low' alone, could you tell which two tokens were merged?",
        show='train_bpe("ab", 257)[1] should be [(b"a", b"b")], not [b"ab"]',
        family="rule",
        edit={
            "merges.append((left, right))": "merges.append(left + right)",
            "[left + right for left, right in merges]": "merges",
        },
    ),
    Misconception(
        "train_bpe", "results swapped",
        says="you return merges and vocab; the order is vocab, merges",
        ask="Which of the two results does the contract name first?",
        show='type(train_bpe("ab", 257)[0]) should be dict, and of [1] it should be list',
        family="sign or order",
        edit={"return dict(enumerate(tokens)), merges": "return merges, dict(enumerate(tokens))"},
    ),
    Misconception(
        "train_bpe", "specials before merges",
        says="your special tokens have their ids before the merges",
        ask="Which id follows 255: that of the first merge, or that of the first special token?",
        show='train_bpe("ab", 258, ["<|end|>"])[0][256] should be b"ab", and [257] b"<|end|>"',
        family="sign or order",
        edit={
            "tokens += [left + right for left, right in merges]":
            'tokens += [special.encode("utf-8") for special in special_tokens]',
            'tokens += [special.encode("utf-8") for special in special_tokens]\n    return':
            "tokens += [left + right for left, right in merges]\n    return",
        },
    ),
    Misconception(
        "train_bpe", "equal bytes, one id",
        says="a token whose bytes are in vocab already gets no id of its own",
        ask="How many ids should there be for 256 bytes, M merges and S special tokens, whatever they spell?",
        show='len(train_bpe("", 257, ["a"])[0]) should be 257: b"a" is there twice, as 97 and as 256',
        family="rule",
        edit={"dict(enumerate(tokens))": "dict(enumerate(dict.fromkeys(tokens)))"},
    ),
    Misconception(
        "train_bpe", "text for bytes",
        says="your special tokens stand in vocab as str; all tokens are bytes",
        ask="Of which type are the values of vocab?",
        show='train_bpe("", 257, ["<|end|>"])[0][256] should be b"<|end|>", not "<|end|>"',
        family="units",
        edit={'special.encode("utf-8")': "special"},
    ),
    Misconception(
        "train_bpe", "characters for bytes",
        says="from 128 on, your first tokens are two bytes long: they are characters, encoded",
        ask="What is chr(200).encode('utf-8'), and what is bytes([200])?",
        show='train_bpe("", 256)[0][200] should be b"\\xc8", one byte',
        family="units",
        edit={"bytes([byte]) for byte in range(256)": 'chr(byte).encode("utf-8") for byte in range(256)'},
    ),
    Misconception(
        "train_bpe", "refuses no merges",
        says="you refuse a vocab_size that has room for all but merges",
        ask="Is a vocabulary of 256 bytes and no merge a vocabulary?",
        show='train_bpe("ab", 256) should return the 256 bytes and [], not raise',
        family="off by one",
        edit={"n_merges < 0": "n_merges <= 0"},
    ),
    Misconception(
        "train_bpe", "another exception",
        says="a vocab_size that is too small raises, but not a ValueError",
        ask="Which exception does the contract name, and which one does assert raise?",
        show='train_bpe("ab", 255) should raise ValueError',
        family="rule",
        edit={"raise ValueError(": "raise AssertionError("},
    ),
    Misconception(
        "train_bpe", "empty pattern",
        says="without special tokens your text is cut into single characters",
        ask="Which pattern does '|'.join make of no special tokens, and where does that pattern match?",
        show='re.split("", "ab") is ["", "a", "b", ""]; train_bpe("ab", 257)[1] should be [(b"a", b"b")]',
        family="rule",
        edit={" if special_tokens else [text]": ""},
    ),
    Misconception(
        "train_bpe", "specials kept as words",
        says="you split at the special tokens, but then count them like words",
        ask="What does re.split keep for a pattern in parentheses? And which comes first, the split or `pretokenize`?",
        show='train_bpe("a<|end|>b", 258, ["<|end|>"])[1] should be []; re.split("(x)", "axb") is ["a", "x", "b"]',
        family="leakage",
        edit={'"|".join(map(re.escape, longest_first))': '"(" + "|".join(map(re.escape, longest_first)) + ")"'},
    ),
    Misconception(
        "train_bpe", "gap before the specials",
        says="when training ends early you leave ids empty before the special tokens",
        ask="Is the id of the first special token vocab_size - S, or one more than that of the last merge?",
        show='sorted(train_bpe("ab", 300, ["<|end|>"])[0])[-1] should be 257, right after the only merge',
        family="rule",
        edit={
            "return dict(enumerate(tokens)), merges":
            "room = vocab_size - len(tokens)\n"
            "    first = len(tokens) - len(special_tokens)\n"
            "    return {i if i < first else i + room: token for i, token in enumerate(tokens)}, merges",
        },
    ),
    Misconception(
        "train_bpe", "specials sorted",
        says="your special tokens have their ids in another order than they were given in",
        ask="You sort the special tokens to split the text: which order should their ids follow?",
        show='train_bpe("", 258, ["<|a|>", "<|bc|>"])[0][256] should be b"<|a|>"',
        family="sign or order",
        edit={"for special in special_tokens]": "for special in sorted(special_tokens, key=len, reverse=True)]"},
    ),
    Misconception(
        "train_bpe", "specials not counted, not refused",
        says="you forget the special tokens in vocab_size: your vocabulary becomes too large by their number",
        ask="How many ids are left for merges after the bytes and the special tokens? And if fewer than none are?",
        show='len(train_bpe("abcabc", 258, ["<|end|>"])[0]) should be 258; with 256 it should raise ValueError',
        family="off by one",
        edit={" - 256 - len(special_tokens)": " - 256"},
    ),
    Misconception(
        "train_bpe", "specials stay in the corpus",
        says="special tokens stay in the corpus and are merged like words",
        ask="Do the pieces that you hand to `pretokenize` still hold <|end|>? What does re.split keep, and when?",
        show='train_bpe("a<|end|>b", 258, ["<|end|>"])[1] should be []: a and b are all the text there is',
        family="leakage",
        edit={' if special_tokens else [text]': " if False else [text]"},
    ),
    Misconception(
        "train_bpe", "specials cut out",
        says="you delete special tokens and glue together what stood on both sides",
        ask="Which letters are neighbours after the special token between them has gone?",
        show='train_bpe("a<|end|>b", 258, ["<|end|>"])[1] should be []: a and b were never neighbours',
        family="leakage",
        edit={
            're.split("|".join(map(re.escape, longest_first)), text) if special_tokens else [text]':
            '[re.sub("|".join(map(re.escape, longest_first)), "", text) if special_tokens else text]',
        },
    ),
    Misconception(
        "train_bpe", "specials not counted",
        says="your vocabulary is too large by the number of special tokens",
        ask="How many ids are left for merges after the bytes and the special tokens have theirs?",
        show='len(train_bpe("abcabc", 258, ["<|end|>"])[0]) should be 258: 256 bytes, 1 merge, 1 special token',
        family="off by one",
        edit={
            "vocab_size - 256 - len(special_tokens)": "vocab_size - 256",
            "n_merges < 0": "n_merges < len(special_tokens)",
        },
    ),
    Misconception(
        "train_bpe", "counts are stale",
        says="you count the pairs once and never again, so you merge pairs that no longer exist",
        ask="After b and c have become bc, how often does b still stand beside its old neighbours?",
        show='train_bpe("abc", 258)[1] should be [(b"b", b"c"), (b"a", b"bc")]: after the first merge (a, b) is gone',
        family="state",
        wrong=_counts_once,
    ),
    Misconception(
        "train_bpe", "one merge too few",
        says="you stop one merge before the vocabulary is full",
        ask="How many tokens has the vocabulary before the first merge, and after the last?",
        show='train_bpe("ab", 257)[1] should be [(b"a", b"b")]: 256 bytes and one merge',
        family="off by one",
        edit={"len(merges) < n_merges": "len(merges) < n_merges - 1"},
    ),
    Misconception(
        "train_bpe", "starts from characters",
        says="your vocabulary starts from the characters of the corpus, not from the 256 bytes",
        ask="Which id would a letter get that the corpus does not hold?",
        show='train_bpe("ab", 256)[0][97] should be b"a", and id 0 the byte 0',
        family="units",
        wrong=_from_characters,
    ),
    Misconception(
        "train_bpe", "vocab upside down",
        says="your vocab maps bytes to ids; it should map ids to bytes",
        ask="What would you look up in vocab: the number 97, or the bytes b'a'?",
        show='train_bpe("", 256)[0][97] should be b"a"',
        family="sign or order",
        edit={"dict(enumerate(tokens))": "{token: i for i, token in enumerate(tokens)}"},
    ),
    Misconception(
        "train_bpe", "stops at rare pairs",
        says="you stop as soon as no pair occurs twice",
        ask="Is a pair that occurs once no pair?",
        show='train_bpe("ab", 257)[1] should be [(b"a", b"b")], though it occurs once',
        family="rule",
        edit={
            "(counts := count_pairs(word_freqs))": "max((counts := count_pairs(word_freqs)).values(), default=0) >= 2",
        },
    ),
    Misconception(
        "train_bpe", "words without their space",
        says="you cut the text at white space, so words lose the space in front of them",
        ask="What is the difference between pretokenize('on on') and 'on on'.split()?",
        show='train_bpe("on on", 258)[1] should be [(b"o", b"n"), (b" ", b"on")]',
        family="rule",
        edit={"pretokenize(document)": "document.split()"},
    ),
    Misconception(
        "train_bpe", "no words",
        says="you treat the text as one long word, so tokens cross the borders of words",
        ask="Into which pieces is a document cut before pairs are counted?",
        show='train_bpe("a b", 258)[1] should be [(b" ", b"b")]; nothing crosses from a to the space',
        family="rule",
        edit={"pretokenize(document)": "[document]"},
    ),
    Misconception(
        "train_bpe", "order given, not longest first",
        says="where two special tokens match you take the one that is listed first, not the longest",
        ask="Which alternative does a regular expression take when several match at the same place?",
        show='train_bpe("<|a|>xy", 259, ["<|a|>", "<|a|>x"])[1] should be []: the longer one leaves only y',
        family="rule",
        edit={"sorted(special_tokens, key=len, reverse=True)": "list(special_tokens)"},
    ),
    Misconception(
        "train_bpe", "not escaped",
        says="your regular expression reads special tokens as patterns",
        ask="What does re.split do with the pattern [end]?",
        show='train_bpe("an", 258, ["[end]"])[1] should be [(b"a", b"n")]; the pattern [end] would cut at n',
        family="rule",
        edit={"map(re.escape, longest_first)": "longest_first"},
    ),
    Misconception(
        "train_bpe", "too small is accepted",
        says="a vocab_size too small for the bytes and the special tokens is accepted in silence",
        ask="What is the number of merges for a vocab_size of 255?",
        show='train_bpe("ab", 255) should raise ValueError',
        family="rule",
        edit={"if n_merges < 0:": "if False:"},
    ),
    Misconception(
        "train_bpe", "sorts the caller's list",
        says="you sort the caller's list of special tokens, which also changes their ids",
        ask="What is the difference between sorted(x) and x.sort()?",
        show='specials = ["<|a|>", "<|bc|>"]; train_bpe("", 258, specials); specials should be as before',
        family="state",
        edit={
            "longest_first = sorted(special_tokens, key=len, reverse=True)": (
                "longest_first = special_tokens if special_tokens else []\n"
                "    longest_first.sort(key=len, reverse=True)"
            ),
        },
    ),
    Misconception(
        "compression_ratio", "characters",
        says="you count characters where bytes are asked for",
        ask="How long is 'é', and how long is 'é'.encode('utf-8')?",
        show='compression_ratio("é", [1]) should be 2.0',
        family="units",
        edit={'len(text.encode("utf-8"))': "len(text)"},
    ),
    Misconception(
        "compression_ratio", "upside down",
        says="your result is tokens per byte, the ratio upside down",
        ask="Should a better tokenizer have a larger number or a smaller one?",
        show='compression_ratio("abcd", [1, 2]) should be 2.0, not 0.5',
        family="sign or order",
        edit={'len(text.encode("utf-8")) / len(ids)': 'len(ids) / len(text.encode("utf-8"))'},
    ),
    Misconception(
        "compression_ratio", "distinct ids",
        says="you divide by the number of different ids, not by the number of tokens",
        ask="How many tokens does [7, 7, 7] hold?",
        show='compression_ratio("abcabc", [7, 7]) should be 3.0, not 6.0',
        family="denominator",
        edit={"len(ids)": "len(set(ids))"},
    ),
    Misconception(
        "compression_ratio", "bits",
        says="your result is eight times too large: bits per token",
        ask="What is the unit of len(text.encode('utf-8'))?",
        show='compression_ratio("ab", [1, 2]) should be 1.0, not 8.0',
        family="units",
        edit={'len(text.encode("utf-8"))': '8 * len(text.encode("utf-8"))'},
    ),
    Misconception(
        "compression_ratio", "rounded down",
        says="your division drops what comes after the point",
        ask="What is the difference between / and // in Python?",
        show='compression_ratio("abc", [1, 2]) should be 1.5, not 1',
        family="rule",
        edit={") / len(ids)": ") // len(ids)"},
    ),
    Misconception(
        "merge_step", "neighbours stay",
        says="you take the merged pair out of counts, but not what its halves were with their other neighbours",
        ask="In t-h-en, when h and en become one token: which pair did t belong to before?",
        show="merge (h, en) in the word t-h-en: the pair (t, h) should lose this place too, not only (h, en)",
        family="state",
        edit={"changes[old] -= freqs[i]": "changes[old] -= freqs[i] if old == pair or not set(old) & set(pair) else 0"},
    ),
    Misconception(
        "merge_step", "nothing taken away",
        says="you add the pairs of the new word, and never take away those of the old one",
        ask="A word that you count a second time: what has to happen to its first count?",
        show="merge (h, en) in t-h-en-d: (t, hen) comes, and (h, en) should go from counts; with you it stays",
        family="state",
        edit={"changes[old] -= freqs[i]": "changes[old] -= 0"},
    ),
    Misconception(
        "merge_step", "left neighbour forgotten",
        says="you correct the pairs on the right of the new token, and forget those on its left",
        ask="How many neighbours has a token in the middle of a word?",
        show="merge (h, en) in t-h-en-s: (t, h) should become (t, hen), as (en, s) becomes (hen, s)",
        family="rule",
        edit={
            "for old in pairwise(words[i]):":
            "for old in [p for p in pairwise(words[i]) if p == pair or p[1] != pair[0]]:",
            "for new in pairwise(words[i]):":
            "for new in [p for p in pairwise(words[i]) if p[1] not in (pair[0], pair[0] + pair[1])]:",
        },
    ),
    Misconception(
        "merge_step", "right neighbour forgotten",
        says="you correct the pairs on the left of the new token, and forget those on its right",
        ask="Which pair began with the right half before the merge, and which begins with the new token now?",
        show="merge (h, en) in t-h-en-s: (en, s) should become (hen, s), as (t, h) becomes (t, hen)",
        family="rule",
        edit={
            "for old in pairwise(words[i]):":
            "for old in [p for p in pairwise(words[i]) if p == pair or p[0] != pair[1]]:",
            "for new in pairwise(words[i]):":
            "for new in [p for p in pairwise(words[i]) if p[0] not in (pair[1], pair[0] + pair[1])]:",
        },
    ),
    Misconception(
        "merge_step", "neighbours of the old word",
        says="where two new tokens meet, you pair each with a half of the other, as the old word had it",
        ask="After a-b-a-b has become ab-ab, does any a or b still stand alone?",
        show="merge (a, b) in a-b-a-b: what comes is the pair (ab, ab), and neither (ab, a) nor (b, ab)",
        family="state",
        wrong=_old_neighbours,
    ),
    Misconception(
        "merge_step", "frequency ignored",
        says="you change counts by 1 for each word, however often the word occurs",
        ask="What does freqs[i] say about words[i]?",
        show="a word with freqs[i] = 5 that loses a pair takes 5 places from its count, not 1",
        family="denominator",
        edit={"changes[old] -= freqs[i]": "changes[old] -= 1", "changes[new] += freqs[i]": "changes[new] += 1"},
    ),
    Misconception(
        "merge_step", "once per word",
        says="a pair that stands several times in a word is taken away and added once",
        ask="How many places has (a, a) in a-a-a, and how many of them does your loop see?",
        show="a-a-a with freqs[i] = 2 gives (a, a) the count 4; merging (a, a) should take all 4 away",
        family="denominator",
        edit={
            "for old in pairwise(words[i])": "for old in set(pairwise(words[i]))",
            "for new in pairwise(words[i])": "for new in set(pairwise(words[i]))",
        },
    ),
    Misconception(
        "merge_step", "zeros stay",
        says="your counts are right, but pairs that no longer occur keep an entry with 0, or with an empty set",
        ask="What would a later search for the best pair do with an entry that says 0?",
        show="merge (a, b) in the only word a-b: counts and holders should both be empty, without (a, b)",
        family="state",
        edit={"if not counts[neighbours]:": "if False:"},
    ),
    Misconception(
        "merge_step", "new pairs not in the index",
        says="the new token's pairs are in counts, but holders does not know which words hold them",
        ask="When the next merge takes a pair that this one has made, where will it look for the words?",
        show="merge (h, en) in word 1, t-h-en: afterwards holders[b't', b'hen'] should be {1}",
        family="state",
        edit={"holders.setdefault(new, set()).add(i)": "holders.get(new, set()).add(i)"},
    ),
    Misconception(
        "merge_step", "index never shrinks",
        says="holders still names words for pairs that they no longer hold",
        ask="If holders sends you to a word that lost its pair long ago, what will you take away there?",
        show="merge (h, en) in t-h-en, while another word holds (t, h): this word has to leave holders[b't', b'h']",
        family="state",
        edit={"holders[old].discard(i)": "holders[old].add(i)"},
    ),
    Misconception(
        "merge_step", "struck out while it holds it",
        says="you strike a word out of the sets of all its old pairs, also of those that it still holds",
        ask="You enter the new pairs and then strike out the old ones: what if a pair is both?",
        show="merge (a, b) in word 0, c-a-b-d-c-a: it holds (c, a) before and after, so 0 stays in holders[c, a]",
        family="state",
        edit={
            "            holders[old].discard(i)\n": "",
            "            holders.setdefault(new, set()).add(i)":
            "            holders.setdefault(new, set()).add(i)\n        for old in before:\n"
            "            holders[old].discard(i)",
            "        words[i] = merge": "        before = list(pairwise(words[i]))\n        words[i] = merge",
        },
    ),
    Misconception(
        "merge_step", "words not written back",
        says="counts and holders change, but the words in the caller's list do not",
        ask="`merge` returns a new list: who keeps it?",
        show="after merging (h, en), words[0] should be [b'hen'], not [b'h', b'en']",
        family="state",
        edit={
            "words[i] = merge(words[i], pair, pair[0] + pair[1])\n        for new in pairwise(words[i])":
            "word = merge(words[i], pair, pair[0] + pair[1])\n        for new in pairwise(word)",
        },
    ),
    Misconception(
        "merge_step", "looks at all words",
        says="all is right, but you look at every word to find those that hold the pair",
        ask="What is in holders[pair], and what would you have to read if you trusted it?",
        show="for i in holders[pair] (over a copy of the set) meets exactly the words that change",
        family="rule",
        edit={"list(holders[pair])": "[i for i, word in enumerate(words) if pair in pairwise(word)]"},
    ),
    Misconception(
        "merge_step", "set changes underfoot",
        says="you walk through a set and take elements out of it at the same time",
        ask="Which set does your loop walk through, and what happens to it when a word loses its pair?",
        show="s = {0, 1}; for i in s: s.discard(i) raises RuntimeError; walk through list(s) instead",
        family="state",
        edit={"list(holders[pair])": "holders[pair]"},
    ),
    Misconception(
        "merge_step", "tells of new pairs only",
        says="the set that you return holds the pairs that came, but not those that became rarer or went",
        ask="If a pair had 9 places and has 4 now, how does the caller learn of it?",
        show="merging (h, en) in t-h-en changes the count of three pairs: (t, hen) comes, (t, h) and (h, en) go",
        family="rule",
        edit={"return changed": "return {p for p in changed if pair[0] + pair[1] in p}"},
    ),
    Misconception(
        "learn_merges", "smallest of equals",
        says="among equal counts you merge the smallest pair, because that is how a heap orders them",
        ask="heappop hands out the smallest entry: of (-3, (a, b)) and (-3, (c, d)), which one is that?",
        show='learn_merges({(b"a", b"b"): 3, (b"c", b"d"): 3}, 1) should be [(b"c", b"d")]',
        family="sign or order",
        edit={"return tuple.__gt__(self, other)": "return tuple.__lt__(self, other)"},
    ),
    Misconception(
        "learn_merges", "rarest first",
        says="you merge the rarest pair first, because a heap hands out the smallest",
        ask="Which entry does heappop hand out, the one with 3 or the one with 9? And of -3 and -9?",
        show='learn_merges({(b"a", b"b"): 9, (b"c", b"d"): 3}, 1) should be [(b"a", b"b")]',
        family="sign or order",
        edit={"[(-count, ": "[(count, ", "== -count:": "== count:", "(heap, (-counts": "(heap, (counts"},
    ),
    Misconception(
        "learn_merges", "stale entries believed",
        says="you merge a pair by a count that it no longer has: its entry in the heap is out of date",
        ask="An entry was pushed ten merges ago: how do you know that its count is still true?",
        show='learn_merges({(b"a", b"b", b"c"): 3, (b"a", b"b"): 2, (b"b", b"c"): 1}, 2)[1] should be (b"ab", b"c")',
        family="state",
        edit={"if counts[best] == -count:": "if counts[best]:"},
    ),
    Misconception(
        "learn_merges", "new pairs never enter",
        says="only pairs that were there at the start are ever merged",
        ask="When you filled the heap, did any pair hold the token of the first merge?",
        show='learn_merges({(b"a", b"b", b"c"): 5}, 2) should be [(b"b", b"c"), (b"a", b"bc")]',
        family="state",
        edit={"if pair in counts:": "if False:"},
    ),
    Misconception(
        "learn_merges", "one merge too few",
        says="you stop one merge too early",
        ask="How many merges are there when the loop has run n times?",
        show='learn_merges({(b"a", b"b"): 3}, 1) should be [(b"a", b"b")]',
        family="off by one",
        edit={"len(merges) < n_merges": "len(merges) < n_merges - 1"},
    ),
    Misconception(
        "learn_merges", "no early stop",
        says="when no pair is left you go on, and there is nothing to take from an empty heap",
        ask="What does the heap hold when every word is one token?",
        show='learn_merges({(b"a", b"b"): 3}, 50) should return after one merge; heappop([]) raises IndexError',
        family="rule",
        edit={"while heap and len(merges)": "while len(merges)"},
    ),
    Misconception(
        "learn_merges", "frequencies left behind",
        says="after the first merge your counts go wrong: you hand on words, but not how often they occur",
        ask="What do you give `merge_step` as freqs?",
        show='learn_merges({(b"a", b"b", b"c"): 9, (b"d", b"e"): 5}, 2)[1] should be (b"a", b"bc")',
        family="denominator",
        edit={"list(word_freqs.values())": "[1] * len(word_freqs)"},
    ),
    Misconception(
        "learn_merges", "last holder only",
        says="a pair is merged in one of its words only: your index remembers the last word and drops the others",
        ask="When you meet a pair in a second word, what happens to the set that it has already?",
        show='learn_merges({(b"a", b"b"): 2, (b"a", b"b", b"c"): 2}, 50) should have two merges, and then stop',
        family="state",
        edit={"holders.setdefault(pair, set()).add(i)": "holders[pair] = {i}"},
    ),
    Misconception(
        "learn_merges", "counts all again",
        says="your merges are right, but each of them goes through the whole corpus again",
        ask="A merge changes one word of four hundred: what do you do with the other 399?",
        show="count_pairs belongs before the loop; inside it, merge_step keeps the counts",
        family="rule",
        wrong=_counts_all_again,
    ),
)
