"""What goes wrong in data."""

import hashlib

import torch

from reference.misconceptions import Misconception


def packed_with_padding(docs, T, eot):
    rows = [([*doc, eot] + [eot] * T)[: T + 1] for doc in docs]
    rows = torch.tensor(rows, dtype=torch.int64).view(-1, T + 1)
    return rows[:, :-1].clone(), rows[:, 1:].clone()


def split_by_rank(docs, val_fraction, seed=0):
    texts = {doc: " ".join(doc.lower().split()) for doc in docs}
    ranked = sorted(set(texts.values()), key=lambda text: hashlib.sha256(f"{seed} {text}".encode()).digest())
    chosen = set(ranked[: round(val_fraction * len(ranked))])
    return [doc for doc in docs if texts[doc] not in chosen], [doc for doc in docs if texts[doc] in chosen]


def signature_of_the_smallest(shingles, k):
    if not shingles:
        raise ValueError
    return sorted(int(hashlib.md5(str(x).encode()).hexdigest(), 16) for x in shingles)[:k]


def signature_of_one_element(shingles, k):
    if not shingles:
        raise ValueError
    first = next(iter(shingles))
    return [int(hashlib.md5(f"{i} {first}".encode()).hexdigest(), 16) for i in range(k)]


def signature_drawn_anew(shingles, k):
    import random

    if not shingles:
        raise ValueError
    seeds = [random.getrandbits(32) for _ in range(k)]
    return [min(int(hashlib.md5(f"{s} {x}".encode()).hexdigest(), 16) for x in shingles) for s in seeds]


# What stands in the answers and is often replaced.
INT64, LONG = ", dtype=torch.int64", "[places].long(), data[places + 1].long()"
UNTYPED, UNCHECKED = {LONG: "[places], data[places + 1]"}, {"num_starts < 1": "False"}
COUNTED_LESS, COUNTED_MORE = ({"len(data) - T": f"len(data) - T {sign} 1"} for sign in "-+")
DRAWN_FROM_LESS, DRAWN_FROM_MORE = ({"randint(num_starts,": f"randint(num_starts {sign} 1,"} for sign in "-+")
SLICED = {
    "places = starts + torch.arange(T)": "n = starts.flatten().tolist()",
    f"data{LONG}": ", ".join(f"torch.stack([data[s + {i} : s + T + {i}] for s in n]).long()" for i in (0, 1)),
}
DRAWN = "torch.randint(num_starts, (B, 1), generator=generator)"
HASHED = 'int.from_bytes(digest, "big") / 2**48'
EMPTY_SIDES, RANDOM = "train, val = [], []", "import random\n\n    rng = random.Random(seed)\n    "
CUT_OFF = "cut = len(docs) - round(val_fraction * len(docs))\n    return docs[:cut], docs[cut:]\n    " + EMPTY_SIDES
SEVERAL = "combinations(sorted(names), 2)"
COLUMNS = "[min(column) for column in zip(*values, strict=True)]"
UNFOLDED = (
    "if not len(starts):\n        return ids[places], ids[places + 1]\n"
    "    return ids[:-1].unfold(0, T, stride), ids[1:].unfold(0, T, stride)"
)
ROW, CUT = "[token for doc in docs for token in [*doc, eot]]", "return sliding_windows(row, T, stride=T)"
ROLLED = "x, _ = sliding_windows(row, T, T)\n    return x, x.roll(-1, dims=1)"
KEYED = "buckets[band, tuple(signature[band * rows : (band + 1) * rows])]"
GIVEN_OUT = "{pair for names in buckets.values() for pair in combinations(sorted(names), 2)}"
LISTED = "torch.tensor([window.tolist() for window in [{}]])"


def stacked(end="", shortest="", kind=INT64, rows="torch.stack([{}])"):
    """The reference with slices in place of places: starts lie below N − T + end, and `shortest` has a way out."""
    parts = (rows.format(f"ids[int(s) + {i} : int(s) + T + {i}] for s in starts") for i in (0, 1))
    empty = f"if {shortest}:\n        return (torch.empty(0, T{INT64}),) * 2\n    " if shortest else ""
    return {
        "(ids, dtype=torch.int64)": f"(ids{kind})", "len(ids) - T, 0": f"len(ids) - T{end}, 0",
        "places = starts[:, None] + torch.arange(T)": f"{empty}x, y = {', '.join(parts)}",
        "return ids[places], ids[places + 1]": "return x, y",
    }


def also(kind):
    """What a sentence has to add where more than one thing is wrong."""
    additions = {
        "type kept": "; besides, the integer type stays what it was", "no check": "; besides, nobody checks the length",
        "no exit": "; besides, the case that nothing fits is missing",
    }
    return "".join(addition for word, addition in additions.items() if word in kind)


def viewed(num_tokens, kind=INT64, copied=".clone()", y="row[1 : n * T + 1].view(n, T)"):
    """The reference with one long tensor, cut by view into as many rows as there are T in `num_tokens`."""
    row = f"n = ({num_tokens}) // T\n    row = torch.tensor(row[: n * T + 1]{kind})"
    return {CUT: f"{row}\n    x = row[: n * T].view(n, T){copied}\n    return x, {y}{copied}"}


def all_pairs(found):
    """The reference without buckets: `found` decides about the bands, one and other, of each two documents."""
    bands = "{n: [list(s)[i : i + rows] for i in range(0, len(s), rows)] for n, s in signatures.items()}"
    pairs = "combinations(sorted(cut), 2) for one, other in [(cut[a], cut[b])]"
    search = f"cut = {bands}\n    return {{(a, b) for a, b in {pairs} if {found}}}"
    return {KEYED: "buckets[0]", f"return {GIVEN_OUT}": search}


