"""The fast GPT: its parts beside those of the units, and that it trains, resumes and generates like any other."""

import copy
import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.attention import MultiHeadAttention, causal_mask, scaled_dot_product_attention, split_heads
from reference.embeddings import apply_rope
from reference.fast import Attention, FastGPT, build_fast, fast_recipe, hash_ngrams, mean_loss, norm, warm_down
from reference.generation import KVCache, generate
from reference.gpt import GPTConfig, count_parameters
from reference.optimization import cross_entropy
from reference.play import stream
from reference.recipes import recipe

CONFIG = GPTConfig(vocab_size=11, block_size=12, n_layer=2, n_head=3, n_embd=12)


@pytest.fixture
def model() -> FastGPT:
    """With no zeros in it, so that every part counts."""
    model = FastGPT(CONFIG, longest=3, num_rows=50)
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=0.5)
    return model


@pytest.fixture
def ids() -> Tensor:
    return torch.randint(11, (2, 9))


def attention_of_the_units(attn: Attention, x: Tensor) -> Tensor:
    """The oracle: attention and rotation as the units teach them."""
    taught = MultiHeadAttention(12, n_head=3)
    q, k, v = (split_heads(F.linear(x, weight), 3) for weight in attn.qkv)
    positions = torch.arange(x.shape[1])
    q, k = apply_rope(norm(q), positions), apply_rope(norm(k), positions)
    out = scaled_dot_product_attention(q, k, v, causal_mask(len(positions), len(positions)))
    taught.o_proj.load_state_dict(attn.o_proj.state_dict())
    return taught.o_proj(out.transpose(1, 2).flatten(2))


def test_attention_is_that_of_the_units(model: FastGPT) -> None:
    x, attn = torch.randn(2, 7, 12), model.h[0].attn
    torch.testing.assert_close(attn(x), attention_of_the_units(attn, x), rtol=1e-4, atol=1e-5)


def test_logits_are_those_of_the_written_out_model(model: FastGPT, ids: Tensor) -> None:
    pairs, triples = hash_ngrams(ids, 3, 11, 50).unbind(-1)
    x = model.wte.weight[ids] + model.ngrams.weight[pairs] + model.ngrams.weight[triples]
    for block in model.h:
        x = x + attention_of_the_units(block.attn, F.layer_norm(x, (12,)))
        hidden = F.layer_norm(x, (12,)) @ block.mlp.c_fc.weight.T
        x = x + torch.where(hidden > 0, hidden**2, 0.0) @ block.mlp.c_proj.weight.T
    expected = F.layer_norm(x, (12,)) @ model.lm_head.weight.T
    assert model(ids).shape == (2, 9, 11)
    torch.testing.assert_close(model(ids), expected, rtol=1e-4, atol=1e-4)


def test_the_future_does_not_change_the_past(model: FastGPT, ids: Tensor) -> None:
    other = ids.clone()
    other[:, 5:] = (other[:, 5:] + 1) % 11
    before, after = model(ids), model(other)
    torch.testing.assert_close(after[:, :5], before[:, :5])
    assert (after[:, 5:] != before[:, 5:]).any(dim=-1).all()


