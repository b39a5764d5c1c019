"""The same idea, faster: a small GPT that learns in seconds, on a CPU, what nanoGPT's small one learns in minutes.

No exercise, a bridge: what people have found out since GPT-2, as far as it helped when measured. Each part names its
source. The numbers of the recipe stand in `fast_recipe`; `benchmarks/training.py` measures the whole beside nanoGPT's,
and with `--ablation` what each part is worth.

The unit files write out what they teach. This one calls torch's own operations: attention, cross-entropy, LayerNorm,
AdamW.

Shapes: B batch, T time, C channels, H heads, D head size, V vocabulary, R rows of a table.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.attention import causal_mask, merge_heads
from reference.block import dropout
from reference.embeddings import apply_rope
from reference.generation import KVCache
from reference.gpt import GPTConfig, init_weights
from reference.muon import Muon
from reference.recipes import Recipe


def norm(x: Tensor) -> Tensor:
    """LayerNorm of x (…, C), without a gain or a shift to learn: the matrix behind it has a scale of its own."""
    return F.layer_norm(x, x.shape[-1:])


def relu_squared(x: Tensor) -> Tensor:
    """The activation, element by element: 0 for negative x, x² for the others. As good as GELU here.

    Source: So et al., Primer: Searching for Efficient Transformers for Language Modeling (2021).

    Example:
        >>> relu_squared(torch.tensor([-2.0, 3.0]))
        tensor([0., 9.])
    """
    kept = F.relu(x)
    return kept * kept  # half the time of kept.square(), with its gradient


class Attention(nn.Module):
    """Causal self-attention with rotary positions, whose queries and keys are normalized (QK-norm).

    With all queries and keys equally long, a large step of training cannot make the softmax all or nothing.

    Args:
        config: n_embd and n_head count.

    Parameters:
        qkv: (3, C, C), the matrices that make queries, keys and values: three for the optimizer, one product for speed.
        o_proj: nn.Linear without bias, mixes the merged heads.

    Source: Henry et al., Query-Key Normalization for Transformers (2020); RoPE: `apply_rope`.
    """

    def __init__(self, config: GPTConfig) -> None:
        """ValueError: the heads cannot share the channels, or rotation finds no pairs in them."""
        super().__init__()
        C, H = config.n_embd, config.n_head
        if C % (2 * H):
            raise ValueError(f"n_embd {C} gives {H} heads no even number of channels: choose a multiple of {2 * H}.")
        self.n_head = H
        self.qkv = nn.Parameter(torch.empty(3, C, C))
        self.o_proj = nn.Linear(C, C, bias=False)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        """(B, T, C) → (B, T, C), where x continues what cache remembers; None = it continues nothing."""
        n, T, H = 0 if cache is None else len(cache), x.shape[1], self.n_head
        qkv = F.linear(x, self.qkv.flatten(0, 1)).unflatten(2, (3 * H, -1)).transpose(1, 2)  # (B, 3H, T, D)
        qk, v = qkv.split([2 * H, H], dim=1)
        q, k = apply_rope(norm(qk), torch.arange(n, n + T, device=x.device)).chunk(2, dim=1)  # (B, H, T, D) each
        if cache is not None:
            k, v = cache.update(k, v)  # (B, H, n + T, D)
        mask = causal_mask(T, n + T).to(x.device) if n else None
        out = F.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None)
        return self.o_proj(merge_heads(out))  # (B, T, C)


class FeedForward(nn.Module):
    """Two layers without biases, relu_squared between them; n_embd = C wide outside, 2C inside (GPT-2: 4C)."""

    def __init__(self, n_embd: int) -> None:
        """The layers, `c_fc` and `c_proj`."""
        super().__init__()
        self.c_fc = nn.Linear(n_embd, 2 * n_embd, bias=False)
        self.c_proj = nn.Linear(2 * n_embd, n_embd, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Every position of x (B, T, C) by itself."""
        return self.c_proj(relu_squared(self.c_fc(x)))