WINDOWS = (
    Misconception(
        "sliding_windows", "labels not shifted", family="off by one", edit={"ids[places + 1]": "ids[places]"},
        says="your labels are the tokens of x themselves, so a model learns to copy and its loss falls to 0",
        ask="What has a model to predict when it has read x[i, t]: x[i, t] again?",
        show="sliding_windows([5, 6, 7], 2, 2): x is [[5, 6]] and y should be [[6, 7]]; yours is [[5, 6]]",
    ),
    Misconception(
        "sliding_windows", "labels shifted by two", family="off by one",
        edit={"len(ids) - T": "len(ids) - T - 1", "places + 1": "places + 2"},
        says="your labels are two tokens further on: the model never learns what comes next, only what comes after it",
        ask="By how many places do x and y differ?",
        show="sliding_windows([5, 6, 7, 8], 2, 2): x is [[5, 6]] and y should be [[6, 7]]; yours is [[7, 8]]",
    ),
    Misconception(
        "sliding_windows", "labels roll round in the window", family="off by one",
        edit={"ids[places + 1]": "ids[places].roll(-1, dims=1)"},
        says="your last label of a window is its own first token: the labels roll round",
        ask="Which token follows the last one of a window, in the text?",
        show="sliding_windows([5, 6, 7], 2, 2): y should be [[6, 7]]; yours is [[6, 5]]",
    ),
    Misconception(
        "sliding_windows", "one label per window", family="rule", edit={"ids[places + 1]": "ids[starts + T]"},
        says="your y holds one label per window, the token after it; every one of the T positions needs a label",
        ask="How many predictions does a model make in a window of T tokens: one, or T?",
        show="sliding_windows([5, 6, 7], 2, 2): y should be [[6, 7]]; yours is [7]",
    ),
    Misconception(
        "sliding_windows", "T tokens shared by x and y", family="off by one",
        edit={"T, 0)": "T + 1, 0)", "ids[places], ids[places + 1]": "ids[places[:, :-1]], ids[places[:, 1:]]"},
        says="you cut T tokens and make x and y of them, so both are only T − 1 long",
        ask="How many tokens are a window of T with its T labels?",
        show="sliding_windows([5, 6, 7], 2, 2): x should be [[5, 6]], of length 2; yours is [[5]]",
    ),
    Misconception(
        "sliding_windows", "one window too many", family="off by one", edit={"len(ids) - T, 0": "len(ids) - T + 1, 0"},
        says="you begin one window too many: the last label of your last window would be token N, which does not exist",
        ask="If a window starts at s, where does its last label stand?",
        show="sliding_windows([5, 6], 2, 1): no window has all its labels, so x should have the shape (0, 2)",
    ),
    *(
        Misconception(
            "sliding_windows", f"one window too many, {how}{seen}", family="off by one",
            edit=stacked(" + 1", shortest, **more),
            says="you begin one window too many: its labels are one short, and torch makes no tensor of unequal rows"
            + also(how + seen),
            ask="If a window starts at s, where does its last label stand?",
            show="list(range(0, 6 - 2 + 1, 2)) is [0, 2, 4]: with six tokens, the label of token 5 does not exist",
        )
        for how, more in {"slices": {}, "slices, type kept": {"kind": ""}, "lists": {"rows": LISTED}}.items()
        for seen, shortest in {", no exit": "", ", N ≤ T": "len(ids) <= T", ", no start": "not len(starts)"}.items()
    ),
    Misconception(
        "sliding_windows", "one window too few", family="off by one", edit={"len(ids) - T, 0": "len(ids) - T - 1, 0"},
        says="your last window is missing where it would just fit with its labels",
        ask="What is the largest start s with s + T ≤ N − 1? Does your range reach it?",
        show="sliding_windows([5, 6, 7], 2, 1): one window fits, [5, 6] with the labels [6, 7]; yours has none",
    ),
    Misconception(
        "sliding_windows", "stride ignored, always T", family="rule", edit={", stride)": ", T)"},
        says="your windows start every T tokens, whatever the stride",
        ask="Where does your code use stride?",
        show="sliding_windows([5, 6, 7, 8], 2, 1): x should be [[5, 6], [6, 7]]; yours is [[5, 6]]",
    ),
    Misconception(
        "sliding_windows", "pieces of T + 1", family="off by one", edit={", stride)": ", T + 1)"},
        says="your windows start every T + 1 tokens, so the last label of a window is no input of the next",
        ask="May the last label of one window be the first token of the next?",
        show="sliding_windows([5, 6, 7, 8, 9], 2, 2): x should be [[5, 6], [7, 8]]; yours is [[5, 6]]",
    ),
    Misconception(
        "sliding_windows", "lists of tensors", family="rule",
        edit={"return ids[places], ids[places + 1]": "return list(ids[places]), list(ids[places + 1])"},
        says="you return lists of tensors; two tensors of shape (n, T) are wanted",
        ask="Which function of torch makes one tensor of a list of equal ones?",
        show="torch.stack([torch.tensor([5, 6]), torch.tensor([7, 8])]).shape is (2, 2)",
    ),
    Misconception(
        "sliding_windows", "raises where nothing fits", family="rule", edit=stacked(),
        says="with too few tokens your code raises an error; two empty tensors of shape (0, T) are wanted",
        ask="Which of your steps cannot bear to have no window at all?",
        show="torch.stack([]) raises RuntimeError, and so does torch.arange(0, -1, 1)",
    ),
    Misconception(
        "sliding_windows", "slices stacked, type kept", family="rule", edit=stacked(kind=""),
        says="the edges are missing: an empty result where nothing fits, and int64 whatever the type of ids",
        ask="What does torch.stack say to an empty list, and which type has a slice of a uint8 tensor?",
        show="torch.stack([]) raises RuntimeError; torch.as_tensor(ids, dtype=torch.int64) at the start "
        "settles the type",
    ),
    Misconception(
        "sliding_windows", "shape (0,) where nothing fits", family="rule", edit=stacked(rows=LISTED),
        says="where nothing fits you return torch.tensor([]), which has the shape (0,) and holds floats",
        ask="Which shape has a table of 0 rows and T columns?",
        show="torch.tensor([]) has the shape (0,), float32; torch.empty(0, 4, dtype=torch.int64) has (0, 4)",
    ),
    Misconception(
        "sliding_windows", "shape (0,) of int64 where nothing fits", family="rule",
        edit=stacked(rows=LISTED[:-1] + INT64 + ")"),
        says="where nothing fits your tensors have the shape (0,); the contract says (0, T)",
        ask="Which shape has a table of 0 rows and T columns?",
        show="torch.empty(0, dtype=torch.int64).reshape(-1, 4).shape is (0, 4)",
    ),
    Misconception(
        "sliding_windows", "dtype of the input", family="rule", edit={", dtype=torch.int64": ""},
        says="your result keeps the integer type of ids; it should be int64 whatever ids were stored in",
        ask="In which type does an embedding table expect ids? What is 255 + 1 in uint8?",
        show="sliding_windows(torch.tensor([5, 6, 7], dtype=torch.uint8), 2, 2)[0].dtype should be torch.int64",
    ),
    Misconception(
        "sliding_windows", "tensors only", family="rule", edit={"torch.as_tensor(ids, dtype=torch.int64)": "ids"},
        says="your code wants ids as a tensor and fails on a list",
        ask="Which line makes a tensor of a list, and leaves a tensor a tensor?",
        show="[5, 6, 7][torch.tensor([[0, 1]])] raises TypeError; torch.as_tensor takes both",
    ),
    Misconception(
        "sliding_windows", "views of ids", family="view or transpose",
        edit={"return ids[places], ids[places + 1]": UNFOLDED},
        says="your windows are views: whoever writes into x changes the text itself, and y with it",
        ask="Which operations give a new tensor, and which another look at the old one?",
        show="ids = torch.arange(5); x, y = sliding_windows(ids, 2, 2); x[:] = 0; ids should still be 0 … 4",
    ),
)

