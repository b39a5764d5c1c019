"""Public probes of the unit data.

Where an answer is free to choose (which batch a generator draws, which hash decides), no drawn number is compared: the
probe returns in words what holds, with bounds at least six standard deviations away.
"""

import builtins
import hashlib
import random
from collections.abc import Callable, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any
from unittest import mock

import torch
from torch import Tensor

from autograder.probes import Draw, probe

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _told(name: str, function: Callable, *calls: tuple) -> dict[str, Any]:
    """What each call returns, on copies, filed under the call, so that a student reads what to run by hand."""
    return {f"{name}({', '.join(map(repr, arguments))})": function(*deepcopy(arguments)) for arguments in calls}


def _different(draw: Draw, number: int, low: int = 10, high: int = 100) -> list[int]:
    """Whole numbers in low…high−1, each another one."""
    return [low + int(i) for i in draw.rng.permutation(high - low)[:number]]


def _raised(function: Callable, *arguments: Any) -> str:
    """The name of the exception, or "no error"."""
    try:
        function(*arguments)
    except Exception as error:
        return type(error).__name__
    return "no error"


def _salted_hash(value: Any, unsalted: Callable = hash) -> int:
    """`hash` as another process may have it: of a text (it shows quotes) any other number, of a number the same."""
    own = unsalted(value)
    if "'" not in repr(value):
        return own
    digest = hashlib.blake2b(str(own).encode(), digest_size=8).digest()  # no bit of it follows a bit of `own`
    return int.from_bytes(digest, "big", signed=True)


# Windows


@probe("sliding_windows", ask="Which token does the model have to predict when it has read x[i, t]?", weight=2)
def windows_and_labels(sliding_windows: Callable, draw: Draw) -> Any:
    """window i starts at token i·stride, and each label is the token that follows"""
    ids = _different(draw, 12)
    return _told("sliding_windows", sliding_windows, (ids, 4, 3), (ids[:11], 3, 2))


@probe("sliding_windows", ask="Which is the last token that has a label? Where does the last window start, then?")
def last_window(sliding_windows: Callable, draw: Draw) -> Any:
    """the last window is there if its labels are complete, and only then"""
    T, stride = draw.choice([(3, 2), (4, 3), (2, 3)])
    ids = _different(draw, T + 2 * stride + 1)
    return _told("sliding_windows", sliding_windows, *((ids[:n], T, stride) for n in (len(ids), len(ids) - 1)))


@probe("sliding_windows", ask="How many tokens do you need for one window of T tokens and its T labels?")
def one_window(sliding_windows: Callable, draw: Draw) -> Any:
    """a text of T + 1 tokens is one window, at any stride"""
    T = draw.integer(2, 6)
    ids = _different(draw, T + 1)
    return _told("sliding_windows", sliding_windows, (ids, T, 1), (ids, T, T + 3))


@probe("sliding_windows", ask="Where does your code use stride, and where T?")
def any_stride(sliding_windows: Callable, draw: Draw) -> Any:
    """the stride may be 1, T, or larger than T"""
    ids, T = _different(draw, 10), draw.integer(2, 4)
    return _told("sliding_windows", sliding_windows, (ids, T, 1), (ids, T, T), (ids, T, T + 2))


@probe("sliding_windows", ask="Which shape and dtype has torch.tensor([])?")
def too_short(sliding_windows: Callable, draw: Draw) -> Any:
    """too few tokens give two tensors of shape (0, T), int64"""
    T = draw.integer(3, 6)
    calls = (_different(draw, T), T, 2), (_different(draw, 1), T, 1), ([], T, 1)
    return _told("sliding_windows", sliding_windows, *calls)


@probe("sliding_windows", ask="Which dtype must token ids have, whatever type the text was stored in?")
def any_integers(sliding_windows: Callable, draw: Draw) -> Any:
    """a list or a tensor of any integer type gives int64"""
    ids = _different(draw, 8)
    calls = {f"sliding_windows({ids}, 3, 2)": ids}
    for dtype in ("uint8", "int32", "int64"):
        calls[f"sliding_windows(torch.tensor({ids}, dtype=torch.{dtype}), 3, 2)"] = torch.tensor(
            ids, dtype=getattr(torch, dtype)
        )
    return {call: sliding_windows(given, 3, 2) for call, given in calls.items()}


@probe(
    "sliding_windows",
    ask="Is your x a tensor of its own, or a window into ids? What happens to ids when x is written to?",
    kind="property",
)
def memory_of_their_own(sliding_windows: Callable, draw: Draw) -> dict[str, str]:
    """writing into x changes neither y nor ids"""
    ids = torch.tensor(_different(draw, 9))
    kept = ids.clone()
    x, y = sliding_windows(ids, 3, 3)
    labels = y.clone()
    x[:] = -1
    changed = {"y": not torch.equal(y, labels), "ids": not torch.equal(ids, kept)}
    return {f"{name} after x[:] = -1": "changed" if is_changed else "as before" for name, is_changed in changed.items()}


# Batches


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _starts(x: Tensor, data: Tensor) -> list[int]:
    """Where in data each row of x begins; data holds no number twice."""
    place_of = {number: place for place, number in enumerate(data.tolist())}
    return [place_of[number] for number in x[:, 0].tolist()]


def _text(data: Tensor, B: int, T: int, seed: int) -> str:
    dtype = "" if data.dtype == torch.int64 else f", dtype={data.dtype}"
    return f"get_batch(torch.tensor({data.tolist()}{dtype}), {B}, {T}, torch.Generator().manual_seed({seed}))"


