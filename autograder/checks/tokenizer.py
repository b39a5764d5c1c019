"""Public probes of the unit tokenizer."""

import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from itertools import islice
from typing import Any

from autograder.probes import Draw, probe

LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = "<|end|>"


def _words(draw: Draw, number: int) -> list[str]:
    """Words of two to six letters."""
    return [draw.word(LETTERS, 2, 7) for _ in range(number)]


def _told(name: str, function: Callable, *calls: tuple) -> dict[str, Any]:
    """What each call returns, on copies, filed under the call, so that a student reads what to run by hand."""
    return {f"{name}({', '.join(map(repr, arguments))})": function(*deepcopy(arguments)) for arguments in calls}


# Cutting text into words


@probe("pretokenize", ask="To which of its two neighbours does the space between two words belong?")
def space_before(pretokenize: Callable, draw: Draw) -> Any:
    """one space in front belongs to the word that follows it"""
    words = _words(draw, 4)
    return _told("pretokenize", pretokenize, (" ".join(words),), (" " + ", ".join(words[:2]) + ".",))


@probe("pretokenize", ask="Two spaces stand between two words: which of them may go with the second word?")
def several_spaces(pretokenize: Callable, draw: Draw) -> Any:
    """of several spaces only the last one goes with the word"""
    a, b, c = _words(draw, 3)
    return _told("pretokenize", pretokenize, (f"{a}  {b}    {c}",), (f"{a}\n\n{b}\n {c}\t",), ("   ",))


@probe("pretokenize", ask="Which endings of English words does the first part of the pattern name?")
def contractions(pretokenize: Callable, draw: Draw) -> Any:
    """'s, 't, 'd, 'm, 'll, 've and 're are pieces, in lower case only"""
    endings = draw.shuffled(["s", "t", "d", "m", "ll", "ve", "re"])
    texts = [f"{word}'{ending}" for word, ending in zip(_words(draw, 7), endings, strict=True)]
    return _told("pretokenize", pretokenize, *((text,) for text in [*texts, f"{_words(draw, 1)[0].upper()}'LL"]))


@probe("pretokenize", ask="How many pieces is `abc123_x`, and which characters does `\\w` stand for in Python?")
def digits(pretokenize: Callable, draw: Draw) -> Any:
    """letters, digits and everything else (“_” included) make separate pieces"""
    a, b, c = _words(draw, 3)
    number = draw.integer(10, 9999)
    texts = f"{a}{number}{b} {number}, {a}_{b} _{c}!?", f"{number}.{number} {c}__{number}"
    return _told("pretokenize", pretokenize, *((text,) for text in texts))


@probe("pretokenize", ask="Is `ö` a letter for your pattern? And `東`?")
def all_scripts(pretokenize: Callable, draw: Draw) -> Any:
    """letters are letters in every script"""
    foreign = draw.shuffled(["größer", "привет", "東京", "ναι", "žlutý", "naïve", "çok"])
    texts = " ".join([*foreign[:3], *_words(draw, 1)]), "5".join(foreign[3:6])
    return _told("pretokenize", pretokenize, *((text,) for text in texts))


@probe("pretokenize", ask="Join your pieces again: is any character lost, added or changed?")
def lossless(pretokenize: Callable, draw: Draw) -> Any:
    """joined, the pieces are the text again, also for an empty text"""
    a, b, c = _words(draw, 3)
    text = f"  {a.title()}'s  {b.upper()}_{draw.integer(10, 99)}\r\n\n— «{c}»… 🙂\t"
    return {f'"".join(pretokenize({text!r}))': "".join(pretokenize(text)), "pretokenize('')": pretokenize("")}


# Merging inside a word

MERGES = "a+c b+a c+c ba+ac b+c b+ac d+c b+d d+a cc+da"  # what a training on a dozen words of a, b, c, d learned


