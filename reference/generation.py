"""Generation: from scores to text, one token at a time, and a cache so that nothing is computed twice.

Shapes: B batch, T time, H heads, D head size, V vocabulary. Logits are (B, V): one row of scores for each text of the
batch. A token that must not come has the logit −inf.
"""

import torch
from torch import Tensor, nn

from reference.attention import causal_mask, scaled_dot_product_attention
from reference.bigram import softmax
from reference.embeddings import apply_rope


def top_k_filter(logits: Tensor, k: int) -> Tensor:
    """Leave only the k likeliest tokens of each row in the race.

    Args:
        logits: (B, V) float, −inf for tokens that are out already.
        k: how many tokens stay, k ≥ 1. With k ≥ V all of them stay.

    Returns:
        (B, V): the same numbers for tokens that stay, −inf for the others. Each row is decided by itself. Tokens
        with the same logit as the k-th largest stay as well, so there may be more than k. The argument is not changed.

    Source: Fan, Lewis, Dauphin, Hierarchical Neural Story Generation (2018), section 5.2.

    Example:
        >>> top_k_filter(torch.tensor([[1.0, 3.0, 2.0], [5.0, 0.0, 5.0]]), k=1)
        tensor([[-inf, 3., -inf],
                [5., -inf, 5.]])
    """
    k = min(k, logits.shape[-1])
    kth_largest = logits.topk(k, dim=-1).values[:, -1:]  # (B, 1)
    return logits.masked_fill(logits < kth_largest, float("-inf"))


def top_p_filter(logits: Tensor, p: float) -> Tensor:
    """Leave only the likeliest tokens of each row in the race, as many as it takes to hold the probability p.

    Args:
        logits: (B, V) float, −inf for tokens that are out already.
        p: the probability that those who stay must reach together. With p ≥ 1 all stay; with p = 0 the likeliest does.

    Returns:
        (B, V): the same numbers for tokens that stay, −inf for the others. Of each row stays the smallest set
        whose probabilities (softmax of that row) add up to at least p; the token that crosses the line is in it. The
        likeliest token always stays. The argument is not changed.

    Source: Holtzman et al., The Curious Case of Neural Text Degeneration (2020), section 3.1, "nucleus sampling".

    Example:
        >>> probs = torch.tensor([[0.15, 0.5, 0.05, 0.3]])
        >>> top_p_filter(probs.log(), p=0.7).exp()  # 0.5 is not enough, 0.5 + 0.3 is
        tensor([[0.0000, 0.5000, 0.0000, 0.3000]])
    """
    if p >= 1:  # rounding could push a sum past 1 before the last token
        return logits.clone()
    sorted_logits, order = logits.sort(dim=-1, descending=True)  # (B, V)
    probs = softmax(sorted_logits, dim=-1)
    dropped = probs.cumsum(dim=-1) - probs >= p  # those before it hold p already
    dropped[:, 0] = False
    dropped = dropped.scatter(-1, order, dropped)  # back to where each token came from
    return logits.masked_fill(dropped, float("-inf"))