@probe("get_batch", 
    ask="How many places has a window with its labels in N tokens: N − T + 1, N − T, or N − T − 1?",
    weight=2,
)
def single_place(get_batch: Callable, draw: Draw) -> dict[str, Any]:
    """in T + 1 tokens there is one place, and every row is that window with its labels"""
    T, seed = draw.integer(3, 6), draw.integer(0, 1000)
    data = torch.tensor(_different(draw, T + 1))
    return {_text(data, 25, T, seed): get_batch(data, 25, T, _generator(seed))}


@probe("get_batch", ask="If x[i, 0] is token number s of the text, which ones are x[i, 1] and y[i, 0]?", weight=2)
def neighbours(get_batch: Callable, draw: Draw) -> dict[str, Any]:
    """each row of x is T neighbours of the text, and y is one token further on"""
    data, B, T, seed = torch.tensor(_different(draw, 12)), 100, 4, draw.integer(0, 1000)
    x, y = get_batch(data, B, T, _generator(seed))
    follows = dict(pairwise(data.tolist()))
    wrong_tokens = [(a, b) for row in x.tolist() for a, b in pairwise(row) if follows.get(a) != b]
    pairs = zip(x.flatten().tolist(), y.flatten().tolist(), strict=False)
    wrong_labels = [(token, label) for token, label in pairs if follows.get(token) != label]
    seen = {
        "shapes": [list(x.shape), list(y.shape)],
        "neighbours in a row of x": "not all neighbours in data" if wrong_tokens else "neighbours in data",
        "labels": "not all the next token" if wrong_labels else "the next token",
    }
    return {_text(data, B, T, seed): seen}


@probe("get_batch", ask="Which is the first place a window can have, and which the last?", weight=2)
def every_place(get_batch: Callable, draw: Draw) -> dict[str, list[int]]:
    """every place is drawn sooner or later, the first and the last too"""
    T, n, seed = draw.integer(2, 5), draw.integer(4, 8), draw.integer(0, 1000)
    data = torch.tensor(_different(draw, T + n))
    x, _ = get_batch(data, 600, T, _generator(seed))  # that one place is missing: less than 8 · (7/8)⁶⁰⁰ < 10⁻³³
    return {f"places of 600 rows of {T} tokens in a text of {T + n}": sorted(set(_starts(x, data)))}


@probe("get_batch", ask="How often should each place come up in 2000 draws, if all are equally likely?")
def equally_likely(get_batch: Callable, draw: Draw) -> dict[str, list[int]]:
    """all places are equally likely"""
    T, n = draw.integer(3, 6), 5
    data = torch.tensor(_different(draw, T + n))
    starts = _starts(get_batch(data, 2000, T, _generator(draw.integer(0, 1000)))[0], data)
    counts = [starts.count(place) for place in range(n)]  # each 400 ± 18; the bounds are six σ away
    return {
        "places that come too often": [place for place, count in enumerate(counts) if count > 510],
        "places that come too seldom": [place for place, count in enumerate(counts) if count < 290],
    }


@probe("get_batch", ask="How many random numbers do B rows need?", weight=2)
def rows_apart(get_batch: Callable, draw: Draw) -> dict[str, str]:
    """the rows of a batch are drawn independently of each other"""
    data = torch.tensor(_different(draw, 50, high=1000))
    starts = _starts(get_batch(data, 300, 4, _generator(draw.integer(0, 1000)))[0], data)
    steps = {(b - a) % 46 for a, b in pairwise(starts)}
    several = {"places of the rows": len(set(starts)) > 8, "steps from row to row": len(steps) > 8}  # fair: 46 of 46
    seen = {name: "many different ones" if many else "nearly always the same" for name, many in several.items()}
    again = "now and then" if len(set(starts)) < len(starts) else "never"
    return seen | {"the place of another row once more": again}


@probe("get_batch", ask="Do your random numbers come from the generator you were given, and only there?", weight=3)
def only_this_generator(get_batch: Callable, draw: Draw) -> dict[str, str]:
    """the batch depends on the generator alone, and the next call gives another one"""
    data, seed = torch.tensor(_different(draw, 80, high=1000)), draw.integer(0, 1000)
    generator = _generator(seed)
    first, second = get_batch(data, 600, 3, generator)[0], get_batch(data, 600, 3, generator)[0]
    torch.manual_seed(draw.integer(0, 1000))
    random.seed(draw.integer(0, 1000))
    torch.rand(7)
    again, other = get_batch(data, 600, 3, _generator(seed))[0], get_batch(data, 600, 3, _generator(seed + 1))[0]
    same = {"the next call": second, "a fresh generator, same seed": again, "a fresh generator, other seed": other}
    return {what: "the same batch" if torch.equal(first, x) else "another batch" for what, x in same.items()}


@probe("get_batch", ask="What should happen when not one window fits, and who says so: you or torch?")
def short_text(get_batch: Callable, draw: Draw) -> dict[str, str]:
    """a text too short for one window raises ValueError"""
    T, seed = draw.integer(3, 6), draw.integer(0, 1000)
    texts = [torch.tensor(_different(draw, n)) for n in (T, T - 2)]
    return {_text(data, 2, T, seed): _raised(get_batch, data, 2, T, _generator(seed)) for data in texts}


@probe("get_batch", ask="Which dtype must token ids have, whatever type the text was stored in?")
def as_int64(get_batch: Callable, draw: Draw) -> dict[str, list[str]]:
    """int64 comes out, whatever integer type the text is stored in"""
    seen, seed = {}, draw.integer(0, 1000)
    for dtype in (torch.uint8, torch.int16, torch.int32):
        data = torch.tensor(_different(draw, 6), dtype=dtype)
        seen[_text(data, 40, 3, seed)] = [str(part.dtype) for part in get_batch(data, 40, 3, _generator(seed))]
    return seen