def _renamed(draw: Draw, merges: str) -> tuple[dict[int, str], list[tuple[bytes, bytes]]]:
    """Merges written with the letters a…e, and the fresh letters that this seed gives them."""
    letters = str.maketrans("abcde", "".join(draw.shuffled(LETTERS)[:5]))
    pairs = [pair.translate(letters).encode().split(b"+") for pair in merges.split()]
    return letters, [(left, right) for left, right in pairs]


@probe("bpe_encode", ask="Two merges apply to this word: which of them was learned first?")
def rank_order(bpe_encode: Callable, draw: Draw) -> Any:
    """a merge learned earlier goes first, wherever in the word it applies"""
    letters, merges = _renamed(draw, "b+c a+b")
    words = [word.translate(letters) for word in ("abc", "abcab", "ab")]
    return _told("bpe_encode", bpe_encode, *((word, order) for order in (merges, merges[::-1]) for word in words))


@probe("bpe_encode", ask="Is the longest token that fits at the start of the word always the one BPE makes?")
def not_longest(bpe_encode: Callable, draw: Draw) -> Any:
    """what counts is when a merge was learned, not how long a token is"""
    letters, merges = _renamed(draw, "a+b c+d ab+c")
    nested_letters, nested = _renamed(draw, "b+c a+bc a+b")
    calls = [(word.translate(letters), merges) for word in ("abcd", "abcdabc")]
    return _told("bpe_encode", bpe_encode, *calls, ("abcab".translate(nested_letters), nested))


@probe("bpe_encode", ask="Does your loop end when no merge applies, or before?")
def every_place(bpe_encode: Callable, draw: Draw) -> Any:
    """a merge is made at all of its places, from left to right"""
    letters, merges = _renamed(draw, "a+b")
    _, twins = _renamed(draw, "a+a")
    letter = twins[0][0].decode()
    return _told("bpe_encode", bpe_encode, ("abcababc".translate(letters), merges), (letter * 5, twins))


@probe("bpe_encode", ask="After one merge there are new neighbours: do you look at them?")
def trained_merges(bpe_encode: Callable, draw: Draw) -> Any:
    """the tokens are those that training itself would have left"""
    letters, merges = _renamed(draw, MERGES)
    words = [draw.word("abcd", 6, 13).translate(letters) for _ in range(7)]
    return _told("bpe_encode", bpe_encode, *((word, merges) for word in words))


@probe("bpe_encode", ask="How many bytes is one emoji in UTF-8, and what does BPE start from?")
def bytes_first(bpe_encode: Callable, draw: Draw) -> Any:
    """the start is UTF-8 bytes, not characters"""
    emoji = draw.choice("🙂🙃😀😇🚲🚂")
    accent = draw.choice("éèüößñø")
    first, second, third, _ = (bytes([byte]) for byte in emoji.encode())
    lead, rest = (bytes([byte]) for byte in accent.encode())
    merges = [(second, third), (lead, rest), (first, second + third)]
    return _told("bpe_encode", bpe_encode, (emoji, []), (f" {accent}{emoji}", merges))


@probe("bpe_encode", ask="How many pairs has a word of one byte? And an empty one?")
def short_pieces(bpe_encode: Callable, draw: Draw) -> Any:
    """a piece of one byte is one token, an empty piece is none"""
    letters, merges = _renamed(draw, MERGES)
    return _told("bpe_encode", bpe_encode, ("", merges), ("a".translate(letters), merges), ("", []))


@probe("bpe_encode", ask="Does your function change the list it was given?", kind="property")
def merges_kept(bpe_encode: Callable, draw: Draw) -> list:
    """the list of merges is the same afterwards"""
    letters, merges = _renamed(draw, MERGES)
    bpe_encode("bacbaac".translate(letters), merges)
    return merges


# Back to text


def _vocab(draw: Draw, tokens: list[bytes]) -> tuple[dict[int, bytes], list[int]]:
    """A vocabulary with ids in no order, and the ids that spell the tokens one after the other."""
    ids = [300 + int(i) for i in draw.rng.permutation(5000)[: len(tokens)]]
    entries = draw.shuffled(list(zip(ids, tokens, strict=True)))
    return dict(entries), ids


