"""Recipes: what to build and how to train it, as plain values and a few functions.

`gpt` is the course's own: the GPT of gpt.py, trained with the pieces of optimization.py. `fast` is what fast.py makes
of the same idea. A recipe is a value: `dataclasses.replace(recipe("gpt"), steps=500)` is another one.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from reference.gpt import GPT, GPTConfig, init_weights
from reference.optimization import AdamW, configure_param_groups, cosine_lr, cross_entropy
from reference.play import Step, cached_logits

RECIPES = ("gpt", "fast")


@dataclass(frozen=True)
class Recipe:
    """Everything about a run but its text, its tokens and its seed."""

    name: str
    """The one under which `recipe` finds it."""
    build: Callable[[GPTConfig, torch.Generator], nn.Module]
    """(config, source of randomness) → a model on the CPU with the values from which training starts. It maps ids
    (B, T) to logits (B, T, V) and has `config` and `h`, its blocks."""
    optimizers: Callable[[nn.Module, "Recipe"], list[torch.optim.Optimizer]]
    """(model, this recipe) → the optimizers, stepped in this order. Each group has the peak of its own rate as lr."""
    schedule: Callable[[int, "Recipe"], float]
    """(step counted from 0, this recipe) → the factor, 0 to 1, by which every group's peak is multiplied."""
    step: Step
    """The forward pass with a cache for each block, for sampling."""
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy
    """(logits (B, T, V) in float32, targets (B, T)) → the mean loss, a 0-d tensor: what training makes small."""
    block_size: int = 64
    """T, tokens in a window, and the longest context."""
    n_layer: int = 4
    """L, the number of blocks."""
    n_head: int = 4
    """H, the heads of each attention."""
    n_embd: int = 128
    """C, the width."""
    dropout: float = 0.0
    """As in GPTConfig."""
    steps: int = 1000
    """Optimizer steps."""
    batch_size: int = 16
    """B, windows in one step, those of all processes together."""
    lr: float = 2e-3
    """The peak of the learning rate; of a recipe with several rates, the one of its AdamW."""
    warmup: int = 50
    """Steps on which the rate rises."""
    weight_decay: float = 0.1
    """Of what decays."""
    clip: float = 1.0
    """The longest gradient; 0 = as long as it is."""

    def config(self, vocab_size: int) -> GPTConfig:
        """The sizes of the model, for vocab_size tokens."""
        return GPTConfig(vocab_size, self.block_size, self.n_layer, self.n_head, self.n_embd, self.dropout)

    def numbers(self) -> dict[str, int | float | str]:
        """Its plain values by name, without the functions: what makes one run of a recipe differ from another.

        Example:
            >>> recipe("gpt").numbers()["n_layer"]
            4
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, int | float | str)}


def build_gpt(config: GPTConfig, generator: torch.Generator) -> GPT:
    """The GPT of gpt.py with the first values of GPT-2: sizes from `config`, random numbers from `generator`."""
    model = GPT(config)
    init_weights(model, config.n_layer, generator=generator)
    return model


def adamw(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """One AdamW for the whole `model`, decay on its matrices only; rate and decay as `recipe` says."""
    groups = configure_param_groups(model, recipe.weight_decay)
    return [AdamW(groups, lr=recipe.lr, betas=(0.9, 0.99))]


def cosine(it: int, recipe: Recipe) -> float:
    """Half a cosine from the peak down to a tenth of it, after the warm-up of `recipe`; `it` is the step, from 0.

    Example:
        >>> [round(cosine(it, recipe("gpt")), 2) for it in (0, 49, 999)]
        [0.02, 1.0, 0.1]
    """
    return cosine_lr(it, 1.0, 0.1, recipe.warmup, recipe.steps)


def recipe(name: str) -> Recipe:
    """The recipe of this `name`, one of RECIPES.

    Raises:
        ValueError: there is none.
    """
    if name == "gpt":
        return Recipe("gpt", build_gpt, adamw, cosine, cached_logits)
    if name == "fast":
        from reference.fast import fast_recipe  # fast.py takes `Recipe` from here

        return fast_recipe()
    raise ValueError(f"there is no recipe {name!r}: {' and '.join(RECIPES)} are there")