@probe("get_batch", ask="Does your code write into data, or hand out windows into it?", kind="property")
def text_untouched(get_batch: Callable, draw: Draw) -> Tensor:
    """the text stays as it is, also when the batch is written to"""
    data = torch.tensor(_different(draw, 9))
    for part in get_batch(data, 60, 3, _generator(draw.integer(0, 1000))):
        part[:] = -1
    return data


# Packing


def _documents(draw: Draw, *lengths: int) -> list[list[int]]:
    """Documents of these lengths; no id comes twice."""
    ids = _different(draw, sum(lengths), high=10 + max(90, sum(lengths)))
    return [[ids.pop() for _ in range(length)] for length in lengths]


@probe("pack_documents", ask="Write the documents in one row, eot behind each: which tokens are row 0, which row 1?")
def one_row(pack_documents: Callable, draw: Draw) -> Any:
    """the documents lie end to end, eot after each, cut into rows of T"""
    docs = _documents(draw, *draw.shuffled([5, 2, 3, 1]))
    return _told("x of pack_documents", lambda *call: pack_documents(*call)[0], (docs, 4, 0), (docs, 3, 7))


@probe("pack_documents", ask="What follows the last token of row 0 in the text?", weight=2)
def labels_go_on(pack_documents: Callable, draw: Draw) -> Any:
    """a label is the next token, also where that stands in the next row or document"""
    docs = _documents(draw, *draw.shuffled([4, 2, 3, 5]))
    return _told("y of pack_documents", lambda *call: pack_documents(*call)[1], (docs, 3, 0), (docs, 5, 8))


@probe("pack_documents", ask="Is there an eot behind the last document?")
def last_document_ends(pack_documents: Callable, draw: Draw) -> Any:
    """the last document ends with eot as well"""
    docs = _documents(draw, 3, 2, 1)  # with three eot nine tokens: two rows of four, and the last label is eot
    return _told("pack_documents", pack_documents, (docs, 4, 0))


@probe("pack_documents", ask="The last row has T tokens but only T − 1 labels: what becomes of it?")
def incomplete_row(pack_documents: Callable, draw: Draw) -> Any:
    """a last row without all its labels is dropped"""
    docs = _documents(draw, 3, 3)  # eight tokens: one row of four has its labels, the second has three of four
    return _told("pack_documents", pack_documents, (docs, 4, 0), (docs, 5, 0))


@probe("pack_documents", ask="What is a document without tokens in the row: nothing, or something?")
def empty_document(pack_documents: Callable, draw: Draw) -> Any:
    """an empty document is one eot"""
    docs = [*_documents(draw, 2), [], *_documents(draw, 3), []]
    return _told("pack_documents", pack_documents, (docs, 2, 0), ([[], [], []], 2, 5))


@probe("pack_documents", ask="Which shape and dtype has torch.tensor([])?")
def nothing_to_pack(pack_documents: Callable, draw: Draw) -> Any:
    """too little text gives two tensors of shape (0, T), int64"""
    T = draw.integer(4, 7)
    return _told("pack_documents", pack_documents, ([], T, 0), (_documents(draw, 2), T, 0))


@probe("pack_documents", ask="Does append or += change a list that is not yours?", kind="property")
def documents_kept(pack_documents: Callable, draw: Draw) -> list[list[int]]:
    """the documents are the same afterwards"""
    docs = _documents(draw, 3, 2, 4)
    pack_documents(docs, 3, 0)
    return docs


@probe("pack_documents", ask="Are x and y two tensors, or two views of one?", kind="property")
def two_tensors(pack_documents: Callable, draw: Draw) -> dict[str, str]:
    """writing into x does not change y"""
    x, y = pack_documents(_documents(draw, 6, 4), 3, 0)
    labels = y.clone()
    x[:] = -1
    return {"y after x[:] = -1": "as before" if torch.equal(y, labels) else "changed"}


# Splitting


def _texts(draw: Draw, number: int) -> list[str]:
    """Short different texts, in lower case, with single spaces."""
    ends = _different(draw, number, high=10 + 2 * number)
    return [f"{draw.word(LETTERS, 3, 6)} {draw.word(LETTERS, 2, 7)} {end}." for end in ends]


def _sides(split: tuple[list[str], list[str]]) -> dict[str, str]:
    train, val = split
    return dict.fromkeys(train, "train") | dict.fromkeys(val, "val")


@probe("split_documents", ask="Does every document come out once, as it went in, and in its old order?")
def nothing_lost(split_documents: Callable, draw: Draw) -> dict[str, Any]:
    """each document stands in one list, as it came, repetitions too, in order"""
    a, b, c, d, e, f = _texts(draw, 6)
    docs = [a, b.upper(), c, a, f"  {d}", b, a.title(), e, f"{f}\n", c]
    out = split_documents(list(docs), 0.5)
    parts = list(out) if isinstance(out, (tuple, list)) else []
    come = [doc for part in parts for doc in part]
    waiting = [iter(docs) for _ in parts]
    kept = [all(doc in rest for doc in part) for rest, part in zip(waiting, parts, strict=True)]
    seen = {
        "types": [type(out).__name__, *(type(part).__name__ for part in parts)],
        "documents out": len(come),
        "documents that are not as they came": sum(doc not in docs for doc in come),
        "order": "kept" if all(kept) else "not kept",
    }
    return {f"split_documents({docs!r}, 0.5)": seen}