BATCH = (
    *(
        Misconception(
            "get_batch", f"last place never drawn{kind}{dtype}", family="off by one", edit=edit | more,
            says="your last place is never drawn: the starts end one too early" + also(kind + dtype),
            ask="With N = T + 1 tokens there is one place. How many does your formula count?",
            show="N = 3, T = 2: the only start is 0, so N − T = 1 place; randint(n) draws from 0 … n − 1",
        )
        for kind, edit in {
            "": DRAWN_FROM_LESS, ", N = T + 1 refused": COUNTED_LESS, ", no check": COUNTED_LESS | UNCHECKED,
        }.items()
        for dtype, more in {"": {}, ", type kept": UNTYPED}.items()
    ),
    *(
        Misconception(
            "get_batch", f"places too near the end{kind}", family="off by one", edit=edit,
            says="some of your places are too near the end: there the last label, or more, is missing, and torch fails"
            + also(kind),
            ask="How many places has a window with its labels, if N = T + 1?",
            show="N = 3, T = 2: start 1 needs a label at 3; only start 0 is left, so N − T = 1 place",
        )
        for kind, edit in {
            "": DRAWN_FROM_MORE,
            ", N = T let through": COUNTED_MORE,
            ", no check": COUNTED_MORE | UNCHECKED,
            ", slices": DRAWN_FROM_MORE | SLICED,
            ", slices, N = T let through": COUNTED_MORE | SLICED,
            ", slices, no check": COUNTED_MORE | UNCHECKED | SLICED,
        }.items()
    ),
    Misconception(
        "get_batch", "labels not shifted", family="off by one", edit={"data[places + 1]": "data[places]"},
        says="your labels are the tokens of x themselves, so a model learns to copy and its loss falls to 0",
        ask="What has a model to predict when it has read x[i, t]?",
        show="data 7, 8, 9 and T = 2: x is [7, 8] and y should be [8, 9]; yours is [7, 8]",
    ),
    Misconception(
        "get_batch", "drawn without replacement", family="rule",
        edit={DRAWN: "torch.randperm(num_starts, generator=generator)[:B, None]"},
        says="you draw without replacement: places are used up, and a batch has no more rows than places",
        ask="May the same place come twice? How many rows has your batch if there are 3 places and B is 5?",
        show="torch.randperm(3)[:5] has three numbers; torch.randint(3, (5,)) has five",
    ),
    Misconception(
        "get_batch", "only multiples of T", family="rule",
        edit={DRAWN: "T * torch.randint((num_starts + T - 1) // T, (B, 1), generator=generator)"},
        says="your windows start at multiples of T only, so most places are never drawn",
        ask="Can a window start at token 1?",
        show="N = 8, T = 3: starts 0, 1, 2, 3, 4 should all occur; yours are 0 and 3",
    ),
    Misconception(
        "get_batch", "global generator", family="state", edit={DRAWN: "torch.randint(num_starts, (B, 1))"},
        says="you draw from a global generator, not from the one you were given: nobody can repeat the batch",
        ask="Whose random numbers does randint use, if nobody tells it?",
        show="get_batch(…, torch.Generator().manual_seed(1)) twice should give the same batch",
    ),
    Misconception(
        "get_batch", "seeded at every call", family="state",
        edit={DRAWN: "torch.randint(num_starts, (B, 1), generator=generator.manual_seed(0))"},
        says="you seed a generator at every call, so every batch is the same one",
        ask="What does manual_seed do to a generator that has already moved on?",
        show="g = torch.Generator().manual_seed(1): two calls with g should give two batches",
    ),
    Misconception(
        "get_batch", "one start for the whole batch", family="batch of one",
        edit={DRAWN: "torch.randint(num_starts, (1, 1), generator=generator).expand(B, 1)"},
        says="all rows of your batch are the same window: one start is drawn, not B",
        ask="How many random numbers do B rows need?",
        show="torch.randint(9, (1,)) is one number; torch.randint(9, (4,)) are four",
    ),
    Misconception(
        "get_batch", "every token drawn by itself", family="rule",
        edit={"(B, 1)": "(B, T)", "starts + torch.arange(T)": "starts"},
        says="you draw every token by itself: your rows are no stretches of text",
        ask="If x[i, 0] is token s of the text, which one is x[i, 1]?",
        show="data 7, 8, 9 and T = 2: x should be [7, 8]; yours may be [7, 7]",
    ),
    Misconception(
        "get_batch", "no check of the length", family="rule", edit=UNCHECKED,
        says="with too short a text torch complains, not you, and nobody learns why; ValueError is wanted",
        ask="What does torch.randint(0, (2,)) say? Would you know from it that the text is too short?",
        show="get_batch(torch.tensor([7, 8]), 1, 2, generator) should raise ValueError; yours raises RuntimeError",
    ),
    Misconception(
        "get_batch", "N = T let through", family="off by one", edit={"num_starts < 1": "num_starts < 0"},
        says="a text of exactly T tokens passes your check, although its last label is missing",
        ask="How many tokens are a window of T with its labels?",
        show="get_batch(torch.tensor([7, 8]), 1, 2, generator) should raise ValueError",
    ),
    Misconception(
        "get_batch", "assert", family="rule", edit={"raise ValueError(": "raise AssertionError("},
        says="you check by assert, which raises AssertionError and is left out by python -O; ValueError is wanted",
        ask="Which exception does the contract name, and which does assert raise?",
        show="assert 2 > 3 raises AssertionError",
    ),
    Misconception(
        "get_batch", "no check, type kept", family="rule",
        edit=UNCHECKED | UNTYPED,
        says="the edges are missing: the ValueError for a text too short, and int64 whatever the type of the text",
        ask="What does the contract say about N ≤ T, and about the type of the result?",
        show="a uint8 tensor and .long() make int64; two tokens and T = 2 should raise ValueError",
    ),
    Misconception(
        "get_batch", "dtype of the text", family="rule", edit=UNTYPED,
        says="your batch keeps the integer type in which the text is stored; int64 is wanted",
        ask="In which type does an embedding table expect ids?",
        show="get_batch(torch.tensor([7, 8, 9], dtype=torch.uint8), 1, 2, generator)[0].dtype should be torch.int64",
    ),
)

