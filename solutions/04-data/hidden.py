"""Hidden probes of the unit data: edges, and sizes that the public probes do not show."""

from itertools import pairwise

import torch

from autograder.probes import Draw, probe


def _told(name, function, *calls):
    """What each call returns, filed under the call."""
    return {f"{name}({', '.join(map(repr, arguments))})": function(*arguments) for arguments in calls}


@probe("sliding_windows", ask="How long are x and y when a window has one token?")
def windows_of_one(sliding_windows, draw: Draw):
    """windows of one token have one label each, at any stride"""
    ids = draw.shuffled(range(10, 18))
    return _told("sliding_windows", sliding_windows, (ids, 1, 1), (ids, 1, 3), (ids[:2], 1, 9))


@probe("get_batch", ask="Which shape has a batch of one row, or of windows of one token?")
def smallest_batch(get_batch, draw: Draw):
    """one row and windows of one token keep their two axes"""
    data, seen = torch.tensor(draw.shuffled(range(10, 14))), {}
    for B, T in ((1, 3), (5, 1)):
        x, y = get_batch(data, B, T, torch.Generator().manual_seed(draw.integer(0, 1000)))
        follows = dict(pairwise(data.tolist()))
        right = [follows.get(a) == b for a, b in zip(x.flatten().tolist(), y.flatten().tolist(), strict=True)]
        labels = "the next tokens" if all(right) else "not the next tokens"
        seen[f"B = {B}, T = {T}"] = [list(x.shape), list(y.shape), labels]
    return seen


@probe("pack_documents", ask="May a document be longer than a row, and a row longer than a document?")
def long_and_short(pack_documents, draw: Draw):
    """a document may fill many rows, and a row may hold many documents"""
    ids = draw.shuffled(range(10, 40))
    long, short = [ids[:17], ids[17:18]], [[i] for i in ids[:9]]
    return _told("pack_documents", pack_documents, (long, 4, 0), (short, 8, 0), (long[1:], 1, 7))


@probe("split_documents", ask="Do lower() and split() know more than ASCII? Does your normalizing?")
def other_scripts(split_documents, draw: Draw):
    """copies stay together in every script, and an empty text is a document too"""
    texts = [f"ärger in köln {n}" for n in draw.shuffled(range(20))] + [f"старая сова {n}" for n in range(20)]
    copies = [text.upper().replace(" ", draw.choice(["\t", "\u00a0", "\r\n"])) for text in texts]
    train, val = split_documents([*texts, "", *copies, " \n"], 0.5, draw.integer(0, 1000))
    apart = [text for text, copy in zip(texts, copies, strict=True) if (text in val) != (copy in val)]
    empty = ("" in val) == (" \n" in val)
    return {
        "documents out": len(train) + len(val),
        "copies": "torn apart" if apart else "together",
        "'' and ' \\n'": "together" if empty else "torn apart",
    }


@probe("jaccard", ask="Do elements have to be texts?")
def other_elements(jaccard, draw: Draw):
    """elements may be numbers or tuples, and sets may be large"""
    n, shared = draw.integer(200, 300), draw.integer(10, 90)
    large = jaccard(set(range(n)), set(range(n - shared, 2 * n)))
    return {"large sets": large, "tuples": jaccard({("a", 1), ("b", 2)}, {("b", 2), ("a", 2), ("c", 3)})}


@probe("minhash_signature", ask="Can the smallest value of a set grow when an element is added?")
def one_and_many(minhash_signature, draw: Draw):
    """adding elements never makes a number of the signature larger"""
    items = [draw.word("abcdefgh", 3, 9) + str(i) for i in range(12)]
    signatures = [minhash_signature(set(items[:n]), 5) for n in (1, 2, 6, 12)]
    grows = any(b > a for one, more in pairwise(signatures) for a, b in zip(one, more, strict=True))
    return "a number has grown" if grows else "no number grows"


@probe("lsh_candidates", ask="How many bands may there be at most, and what do names have to be?")
def numbered_documents(lsh_candidates, draw: Draw):
    """names may be numbers, and k bands are bands of one row"""
    names, values = draw.shuffled(range(3, 13))[:4], draw.shuffled(range(50, 60))
    v = dict(zip("abcdefghij", values, strict=True))
    rows = ("abcd", "aefg", "hbij", "cdea")
    signatures = {name: [v[letter] for letter in row] for name, row in zip(names, rows, strict=True)}
    return _told("lsh_candidates", lsh_candidates, (signatures, 4), (signatures, 2), ({names[0]: [1, 2]}, 1))


@probe("quality_filter", ask="Does one bad property suffice to throw a text away?")
def one_bad_property(quality_filter, draw: Draw):
    """a text that breaks one rule is thrown away, though it keeps the others"""
    word, other = draw.word("abcdefgh", 4, 8), draw.word("klmnop", 4, 8)
    numbers, teaser = f"{word} {other} {word} 77777 88888", f"{word} {other}...\n{word} {word} {other}"
    good = f"{word}\t{other}\n{word}  {word}\r\n{other}"
    return _told("quality_filter", quality_filter, (numbers,), (teaser,), (good,))


@probe("redact_pii", ask="Can an address be the whole text, or stand in a web address?")
def whole_text(redact_pii, draw: Draw):
    """an address at the very start or end of a text, or beside a colon, is found"""
    word, n = draw.word("abcdefgh", 3, 8), draw.integer(10, 99)
    links, lines = f"mailto:{word}@{word}.net http://{n}.9.8.7:80/", f"{word}@{n}.com\n{n}.{n}.1.0\n"
    texts = f"{word}@{word}.org", f"255.0.{n}.1", links, "", lines
    return _told("redact_pii", redact_pii, *((text,) for text in texts))