@probe("split_documents", ask="Would a model that has read “A  cat.” know “a cat.” already?", weight=3)
def copies_together(split_documents: Callable, draw: Draw) -> dict[str, str]:
    """copies that differ in case or white space only lie on the same side"""
    texts = _texts(draw, 40)  # by chance all would lie together once in 2⁴⁰
    changes = {
        "copies letter by letter": str,
        "copies in upper case": str.upper,
        "copies with other white space inside": lambda text: text.replace(" ", draw.choice(["  ", "\n", " \t "])),
        "copies with white space at the ends": lambda text: draw.choice([f" {text}", f"{text}\n", f"\n{text}  "]),
    }
    copies = {what: [change(text) for text in texts] for what, change in changes.items()}
    everything = texts + [copy for some in copies.values() for copy in some]
    train, val = split_documents(draw.shuffled(everything), 0.5)
    count = {doc: (train.count(doc), val.count(doc)) for doc in everything}

    def together(text: str, copy: str) -> bool:
        sides = [sum(side) for side in zip(count[text], count[copy], strict=True)]
        return min(sides) == 0 < max(sides)

    alike = {what: all(map(together, texts, some)) for what, some in copies.items()}
    return {what: "together" if every else "torn apart, or lost" for what, every in alike.items()}


@probe("split_documents", ask="Next month there are more texts: may one that was in val turn up in train?", weight=2)
def others_stay(split_documents: Callable, draw: Draw) -> dict[str, str]:
    """adding, removing or moving other documents moves no document"""
    texts, more = _texts(draw, 40), [f"more {text}" for text in _texts(draw, 23)]
    before = _sides(split_documents(texts, 0.5))

    def moves(*orders: list[str]) -> str:
        """Whether a text is on another side in any of these collections."""
        sides = [(docs, _sides(split_documents(list(docs), 0.5))) for docs in orders]
        some = any(side.get(t) != before.get(t) for docs, side in sides for t in docs if t in texts)
        return "some move" if some else "none moves"

    return {
        "others added in front or behind": moves(more + texts, texts + more, more[:1] + texts),
        "others removed": moves(texts[20:], texts[:20], texts[::3]),
        "the same in another order": moves(texts[::-1], draw.shuffled(texts)),
    }


@probe("split_documents", ask="Does the seed take part in the decision about each document?")
def by_seed(split_documents: Callable, draw: Draw) -> dict[str, str]:
    """another seed gives an independent split; the default is 0"""
    texts, seed = _texts(draw, 400), draw.integer(1, 1000)
    first, other, default, zero = (
        _sides(split_documents(texts, 0.5, *given)) for given in ((seed,), (seed + 1,), (), (0,))
    )
    stay = sum(first[text] == other[text] for text in texts if text in first)  # of two fair splits: 200 ± 10
    seen = "about half the documents" if 140 <= stay <= 260 else "all of them" if stay == 400 else "too many or too few"
    return {
        "on the same side with the next seed": seen,
        "without a seed": "as with 0" if default == zero else "not as with 0",
    }


@probe("split_documents", ask="With which probability does one text land in val?")
def share(split_documents: Callable, draw: Draw) -> dict[str, Any]:
    """val holds its share of the texts; 0 and 1 leave one side empty"""
    texts, seed, seen = _texts(draw, 1000), draw.integer(0, 1000), {}
    for fraction in (0.1, 0.4):  # the share of val has a σ of 0.0095 and 0.0155
        train, val = split_documents(texts, fraction, seed)
        is_near = abs(len(val) / len(texts) - fraction) < 0.093 and len(train) + len(val) == len(texts)
        seen[f"val in split_documents(1000 texts, {fraction})"] = "about this share" if is_near else "another share"
    for fraction in (0.0, 1.0):
        train, val = split_documents(texts, fraction, seed)
        name, part = ("train", train) if fraction else ("val", val)
        seen[f"{name} of split_documents(1000 texts, {fraction})"] = "holds texts" if part else "empty"
    return seen


@probe("split_documents", ask="Is hash('a') the same number in two fresh Pythons?", kind="property", weight=3)
def in_every_process(split_documents: Callable, draw: Draw) -> dict[str, str]:
    """the split is the same in a process where hash() of a text is another number"""
    texts, seed = _texts(draw, 60), draw.integer(0, 1000)

    def splits() -> list:
        return [split_documents(list(texts), fraction, seed) for fraction in (0.5, 0.3)]

    here = splits()
    random.seed(draw.integer(0, 1000))
    torch.manual_seed(draw.integer(0, 1000))
    later = splits()
    with mock.patch.object(builtins, "hash", _salted_hash):
        there = splits()
    again = {"later": later, "in another process": there}
    return {what: "the same" if other == here else "another split" for what, other in again.items()}


@probe("split_documents", ask="sort, shuffle and pop change the list itself: whose list is it?", kind="property")
def list_untouched(split_documents: Callable, draw: Draw) -> list[str]:
    """the list of documents is the same afterwards"""
    docs = [f" {text.upper()}" for text in _texts(draw, 12)]
    split_documents(docs, 0.3)
    return docs


# Near-duplicates


def _words(draw: Draw, number: int, low: int = 2, high: int = 6) -> list[str]:
    """Different words."""
    return [f"{draw.word(LETTERS, low, high)}{end}" for end in _different(draw, number, high=10 + 3 * number)]