PACKING = (
    Misconception(
        "pack_documents", "no eot", family="rule", edit={"[*doc, eot]": "doc"},
        says="there is no eot between your documents: nothing tells a model where one ends",
        ask="What stands in the row behind the last token of a document?",
        show="pack_documents([[1], [2, 3]], 3, 0): x should be [[1, 0, 2]]; yours has no row left",
    ),
    Misconception(
        "pack_documents", "eot between documents only", family="off by one", edit={"[*doc, eot]]": "[*doc, eot]][:-1]"},
        says="the last document has no eot: yours stand between documents only",
        ask="How many eot has a row of three documents?",
        show="pack_documents([[1], [2]], 3, 0): the row is 1 0 2 0, so x should be [[1, 0, 2]]; yours is empty",
    ),
    Misconception(
        "pack_documents", "eot in front", family="sign or order", edit={"[*doc, eot]": "[eot, *doc]"},
        says="your eot stands in front of each document, not behind it",
        ask="Does eot end a document or begin one?",
        show="pack_documents([[1, 2], [3]], 2, 0)[0] should be [[1, 2], [0, 3]]; yours is [[0, 1], [2, 0]]",
    ),
    Misconception(
        "pack_documents", "empty documents skipped", family="rule", edit={"for doc in docs": "for doc in docs if doc"},
        says="you skip empty documents; an empty document is one eot",
        ask="What comes after the tokens of a document, also if there are none?",
        show="pack_documents([[], []], 1, 0)[0] should be [[0]]; yours has no row",
    ),
    Misconception(
        "pack_documents", "labels roll round in the row", family="off by one",
        edit={CUT: ROLLED},
        says="your last label of a row is that row's first token: the labels roll round",
        ask="Which token follows the last one of row 0? Where does it stand?",
        show="pack_documents([[1, 2, 3, 4]], 2, 0)[1] should be [[2, 3], [4, 0]]; yours is [[2, 1], [4, 3]]",
    ),
    Misconception(
        "pack_documents", "cut into rows, labels roll round in each", family="off by one",
        edit=viewed("len(row)", y="x.roll(-1, 1)"),
        says="you roll each row of x by one: its last label is its own first token, and a last row without one is kept",
        ask="Which token follows the last one of row 0? And is there one behind the last row?",
        show="pack_documents([[1, 2, 3]], 2, 0) should be [[1, 2]] and [[2, 3]]; your y is [[2, 1], [0, 3]]",
    ),
    Misconception(
        "pack_documents", "labels not shifted", family="off by one",
        edit={CUT: "x, _ = sliding_windows(row, T, T)\n    return x, x.clone()"},
        says="your labels are the tokens of x themselves, so a model learns to copy and its loss falls to 0",
        ask="What has a model to predict when it has read x[i, t]?",
        show="pack_documents([[1, 2]], 2, 0): x is [[1, 2]] and y should be [[2, 0]]; yours is [[1, 2]]",
    ),
    Misconception(
        "pack_documents", "pieces of T + 1", family="off by one", edit={"stride=T": "stride=T + 1"},
        says="each of your rows uses T + 1 tokens, so every last label of a row is missing from the x of the next",
        ask="Where does row 1 begin, if row 0 holds the tokens 0 … T − 1?",
        show="pack_documents([[1, 2, 3, 4]], 2, 0)[0] should be [[1, 2], [3, 4]]; yours is [[1, 2]]",
    ),
    Misconception(
        "pack_documents", "one document per row", family="rule", wrong=packed_with_padding,
        says="you give each document a row of its own, filled up or cut off at T: nothing is packed",
        ask="How many of your tokens are filling?",
        show="pack_documents([[1], [2], [3]], 2, 0)[0] should be [[1, 0], [2, 0]]; yours has three rows",
    ),
    Misconception(
        "pack_documents", "each document cut alone", family="rule",
        edit={CUT: "parts = [sliding_windows([*d, eot], T, T) for d in docs] or [sliding_windows([], T, T)]\n"
        "    return torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts])"},
        says="you cut each document by itself and throw away what is left of it; the row goes on across documents",
        ask="May a row hold the end of one document and the start of the next?",
        show="pack_documents([[1, 2], [3]], 2, 0)[0] should be [[1, 2], [0, 3]]; yours is [[1, 2]]",
    ),
    Misconception(
        "pack_documents", "last row filled up", family="rule",
        edit={ROW: f"{ROW} or [eot]\n    row += [eot] * (-(len(row) - 1) % T)"},
        says="you fill the last row up with eot; an incomplete row is dropped",
        ask="What would a model learn from eot after eot after eot?",
        show="pack_documents([[1, 2, 3]], 2, 0)[0] should be [[1, 2]]; yours has [3, 0] too",
    ),
    Misconception(
        "pack_documents", "labels one short", family="off by one", edit=viewed("len(row)"),
        says="your row count leaves no token for the last label, and the reshape fails where T divides the row",
        ask="How many tokens do n rows of T need, labels included?",
        show="pack_documents([[1, 2, 3]], 2, 0): the row 1 2 3 0 has labels 2 3 0; two rows would need four",
    ),
    Misconception(
        "pack_documents", "floats where nothing fits", family="rule", edit=viewed("max(len(row) - 1, 0)", ""),
        says="where nothing fits your tensors hold floats: torch.tensor([]) does not know that you mean ids",
        ask="Which dtype has torch.tensor([]), and how can you tell it another?",
        show="pack_documents([], 2, 0)[0].dtype should be torch.int64; yours is torch.float32",
    ),
    Misconception(
        "pack_documents", "documents changed", family="state",
        edit={ROW: "[]\n    for doc in docs:\n        doc.append(eot)\n        row += doc"},
        says="you append eot to the caller's documents: packed twice, each ends with two",
        ask="Does doc.append change doc, or make a new list?",
        show="docs = [[1]]; pack_documents(docs, 1, 0); docs should still be [[1]]; yours is [[1, 0]]",
    ),
    Misconception(
        "pack_documents", "x and y share memory", family="view or transpose",
        edit=viewed("max(len(row) - 1, 0)", copied=""),
        says="x and y are views of one tensor: whoever writes into x changes labels",
        ask="Which method makes a copy of a view?",
        show="x, y = pack_documents([[1, 2, 3]], 2, 0); x[:] = 7; y should still be [[2, 3]]; yours is [[7, 3]]",
    ),
)

