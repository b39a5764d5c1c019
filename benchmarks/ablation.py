"""What is each part of `fast` worth? Leave one out, train, measure; `python -m benchmarks.training --ablation`.

Every variant first makes the steps of the recipe. If that does not reach the goal, it begins again with half as many
more, with twice as many and so on, and the first of these trainings that reaches the goal gives its time. Seconds are
of the processors, not of the clock: there are many variants, and not all of them find the machine equally busy.
"""

import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.training import GOAL, Text, Training, say
from reference import fast, recipes
from reference.gpt import GPTConfig, init_weights
from reference.muon import Muon
from reference.recipes import Recipe

TIMES_AS_MANY_STEPS = (1, 1.5, 2, 3, 4)
HEAD = """# What each part of `fast` is worth

Written by `python -m benchmarks.training --ablation > benchmarks/ablation.md`; ablation.py says how it is measured.
"""
FAST = fast.fast_recipe()


@dataclass(frozen=True)
class Variant:
    """A recipe, and names of fast.py that mean something else while it is trained."""

    recipe: Recipe = FAST
    patches: dict[str, Callable] = field(default_factory=dict)


def ngrams_up_to(longest: int) -> Callable[[GPTConfig, torch.Generator], nn.Module]:
    def build(config: GPTConfig, generator: torch.Generator) -> nn.Module:
        model = fast.FastGPT(config, longest=longest)
        init_weights(model, config.n_layer, generator=generator)
        return model

    return build


def zeros_at_the_ends(config: GPTConfig, generator: torch.Generator) -> nn.Module:
    """Every branch adds nothing at first, and all logits are 0."""
    model = fast.build_fast(config, generator)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith(("o_proj.weight", "c_proj.weight", "lm_head.weight", "ngrams.weight")):
                p.zero_()
    return model


def tied(config: GPTConfig, generator: torch.Generator) -> nn.Module:
    model = fast.build_fast(config, generator)
    model.lm_head.weight = model.wte.weight
    return model


def tied_optimizers(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    muon, _ = fast.optimizers(fast.FastGPT(model.config), recipe)
    muon = Muon(model.h.parameters(), lr=muon.param_groups[0]["lr"])
    tables = [model.wte.weight, model.ngrams.weight]
    return [muon, torch.optim.AdamW(tables, recipe.lr, (0.8, 0.99), 1e-10, weight_decay=0.0, fused=True)]


def adamw_for_all(lr: float) -> Callable[[nn.Module, Recipe], list[torch.optim.Optimizer]]:
    """AdamW for the matrices as well, with a rate of their own."""

    def optimizers(model: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
        _, adamw = fast.optimizers(model, recipe)
        adamw.add_param_group({"params": list(model.h.parameters()), "lr": lr})
        return [adamw]

    return optimizers


class NoAttention(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()

    def forward(self, x: Tensor, cache: None = None) -> float:
        return 0.0


def norm_of_the_stream_only(x: Tensor) -> Tensor:
    return x if x.dim() == 4 else F.layer_norm(x, x.shape[-1:])  # queries and keys are (B, H, T, D)


VARIANTS = {
    "fast, as it is": Variant(),
    "without the table of pairs": Variant(replace(FAST, build=ngrams_up_to(1))),
    "AdamW for the matrices, rate 0.003": Variant(replace(FAST, optimizers=adamw_for_all(0.003))),
    "AdamW for the matrices, rate 0.01": Variant(replace(FAST, optimizers=adamw_for_all(0.01))),
    "zeros at the end of each branch at first": Variant(replace(FAST, build=zeros_at_the_ends)),
    "cosine to a tenth, with warm-up": Variant(replace(FAST, schedule=recipes.cosine, warmup=25)),
    "constant rate": Variant(replace(FAST, schedule=lambda it, recipe: 1.0)),
    "no QK-norm": Variant(patches={"norm": norm_of_the_stream_only}),
    "GELU for ReLU²": Variant(patches={"relu_squared": F.gelu}),
    "no rotary positions, none at all": Variant(patches={"apply_rope": lambda x, positions: x}),
    "head tied to the embedding": Variant(replace(FAST, build=tied, optimizers=tied_optimizers)),
    "4 heads": Variant(replace(FAST, n_head=4)),
    "nanoGPT's size: 4 blocks, 4 heads, 128 wide": Variant(replace(FAST, n_layer=4, n_head=4, n_embd=128)),
    "1 block": Variant(replace(FAST, n_layer=1)),
    "no attention": Variant(patches={"Attention": NoAttention}),
    "a table of triples as well": Variant(replace(FAST, build=ngrams_up_to(3))),
    "the same, but no attention": Variant(replace(FAST, build=ngrams_up_to(3)), {"Attention": NoAttention}),
}


def ablate(text: Text, num_seeds: int) -> list[dict[str, float | str | None]]:
    """One row for each variant; losses and times are means over the seeds."""
    return [measure(name, variant, text, num_seeds) for name, variant in VARIANTS.items()]


def measure(name: str, variant: Variant, text: Text, num_seeds: int) -> dict[str, float | str | None]:
    row: dict[str, float | str | None] = {"variant": name, "steps_to_goal": None, "seconds_to_goal": None}
    for times in TIMES_AS_MANY_STEPS:
        recipe = replace(variant.recipe, steps=round(times * FAST.steps))
        with ExitStack() as stack:
            for part, stand_in in variant.patches.items():
                stack.enter_context(patch.object(fast, part, stand_in))
            trainings = [Training(recipe, text, seed).advance(recipe.steps) for seed in range(num_seeds)]
            loss = statistics.mean(training.val_loss() for training in trainings)
        seconds = statistics.mean(training.cpu_seconds for training in trainings)
        say(f"{name}: step {recipe.steps}, {seconds:.2f} s, validation loss {loss:.4f}")
        if times == 1:
            row |= {"loss": round(loss, 4), "seconds": round(seconds, 2)}
        if loss <= GOAL:
            return row | {"steps_to_goal": recipe.steps, "seconds_to_goal": round(seconds, 2)}
    return row


def table(rows: list[dict[str, float | str | None]]) -> str:
    """For a reader, as Markdown: what benchmarks/ablation.md is made of."""
    lines = [
        HEAD,
        f"| variant | loss after {FAST.steps} steps | seconds | steps to {GOAL} | seconds |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        steps, seconds = row["steps_to_goal"], row["seconds_to_goal"]
        reached = f"{steps} | {seconds:.2f}" if steps else f"not in {round(TIMES_AS_MANY_STEPS[-1] * FAST.steps)} | –"
        lines.append(f"| {row['variant']} | {row['loss']:.4f} | {row['seconds']:.2f} | {reached} |")
    return "\n".join(lines)