@pytest.mark.parametrize("longest", [1, 2, 3])
@pytest.mark.parametrize("cuts", [[9], [1] * 9, [4, 1, 3, 1]])
def test_with_caches_the_logits_are_the_same(ids: Tensor, cuts: list[int], longest: int) -> None:
    model = FastGPT(CONFIG, longest, num_rows=50)
    for p in model.parameters():
        nn.init.normal_(p, std=0.5)
    caches = [KVCache() for _ in model.h]
    parts = [fast_recipe().step(model, part, caches) for part in ids.split(cuts, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(ids), rtol=1e-4, atol=1e-4)


def test_it_writes_the_same_text_with_and_without_caches(model: FastGPT, ids: Tensor) -> None:
    prompt = ids[:1, :3]
    greedy = [i for i, _ in stream(model.eval(), prompt, 14, temperature=0, step=fast_recipe().step)]
    assert greedy == generate(model, prompt, 14)[0, 3:].tolist()  # longer than the context


def test_too_long_a_text_and_odd_heads(model: FastGPT) -> None:
    with pytest.raises(ValueError, match="13 tokens do not fit into a context of 12"):
        model(torch.zeros(1, 13, dtype=torch.int64))
    with pytest.raises(ValueError, match="multiple of 8"):
        FastGPT(dataclasses.replace(CONFIG, n_head=4))


def test_dropout(ids: Tensor, model: FastGPT) -> None:
    model.config = dataclasses.replace(CONFIG, dropout=0.5)
    assert not torch.equal(model(ids), model(ids))
    model.eval()
    assert torch.equal(model(ids), model(ids))


# n-grams


def test_a_row_belongs_to_one_ngram() -> None:
    ids = torch.randint(5, (3, 40))
    rows = hash_ngrams(ids, longest=3, vocab_size=5, num_rows=6**3)
    assert rows.shape == (3, 40, 2)
    for column, n in enumerate((2, 3)):
        seen: dict[tuple, int] = {}
        for b in range(3):
            padded = [-1] * (n - 1) + ids[b].tolist()
            for t in range(40):
                assert seen.setdefault(tuple(padded[t : t + n]), rows[b, t, column].item()) == rows[b, t, column]
        assert len(set(seen.values())) == len(seen)
        assert all(column * 6**3 <= row < (column + 1) * 6**3 for row in seen.values())


def test_large_ids_stay_in_the_table() -> None:
    rows = hash_ngrams(torch.tensor([[50_256, 50_256, 50_256, 0]]), longest=4, vocab_size=50_257, num_rows=7)
    assert (rows >= 0).all() and (rows < 21).all()


def test_pairs_of_shakespeares_characters_share_no_row() -> None:
    pairs = torch.cartesian_prod(torch.arange(65), torch.arange(65))  # (65², 2)
    rows = hash_ngrams(pairs, longest=2, vocab_size=65, num_rows=FastGPT(CONFIG).num_rows)
    assert len(rows[:, 1].unique()) == 65**2


# Training


def test_the_recipe_is_found_by_its_name() -> None:
    assert recipe("fast") == fast_recipe()
    assert count_parameters(build_fast(fast_recipe().config(65), torch.Generator())) == 356_032


def test_its_loss_is_that_of_the_unit() -> None:
    logits, targets = torch.randn(2, 5, 7), torch.randint(7, (2, 5))
    targets[0, 2] = -100
    torch.testing.assert_close(mean_loss(logits, targets), cross_entropy(logits, targets))


def test_the_schedule_ends_at_zero_and_may_warm_up() -> None:
    chosen = dataclasses.replace(fast_recipe(), steps=10, warmup=4)
    factors = [warm_down(it, chosen) for it in range(11)]
    assert factors == pytest.approx([0.25, 0.5, 0.75, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0.0])


def train(model: nn.Module, optimizers: list[torch.optim.Optimizer], steps: range) -> list[float]:
    """On a text where each number follows the sum of the two before it."""
    losses = []
    for step in steps:
        rows = torch.randint(11, (8, 2), generator=torch.Generator().manual_seed(step))
        for _ in range(8):
            rows = torch.cat([rows, (rows[:, -1:] + rows[:, -2:-1]) % 11], dim=1)
        model.zero_grad()
        loss = mean_loss(model(rows[:, 1:-1]), rows[:, 2:])
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.fixture
def started() -> tuple[nn.Module, list[torch.optim.Optimizer]]:
    chosen = dataclasses.replace(fast_recipe(), n_head=2, n_embd=16, block_size=12)
    model = chosen.build(chosen.config(vocab_size=11), torch.Generator().manual_seed(0))
    return model, chosen.optimizers(model, chosen)


def test_it_knows_nothing_at_first_and_learns(started: tuple[nn.Module, list[torch.optim.Optimizer]]) -> None:
    losses = train(*started, range(30))
    assert losses[0] == pytest.approx(math.log(11), abs=0.05)
    assert losses[-1] < 1.0


def test_every_parameter_is_trained_by_one_optimizer(started: tuple[nn.Module, list[torch.optim.Optimizer]]) -> None:
    model, optimizers = started
    trained = [id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
    assert sorted(trained) == sorted(id(p) for p in model.parameters())


def test_a_resumed_run_is_the_same_run_to_the_bit(started: tuple[nn.Module, list[torch.optim.Optimizer]]) -> None:
    model, optimizers = started
    train(model, optimizers, range(3))
    other = copy.deepcopy(model)
    others = fast_recipe().optimizers(other, fast_recipe())
    for optimizer, resumed in zip(optimizers, others, strict=True):
        state = copy.deepcopy(optimizer.state_dict())
        values = [value for values in state["state"].values() for value in values.values()]
        assert values and all(isinstance(value, Tensor | int | float) for value in values)
        resumed.load_state_dict(state)
    assert train(other, others, range(3, 6)) == train(model, optimizers, range(3, 6))
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), other.parameters(), strict=True))


def test_first_values_come_from_the_generator() -> None:
    one, same, third = (build_fast(CONFIG, torch.Generator().manual_seed(seed)).wte.weight for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, third)