SPLIT = (
    Misconception(
        "split_documents", "shuffled, then cut", family="leakage",
        edit={EMPTY_SIDES: RANDOM + "docs = list(docs)\n    rng.shuffle(docs)\n    " + CUT_OFF},
        says="you shuffle and cut: copies of one text land on both sides, and one more document moves all others",
        ask="If the same story is in docs twice, where do the two go?",
        show="split_documents(['a'] * 20, 0.5): all twenty should be on one side",
    ),
    Misconception(
        "split_documents", "shuffles the caller's list", family="leakage",
        edit={EMPTY_SIDES: RANDOM + "rng.shuffle(docs)\n    " + CUT_OFF},
        says="you shuffle the caller's own list and cut it: copies land on both sides, and the list has lost its order",
        ask="Does shuffle make a new list? And where do two copies of one story go?",
        show="split_documents(['a'] * 20, 0.5): all twenty should be on one side",
    ),
    Misconception(
        "split_documents", "cut by position", family="leakage", edit={EMPTY_SIDES: CUT_OFF},
        says="the place in the list decides: copies land on both sides, and another order gives another split",
        ask="If the same story is in docs twice, first and last, where do the two go?",
        show="split_documents(['a', 'b', 'a'], 0.34): both 'a' should be on one side",
    ),
    Misconception(
        "split_documents", "a draw for each document", family="leakage",
        edit={EMPTY_SIDES: RANDOM + EMPTY_SIDES, HASHED: "rng.random()"},
        says="you draw for each document in turn, so copies land on both sides",
        ask="What does the decision about a text depend on: on the text?",
        show="split_documents(['a'] * 20, 0.5): all twenty should be on one side",
    ),
    Misconception(
        "split_documents", "raw text hashed", family="leakage", edit={"{seed} {normalized}": "{seed} {doc}"},
        says="you hash the text as it is: a copy with another space or capital lands where it likes",
        ask="Are “A  cat.” and “a cat.” two texts for your hash? Are they for a reader?",
        show="' '.join('A  Cat.\\n'.lower().split()) is 'a cat.'",
    ),
    Misconception(
        "split_documents", "case only", family="leakage", edit={'" ".join(doc.lower().split())': "doc.lower()"},
        says="you bring the texts to lower case, but white space still makes two texts of one",
        ask="What does 'a  cat\\n'.lower() look like?",
        show="split_documents(['a cat', 'a  cat', 'a\\ncat'], 0.5): all three should be on one side",
    ),
    Misconception(
        "split_documents", "case and ends only", family="leakage",
        edit={'" ".join(doc.lower().split())': "doc.lower().strip()"},
        says="you normalize case and both ends; white space inside a text still makes two texts of one",
        ask="What does ' a  cat\\n'.strip() leave inside?",
        show="' a  cat '.lower().strip() is 'a  cat'; ' '.join(' a  cat '.split()) is 'a cat'",
    ),
    Misconception(
        "split_documents", "white space only", family="leakage", edit={"doc.lower().split()": "doc.split()"},
        says="you normalize white space only: a copy in capitals lands where it likes",
        ask="Are “A CAT” and “a cat” two texts?",
        show="split_documents(['a cat', 'A cat', 'A CAT'], 0.5): all three should be on one side",
    ),
    Misconception(
        "split_documents", "normalized texts returned", family="rule",
        edit={"side.append(doc)": "side.append(normalized)"},
        says="you return the normalized texts; normalizing is for the decision, the documents come out as they came",
        ask="What would a model trained on your result never learn to write?",
        show="split_documents(['A  cat.'], 0.0) should be (['A  cat.'], []); yours is (['a cat.'], [])",
    ),
    Misconception(
        "split_documents", "copies dropped", family="rule",
        edit={"for doc in docs:": "for doc in {' '.join(d.lower().split()): d for d in reversed(docs)}.values():"},
        says="you drop copies without being asked; a split loses nothing, and a deduplication is a step of its own",
        ask="How many documents come out, if the same one goes in three times?",
        show="split_documents(['a', 'A', 'a'], 0.0) should be (['a', 'A', 'a'], []); yours is (['a'], [])",
    ),
    Misconception(
        "split_documents", "seed ignored", family="rule", edit={"{seed} {normalized}": "{normalized}"},
        says="your split is the same for every seed",
        ask="Where does seed enter your decision?",
        show="docs = [f'text {n}' for n in range(50)]: split_documents(docs, 0.5, 0) and (docs, 0.5, 1) should differ",
    ),
    Misconception(
        "split_documents", "seed only shifts", family="rule",
        edit={"{seed} {normalized}": "{normalized}", HASHED: '(int.from_bytes(digest, "big") + seed) % 100 / 100'},
        says="your seed only shifts the limit: with the next seed, nearly the same documents are in val",
        ask="If a text is in val with seed 0, how probable should that be with seed 1?",
        show="(17 + 0) % 100 and (17 + 1) % 100 are neighbours; the hash of another text is anywhere",
    ),
    Misconception(
        "split_documents", "limit included", family="off by one",
        edit={HASHED: 'int.from_bytes(digest, "big") % 100 / 100', "place < val": "place <= val"},
        says="you include the limit itself: with val_fraction 0 the texts whose number is 0 still go to val",
        ask="< or <=? Your smallest number is 0: what happens to it when val_fraction is 0?",
        show="0 <= 0.0 is True, 0 < 0.0 is not; of the numbers 0 … 99, ten are below 10 and eleven are not above it",
    ),
    *(
        Misconception(
            "split_documents", f"Python's hash{kind}", family="state", edit={HASHED: place},
            says=f"you use Python's hash(): in every process a text has another number and you another split{also}",
            ask="Print hash('a'), start Python again, print it again: the same?",
            show="run python -c \"print(hash('a'))\" twice: two numbers",
        )
        for kind, place, also in (
            ("", "hash((seed, normalized)) % 2**64 / 2**64", ""),
            (", no seed", "hash(normalized) % 2**64 / 2**64", "; the seed has no part in it"),
            (", negative", "hash((seed, normalized)) / 2**64", "; and half of its numbers are negative"),
        )
    ),
    Misconception(
        "split_documents", "sides exchanged", family="sign or order", edit={"return train, val": "return val, train"},
        says="your sides are exchanged: val holds what should be in train",
        ask="With val_fraction = 0, which list should be empty?",
        show="split_documents(['a'], 0.0) should be (['a'], []); yours is ([], ['a'])",
    ),
    Misconception(
        "split_documents", "ranked by hash, then cut", family="leakage", wrong=split_by_rank,
        says="you sort the texts by hash and cut: one more document pushes another one over the cut",
        ask="What does the side of a text depend on, besides the text?",
        show="val of 10 texts is the 5 of lowest hash; with an 11th text below them, one of the 5 must go",
    ),
)

JACCARD = (
    Misconception(
        "jaccard", "overlap coefficient", family="denominator",
        edit={"/ len(union) if union": "/ min(len(a), len(b)) if a and b"},
        says="you divide by the size of the smaller set: a set inside another one then counts as equal to it",
        ask="By what is the intersection divided: by one of the sets, or by all elements of both?",
        show="jaccard({1}, {1, 2, 3, 4}) should be 1/4; yours is 1",
    ),
    Misconception(
        "jaccard", "divides by the first", family="denominator", edit={"/ len(union) if union": "/ len(a) if a"},
        says="you divide by the size of the first set: exchange the two and another number comes out",
        ask="Is jaccard(a, b) equal to jaccard(b, a)?",
        show="jaccard({1}, {1, 2}) should be 1/2; yours is 1",
    ),
    Misconception(
        "jaccard", "sum of sizes", family="denominator", edit={"/ len(union)": "/ (len(a) + len(b))"},
        says="you divide by the sum of the sizes, which counts shared elements twice",
        ask="How often is a shared element counted in |a| + |b|?",
        show="jaccard({1, 2}, {1, 2}) should be 1; yours is 1/2",
    ),
    Misconception(
        "jaccard", "Dice coefficient", family="denominator",
        edit={"len(a & b) / len(union)": "2 * len(a & b) / (len(a) + len(b))"},
        says="your result is 2|a ∩ b| / (|a| + |b|), the Dice coefficient, a relative of Jaccard's",
        ask="How often is a shared element counted in |a| + |b|?",
        show="jaccard({1, 2}, {2, 3}) should be 1/3; yours is 2/4",
    ),
    Misconception(
        "jaccard", "no guard", family="numerical stability", edit={" if union else 0.0": ""},
        says="two empty sets divide by 0",
        ask="What is the size of the union of two empty sets?",
        show="jaccard(set(), set()) should be 0.0; yours raises ZeroDivisionError",
    ),
    Misconception(
        "jaccard", "two empty sets are equal", family="rule", edit={"else 0.0": "else 1.0"},
        says="two empty sets give 1 in your version; in this course they give 0",
        ask="What does the contract say about two empty sets?",
        show="jaccard(set(), set()) should be 0.0; yours is 1.0",
    ),
    Misconception(
        "jaccard", "distance", family="sign or order", edit={"len(a & b) / len(union)": "1 - len(a & b) / len(union)"},
        says="your result is 1 − Jaccard, the distance: 0 for equal sets",
        ask="Which number do equal sets get?",
        show="jaccard({1}, {1}) should be 1; yours is 0",
    ),
)

