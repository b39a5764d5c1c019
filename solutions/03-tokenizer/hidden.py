"""Hidden probes of the unit tokenizer: the same properties, on rarer texts."""

from collections.abc import Callable, Iterator

from autograder.probes import Draw, probe

LETTERS = "abcdefghijklmnopqrstuvwxyz"
END = "<|end|>"


@probe("pretokenize", ask="Try an apostrophe in front of a word, after a space, and alone: what are the pieces?")
def apostrophes(pretokenize: Callable, draw: Draw) -> list:
    """an apostrophe that begins no contraction is punctuation"""
    a, b = draw.word("bcfgh", 2, 5), draw.word("bcfgh", 2, 5)
    return [pretokenize(f"'{a}' '{b} {a}''s {b} 's"), pretokenize(f"{a}\u00a0{b}\r\n\r\n{a}"), pretokenize("'")]


@probe("bpe_encode", ask="How many tokens does your function make of a word in which no merge applies?")
def long_piece(bpe_encode: Callable, draw: Draw) -> list:
    """long pieces and pieces without any known pair are encoded too"""
    a, b = (letter.encode() for letter in draw.shuffled(LETTERS)[:2])
    merges = [(a, b), (a + b, a + b), (a + b + a + b, a + b)]
    word = draw.word((a + b).decode(), 40, 60)
    return [bpe_encode(word, merges), bpe_encode(f" {draw.integer(1000, 9999)}", merges), bpe_encode(word, [])]


@probe("decode", ask="What does decode do with a token of no bytes, and with the byte 0?")
def odd_tokens(decode: Callable, draw: Draw) -> list:
    """line breaks, null bytes and white space come back as they were"""
    first = draw.integer(-50, 50)
    vocab = {first: b"\r\n", first + 1: b"\x00", first + 2: b"  ", first + 3: b"\xef\xbb\xbf", first + 4: b""}
    ids = draw.shuffled(sorted(vocab))
    return [decode(ids, vocab), decode([first, first, first + 2], vocab)]


@probe("split_on_special_tokens", ask="Does one special token of many look like the start of another?")
def many_specials(split_on_special_tokens: Callable, draw: Draw) -> list:
    """many special tokens, one the start of another, over several lines"""
    specials = draw.shuffled([f"<|{'x' * i}|>" for i in range(5)] + ["\n\n", "\n", "\\", "\\n"])
    text = "".join(draw.choice([*specials, "a", " b "]) for _ in range(40))
    return split_on_special_tokens(text, specials)


@probe("encode_iterable", ask="A chunk ends with `<|e`: what may it become, and what is it if it does not?")
def false_start(encode_iterable: Callable, draw: Draw) -> list:
    """what began like a special token and is none is text"""
    word = draw.word(LETTERS, 2, 6)
    text = f"{word}<|en {END[:5]}{END} <{END}|> 'l{word}  {END}"
    cuts = sorted(draw.integer(1, len(text)) for _ in range(4))
    chunks = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    given: list[str] = []

    def encode(piece: str) -> list[int]:
        given.append(piece)
        return [len(piece)]

    return [[list(encode_iterable(parts, encode, [END])) for parts in (chunks, list(text))], given]


@probe("encode_iterable", ask="Can you read a generator twice, or ask for its length?", kind="property")
def generator_read_once(encode_iterable: Callable, draw: Draw) -> list:
    """the chunks are read once, in order, to the end"""
    words = [draw.word(LETTERS, 1, 5) for _ in range(9)]
    read: list[str] = []

    def stream() -> Iterator[str]:
        for word in words:
            read.append(word)
            yield f" {word}"

    total = sum(1 for _ in encode_iterable(stream(), lambda text: [0] * len(text)))
    return [total == sum(len(word) + 1 for word in words), read == words]


@probe("fertility", ask="Is a language with one text of one word treated like the others?")
def one_word(fertility: Callable, draw: Draw) -> list:
    """one word is enough, and no language is no entry"""
    word = draw.word("aé東", 3, 9)
    cases = [{"xa": [word]}, {"xb": [word, f" {word}\n"]}, {}]
    return [fertility(lambda text: list(text.encode()), texts) for texts in cases]


@probe("fertility", ask="Does your function change the texts it was given?", kind="property")
def texts_kept(fertility: Callable, draw: Draw) -> dict:
    """the texts are the same afterwards"""
    texts = {"xa": [draw.word(LETTERS, 2, 9), "a b"], "xb": [draw.word(LETTERS, 2, 9)]}
    fertility(list, texts)
    return texts
