"""GPT: embeddings, a stack of blocks, a head. How it is put together, where it starts, what it costs, what it takes in.

Shapes: B batch, T time, C channels, H heads, V vocabulary, L layers. The feed-forward network is 4C wide.
A linear weight lies as (d_out, d_in); GPT-2's files have (d_in, d_out), a layer they call Conv1D.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reference.attention import MultiHeadAttention
from reference.block import FeedForward, LayerNorm, TransformerBlock, dropout


@dataclass(frozen=True)
class GPTConfig:
    """The sizes that make one GPT differ from another."""

    vocab_size: int
    """V, the number of tokens."""
    block_size: int
    """The longest context: as many positions have an embedding."""
    n_layer: int
    """L, the number of blocks."""
    n_head: int
    """H, the heads of each attention."""
    n_embd: int
    """C, the width of the model."""
    dropout: float = 0.0
    """The share of embedded channels that training hides."""


class GPT(nn.Module):
    """A language model: token ids in, a score for every possible next token out.

    Args:
        config: a GPTConfig; it is kept as `self.config`.

    Submodules, named as in GPT-2:
        wte: nn.Embedding, a row of n_embd numbers per token.
        wpe: nn.Embedding, a row per position, block_size of them.
        h: nn.ModuleList of n_layer blocks, each with an attention, a feed-forward network and two norms of its own.
        ln_f: LayerNorm, after the last block.
        lm_head: nn.Linear without bias, from n_embd to vocab_size. Tied: its weight *is* that of wte, one Parameter
            object with two names.

    The parameters keep the first values that PyTorch gives them; `init_weights` replaces them.

    Source: Radford et al., Language Models are Unsupervised Multitask Learners (2019), section 2.3; weight tying:
    Press and Wolf, Using the Output Embedding to Improve Language Models (2017).

    Example:
        >>> model = GPT(GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=3, n_embd=6))
        >>> model(torch.zeros(2, 5, dtype=torch.int64)).shape
        torch.Size([2, 5, 11])
    """

    def __init__(self, config: GPTConfig) -> None:
        """Call __init__ of super() first; then create the submodules under the names above, and tie the head."""
        super().__init__()
        C = config.n_embd
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, C)
        self.wpe = nn.Embedding(config.block_size, C)
        self.h = nn.ModuleList(
            TransformerBlock(MultiHeadAttention(C, config.n_head), FeedForward(C), LayerNorm(C), LayerNorm(C))
            for _ in range(config.n_layer)
        )
        self.ln_f = LayerNorm(C)
        self.lm_head = nn.Linear(C, config.vocab_size, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, ids: Tensor) -> Tensor:
        """Score every token of the vocabulary, at every position.

        Args:
            ids: (B, T) int64 token ids, T ≤ block_size.

        Returns:
            (B, T, V) logits, any real numbers: no softmax. Those at position t depend on positions 0…t only, and say
            which token may come at t + 1. In training mode, dropout with the probability of the config falls on the
            sum of the two embeddings, and nowhere else.

        Raises:
            ValueError: T > block_size.
        """
        T = ids.shape[1]
        if self.config.block_size < T:
            raise ValueError(f"{T} tokens do not fit into a context of {self.config.block_size}: cut the text.")
        x = self.wte(ids) + self.wpe(torch.arange(T, device=ids.device))  # (B, T, C)
        x = dropout(x, self.config.dropout, self.training)
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))  # (B, T, V)


def init_weights(model: nn.Module, n_layer: int, std: float = 0.02, generator: torch.Generator | None = None) -> None:
    """Give a model the values from which training starts, in place.

    Args:
        model: a module of Linear, Embedding and LayerNorm layers, of any class and with any values.
        n_layer: L, the number of blocks, two residual additions in each.
        std: standard deviation of the weights.
        generator: where the random numbers come from; None = torch's global one.

    Afterwards
        weights of linear layers and embeddings are normal with mean 0 and standard deviation `std`;
        those of the residual projections (parameters whose name ends in `o_proj.weight` or `c_proj.weight`) have the
        standard deviation std / √(2L) instead;
        biases are 0, gains of norms are 1.

    The parameters remain the same objects, and a tied weight remains tied. Returns nothing.

    Source: Radford et al. (2019), section 2.3.

    Example:
        >>> layer = nn.Linear(100, 100)
        >>> init_weights(layer, n_layer=2, generator=torch.Generator().manual_seed(0))
        >>> round(layer.weight.std().item(), 3), layer.bias.any().item()
        (0.02, False)
    """
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("bias"):
                p.zero_()
            elif p.dim() == 1:  # the gain of a norm
                p.fill_(1.0)
            else:
                is_residual = name.endswith(("o_proj.weight", "c_proj.weight"))
                p.normal_(0.0, std / math.sqrt(2 * n_layer) if is_residual else std, generator=generator)


def count_parameters(model: nn.Module, trainable_only: bool = False) -> int:
    """Count the numbers that training can change.

    Args:
        model: any module.
        trainable_only: leave out frozen parameters (requires_grad is False).

    Returns:
        An int. A Parameter object with several names counts once; buffers do not count.

    Example:
        >>> count_parameters(nn.Linear(3, 2))  # six weights, two biases
        8
    """
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable_only)


def forward_matmul_flops(L: int, C: int, T: int, V: int) -> int:
    """Count the floating-point operations of the matrix products in one forward pass of a GPT.

    Args:
        L: layers.
        C: width; the feed-forward network is 4C wide.
        T: positions of the one sequence.
        V: tokens of the vocabulary; every position gets logits.

    Returns:
        An int. A multiplication and the addition behind it count as two. Counted are the products of q, k, v and o
        projection, QKᵀ, weights times values, both layers of the feed-forward network, and the head. QKᵀ and
        weights times values are full squares: what the causal mask hides has been computed as well. Not counted: norms,
        biases, activations, softmax, and the embeddings, which look up and multiply nothing.

    Example:
        >>> forward_matmul_flops(L=0, C=2, T=1, V=3)  # the head alone: 3 logits of 2 products and 2 additions each
        12
    """
    projections = 4 * 2 * T * C * C  # q, k, v, o
    attention = 2 * 2 * T * T * C  # QKᵀ, and weights times values: all heads together C wide
    feed_forward = 2 * 2 * T * C * 4 * C  # up to 4C and down again
    head = 2 * T * C * V
    return L * (projections + attention + feed_forward) + head


def split_gpt2_qkv(c_attn_weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Take GPT-2's fused projection apart into three weights for nn.Linear.

    Args:
        c_attn_weight: (C, 3C), rows are inputs. With x (T, C), the columns of x @ c_attn_weight are the queries
            (the first C), then the keys, then the values.

    Returns:
        A tuple (wq, wk, wv), each (C, C) as nn.Linear keeps its weight: rows are outputs, so that a Linear layer
        with the weight wq makes the queries. Views of the input are fine.

    Source: the layer Conv1D in the code of Radford et al. (2019).

    Example:
        >>> wq, wk, wv = split_gpt2_qkv(torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]))
        >>> wk
        tensor([[ 3,  9],
                [ 4, 10]])
    """
    wq, wk, wv = c_attn_weight.T.chunk(3)  # (3C, C) → three times (C, C)
    return wq, wk, wv


