"""Hidden probes of the unit bpe: edges."""

from collections.abc import Callable
from typing import Any

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