def sample_next(logits: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    """Draw the next token of each row.

    Args:
        logits: (B, V) float, −inf for tokens that must not come.
        temperature: ≥ 0. Below 1 likely tokens become likelier, above 1 all become more alike; 0 means greedy: the
            token with the largest logit, nothing is drawn.
        generator: source of randomness; None = torch's global one.

    Returns:
        (B, 1) int64 token ids, drawn from the softmax of logits / temperature, each row by itself. The same state of
        the generator gives the same tokens. Any algorithm is right: what counts is how often a token comes.

    Example:
        >>> sample_next(torch.tensor([[0.0, 2.0, 1.0], [9.0, 2.0, 1.0]]), temperature=0)
        tensor([[1],
                [0]])
    """
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    probs = softmax(logits / temperature, dim=-1)  # (B, V)
    return torch.multinomial(probs, num_samples=1, generator=generator)


def generate(model: nn.Module, ids: Tensor, max_new_tokens: int, eos_id: int | None = None) -> Tensor:
    """Continue a batch of texts greedily: always the likeliest token.

    Args:
        model: maps ids (B, t) to logits (B, t, V), for t ≤ model.config.block_size, its context.
        ids: (B, T) int64, T ≥ 1; T may be larger than the context.
        max_new_tokens: how many tokens each text grows by.
        eos_id: the token that ends a text; None = none does.

    Returns:
        (B, T + max_new_tokens) int64: the texts given, and what follows. A row that has produced eos_id is finished:
        all its further tokens are eos_id, whatever the model says, while the other rows go on. An eos_id within the
        given ids ends nothing. The model sees the last block_size tokens of a text.

    The model runs in eval mode (no dropout) and without recording gradients. Afterwards it is in the mode in which it
    came, also if it raised an exception on the way. The given ids are not changed.

    Example:
        >>> from types import SimpleNamespace
        >>> model = nn.Embedding(4, 4)  # a bigram model: row i scores what follows token i
        >>> model.config = SimpleNamespace(block_size=8)
        >>> _ = model.weight.data.copy_(torch.eye(4).roll(1, dims=1))  # after i comes i + 1, after 3 comes 0
        >>> generate(model, torch.tensor([[0], [2]]), max_new_tokens=3, eos_id=3)
        tensor([[0, 1, 2, 3],
                [2, 3, 3, 3]])
    """
    was_training = model.training
    finished = torch.zeros(len(ids), 1, dtype=torch.bool, device=ids.device)
    try:
        model.eval()
        with torch.no_grad():
            for _ in range(max_new_tokens):
                logits = model(ids[:, -model.config.block_size :])[:, -1]  # (B, V)
                next_ids = logits.argmax(dim=-1, keepdim=True)  # (B, 1)
                if eos_id is not None:
                    next_ids = next_ids.masked_fill(finished, eos_id)
                    finished = finished | (next_ids == eos_id)
                ids = torch.cat([ids, next_ids], dim=1)
    finally:
        model.train(was_training)
    return ids


class KVCache:
    """The keys and values that one attention layer has computed so far.

    `KVCache()` is empty. Every layer has a cache of its own, and every new text needs new ones.

    Source: Pope et al., Efficiently Scaling Transformer Inference (2022), section 3.3; Shazeer, Fast Transformer
    Decoding (2019), section 2.4.

    Example:
        >>> cache = KVCache()
        >>> K, V = cache.update(torch.zeros(2, 3, 4, 5), torch.ones(2, 3, 4, 6))  # 4 positions
        >>> K, V = cache.update(torch.zeros(2, 3, 1, 5), torch.ones(2, 3, 1, 6))  # and 1 more
        >>> len(cache), K.shape, V.shape
        (5, torch.Size([2, 3, 5, 5]), torch.Size([2, 3, 5, 6]))
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.k: Tensor | None = None
        self.v: Tensor | None = None

    def update(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Remember the keys and values of T more positions, behind those that are there.

        Args:
            k: (B, H, T, D) keys, T ≥ 1.
            v: (B, H, T, D) values; their D may be another one.

        Returns:
            (K, V), the keys and values of all positions so far, oldest first: (B, H, len(cache), D). The arguments are
            not changed, and neither are tensors that an earlier update returned.
        """
        self.k = k if self.k is None else torch.cat([self.k, k], dim=2)
        self.v = v if self.v is None else torch.cat([self.v, v], dim=2)
        return self.k, self.v

    def __len__(self) -> int:
        """How many positions are remembered."""
        return 0 if self.k is None else self.k.shape[2]


def cached_attention(q: Tensor, k: Tensor, v: Tensor, cache: KVCache) -> Tensor:
    """Attend from T new positions to everything remembered and to themselves, with rotary positions.

    Args:
        q: (B, H, T, D) queries of the new positions, not rotated yet, D even.
        k: (B, H, T, D) their keys, not rotated yet.
        v: (B, H, T, D) their values.
        cache: of this layer; afterwards it holds the new positions too.

    Returns:
        (B, H, T, D). The new positions continue the count: with n remembered they are n … n + T − 1. Queries and keys
        are turned by `apply_rope` for their positions. A query sees its own position and all before it. However a text
        is cut into calls, the outputs are those of one call with the whole text and an empty cache.

    Whether the cache holds rotated or plain keys is yours to choose. The arguments q, k, v are not changed.

    Example:
        >>> cache = KVCache()
        >>> v = torch.tensor([1.0, 1.0]).expand(1, 1, 1, 2)
        >>> for factor in (1, 3):  # equal scores: the mean of the values so far
        ...     out = cached_attention(torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 1, 2), factor * v, cache)
        >>> out
        tensor([[[[2., 2.]]]])
    """
    n, T = len(cache), q.shape[2]
    positions = torch.arange(n, n + T, device=q.device)  # (T,)
    K, V = cache.update(apply_rope(k, positions), v)  # (B, H, n + T, D)
    mask = causal_mask(T, n + T).to(q.device)
    return scaled_dot_product_attention(apply_rope(q, positions), K, V, mask)


def apply_repetition_penalty(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """Make tokens that a text holds already less likely.

    Args:
        logits: (B, V) float.
        ids: (B, T) int64, the tokens so far, row for row.
        penalty: > 0. Above 1 it discourages, below 1 it encourages, with 1 nothing changes.

    Returns:
        (B, V). The logit of every token that occurs in its own row of ids is divided by penalty where it is
        positive and multiplied by it where it is negative: 0 stays 0, −inf stays −inf. A token that occurs often is
        treated like one that occurs once. The arguments are not changed.

    Source: Keskar et al., CTRL: A Conditional Transformer Language Model for Controllable Generation (2019), section
    4.1. Dividing negative logits too, as the formula there has it, would make such tokens likelier.

    Example:
        >>> apply_repetition_penalty(torch.tensor([[3.0, -3.0, 5.0]]), torch.tensor([[0, 1, 1]]), penalty=1.5)
        tensor([[ 2.0000, -4.5000,  5.0000]])
    """
    seen = logits.gather(-1, ids)  # (B, T)
    seen = torch.where(seen > 0, seen / penalty, seen * penalty)
    return logits.scatter(-1, ids, seen)  # a token that occurs twice gets the same number twice


def position_ids(attention_mask: Tensor) -> Tensor:
    """Number the real tokens of each row, so that padding in front does not shift a text.

    Args:
        attention_mask: (B, T) bool, int or float; True or 1 = a token, False or 0 = padding.

    Returns:
        (B, T) int64. The first token of a row is 0, the next 1, and so on. Padding gets the number of the token before
        it, and 0 where there is none.

    Example:
        >>> position_ids(torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 0, 0]]))
        tensor([[0, 0, 0, 1, 2],
                [0, 1, 2, 2, 2]])
    """
    return (attention_mask.long().cumsum(dim=-1) - 1).clamp(min=0)
