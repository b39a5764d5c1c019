"""Public probes of the unit bpe."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any

from autograder.probes import Draw, probe

LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = "<|end|>"


def _letters(draw: Draw, count: int) -> list[str]:
    """Different letters, in ascending order."""
    return sorted(draw.shuffled(LETTERS)[:count])


def _tokens(draw: Draw, count: int) -> list[bytes]:
    return [letter.encode() for letter in _letters(draw, count)]


def _ids(draw: Draw, count: int) -> list[int]:
    return [int(i) for i in draw.rng.choice(1000, size=count, replace=False)]


def _text(draw: Draw, num_words: int) -> str:
    """A corpus in which some words come again and again; short enough to be read in a message."""
    lexicon = [draw.word("aeinrst", 3, 7) for _ in range(6)]
    return " ".join(draw.choice(lexicon) for _ in range(num_words))


def _whole(pair: Any) -> Any:
    """A pair in one piece, so that a message never shows half of it."""
    return repr(tuple(pair)) if isinstance(pair, tuple) else pair


def _told(name: str, function: Callable, *calls: tuple) -> dict[str, Any]:
    """What each call returns, filed under the call, so that a student reads what to run by hand."""
    return {f"{name}({', '.join(map(repr, arguments))})": function(*arguments) for arguments in calls}


def _chosen(best_pair: Callable, *tables: dict) -> dict[str, Any]:
    return _told("best_pair", lambda counts: _whole(best_pair(counts)), *((counts,) for counts in tables))


def _trained(train_bpe: Callable, see: Callable, *calls: tuple) -> dict[str, Any]:
    """What `see(vocab, merges)` finds after each call; what is no two results stays as it came."""

    def seen(*arguments: Any) -> Any:
        result = train_bpe(*arguments)
        return see(*result) if isinstance(result, tuple) and len(result) == 2 else result

    return _told("train_bpe", seen, *calls)


def _merges(_: Any, merges: Any) -> dict[str, Any]:
    return {"merges": [_whole(pair) for pair in merges] if isinstance(merges, list) else merges}


def _new_tokens(vocab: Any, _: Any) -> dict[str, Any]:
    return {"vocab": {i: token for i, token in vocab.items() if i >= 256} if isinstance(vocab, dict) else vocab}


def _sizes(vocab: Any, merges: Any) -> dict[str, int]:
    return {"tokens": len(vocab), "merges": len(merges)}


@probe("count_pairs", ask="A word occurs 5 times and holds a pair once: how often is that pair there?")
def frequencies(count_pairs: Callable, draw: Draw) -> Any:
    """a pair counts as often as its words occur"""
    a, b, c, d, e, low, lower, row = *draw.shuffled(_tokens(draw, 5)), *draw.shuffled(range(2, 9))[:3]
    return _told("count_pairs", count_pairs, ({(a, b, c): low, (a, b, c, d, e): lower, (e, b, c): row},))


@probe("count_pairs", ask="In how many places of b-a-n-a-n-a does a stand left of n?")
def twice_in_a_word(count_pairs: Callable, draw: Draw) -> Any:
    """a pair that stands twice in a word counts twice"""
    a, b, n = draw.shuffled(_tokens(draw, 3))
    return _told("count_pairs", count_pairs, ({(b, a, n, a, n, a): draw.integer(2, 6), (n, a, b): 1},))


@probe("count_pairs", ask="How many neighbours are there in a row of three, and how many of them may be equal?")
def overlapping(count_pairs: Callable, draw: Draw) -> Any:
    """in three equal tokens in a row the pair stands twice"""
    (a,) = _tokens(draw, 1)
    return _told("count_pairs", count_pairs, ({(a, a, a): draw.integer(2, 6)},))


@probe("count_pairs", ask="Which word does each half of a pair come from?")
def word_borders(count_pairs: Callable, draw: Draw) -> Any:
    """the end of a word and the start of the next are no pair"""
    a, b, c, d = draw.shuffled(_tokens(draw, 4))
    return _told("count_pairs", count_pairs, ({(a,): draw.integer(2, 9), (b, c): draw.integer(2, 9), (d,): 3},))


@probe("count_pairs", ask="Is a pair made of two tokens or of two bytes?")
def longer_tokens(count_pairs: Callable, draw: Draw) -> Any:
    """a token of several bytes is one half of a pair, whole"""
    a, b, c, d = draw.shuffled(_tokens(draw, 4))
    return _told("count_pairs", count_pairs, ({(a + b, c, d): draw.integer(2, 9), (c, a + b): draw.integer(2, 9)},))


@probe("count_pairs", kind="property", ask="Does counting have to change the table that it counts?")
def table_afterwards(count_pairs: Callable, draw: Draw) -> Any:
    """the table of words is the same afterwards"""
    a, b = _tokens(draw, 2)
    table = {(a, b, a): draw.integer(2, 9), (b, b): draw.integer(2, 9)}
    count_pairs(table)
    return table


@probe("best_pair", ask="What is the first thing that two pairs are compared by?")
def highest_count(best_pair: Callable, draw: Draw) -> Any:
    """the pair with the highest count wins"""
    a, b, c, d, top = *_tokens(draw, 4), draw.integer(5, 20)
    counts = {(a, b): top, (d, c): top - 1, (b, c + c): top - 2, (c, a): top - 3}
    return _chosen(best_pair, dict(draw.shuffled(list(counts.items()))))


@probe("best_pair", ask="If the corpus came in another order, should the tokenizer be another one?")
def tie(best_pair: Callable, draw: Draw) -> Any:
    """among equal counts the greatest left token wins, in whatever order they come"""
    a, b, c, d, top = *_tokens(draw, 4), draw.integer(5, 20)
    counts = {(c, b): top, (d, a): top, (a, d): top, (b, c): top, (d, d): top - 1}
    return _chosen(best_pair, counts, dict(reversed(counts.items())))


@probe("best_pair", ask="Two pairs have the same left token: what decides then?")
def tie_on_the_left(best_pair: Callable, draw: Draw) -> Any:
    """among equal counts and equal left tokens the greatest right token wins"""
    a, b, c, d, top = *_tokens(draw, 4), draw.integer(5, 20)
    return _chosen(best_pair, {(b, c): top, (b, d): top, (b, a): top, (a, d): top})


@probe("best_pair", ask="Which is greater: (b'ab', b'a') or (b'a', b'bc')? And b'aba' or b'abc'?")
def tie_of_tuples(best_pair: Callable, draw: Draw) -> Any:
    """ties are compared token by token, not as bytes run together"""
    a, b, c, top = *_tokens(draw, 3), draw.integer(5, 20)
    return _chosen(best_pair, {(a, b + c): top, (a + b, a): top}, {(c, a): top, (b + a + c, b): top, (b, c): top})


@probe("best_pair", kind="property", ask="Does choosing have to change what is chosen from?")
def counts_afterwards(best_pair: Callable, draw: Draw) -> Any:
    """the counts are the same afterwards"""
    a, b = _tokens(draw, 2)
    counts = {(a, b): draw.integer(5, 9), (b, a): draw.integer(1, 5)}
    best_pair(counts)
    return counts


@probe("merge", ask="How many times does the pair stand in the list, and how many new tokens came?")
def every_occurrence(merge: Callable, draw: Draw) -> Any:
    """every occurrence becomes one new token, and all else stays"""
    left, right, other, new = _ids(draw, 4)
    ids = [other, left, right, right, left, right, other, right, left, other]
    return _told("merge", merge, (ids, (left, right), new))


@probe("merge", ask="After a merge, at which token do you look next?")
def overlap(merge: Callable, draw: Draw) -> Any:
    """in a row of equal tokens, each token is used once, from the left"""
    a, other, new = _ids(draw, 3)
    lists = [a, a, a], [a] * draw.integer(4, 9) + [other, a, a]
    return _told("merge", merge, *((ids, (a, a), new) for ids in lists))


@probe("merge", ask="Which right neighbour does the last token of the list have?")
def at_the_end(merge: Callable, draw: Draw) -> Any:
    """the end of the list is treated like the rest"""
    left, right, other, new = _ids(draw, 4)
    lists = [other, left, right], [other, right, left], [left, right, other]
    return _told("merge", merge, *((ids, (left, right), new) for ids in lists))


@probe("merge", ask="How many pairs are there in a list of one token?")
def short_lists(merge: Callable, draw: Draw) -> Any:
    """a list of no token or of one has no pair"""
    left, right, new = _ids(draw, 3)
    return _told("merge", merge, *((ids, (left, right), new) for ids in ([], [right], [left, right])))


@probe("merge", ask="Your result holds a new token: when do you look at it again?")
def new_token_at_rest(merge: Callable, draw: Draw) -> Any:
    """a new token is not merged again, even where it equals one half of the pair"""
    left, right = _ids(draw, 2)
    calls = ([left, right, right], (left, right), left), ([left, left, right], (left, right), right)
    return _told("merge", merge, *calls)


@probe("merge", ask="Does your code ask what kind of thing a token is?")
def bytes_too(merge: Callable, draw: Draw) -> Any:
    """tokens may be byte strings"""
    a, b, c = draw.shuffled(_tokens(draw, 3))
    return _told("merge", merge, ([a, b + c, a, b, c, a, b + c], (a, b + c), a + b + c))


@probe("merge", kind="property", ask="Which list do you write to: the one that you are handed, or a new one?")
def list_afterwards(merge: Callable, draw: Draw) -> Any:
    """the caller's list is the same afterwards"""
    left, right, new = _ids(draw, 3)
    ids = [left, right, right, left, right]
    merge(ids, (left, right), new)
    return ids