def _said(name: str, function: Callable, *pairs: tuple[Sequence, Sequence]) -> dict[str, Any]:
    """As `_told`, for pairs of sets, which are written in the order of the sequences they were made of."""

    def written(items: Sequence) -> str:
        return "{" + ", ".join(map(repr, items)) + "}" if items else "set()"

    return {f"{name}({written(a)}, {written(b)})": function(set(a), set(b)) for a, b in pairs}


@probe("jaccard", ask="How many elements are in both? And how many are there altogether, each counted once?", weight=2)
def shared_part(jaccard: Callable, draw: Draw) -> Any:
    """is the size of the intersection over the size of the union"""
    words = _words(draw, 9)
    return _said("jaccard", jaccard, (words[:4], words[2:]), (words[:6], words[3:5]), (words[5:8], words[2:9]))


@probe("jaccard", ask="Two sets with nothing in common, two equal ones: what should come out?")
def ends_of_the_scale(jaccard: Callable, draw: Draw) -> Any:
    """is 0 for sets with nothing in common, and 1 for equal ones"""
    words = _words(draw, 8)
    apart, equal = (words[:3], words[3:]), (words[:5], words[4::-1])
    return _said("jaccard", jaccard, apart, equal, (words[:2], []), ([], words[:3]))


@probe("jaccard", ask="What is the size of the union of two empty sets, and what do you divide by?")
def both_empty(jaccard: Callable, draw: Draw) -> Any:
    """is 0 for two empty sets"""
    return _said("jaccard", jaccard, ([], []))


@probe("jaccard", ask="Do |=, &= or update change a set that is not yours?", kind="property")
def sets_untouched(jaccard: Callable, draw: Draw) -> list[set]:
    """both sets are the same afterwards"""
    words = _words(draw, 6)
    a, b = set(words[:4]), set(words[2:])
    jaccard(a, b)
    return [a, b]


def _shingles(draw: Draw, number: int) -> list[str]:
    """Different pairs of words."""
    return [f"{draw.word(LETTERS, 2, 6)} {word}" for word in _words(draw, number)]


def _agreement(one: list[int], other: list[int]) -> float:
    """At which share of places two signatures are equal."""
    return sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), len(other), 1)


@probe(
    "minhash_signature",
    ask="Two sets have a Jaccard similarity of 1/3: at how many of 400 places should their signatures agree?",
    weight=3,
)
def estimate(minhash_signature: Callable, draw: Draw) -> dict[str, str]:
    """the share of equal places is an estimate of the Jaccard similarity"""
    items, seen = _shingles(draw, 30), {}
    for shared, of, similarity in ((6, 18, 1 / 3), (20, 25, 0.8), (0, 24, 0.0)):
        middle = (of - shared) // 2
        a, b = items[: shared + middle], items[:shared] + items[shared + middle : of]
        share = _agreement(minhash_signature(set(a), 400), minhash_signature(set(b), 400))
        bound = 6 * (similarity * (1 - similarity) / 400) ** 0.5
        what = f"estimate from 400 numbers, where the Jaccard similarity is {similarity:.3g}"
        seen[what] = "near" if abs(share - similarity) <= bound else "far off"
    return seen


@probe("minhash_signature", ask="Function 0 is smallest on one element: must function 1 be smallest on it as well?")
def many_winners(minhash_signature: Callable, draw: Draw) -> dict[str, str]:
    """different hash functions are smallest on different elements"""
    items = _shingles(draw, 20)
    alone = [minhash_signature({item}, 64) for item in items]
    winners = {column.index(min(column)) for column in zip(*alone, strict=True)}  # of 64 fair draws from 20: 19 ± 0.8
    found = "many different ones" if len(winners) > 8 else "one or few" if winners else "none"
    return {"elements on which one of 64 hash functions is smallest": found}


@probe(
    "minhash_signature",
    ask="What is the smallest value on a ∪ b, if you know the smallest on a and the smallest on b?",
    weight=2,
)
def of_a_union(minhash_signature: Callable, draw: Draw) -> dict[str, str]:
    """the signature of a ∪ b is, place by place, the smaller of those of a and b"""
    items, k = _shingles(draw, 24), 16
    a, b = set(items[:12]), set(items[12:])
    parts = zip(minhash_signature(a, k), minhash_signature(b, k), strict=True)
    equal = minhash_signature(a | b, k) == [min(pair) for pair in parts]
    return {"signature of the union": "the smaller of the two everywhere" if equal else "not the smaller of the two"}


@probe("minhash_signature", ask="A set has no order: can your result depend on one?")
def same_set(minhash_signature: Callable, draw: Draw) -> dict[str, str]:
    """equal sets have equal signatures, in whatever order they were filled"""
    numbers = [8 * number for number in _different(draw, 4)]  # a set of four such begins with the one that came first
    signatures = [minhash_signature(set(order), 9) for order in (numbers, numbers[::-1])]
    call = f"minhash_signature({{{str(numbers)[1:-1]}}}, 9), and filled backwards"
    return {call: "the same" if signatures[0] == signatures[1] else "two signatures"}


@probe("minhash_signature", ask="How many numbers come out if the set has fewer than k elements?")
def k_numbers(minhash_signature: Callable, draw: Draw) -> dict[str, Any]:
    """is a list of k ints, however many elements there are"""
    items, seen = _shingles(draw, 3), {}
    for number, k in ((3, draw.integer(5, 9)), (3, 1), (1, 4)):
        out = minhash_signature(set(items[:number]), k)
        call = f"minhash_signature({{{str(items[:number])[1:-1]}}}, {k})"
        kinds = sorted({type(value).__name__ for value in out})
        seen[call] = {"type": type(out).__name__, "length": len(out), "of": kinds}
    return seen


