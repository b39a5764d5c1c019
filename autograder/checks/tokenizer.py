"""Public probes of the unit tokenizer."""

import re
from collections.abc import Callable, Iterator
from itertools import islice

from autograder.probes import Draw, probe

LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = "<|end|>"


def _words(draw: Draw, number: int) -> list[str]:
    """Words of two to six letters."""
    return [draw.word(LETTERS, 2, 7) for _ in range(number)]


# Cutting text into words


@probe("pretokenize", ask="To which of its two neighbours does the space between two words belong?")
def space_before(pretokenize: Callable, draw: Draw) -> list:
    """one space in front belongs to the word that follows it"""
    words = _words(draw, 4)
    return [pretokenize(" ".join(words)), pretokenize(" " + ", ".join(words[:2]) + ".")]


@probe("pretokenize", ask="Two spaces stand between two words: which of them may go with the second word?")
def several_spaces(pretokenize: Callable, draw: Draw) -> list:
    """of several spaces only the last one goes with the word"""
    a, b, c = _words(draw, 3)
    return [pretokenize(f"{a}  {b}    {c}"), pretokenize(f"{a}\n\n{b}\n {c}\t"), pretokenize("   ")]


@probe("pretokenize", ask="Which endings of English words does the first part of the pattern name?")
def contractions(pretokenize: Callable, draw: Draw) -> list:
    """'s, 't, 'd, 'm, 'll, 've and 're are pieces, in lower case only"""
    endings = draw.shuffled(["s", "t", "d", "m", "ll", "ve", "re"])
    pieces = [pretokenize(f"{word}'{ending}") for word, ending in zip(_words(draw, 7), endings, strict=True)]
    return [*pieces, pretokenize(f"{_words(draw, 1)[0].upper()}'LL")]


@probe("pretokenize", ask="How many pieces is `abc123_x`, and which characters does `\\w` stand for in Python?")
def digits(pretokenize: Callable, draw: Draw) -> list:
    """letters, digits and everything else (“_” included) make separate pieces"""
    a, b, c = _words(draw, 3)
    number = draw.integer(10, 9999)
    return [pretokenize(f"{a}{number}{b} {number}, {a}_{b} _{c}!?"), pretokenize(f"{number}.{number} {c}__{number}")]


@probe("pretokenize", ask="Is `ö` a letter for your pattern? And `東`?")
def all_scripts(pretokenize: Callable, draw: Draw) -> list:
    """letters are letters in every script"""
    foreign = draw.shuffled(["größer", "привет", "東京", "ναι", "žlutý", "naïve", "çok"])
    return [pretokenize(" ".join([*foreign[:3], *_words(draw, 1)])), pretokenize("5".join(foreign[3:6]))]


@probe("pretokenize", ask="Join your pieces again: is any character lost, added or changed?")
def lossless(pretokenize: Callable, draw: Draw) -> list:
    """joined, the pieces are the text again, also for an empty text"""
    a, b, c = _words(draw, 3)
    text = f"  {a.title()}'s  {b.upper()}_{draw.integer(10, 99)}\r\n\n— «{c}»… 🙂\t"
    return ["".join(pretokenize(text)), pretokenize("")]


# Merging inside a word

MERGES = "a+c b+a c+c ba+ac b+c b+ac d+c b+d d+a cc+da"  # what a training on a dozen words of a, b, c, d learned


def _renamed(draw: Draw, merges: str) -> tuple[dict[int, str], list[tuple[bytes, bytes]]]:
    """Merges written with the letters a…e, and the fresh letters that this seed gives them."""
    letters = str.maketrans("abcde", "".join(draw.shuffled(LETTERS)[:5]))
    pairs = [pair.translate(letters).encode().split(b"+") for pair in merges.split()]
    return letters, [(left, right) for left, right in pairs]