@probe("decode", ask="Is an id the number of a byte, or a key of the vocabulary?")
def looks_up(decode: Callable, draw: Draw) -> Any:
    """each id stands for its bytes in the vocabulary"""
    words = _words(draw, 4)
    vocab, ids = _vocab(draw, [f" {word}".encode() for word in words])
    return _told("decode", decode, (ids, vocab), ([*ids[::-1], ids[0]], vocab))


@probe("decode", ask="“é” is two bytes. If they stand in two tokens, when can they be turned into text?")
def split_character(decode: Callable, draw: Draw) -> Any:
    """a character may be spread over several tokens"""
    text = "".join(draw.shuffled(["é", "🙂", "東", draw.word(LETTERS, 2, 5)]))
    raw = text.encode()
    vocab, ids = _vocab(draw, [raw[i : i + 2] for i in range(0, len(raw), 2)])
    single, letters = _vocab(draw, [bytes([byte]) for byte in raw])
    return _told("decode", decode, (ids, vocab), (letters, single))


@probe("decode", ask="What does Python's decoder put in the place of wrong bytes, if it is told not to raise?")
def invalid_bytes(decode: Callable, draw: Draw) -> Any:
    """bytes that are no valid UTF-8 become “�”"""
    word = draw.word(LETTERS, 2, 5).encode()
    vocab, ids = _vocab(draw, [word, b"\xf0\x9f", b"\xff\x80", "é".encode(), b"\xc3"])
    return _told("decode", decode, (ids, vocab), (draw.shuffled(ids), vocab), (ids[1:2], vocab))


@probe("decode", ask="What does the contract say about an id the vocabulary lacks?")
def unknown_id(decode: Callable, draw: Draw) -> Any:
    """an unknown id raises KeyError, wherever it stands"""
    vocab, ids = _vocab(draw, [word.encode() for word in _words(draw, 3)])
    unknown = draw.integer(6000, 9000)

    def text_or_error(ids: list[int], vocab: dict[int, bytes]) -> Any:
        try:
            return decode(ids, vocab)
        except KeyError:
            return "KeyError"

    return _told("decode", text_or_error, ([*ids, unknown], vocab), ([unknown, *ids], vocab), (ids, vocab))


@probe("decode", ask="Which iterables have no length and can be read only once?")
def any_iterable(decode: Callable, draw: Draw) -> Any:
    """the ids may be any iterable, also an empty one"""
    vocab, ids = _vocab(draw, [word.encode() for word in _words(draw, 3)])
    read_once = {f"decode(iter({ids}), {vocab})": decode(iter(ids), vocab)}
    return read_once | _told("decode", decode, (tuple(ids), vocab), ([], vocab), ((), {}))


# Special tokens


@probe("split_on_special_tokens", ask="Does your way of cutting keep the separators, or drop them?")
def keeps_them(split_on_special_tokens: Callable, draw: Draw) -> Any:
    """special tokens and text are pieces, in their places, with their white space"""
    a, b, c = _words(draw, 3)
    pad = f"<|{draw.word(LETTERS, 2, 5)}|>"
    calls = (f"{a}{END}{b}{pad}{c}", [END, pad]), (f" {a}{pad}{b} \n{END} {END}\t{c}\n", [END])
    return _told("split_on_special_tokens", split_on_special_tokens, *calls)


@probe("split_on_special_tokens", ask="What stands between two special tokens that touch?")
def no_empty_pieces(split_on_special_tokens: Callable, draw: Draw) -> Any:
    """empty pieces are left out"""
    (word,) = _words(draw, 1)
    texts = [f"{END}{word}{END}{END}", END, "", END * 3]
    return _told("split_on_special_tokens", split_on_special_tokens, *((text, [END]) for text in texts))