@probe("merge", kind="property", ask="If nothing is replaced, which object do you return?")
def always_a_new_list(merge: Callable, draw: Draw) -> Any:
    """the result is a new list, also when nothing was replaced"""
    left, right, new = _ids(draw, 3)
    with_pair, without = [left, right, left], [right, left]
    return [merge(ids, (left, right), new) is not ids for ids in (with_pair, without)]


@probe("train_bpe", ask="Which pair is the most frequent at the start, and which one after the first merge?")
def merges_in_order(train_bpe: Callable, draw: Draw) -> Any:
    """the most frequent pair is merged first, then the next, and so on"""
    return _trained(train_bpe, _merges, (_text(draw, 12), 256 + 8))


@probe("train_bpe", ask="What does `pretokenize` make of the text 'on on on'?")
def words(train_bpe: Callable, draw: Draw) -> Any:
    """words keep their space in front, and no token crosses their border"""
    a, b, c, d, e, f = _letters(draw, 6)
    return _trained(train_bpe, _merges, (f"{a}{f} {e}{b} {c}{d} {a}{f} {e}{b} {c}{d}", 256 + 3))


@probe("train_bpe", ask="When b and c have become one token, how often does a still stand beside b?")
def recount(train_bpe: Callable, draw: Draw) -> Any:
    """after each merge the pairs are counted anew"""
    a, b, c, d = _letters(draw, 4)
    return _trained(train_bpe, _merges, (f"{a}{b}{c}{d}\n" * draw.integer(4, 8), 256 + 3))