@probe("bpe_encode", ask="Two merges apply to this word: which of them was learned first?")
def rank_order(bpe_encode: Callable, draw: Draw) -> list:
    """a merge learned earlier goes first, wherever in the word it applies"""
    letters, merges = _renamed(draw, "b+c a+b")
    words = [word.translate(letters) for word in ("abc", "abcab", "ab")]
    return [[bpe_encode(word, merges) for word in words], [bpe_encode(word, merges[::-1]) for word in words]]


@probe("bpe_encode", ask="Is the longest token that fits at the start of the word always the one BPE makes?")
def not_longest(bpe_encode: Callable, draw: Draw) -> list:
    """what counts is when a merge was learned, not how long a token is"""
    letters, merges = _renamed(draw, "a+b c+d ab+c")
    nested_letters, nested = _renamed(draw, "b+c a+bc a+b")
    return [
        bpe_encode("abcd".translate(letters), merges),
        bpe_encode("abcdabc".translate(letters), merges),
        bpe_encode("abcab".translate(nested_letters), nested),
    ]


@probe("bpe_encode", ask="Does your loop end when no merge applies, or before?")
def every_place(bpe_encode: Callable, draw: Draw) -> list:
    """a merge is made at all of its places, from left to right"""
    letters, merges = _renamed(draw, "a+b")
    _, twins = _renamed(draw, "a+a")
    letter = twins[0][0].decode()
    return [bpe_encode("abcababc".translate(letters), merges), bpe_encode(letter * 5, twins)]


@probe("bpe_encode", ask="After one merge there are new neighbours: do you look at them?")
def trained_merges(bpe_encode: Callable, draw: Draw) -> list:
    """the tokens are those that training itself would have left"""
    letters, merges = _renamed(draw, MERGES)
    words = [draw.word("abcd", 4, 10).translate(letters) for _ in range(12)]
    return [bpe_encode(word, merges) for word in words]


@probe("bpe_encode", ask="How many bytes is one emoji in UTF-8, and what does BPE start from?")
def bytes_first(bpe_encode: Callable, draw: Draw) -> list:
    """the start is UTF-8 bytes, not characters"""
    emoji = draw.choice("🙂🙃😀😇🚲🚂")
    accent = draw.choice("éèüößñø")
    first, second, third, _ = (bytes([byte]) for byte in emoji.encode())
    lead, rest = (bytes([byte]) for byte in accent.encode())
    merges = [(second, third), (lead, rest), (first, second + third)]
    return [bpe_encode(emoji, []), bpe_encode(f" {accent}{emoji}", merges)]


@probe("bpe_encode", ask="How many pairs has a word of one byte? And an empty one?")
def short_pieces(bpe_encode: Callable, draw: Draw) -> list:
    """a piece of one byte is one token, an empty piece is none"""
    letters, merges = _renamed(draw, MERGES)
    return [bpe_encode("", merges), bpe_encode("a".translate(letters), merges), bpe_encode("", [])]


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
def looks_up(decode: Callable, draw: Draw) -> list:
    """each id stands for its bytes in the vocabulary"""
    words = _words(draw, 4)
    vocab, ids = _vocab(draw, [f" {word}".encode() for word in words])
    return [decode(ids, vocab), decode([*ids[::-1], ids[0]], vocab)]


@probe("decode", ask="“é” is two bytes. If they stand in two tokens, when can they be turned into text?")
def split_character(decode: Callable, draw: Draw) -> list:
    """a character may be spread over several tokens"""
    text = "".join(draw.shuffled(["é", "🙂", "東", draw.word(LETTERS, 2, 5)]))
    raw = text.encode()
    vocab, ids = _vocab(draw, [raw[i : i + 2] for i in range(0, len(raw), 2)])
    single, letters = _vocab(draw, [bytes([byte]) for byte in raw])
    return [decode(ids, vocab), decode(letters, single)]