@probe("split_on_special_tokens", ask="Two special tokens fit at the same place: which one is tried first?")
def longest_wins(split_on_special_tokens: Callable, draw: Draw) -> Any:
    """of the special tokens that match at one place the longest is taken"""
    a, b = _words(draw, 2)
    specials = draw.shuffled([END, END + END, f"{END}[{a}]"])
    text = f"{b}{END}{END}{END}{a}{END}[{a}]{b}"
    calls = ((text, order) for order in (specials, specials[::-1]))
    return _told("split_on_special_tokens", split_on_special_tokens, *calls)


@probe("split_on_special_tokens", ask="Two special tokens overlap: which one does a reader from the left meet first?")
def leftmost_first(split_on_special_tokens: Callable, draw: Draw) -> Any:
    """where special tokens overlap, the one that starts earlier is taken"""
    a, b, c, d = draw.shuffled(LETTERS)[:4]
    calls = ((text, [a + b, b + c + d]) for text in (f"{a}{b}{c}{d}", f"{d}{a}{b}{c}{d}{d}{b}{c}{d}"))
    return _told("split_on_special_tokens", split_on_special_tokens, *calls)


@probe("split_on_special_tokens", ask="What do | and . and * mean in a regular expression?")
def plain_strings(split_on_special_tokens: Callable, draw: Draw) -> Any:
    """“|”, “.”, “*”, “[” and the like stand for themselves"""
    a, b, c = _words(draw, 3)
    special = draw.choice(["{}|{}", "{}.{}", "{}*{}", "{}?{}", "[{}{}]", "{}^{}"]).format(a, b)
    calls = (f"{c}{a}{special}{b}x{a}x{b}", [special]), (f"{c}.{a}(b)", [".", "(b)"])
    return _told("split_on_special_tokens", split_on_special_tokens, *calls)


@probe("split_on_special_tokens", ask="Which pattern do you build from no special token, and where does it match?")
def no_specials(split_on_special_tokens: Callable, draw: Draw) -> Any:
    """without special tokens the text is one piece, and an empty text is none"""
    a, b = _words(draw, 2)
    calls = (f"{a}{END} {b}", []), ("", []), (a, [])
    return _told("split_on_special_tokens", split_on_special_tokens, *calls)


@probe("split_on_special_tokens", ask="Does your function reorder the list it was given?", kind="property")
def specials_kept(split_on_special_tokens: Callable, draw: Draw) -> list:
    """the caller's list of special tokens is the same afterwards"""
    (word,) = _words(draw, 1)
    specials = [END, END + END, "<|a|>", f"<|{word}|>{END}"]
    split_on_special_tokens(f"{word}{END}{END}", specials)
    return specials


# Text that never ends

WORD = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")
MARK = re.compile(r"((?:<\|end\|>){1,2})")


def _cut(text: str) -> list[str]:
    """Pre-tokens, and the special tokens END and END END."""
    parts = MARK.split(text)
    return [piece for part in parts for piece in ([part] if part.startswith(END) else WORD.findall(part))]


