"""nanoGPT's small model for CPUs, as a recipe: the peer of `benchmarks.training`. Written anew, no line is copied.

Its README trains it on Shakespeare's characters with these numbers, and reports a validation loss of 1.88:
4 layers, 4 heads, 128 channels, context 64, batch 12, 2,000 steps, no dropout, no biases; AdamW with betas (0.9, 0.99)
and a weight decay of 0.1 on matrices, 1e-3 down to 1e-4 along a cosine after 100 steps of warm-up, gradients clipped
at 1. It gets the fastest operations torch has on a CPU: fused attention, fused AdamW, fused cross-entropy.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.fast import mean_loss
from reference.gpt import GPTConfig, init_weights
from reference.optimization import configure_param_groups
from reference.play import cached_logits
from reference.recipes import Recipe


class Block(nn.Module):
    """Attention and feed-forward network, each behind a LayerNorm with a gain and no shift."""

    def __init__(self, C: int, n_head: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.ln_1, self.ln_2 = nn.LayerNorm(C, bias=False), nn.LayerNorm(C, bias=False)
        self.c_attn = nn.Linear(C, 3 * C, bias=False)
        self.o_proj = nn.Linear(C, C, bias=False)
        self.c_fc = nn.Linear(C, 4 * C, bias=False)
        self.c_proj = nn.Linear(4 * C, C, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.c_attn(self.ln_1(x)).unflatten(2, (3, self.n_head, -1))  # (B, T, 3, H, D)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (B, H, T, D) each
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o_proj(out.transpose(1, 2).flatten(2))
        return x + self.c_proj(F.gelu(self.c_fc(self.ln_2(x))))


class NanoGPT(nn.Module):
    """GPT-2 without biases; the head is tied."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        C = config.n_embd
        self.config = config
        self.wte, self.wpe = nn.Embedding(config.vocab_size, C), nn.Embedding(config.block_size, C)
        self.h = nn.ModuleList(Block(C, config.n_head) for _ in range(config.n_layer))
        self.ln_f = nn.LayerNorm(C, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]  # (B, T, C)
        for block in self.h:
            x = block(x)
        return F.linear(self.ln_f(x), self.wte.weight)  # (B, T, V)


def build(config: GPTConfig, generator: torch.Generator) -> NanoGPT:
    """The model with GPT-2's first values."""
    model = NanoGPT(config)
    init_weights(model, config.n_layer, generator=generator)
    return model


def adamw(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """torch's own, all parameters in one operation."""
    groups = configure_param_groups(model, recipe.weight_decay)
    return [torch.optim.AdamW(groups, lr=recipe.lr, betas=(0.9, 0.99), fused=True)]


def cosine(it: int, recipe: Recipe) -> float:
    """nanoGPT's warm-up, which never quite reaches the peak, and half a cosine down to a tenth."""
    if it < recipe.warmup:
        return (it + 1) / (recipe.warmup + 1)
    progress = (it - recipe.warmup) / (recipe.steps - recipe.warmup)
    return 0.1 + 0.9 * (1 + math.cos(math.pi * progress)) / 2


def nanogpt_recipe() -> Recipe:
    """Its numbers; nothing is sampled here, so `step` is never called."""
    sizes = {"block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128}
    training = {"steps": 2000, "batch_size": 12, "lr": 1e-3, "warmup": 100, "weight_decay": 0.1, "clip": 1.0}
    return Recipe("nanogpt", build, adamw, cosine, cached_logits, mean_loss, **sizes, **training)