@probe("train_bpe", ask="How many tokens does 'ü' have before the first merge, and how many '語'?")
def single_bytes(train_bpe: Callable, draw: Draw) -> Any:
    """a letter beyond ASCII starts as several tokens, one for each byte"""
    a, b, c = draw.shuffled("äñüß")[:3]
    return _trained(train_bpe, _merges, (f"{a}{b} {a}語 {c}{a}{b}", 256 + draw.integer(4, 6)))


@probe("train_bpe", ask="What is left to merge when every word is one token?")
def early_end(train_bpe: Callable, draw: Draw) -> Any:
    """when no pair is left training stops, and the special tokens follow directly"""
    a, b, c = draw.shuffled("abcfgh")[:3]
    call = f"{a}{b} {a}{b}{c}{END}", 300, [END]
    return _trained(train_bpe, lambda *result: _merges(*result) | _new_tokens(*result), call)


@probe("train_bpe", ask="Which id does the first merge get, and which the first special token?")
def vocabulary(train_bpe: Callable, draw: Draw) -> Any:
    """after the bytes come the merged tokens in order, then the special tokens as given"""
    return _trained(train_bpe, _new_tokens, (_text(draw, 8), 256 + draw.integer(3, 6) + 2, ["<|b|>", "<|assistant|>"]))


