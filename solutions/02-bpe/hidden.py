"""Hidden probes of the unit bpe: edges."""

from collections.abc import Callable
from typing import Any

from autograder.checks.bpe import Books
from autograder.probes import Draw, probe

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@probe("count_pairs", ask="How many pairs are there in no word at all?")
def nothing_to_count(count_pairs: Callable, draw: Draw) -> Any:
    """a corpus without neighbours has no pairs"""
    word = (draw.word(LETTERS, 3, 6).encode(),)
    return [count_pairs({}), count_pairs({word: draw.integer(2, 9)})]


@probe("count_pairs", ask="Does your walk reach every word of the table, and every place of a word?")
def large_table(count_pairs: Callable, draw: Draw) -> Any:
    """a table of many words is counted completely"""
    words = [tuple(bytes([i]) for i in draw.word("abc", 2, 9).encode()) for _ in range(40)]
    return count_pairs({word: draw.integer(1, 100) for word in words})


@probe("best_pair", ask="How are bytes from 128 on ordered?")
def high_bytes(best_pair: Callable, draw: Draw) -> Any:
    """bytes beyond ASCII are greater than letters"""
    high, low = bytes([draw.integer(128, 256)]), draw.word(LETTERS, 1, 2).encode()
    top = draw.integer(2, 9)
    return [best_pair({(high, low): top, (low, low): top}), best_pair({(low, low): top, (low, high): top})]


@probe("best_pair", ask="Which pair is the greatest of one?")
def only_one(best_pair: Callable, draw: Draw) -> Any:
    """one pair alone is the best"""
    pair = draw.word(LETTERS, 1, 5).encode(), draw.word(LETTERS, 1, 5).encode()
    return best_pair({pair: draw.integer(1, 9)})


@probe("merge", ask="What does your code do between two occurrences?")
def long_list(merge: Callable, draw: Draw) -> Any:
    """a long list of few different tokens is merged right"""
    ids = [draw.integer(0, 3) for _ in range(80)]
    return [merge(ids, (0, 1), 256), merge(ids, (2, 2), 256)]


@probe("train_bpe", ask="How many bytes has each of these letters, and may they be merged?")
def many_scripts(train_bpe: Callable, draw: Draw) -> Any:
    """a text in several scripts is trained byte by byte"""
    text = " ".join(draw.word("äü語😀", 1, 4) for _ in range(12))
    return train_bpe(text, 256 + 8)[1]


@probe("train_bpe", ask="What are the merges of nothing?")
def empty_text(train_bpe: Callable, draw: Draw) -> Any:
    """an empty text gives the bytes and the special tokens"""
    special = f"<|{draw.word(LETTERS, 2, 6)}|>"
    vocab, merges = train_bpe("", 256 + draw.integer(2, 9), [special])
    return [len(vocab), merges, vocab.get(256)]


@probe("compression_ratio", ask="May a token carry less than one byte?")
def more_tokens_than_bytes(compression_ratio: Callable, draw: Draw) -> Any:
    """the ratio may be below one"""
    return compression_ratio(draw.word("aé", 2, 5), list(range(draw.integer(11, 20))))


def _table(draw: Draw, alphabet: str, num_words: int) -> dict[tuple[bytes, ...], int]:
    words = dict.fromkeys(draw.word(alphabet, 1, 9) for _ in range(num_words))
    return {tuple(letter.encode() for letter in word): draw.integer(1, 30) for word in words}


@probe("merge_step", ask="After several merges, does each of your books still say what counting anew would say?")
def many_merges(merge_step: Callable, draw: Draw) -> Any:
    """after many merges the books are still right"""
    books = Books(_table(draw, "abcd", 40))
    for _ in range(12):
        pair = max(books.counts, key=lambda pair: (books.counts[pair], pair))
        seen = books.after(merge_step, pair)
    return list(seen.values())


@probe("merge_step", ask="The new token spells what another token spells already: what is then the count of its pairs?")
def two_roads_to_one_token(merge_step: Callable, draw: Draw) -> Any:
    """a new token that existed before adds to the counts of its pairs"""
    a, b, c, d = (letter.encode() for letter in draw.shuffled(LETTERS)[:4])
    books = Books({(a + b + c, d): draw.integer(2, 9), (a + b, c, d, a): draw.integer(2, 9), (a, b + c, d, b): 2})
    return books.after(merge_step, (a + b, c), (a, b + c))


@probe("merge_step", ask="Is a pair what two tokens spell together, or is it the two tokens?")
def whole_tokens(merge_step: Callable, draw: Draw) -> Any:
    """only the two tokens themselves are merged, not whatever spells the same"""
    h, e, n, t = (letter.encode() for letter in draw.shuffled(LETTERS)[:4])
    often, pair = draw.shuffled(range(2, 9)), (h, e + n)
    words = [(h + e, n, *pair), (t + h, e + n, *pair), (h, e + n + t, *pair), (*pair, b"|", b" ", b"\0")]
    return Books(dict(zip(words, often, strict=False))).after(merge_step, pair)


@probe("learn_merges", ask="How often does (a, a) stand in a row of five, before its merge and after?")
def rows_of_one_letter(learn_merges: Callable, draw: Draw) -> Any:
    """words of one or two letters are merged to the end"""
    return learn_merges(_table(draw, "ab", 30), 60)


@probe("learn_merges", ask="Late in a training most pairs are rare: is the order of merges still the right one?")
def long_training(learn_merges: Callable, draw: Draw) -> Any:
    """a long training ends as it should"""
    return learn_merges(_table(draw, "abcdefgh", 60), 120)[-40:]


@probe("learn_merges", ask="A pair was merged and is gone. Can a later merge bring it back?")
def merged_again(learn_merges: Callable, draw: Draw) -> Any:
    """a pair that comes back after its merge is merged once more"""
    a, b, c, d, e, q, r, y = (letter.encode() for letter in sorted(draw.shuffled(LETTERS)[:8]))
    table = {(a, b + c, d): 20, (y, a, b + c): 30, (a + b, c, d, q): 3, (a + b, c, d, r): 3, (a + b, c, e): 2}
    return learn_merges(table, draw.integer(6, 9))