MINHASH = (
    Misconception(
        "minhash_signature", "one hash k times", family="rule", edit={COLUMNS: "[min(values)[0]] * k"},
        says="all your k hash functions put the elements in the same order, so one element decides the whole signature",
        ask="Where does the number of the hash function, i, enter the hash?",
        show="two sets with J = 1/2: half of the places should agree; with one order all agree or none does",
    ),
    Misconception(
        "minhash_signature", "k smallest of one hash", family="rule", wrong=signature_of_the_smallest,
        says="you take the k smallest values of one hash; place i should be the one smallest of hash function i",
        ask="How many values do you take from each hash function, and of how many functions?",
        show="minhash_signature({'a'}, 4) should have four numbers; yours has one",
    ),
    Misconception(
        "minhash_signature", "a largest among the smallest", family="rule",
        edit={COLUMNS: "[max(values)[0], *map(min, [*zip(*values, strict=True)][1:])]"},
        says="at one place or more your signature holds a largest value, not the smallest",
        ask="If the smallest value on a is 3 and on b is 5, what is it on a ∪ b?",
        show="the signature of a ∪ b should be, place by place, the smaller of the two signatures",
    ),
    Misconception(
        "minhash_signature", "first element only", family="rule", wrong=signature_of_one_element,
        says="you hash one element of the set; the smallest value of all elements is wanted",
        ask="Which element is the first one in a set?",
        show="minhash_signature({8, 0}, 4) and of {0, 8} should be equal: the same set",
    ),
    Misconception(
        "minhash_signature", "Python's hash", family="state",
        edit={COLUMNS: "[min(hash((i, str(x))) for x in shingles) for i in range(k)]"},
        says="you use Python's hash(), which gives a text another number in every process",
        ask="Print hash('a'), start Python again, print it again: the same?",
        show="run python -c \"print(hash('a'))\" twice: two numbers",
    ),
    Misconception(
        "minhash_signature", "new functions at every call", family="state", wrong=signature_drawn_anew,
        says="you draw new hash functions at every call, so no two signatures can be compared",
        ask="Do the signatures of two documents come from the same k functions?",
        show="minhash_signature({'a'}, 4) == minhash_signature({'a'}, 4) should be True",
    ),
    Misconception(
        "minhash_signature", "few values", family="rule", edit={"digest(8 * k)": "digest(k)", "<{k}Q": "<{k}B"},
        says="your hash functions have so few values that different elements share one, and strangers seem alike",
        ask="How many different values can your hash take? And how many elements do all documents have?",
        show="256 values and a thousand elements: each value is shared by four",
    ),
    Misconception(
        "minhash_signature", "texts only", family="rule", edit={"str(shingle).encode()": "shingle.encode()"},
        says="your code works for elements that are texts only; an element counts as what str makes of it",
        ask="Has a number a method encode? Has a tuple?",
        show="minhash_signature({1, 2}, 4) should work: str(1).encode() is b'1'",
    ),
    Misconception(
        "minhash_signature", "empty set accepted", family="rule",
        edit={"if not shingles:": "if not shingles:\n        return [0] * k\n    if False:"},
        says="the empty set gets a signature, so all empty documents count as copies; ValueError is wanted",
        ask="Which element of nothing is the smallest?",
        show="minhash_signature(set(), 4) should raise ValueError",
    ),
)

CANDIDATES = (
    Misconception(
        "lsh_candidates", "band index not in the key", family="rule", edit={"buckets[band, tuple(": "buckets[tuple("},
        says="a band meets other bands in your buckets: the first of one signature and the second of another",
        ask="What must the key of a bucket say, besides the numbers of the band?",
        show="lsh_candidates({'a': [1, 2], 'b': [2, 1]}, 2) should be set(); yours finds ('a', 'b')",
    ),
    Misconception(
        "lsh_candidates", "no band index, no check", family="rule",
        edit={"buckets[band, tuple(": "buckets[tuple(", "if rest:": "if False:"},
        says="a band meets other bands in your buckets, and a signature that has no equal bands passes",
        ask="What must the key of a bucket say, besides the numbers of the band? And what is left over of 6 // 4?",
        show="lsh_candidates({'a': [1, 2], 'b': [2, 1]}, 2) should be set(); with 3 numbers and 2 bands, ValueError",
    ),
    Misconception(
        "lsh_candidates", "all pairs compared", family="rule",
        edit=all_pairs("any(x == y for x, y in zip(one, other))"),
        says="you compare every signature with every other: right pairs, but this is the work that buckets save",
        ask="In which place would two documents meet that share a band, without anybody looking for them?",
        show="2000 pages are 2 million pairs, but 16 bands each are 32,000 entries in a dict",
    ),
    *(
        Misconception(
            "lsh_candidates", f"all bands must be equal{kind}", family="rule", edit=edit,
            says=f"you ask for equality in all bands; one band is enough{also}",
            ask="Two near-copies differ at a few places: will all their bands be equal?",
            show="lsh_candidates({'a': [1, 2, 3, 4], 'b': [9, 9, 3, 4]}, 2) should be {('a', 'b')}; yours is empty",
        )
        for kind, edit, also in (
            ("", {KEYED: "band == 0 and buckets[tuple(signature)]"}, ""),
            (", all pairs", all_pairs("one == other"), ", and comparing all pairs is not needed to find it"),
        )
    ),
    Misconception(
        "lsh_candidates", "one equal number is enough", family="rule",
        edit=all_pairs("any(x == y for rows in zip(one, other) for x, y in zip(*rows))"),
        says="one equal number is enough in your version, and you look for it in all pairs; all rows of a band must be "
        "equal, and buckets find that",
        ask="How many rows has a band, if 4 numbers are cut into 2 bands?",
        show="lsh_candidates({'a': [1, 2, 3, 4], 'b': [1, 9, 9, 4]}, 2) should be set(); yours finds the pair",
    ),
    Misconception(
        "lsh_candidates", "bands and rows exchanged", family="sign or order",
        edit={"        for band in range(bands)": "        rows, n = bands, rows\n        for band in range(n)"},
        says="you cut bands of `bands` rows; bands is the number of bands",
        ask="How many rows has each of 3 bands of a signature of 6 numbers?",
        show="lsh_candidates({'a': [1, 2, 3, 4, 5, 6], 'b': [1, 2, 7, 8, 9, 0]}, 3) should be {('a', 'b')}",
    ),
    Misconception(
        "lsh_candidates", "first band only", family="rule", edit={"range(bands)": "range(1)"},
        says="you look at the first band only",
        ask="Over what does your inner loop run?",
        show="lsh_candidates({'a': [1, 2, 3, 4], 'b': [9, 9, 3, 4]}, 2) should be {('a', 'b')}; yours is empty",
    ),
    Misconception(
        "lsh_candidates", "order of the dict", family="sign or order", edit={"sorted(names)": "names"},
        says="your pairs stand in the order of the dict; the smaller name comes first",
        ask="If 'b' was filed before 'a', which pair do you return?",
        show="lsh_candidates({'b': [1], 'a': [1]}, 1) should be {('a', 'b')}; yours is {('b', 'a')}",
    ),
    Misconception(
        "lsh_candidates", "neighbours in the bucket only", family="rule",
        edit={SEVERAL: "zip(sorted(names), sorted(names)[1:], strict=False)"},
        says="of several documents in one bucket you pair each with the next only",
        ask="Three documents in one bucket: how many pairs?",
        show="lsh_candidates({'a': [1], 'b': [1], 'c': [1]}, 1) should hold ('a', 'c') too",
    ),
    Misconception(
        "lsh_candidates", "lists as keys", family="rule",
        edit={"tuple(signature[band * rows : (band + 1) * rows])": "signature[band * rows : (band + 1) * rows]"},
        says="a list cannot be a key of a dict, and a slice of a list is a list",
        ask="Which type is like a list and can be a key?",
        show="{[1, 2]: 'a'} raises TypeError; {(1, 2): 'a'} does not",
    ),
    Misconception(
        "lsh_candidates", "no check", family="rule", edit={"if rest:": "if False:"},
        says="a signature that cannot be cut into equal bands passes, and its last numbers are never looked at",
        ask="What is 6 // 4, and which of the six numbers are in no band then?",
        show="lsh_candidates({'a': [1, 2, 3], 'b': [1, 2, 3]}, 2) should raise ValueError",
    ),
    Misconception(
        "lsh_candidates", "assert", family="rule", edit={"raise ValueError(": "raise AssertionError("},
        says="you check by assert, which raises AssertionError and is left out by python -O; ValueError is wanted",
        ask="Which exception does the contract name, and which does assert raise?",
        show="assert 6 % 4 == 0 raises AssertionError",
    ),
)

