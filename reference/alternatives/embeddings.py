"""Other right answers of the unit embeddings."""

import torch
from torch import Tensor, nn

from reference.embeddings import embedding_lookup


def embedding_lookup__one_hot(W: Tensor, ids: Tensor) -> Tensor:
    """A product with one-hot vectors, made by comparing."""
    V = W.shape[0]
    if not bool(((ids >= 0) & (ids < V)).all()):
        raise ValueError("an id outside the table")
    return (ids.unsqueeze(-1) == torch.arange(V)).to(W.dtype) @ W


def embedding_lookup__index_select(W: Tensor, ids: Tensor) -> Tensor:
    """index_select, which refuses negative numbers by itself."""
    return W.index_select(0, ids.reshape(-1)).reshape(*ids.shape, W.shape[1])


def embedding_lookup__gather(W: Tensor, ids: Tensor) -> Tensor:
    """gather along the rows; it raises where an index is outside."""
    index = ids.flatten().unsqueeze(1).repeat(1, W.shape[-1])
    return W.gather(0, index).view(*ids.shape, W.shape[-1])


def embedding_lookup__one_at_a_time(W: Tensor, ids: Tensor) -> Tensor:
    """Row by row, in a loop."""
    found = []
    for id in ids.flatten().tolist():
        assert 0 <= id < len(W), id
        found.append(W[id])
    return torch.stack(found).unflatten(0, ids.shape) if ids.dim() else found[0]


class TokenPositionEmbedding__own_lookup(nn.Module):
    """The exercise before, on the tables' weights; positions as a row of the batch."""

    def __init__(self, vocab_size: int, block_size: int, n_embd: int) -> None:
        super().__init__()
        self.block_size = block_size
        self.wpe = nn.Embedding(block_size, n_embd)
        self.wte = nn.Embedding(vocab_size, n_embd)

    def forward(self, ids: Tensor, offset: int = 0) -> Tensor:
        B, T = ids.shape
        if T + offset - 1 >= self.block_size:
            raise ValueError("too long")
        positions = (torch.arange(T) + offset).unsqueeze(0).expand(B, T)
        return embedding_lookup(self.wpe.weight, positions) + embedding_lookup(self.wte.weight, ids)


class TokenPositionEmbedding__slice(nn.Module):
    """The positions are a slice of their table."""

    def __init__(self, vocab_size: int, block_size: int, n_embd: int) -> None:
        nn.Module.__init__(self)
        self.wte, self.wpe = (nn.Embedding(rows, n_embd) for rows in (vocab_size, block_size))

    def forward(self, ids: Tensor, offset: int = 0) -> Tensor:
        table = self.wpe.weight[offset : offset + ids.size(-1)]
        if len(table) < ids.size(-1):
            raise ValueError(f"only {len(self.wpe.weight)} positions")
        return table[None] + self.wte(ids)


def sinusoidal_encoding__one_by_one(T: int, C: int, base: float = 10_000.0) -> Tensor:
    """Python's math, number by number."""
    import math

    angle = [[p / base ** (column // 2 * 2 / C) for column in range(C)] for p in range(T)]
    return torch.tensor([[(math.cos if c % 2 else math.sin)(a) for c, a in enumerate(row)] for row in angle])


def sinusoidal_encoding__strided(T: int, C: int, base: float = 10_000.0) -> Tensor:
    """Into every second column, with the exponential of a logarithm."""
    import math

    table = torch.empty(T, C)
    p = torch.arange(T, dtype=torch.float32).unsqueeze(1)
    slow = torch.exp(torch.arange(0, C, 2, dtype=torch.float32) * (-math.log(base) / C))
    table[:, 0::2] = torch.sin(p * slow)
    table[:, 1::2] = torch.cos(p * slow)
    return table


def sinusoidal_encoding__cosines(T: int, C: int, base: float = 10_000.0) -> Tensor:
    """A sine is a cosine a quarter of a turn later; in float64 up to the end."""
    import math

    j = torch.arange(C, dtype=torch.float64)
    angles = torch.arange(T, dtype=torch.float64).outer(base ** (-(j - j % 2) / C))
    return (angles - math.pi / 2 * (j % 2 == 0)).cos().float()


def apply_rope__rotate_half(x: Tensor, positions: Tensor, base: float = 10_000.0) -> Tensor:
    """As on Hugging Face: the table twice, and the vector with its halves exchanged."""
    D = x.size(-1)
    inverse = 1.0 / (base ** (torch.arange(0, D, 2, dtype=torch.float32) / D))
    angles = torch.outer(positions.float(), inverse)
    angles = torch.cat((angles, angles), dim=-1)
    exchanged = torch.cat((-x[..., D // 2 :], x[..., : D // 2]), dim=-1)
    return x * angles.cos().to(x.dtype) + exchanged * angles.sin().to(x.dtype)


def apply_rope__complex(x: Tensor, positions: Tensor, base: float = 10_000.0) -> Tensor:
    """A pair is a complex number, and turning is multiplying."""
    half = x.shape[-1] // 2
    theta = positions[:, None] * base ** (-torch.arange(half) / half)
    turned = torch.complex(x[..., :half].float(), x[..., half:].float()) * torch.polar(torch.ones_like(theta), theta)
    return torch.cat((turned.real, turned.imag), -1).to(x.dtype)


def apply_rope__matrices(x: Tensor, positions: Tensor, base: float = 10_000.0) -> Tensor:
    """A 2 × 2 matrix for each position and pair, in float64."""
    D = x.shape[-1]
    angles = positions.double().view(-1, 1) / torch.tensor([base ** (2 * i / D) for i in range(D // 2)]).double()
    c, s = torch.cos(angles), torch.sin(angles)
    turn = torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)  # (T, D/2, 2, 2)
    pairs = x.double().unflatten(-1, (2, D // 2))  # (B, H, T, 2, D/2)
    return torch.einsum("tiab,...tbi->...tai", turn, pairs).flatten(-2).to(x.dtype)


def apply_rope__pair_by_pair(x: Tensor, positions: Tensor, base: float = 10_000.0) -> Tensor:
    """A loop over the pairs, into a new tensor."""
    out, half = torch.zeros_like(x), x.shape[-1] // 2
    for i in range(half):
        theta = positions.double() * base ** (-i / half)
        a, b = x[..., i], x[..., i + half]
        out[..., i] = a * theta.cos() - b * theta.sin()
        out[..., i + half] = a * theta.sin() + b * theta.cos()
    return out


def alibi_slopes__powers(H: int) -> Tensor:
    """The first slope is also the factor from head to head."""
    ratio = 2 ** (-8 / H)
    return torch.tensor([ratio ** (head + 1) for head in range(H)])


def alibi_slopes__logspace(H: int) -> Tensor:
    """Evenly spaced exponents."""
    return torch.logspace(-8 / H, -8, H, base=2.0)
