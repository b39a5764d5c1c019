"""Other right answers of the unit bigram."""

import math

import torch
from torch import Tensor


def build_char_vocab__grow(text: str) -> dict[str, int]:
    """One character after the other."""
    vocab: dict[str, int] = {}
    for char in sorted(text):
        if char not in vocab:
            vocab[char] = len(vocab)
    return vocab


def build_char_vocab__zip(text: str) -> dict[str, int]:
    """Two lists side by side."""
    chars = list(set(text))
    chars.sort()
    return dict(zip(chars, range(len(chars)), strict=True))


def bigram_counts__loop(ids: list[int], V: int) -> Tensor:
    """One pair at a time."""
    counts = torch.zeros(V, V)
    for i in range(len(ids) - 1):
        counts[ids[i], ids[i + 1]] += 1
    return counts


def bigram_counts__bincount(ids: list[int], V: int) -> Tensor:
    """A pair is a number a·V + b."""
    seen = torch.tensor(ids)
    return torch.bincount(seen[:-1] * V + seen[1:], minlength=V * V).view(V, V).float()


def bigram_counts__lists(ids: list[int], V: int) -> Tensor:
    """Plain Python, a tensor at the end."""
    table = [[0.0] * V for _ in range(V)]
    for i, b in enumerate(ids[1:]):
        table[ids[i]][b] += 1
    return torch.tensor(table)


def bigram_probs__rows(counts: Tensor, alpha: float = 1.0) -> Tensor:
    """Row by row."""
    return torch.stack([(row + alpha) / (row.sum() + alpha * len(row)) for row in counts])


def bigram_probs__transposed(counts: Tensor, alpha: float = 1.0) -> Tensor:
    """A copy, changed in place and turned."""
    P = counts.clone()
    P += alpha
    return (P.T / P.sum(1)).T


def softmax__logsumexp(x: Tensor, dim: int) -> Tensor:
    """By way of the logarithm."""
    return torch.exp(x - torch.logsumexp(x, dim, keepdim=True))


def softmax__axis_last(x: Tensor, dim: int) -> Tensor:
    """Bring the axis to the end, and back."""
    moved = x.movedim(dim, -1)
    exps = (moved - moved.max(-1)[0].unsqueeze(-1).detach()).exp()
    return (exps / exps.sum(-1)[..., None]).movedim(-1, dim)


def bigram_nll__python(P: Tensor, ids: list[int]) -> tuple[float, float]:
    """Numbers, not tensors."""
    total = 0.0
    for i in range(1, len(ids)):
        p = float(P[ids[i - 1], ids[i]])
        total += math.inf if p == 0 else -math.log(p)
    mean = total / (len(ids) - 1)
    return mean, math.e**mean


def bigram_nll__tensors(P: Tensor, ids: list[int]) -> tuple[Tensor, Tensor]:
    """Tensors to the end, and the logarithm of the whole table first."""
    seen = torch.tensor(ids)
    nll = -torch.log(P)[seen[:-1], seen[1:]].sum() / (len(seen) - 1)
    return nll, nll.exp()


def sample_bigram__running_sum(P: Tensor, start: int, n: int, generator: torch.Generator) -> list[int]:
    """Where a number between 0 and 1 falls in the running sum of the row."""
    sums, ids = P.double().cumsum(1), [start]
    for u in torch.rand(n, generator=generator, dtype=torch.float64):
        row = sums[ids[-1]]
        ids.append(int(torch.searchsorted(row, u * row[-1], right=True)))
    return ids


def sample_bigram__every_row(P: Tensor, start: int, n: int, generator: torch.Generator) -> list[int]:
    """Draw a successor for every row, and take the one that is needed."""
    ids = [int(start)]
    while len(ids) < n + 1:
        ids += torch.multinomial(P, 1, generator=generator)[ids[-1]].tolist()
    return ids
