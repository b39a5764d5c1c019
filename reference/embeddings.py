"""Embeddings and positions: an id becomes a vector, and the vector learns where it stands.

Shapes: V vocabulary, B batch, T time, C channels, H heads, D head size. Tokens are int64 ids in 0 … V−1.
"""

import torch
from torch import Tensor, nn


def embedding_lookup(W: Tensor, ids: Tensor) -> Tensor:
    """Give every id its vector: a row of the table.

    Args:
        W: (V, C) float, one row for each id.
        ids: (…) int64 of any shape, at least one id; also a single one without any axis.

    Returns:
        (…, C) of the dtype of W: in the place of each id, row `id` of W. Gradients flow to W; a row that is looked up
        several times receives the sum of what comes back from all its places.

    Raises:
        an error of any kind: an id lies outside 0 … V−1. Also a negative one: there is no counting from the end.

    Neither argument is changed. `F.embedding` and `nn.Embedding`, under whatever name PyTorch has them, are not
    allowed: they are what you are building.

    Example:
        >>> W = torch.tensor([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]])  # V = 3, C = 2
        >>> embedding_lookup(W, torch.tensor([[2, 0]]))
        tensor([[[20., 21.],
                 [ 0.,  1.]]])
    """
    if ids.min() < 0 or ids.max() >= len(W):
        raise IndexError(f"ids from {ids.min()} to {ids.max()} do not fit a table with rows 0 … {len(W) - 1}.")
    return W[ids]  # (…, C)


class TokenPositionEmbedding(nn.Module):
    """Where a GPT begins: one learned vector for the token, plus one learned vector for its place.

    Args:
        vocab_size: V, how many different tokens there are.
        block_size: how many positions the table of positions has, 0 … block_size − 1.
        n_embd: C, the number of channels of a vector.

    Submodules, both nn.Embedding and nothing else (the names are GPT-2's):
        wte: the token table, of shape (vocab_size, n_embd).
        wpe: the position table, of shape (block_size, n_embd).

    Source: Radford et al., Improving Language Understanding by Generative Pre-Training (2018), section 3.1.

    Example:
        >>> emb = TokenPositionEmbedding(vocab_size=10, block_size=6, n_embd=4)
        >>> emb(torch.tensor([[7, 7, 7]]), offset=2).shape  # token 7 at the positions 2, 3 and 4
        torch.Size([1, 3, 4])
    """

    def __init__(self, vocab_size: int, block_size: int, n_embd: int) -> None:
        """Call __init__ of super() first; then create the two tables under the names above."""
        super().__init__()
        self.wte = nn.Embedding(vocab_size, n_embd)
        self.wpe = nn.Embedding(block_size, n_embd)

    def forward(self, ids: Tensor, offset: int = 0) -> Tensor:
        """Look up both tables and add.

        Args:
            ids: (B, T) int64, a piece of each of B texts.
            offset: how many positions of the texts lie before this piece, 0 or more. The same for all B.

        Returns:
            (B, T, C). In row b, place t: the vector of token ids[b, t] plus the vector of position offset + t.
            Nothing is scaled.

        Raises:
            ValueError: the last position, offset + T − 1, is not in the position table.
        """
        end, block_size = offset + ids.shape[1], self.wpe.num_embeddings
        if end > block_size:
            raise ValueError(f"position {end - 1} is outside the table: its last one is {block_size - 1}.")
        positions = torch.arange(offset, end, device=ids.device)  # (T,)
        return self.wte(ids) + self.wpe(positions)  # (B, T, C) + (T, C)


def sinusoidal_encoding(T: int, C: int, base: float = 10_000.0) -> Tensor:
    """Compute a vector for each position by a rule, with nothing to learn.

    Args:
        T: number of positions, at least 1. They are 0 … T−1.
        C: number of channels, even.
        base: sets how slow the slowest channels are.

    Returns:
        (T, C) float32. With the angle of position p and pair i = 0 … C/2 − 1 being p / base^(2i/C): column 2i holds
        its sine and column 2i + 1 its cosine.

    Source: Vaswani et al., Attention Is All You Need (2017), section 3.5.

    Example:
        >>> sinusoidal_encoding(T=2, C=4)
        tensor([[0.0000, 1.0000, 0.0000, 1.0000],
                [0.8415, 0.5403, 0.0100, 0.9999]])
    """
    frequencies = base ** (-torch.arange(0, C, 2) / C)  # (C/2,): 1, then ever slower
    angles = torch.arange(T)[:, None] * frequencies  # (T, C/2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)  # (T, C/2, 2) → (T, C)


def apply_rope(x: Tensor, positions: Tensor, base: float = 10_000.0) -> Tensor:
    """Turn each vector by its position, pair of channels by pair: rotary position embedding.

    Args:
        x: (B, H, T, D), D even: vectors of D channels, T of them in each of B·H rows.
        positions: (T,) int64, where each of the T vectors stands. Any whole numbers, 0 or more, in any order.
        base: sets how slow the slowest pair is.

    Returns:
        (B, H, T, D) of the dtype of x, also for 16 bits; then the angles are still computed in float32.
        Channels i and i + D/2 form pair i, for i = 0 … D/2 − 1. At position p it is turned by the angle
        θ = p · base^(−2i/D), from the first towards the second: (1, 0) becomes (cos θ, sin θ), and (0, 1) becomes
        (−sin θ, cos θ).

    Gradients flow to x. The arguments are not changed.

    Source: Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021), section 3.2.2. There the
    pairs are neighbours, (2i, 2i + 1); here they are the halves, as in Llama's weights on Hugging Face.

    Example:
        >>> x = torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(1, 1, 2, 4)  # twice the same vector
        >>> apply_rope(x, torch.tensor([0, 1]))[0, 0]  # cos 1 = 0.5403, sin 1 = 0.8415
        tensor([[1.0000, 0.0000, 0.0000, 0.0000],
                [0.5403, 0.0000, 0.8415, 0.0000]])
    """
    D = x.shape[-1]
    frequencies = base ** (-torch.arange(0, D, 2, device=x.device) / D)  # (D/2,)
    angles = positions[:, None] * frequencies  # (T, D/2), float32
    cos, sin = angles.cos(), angles.sin()
    x1, x2 = x[..., : D // 2], x[..., D // 2 :]  # (B, H, T, D/2)
    return torch.cat([x1 * cos - x2 * sin, x1 * sin + x2 * cos], dim=-1).to(x.dtype)


def alibi_slopes(H: int) -> Tensor:
    """Say how fast each head forgets: the slopes of ALiBi, attention with linear biases.

    Args:
        H: number of heads, a power of two.

    Returns:
        (H,) float32: head i = 0 … H−1 has the slope 2^(−8(i+1)/H), a positive number. Whoever uses it subtracts
        slope · distance from a score.

    Source: Press, Smith, Lewis, Train Short, Test Long: Attention with Linear Biases Enables Input Length
    Extrapolation (2022), section 3.

    Example:
        >>> alibi_slopes(2)
        tensor([0.0625, 0.0039])
    """
    return 2.0 ** (-8 * torch.arange(1, H + 1) / H)
