"""What goes wrong in using a tokenizer."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from reference.misconceptions import Misconception
from reference.tokenizer import _finished_pieces, pretokenize, split_on_special_tokens


def _left_to_right(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    tokens = [bytes([byte]) for byte in piece.encode()]
    i = 0
    while i < len(tokens) - 1:
        if (tokens[i], tokens[i + 1]) in merges:
            tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]
            i = 0
        else:
            i += 1
    return tokens


def _one_sweep(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    tokens = [bytes([byte]) for byte in piece.encode()]
    i = 0
    while i < len(tokens) - 1:
        if (tokens[i], tokens[i + 1]) in merges:
            tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]
        i += 1
    return tokens


def _longest_match(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    known = {left + right for left, right in merges}
    tokens, rest = [], piece.encode()
    while rest:
        size = max(n for n in range(1, len(rest) + 1) if n == 1 or rest[:n] in known)
        tokens.append(rest[:size])
        rest = rest[size:]
    return tokens


def _each_merge_once(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    tokens = [bytes([byte]) for byte in piece.encode()]
    for left, right in merges:
        for i in range(len(tokens) - 1):
            if (tokens[i], tokens[i + 1]) == (left, right):
                tokens[i : i + 2] = [left + right]
                break
    return tokens


def _loses_last(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    tokens = [bytes([byte]) for byte in piece.encode()]
    for left, right in merges:
        swept, i = [], 0
        while i < len(tokens) - 1:
            found = (tokens[i], tokens[i + 1]) == (left, right)
            swept.append(left + right if found else tokens[i])
            i += 2 if found else 1
        tokens = swept
    return tokens


def _cut_one_by_one(text: str, specials: Sequence[str]) -> list[str]:
    pieces = [text]
    for special in sorted(specials, key=len, reverse=True):
        parts = []
        for piece in pieces:
            parts += [piece] if piece in specials else re.split(f"({re.escape(special)})", piece)
        pieces = parts
    return [piece for piece in pieces if piece]


def _plain_split(text: str, specials: Sequence[str]) -> list[str]:
    pieces = [text]
    for special in specials:
        pieces = [part for piece in pieces for part in piece.split(special)]
    return [piece for piece in pieces if piece]


def _chunk_by_chunk(chunks: Iterable[str], encode: Callable, specials: Sequence[str] = ()) -> Iterator[int]:
    for chunk in chunks:
        for part in split_on_special_tokens(chunk, specials):
            for piece in [part] if part in specials else pretokenize(part):
                yield from encode(piece)


def _whole_input(chunks: Iterable[str], encode: Callable, specials: Sequence[str] = ()) -> Iterator[int]:
    for part in split_on_special_tokens("".join(chunks), specials):
        for piece in [part] if part in specials else pretokenize(part):
            yield from encode(piece)


def _each_chunk(chunks: Iterable[str], encode: Callable, specials: Sequence[str] = ()) -> Iterator[int]:
    for chunk in chunks:
        yield from encode(chunk)


def _joined_list(chunks: Iterable[str], encode: Callable, specials: Sequence[str] = ()) -> list[int]:
    return encode("".join(chunks))


def _collected(chunks: Iterable[str], encode: Callable, specials: Sequence[str] = ()) -> list[int]:
    buffer, ids = "", []
    for chunk in chunks:
        buffer += chunk
        for piece in list(_finished_pieces(buffer, specials)):
            ids += encode(piece)
            buffer = buffer[len(piece) :]
    for part in split_on_special_tokens(buffer, specials):
        for piece in [part] if part in specials else pretokenize(part):
            ids += encode(piece)
    return ids


def _no_special_tokens(chunks: Iterable[str], encode: Callable, specials: Sequence[str] = ()) -> Iterator[int]:
    buffer = ""
    for chunk in chunks:
        buffer += chunk
        *finished, last, end = ["", "", *pretokenize(buffer)]
        for piece in filter(None, finished):
            yield from encode(piece)
        buffer = last + end
    for piece in pretokenize(buffer):
        yield from encode(piece)


def _all_chunks(chunks: Iterable[str], encode: Callable, specials: Sequence[str] = ()) -> Iterator[int]:
    yield from encode("".join(chunks))


def _word_by_word(encode: Callable[[str], list[int]], texts: dict[str, list[str]]) -> dict[str, float]:
    words = {language: [word for text in corpus for word in text.split()] for language, corpus in texts.items()}
    return {language: sum(len(encode(word)) for word in own) / len(own) for language, own in words.items()}


def _pooled_languages(encode: Callable[[str], list[int]], texts: dict[str, list[str]]) -> dict[str, float]:
    everything = [text for corpus in texts.values() for text in corpus]
    num_words = sum(len(text.split()) for text in everything)
    return {language: sum(len(encode(text)) for text in everything) / num_words for language in texts}


def _mean_of_ratios(encode: Callable[[str], list[int]], texts: dict[str, list[str]]) -> dict[str, float]:
    ratios = {}
    for language, corpus in texts.items():
        ratios[language] = sum(len(encode(text)) / len(text.split()) for text in corpus) / len(corpus)
    return ratios


# What stands in the answers, and is often edited.
FINDALL = "re.findall(GPT2_PATTERN, text)"
DECODED = 'b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")'

# A short name, what stands in the answer and what stands there instead, and the same in words.
TRAPS = (
    ("escape", {"map(re.escape, longest_first)": "longest_first"}, "their | is read as “or”, their . as any character"),
    ("group", {'"(" + ': "", ' + ")"': ""}, "without a group in the pattern they are thrown away"),
    ("order", {"sorted(specials, key=len, reverse=True)": "specials"}, "the first one given goes before the longest"),
    ("empty pieces", {"[piece for piece in pieces if piece]": "list(pieces)"}, "empty pieces stay in the list"),
    ("empty pattern", {" if specials else [text]": ""}, "with none of them the pattern matches everywhere"),
)


def _several_traps() -> list[Misconception]:
    """Cutting at "|".join(specials), in all the states in which it is met before the last trap is found."""
    several = [missed for number in range(2, len(TRAPS) + 1) for missed in combinations(TRAPS, number)]
    several.remove((TRAPS[1], TRAPS[2]))  # to an observer this one is str.split, below
    return [
        Misconception(
            "split_on_special_tokens",
            "traps: " + ", ".join(name for name, _, _ in missed),
            says="several traps at once. Special tokens: " + "; ".join(words for _, _, words in missed),
            ask="Which of the traps of the lesson has your pattern taken care of, and which not yet?",
            show='re.split("<|end|>", "a<|end|>") is ["a", "|", "|", ""]\n'
            're.split("(" + re.escape("<|end|>") + ")", "a<|end|>") is ["a", "<|end|>", ""]',
            family="rule",
            edit={old: new for _, edit, _ in missed for old, new in edit.items()},
        )
        for missed in several
    ]


MISCONCEPTIONS = (
    Misconception(
        "pretokenize",
        "str.split",
        says="your pieces have lost their spaces: this is text.split()",
        ask="Can you write down the text again if all you have is your pieces?",
        show='pretokenize("a  b") and pretokenize("a b") must differ: ["a", " ", " b"] and ["a", " b"]',
        family="rule",
        edit={FINDALL: "text.split()"},
    ),
    Misconception(
        "pretokenize",
        "space behind the word",
        says="your spaces stand behind the word before them, not in front of the word after them",
        ask="Read the pattern from left to right: does ` ?` stand before or after the letters?",
        show='pretokenize("low lower"): ["low", " lower"], not ["low ", "lower"]',
        family="sign or order",
        edit={r"| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|": r" ?|[^\W\d_]+ ?|\d+ ?|(?:[^\s\w]|_)+ ?|"},
    ),
    Misconception(
        "pretokenize",
        "no lookahead",
        says="several spaces in a row are taken together, so that the next word has lost the space in front of it",
        ask="What does `(?!\\S)` forbid, and what happens without it?",
        show='pretokenize("a  b"): ["a", " ", " b"]. Without the lookahead, "\\s+" takes both spaces: ["a", "  ", "b"]',
        family="off by one",
        edit={r"|\s+(?!\S)": ""},
    ),
    Misconception(
        "pretokenize",
        "digits with letters",
        says="digits, letters and “_” stand together in one piece, as \\w has it",
        ask="Which three kinds of characters does \\w stand for?",
        show='pretokenize("abc123"): ["abc", "123"]. re.findall(r"\\w+", "abc123") has one match',
        family="rule",
        edit={r" ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+": r" ?\w+| ?[^\s\w]+"},
    ),
    Misconception(
        "pretokenize",
        "no contractions",
        says="your pieces are those of a pattern without the rule for 's, 'll, 've and the like",
        ask="Which alternative of the pattern is tried first?",
        show='pretokenize("we\'ve"): ["we", "\'ve"], not ["we", "\'", "ve"]',
        family="rule",
        edit={"'(?:[sdmt]|ll|ve|re)|": ""},
    ),
    Misconception(
        "pretokenize",
        "any case of contraction",
        says="'LL in capitals is treated like 'll",
        ask="Does the pattern ignore the case of letters?",
        show='pretokenize("HE\'LL"): ["HE", "\'", "LL"]. The pattern names small letters only',
        family="rule",
        edit={"'(?:[sdmt]|ll|ve|re)|": "'(?:[sdmtSDMT]|ll|LL|ve|VE|re|RE)|"},
    ),
    Misconception(
        "pretokenize",
        "lower case",
        says="your pieces are in lower case; the text was not",
        ask="Is “Polish” the same word as “polish” to a tokenizer that must give back the text?",
        show='"".join(pretokenize("Paris")) must be "Paris"',
        family="rule",
        edit={FINDALL: "re.findall(GPT2_PATTERN, text.lower())"},
    ),
    Misconception(
        "pretokenize",
        "letters a to z",
        says="only a…z are letters for you; ö, п and 東 fall into the class of punctuation",
        ask="How many letters has “größer” for your pattern?",
        show='pretokenize("größer"): ["größer"], not ["gr", "öß", "er"]',
        family="rule",
        edit={r"[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+": r"[A-Za-z]+| ?\d+| ?[^\sA-Za-z\d]+"},
    ),
    Misconception(
        "pretokenize",
        "re.split",
        says="you get what stands between the matches, which is nothing: a list of empty strings",
        ask="Which function of re returns the matches, and which one what is left between them?",
        show='re.split("[a-z]+", "ab cd") gives ["", " ", ""]',
        family="rule",
        edit={FINDALL: "re.split(GPT2_PATTERN, text)"},
    ),
    Misconception(
        "pretokenize",
        "stripped pieces",
        says="the spaces are cut off your pieces",
        ask="Can you write down the text again if all you have is your pieces?",
        show='"".join(pretokenize("a b")) must be "a b"',
        family="rule",
        edit={FINDALL: "[piece.strip() for piece in re.findall(GPT2_PATTERN, text)]"},
    ),
    Misconception(
        "pretokenize",
        "stripped, blanks dropped",
        says="the spaces are cut off your pieces, and pieces of nothing but white space are gone",
        ask="Can you write down the text again if all you have is your pieces?",
        show='"".join(pretokenize("a  b")) must be "a  b"',
        family="rule",
        edit={FINDALL: "[piece.strip() for piece in re.findall(GPT2_PATTERN, text) if piece.strip()]"},
    ),
    Misconception(
        "pretokenize",
        "blanks dropped",
        says="pieces of nothing but white space are gone from your list",
        ask="Can you write down the text again if all you have is your pieces?",
        show='pretokenize("a  b"): ["a", " ", " b"], not ["a", " b"]',
        family="rule",
        edit={FINDALL: "[piece for piece in re.findall(GPT2_PATTERN, text) if piece.strip()]"},
    ),
    Misconception(
        "pretokenize",
        "text stripped",
        says="the white space at the two ends of the text is gone",
        ask="Can you write down the text again if all you have is your pieces?",
        show='pretokenize(" a "): [" a", " "], not ["a"]',
        family="rule",
        edit={FINDALL: "re.findall(GPT2_PATTERN, text.strip())"},
    ),
    Misconception(
        "pretokenize",
        "groups",
        says="your pattern has groups of its own, and re.findall then returns the groups, not the whole matches",
        ask="What is the difference between (…) and (?:…) in a regular expression?",
        show='re.findall("(a|b)(c)?", "acb") is [("a", "c"), ("b", "")]; '
        're.findall("(?:a|b)(?:c)?", "acb") is ["ac", "b"]',
        family="rule",
        edit={FINDALL: 're.findall(GPT2_PATTERN.replace("(?:", "("), text)'},
    ),
    Misconception(
        "pretokenize",
        "match objects",
        says="your list holds match objects, not strings",
        ask="What does re.finditer give, and how do you get the text out of it?",
        show='[match.group() for match in re.finditer("[a-z]", "a b")] is ["a", "b"]',
        family="units",
        edit={FINDALL: "list(re.finditer(GPT2_PATTERN, text))"},
    ),
    Misconception(
        "bpe_encode",
        "left to right",
        says="your result is that of merging the first pair from the left that is in the list, whenever it was learned",
        ask="Two merges apply to “abc”. Which of them was learned first?",
        show='merges = [(b"b", b"c"), (b"a", b"b")]\nbpe_encode("abc", merges): [b"a", b"bc"], not [b"ab", b"c"]',
        family="sign or order",
        wrong=_left_to_right,
    ),
    Misconception(
        "bpe_encode",
        "one sweep",
        says="you walk over the word once and merge what you meet; pairs that come to be behind you are never seen",
        ask="After a merge, which two new pairs have come to be?",
        show='merges = [(b"b", b"c"), (b"a", b"bc")]\n'
        'bpe_encode("abc", merges): b"bc" first, and then there is a new pair (b"a", b"bc"): [b"abc"]',
        family="sign or order",
        wrong=_one_sweep,
    ),
    Misconception(
        "bpe_encode",
        "longest match",
        says="your result is that of taking the longest known token at each place; BPE asks when a merge was learned",
        ask="Is the longest token that fits at the start of the word always the one BPE makes?",
        show='merges = [(b"a", b"b"), (b"c", b"d"), (b"ab", b"c")]\n'
        'bpe_encode("abcd", merges): [b"ab", b"cd"], not [b"abc", b"d"]: when "ab" meets "c", the "c" is gone',
        family="rule",
        wrong=_longest_match,
    ),
    Misconception(
        "bpe_encode",
        "one merge only",
        says="you stop after one merge",
        ask="When is a word finished: after a merge, or when no merge applies any more?",
        show='bpe_encode("abab", [(b"a", b"b")]): [b"ab", b"ab"], two merges',
        family="off by one",
        edit={"while known := [": "if known := ["},
    ),
    Misconception(
        "bpe_encode",
        "each merge once",
        says="each merge is made at its first place only",
        ask="How often does the pair stand in “abab”?",
        show='bpe_encode("abab", [(b"a", b"b")]): [b"ab", b"ab"], not [b"ab", b"a", b"b"]',
        family="off by one",
        wrong=_each_merge_once,
    ),
    Misconception(
        "bpe_encode",
        "latest merge first",
        says="of the merges that apply you make the one learned last",
        ask="Does a small rank mean early or late?",
        show='merges = [(b"b", b"c"), (b"a", b"b")]\n'
        'bpe_encode("abc", merges): (b"b", b"c") has rank 0 and goes first: [b"a", b"bc"]',
        family="sign or order",
        edit={"_, i = min(known)": "_, i = min((-rank, i) for rank, i in known)"},
    ),
    Misconception(
        "bpe_encode",
        "latest merge, rightmost place",
        says="of the merges that apply you make the one learned last, and of its places the rightmost",
        ask="Does a small rank mean early or late?",
        show='merges = [(b"b", b"c"), (b"a", b"b")]\n'
        'bpe_encode("abc", merges): (b"b", b"c") has rank 0 and goes first: [b"a", b"bc"]',
        family="sign or order",
        edit={"_, i = min(known)": "_, i = max(known)"},
    ),
    Misconception(
        "bpe_encode",
        "rightmost place first",
        says="where a pair stands at several places, you begin at the right",
        ask="In “aaa” the pair (a, a) stands twice and overlaps: which place goes first?",
        show='bpe_encode("aaa", [(b"a", b"a")]): [b"aa", b"a"], not [b"a", b"aa"]',
        family="sign or order",
        edit={"_, i = min(known)": "_, i = min(known, key=lambda found: (found[0], -found[1]))"},
    ),
    Misconception(
        "bpe_encode",
        "characters first",
        says="you start from characters; a character that is more than one byte is never taken apart",
        ask="How long is len('🙂'.encode())?",
        show='bpe_encode("é", []): [b"\\xc3", b"\\xa9"], two tokens of one byte each',
        family="units",
        edit={'[bytes([byte]) for byte in piece.encode("utf-8")]': '[char.encode("utf-8") for char in piece]'},
    ),
    Misconception(
        "bpe_encode",
        "numbers",
        says="your tokens are numbers; the merges are pairs of byte strings, so none of them ever applies",
        ask="What do you get when you walk over a bytes object in Python?",
        show='list(b"ab") is [97, 98]; bytes([97]) is b"a"',
        family="units",
        edit={'[bytes([byte]) for byte in piece.encode("utf-8")]': 'list(piece.encode("utf-8"))'},
    ),
    Misconception(
        "bpe_encode",
        "text",
        says="your tokens are str; the merges are pairs of byte strings, so none of them ever applies",
        ask='Is "a" equal to b"a" in Python?',
        show='bpe_encode("ab", []): [b"a", b"b"], not ["a", "b"]',
        family="units",
        edit={'[bytes([byte]) for byte in piece.encode("utf-8")]': "list(piece)"},
    ),
    Misconception(
        "bpe_encode",
        "only pairs of bytes",
        says="you merge bytes only; a merge whose halves are merged tokens themselves is never made",
        ask="Which merges can apply after the first one that could not before?",
        show='merges = [(b"b", b"c"), (b"a", b"bc")]\nbpe_encode("abc", merges): [b"abc"], by way of [b"a", b"bc"]',
        family="rule",
        edit={"enumerate(merges)}": "enumerate(merges) if len(pair[0]) == len(pair[1]) == 1}"},
    ),
    Misconception(
        "bpe_encode",
        "last token lost",
        says="the end of the word is missing: a loop over pairs has one step less than the word has tokens",
        ask="Join your tokens: are they the whole word?",
        show='b"".join(bpe_encode("abc", [(b"a", b"b")])) must be b"abc"',
        family="off by one",
        wrong=_loses_last,
    ),
    Misconception(
        "bpe_encode",
        "merges used up",
        says="your function takes the merges out of the caller's list",
        ask="What happens when the next word is encoded with the same list?",
        show='merges = [(b"a", b"b")]\nbpe_encode("ab", merges), and then again: both must be [b"ab"]',
        family="state",
        edit={"    return tokens": "    merges.clear()\n    return tokens"},
    ),
    Misconception(
        "decode",
        "token by token",
        says="each token is turned into text by itself, so a character spread over two tokens is lost",
        ask="Is one byte of “é” a text?",
        show='b"\\xc3".decode(errors="replace") + b"\\xa9".decode(errors="replace") is "��"; '
        '(b"\\xc3" + b"\\xa9").decode() is "é"',
        family="rule",
        edit={DECODED: '"".join(vocab[i].decode("utf-8", errors="replace") for i in ids)'},
    ),
    Misconception(
        "decode",
        "token by token, strict",
        says="each token is turned into text by itself, and a token that ends inside a character makes it raise",
        ask="Is one byte of “é” a text?",
        show='b"\\xc3".decode() raises; (b"\\xc3" + b"\\xa9").decode() is "é"',
        family="rule",
        edit={DECODED: '"".join(vocab[i].decode("utf-8") for i in ids)'},
    ),
    Misconception(
        "decode",
        "strict",
        says="bytes that are no UTF-8 make your function raise",
        ask="A model may produce any tokens in any order: what should a reader see of half a character?",
        show='decode([0], {0: b"\\xff"}) must be "�"',
        family="rule",
        edit={', errors="replace"': ""},
    ),
    Misconception(
        "decode",
        "ignore",
        says="bytes that are no UTF-8 disappear without a trace",
        ask="Which of Python's error handlers leaves a mark where it could not read?",
        show='decode([0, 1], {0: b"a", 1: b"\\xff"}) must be "a�", not "a"',
        family="rule",
        edit={'errors="replace"': 'errors="ignore"'},
    ),
    Misconception(
        "decode",
        "Latin-1",
        says="each byte became a character of its own, as in Latin-1",
        ask="How many characters are the two bytes of “é”?",
        show='"é".encode().decode("latin-1") is "Ã©"',
        family="units",
        edit={'.decode("utf-8", errors="replace")': '.decode("latin-1")'},
    ),
    Misconception(
        "decode",
        "ids are bytes",
        says="you took the ids themselves as bytes; they are keys of the vocabulary",
        ask="What is vocab[i] for, if an id were already a byte?",
        show='decode([7], {7: b"low"}) must be "low"',
        family="units",
        edit={'b"".join(vocab[i] for i in ids)': "bytes(ids)"},
    ),
    Misconception(
        "decode",
        "unknown ids left out",
        says="ids that the vocabulary lacks are passed over in silence",
        ask="Which of vocab[i] and vocab.get(i) speaks up?",
        show='decode([1], {0: b"a"}) must raise KeyError',
        family="rule",
        edit={"vocab[i]": 'vocab.get(i, b"")'},
    ),
    Misconception(
        "decode",
        "spaces between tokens",
        says="you put a space between tokens; a token brings its own",
        ask="Where did the space of “ lower” go when the text was cut?",
        show='decode([0, 1], {0: b"low", 1: b"er"}) must be "lower", not "low er"',
        family="rule",
        edit={'b"".join(vocab[i] for i in ids)': 'b" ".join(vocab[i] for i in ids)'},
    ),
    Misconception(
        "decode",
        "a list at least",
        says="you ask the ids for their length or for an element; an iterator has neither",
        ask="What can you do with an iterable, and only with a list?",
        show='decode(iter([0]), {0: b"a"}) must be "a"',
        family="rule",
        edit={"for i in ids)": "for i in (ids[n] for n in range(len(ids))))"},
    ),
    Misconception(
        "decode",
        "ids read twice",
        says="you go through the ids twice, first to look for unknown ones; an iterator is empty the second time",
        ask="How often can you read an iterator?",
        show='ids = iter([0, 1])\nlist(ids) is [0, 1], and list(ids) once more is []',
        family="state",
        edit={
            '    return b"".join(': (
                '    if any(i not in vocab for i in ids):\n        raise KeyError("unknown id")\n    return b"".join('
            )
        },
    ),
    Misconception(
        "split_on_special_tokens",
        "order given",
        says="special tokens are tried in the order given; a short one hides the longer one that begins like it",
        ask="In the regular expression a|ab, which one is tried first on “ab”?",
        show='split_on_special_tokens("ab", ["a", "ab"]): ["ab"], not ["a", "b"]',
        family="sign or order",
        edit={"sorted(specials, key=len, reverse=True)": "specials"},
    ),
    Misconception(
        "split_on_special_tokens",
        "shortest first",
        says="of several special tokens at one place the shortest is taken",
        ask="In which direction does sorted(…, key=len) sort?",
        show='split_on_special_tokens("ab", ["a", "ab"]): ["ab"], not ["a", "b"]',
        family="sign or order",
        edit={", reverse=True": ""},
    ),
    Misconception(
        "split_on_special_tokens",
        "not escaped",
        says="special tokens are read as regular expressions: their | means “or”, their . any character",
        ask="What does <|end|> match as a regular expression?",
        show='re.split("(<|end|>)", "a<|end|>") cuts at "<", at "end" and at ">"; re.escape makes plain text of it',
        family="rule",
        edit={"map(re.escape, longest_first)": "longest_first"},
    ),
    Misconception(
        "split_on_special_tokens",
        "no group",
        says="the special tokens are missing from your pieces",
        ask="What does re.split do with the separators, and what if the pattern has a group?",
        show='re.split("-", "a-b") is ["a", "b"]; re.split("(-)", "a-b") is ["a", "-", "b"]',
        family="rule",
        edit={'"(" + "|".join(map(re.escape, longest_first)) + ")"': '"|".join(map(re.escape, longest_first))'},
    ),
    Misconception(
        "split_on_special_tokens",
        "str.split",
        says="the text is cut at one special token after the other, in the order given, and they are gone",
        ask="What does str.split do with the separator, and what re.split, if the pattern has no group?",
        show='"a-b".split("-") is ["a", "b"]; joined, the pieces must be the text again',
        family="rule",
        wrong=_plain_split,
    ),
    Misconception(
        "split_on_special_tokens",
        "one after the other",
        says="you look for one special token in the whole text, then for the next; a later place then goes before an "
        "earlier one",
        ask="Two special tokens overlap: which one does a reader from the left meet first?",
        show='split_on_special_tokens("abcd", ["ab", "bcd"]): ["ab", "cd"], not ["a", "bcd"]',
        family="sign or order",
        wrong=_cut_one_by_one,
    ),
    Misconception(
        "split_on_special_tokens",
        "empty pieces",
        says="empty strings stand among your pieces",
        ask="What stands between two special tokens that touch, and before one that begins the text?",
        show='re.split("(-)", "-a") is ["", "-", "a"]; the empty piece goes',
        family="rule",
        edit={"[piece for piece in pieces if piece]": "list(pieces)"},
    ),
    Misconception(
        "split_on_special_tokens",
        "stripped pieces",
        says="your pieces have lost the white space at their ends",
        ask="Joined, must the pieces be the text again?",
        show='split_on_special_tokens("a <|end|>", ["<|end|>"]): ["a ", "<|end|>"]',
        family="rule",
        edit={"[piece for piece in pieces if piece]": "[piece.strip() for piece in pieces if piece.strip()]"},
    ),
    Misconception(
        "split_on_special_tokens",
        "empty pattern",
        says="without special tokens your pattern is empty and matches between any two characters",
        ask='What is "|".join([]), and where does that pattern match?',
        show='re.split("()", "ab") cuts between all letters',
        family="rule",
        edit={" if specials else [text]": ""},
    ),
    *_several_traps(),
    Misconception(
        "split_on_special_tokens",
        "sorted in place",
        says="the caller's list is in another order afterwards: list.sort works in place",
        ask="What is the difference between specials.sort() and sorted(specials)?",
        show='specials = ["a", "ab"]\nsplit_on_special_tokens("x", specials)\nspecials must still be ["a", "ab"]',
        family="state",
        edit={
            "longest_first = sorted(specials, key=len, reverse=True)": (
                "longest_first = specials\n    specials.sort(key=len, reverse=True)"
            )
        },
    ),
    Misconception(
        "encode_iterable",
        "chunk by chunk",
        says="each chunk is encoded by itself, so a word cut by a chunk's end becomes two",
        ask="The same text in chunks of one character: how many ids do you get?",
        show='encode_iterable(["lo", "w"], …) must give what ["low"] gives',
        family="rule",
        wrong=_chunk_by_chunk,
    ),
    Misconception(
        "encode_iterable",
        "encode(chunk)",
        says="each chunk goes to encode as it comes, so a word cut by a chunk's end becomes two",
        ask="The same text in chunks of one character: how many ids do you get?",
        show='encode_iterable(["lo", "w"], …) must give what ["low"] gives',
        family="rule",
        wrong=_each_chunk,
    ),
    Misconception(
        "encode_iterable",
        "encode of everything",
        says="you join the whole stream and encode it in one go; the ids are right, and nothing is a stream any more",
        ask="What would your function do with a stream that never ends?",
        show='ids = encode_iterable(itertools.cycle(["low "]), encode)\nnext(ids) must come back at once',
        family="state",
        wrong=_all_chunks,
    ),
    Misconception(
        "encode_iterable",
        "encode of everything, returned",
        says="you join the whole stream and return its ids in one list; the ids are right, and nothing is a stream "
        "any more",
        ask="What would your function do with a stream that never ends?",
        show='ids = iter(encode_iterable(itertools.cycle(["low "]), encode))\nnext(ids) must come back at once',
        family="state",
        wrong=_joined_list,
    ),
    Misconception(
        "encode_iterable",
        "collected in a list",
        says="your pieces are right and come in time, but you collect their ids in a list and return it at the end",
        ask="With which word does a Python function hand out one value and go on later?",
        show='ids = iter(encode_iterable(itertools.cycle(["low "]), encode))\nnext(ids) must come back at once',
        family="state",
        wrong=_collected,
    ),
    Misconception(
        "encode_iterable",
        "yield without from",
        says="you yield the list that encode returns; what is wanted are the ids in it, one by one",
        ask="What is the difference between `yield ids` and `yield from ids`?",
        show='list(encode_iterable(["low"], encode)) is a list of whole numbers, not a list of lists',
        family="units",
        edit={
            "        for piece in pieces:\n            yield from": "        for piece in pieces:\n            yield",
            "pretokenize(piece):\n            yield from": "pretokenize(piece):\n            yield",
        },
    ),
    Misconception(
        "encode_iterable",
        "no special tokens",
        says="you hold back the last two pre-tokens, but take no notice of special tokens",
        ask="What does pretokenize make of <|end|>, and what should encode be given?",
        show='encode_iterable(["a<|end|>"], encode, ["<|end|>"]): encode("a"), encode("<|end|>")',
        family="rule",
        wrong=_no_special_tokens,
    ),
    Misconception(
        "encode_iterable",
        "no default",
        says="without special tokens your function looks for the longest of none, and raises",
        ask="What is the max of an empty list, and what is L if there are no special tokens?",
        show="max([]) raises ValueError; max([], default=1) is 1",
        family="batch of one",
        edit={"max(map(len, specials), default=1)": "max(map(len, specials))"},
    ),
    Misconception(
        "encode_iterable",
        "all at once without special tokens",
        says="without special tokens nothing is held back: the last two pre-tokens may still change",
        ask="With no special token, where does the text in the buffer end: before s, or at s?",
        show='L = 1, so s = n. The text ends at n, which is not before s: encode_iterable(["lo", "w"], encode) '
        'must give encode("low")',
        family="off by one",
        edit={"default=1": "default=0"},
    ),
    Misconception(
        "encode_iterable",
        "joins everything",
        says="you read the whole stream before the first id comes out",
        ask="What would your function do with a stream that never ends?",
        show='ids = encode_iterable(itertools.cycle(["low "]), encode)\nnext(ids) must come back at once',
        family="state",
        wrong=_whole_input,
    ),
    Misconception(
        "encode_iterable",
        "end forgotten",
        says="what is in the buffer when the chunks end is never encoded",
        ask="Which pieces do you hold back, and who takes them when no chunk follows?",
        show='list(encode_iterable(["low"], encode)) must be encode("low"), not []',
        family="off by one",
        edit={
            "    for piece in split_on_special_tokens(buffer, specials):\n"
            "        for word in [piece] if piece in specials else pretokenize(piece):\n"
            "            yield from encode(word)": ""
        },
    ),
    Misconception(
        "encode_iterable",
        "chunks stripped",
        says="white space at the ends of chunks is gone",
        ask="If a chunk ends with a space, whose space is it?",
        show='["low ", "er"] is the text "low er"; ["low", "er"] is "lower"',
        family="rule",
        edit={"buffer += chunk": "buffer += chunk.strip()"},
    ),
    Misconception(
        "encode_iterable",
        "special tokens cut",
        says="a special token cut by a chunk's end becomes plain text",
        ask="How many characters at the end of the buffer may be the start of a special token?",
        show='encode_iterable(["a<|e", "nd|>"], encode, ["<|end|>"]) must give the id of <|end|>',
        family="off by one",
        edit={"safe = len(buffer) - max(map(len, specials), default=1) + 1": "safe = len(buffer)"},
    ),
    Misconception(
        "encode_iterable",
        "one pre-token held back",
        says="you hold back one pre-token; the one before it may change too",
        ask="“it'l” in the buffer: which pieces are these, and which when another “l” comes?",
        show='pretokenize("it\'l") is ["it", "\'", "l"]; pretokenize("it\'ll") is ["it", "\'ll"]',
        family="off by one",
        edit={"[:-2]": "[:-1]"},
    ),
    Misconception(
        "encode_iterable",
        "special token at once",
        says="a special token is taken as soon as it is complete, though a longer one may begin like it",
        ask="“<|end|>” is in the buffer and “<|end|><|end|>” is a special token too: what do you wait for?",
        show='specials = ["a", "ab"]: the chunks ["a", "b"] must give "ab", not "a" and text',
        family="sign or order",
        edit={
            "        if start >= safe:\n            return\n": (
                "        if start >= safe and piece not in specials:\n            return\n"
            )
        },
    ),
    Misconception(
        "encode_iterable",
        "stretches of text",
        says="encode gets a stretch of several words at once, not one pre-token at a time",
        ask="What string do you hand to encode?",
        show='for "low lower" encode must be called twice: encode("low"), encode(" lower")',
        family="rule",
        edit={
            "        for piece in pieces:\n            yield from encode(piece)": (
                '        yield from encode("".join(pieces)) if pieces else ()'
            )
        },
    ),
    Misconception(
        "encode_iterable",
        "buffer not cut",
        says="what has been encoded stays in the buffer and is encoded again",
        ask="Which part of the buffer is still needed after its first words are encoded?",
        show='list(encode_iterable(["a b c d ", "e"], encode)): each word once',
        family="state",
        edit={"buffer = buffer[sum(map(len, pieces)) :]": "buffer = buffer[0:]"},
    ),
    Misconception(
        "fertility",
        "mean of means",
        says="you average the ratios of the texts, so that a word in a short text counts more",
        ask="A text of one word and a text of nine: does each of the ten words count once?",
        show='fertility(list, {"en": ["abcdefghij", "a b c"]}): (10 + 5) / (1 + 3) = 3.75, not (10 + 5/3) / 2 = 5.83',
        family="denominator",
        wrong=_mean_of_ratios,
    ),
    Misconception(
        "fertility",
        "texts joined",
        says="you join the texts with a character between them, and that character is encoded too",
        ask="How many characters are in all texts together, and how many do you give to encode?",
        show='fertility(list, {"en": ["a", "b"]}): 2 tokens, 2 words: 1.0. list("a b") has 3',
        family="rule",
        edit={"sum(len(encode(text)) for text in corpus)": 'len(encode(" ".join(corpus)))'},
    ),
    Misconception(
        "fertility",
        "tokens per character",
        says="you divided by the number of characters",
        ask="What is counted below the line: words, characters or bytes?",
        show='fertility(list, {"en": ["a cat"]}): 5 tokens, 2 words: 2.5',
        family="units",
        edit={"len(text.split())": "len(text)"},
    ),
    Misconception(
        "fertility",
        "languages pooled",
        says="every language has the same number: that of all texts together",
        ask="Whose tokens and whose words are in the number of one language?",
        show='fertility(list, {"en": ["a"], "de": ["abc"]}): {"en": 1.0, "de": 3.0}, not 2.0 twice',
        family="batch of one",
        wrong=_pooled_languages,
    ),
    Misconception(
        "fertility",
        "words per token",
        says="your ratio is upside down: words per token",
        ask="Should a language with more tokens for the same words have a larger or a smaller number?",
        show='fertility(list, {"en": ["cat"]}): 3 tokens for 1 word is 3.0, not 0.33',
        family="denominator",
        edit={
            "sum(len(encode(text)) for text in corpus) / sum(len(text.split()) for text in corpus)": (
                "sum(len(text.split()) for text in corpus) / sum(len(encode(text)) for text in corpus)"
            )
        },
    ),
    Misconception(
        "fertility",
        "split at each space",
        says="you cut at every single space, and count the empty strings between two spaces as words",
        ask="How long is 'a  b'.split(' '), and how long is 'a  b'.split()?",
        show='"a  b".split(" ") is ["a", "", "b"]; "a  b".split() is ["a", "b"]',
        family="denominator",
        edit={"text.split()": 'text.split(" ")'},
    ),
    Misconception(
        "fertility",
        "word by word",
        says="you encode words without the text around them, so the spaces cost nothing",
        ask="Is each text encoded whole, with its spaces?",
        show='fertility(list, {"en": ["a b"]}): list("a b") has 3 tokens, list("a") and list("b") only 2: 1.5, not 1.0',
        family="rule",
        wrong=_word_by_word,
    ),
    Misconception(
        "fertility",
        "distinct tokens",
        says="you count each different token once",
        ask="Does a token that comes twice cost twice?",
        show='fertility(list, {"en": ["aaa"]}): 3.0, not 1.0',
        family="denominator",
        edit={"len(encode(text))": "len(set(encode(text)))"},
    ),
    Misconception(
        "fertility",
        "whole-number division",
        says="your ratio is rounded down to a whole number",
        ask="What is the difference between / and // in Python?",
        show='fertility(list, {"en": ["a cat"]}): 5 / 2 = 2.5, not 2',
        family="units",
        edit={") / sum(": ") // sum("},
    ),
)