def convert_checkpoint(
    model_sd: Mapping[str, Tensor], ckpt: Mapping[str, Tensor], rename: Callable[[str], tuple[str | None, bool]]
) -> dict[str, Tensor]:
    """Turn somebody else's checkpoint into a state dict of our model, or refuse.

    Args:
        model_sd: the state dict of the model to be filled: its names and shapes say what is wanted.
        ckpt: the checkpoint, a tensor under each of its own names.
        rename: called with a name of the checkpoint, says (name in the model, transpose). The name is None for what
            the model has no use for, a buffer for instance: it is left out. transpose = True: the matrix lies as
            (d_in, d_out) and has to be turned.

    Returns:
        A dict with exactly the names of model_sd, each filled from one tensor of ckpt, in the shape that model_sd has.
        The tensors are copies: they share memory neither with ckpt nor with model_sd. Their dtype may be either's.

    Raises:
        KeyError: a name of model_sd stays unfilled, or is filled twice, or `rename` leads to a name that model_sd does
            not have.
        ValueError: a shape, after transposing, is not the one in model_sd.

    Neither dict is changed. A matrix is turned if `rename` says so, and never because its shape would fit.

    Example:
        >>> ckpt = {"old": torch.tensor([[1, 2, 3], [4, 5, 6]]), "step": torch.tensor(7)}
        >>> convert_checkpoint({"new": torch.zeros(3, 2)}, ckpt, lambda name: ("new" if name == "old" else None, True))
        {'new': tensor([[1, 4],
                [2, 5],
                [3, 6]])}
    """
    result = {}
    for old_name, tensor in ckpt.items():
        name, transpose = rename(old_name)
        if name is None:
            continue
        if name not in model_sd or name in result:
            raise KeyError(f"{old_name} leads to {name}, which the model does not have, or which is filled already")
        value = tensor.T if transpose else tensor
        if value.shape != model_sd[name].shape:
            raise ValueError(f"{name} should be {tuple(model_sd[name].shape)}, but {old_name} is {tuple(value.shape)}")
        result[name] = value.clone()
    if missing := sorted(model_sd.keys() - result.keys()):
        raise KeyError(f"nothing fills {', '.join(missing)}")
    return result