@probe("train_bpe", ask="If a special token spells the same bytes as a token before it, are they one token?")
def own_ids(train_bpe: Callable, draw: Draw) -> Any:
    """every merge and every special token gets an id of its own, even if its bytes have one"""
    a, b, c, wall = _letters(draw, 4)
    return _trained(train_bpe, _new_tokens, (f"{a}{b}{wall}{a}{b}{c}{wall}" * 2, 256 + 2 + 2, [END, wall]))


@probe("train_bpe", ask="Which tokens does a tokenizer need before it has seen any text?")
def all_bytes(train_bpe: Callable, draw: Draw) -> Any:
    """ids 0 to 255 are the single bytes, whatever the text holds"""
    ids = sorted({0, 97, *map(int, draw.rng.choice(256, 10)), 255})
    call = draw.word(LETTERS, 2, 5), 256
    return _trained(train_bpe, lambda vocab, _: {"vocab": {i: vocab.get(i) for i in ids}, "tokens": len(vocab)}, call)


@probe("train_bpe", ask="vocab_size is 256 bytes plus what plus what?")
def vocab_size(train_bpe: Callable, draw: Draw) -> Any:
    """vocab_size counts bytes, merges and special tokens"""
    text, size = _text(draw, 8), 256 + draw.integer(4, 9)
    return _trained(train_bpe, _sizes, *((text, size, specials) for specials in (["<|a|>"], ["<|a|>", "<|b|>", END])))


@probe("train_bpe", ask="Which pattern do you build from no special tokens, and where does it match?")
def no_specials(train_bpe: Callable, draw: Draw) -> Any:
    """without special tokens the text is not split"""
    text = f"{draw.word(LETTERS, 4, 7)}\n" * draw.integer(2, 4)
    return _trained(train_bpe, _merges, (text, 256 + 2), (text, 256 + 2, []))


@probe("train_bpe", ask="Which letters can stand beside each other when a special token stands between them?")
def special_tokens(train_bpe: Callable, draw: Draw) -> Any:
    """special tokens split the corpus and are never merged"""
    a, b, c, d = draw.shuffled("abcfghijkmo")[:4]
    return _trained(train_bpe, _merges, (f"{a}{b}{END}{c}{d}{END}" * draw.integer(2, 5), 256 + 5 + 1, [END]))


@probe("train_bpe", ask="At one place two special tokens match, a short and a long one: which should be cut out?")
def longest_special(train_bpe: Callable, draw: Draw) -> Any:
    """where two special tokens match, the longest splits the corpus"""
    a, b = draw.shuffled("abcfgh")[:2]
    text = f"<|im|>user{a}{b}{a}{b}" * draw.integer(2, 5)
    return _trained(train_bpe, _merges, (text, 256 + 4 + 2, ["<|im|>", "<|im|>user"]))