@probe("minhash_signature", ask="What has to become text before it becomes bytes?")
def counts_as_text(minhash_signature: Callable, draw: Draw) -> dict[str, str]:
    """an element counts as the text that str makes of it"""
    numbers = _different(draw, 4)
    pairs = {
        f"{{{str(numbers)[1:-1]}}} and the same as texts": [set(numbers), set(map(str, numbers))],
        "{('a', 'b')} and its text": [{("a", "b")}, {"('a', 'b')"}],
    }
    signatures = {what: [minhash_signature(one, 8) for one in pair] for what, pair in pairs.items()}
    return {what: "one signature" if one == other else "two signatures" for what, (one, other) in signatures.items()}


@probe("minhash_signature", ask="Which element of nothing is the smallest?")
def of_nothing(minhash_signature: Callable, draw: Draw) -> dict[str, str]:
    """the empty set raises ValueError"""
    return {"minhash_signature(set(), 4)": _raised(minhash_signature, set(), 4)}


@probe("minhash_signature", ask="Is hash('a') the same number in two fresh Pythons?", kind="property", weight=3)
def any_process(minhash_signature: Callable, draw: Draw) -> dict[str, str]:
    """is the same later, and in a process where hash() of a text is another number"""
    shingles = set(_shingles(draw, 9))
    here = minhash_signature(shingles, 6)
    random.seed(draw.integer(0, 1000))
    torch.manual_seed(draw.integer(0, 1000))
    later = minhash_signature(shingles, 6)
    with mock.patch.object(builtins, "hash", _salted_hash):
        there = minhash_signature(shingles, 6)
    again = {"later": later, "in another process": there}
    return {what: "the same" if other == here else "another signature" for what, other in again.items()}


@probe("minhash_signature", ask="pop and remove change the set itself: whose set is it?", kind="property")
def set_untouched(minhash_signature: Callable, draw: Draw) -> set:
    """the set is the same afterwards"""
    shingles = set(_shingles(draw, 5))
    minhash_signature(shingles, 3)
    return shingles


# Stretch: candidates


def _signatures(draw: Draw, patterns: dict[str, str]) -> dict[str, list[int]]:
    """Signatures spelled by letters, each letter a number of its own."""
    letters = sorted({letter for pattern in patterns.values() for letter in pattern})
    number_of = dict(zip(letters, _different(draw, len(letters)), strict=True))
    return {name: [number_of[letter] for letter in pattern] for name, pattern in patterns.items()}


@probe("lsh_candidates", ask="In how many bands must two signatures be equal: in one, or in all?", weight=2)
def one_band(lsh_candidates: Callable, draw: Draw) -> Any:
    """a pair is found if all rows of at least one band are equal"""
    first = _signatures(draw, {"a": "pqrs", "b": "pqtu", "c": "vwrs", "d": "pxyz"})
    second = _signatures(draw, {"a": "pqrstu", "b": "pqrvwx", "c": "yzrstu", "d": "yoistn"})
    return _told("lsh_candidates", lsh_candidates, (first, 2), (second, 2))


@probe("lsh_candidates", ask="If bands has the value 3 and a signature has 6 numbers, how many rows has a band?")
def bands_and_rows(lsh_candidates: Callable, draw: Draw) -> Any:
    """bands is the number of bands, not of rows"""
    signatures = _signatures(draw, {"a": "pqrstu", "b": "pqvwxy", "c": "zorstn", "d": "imrskl"})
    return _told("lsh_candidates", lsh_candidates, (signatures, 3), (signatures, 2))


@probe("lsh_candidates", ask="May the first band of one signature meet the second band of another?")
def same_band(lsh_candidates: Callable, draw: Draw) -> Any:
    """a band is compared with the same band of other signatures only"""
    signatures = _signatures(draw, {"a": "pqrs", "b": "rspq", "c": "tupq", "d": "vwxy"})
    return _told("lsh_candidates", lsh_candidates, (signatures, 2), (_signatures(draw, {"a": "pq", "b": "qp"}), 2))


@probe("lsh_candidates", ask="What is the whole signature, if there is one band? And what is a band of one row?")
def extremes(lsh_candidates: Callable, draw: Draw) -> Any:
    """one band finds equal signatures only; k bands find one equal number"""
    signatures = _signatures(draw, {"a": "pqr", "b": "pqs", "c": "pqr", "d": "tus", "e": "wxy"})
    return _told("lsh_candidates", lsh_candidates, (signatures, 1), (signatures, 3))


@probe("lsh_candidates", ask="Three documents meet in one bucket: how many pairs are that?")
def every_pair(lsh_candidates: Callable, draw: Draw) -> Any:
    """of several documents in one bucket every pair is found"""
    signatures = _signatures(draw, dict(zip(draw.shuffled("abcd"), ("pqrs", "pqtu", "pqvw", "pqxy"), strict=True)))
    return _told("lsh_candidates", lsh_candidates, (signatures, 2))


@probe("lsh_candidates", ask="Who decides whether (a, b) or (b, a) comes out: the names, or their order in the dict?")
def smaller_name_first(lsh_candidates: Callable, draw: Draw) -> Any:
    """the smaller name stands first, wherever it stands in the dict"""
    names = sorted(_different(draw, 3), reverse=True)
    signatures = _signatures(draw, {"b": "pqrs", "a": "pqtu"})
    numbered = dict(zip(names, ([1, 2], [1, 3], [4, 3]), strict=True))
    return _told("lsh_candidates", lsh_candidates, (signatures, 2), (numbered, 2))