@probe("decode", ask="What does Python's decoder put in the place of wrong bytes, if it is told not to raise?")
def invalid_bytes(decode: Callable, draw: Draw) -> list:
    """bytes that are no valid UTF-8 become “�”"""
    word = draw.word(LETTERS, 2, 5).encode()
    vocab, ids = _vocab(draw, [word, b"\xf0\x9f", b"\xff\x80", "é".encode(), b"\xc3"])
    return [decode(ids, vocab), decode(draw.shuffled(ids), vocab), decode(ids[1:2], vocab)]


@probe("decode", ask="What does the contract say about an id the vocabulary lacks?")
def unknown_id(decode: Callable, draw: Draw) -> list:
    """an unknown id raises KeyError, wherever it stands"""
    vocab, ids = _vocab(draw, [word.encode() for word in _words(draw, 3)])
    unknown = draw.integer(6000, 9000)
    return [_raises_key_error(decode, case, vocab) for case in ([*ids, unknown], [unknown, *ids], ids)]


def _raises_key_error(decode: Callable, ids: list[int], vocab: dict[int, bytes]) -> bool:
    try:
        decode(ids, vocab)
    except KeyError:
        return True
    return False


@probe("decode", ask="Which iterables have no length and can be read only once?")
def any_iterable(decode: Callable, draw: Draw) -> list:
    """the ids may be any iterable, also an empty one"""
    vocab, ids = _vocab(draw, [word.encode() for word in _words(draw, 3)])
    return [decode(iter(ids), vocab), decode(tuple(ids), vocab), decode([], vocab), decode((), {})]


# Special tokens


@probe("split_on_special_tokens", ask="Does your way of cutting keep the separators, or drop them?")
def keeps_them(split_on_special_tokens: Callable, draw: Draw) -> list:
    """special tokens and text are pieces, in their places, with their white space"""
    a, b, c = _words(draw, 3)
    pad = f"<|{draw.word(LETTERS, 2, 5)}|>"
    return [
        split_on_special_tokens(f"{a}{END}{b}{pad}{c}", [END, pad]),
        split_on_special_tokens(f" {a}{pad}{b} \n{END} {END}\t{c}\n", [END]),
    ]


@probe("split_on_special_tokens", ask="What stands between two special tokens that touch?")
def no_empty_pieces(split_on_special_tokens: Callable, draw: Draw) -> list:
    """empty pieces are left out"""
    (word,) = _words(draw, 1)
    texts = [f"{END}{word}{END}{END}", END, "", END * 3]
    return [split_on_special_tokens(text, [END]) for text in texts]


@probe("split_on_special_tokens", ask="Two special tokens fit at the same place: which one is tried first?")
def longest_wins(split_on_special_tokens: Callable, draw: Draw) -> list:
    """of the special tokens that match at one place the longest is taken"""
    a, b = _words(draw, 2)
    specials = draw.shuffled([END, END + END, f"{END}[{a}]"])
    text = f"{b}{END}{END}{END}{a}{END}[{a}]{b}"
    return [split_on_special_tokens(text, order) for order in (specials, specials[::-1])]


@probe("split_on_special_tokens", ask="Two special tokens overlap: which one does a reader from the left meet first?")
def leftmost_first(split_on_special_tokens: Callable, draw: Draw) -> list:
    """where special tokens overlap, the one that starts earlier is taken"""
    a, b, c, d = draw.shuffled(LETTERS)[:4]
    texts = [f"{a}{b}{c}{d}", f"{d}{a}{b}{c}{d}{d}{b}{c}{d}"]
    return [split_on_special_tokens(text, [a + b, b + c + d]) for text in texts]


@probe("split_on_special_tokens", ask="What do | and . and * mean in a regular expression?")
def plain_strings(split_on_special_tokens: Callable, draw: Draw) -> list:
    """“|”, “.”, “*”, “[” and the like stand for themselves"""
    a, b, c = _words(draw, 3)
    special = draw.choice(["{}|{}", "{}.{}", "{}*{}", "{}?{}", "[{}{}]", "{}^{}"]).format(a, b)
    text = f"{c}{a}{special}{b}x{a}x{b}"
    return [split_on_special_tokens(text, [special]), split_on_special_tokens(f"{c}.{a}(b)", [".", "(b)"])]