@probe("train_bpe", ask="What do [ and ] mean in a regular expression, and what in a special token?")
def plain_specials(train_bpe: Callable, draw: Draw) -> Any:
    """a special token is a plain string: its [, ], | and . stand for themselves"""
    a, b = draw.shuffled("abcfgh")[:2]
    text = f"{a}end{b}[end]{b}end{a}." * draw.integer(2, 5)
    return _trained(train_bpe, _merges, (text, 256 + 4 + 1, ["[end]"]))


@probe("train_bpe", ask="How many tokens are in the vocabulary before the first merge, and what if vocab_size is less?")
def too_small(train_bpe: Callable, draw: Draw) -> Any:
    """a vocab_size without room for bytes and special tokens raises ValueError"""

    def seen(*arguments: Any) -> str:
        try:
            train_bpe(*arguments)
        except ValueError:
            return "ValueError"
        return "no ValueError"

    specials = [f"<|{letter}|>" for letter in _letters(draw, draw.integer(2, 5))]
    return _told("train_bpe", seen, *(("ab ab", size + len(specials), specials) for size in (255, 256)))


@probe("train_bpe", kind="property", ask="Does training have to change the list of special tokens that it is handed?")
def specials_afterwards(train_bpe: Callable, draw: Draw) -> Any:
    """the caller's list of special tokens is the same afterwards"""
    specials = [f"<|{draw.word(LETTERS, n, n + 1)}|>" for n in (1, 3, 2)]
    train_bpe(_text(draw, 5), 256 + 5, specials)
    return specials


@probe("compression_ratio", ask="How many bytes does one token stand for, on average?")
def plain_text(compression_ratio: Callable, draw: Draw) -> Any:
    """it is bytes per token, a whole number or not"""
    text = draw.word(LETTERS, 8, 15)
    return _told("compression_ratio", compression_ratio, *((text, list(range(n))) for n in (3, 7, 20)))


@probe("compression_ratio", ask="How many bytes has 'é' in UTF-8, and how many a smiling face?")
def beyond_ascii(compression_ratio: Callable, draw: Draw) -> Any:
    """it counts UTF-8 bytes, not characters"""
    text = draw.word("aéß語😀", 6, 12)
    return _told("compression_ratio", compression_ratio, (text + "語", list(range(4))))


@probe("compression_ratio", ask="How many tokens are there in the list [7, 7, 7]?")
def repeated_ids(compression_ratio: Callable, draw: Draw) -> Any:
    """a token that comes twice counts twice"""
    return _told("compression_ratio", compression_ratio, (draw.word(LETTERS, 9, 15), [draw.integer(0, 999)] * 5))


class Books:
    """A corpus with its books, as `merge_step` is handed them, and what it makes of them."""

    def __init__(self, table: dict[tuple[bytes, ...], int]) -> None:
        self.words, self.freqs = WatchedList(map(list, table)), list(table.values())
        self.counts: Counter = Counter()
        self.holders: dict[tuple[bytes, bytes], set[int]] = {}
        for i, word in enumerate(self.words):
            for pair in pairwise(word):
                self.counts[pair] += self.freqs[i]
                self.holders.setdefault(pair, set()).add(i)
        self.words.read.clear()
        self.call = f"in the corpus {table}: merge_step(words, freqs, counts, holders, "

    def after(self, merge_step: Callable, *pairs: tuple, see: str = "") -> Any:
        """Merge these pairs, one after another; see the words, the counts or the holders of what still occurs."""
        for pair in pairs:
            merge_step(self.words, self.freqs, self.counts, self.holders, pair)
        books = {
            "words": list.__getitem__(self.words, slice(None)),
            "counts": {pair: self.counts[pair] for pair in sorted(self.counts, key=repr) if self.counts[pair]},
            "holders": {pair: self.holders[pair] for pair in sorted(self.holders, key=repr) if self.holders[pair]},
        }
        return {f"{self.call}{', then '.join(map(str, pairs))})": {see: books[see]} if see else books}