QUALITY = (
    Misconception(
        "quality_filter", "number of words not checked", family="rule",
        edit={"not 5 <= len(words) <= 1000": "not words"},
        says="you do not check the number of words: titles and endless pages pass",
        ask="Which texts does the first rule throw away?",
        show="quality_filter('the old owl') has three words and should be False",
    ),
    Misconception(
        "quality_filter", "5 and 1000 excluded", family="off by one",
        edit={"5 <= len(words) <= 1000": "5 < len(words) < 1000"},
        says="you exclude the limits themselves: 5 words and 1000 words are still allowed",
        ask="< or <=?",
        show="quality_filter('one two three four five') should be True",
    ),
    Misconception(
        "quality_filter", "divides by no words", family="numerical stability",
        edit={"if not 5 <= len(words) <= 1000:": "if False:"},
        says="a text without words divides by 0",
        ask="How many words has '', and what do you divide by?",
        show="quality_filter('') should be False; yours raises ZeroDivisionError",
    ),
    Misconception(
        "quality_filter", "cut at single spaces", family="rule", edit={"text.split()": "text.split(' ')"},
        says="you cut at single spaces: a line break then joins two words, and two spaces make an empty one",
        ask="What is 'a\\nb  c'.split(' ')? And .split()?",
        show="'a\\nb  c'.split() is ['a', 'b', 'c']; 'a\\nb  c'.split(' ') is ['a\\nb', '', 'c']",
    ),
    Misconception(
        "quality_filter", "no mean length", family="rule", edit={"3 <= mean_length <= 10 and ": ""},
        says="the mean length of the words is not checked",
        ask="What kind of page has words of 40 characters?",
        show="quality_filter('a b c d e f') should be False: the mean is 1",
    ),
    Misconception(
        "quality_filter", "3 and 10 excluded", family="off by one",
        edit={"3 <= mean_length <= 10": "3 < mean_length < 10"},
        says="you exclude the limits themselves: a mean of exactly 3 or 10 is still allowed",
        ask="< or <=?",
        show="quality_filter('the cat sat and ate') has the mean 3 and should be True",
    ),
    Misconception(
        "quality_filter", "all limits excluded", family="off by one",
        edit={
            "5 <= len(words) <= 1000": "5 < len(words) < 1000", "3 <= mean_length <= 10": "3 < mean_length < 10",
            ">= 0.8": "> 0.8", "<= 0.3": "< 0.3",
        },
        says="you exclude the limits themselves, in all four rules; each of them is still allowed",
        ask="< or <=? What does the contract say about the limits?",
        show="quality_filter('one two three four five') has 5 words and should be True",
    ),
    Misconception(
        "quality_filter", "spaces counted", family="denominator",
        edit={"sum(map(len, words)) / len(words)": "len(text) / len(words)"},
        says="your mean counts the spaces between the words as well",
        ask="Which characters of the text belong to no word?",
        show="'the cat sat and ate': 15 characters in 5 words, mean 3; with four spaces it would be 3.8",
    ),
    Misconception(
        "quality_filter", "no rule for letters", family="rule", edit={"enough_letters and ": ""},
        says="your filter lets through texts of numbers",
        ask="Which rule throws a price list away?",
        show="quality_filter('1234 5678 1234 5678 1234') should be False",
    ),
    Misconception(
        "quality_filter", "isalpha of the whole word", family="rule",
        edit={"any(char.isalpha() for char in word)": "word.isalpha()"},
        says="you ask whether a word is all letters, so “dog,” is none and prose is thrown away",
        ask="What does 'dog,'.isalpha() say?",
        show="'dog,'.isalpha() is False; one letter in the word is enough",
    ),
    Misconception(
        "quality_filter", "letters a to z only", family="rule",
        edit={"char.isalpha()": "char.isascii() and char.isalpha()"},
        says="only a to z are letters in your version: every text in Greek or Russian is thrown away",
        ask="Is д a letter?",
        show="'д'.isalpha() is True",
    ),
    Misconception(
        "quality_filter", "80 % excluded", family="off by one", edit={">= 0.8": "> 0.8"},
        says="you exclude the limit itself: exactly 80 % of words with a letter is enough",
        ask="> or >=?",
        show="'one two three four 1234': four of five words, 0.8, and still True",
    ),
    Misconception(
        "quality_filter", "no rule for ellipses", family="rule", edit={" and few_ellipses": ""},
        says="pages of broken-off lines pass",
        ask="Which rule throws a list of teasers away?",
        show="quality_filter('read more about owls...\\nread more about foxes...') should be False",
    ),
    Misconception(
        "quality_filter", "one ellipsis is too many", family="rule",
        edit={"num_ellipses / len(lines) <= 0.3": "num_ellipses == 0"},
        says='one line that ends in "..." and the text is thrown away; up to 30 % are allowed',
        ask="How many of ten lines may end in three dots?",
        show='a text of ten lines, of which one ends in "...", should be True',
    ),
    Misconception(
        "quality_filter", "30 % excluded", family="off by one", edit={"<= 0.3": "< 0.3"},
        says="you exclude the limit itself: three of ten lines are still allowed",
        ask="< or <=?",
        show="3 / 10 <= 0.3 is True, 3 / 10 < 0.3 is not",
    ),
    Misconception(
        "quality_filter", "ellipsis anywhere in the line", family="rule",
        edit={'line.endswith("...")': '"..." in line'},
        says="you count lines that contain three dots; only those that end in them count",
        ask="Is “Well... come in.” a line that breaks off?",
        show="'Well... come in.'.endswith('...') is False",
    ),
    Misconception(
        "quality_filter", "cut at line feeds", family="rule", edit={"text.splitlines()": r'text.split("\n")'},
        says="you cut lines at \\n: a line break at the very end makes one more line, an empty one, and \\r stays",
        ask="What is 'a\\r\\nb\\n'.split('\\n')? And .splitlines()?",
        show="'a\\r\\nb\\n'.splitlines() is ['a', 'b']; .split('\\n') gives ['a\\r', 'b', '']",
    ),
    Misconception(
        "quality_filter", "blank lines left out", family="denominator",
        edit={"text.splitlines()": "[line for line in text.splitlines() if line.strip()]"},
        says="you leave blank lines out; they count as lines",
        ask="How many lines has 'a...\\n\\nb'?",
        show="'a...\\n\\nb'.splitlines() has three elements, so one of three ends in \"...\"",
    ),
)