@probe("split_on_special_tokens", ask="Which pattern do you build from no special token, and where does it match?")
def no_specials(split_on_special_tokens: Callable, draw: Draw) -> list:
    """without special tokens the text is one piece, and an empty text is none"""
    a, b = _words(draw, 2)
    cases = [(f"{a}{END} {b}", []), ("", []), (a, [])]
    return [split_on_special_tokens(text, specials) for text, specials in cases]


@probe("split_on_special_tokens", ask="Does your function reorder the list it was given?", kind="property")
def specials_kept(split_on_special_tokens: Callable, draw: Draw) -> list:
    """the caller's list of special tokens is the same afterwards"""
    (word,) = _words(draw, 1)
    specials = [END, END + END, "<|a|>", f"<|{word}|>{END}"]
    split_on_special_tokens(f"{word}{END}{END}", specials)
    return specials


# Text that never ends

WORD = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def _encode(text: str) -> list[int]:
    """Two ids for a word, its length and its last character; −1 for END and −2 for END END."""
    ids = []
    for part in text.replace(END + END, "\0\x02\0").replace(END, "\0\x01\0").split("\0"):
        words = [] if part in ("\x01", "\x02") else WORD.findall(part)
        ids += [n for word in words for n in (len(word), ord(word[-1]))] or [-ord(mark) for mark in part]
    return ids


def _chunks(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(0, len(text), size))


@probe("encode_iterable", ask="A chunk ends inside a word: what is its first half, before the second has come?")
def any_size(encode_iterable: Callable, draw: Draw) -> list:
    """words cut across chunks stay whole: chunks of 1, 2, 3 and 7 give the same ids"""
    a, b, c, d = _words(draw, 4)
    text = f"{a} {b}'s\n{draw.integer(100, 9999)} {c}{END}{d}_{a}! {b}"
    return [list(encode_iterable(_chunks(text, size), _encode, [END])) for size in (1, 2, 3, 7)]


@probe("encode_iterable", ask="Which two pieces are `'` and `l`, before the second `l` has come?")
def cut_contraction(encode_iterable: Callable, draw: Draw) -> list:
    """a contraction cut anywhere is the same piece: 'll, 've, 're"""
    a, b, c = _words(draw, 3)
    text = f"{a}'ll {b}'ve {c}'re {a}'"
    return [list(encode_iterable(_chunks(text, size), _encode)) for size in (1, 2)]


@probe("encode_iterable", ask="A chunk ends with a space: whose space is it?")
def cut_spaces(encode_iterable: Callable, draw: Draw) -> list:
    """white space at the end of a chunk waits for what follows"""
    a, b, c = _words(draw, 3)
    cases = [[a + " ", b + "  ", " " + c], [a, " ", " ", b, "\n", "\n ", c + "  "], [f"{a}  ", END, f"  {b}"]]
    return [list(encode_iterable(chunks, _encode, [END])) for chunks in cases]


@probe("encode_iterable", ask="How many characters at the end of the buffer may be the start of a special token?")
def cut_special(encode_iterable: Callable, draw: Draw) -> list:
    """a special token cut across chunks is found"""
    a, b, c = _words(draw, 3)
    text = f"{a} {END}{b}<|{c}{END}"
    cut = draw.integer(1, len(END))
    whole = [f"{a}{END[:cut]}", f"{END[cut:]} {b}"]
    return [list(encode_iterable(chunks, _encode, [END])) for chunks in (_chunks(text, 1), _chunks(text, 4), whole)]


