"""Data for a language model: windows and batches of token ids, and the documents they come from.

Shapes: N tokens in a row, T positions in a window, B windows in a batch, n windows in all. A window x comes with its
labels y: the same stretch of text one token further on. Labels are shifted here, once, and nowhere else.
"""

import hashlib
import re
import struct
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import combinations

import torch
from torch import Tensor


def sliding_windows(ids: Sequence[int] | Tensor, T: int, stride: int) -> tuple[Tensor, Tensor]:
    """Cut a row of tokens into windows of equal length, each with its labels.

    Args:
        ids: (N,) token ids, a list or a tensor of any integer type; may be empty.
        T: tokens in a window, at least 1.
        stride: how many tokens after one window the next one starts, at least 1. It may be smaller than T, and then
            windows overlap, or larger.

    Returns:
        A tuple (x, y) of two (n, T) int64 tensors. Window i starts at token i·stride. The label of a token is the one
        that follows it in ids, so y is x, one token further on. Every window is there whose T tokens and T labels all
        lie within ids, and no other. If there is none, both have the shape (0, T).

    x and y are new tensors: they share memory neither with ids nor with each other. ids is not changed.

    Example:
        >>> x, y = sliding_windows([10, 11, 12, 13, 14, 15], T=2, stride=3)
        >>> x
        tensor([[10, 11],
                [13, 14]])
        >>> y
        tensor([[11, 12],
                [14, 15]])
    """
    ids = torch.as_tensor(ids, dtype=torch.int64)  # (N,)
    starts = torch.arange(0, max(len(ids) - T, 0), stride)  # (n,)
    places = starts[:, None] + torch.arange(T)  # (n, T)
    return ids[places], ids[places + 1]


