"""Other right answers of the unit data."""

import hashlib
import re

import torch
from torch import Tensor


def sliding_windows__unfold(ids: list[int] | Tensor, T: int, stride: int) -> tuple[Tensor, Tensor]:
    """Windows of T + 1 tokens as a view, then two copies of its parts."""
    ids = torch.as_tensor(ids).long()
    if ids.numel() <= T:
        return torch.empty(0, T, dtype=torch.long), torch.empty(0, T, dtype=torch.long)
    pieces = ids.unfold(0, T + 1, stride)
    return pieces[:, :T].clone(), pieces[:, 1:].clone()


def sliding_windows__loop(ids: list[int] | Tensor, T: int, stride: int) -> tuple[Tensor, Tensor]:
    """Slices of a list, one window at a time."""
    ids, xs, ys, start = [int(i) for i in ids], [], [], 0
    while start + T + 1 <= len(ids):
        xs.append(ids[start : start + T])
        ys.append(ids[start + 1 : start + 1 + T])
        start += stride
    return torch.tensor(xs, dtype=torch.int64).view(-1, T), torch.tensor(ys, dtype=torch.int64).view(-1, T)


def get_batch__slices(data: Tensor, B: int, T: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """One start after the other, and slices stacked."""
    last = len(data) - T - 1
    if last < 0:
        raise ValueError("the text is shorter than a window with its labels")
    starts = [torch.randint(0, last + 1, (1,), generator=generator).item() for _ in range(B)]
    pieces = torch.stack([data[s : s + T + 1] for s in starts]).to(torch.int64)
    return pieces[:, :-1], pieces[:, 1:]


def get_batch__uniform(data: Tensor, B: int, T: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Uniform numbers, scaled to the places; all windows as rows of one view."""
    if data.numel() < T + 1:
        raise ValueError(data.numel())
    pieces = data.unfold(0, T + 1, 1)
    places = (torch.rand(B, generator=generator, dtype=torch.float64) * len(pieces)).long()
    return pieces[places, :T].long(), pieces[places, 1:].long()


def get_batch__reseeded(data: Tensor, B: int, T: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Python's generator, seeded by a number that the given one draws."""
    import random

    if len(data) - T <= 0:
        raise ValueError("too short")
    rng = random.Random(int(torch.randint(2**62, (), generator=generator)))
    places = torch.tensor([[rng.randrange(len(data) - T)] for _ in range(B)])
    x = torch.cat([places + t for t in range(T)], dim=1)
    return data.long()[x], data.long()[x + 1]


def pack_documents__tensors(docs: list[list[int]], T: int, eot: int) -> tuple[Tensor, Tensor]:
    """One long tensor, cut by view."""
    end = torch.tensor([eot])
    parts = [part for doc in docs for part in (torch.tensor(doc, dtype=torch.int64), end)]
    row = torch.cat([torch.empty(0, dtype=torch.int64), *parts])
    n = max(row.numel() - 1, 0) // T
    return row[: n * T].reshape(n, T).clone(), row[1 : n * T + 1].reshape(n, T).clone()


def pack_documents__buffer(docs: list[list[int]], T: int, eot: int) -> tuple[Tensor, Tensor]:
    """A buffer that gives off a row whenever it holds T + 1 tokens, and keeps the last of them."""
    buffer, x, y = [], [], []
    for doc in docs:
        for token in (*doc, eot):
            buffer.append(token)
            if len(buffer) == T + 1:
                x.append(buffer[:-1])
                y.append(buffer[1:])
                buffer = buffer[-1:]
    return torch.tensor(x, dtype=torch.int64).reshape(-1, T), torch.tensor(y, dtype=torch.int64).reshape(-1, T)


def split_documents__per_mille(docs: list[str], val_fraction: float, seed: int = 0) -> tuple[list[str], list[str]]:
    """A SHA-256 in hexadecimal, taken modulo ten thousand; white space by a regular expression."""

    def in_val(doc: str) -> bool:
        text = re.sub(r"\s+", " ", doc).strip().lower()
        return int(hashlib.sha256(f"{text}\0{seed}".encode()).hexdigest(), 16) % 10_000 < val_fraction * 10_000

    return [doc for doc in docs if not in_val(doc)], [doc for doc in docs if in_val(doc)]


def split_documents__random(docs: list[str], val_fraction: float, seed: int = 0) -> tuple[list[str], list[str]]:
    """A generator of its own for every text, seeded by the text; Python hashes such a seed the same way everywhere."""
    import random

    sides = {False: [], True: []}
    for doc in docs:
        sides[random.Random(" ".join([str(seed), *doc.casefold().split()])).random() < val_fraction].append(doc)
    return sides[False], sides[True]


def jaccard__count(a: set, b: set) -> float:
    """Count the shared elements; the union by inclusion and exclusion."""
    shared = sum(1 for item in a if item in b)
    return 0.0 if not a and not b else shared / (len(a) + len(b) - shared)


def jaccard__methods(a: set, b: set) -> float:
    """Methods of sets, and max in place of the question."""
    return len(a.intersection(b)) / max(len(a.union(b)), 1)


def minhash_signature__k_hashes(shingles: set, k: int) -> list[int]:
    """One BLAKE2 for each element and each hash function."""
    texts = [str(shingle).encode("utf-8") for shingle in shingles]
    smallest = []
    for i in range(k):
        digests = [hashlib.blake2b(text, digest_size=8, salt=i.to_bytes(8, "little")).digest() for text in texts]
        smallest.append(int.from_bytes(min(digests), "big"))
    return smallest


def minhash_signature__multiply_and_add(shingles: set, k: int) -> list[int]:
    """One hash for each element, and k random lines modulo a prime."""
    import random

    prime, rng = 2**61 - 1, random.Random(1)
    lines = [(rng.randrange(1, prime), rng.randrange(prime)) for _ in range(k)]
    values = [int.from_bytes(hashlib.md5(f"{x}".encode()).digest()[:7], "big") for x in shingles]
    if not values:
        raise ValueError("nothing to hash")
    return [min((a * value + b) % prime for value in values) for a, b in lines]


def minhash_signature__running_minimum(shingles: set, k: int) -> list[int]:
    """Element by element, keeping the smallest value so far."""
    smallest = [2**256] * k
    for shingle in shingles:
        for i in range(k):
            value = int(hashlib.sha256(f"{i}:{shingle}".encode()).hexdigest(), 16)
            smallest[i] = value if value < smallest[i] else smallest[i]
    if not shingles:
        raise ValueError("no shingles")
    return smallest


def lsh_candidates__sorted(signatures: dict, bands: int) -> set[tuple]:
    """No dict: sort by each band, and what is equal lies together."""
    from itertools import groupby

    pairs, lengths = set(), {len(signature) for signature in signatures.values()}
    if any(length % bands for length in lengths):
        raise ValueError(bands)
    rows = max(lengths, default=0) // bands
    for start in range(0, bands * rows, rows or 1):
        filed = sorted((tuple(signatures[name][start : start + rows]), name) for name in signatures)
        for _, together in groupby(filed, key=lambda entry: entry[0]):
            names = [name for _, name in together]
            pairs |= {(a, b) for i, a in enumerate(names) for b in names[i + 1 :]}
    return pairs


def lsh_candidates__band_by_band(signatures: dict, bands: int) -> set[tuple]:
    """One dict for each band; a newcomer is paired with all who are there."""
    found = set()
    for band in range(bands):
        seen = {}
        for name in signatures:
            numbers = signatures[name]
            if len(numbers) % bands != 0:
                raise ValueError("not divisible")
            rows = len(numbers) // bands
            key = str(list(numbers[band * rows : band * rows + rows]))
            found.update((min(name, other), max(name, other)) for other in seen.get(key, ()))
            seen[key] = [*seen.get(key, ()), name]
    return found


def quality_filter__reasons(text: str) -> bool:
    """Collect the reasons to refuse."""
    words = text.split()
    if len(words) < 5 or len(words) > 1000:
        return False
    lines = text.splitlines()
    mean = len("".join(words)) / len(words)
    without = [word for word in words if re.search(r"[^\W\d_]", word) is None]
    broken = [line for line in lines if line[-3:] == "..."]
    return not (mean < 3 or mean > 10 or len(without) * 5 > len(words) or len(broken) * 10 > len(lines) * 3)


def quality_filter__tensors(text: str) -> bool:
    """The words as a tensor of lengths."""
    words = text.split()
    lengths = torch.tensor([float(len(word)) for word in words])
    if not 5 <= lengths.numel() <= 1000 or not 3.0 <= lengths.mean().item() <= 10.0:
        return False
    letters = sum(any(map(str.isalpha, word)) for word in words)
    ends = [line.endswith("...") for line in text.splitlines()]
    return letters >= 0.8 * len(words) and sum(ends) / len(ends) <= 0.3


def redact_pii__functions(text: str) -> tuple[str, dict[str, int]]:
    """Candidates by a loose pattern, and a function that decides."""
    counts = {"email": 0, "ip": 0}

    def take(match: re.Match) -> str:
        word = match[0]
        if "@" in word:
            counts["email"] += 1
            return "<EMAIL>"
        if len(word.split(".")) != 4 or any(int(number) > 255 for number in word.split(".")):
            return word
        counts["ip"] += 1
        return "<IP>"

    address = r"[\w.%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
    return re.sub(rf"{address}|\b(?<!\d\.)\d+(?:\.\d+)+\b", take, text), counts


def redact_pii__two_passes(text: str) -> tuple[str, dict[str, int]]:
    """Find all, count, replace from the end so that places stay right."""
    number = r"(?:\d|[1-9]\d|1\d{2}|2[0-4]\d|25[0-5])"
    patterns = {
        "email": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z][A-Za-z]+",
        "ip": rf"(?<![^\W])(?<![0-9]\.)(?:{number}\.){{3}}{number}(?!\w)(?!\.[0-9])",
    }
    counts = {}
    for kind, pattern in patterns.items():
        matches = list(re.finditer(pattern, text))
        counts[kind] = len(matches)
        for match in reversed(matches):
            text = text[: match.start()] + f"<{kind.upper()}>" + text[match.end() :]
    return text, counts