class Block(nn.Module):
    """A transformer block in pre-norm form, with the sizes of config."""

    def __init__(self, config: GPTConfig) -> None:
        """Attention `attn` and feed-forward network `mlp`."""
        super().__init__()
        self.attn = Attention(config)
        self.mlp = FeedForward(config.n_embd)

    def forward(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        """(B, T, C) → (B, T, C), where x continues what cache remembers."""
        x = x + self.attn(norm(x), cache)
        return x + self.mlp(norm(x))


def hash_ngrams(ids: Tensor, longest: int, vocab_size: int, num_rows: int) -> Tensor:
    """Give every pair of neighbouring tokens, every triple and so on its row in a table that may be too small for all.

    Args:
        ids: (B, T) int64.
        longest: the tokens of the longest n-gram, at least 2 (pairs).
        vocab_size: V.
        num_rows: R, rows for the n-grams of one length. Those of another length have other rows.

    Returns:
        (B, T, longest − 1) int64, numbers from 0 to (longest − 1)·R − 1: at each position the row of the pair that ends
        there, of the triple, … What would lie before the first token counts as a token of its own. With R ≥ (V + 1)²
        each pair has a row to itself. With less, some share one; a prime R shuffles best.

    Source: Pagnoni et al., Byte Latent Transformer: Patches Scale Better Than Tokens (2024), section 3.2.1.

    Example:
        >>> hash_ngrams(torch.tensor([[2, 0, 1, 2, 0]]), longest=2, vocab_size=3, num_rows=16)[0, :, 0]
        tensor([ 3, 13,  6, 11, 13])
    """
    T = ids.shape[1]
    key, rows = ids + 1, []
    for n in range(1, longest):
        earlier = F.pad(ids + 1, (n, 0))[:, :T]  # (B, T): n tokens ago, 0 = there was none
        key = key + earlier * (vocab_size + 1) ** n  # digits in base V + 1
        rows.append(key % num_rows + (n - 1) * num_rows)
    return torch.stack(rows, dim=-1)  # (B, T, longest − 1)


class FastGPT(nn.Module):
    """A GPT whose first layer sees pairs: each position begins as the vector of its token plus that of its pair.

    So the blocks need not find out first which token came before. The vectors of pairs are random at first and learned
    like everything else; nothing in them has been counted.

    Args:
        config: its sizes; `block_size` is the longest context.
        longest: of the n-grams with a vector: 1 = tokens only, 2 = pairs as well, 3 = triples too.
        num_rows: R, rows of the table for each length. 4409 is a prime, and enough for all pairs of 65 characters.

    Submodules: `wte`, `ngrams` (embeddings), `h` (the blocks), `lm_head` (not tied to wte).
    """

    def __init__(self, config: GPTConfig, longest: int = 2, num_rows: int = 4409) -> None:
        """The submodules; `build_fast` gives them their first values."""
        super().__init__()
        self.config, self.longest, self.num_rows = config, longest, num_rows
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.ngrams = nn.Embedding((longest - 1) * num_rows, config.n_embd)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)

    def forward(self, ids: Tensor, caches: list[KVCache] | None = None) -> Tensor:
        """Score every token of the vocabulary, at every position.

        Args:
            ids: (B, T) int64.
            caches: one for each block; what they hold came before ids, and they grow by T. None = nothing came before.

        Returns:
            (B, T, V) logits.

        Raises:
            ValueError: the text is longer than the context.
        """
        end, block_size = ids.shape[1] + (len(caches[0]) if caches else 0), self.config.block_size
        if end > block_size:
            raise ValueError(f"{end} tokens do not fit into a context of {block_size}: cut the text.")
        x = self.wte(ids) + self.embed_ngrams(ids, caches)  # (B, T, C)
        x = dropout(x, self.config.dropout, self.training)
        for i, block in enumerate(self.h):
            x = block(x, caches[i] if caches else None)
        return self.lm_head(norm(x))  # (B, T, V)

    def embed_ngrams(self, ids: Tensor, caches: list[KVCache] | None) -> Tensor | float:
        """(B, T, C), the vectors of the n-grams that end at ids, added up. The first of caches keeps the last few ids,
        because an n-gram may begin among them."""
        if self.longest < 2:
            return 0.0
        before = getattr(caches[0], "ids", ids[:, :0]) if caches else ids[:, :0]
        text = torch.cat([before, ids], dim=1)
        if caches:
            caches[0].ids = text[:, 1 - self.longest :]
        rows = hash_ngrams(text, self.longest, self.config.vocab_size, self.num_rows)  # (B, …, longest − 1)
        return self.ngrams(rows[:, before.shape[1] :]).sum(dim=2)


def optimizers(model: FastGPT, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks of `model`, AdamW for what is looked up and for the head.

    All rates are parts of `recipe.lr`, which is that of the embeddings. It is large because a row of a table has a
    gradient only when its token or pair was there, and most of them are rare.
    """
    muon = Muon(model.h.parameters(), lr=0.6 * recipe.lr, weight_decay=recipe.weight_decay)
    groups = [
        {"params": [model.wte.weight, model.ngrams.weight]},
        {"params": [model.lm_head.weight], "lr": 0.4 * recipe.lr},
    ]
    adamw = torch.optim.AdamW(groups, recipe.lr, (0.8, 0.99), 1e-10, weight_decay=recipe.weight_decay, fused=True)
    return [muon, adamw]


def warm_down(it: int, recipe: Recipe) -> float:
    """The full rate from the first step on, then a straight line to 0, over the last four fifths of the steps.

    `it` is the step, counted from 0. If `recipe` has a warm-up, it comes first.

    Source: Defazio et al., When, Why and How Much? Adaptive Learning Rate Scheduling by Refinement (2023).

    Example:
        >>> recipe = fast_recipe()
        >>> [round(warm_down(it, recipe), 3) for it in (0, 50, 150, 249)]
        [1.0, 1.0, 0.5, 0.005]
    """
    warm_up = min(1.0, (it + 1) / recipe.warmup) if recipe.warmup else 1.0
    return warm_up * min(1.0, (1 - it / recipe.steps) / 0.8)


def mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of logits (B, T, V) and targets (B, T), as in optimization.py, in one operation of torch."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())


def build_fast(config: GPTConfig, generator: torch.Generator) -> FastGPT:
    """A FastGPT with the first values of GPT-2: sizes from `config`, random numbers from `generator`."""
    model = FastGPT(config)
    init_weights(model, config.n_layer, generator=generator)
    return model


def fast_recipe() -> Recipe:
    """All numbers of this recipe in one place: for a text in characters, and 256,000 of them to train on.

    Few, large steps of a narrow model: on a CPU, time is what a step costs. One head, as wide as those of GPT-2. Two
    blocks are the least in which one can build on what another found; for the goal of the benchmark one would do.
    """
    return Recipe(
        name="fast",
        build=build_fast,
        optimizers=optimizers,
        schedule=warm_down,
        step=FastGPT.forward,
        loss=mean_loss,
        block_size=64,
        n_layer=2,
        n_head=1,
        n_embd=64,
        steps=250,
        batch_size=16,
        lr=0.05,
        warmup=0,
        weight_decay=0.0,
        clip=0.0,
    )
