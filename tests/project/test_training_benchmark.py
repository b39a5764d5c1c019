"""Both sides of benchmarks/training.py are what they say they are; how fast they are, no test says."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from benchmarks import ablation, training
from benchmarks.nanogpt_peer import NanoGPT, cosine, nanogpt_recipe
from reference.fast import fast_recipe
from reference.gpt import GPTConfig, count_parameters

TINY = {"block_size": 64, "n_layer": 1, "n_head": 1, "n_embd": 8, "steps": 4, "batch_size": 2, "warmup": 0}
CONFIG = GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=3, n_embd=12)


@pytest.fixture(scope="module")
def text() -> training.Text:
    return training.Text("to be, or not to be, that is the question. " * 50)


def test_the_peer_is_gpt2_out_of_functions() -> None:
    """The oracle: its blocks written out, attention as a softmax under a mask."""
    torch.manual_seed(0)
    model, ids = NanoGPT(CONFIG), torch.randint(11, (2, 7))
    x = F.embedding(ids, model.wte.weight) + model.wpe.weight[:7]
    for block in model.h:
        n = F.layer_norm(x, (12,), block.ln_1.weight)
        q, k, v = (t.unflatten(2, (3, 4)).transpose(1, 2) for t in (n @ block.c_attn.weight.T).split(12, dim=2))
        scores = (q @ k.mT / 2).masked_fill(torch.ones(7, 7).triu(1).bool(), float("-inf"))
        x = x + (scores.softmax(-1) @ v).transpose(1, 2).flatten(2) @ block.o_proj.weight.T
        n = F.layer_norm(x, (12,), block.ln_2.weight)
        x = x + F.gelu(n @ block.c_fc.weight.T) @ block.c_proj.weight.T
    expected = F.layer_norm(x, (12,), model.ln_f.weight) @ model.wte.weight.T
    torch.testing.assert_close(model(ids), expected, rtol=1e-4, atol=1e-5)


def test_the_peer_has_as_many_parameters_as_nanogpt_says() -> None:
    """It prints 0.80M, without the positions: 64 · 128 of them."""
    model = NanoGPT(nanogpt_recipe().config(65))
    assert count_parameters(model) == 804_096
    assert round((804_096 - 64 * 128) / 1e6, 2) == 0.80


def test_the_rate_of_the_peer() -> None:
    """As its settings say: up in 100 steps, down to a tenth in 2,000."""
    rates = [1e-3 * cosine(it, nanogpt_recipe()) for it in (0, 99, 100, 1050, 2000)]
    assert rates == pytest.approx([1e-3 / 101, 1e-3 * 100 / 101, 1e-3, 5.5e-4, 1e-4])


def test_all_of_the_validation_text_is_measured_once(text: training.Text) -> None:
    """By a model that knows the frequencies of single characters."""
    num_val = len(text.val)
    assert num_val == 215 and len(text.train) == 9 * num_val
    logits = torch.randn(text.vocab_size)
    targets = text.val[1 : 1 + (num_val - 1) // 64 * 64]
    expected = F.cross_entropy(logits.expand(len(targets), -1), targets).item()

    class Same(torch.nn.Module):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return logits.expand(*ids.shape, -1)

    assert text.val_loss(Same()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("goal", "steps"), [(0.0, 4), (100.0, 2)])
def test_the_peer_may_stop_at_the_goal(
    text: training.Text, goal: float, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "GOAL", goal)
    monkeypatch.setattr(training, "MEASURE_EVERY", 2)
    recipes = (dataclasses.replace(recipe, **TINY) for recipe in (nanogpt_recipe(), fast_recipe()))
    result = training.compare(text, *recipes, num_seeds=2)
    assert result["nanogpt_steps"] == steps and result["fast_steps"] == 4
    assert result["fast_seeds_at_goal"] == ("2 of 2" if goal else "0 of 2")
    assert result["ratio"] > 0
    assert not any(isinstance(value, dict | list) for value in result.values())


def short(name: str, text: training.Text, monkeypatch: pytest.MonkeyPatch) -> dict[str, float | str | None]:
    """The row of one variant after very few steps."""
    few = {"steps": 3, "batch_size": 2}
    monkeypatch.setattr(ablation, "FAST", dataclasses.replace(fast_recipe(), **few))
    monkeypatch.setattr(ablation, "TIMES_AS_MANY_STEPS", (1,))
    monkeypatch.setattr(ablation, "GOAL", 0.0)
    variant = ablation.VARIANTS[name]
    variant = dataclasses.replace(variant, recipe=dataclasses.replace(variant.recipe, **few))
    return ablation.measure(name, variant, text, num_seeds=1)


@pytest.mark.parametrize("name", list(ablation.VARIANTS)[1:])
def test_each_variant_of_the_ablation_is_another_one(
    name: str, text: training.Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, whole = short(name, text, monkeypatch), short("fast, as it is", text, monkeypatch)
    assert row["loss"] != whole["loss"]  # what was left out has counted, and was put back
    assert row["loss"] < 10 and row["steps_to_goal"] is None
    assert "not in" in ablation.table([row])
