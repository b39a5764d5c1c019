"""Attention: every position asks all earlier ones, and mixes what they answer.

Shapes: B batch, T time (T_q queries, T_k keys), C channels, H heads, D = C // H head size, H_kv key/value heads;
d_k and d_v are the sizes of one key and one value. A mask is boolean, True = attend.
"""

import math

import torch
from torch import Tensor, nn

from reference.bigram import softmax


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mix values, each query by its own softmax over the keys: softmax(QKᵀ / √d_k) V.

    Args:
        q: (…, T_q, d_k) queries, float.
        k: (…, T_k, d_k) keys.
        v: (…, T_k, d_v) values.
        mask: (T_q, T_k) bool, True = this query may attend to this key. None = every query to every key.
            Each row holds at least one True.

    Returns:
        (…, T_q, d_v), dtype of q. A position that is masked out has weight exactly 0, however large its score
        and however low those in sight; the weights of every query sum to 1. Dimensions in front of the last
        two are batch dimensions.

    Differentiable. The arguments are not changed. Write it yourself: `F.scaled_dot_product_attention` is the
    thing you are building, and a grader will ask about it.

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.2.1, equation 1.

    Example:
        >>> q, k = torch.zeros(2, 4), torch.zeros(3, 4)  # equal scores, so the mean of the values in sight
        >>> v = torch.tensor([[3.0], [5.0], [100.0]])
        >>> scaled_dot_product_attention(q, k, v, torch.tensor([[True, False, False], [True, True, False]]))
        tensor([[3.],
                [4.]])
    """
    d_k = q.shape[-1]
    scores = q @ k.transpose(-2, -1) / math.sqrt(d_k)  # (…, T_q, T_k)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = softmax(scores, dim=-1)  # (…, T_q, T_k)
    return weights @ v  # (…, T_q, d_v)


def causal_mask(T_q: int, T_k: int) -> Tensor:
    """Say which keys each query may see when nobody may look ahead.

    Args:
        T_q: number of queries. They are the last T_q positions of the sequence.
        T_k: number of keys, T_q ≤ T_k. They are all its positions.

    Returns:
        (T_q, T_k) bool, True = attend: a query sees its own position and all before it.

    Example:
        >>> causal_mask(2, 3)
        tensor([[ True,  True, False],
                [ True,  True,  True]])
    """
    return torch.ones(T_q, T_k, dtype=torch.bool).tril(diagonal=T_k - T_q)


def split_heads(x: Tensor, n_head: int) -> Tensor:
    """Give every head its share of the channels.

    Args:
        x: (B, T, C), C divisible by n_head.
        n_head: H, the number of heads.

    Returns:
        (B, H, T, D) with D = C // H. Head h of a position holds that position's channels h·D … (h+1)·D − 1.
        A view of x is fine.

    Example:
        >>> split_heads(torch.tensor([[[0, 1, 2, 3], [4, 5, 6, 7]]]), n_head=2)[0, 1]
        tensor([[2, 3],
                [6, 7]])
    """
    B, T, C = x.shape
    return x.view(B, T, n_head, C // n_head).transpose(1, 2)  # (B, H, T, D)


def merge_heads(x: Tensor) -> Tensor:
    """Put the heads side by side again: the inverse of `split_heads`.

    Args:
        x: (B, H, T, D).

    Returns:
        (B, T, H·D), such that merge_heads(split_heads(x, H)) equals x.

    Example:
        >>> merge_heads(torch.tensor([[[[0, 1], [4, 5]], [[2, 3], [6, 7]]]]))
        tensor([[[0, 1, 2, 3],
                 [4, 5, 6, 7]]])
    """
    return x.transpose(1, 2).flatten(2)  # (B, H, T, D) → (B, T, H, D) → (B, T, C)


class MultiHeadAttention(nn.Module):
    """Causal self-attention with several heads.

    Args:
        n_embd: C, the width of the model.
        n_head: H, the number of heads; each has D = C // H channels, in the order of `split_heads`.

    Submodules, all nn.Linear(n_embd, n_embd, bias=False) and nothing else:
        q_proj, k_proj, v_proj: make queries, keys and values from the input.
        o_proj: mixes the merged heads.

    Raises:
        ValueError: n_embd is not divisible by n_head.

    Source: Vaswani et al. (2017), section 3.2.2.

    Example:
        >>> attn = MultiHeadAttention(n_embd=6, n_head=2)
        >>> attn(torch.zeros(1, 4, 6)).shape
        torch.Size([1, 4, 6])
    """

    def __init__(self, n_embd: int, n_head: int) -> None:
        """Call __init__ of super() first; then create the four projections under the names above, and keep n_head."""
        super().__init__()
        if n_embd % n_head:
            raise ValueError(f"n_embd {n_embd} cannot be shared among {n_head} heads: choose a multiple of n_head.")
        self.n_head = n_head
        self.q_proj = nn.Linear(n_embd, n_embd, bias=False)
        self.k_proj = nn.Linear(n_embd, n_embd, bias=False)
        self.v_proj = nn.Linear(n_embd, n_embd, bias=False)
        self.o_proj = nn.Linear(n_embd, n_embd, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Let every position attend to itself and the past.

        Args:
            x: (B, T, C) float.

        Returns:
            (B, T, C). Position t depends on positions 0…t only. No dropout, no residual connection: the
            block around it adds them.
        """
        T = x.shape[1]
        q = split_heads(self.q_proj(x), self.n_head)  # (B, H, T, D)
        k = split_heads(self.k_proj(x), self.n_head)
        v = split_heads(self.v_proj(x), self.n_head)
        mask = causal_mask(T, T).to(x.device)
        out = scaled_dot_product_attention(q, k, v, mask)  # (B, H, T, D)
        return self.o_proj(merge_heads(out))  # (B, T, C)


def repeat_kv(x: Tensor, n_head: int) -> Tensor:
    """Let several query heads share one key/value head.

    Args:
        x: (B, H_kv, T, D) keys or values.
        n_head: H, the number of query heads, a multiple of H_kv.

    Returns:
        (B, H, T, D). Neighbouring query heads share: with H_kv = 2 and H = 4 the heads are 0, 0, 1, 1.
        With H = H_kv the values are those of x.

    Source: Ainslie et al., GQA: Training Generalized Multi-Query Transformer Models (2023), section 2.2.

    Example:
        >>> repeat_kv(torch.tensor([[[[1.0]], [[2.0]]]]), n_head=4).flatten()
        tensor([1., 1., 2., 2.])
    """
    return x.repeat_interleave(n_head // x.shape[1], dim=1)