def get_batch(data: Tensor, B: int, T: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw windows at random places of a long text.

    Args:
        data: (N,) token ids, a tensor of any integer type.
        B: windows in the batch, at least 1; may be larger than the number of places.
        T: tokens in a window, at least 1.
        generator: the only source of randomness. Its state moves on with each call; a fresh generator with the same
            seed gives the same batches again.

    Returns:
        A tuple (x, y) of two (B, T) int64 tensors. Each row of x is T neighbours in data, and the same row of y
        is that stretch one token further on. All places where tokens and labels both fit into data are equally
        likely, and each row is drawn independently of the others, so the same place can come twice.

    data is not changed, and the result does not share its memory. Which random numbers are used up on the way is up
    to you.

    Raises:
        ValueError: data is too short for a single window with its labels (N ≤ T).

    Example:
        >>> x, y = get_batch(torch.tensor([7, 8, 9]), B=2, T=2, generator=torch.Generator().manual_seed(0))
        >>> x.tolist(), y.tolist()  # there is only one place
        ([[7, 8], [7, 8]], [[8, 9], [8, 9]])
    """
    num_starts = len(data) - T
    if num_starts < 1:
        raise ValueError(f"{len(data)} tokens hold no window of {T} with its labels: at least {T + 1} are needed.")
    starts = torch.randint(num_starts, (B, 1), generator=generator)
    places = starts + torch.arange(T)  # (B, T)
    return data[places].long(), data[places + 1].long()


def pack_documents(docs: Sequence[Sequence[int]], T: int, eot: int) -> tuple[Tensor, Tensor]:
    """Lay documents end to end and cut the row into windows without gaps and without padding.

    Args:
        docs: the documents, each a list of token ids; there may be none, and one may be empty.
        T: tokens in a window, at least 1.
        eot: the id of the token that ends a document.

    Returns:
        A tuple (x, y) of two (n, T) int64 tensors. The row of tokens is every document followed by one eot: the last
        document as well, and an empty document is one eot. Window i holds the tokens i·T … (i+1)·T − 1 of that row;
        its labels are the tokens that follow each of them in the row, also where that token stands in the next
        window. A window at the end whose tokens or labels are incomplete is dropped. With no window both have the
        shape (0, T).

    x and y do not share memory with each other. docs is not changed.

    Example:
        >>> x, y = pack_documents([[1, 2, 3], [4]], T=2, eot=0)
        >>> x
        tensor([[1, 2],
                [3, 0]])
        >>> y
        tensor([[2, 3],
                [0, 4]])
    """
    row = [token for doc in docs for token in [*doc, eot]]
    return sliding_windows(row, T, stride=T)


def split_documents(docs: Sequence[str], val_fraction: float, seed: int = 0) -> tuple[list[str], list[str]]:
    """Put some documents aside for validation, so that no copy of them stays in the training set.

    Args:
        docs: texts, in any order, with repetitions.
        val_fraction: the share to put aside, from 0 to 1.
        seed: another seed gives another split.

    Returns:
        A tuple (train, val) of two lists. Every document stands in one of them as it came, repetitions too, in the
        order of docs.

    The side of a document depends on its normalized text, val_fraction and seed, and on nothing else. Normalized
    means: lower case, each run of white space one single space, none at either end. So copies that differ only in
    that lie on one side; adding, removing or moving other documents changes nothing; and the split is the same in
    every process. Each normalized text lies in val with probability val_fraction, independently of other texts and
    of other seeds: with 0 val is empty, with 1 train is. docs is not changed.

    Example:
        >>> train, val = split_documents(["A  cat.", "a cat.", "A dog.", "A cow."], val_fraction=0.5)
        >>> sorted(train + val), ("A  cat." in val) == ("a cat." in val)
        (['A  cat.', 'A cow.', 'A dog.', 'a cat.'], True)
    """
    train, val = [], []
    for doc in docs:
        normalized = " ".join(doc.lower().split())
        digest = hashlib.blake2b(f"{seed} {normalized}".encode(), digest_size=6).digest()
        place = int.from_bytes(digest, "big") / 2**48  # in [0, 1), and exact
        side = val if place < val_fraction else train
        side.append(doc)
    return train, val


def jaccard(a: set, b: set) -> float:
    """Measure how alike two sets are: what they share, out of all they hold.

    Args:
        a: any set; may be empty.
        b: another one.

    Returns:
        |a ∩ b| / |a ∪ b|, a float between 0 (nothing in common) and 1 (equal). For two empty sets it is 0.
        Neither set is changed.

    Source: Broder, On the Resemblance and Containment of Documents (1997), section 2.

    Example:
        >>> jaccard({"the cat", "cat sat"}, {"the cat", "cat ran"})  # one in common, three in all
        0.3333333333333333
    """
    union = a | b
    return len(a & b) / len(union) if union else 0.0


def minhash_signature(shingles: set, k: int) -> list[int]:
    """Boil a set down to k numbers, from which the Jaccard similarity of two sets can be estimated.

    Args:
        shingles: the set, not empty. An element counts as the text that `str` makes of it.
        k: how many numbers, at least 1.

    Returns:
        A list of k Python ints. Number i is the smallest value that hash function i takes on the set; the k hash
        functions are independent of one another and the same at every call, for every set, in every process. So for
        two sets, each place of their signatures agrees with probability equal to their Jaccard similarity.

    Which hash functions is up to you: the values are not compared with anybody else's. shingles is not changed.

    Raises:
        ValueError: shingles is empty, and nothing has no smallest.

    Source: Broder (1997), section 3.

    Example:
        >>> one, same, other = ({"a b", "b c"}, {"b c", "a b"}, {"x y", "y z"})
        >>> len(minhash_signature(one, k=4)), minhash_signature(one, k=4) == minhash_signature(same, k=4)
        (4, True)
        >>> minhash_signature(one, k=4) == minhash_signature(other, k=4)
        False
    """
    if not shingles:
        raise ValueError("An empty set has no signature: leave documents without shingles out.")
    digests = [hashlib.shake_128(str(shingle).encode()).digest(8 * k) for shingle in shingles]
    values = [struct.unpack(f"<{k}Q", digest) for digest in digests]  # a row for each element, k whole numbers in it
    return [min(column) for column in zip(*values, strict=True)]


def lsh_candidates(signatures: dict[Hashable, Sequence[int]], bands: int) -> set[tuple]:
    """Find the pairs of documents that are worth comparing, without comparing all pairs.

    Args:
        signatures: from a document's name to its signature; all of one length k, lists or tuples. Names can be
            sorted.
        bands: into how many bands of k / bands rows each signature is cut.

    Returns:
        The pairs (name, other name), with name < other name, whose signatures are equal in all rows of at least one
        band. Band 0 is the first k / bands numbers, band 1 the next ones, and so on; a band is compared with the
        same band of other signatures only. No document at all gives the empty set. signatures is not changed.

    Every signature is filed once for each band; no two signatures are laid side by side that share no band.

    Raises:
        ValueError: k is not divisible by bands.

    Source: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets (2020), section 3.4.

    Example:
        >>> signatures = {"a": [1, 2, 3, 4], "b": [9, 9, 3, 4], "c": [3, 4, 9, 7]}
        >>> lsh_candidates(signatures, bands=2)  # a and b share their second band; c has 3, 4 in its first
        {('a', 'b')}
    """
    buckets = defaultdict(list)
    for name, signature in signatures.items():
        rows, rest = divmod(len(signature), bands)
        if rest:
            raise ValueError(f"A signature of {len(signature)} numbers cannot be cut into {bands} equal bands.")
        for band in range(bands):
            buckets[band, tuple(signature[band * rows : (band + 1) * rows])].append(name)
    return {pair for names in buckets.values() for pair in combinations(sorted(names), 2)}


def quality_filter(text: str) -> bool:
    """Decide by four rules of thumb whether a text looks like prose.

    Args:
        text: any string.

    Returns:
        True if all of these hold, with every limit included:
        - it has 5 to 1000 words;
        - the mean length of its words is 3 to 10 characters;
        - at least 80 % of its words contain a letter;
        - at most 30 % of its lines end in an ellipsis, that is, their last three characters are "...".

        Words are what `str.split()` finds, so "dog," is one word of four characters; lines are what
        `str.splitlines()` finds, blank ones included; a letter is a character of which `str.isalpha()` says so.

    Source: Rae et al., Scaling Language Models: Methods, Analysis & Insights from Training Gopher (2021), appendix
    A.1.1; the numbers of words are lowered for short texts.

    Example:
        >>> quality_filter("The cat sat on the mat, and purred."), quality_filter("404 404 404 404 404")
        (True, False)
    """
    words, lines = text.split(), text.splitlines()
    if not 5 <= len(words) <= 1000:
        return False
    mean_length = sum(map(len, words)) / len(words)
    num_with_letter = sum(any(char.isalpha() for char in word) for word in words)
    num_ellipses = sum(line.endswith("...") for line in lines)
    enough_letters, few_ellipses = num_with_letter / len(words) >= 0.8, num_ellipses / len(lines) <= 0.3
    return 3 <= mean_length <= 10 and enough_letters and few_ellipses


def redact_pii(text: str) -> tuple[str, dict[str, int]]:
    """Take e-mail addresses and IP addresses out of a text.

    Args:
        text: any string.

    Returns:
        A tuple (redacted, counts). In redacted, "<EMAIL>" stands in the place of every e-mail address and "<IP>" in
        the place of every IP address; nothing else is changed. counts is {"email": how many, "ip": how many}, also
        where it is 0.

    An e-mail address is a name, "@" and a domain. The name consists of letters, digits and the characters . _ % + -
    The domain consists of two or more parts joined by dots; a part consists of letters, digits and hyphens, and the
    last part of two or more letters, as many as there are. A full stop behind the address does not belong to it, and
    neither does a digit: of u@owls.net2 the 2 stays. A word with "@" in front, such as @owl, is no address. In a
    domain a letter is one of a to z and A to Z; whether ü may stand in a name is up to you.

    An IP address is four whole numbers from 0 to 255, written without leading zeros and joined by dots. It is none
    if a letter, a digit or an underscore touches it on either side, or if one more number is joined to it by a dot:
    v1.2.3.4 and 1.2.3.4.5 stay as they are. A full stop behind it, at the end of a sentence, is allowed.

    Example:
        >>> redact_pii("Ask ulla@owl.example.org, not 10.0.0.1.")
        ('Ask <EMAIL>, not <IP>.', {'email': 1, 'ip': 1})
    """
    email = r"[\w.%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}"
    octet = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
    ip = rf"(?<!\w)(?<!\d\.){octet}(?:\.{octet}){{3}}(?!\w|\.\d)"
    text, num_emails = re.subn(email, "<EMAIL>", text)
    text, num_ips = re.subn(ip, "<IP>", text)
    return text, {"email": num_emails, "ip": num_ips}