class WatchedList(list):
    """A list that knows which of its elements were read."""

    def __init__(self, elements: Iterable) -> None:
        super().__init__(elements)
        self.read: set[int] = set()

    def __getitem__(self, place: Any) -> Any:
        self.read.update(range(len(self))[place] if isinstance(place, slice) else [place % len(self)])
        return super().__getitem__(place)

    def __iter__(self) -> Iterator:
        self.read.update(range(len(self)))
        return super().__iter__()


def _three_words(draw: Draw) -> tuple[Books, tuple[bytes, bytes], list[bytes]]:
    """Three words of five letters: the pair (a, b) in the middle of the first, at both ends of the second."""
    a, b, c, d, e = tokens = draw.shuffled(_tokens(draw, 5))
    often, seldom, never = draw.shuffled(range(2, 9))[:3]
    return Books({(c, a, b, d): often, (a, b, c, e, a, b): seldom, (c, d, c, a): never}), (a, b), tokens


@probe("merge_step", ask="Which list has to hold the new words after your function has returned?")
def words_merged(merge_step: Callable, draw: Draw) -> Any:
    """every word that holds the pair is merged, in place, and the others stay as they are"""
    books, pair, _ = _three_words(draw)
    return books.after(merge_step, pair, see="words")


@probe("merge_step", ask="A merged word occurs 5 times: by how much do the counts of its pairs change?")
def counts_afterwards_by_frequency(merge_step: Callable, draw: Draw) -> Any:
    """the new token's pairs are counted on both its sides, as often as their words occur"""
    books, pair, _ = _three_words(draw)
    return books.after(merge_step, pair, see="counts")


@probe("merge_step", ask="Which words hold the new token, and how would the next merge find them?")
def holders_afterwards(merge_step: Callable, draw: Draw) -> Any:
    """for every pair that occurs, holders names the words that hold it now"""
    books, pair, _ = _three_words(draw)
    return books.after(merge_step, pair, see="holders")


@probe("merge_step", ask="Which pairs does no word hold any more, and who still has an entry for them?")
def gone_pairs(merge_step: Callable, draw: Draw) -> Any:
    """a pair that no longer occurs has no entry, neither in counts nor in holders"""
    books, pair, (a, b, c, d, e) = _three_words(draw)
    books.after(merge_step, pair)
    gone = (a, b), (b, d), (b, c), (e, a)
    found = {"counts": [p for p in gone if p in books.counts], "holders": [p for p in gone if p in books.holders]}
    return {f"{books.call}{pair})": found}


@probe("merge_step", ask="In a-b-a-b, which neighbours has the second new token?")
def side_by_side(merge_step: Callable, draw: Draw) -> Any:
    """where two new tokens stand side by side, they are a pair with each other"""
    a, b, c = draw.shuffled(_tokens(draw, 3))
    return Books({(c, a, b, a, b): draw.integer(2, 9), (a, b, a, b, a, b, c): 2}).after(merge_step, (a, b))


@probe("merge_step", ask="How often does (a, a) stand in a-a-a, and how many of its places does one merge use up?")
def equal_halves(merge_step: Callable, draw: Draw) -> Any:
    """rows of equal tokens are counted right before and after"""
    a, b = draw.shuffled(_tokens(draw, 2))
    table = {(a, a, a): draw.integer(2, 9), (a, a, a, a, b): draw.integer(2, 9), (b, a, a, a, a, a): 2}
    return Books(table).after(merge_step, (a, a))


@probe("merge_step", ask="A pair stands twice in a word and loses one of its places: does the word still hold it?")
def holds_it_still(merge_step: Callable, draw: Draw) -> Any:
    """a word that keeps one of two places of a pair still holds that pair"""
    a, b, c, d = draw.shuffled(_tokens(draw, 4))
    table = {(c, a, b, d, c, a, d): draw.integer(2, 9), (d, c, a, b, d, a, b, d, c): draw.integer(2, 9)}
    return Books(table).after(merge_step, (a, b))