class _Encoder:
    """An `encode` whose ids can be read again: each new piece gets the next number. When closed it gives no ids."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.given: list[str] = []
        self.closed = False

    def __call__(self, text: str) -> list[int]:
        self.given.append(text)
        new = [] if self.closed else _cut(text)
        self.pieces += [piece for piece in dict.fromkeys(new) if piece not in self.pieces]
        return [self.pieces.index(piece) for piece in new]

    def read(self, ids: list) -> list:
        known = dict(enumerate(self.pieces))
        return [known[i] if type(i) is int and i in known else i for i in ids]


def _going_on(encode_iterable: Callable, chunks: list[str], *specials: Sequence[str]) -> list:
    """The pieces of the chunks, in a stream that goes on. When it ends it is too late: the encoder is closed."""
    encode = _Encoder()

    def stream() -> Iterator[str]:
        yield from chunks
        yield from [" more"] * 20
        encode.closed = True

    ids = list(encode_iterable(stream(), encode, *specials))
    return encode.read(ids)[: len(_cut("".join(chunks)))]


def _in_sizes(encode_iterable: Callable, text: str, sizes: Sequence[int], *specials: Sequence[str]) -> dict[str, list]:
    """The pieces of the text in chunks of these sizes, filed under what `chunks_of` of the lesson makes of it."""
    told = "".join(f", {marks!r}" for marks in specials)
    return {
        f"pieces of encode_iterable([*chunks_of({text!r}, {size}), ' more', …], encode{told})": _going_on(
            encode_iterable, [text[i : i + size] for i in range(0, len(text), size)], *specials
        )
        for size in sizes
    }


def _in_lists(encode_iterable: Callable, *lists: list[str]) -> dict[str, list]:
    return {
        f"pieces of encode_iterable([*{chunks!r}, ' more', …], encode, {[END]!r})": _going_on(
            encode_iterable, chunks, [END]
        )
        for chunks in lists
    }


@probe("encode_iterable", ask="A chunk ends inside a word: what is its first half, before the second has come?")
def any_size(encode_iterable: Callable, draw: Draw) -> Any:
    """words cut across chunks stay whole, and come out while more is read"""
    a, b, c, d = _words(draw, 4)
    text = f"{a} {b}'s\n{draw.integer(100, 9999)} {c}, {d}_{a}! {b}"
    return _in_sizes(encode_iterable, text, (1, 2, 3, 7), [END])


@probe("encode_iterable", ask="Which two pieces are `'` and `l`, before the second `l` has come?")
def cut_contraction(encode_iterable: Callable, draw: Draw) -> Any:
    """a contraction cut anywhere is the same piece: 'll, 've, 're"""
    a, b, c = _words(draw, 3)
    return _in_sizes(encode_iterable, f"{a}'ll {b}'ve {c}'re {a}", (1, 2), [END])


@probe("encode_iterable", ask="A chunk ends with a space: whose space is it?")
def cut_spaces(encode_iterable: Callable, draw: Draw) -> Any:
    """white space at the end of a chunk waits for what follows"""
    a, b, c = _words(draw, 3)
    return _in_lists(encode_iterable, [a + " ", b + "  ", " " + c], [a, " ", " ", b, "\n", "\n ", c])


@probe("encode_iterable", ask="How many characters at the end of the buffer may be the start of a special token?")
def cut_special(encode_iterable: Callable, draw: Draw) -> Any:
    """a special token cut across chunks is found"""
    a, b, c = _words(draw, 3)
    cut = draw.integer(1, len(END))
    sizes = _in_sizes(encode_iterable, f"{a} {END}{b}<|{c}{END}", (1, 4), [END])
    return sizes | _in_lists(encode_iterable, [f"{a}{END[:cut]}", f"{END[cut:]} {b}"], [f"{a}  ", END, f"  {b}"])


@probe("encode_iterable", ask="A special token is complete: could the next characters make it a longer one?")
def longer_special(encode_iterable: Callable, draw: Draw) -> Any:
    """a special token waits while a longer one may still come"""
    a, b = _words(draw, 2)
    text = f"{a}{END}{END}{b}{END} {END}{END}{END}"
    return _in_sizes(encode_iterable, text, (1, 3, 7), [END, END + END])


@probe("encode_iterable", ask="How long is the longest special token if there is none: what is L, and what is s?")
def without_specials(encode_iterable: Callable, draw: Draw) -> Any:
    """without special tokens words and contractions are just as safe"""
    a, b = _words(draw, 2)
    text = f"{a}'ll {b}"
    return _in_sizes(encode_iterable, text, (1, 3)) | _in_sizes(encode_iterable, text, (2,), [])


@probe("encode_iterable", ask="What is still in the buffer when the last chunk is read? And if there was no chunk?")
def the_end(encode_iterable: Callable, draw: Draw) -> Any:
    """nothing is left behind at the end, and empty chunks do no harm"""
    a, b = _words(draw, 2)
    lists = [[a], [f"{a} ", "", b, ""], [f"{a}{END}"], [f"{a} <|en"], [], ["", ""]]

    def text_of(chunks: list[str]) -> str:
        return bytes(encode_iterable(chunks, lambda text: list(text.encode()), [END])).decode()

    return {f"text of encode_iterable({chunks!r}, encode, {[END]!r})": text_of(chunks) for chunks in lists}