REDACTION = (
    Misconception(
        "redact_pii", "first match only", family="rule",
        edit={'"<EMAIL>", text)': '"<EMAIL>", text, count=1)', '"<IP>", text)': '"<IP>", text, count=1)'},
        says="you replace the first address and the first IP only",
        ask="Which function of re replaces all matches and tells how many there were?",
        show="redact_pii('a@b.org a@b.org')[1]['email'] should be 2; yours is 1",
    ),
    Misconception(
        "redact_pii", "everything up to the next space", family="rule",
        edit={r'"[\w.%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}"': r'"\S+@\S+"'},
        says="you take everything around the @ up to the next space, brackets and full stops too",
        ask="Which characters can be part of an address, and is a comma one of them?",
        show="redact_pii('(a@b.org).')[0] should be '(<EMAIL>).'; yours is '<EMAIL>'",
    ),
    Misconception(
        "redact_pii", "plain names only", family="rule", edit={r"[\w.%+-]+@": r"\w+@"},
        says="you allow letters and digits before the @ only: of anna.b@c.org the name anna stays",
        ask="Which characters besides letters may stand in the name of an address?",
        show="redact_pii('anna.b+x@c.org')[0] should be '<EMAIL>'; yours is 'anna.b+<EMAIL>'",
    ),
    Misconception(
        "redact_pii", "no plus in the name", family="rule", edit={r"[\w.%+-]+@": r"[\w.]+@"},
        says="you do not allow + in the name of an address (or %, or -)",
        ask="Which characters does the contract allow before the @?",
        show="redact_pii('anna+news@c.org')[0] should be '<EMAIL>'; yours is 'anna+<EMAIL>'",
    ),
    Misconception(
        "redact_pii", "any word with @", family="rule", edit={r"[\w.%+-]+@": r"[\w.%+-]*@", r"-]+\.)+": r"-]+\.)*"},
        says="you take any word with an @ for an address, @owl too",
        ask="What must stand on both sides of the @?",
        show="redact_pii('Thanks, @owl')[1]['email'] should be 0; yours is 1",
    ),
    Misconception(
        "redact_pii", "domain without a dot", family="rule", edit={r"-]+\.)+": r"-]+\.)*"},
        says="you accept a domain without a dot",
        ask="Is anna@home an address that a letter could reach?",
        show="redact_pii('anna@home')[1]['email'] should be 0; yours is 1",
    ),
    Misconception(
        "redact_pii", "last part of 2 to 4 letters", family="rule", edit={"[A-Za-z]{2,}": "[A-Za-z]{2,4}"},
        says="you end the domain after four letters: of a@b.museum two letters stay behind",
        ask="How long is the last part of the domain in a@b.museum?",
        show="redact_pii('a@b.museum')[0] should be '<EMAIL>'; yours is '<EMAIL>um'",
    ),
    Misconception(
        "redact_pii", "full stop in the domain", family="rule", edit={r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}": r"[\w.-]+"},
        says="your domain is any row of letters, dots and hyphens: it takes a full stop behind it, and needs no dot",
        ask="May a domain end in a dot?",
        show="redact_pii('Mail a@b.org.')[0] should be 'Mail <EMAIL>.'; yours is 'Mail <EMAIL>'",
    ),
    Misconception(
        "redact_pii", "full stop in the last part", family="rule",
        edit={r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}": r"[\w-]+\.[\w.-]+"},
        says="your last part of the domain may contain dots, so it takes the full stop of the sentence",
        ask="May a domain end in a dot?",
        show="redact_pii('Mail a@b.org.')[0] should be 'Mail <EMAIL>.'; yours is 'Mail <EMAIL>'",
    ),
    Misconception(
        "redact_pii", "one dot in the domain", family="rule", edit={r"(?:[A-Za-z0-9-]+\.)+": r"[A-Za-z0-9-]+\."},
        says="you allow one dot in the domain: of a@b.c.org the end stays behind",
        ask="How many parts may a domain have?",
        show="redact_pii('a@bb.cc.org')[0] should be '<EMAIL>'; yours is '<EMAIL>.org'",
    ),
    Misconception(
        "redact_pii", "dot of the address not escaped", family="rule", edit={r"-]+\.)+": r"-]+.)+"},
        says="the dot in your pattern for addresses means any character, so a space will do",
        ask="What does . mean in a regular expression?",
        show="redact_pii('anna@home now')[1]['email'] should be 0; yours is 1",
    ),
    Misconception(
        "redact_pii", "dot of the IP not escaped", family="rule", edit={r"(?:\.{octet})": r"(?:.{octet})"},
        says="the dot in your pattern for IPs means any character: 10 20 30 40 counts as one",
        ask="What does . mean in a regular expression?",
        show="redact_pii('10 20 30 40')[1]['ip'] should be 0; yours is 1",
    ),
    Misconception(
        "redact_pii", "octets up to 999", family="rule", edit={r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)": r"\d{1,3}"},
        says="any number of up to three digits passes as an octet; 255 is the largest",
        ask="How many values has a byte?",
        show="redact_pii('999.1.1.1')[1]['ip'] should be 0; yours is 1",
    ),
    Misconception(
        "redact_pii", "0 is no octet", family="off by one", edit={r"[1-9]?\d)": r"[1-9]\d?)"},
        says="your octets begin with 1 to 9, so 0 is none: 10.0.0.1 stays",
        ask="Is 0 a number from 0 to 255?",
        show="redact_pii('10.0.0.1')[1]['ip'] should be 1; yours is 0",
    ),
    Misconception(
        "redact_pii", "touched by anything", family="rule", edit={r"(?<!\w)(?<!\d\.)": "", r"(?!\w|\.\d)": ""},
        says="you look at the four numbers only, not at what touches them: v1.2.3.4 and 1.2.3.4.5 lose a part",
        ask="What stands directly before and after an IP address?",
        show="redact_pii('v1.2.3.4')[1]['ip'] should be 0; yours is 1",
    ),
    Misconception(
        "redact_pii", "word boundaries only", family="rule", edit={r"(?<!\w)(?<!\d\.)": r"\b", r"(?!\w|\.\d)": r"\b"},
        says="you look at letters and digits that touch the address only: of 1.2.3.4.5 four numbers are taken",
        ask="What stands right behind the 4 in 1.2.3.4.5, and what behind that? How far does your pattern look?",
        show="redact_pii('1.2.3.4.5')[1]['ip'] should be 0; yours is 1",
    ),
    Misconception(
        "redact_pii", "full stop refused", family="rule", edit={r"(?!\w|\.\d)": r"(?![\w.])"},
        says="an IP address at the end of a sentence stays: you allow no dot behind it at all",
        ask="Which dots make five numbers, and which end a sentence?",
        show="redact_pii('It was 10.0.0.1.')[1]['ip'] should be 1; yours is 0",
    ),
    Misconception(
        "redact_pii", "one count for both", family="rule",
        edit={'{"email": num_emails, "ip": num_ips}': "num_emails + num_ips"},
        says="you return one number for both kinds; a dict with one count each is wanted",
        ask="How many e-mail addresses were there, and how many IPs?",
        show="redact_pii('a@b.org')[1] should be {'email': 1, 'ip': 0}; yours is 1",
    ),
)

MISCONCEPTIONS = (
    *WINDOWS, *BATCH, *PACKING, *SPLIT, *JACCARD, *MINHASH, *CANDIDATES, *QUALITY, *REDACTION,
)
