"""Other right answers of the unit tokenizer."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from reference.tokenizer import GPT2_PATTERN, pretokenize, split_on_special_tokens


def pretokenize__finditer(text: str) -> list[str]:
    """Match after match."""
    return [match.group() for match in re.finditer(GPT2_PATTERN, text)]


def pretokenize__by_position(text: str) -> list[str]:
    """One match at a time, each where the last one ended."""
    pattern, pieces, position = re.compile(GPT2_PATTERN), [], 0
    while position < len(text):
        match = pattern.match(text, position)
        pieces.append(match.group())
        position = match.end()
    return pieces


def bpe_encode__merge_by_merge(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Replay the training: one sweep over the word for each merge, in order."""
    tokens = [bytes([byte]) for byte in piece.encode()]
    for left, right in merges:
        swept: list[bytes] = []
        for token in tokens:
            if swept and (swept[-1], token) == (left, right):
                swept[-1] = left + right
            else:
                swept.append(token)
        tokens = swept
    return tokens


def bpe_encode__borders(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Keep the borders between tokens, and take away the one that the earliest merge crosses."""
    data = piece.encode()
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    borders = list(range(len(data) + 1))

    def rank(i: int) -> int:
        left, middle, right = borders[i - 1 : i + 2]
        return ranks.get((data[left:middle], data[middle:right]), len(merges))

    while len(borders) > 2:
        best = min(range(1, len(borders) - 1), key=rank)
        if rank(best) == len(merges):
            break
        del borders[best]
    return [data[start:end] for start, end in pairwise(borders)]


def bpe_encode__recursive(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Merge the best pair and begin again with the shorter list."""

    def shorten(tokens: list[bytes]) -> list[bytes]:
        known = [pair for pair in pairwise(tokens) if pair in merges]
        if not known:
            return tokens
        i = list(pairwise(tokens)).index(min(known, key=merges.index))
        return shorten([*tokens[:i], tokens[i] + tokens[i + 1], *tokens[i + 2 :]])

    return shorten([piece.encode()[i : i + 1] for i in range(len(piece.encode()))])


def decode__bytearray(ids: Iterable[int], vocab: dict[int, bytes]) -> str:
    """Collect the bytes in one buffer."""
    buffer = bytearray()
    for i in ids:
        buffer += vocab[i]
    return str(buffer, encoding="utf-8", errors="replace")


def decode__incremental(ids: Iterable[int], vocab: dict[int, bytes]) -> str:
    """Token by token, with a decoder that remembers unfinished characters."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return "".join([decoder.decode(vocab[i]) for i in ids] + [decoder.decode(b"", final=True)])


def split_on_special_tokens__scan(text: str, specials: Sequence[str]) -> list[str]:
    """Walk through the text and look for a special token at every place."""
    pieces, start, i = [], 0, 0
    while i < len(text):
        here = max((special for special in specials if text.startswith(special, i)), key=len, default="")
        if here:
            pieces += [text[start:i], here]
            start = i + len(here)
        i += len(here) or 1
    return [piece for piece in [*pieces, text[start:]] if piece]


def split_on_special_tokens__recursive(text: str, specials: Sequence[str]) -> list[str]:
    """Find the first special token, and treat the rest of the text like a new one."""
    found = [(text.find(special), -len(special), special) for special in specials if special in text]
    if not found:
        return [text] if text else []
    start, _, special = min(found)
    rest = split_on_special_tokens(text[start + len(special) :], specials)
    return ([text[:start]] if start else []) + [special, *rest]


def encode_iterable__held_tail(
    chunks: Iterable[str], encode: Callable[[str], list[int]], specials: Sequence[str] = ()
) -> Iterator[int]:
    """Cut the buffer generously and keep whatever ends within reach of its end."""
    reach = 2 * max([*map(len, specials), 2])

    def cut(text: str) -> list[str]:
        pieces = []
        for part in split_on_special_tokens(text, specials):
            pieces += [part] if part in specials else pretokenize(part)
        return pieces

    buffer = ""
    for chunk in chunks:
        buffer += chunk
        pieces = cut(buffer)
        while len(pieces) > 2 and len(buffer) - len(pieces[0]) > reach:
            yield from encode(pieces[0])
            buffer = buffer[len(pieces.pop(0)) :]
    for piece in cut(buffer):
        yield from encode(piece)


def encode_iterable__character_by_character(
    chunks: Iterable[str], encode: Callable[[str], list[int]], specials: Sequence[str] = ()
) -> Iterator[int]:
    """Let one character in at a time; a piece is finished when two more pieces and any special token fit behind it."""
    longest = max(map(len, specials), default=0)

    def pieces_of(text: str) -> list[str]:
        parts = split_on_special_tokens(text, specials)
        return [piece for part in parts for piece in ([part] if part in specials else pretokenize(part))]

    waiting = ""
    for character in (character for chunk in chunks for character in chunk):
        waiting += character
        first, *others = pieces_of(waiting)
        if len(others) >= 2 and sum(map(len, others)) > longest + 2:
            yield from encode(first)
            waiting = waiting[len(first) :]
    for piece in pieces_of(waiting):
        yield from encode(piece)


def fertility__loops(encode: Callable[[str], list[int]], texts: dict[str, list[str]]) -> dict[str, float]:
    """Two counters for each language."""
    ratios = {}
    for language in sorted(texts):
        tokens = words = 0
        for text in texts[language]:
            tokens += len(encode(text))
            words += len(re.findall(r"\S+", text))
        ratios[language] = tokens / words
    return ratios


def fertility__counters(encode: Callable[[str], list[int]], texts: dict[str, list[str]]) -> dict[str, float]:
    """One walk over all pairs of a language and a text."""
    from collections import Counter

    tokens, words = Counter(), Counter()
    for language, text in ((language, text) for language, corpus in texts.items() for text in corpus):
        tokens[language] += len(encode(text))
        words[language] += len(text.split())
    return {language: tokens[language] / count for language, count in words.items()}