@probe("encode_iterable", ask="A special token is complete: could the next characters make it a longer one?")
def longer_special(encode_iterable: Callable, draw: Draw) -> list:
    """a special token waits while a longer one may still come"""
    a, b = _words(draw, 2)
    text = f"{a}{END}{END}{b}{END} {END}{END}{END}"
    return [list(encode_iterable(_chunks(text, size), _encode, [END, END + END])) for size in (1, 3, 7)]


@probe("encode_iterable", ask="What is still in the buffer when the last chunk is read? And if there was no chunk?")
def the_end(encode_iterable: Callable, draw: Draw) -> list:
    """nothing is left behind at the end, and empty chunks do no harm"""
    a, b = _words(draw, 2)
    cases = [[a], [f"{a} ", "", b, ""], [f"{a}{END}"], [f"{a} <|en"], [], ["", ""]]
    return [list(encode_iterable(chunks, _encode, [END])) for chunks in cases]


@probe("encode_iterable", ask="What string do you hand to encode: one pre-token, or a stretch of text?")
def one_by_one(encode_iterable: Callable, draw: Draw) -> list:
    """encode is given one pre-token or special token at a time"""
    a, b, c = _words(draw, 3)
    given: list[str] = []

    def encode(text: str) -> list[int]:
        given.append(text)
        return _encode(text)

    list(encode_iterable([f"{a} {b}'s {END}", f"{c} {a} {b}"], encode, [END]))
    return given


@probe("encode_iterable", ask="How many chunks have been read when the first id comes out?", kind="property")
def lazy(encode_iterable: Callable, draw: Draw) -> list:
    """it reads no more chunks than the ids asked for need"""
    read = 0

    def stream() -> Iterator[str]:
        nonlocal read
        for _ in range(200):
            read += 1
            yield "".join(f" {word}" for word in words)

    words = _words(draw, 20)
    ids = iter(encode_iterable(stream(), _encode, [END]))
    before, first, later = read, len(list(islice(ids, 10))), read
    return [before == 0, first, later == 1, len(list(islice(ids, 400))), read <= 12]


# What a word costs


def _corpus(draw: Draw) -> dict[str, list[str]]:
    """Languages with short and long texts and with short and long words."""
    short, long = (" ".join(_words(draw, number)) for number in (1, 9))
    heavy = " ".join(draw.word(LETTERS, 9, 13) for _ in range(4))
    return {"xa": [short, heavy, "a b c"], "xb": [long], "xc": [heavy, short]}


@probe("fertility", ask="A text of one word and a text of nine: does each of the ten words count once?")
def pooled(fertility: Callable, draw: Draw) -> list:
    """all words of a language count alike, in whichever text they stand"""
    rare, common = draw.word(LETTERS, 12, 16), "a " * draw.integer(8, 12)
    return [fertility(list, {"xa": [rare, common]}), fertility(list, {"xa": [common, common, rare]})]


@probe("fertility", ask="Is there one number, or one for each language?")
def per_language(fertility: Callable, draw: Draw) -> list:
    """each language has its own ratio of tokens to words"""
    texts = _corpus(draw)
    return [fertility(list, texts), fertility(lambda text: list(text.encode()) * 2, texts)]


@probe("fertility", ask="What does `str.split()` do with two spaces, and what does `str.split(' ')` do?")
def words_by_split(fertility: Callable, draw: Draw) -> list:
    """words are what str.split() finds: two spaces or a line break cut once"""
    a, b, c = _words(draw, 3)
    return [fertility(list, {"xa": [f"{a}  {b}\n{c} "], "xb": [f"\n{a}", f"{b}   {c}"]})]


@probe("fertility", ask="Is each text encoded whole, with its spaces?")
def whole_texts(fertility: Callable, draw: Draw) -> list:
    """each text is given to encode once, whole and unchanged"""
    texts = {language: [text.title() + " !" for text in corpus] for language, corpus in _corpus(draw).items()}
    given: list[str] = []

    def encode(text: str) -> list[int]:
        given.append(text)
        return _encode(text)

    return [fertility(encode, texts), sorted(given)]
