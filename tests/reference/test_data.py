import itertools
import math
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from autograder.checks import data as checks
from autograder.probes import Draw
from reference.data import (
    get_batch,
    jaccard,
    lsh_candidates,
    minhash_signature,
    pack_documents,
    quality_filter,
    redact_pii,
    sliding_windows,
    split_documents,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_windows_by_hand() -> None:
    """Ten tokens, windows of four, stride three: the windows start at 0 and 3, and tokens 8 and 9 are lost."""
    x, y = sliding_windows(list(range(10)), T=4, stride=3)
    assert x.tolist() == [[0, 1, 2, 3], [3, 4, 5, 6]]
    assert y.tolist() == [[1, 2, 3, 4], [4, 5, 6, 7]]


def test_number_of_windows_is_the_formula_for_all_small_sizes() -> None:
    """⌈(N − T) / stride⌉, never less than 0, and every window is a slice with the slice one further on."""
    for N, T, stride in itertools.product(range(9), range(1, 5), range(1, 6)):
        ids = list(range(100, 100 + N))
        x, y = sliding_windows(torch.tensor(ids, dtype=torch.int32), T, stride)
        assert x.shape == y.shape == (max(math.ceil((N - T) / stride), 0), T)
        assert x.dtype == y.dtype == torch.int64
        for i, (row, labels) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
            s = i * stride
            assert (row, labels) == (ids[s : s + T], ids[s + 1 : s + T + 1])


def test_windows_own_their_memory() -> None:
    ids = torch.arange(6)
    x, y = sliding_windows(ids, 2, 1)
    x[:] = -1
    assert ids.tolist() == [0, 1, 2, 3, 4, 5]
    assert y.min() > 0


def test_batches_are_slices_and_repeat() -> None:
    data = torch.arange(50, 62, dtype=torch.uint8)
    x, y = get_batch(data, 200, 4, generator())
    assert x.dtype == y.dtype == torch.int64
    assert torch.equal(x - x[:, :1], torch.arange(4).expand(200, 4))
    assert torch.equal(y, x + 1)
    assert set(x[:, 0].tolist()) == set(range(50, 58))
    assert torch.equal(get_batch(data, 200, 4, generator())[0], x)


@pytest.mark.parametrize("N", [0, 3, 4])
def test_batch_of_a_text_too_short(N: int) -> None:
    with pytest.raises(ValueError, match="at least 5"):
        get_batch(torch.arange(N), 2, 4, generator())


def test_packing_by_hand() -> None:
    x, y = pack_documents([[1, 2, 3], [], [4, 5]], T=3, eot=0)  # the row is 1 2 3 0 0 4 5 0
    assert x.tolist() == [[1, 2, 3], [0, 0, 4]]
    assert y.tolist() == [[2, 3, 0], [0, 4, 5]]
    assert pack_documents([], 3, 0)[0].shape == (0, 3)
    assert pack_documents([[1, 2]], 3, 0)[1].dtype == torch.int64


def test_packing_loses_only_the_tail() -> None:
    docs = [[10 * n + i for i in range(n)] for n in range(1, 9)]
    row = [token for doc in docs for token in [*doc, 0]]
    for T in range(1, 12):
        x, y = pack_documents(docs, T, 0)
        assert x.flatten().tolist() == row[: x.numel()]
        assert y.flatten().tolist() == row[1 : y.numel() + 1]
        assert len(row) - 1 - T < x.numel() <= len(row) - 1


def test_split_keeps_copies_together_and_others_where_they_are() -> None:
    docs = [f"Story  {n}" for n in range(300)]
    copies = [f" story\n{n} " for n in range(300)]
    train, val = split_documents(docs, 0.3)
    assert (sorted(train + val), len(val)) == (sorted(docs), pytest.approx(90, abs=48))  # six σ
    both_train, both_val = split_documents(copies + docs, 0.3)
    assert [doc for doc in both_val if doc in docs] == val
    assert [" ".join(doc.split()).title() for doc in both_val if doc not in docs] == [" ".join(d.split()) for d in val]
    assert len(both_train) == 2 * len(train)


def test_split_at_the_ends_and_by_seed() -> None:
    docs = [str(n) for n in range(200)]
    assert split_documents(docs, 0.0) == (docs, [])
    assert split_documents(docs, 1.0, seed=3) == ([], docs)
    assert split_documents(docs, 0.5) == split_documents(docs, 0.5, seed=0) != split_documents(docs, 0.5, seed=1)


def test_split_and_signature_are_the_same_in_another_process() -> None:
    code = "from reference.data import split_documents as split, minhash_signature as sign\n"
    code += "print(split(list('abcdefgh'), 0.5), sign({'a', 'b'}, 3))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    here = f"{split_documents(list('abcdefgh'), 0.5)} {minhash_signature({'b', 'a'}, 3)}"
    assert done.stdout.strip() == here


@pytest.mark.parametrize(
    "place",
    [
        lambda seed, text: (hash(f"{seed} {text}") % 2**64) / 2**64,
        lambda seed, text: (hash((seed, text)) & 0xFFFFFFFF) / 2**32,
        lambda seed, text: hash((seed, text)) / 2**64 + 0.5,
        lambda seed, text: abs(hash(f"{text}{seed}")) % 1000 / 1000,
        lambda seed, text: abs(hash(text.encode()) ^ seed) / 2**63,
    ],
)
def test_no_form_of_pythons_hash_splits_for_good(place: Callable[[int, str], float]) -> None:
    def split(docs: list[str], val_fraction: float, seed: int = 0) -> tuple[list[str], list[str]]:
        val = [doc for doc in docs if place(seed, doc) < val_fraction]
        return [doc for doc in docs if doc not in val], val

    for seed in range(10):
        seen = checks.in_every_process.observe(split, Draw(seed))
        assert seen == {"later": "the same", "in another process": "another split"}
        assert set(checks.in_every_process.observe(split_documents, Draw(seed)).values()) == {"the same"}


def test_jaccard() -> None:
    assert jaccard({1, 2, 3}, {2, 3, 4, 5}) == 2 / 5
    assert jaccard({1, 2}, {2, 1}) == 1.0
    assert jaccard(set(), {1}) == jaccard(set(), set()) == 0.0


@pytest.mark.parametrize("shared", [0, 3, 10, 20])
def test_signatures_estimate_jaccard(shared: int) -> None:
    """k = 2000, so the standard deviation is at most 0.011; the bound is six of them."""
    a, b = {f"w{n}" for n in range(20)}, {f"w{n}" for n in range(20 - shared, 40 - shared)}
    one, other = minhash_signature(a, 2000), minhash_signature(b, 2000)
    assert sum(map(int.__eq__, one, other)) / 2000 == pytest.approx(jaccard(a, b), abs=0.067)
    assert minhash_signature(a | b, 2000) == [*map(min, one, other)]
    with pytest.raises(ValueError, match="empty"):
        minhash_signature(set(), 4)


def test_candidates_equal_a_slow_search() -> None:
    random_bits = torch.randint(3, (9, 6), generator=generator()).tolist()
    signatures = dict(zip("ihgfedcba", random_bits, strict=True))
    for bands in (1, 2, 3, 6):
        rows, slow = 6 // bands, set()
        for a, b in itertools.combinations("abcdefghi", 2):
            cuts = range(0, 6, rows)
            if any(signatures[a][s : s + rows] == signatures[b][s : s + rows] for s in cuts):
                slow.add((a, b))
        assert lsh_candidates(signatures, bands) == slow
    with pytest.raises(ValueError, match="4 equal bands"):
        lsh_candidates(signatures, 4)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Well, the owl was old.", True),
        ("Too short a text", False),
        ("", False),
        ("word " * 1000, True),
        ("word " * 1001, False),
        ("a to be or not", False),  # mean 2.2
        ("the cat sat and ate", True),  # mean 3
        ("one 2222 three four five", True),  # 80 %
        ("one 2222 3333 four five", False),
        ("\n".join(["two words"] * 7 + ["and so..."] * 3), True),  # 30 %
        ("\r\n".join(["two words"] * 2 + ["and so...\r\n"]), False),  # a third: there is no fourth line
        ("\n".join(["two words"] * 6 + ["and so..."] * 3), False),
    ],
)
def test_quality_filter(text: str, kept: bool) -> None:
    assert quality_filter(text) is kept


@pytest.mark.parametrize(
    ("text", "redacted", "emails", "ips"),
    [
        ("Mail a.b+c@d-e.f.museum.", "Mail <EMAIL>.", 1, 0),
        ("(x@y.org),z@y.org", "(<EMAIL>),<EMAIL>", 2, 0),
        ("@owl, anna@home and a @ b.org", "@owl, anna@home and a @ b.org", 0, 0),
        ("0.0.0.0 to 255.255.255.255.", "<IP> to <IP>.", 0, 2),
        ("256.1.1.1 1.1.1.256 1.2.3", "256.1.1.1 1.1.1.256 1.2.3", 0, 0),
        ("v1.2.3.4 1.2.3.4.5 1.2.3.4b", "v1.2.3.4 1.2.3.4.5 1.2.3.4b", 0, 0),
        ("", "", 0, 0),
    ],
)
def test_redact_pii(text: str, redacted: str, emails: int, ips: int) -> None:
    assert redact_pii(text) == (redacted, {"email": emails, "ip": ips})
