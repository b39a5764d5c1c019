"""Other right answers of the unit attention."""

import math

import torch
from torch import Tensor, nn

from reference.attention import causal_mask, merge_heads, scaled_dot_product_attention, split_heads
from reference.bigram import softmax


def scaled_dot_product_attention__einsum(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Named axes, the scale on the queries, and a fill of −1e9."""
    scores = torch.einsum("...qd,...kd->...qk", q * q.shape[-1] ** -0.5, k)
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(-1e9))
    return torch.einsum("...qk,...kv->...qv", torch.softmax(scores, dim=-1), v)


def scaled_dot_product_attention__renormalized(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mask after the softmax, and divide by what is left."""
    weights = softmax(torch.matmul(q, k.mT).div(math.sqrt(k.size(-1))), -1)
    if mask is not None:
        weights = weights * mask
        weights = weights / weights.sum(-1, keepdim=True)
    return torch.matmul(weights, v)


def scaled_dot_product_attention__one_query_at_a_time(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None
) -> Tensor:
    """A loop over queries, each with the keys it may see and no others."""
    results = []
    for t in range(q.shape[-2]):
        seen = slice(None) if mask is None else mask[t]
        scores = (q[..., t : t + 1, :] * k[..., seen, :]).sum(-1) / math.sqrt(q.shape[-1])
        results.append((softmax(scores, -1).unsqueeze(-1) * v[..., seen, :]).sum(-2))
    return torch.stack(results, dim=-2)


def scaled_dot_product_attention__additive_mask(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None
) -> Tensor:
    """The mask as numbers, 0 and −inf, added to the scores; exp and sum written out."""
    bias = torch.zeros(q.shape[-2], k.shape[-2])
    if mask is not None:
        bias[~mask] = -math.inf
    scores = q @ k.transpose(-1, -2) / k.shape[-1] ** 0.5 + bias
    exps = (scores - scores.max(-1, keepdim=True).values).exp()
    return (exps @ v) / exps.sum(-1, keepdim=True)


def causal_mask__positions(T_q: int, T_k: int) -> Tensor:
    """Compare where each query and each key stand."""
    queries = torch.arange(T_k - T_q, T_k)
    return torch.arange(T_k)[None, :] <= queries[:, None]


def causal_mask__lists(T_q: int, T_k: int) -> Tensor:
    """Python lists."""
    return torch.tensor([[key <= query + T_k - T_q for key in range(T_k)] for query in range(T_q)])


def causal_mask__last_rows(T_q: int, T_k: int) -> Tensor:
    """The last rows of the full square."""
    return ~torch.triu(torch.ones(T_k, T_k), diagonal=1).bool()[T_k - T_q :]


def split_heads__chunks(x: Tensor, n_head: int) -> Tensor:
    """Cut the channels and stack the pieces."""
    return torch.stack(x.chunk(n_head, dim=-1), dim=1)


def split_heads__permute(x: Tensor, n_head: int) -> Tensor:
    """Reshape, permute, copy."""
    batch, time, channels = x.size()
    return x.reshape(batch, time, n_head, channels // n_head).permute(0, 2, 1, 3).contiguous()


def merge_heads__concatenate(x: Tensor) -> Tensor:
    """Lay the heads side by side."""
    return torch.cat([x[:, head] for head in range(x.shape[1])], dim=-1)


def merge_heads__contiguous_view(x: Tensor) -> Tensor:
    """Permute, copy, view."""
    B, H, T, D = x.shape
    return x.permute(0, 2, 1, 3).contiguous().view(B, T, H * D)


class MultiHeadAttention__head_by_head(nn.Module):
    """A loop over heads, each with its own rows of the weights."""

    def __init__(self, n_embd: int, n_head: int) -> None:
        super().__init__()
        if n_embd % n_head != 0:
            raise ValueError("n_embd must be a multiple of n_head")
        self.head_size = n_embd // n_head
        for name in ("o_proj", "v_proj", "k_proj", "q_proj"):
            setattr(self, name, nn.Linear(n_embd, n_embd, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        outs = []
        for start in range(0, x.shape[-1], self.head_size):
            rows = slice(start, start + self.head_size)
            q, k, v = (x @ layer.weight[rows].T for layer in (self.q_proj, self.k_proj, self.v_proj))
            outs.append(scaled_dot_product_attention(q, k, v, causal_mask(x.shape[1], x.shape[1])))
        return self.o_proj(torch.cat(outs, dim=-1))


class MultiHeadAttention__buffer(nn.Module):
    """A mask kept between calls, and no call of the other exercises."""

    def __init__(self, n_embd: int, n_head: int) -> None:
        super().__init__()
        if n_embd // n_head * n_head != n_embd:
            raise ValueError(n_embd)
        self.n_head, self.scale = n_head, (n_embd // n_head) ** -0.5
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (
            nn.Linear(n_embd, n_embd, bias=False) for _ in range(4)
        )
        self.register_buffer("mask", torch.ones(64, 64, dtype=torch.bool).triu(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = (
            layer(x).view(B, T, self.n_head, -1).transpose(1, 2) for layer in (self.q_proj, self.k_proj, self.v_proj)
        )
        scores = (self.scale * (q @ k.mT)).masked_fill(self.mask[:T, :T], -math.inf)
        return self.o_proj((softmax(scores, -1) @ v).transpose(1, 2).reshape(B, T, C))


class MultiHeadAttention__exercises(nn.Module):
    """The exercises in a row, on a sequence of modules made in another order."""

    def __init__(self, n_embd: int, n_head: int) -> None:
        if n_embd % n_head:
            raise ValueError("heads cannot share the width")
        super().__init__()
        self.heads = n_head
        self.o_proj = nn.Linear(n_embd, n_embd, False)
        self.q_proj, self.k_proj = nn.Linear(n_embd, n_embd, False), nn.Linear(n_embd, n_embd, False)
        self.v_proj = nn.Linear(n_embd, n_embd, False)

    def forward(self, x: Tensor) -> Tensor:
        T = x.size(-2)
        projected = [split_heads(layer(x), self.heads) for layer in (self.q_proj, self.k_proj, self.v_proj)]
        return self.o_proj(merge_heads(scaled_dot_product_attention(*projected, mask=causal_mask(T, T))))


def repeat_kv__expand(x: Tensor, n_head: int) -> Tensor:
    """A new axis of copies behind the heads, then joined with them."""
    B, H_kv, T, D = x.shape
    return x[:, :, None].expand(B, H_kv, n_head // H_kv, T, D).reshape(B, n_head, T, D)


def repeat_kv__index(x: Tensor, n_head: int) -> Tensor:
    """Say for each query head which key/value head it reads."""
    return x[:, [head * x.shape[1] // n_head for head in range(n_head)]]