@probe("merge_step", ask="Where does the second merge look for the words that hold its pair?")
def one_after_another(merge_step: Callable, draw: Draw) -> Any:
    """a second merge finds the tokens that the first has made"""
    a, b, c, d = draw.shuffled(_tokens(draw, 4))
    table = {(a, b, c, d): draw.integer(2, 9), (d, a, b, c): draw.integer(2, 9), (c, a, b): 2, (b, c, a): 3}
    return Books(table).after(merge_step, (a, b), (a + b, c), (d, a + b + c))


@probe("merge_step", ask="A pair may gain places, lose some, or lose all: of which of these do you tell?")
def what_it_returns(merge_step: Callable, draw: Draw) -> Any:
    """the set that comes back holds every pair whose count has changed"""
    books, pair, _ = _three_words(draw)
    before = books.counts.copy()
    told = merge_step(books.words, books.freqs, books.counts, books.holders, pair)
    changed = [pair for pair in before | books.counts if before[pair] != books.counts[pair]]
    return {f"{books.call}{pair})": {"changed, not returned": sorted(p for p in changed if p not in told)}}


@probe("merge_step", kind="property", ask="Which of your arguments knows the words that hold the pair?")
def words_left_alone(merge_step: Callable, draw: Draw) -> Any:
    """words that do not hold the pair are not even looked at"""
    a, b, c, d = draw.shuffled(_tokens(draw, 4))
    books = Books({(c, d): 3, (c, a, b): draw.integer(2, 9), (b, a): 4, (a, b, d): 2, (d, c, d): 5})
    books.after(merge_step, (a, b))
    return {f"{books.call}{(a, b)})": {"read in vain": [word for word in (0, 2, 4) if word in books.words.read]}}


@probe("merge_step", kind="property", ask="How often the words occur: does a merge change that?")
def freqs_afterwards(merge_step: Callable, draw: Draw) -> Any:
    """freqs is the same afterwards"""
    books, pair, _ = _three_words(draw)
    books.after(merge_step, pair)
    return books.freqs


def _corpus(draw: Draw, alphabet: str, num_words: int) -> dict[tuple[bytes, ...], int]:
    """A table of different words over a few letters, with how often each occurs."""
    words = dict.fromkeys(draw.word(alphabet, 2, 7) for _ in range(num_words))
    return {tuple(letter.encode() for letter in word): draw.integer(1, 30) for word in words}


def _learned(learn_merges: Callable, *calls: tuple) -> dict[str, Any]:
    def seen(*arguments: Any) -> Any:
        return _merges(None, learn_merges(*arguments))

    return _told("learn_merges", seen, *calls)


@probe("learn_merges", ask="After which merges did some other pair become more frequent, or less?")
def same_as_anew(learn_merges: Callable, draw: Draw) -> Any:
    """the merges are those that counting anew after each of them would give"""
    return _learned(learn_merges, (_corpus(draw, "aehnt", 9), 12))


@probe("learn_merges", ask="Of two pairs with the same count, which one does your heap hand out first?")
def ties_downwards(learn_merges: Callable, draw: Draw) -> Any:
    """among equal counts the lexicographically greatest pair is merged first"""
    a, b, c, d, e, top = *_tokens(draw, 5), draw.integer(2, 9)
    pairs = draw.shuffled([(a, b), (c, d), (d, a), (c, a + b), (a + b, c), (d, a + b)])
    run_together = {(a, b + c): top, (a + b, a): top}  # as one string each, the other one would win
    old_and_new = {(b, c): 9, (b, c, d): top, (a, d): top, (e, d): top}  # then (bc, d) comes between two older ones
    return _learned(learn_merges, (dict.fromkeys(pairs, top), 6), (run_together, 2), (old_and_new, 4))