@probe("lsh_candidates", ask="Can a list be a key of a dict? And a tuple?")
def lists_or_tuples(lsh_candidates: Callable, draw: Draw) -> Any:
    """signatures may be lists or tuples, and there may be none"""
    signatures = _signatures(draw, {"a": "pqrs", "b": "tuvs", "c": "pqvs"})
    tuples = {name: tuple(signature) for name, signature in signatures.items()}
    return _told("lsh_candidates", lsh_candidates, (tuples, 2), (tuples, 4), ({}, 3))


@probe("lsh_candidates", ask="Can 6 numbers be cut into 4 equal bands?")
def unequal_bands(lsh_candidates: Callable, draw: Draw) -> dict[str, str]:
    """a signature that cannot be cut into equal bands raises ValueError"""
    signatures = _signatures(draw, {"a": "pqrstu", "b": "pqrstu"})
    return {f"lsh_candidates({signatures}, {b})": _raised(lsh_candidates, deepcopy(signatures), b) for b in (4, 7, 3)}


@probe("lsh_candidates", ask="sort, pop and += change the list itself: whose list is it?", kind="property")
def signatures_kept(lsh_candidates: Callable, draw: Draw) -> dict[str, list[int]]:
    """the signatures are the same afterwards"""
    signatures = _signatures(draw, {"c": "tspq", "a": "pqts", "b": "uvts"})
    lsh_candidates(signatures, 2)
    return signatures


class _Counted(int):
    """A number that counts how often anybody asks whether it equals another one."""

    asked = 0
    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        _Counted.asked += 1
        return int.__eq__(self, other)


@probe("lsh_candidates", ask="Must two signatures that share no band ever be compared?", weight=2)
def not_all_pairs(lsh_candidates: Callable, draw: Draw) -> dict[str, str]:
    """signatures that share no band are not compared with each other"""
    numbers = [_Counted(number) for number in _different(draw, 320, high=3000)]
    signatures = {name: numbers[4 * name : 4 * name + 4] for name in range(80)}
    _Counted.asked = 0
    lsh_candidates(signatures, 2)  # filing asks never, sorting the bands some 1000 times, all pairs 3160 times or more
    few = _Counted.asked < 80 * 79 // 2
    return {"comparisons of 80 signatures that share nothing": "few" if few else "at least one for each pair"}


# Stretch: a filter

PROSE = "the old owl told a story, and {} listened until it was dark."


def _judged(quality_filter: Callable, *texts: str) -> dict[str, Any]:
    """The verdicts, filed under the calls; a text that repeats itself is written as a product."""
    seen = {}
    for text in texts:
        first = text.split(" ")[0] + " "
        number = len(text) // len(first)
        written = f"{first!r} * {number}" if number > 20 and text == first * number else repr(text)
        seen[f"quality_filter({written})"] = quality_filter(text)
    return seen


@probe("quality_filter", ask="Which of the four rules throws ordinary prose away, and on what does it act?")
def prose_stays(quality_filter: Callable, draw: Draw) -> Any:
    """prose is kept, with its commas, quotation marks and a number"""
    name, other = (word.title() for word in _words_only(draw, 2))
    speech = f'"Is it you, {name}?" asked {other}. "Yes!" (It was {draw.integer(10, 99)}.)'
    foreign = draw.choice(["старая сова рассказала сказку", "η γριά κουκουβάγια είπε μια ιστορία"])
    letter = f"{other}:\n\n{PROSE.format(name)}"
    return _judged(quality_filter, PROSE.format(name), speech, letter, f"{name}: {foreign}")


def _words_only(draw: Draw, number: int, low: int = 4, high: int = 8) -> list[str]:
    """Words of letters, of ordinary length."""
    return [draw.word(LETTERS, low, high) for _ in range(number)]


@probe("quality_filter", ask="How many words are too few, and how many too many? What if there are none?", weight=2)
def number_of_words(quality_filter: Callable, draw: Draw) -> Any:
    """a text of 5 to 1000 words is kept; a shorter, longer or empty one is not"""
    words = _words_only(draw, 5)
    word = words[0] + " "
    return _judged(quality_filter, " ".join(words[:4]), " ".join(words), "", " \n", word * 1000, word * 1001)


@probe("quality_filter", ask="Do spaces count as part of a word? Is a mean of exactly 10 still allowed?", weight=2)
def mean_length(quality_filter: Callable, draw: Draw) -> Any:
    """words of 3 to 10 characters on average are kept, both limits included"""
    lengths = [(3,) * 6, (2, 3, 3, 3, 3), (10,) * 5, (9, 11) * 3, (10, 10, 10, 10, 11), (2, 2, 20, 2, 2)]
    texts = [" ".join(draw.word(LETTERS, n, n + 1) for n in draw.shuffled(some)) for some in lengths]
    return _judged(quality_filter, *texts)


@probe("quality_filter", ask="Is “dog,” a word with a letter? Is “2024”? How many of ten words may lack one?", weight=2)
def words_with_letters(quality_filter: Callable, draw: Draw) -> Any:
    """at least 80 % of the words contain a letter, and this is enough"""
    numbers = [str(number) for number in _different(draw, 5, 1000, 9999)]
    mixed = [f"{word}{mark}" for word, mark in zip(_words_only(draw, 8), ",;.!?:,.", strict=True)]
    texts = [" ".join(draw.shuffled(mixed[: 10 - n] + numbers[:n])) for n in (2, 3)]
    hardly_any = " ".join(f"({number}{word[0]})" for number, word in zip(numbers, mixed, strict=False))
    return _judged(quality_filter, " ".join(numbers), *texts, hardly_any)