@probe("encode_iterable", ask="What string do you hand to encode: one pre-token, or a stretch of text?")
def one_by_one(encode_iterable: Callable, draw: Draw) -> Any:
    """encode is given one pre-token or special token at a time"""
    a, b, c = _words(draw, 3)
    chunks, encode = [f"{a} {b}'s {END}", f"{c} {a} {b}"], _Encoder()
    list(encode_iterable(chunks, encode, [END]))
    return {f"what encode is given by encode_iterable({chunks!r}, encode, {[END]!r})": encode.given}


@probe("encode_iterable", ask="How many chunks have been read when the first id comes out?", kind="property")
def lazy(encode_iterable: Callable, draw: Draw) -> Any:
    """it reads no more chunks than the ids asked for need"""
    read = 0

    def stream() -> Iterator[str]:
        nonlocal read
        for _ in range(200):
            read += 1
            yield "".join(f" {word}" for word in words)

    words = _words(draw, 20)
    ids = iter(encode_iterable(stream(), _Encoder(), [END]))
    before, first, later = read, len(list(islice(ids, 10))), read
    return {
        "chunks read before an id is asked for": before,
        "chunks of 20 words read for the first 10 ids": later,
        "ids, when asked for 210": first + len(list(islice(ids, 200))),
        "no more than 12 chunks read for them": read <= 12,
    }


# What a word costs


def _corpus(draw: Draw) -> dict[str, list[str]]:
    """Languages with short and long texts and with short and long words."""
    short, long = (" ".join(_words(draw, number)) for number in (1, 9))
    heavy = " ".join(draw.word(LETTERS, 9, 13) for _ in range(4))
    return {"xa": [short, heavy, "a b c"], "xb": [long], "xc": [heavy, short]}


def _fertility_told(fertility: Callable, *corpora: dict[str, list[str]]) -> dict[str, Any]:
    """With `list` as encode, so that every character is a token."""
    return {f"fertility(list, {texts!r})": fertility(list, deepcopy(texts)) for texts in corpora}


@probe("fertility", ask="A text of one word and a text of nine: does each of the ten words count once?")
def pooled(fertility: Callable, draw: Draw) -> Any:
    """all words of a language count alike, in whichever text they stand"""
    rare, common = draw.word(LETTERS, 12, 16), "a " * draw.integer(8, 12)
    return _fertility_told(fertility, {"xa": [rare, common]}, {"xa": [common, common, rare]})


@probe("fertility", ask="Is there one number, or one for each language?")
def per_language(fertility: Callable, draw: Draw) -> Any:
    """each language has its own ratio of tokens to words"""
    texts = _corpus(draw)
    twice = fertility(lambda text: list(text.encode()) * 2, texts)
    return _fertility_told(fertility, texts) | {f"fertility(lambda text: list(text.encode()) * 2, {texts!r})": twice}


@probe("fertility", ask="What does `str.split()` do with two spaces, and what does `str.split(' ')` do?")
def words_by_split(fertility: Callable, draw: Draw) -> Any:
    """words are what str.split() finds: two spaces or a line break cut once"""
    a, b, c = _words(draw, 3)
    return _fertility_told(fertility, {"xa": [f"{a}  {b}\n{c} "], "xb": [f"\n{a}", f"{b}   {c}"]})


@probe("fertility", ask="Is each text encoded whole, with its spaces?")
def whole_texts(fertility: Callable, draw: Draw) -> Any:
    """each text is given to encode once, whole and unchanged"""
    texts = {language: [text.title() + " !" for text in corpus] for language, corpus in _corpus(draw).items()}
    encode = _Encoder()
    told = {f"fertility(encode, {texts!r})": fertility(encode, texts)}
    return told | {f"what encode is given by fertility(encode, {texts!r})": sorted(encode.given)}