@probe("learn_merges", ask="A pair had 9 places, and a merge took 5 of them: when is its turn?")
def fallen_counts(learn_merges: Callable, draw: Draw) -> Any:
    """a pair that a merge made rarer waits until its new count is the highest"""
    a, b, c, d, e = draw.shuffled(_tokens(draw, 5))
    table = {(a, b, c): 20, (b, c): draw.integer(6, 9), (d, e): draw.integer(12, 16), (a, b): 15}
    return _learned(learn_merges, (table, 4))


@probe("learn_merges", ask="Which pairs were not there when you counted the first time?")
def pairs_that_came(learn_merges: Callable, draw: Draw) -> Any:
    """pairs that a merge has made take part from then on"""
    a, b, c, d, e, f = draw.shuffled(_tokens(draw, 6))
    return _learned(learn_merges, ({(a, b, c, d): draw.integer(20, 30), (a, b): 40, (c, d): 35, (e, f): 10}, 4))


@probe("learn_merges", ask="Does one word that occurs 9 times weigh more than three that occur twice?")
def weighed_words(learn_merges: Callable, draw: Draw) -> Any:
    """a word counts as often as it occurs, after a merge too"""
    a, b, c, d, e = draw.shuffled(_tokens(draw, 5))
    often = draw.integer(10, 20)
    return _learned(learn_merges, ({(a, b, c): often, (d, e, a): 2, (d, e, b): 2, (d, e, c): 3, (b, e, c): 5}, 3))


@probe("learn_merges", ask="In how many words may one pair stand?")
def in_many_words(learn_merges: Callable, draw: Draw) -> Any:
    """a pair is merged in every word that holds it"""
    a, b, c, d, e = draw.shuffled(_tokens(draw, 5))
    table = {(c, a, b): 2, (a, b, d): 2, (e, a, b, c): 3, (d, a, b): 2}
    return _learned(learn_merges, (table, 5))


@probe("learn_merges", ask="How many merges have you when your loop has run once?")
def how_many(learn_merges: Callable, draw: Draw) -> Any:
    """there are as many merges as were asked for"""
    table = _corpus(draw, "aehnt", 7)
    return {f"of {n} merges": len(learn_merges(table, n)) for n in (0, 1, draw.integer(3, 6))}


@probe("learn_merges", ask="What is left to merge when every word is one token?")
def nothing_left(learn_merges: Callable, draw: Draw) -> Any:
    """when no pair is left it stops, also if there was none to begin with"""
    a, b, c = draw.shuffled(_tokens(draw, 3))
    return _learned(learn_merges, ({(a, b): 3, (c, a, b): 1}, 50), ({(a,): 2}, 5), ({}, 5))


@probe("learn_merges", kind="property", ask="Whose table is it that you take the words from?")
def corpus_afterwards(learn_merges: Callable, draw: Draw) -> Any:
    """the table of words is the same afterwards"""
    table = _corpus(draw, "aehnt", 5)
    learn_merges(table, 5)
    return table


@probe(
    "learn_merges", kind="property", ask="The second merge changes one word of four hundred: how many do you look at?"
)
def work_of_a_merge(learn_merges: Callable, draw: Draw) -> Any:
    """a merge looks at fewer tokens than the corpus has words, if few words hold its pair"""
    looks = 0

    class Letter(bytes):
        """A token that counts how often it is looked up or compared."""

        def __hash__(self) -> int:
            nonlocal looks
            looks += 1
            return super().__hash__()

        def __eq__(self, other: object) -> bool:
            nonlocal looks
            looks += 1
            return super().__eq__(other)

    letters = [Letter([byte]) for byte in b"abcdefghijkl"]
    others = [[letters[n >> shift & 3] for shift in (0, 2, 4, 6, 8)] for n in draw.rng.permutation(1024)[:400]]
    table = {tuple(word): 1 for word in others} | {tuple(letters[4:]): 9000}
    spent = []
    for n_merges in (1, 6):
        before = looks
        learn_merges(table, n_merges)
        spent.append(looks - before)
    return {"in a corpus of 401 words, five more merges look at fewer than 5 · 401 tokens": spent[1] - spent[0] < 2005}
