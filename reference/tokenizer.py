"""Byte-pair encoding, in use: text to token ids and back, also for text that never ends.

Text is cut three times: at special tokens, into pre-tokens (words that carry their space), and into the
byte strings that training found worth a token.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+"


def pretokenize(text: str) -> list[str]:
    """Cut text into the words that BPE may not cross.

    Args:
        text: any string; may be empty.

    Returns:
        The matches of the given `GPT2_PATTERN`, from left to right, as strings. Nothing is lost and nothing
        is changed: joined, they are the text again. One space in front belongs to the word that follows it;
        of several spaces the others stand apart. Letters, digits, and everything else ("_" included) make
        separate pieces; signs such as "²" and "½" go with the letters. English contractions such as 's and 'll are
        pieces, in lower case only.

    Source: Radford et al. (2019), section 2.2, and the pattern in GPT-2's published encoder.py, here for Python's `re`.

    Example:
        >>> pretokenize("We've  got 42 cats.")
        ['We', "'ve", ' ', ' got', ' 42', ' cats', '.']
    """
    return re.findall(GPT2_PATTERN, text)


def bpe_encode(piece: str, merges: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Cut one pre-token into tokens.

    Args:
        piece: one pre-token; may be empty.
        merges: pairs of tokens in the order in which a training learned them.

    Returns:
        The tokens as byte strings; joined, they are the UTF-8 bytes of piece. They are the tokens that training
        itself would have left in this word: a merge learned earlier goes before a merge learned later, wherever
        in the word they apply, and no merge that still applies is left out. An empty piece gives [].

    Source: Sennrich et al. (2016), section 3.2.

    Example:
        >>> bpe_encode("abc", [(b"b", b"c"), (b"a", b"b")])
        [b'a', b'bc']
    """
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    tokens = [bytes([byte]) for byte in piece.encode("utf-8")]
    while known := [(ranks[pair], i) for i, pair in enumerate(pairwise(tokens)) if pair in ranks]:
        _, i = min(known)  # the pair learned first; of its places, the leftmost
        tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]
    return tokens


def decode(ids: Iterable[int], vocab: dict[int, bytes]) -> str:
    """Turn token ids back into text.

    Args:
        ids: token ids, in any iterable, which is read once; may be empty.
        vocab: from id to the bytes of that token. Any ids may occur in it, in any order.

    Returns:
        The text whose UTF-8 bytes the tokens spell together. A character may be spread over several tokens.
        Bytes that are no valid UTF-8 become U+FFFD "�", as Python's own decoder places it.

    Raises:
        KeyError: an id is not in vocab.

    Example:
        >>> decode([1, 2, 1], {1: b"\\xc3", 2: b"\\xa9!"})
        'é!�'
    """
    return b"".join(vocab[i] for i in ids).decode("utf-8", errors="replace")


def split_on_special_tokens(text: str, specials: Sequence[str]) -> list[str]:
    """Separate special tokens from the text between them.

    Args:
        text: any string; may be empty.
        specials: the special tokens, in any order; may be empty. They are plain strings: "|", "." and the
            like stand for themselves.

    Returns:
        The pieces in order, special tokens included, each as a piece of its own; joined, they are the text
        again. The text is read from left to right; where several special tokens match at the same place, the
        longest one is taken. Pieces keep their white space. Empty pieces are left out, so the empty text gives [].

    Example:
        >>> split_on_special_tokens("Hi <|end|><|end|>you", ["<|end|>"])
        ['Hi ', '<|end|>', '<|end|>', 'you']
    """
    longest_first = sorted(specials, key=len, reverse=True)
    pattern = "(" + "|".join(map(re.escape, longest_first)) + ")"  # a group, because split then keeps what matched
    pieces = re.split(pattern, text) if specials else [text]
    return [piece for piece in pieces if piece]


def _finished_pieces(buffer: str, specials: Sequence[str]) -> Iterator[str]:
    """The special tokens and pre-tokens at the start of the buffer that no later character can change."""
    safe = len(buffer) - max(map(len, specials), default=1) + 1  # a special token that starts before is seen whole
    start = 0
    for piece in split_on_special_tokens(buffer, specials):
        if start >= safe:
            return
        end = start + len(piece)
        if piece in specials:
            yield piece
        elif end < safe:  # a special token follows, so this text is at its end
            yield from pretokenize(piece)
        else:  # the last two may change: "'" and "l" become "'ll"; two spaces and "a" become " " and " a"
            yield from pretokenize(piece[: safe - start])[:-2]
        start = end


def encode_iterable(
    chunks: Iterable[str], encode: Callable[[str], list[int]], specials: Sequence[str] = ()
) -> Iterator[int]:
    """Encode a stream of text without ever holding all of it.

    Args:
        chunks: strings that together are the text. They may end anywhere, also inside a word or a special
            token, and may be empty. They are read once, in order.
        encode: maps a string to its token ids. It knows the special tokens and works pre-token by pre-token.
        specials: the special tokens that encode knows; where several match at the same place, it takes the longest.

    Yields:
        The ids of encode("".join(chunks)), for every way to cut the text into chunks.

    Lazy: ids come as soon as later text cannot change them (holding back a few words and one possible special
    token is fine), and the next chunk is read only when they are used up. Each finished pre-token and each
    special token is given to encode by itself.

    Example:
        >>> list(encode_iterable(["low", "er lo", "w"], lambda text: [len(word) for word in pretokenize(text)]))
        [5, 4]
    """
    buffer = ""
    for chunk in chunks:
        buffer += chunk
        pieces = list(_finished_pieces(buffer, specials))
        for piece in pieces:
            yield from encode(piece)
        buffer = buffer[sum(map(len, pieces)) :]
    for piece in split_on_special_tokens(buffer, specials):
        for word in [piece] if piece in specials else pretokenize(piece):
            yield from encode(word)


def fertility(encode: Callable[[str], list[int]], texts: dict[str, list[str]]) -> dict[str, float]:
    """Compare how many tokens a word costs in different languages.

    Args:
        encode: maps a string to its token ids.
        texts: from language to its texts, which together hold at least one word.

    Returns:
        From language to tokens per word, a float. Words are what `str.split()` finds. All tokens and all
        words of a language count alike, in whichever of its texts they stand.

    Source: Rust et al., How Good is Your Tokenizer? (2021), where the ratio is called subword fertility.

    Example:
        >>> fertility(list, {"en": ["a cat", "cats"], "de": ["Katze"]})
        {'en': 3.0, 'de': 5.0}
    """
    return {
        language: sum(len(encode(text)) for text in corpus) / sum(len(text.split()) for text in corpus)
        for language, corpus in texts.items()
    }