@probe("quality_filter", ask="Which share of the lines ends in three dots? Do blank lines count?", weight=2)
def ellipses(quality_filter: Callable, draw: Draw) -> Any:
    """at most 30 % of the lines end in "...", and this is still allowed"""
    lines = [" ".join(_words_only(draw, 3)) for _ in range(10)]
    texts = []
    for number in (1, 3, 4, 10):
        cut = [line + "..." if i < number else line for i, line in enumerate(lines)]
        texts.append("\n".join(draw.shuffled(cut)))
    inside = "\n".join(line.replace(" ", "... ", 1) if i < 2 else line for i, line in enumerate(lines[:5]))
    last_breaks = f"{lines[0]}\n{lines[1]}\n{lines[2]}...\n"  # three lines, the last one with its line break
    blank = f"{lines[0]}...\n\n\n{lines[1]} {lines[2]}"
    return _judged(quality_filter, *texts, inside, blank, last_breaks, last_breaks.replace("\n", "\r\n"))


# Stretch: personal data


def _address(draw: Draw) -> str:
    """An e-mail address with two names."""
    first, last, host = (draw.word(LETTERS, 2, 7) for _ in range(3))
    return f"{first}.{last}@{host}.{draw.choice(['org', 'net', 'com'])}"


def _ip(draw: Draw) -> str:
    return ".".join(str(draw.integer(10, 256)) for _ in range(4))


@probe("redact_pii", ask="What may stand before the @, and what after it?")
def addresses(redact_pii: Callable, draw: Draw) -> Any:
    """an e-mail address with dots, +, digits, capitals or subdomains becomes <EMAIL>"""
    a, b, c, d, e = (draw.word(LETTERS, 3, 7) for _ in range(5))
    names = f"{a}.{b}", f"{c}+{d}", f"{a.title()}_{b}{draw.integer(10, 99)}", f"{e}%{a}-{b}"
    hosts = [f"{b}.org", f"{c}.{d}.com", f"{e}-{a}.{c.title()}.net", f"{b}{draw.integer(2, 9)}.example.org"]
    texts = (f"Write to {name}@{host} today" for name, host in zip(names, draw.shuffled(hosts), strict=True))
    return _told("redact_pii", redact_pii, *((text,) for text in texts))


@probe("redact_pii", ask="How long may the last part of a domain be?")
def top_levels(redact_pii: Callable, draw: Draw) -> Any:
    """the last part of the domain may be of any length"""
    a, b = draw.word(LETTERS, 3, 7), draw.word(LETTERS, 3, 7)
    texts = [f"{a}@{b}.{top} is new" for top in draw.shuffled(["de", "info", "museum", "photography"])]
    return _told("redact_pii", redact_pii, *((text,) for text in texts))


@probe("redact_pii", ask="Does the comma or full stop behind an address belong to it?")
def what_touches_it(redact_pii: Callable, draw: Draw) -> Any:
    """what stands around an address stays: full stops, commas, brackets, quotes"""
    addresses = [_address(draw) for _ in range(5)]
    texts = "Mail {}.".format(*addresses), "<{1}>, ({2})".format(*addresses), '"{3}"; is it {4}?'.format(*addresses)
    return _told("redact_pii", redact_pii, *((text,) for text in texts))


@probe("redact_pii", ask="After the first match, does your code go on?", weight=2)
def every_one(redact_pii: Callable, draw: Draw) -> Any:
    """every address is replaced and counted, each kind by itself"""
    texts = (
        f"{_address(draw)} and {_address(draw)}\n{_address(draw)}",
        f"from {_ip(draw)} to {_ip(draw)} by {_address(draw)}",
        f"Nothing to hide, said {draw.word(LETTERS, 3, 7)}.",
    )
    return _told("redact_pii", redact_pii, *((text,) for text in texts))


@probe("redact_pii", ask="Must there be something before the @? And a dot after it?", weight=2)
def no_address(redact_pii: Callable, draw: Draw) -> Any:
    """a handle, a lone @ and a name without a domain are no addresses"""
    a, b, c = (draw.word(LETTERS, 3, 7) for _ in range(3))
    texts = f"Thanks, @{a} and @{b}", f"{a} @ {b}.org", f"{a}@{b} said {c}", f"2 apples @ {draw.integer(2, 9)} each"
    return _told("redact_pii", redact_pii, *((text,) for text in texts))


@probe("redact_pii", ask="Which whole numbers may stand between the dots of an IP address?", weight=2)
def octets(redact_pii: Callable, draw: Draw) -> Any:
    """an IP address is four numbers from 0 to 255"""
    n = draw.integer(10, 100)
    good = f"{n}.{n + 1}.0.7", f"255.{200 + n % 50}.{100 + n}.9", "0.0.0.0"
    bad = f"{256 + n}.1.1.{n}", f"{n}.1.256.1", f"1.{n}.1.{300 + n}", f"1.2.{n}", f"{n} 20 30 40", f"1-{n}-3-4"
    return _told("redact_pii", redact_pii, *((f"at {text} today",) for text in good + bad))


@probe("redact_pii", ask="Which characters may touch an IP address, and which make it something else?")
def neighbours_of_an_ip(redact_pii: Callable, draw: Draw) -> Any:
    """v1.2.3.4 and 1.2.3.4.5 stay; a full stop at the end of a sentence is allowed"""
    ip, n = _ip(draw), draw.integer(10, 99)
    texts = f"It was {ip}.", f"({ip}), {ip}: {ip}/", f"v{ip} or {ip}b", f"{ip}.{n}", f"{n}.{ip}", f"release {n}.2.3"
    return _told("redact_pii", redact_pii, *((text,) for text in texts))
