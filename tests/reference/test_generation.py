"""Decoding against `transformers`, attention with a cache against torch's own, and examples worked by hand."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.embeddings import apply_rope
from reference.generation import (
    KVCache,
    apply_repetition_penalty,
    cached_attention,
    generate,
    position_ids,
    sample_next,
    top_k_filter,
    top_p_filter,
)
from reference.gpt import GPT, GPTConfig, init_weights

CLOSE = {"rtol": 1e-5, "atol": 1e-6}
INF = float("inf")
NO_IDS = torch.zeros(1, 0, dtype=torch.long)


@pytest.fixture(scope="module")
def theirs() -> Any:
    """The processors of `transformers`; importing them takes seconds."""
    from transformers.generation import logits_process

    return logits_process


# top_k_filter, top_p_filter


@pytest.mark.parametrize("scale", [0.3, 1, 4])
@pytest.mark.parametrize("k", [1, 2, 7, 20, 25])
def test_top_k_equals_transformers(theirs: Any, scale: float, k: int) -> None:
    logits = torch.randn(5, 20) * scale
    logits[1, ::3] = -INF
    logits[2] = logits[2].round()  # ties
    before = logits.clone()
    assert torch.equal(top_k_filter(logits, k), theirs.TopKLogitsWarper(k)(NO_IDS, logits))
    assert torch.equal(logits, before)


@pytest.mark.parametrize("scale", [0.3, 1, 4])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.9, 0.99])
def test_top_p_equals_transformers(theirs: Any, scale: float, p: float) -> None:
    logits = torch.randn(5, 20) * scale
    logits[1, ::3] = -INF
    before = logits.clone()
    assert torch.equal(top_p_filter(logits, p), theirs.TopPLogitsWarper(p)(NO_IDS, logits))
    assert torch.equal(logits, before)


@pytest.mark.parametrize(("p", "num_kept"), [(0, 1), (0.49, 1), (0.51, 2), (0.79, 2), (0.81, 3), (0.96, 4), (1, 4)])
def test_top_p_by_hand(p: float, num_kept: int) -> None:
    """Sums: 0.5, 0.8, 0.95, 1. The logits are the logarithms plus 7, which no softmax feels."""
    probs = torch.tensor([[0.15, 0.5, 0.05, 0.3]])
    filtered = top_p_filter(probs.log() + 7, p)
    assert sorted(probs[filtered > -INF].tolist()) == sorted(probs[0].tolist())[-num_kept:]
    assert torch.equal(filtered[filtered > -INF], (probs.log() + 7)[filtered > -INF])


def test_top_p_of_equals_keeps_the_smallest_set() -> None:
    assert (top_p_filter(torch.zeros(2, 5), 0.5) > -INF).sum(dim=-1).tolist() == [3, 3]


def test_with_p_1_rounding_drops_nothing() -> None:
    """In float32 the first two already add up to 1: without a rule of its own, p = 1 would drop the third."""
    logits = torch.tensor([[0.0, -20.0, -21.0]])
    assert logits.softmax(dim=-1)[0, :2].sum() == 1
    assert torch.equal(top_p_filter(logits, 1.0), logits)
    assert top_p_filter(logits, 1.0) is not logits


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_filters_keep_the_dtype(dtype: torch.dtype) -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0, -4.0]], dtype=dtype)
    expected = torch.tensor([[-INF, 3.0, 2.0, -INF]], dtype=dtype)
    for filtered in (top_k_filter(logits, 2), top_p_filter(logits, 0.8)):
        assert filtered.dtype is dtype
        assert torch.equal(filtered, expected)


# sample_next


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_come_as_often_as_their_probability_says(temperature: float) -> None:
    """Of 40 000 draws no share has a standard deviation above 0.0025; 0.015 is six of them."""
    logits = torch.tensor([[2.0, 1.0, -1.0, -INF], [0.0, 0.5, -INF, 1.0]])
    drawn = sample_next(logits.repeat(40_000, 1), temperature, torch.Generator().manual_seed(1)).view(-1, 2)
    shares = F.one_hot(drawn, 4).float().mean(dim=0)
    expected = (logits / temperature).softmax(dim=-1)
    torch.testing.assert_close(shares, expected, rtol=0, atol=0.015)
    assert (shares[expected == 0] == 0).all()


def test_greedy_draws_nothing() -> None:
    generator = torch.Generator().manual_seed(3)
    before = generator.get_state()
    assert sample_next(torch.tensor([[1.0, 5.0], [9.0, 5.0]]), 0, generator).tolist() == [[1], [0]]
    assert torch.equal(generator.get_state(), before)


def test_the_generator_decides_and_moves_on() -> None:
    generator, logits = torch.Generator().manual_seed(3), torch.zeros(50, 9)
    before = torch.get_rng_state()
    first, second = (sample_next(logits, generator=generator) for _ in range(2))
    assert torch.equal(first, sample_next(logits, generator=torch.Generator().manual_seed(3)))
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    assert first.shape == (50, 1) and first.dtype is torch.int64


# generate


def bigram(block_size: int = 8, dropout: float = 0.0) -> nn.Module:
    """After i comes i + 1, after 5 comes 0; it says no if the text is longer than its context."""

    class Bigram(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = SimpleNamespace(block_size=block_size)
            self.wte, self.drop = nn.Embedding.from_pretrained(torch.eye(6).roll(1, dims=1)), nn.Dropout(dropout)
            self.seen: list[tuple[list, bool, bool]] = []

        def forward(self, ids: Tensor) -> Tensor:
            if ids.shape[1] > block_size:
                raise ValueError("too long")
            self.seen.append((ids.tolist(), self.training, torch.is_grad_enabled()))
            return self.drop(self.wte(ids))

    return Bigram()


def test_each_row_ends_by_itself() -> None:
    """By hand: 3 4 | 5 ends at once; 1 2 | 3 4 5 ends at the third; 5 was given in the last row and ends nothing."""
    ids = torch.tensor([[3, 4], [1, 2], [4, 5]])
    expected = [[3, 4, 5, 5, 5, 5], [1, 2, 3, 4, 5, 5], [4, 5, 0, 1, 2, 3]]
    assert generate(bigram(), ids, 4, eos_id=5).tolist() == expected
    assert generate(bigram(), ids, 1).tolist() == [[3, 4, 5], [1, 2, 3], [4, 5, 0]]
    assert ids.tolist() == [[3, 4], [1, 2], [4, 5]]


def test_the_model_sees_the_last_tokens_only() -> None:
    model = bigram(block_size=3)
    assert generate(model, torch.tensor([[0, 1, 2, 3]]), 2).tolist() == [[0, 1, 2, 3, 4, 5]]
    assert [seen[0] for seen in model.seen] == [[[1, 2, 3]], [[2, 3, 4]]]


@pytest.mark.parametrize("training", [True, False])
def test_eval_mode_without_gradients_and_the_mode_restored(training: bool) -> None:
    model = bigram(dropout=0.9).train(training)
    assert generate(model, torch.tensor([[0]]), 4).tolist() == [[0, 1, 2, 3, 4]]
    assert [seen[1:] for seen in model.seen] == [(False, False)] * 4
    assert model.training is model.drop.training is training
    with pytest.raises(IndexError):
        generate(model, torch.tensor([[6]]), 1)
    assert model.training is model.drop.training is training


def make_gpt() -> GPT:
    model = GPT(GPTConfig(vocab_size=11, block_size=24, n_layer=2, n_head=2, n_embd=12))
    init_weights(model, n_layer=2, std=0.5, generator=torch.Generator().manual_seed(5))
    return model.eval()


@pytest.mark.slow
def test_greedy_equals_transformers_generate(tmp_path: Path) -> None:
    """With and without a token that ends a row; there, a finished row is filled with the padding token."""
    from transformers import GPT2LMHeadModel

    from reference.pretrained import save_gpt2

    ours = make_gpt()
    save_gpt2(ours, tmp_path)
    model = GPT2LMHeadModel.from_pretrained(tmp_path).eval()
    ids = torch.randint(11, (5, 4), generator=torch.Generator().manual_seed(2))
    ending = {"attention_mask": torch.ones_like(ids), "do_sample": False}
    plain = generate(ours, ids, 20)
    assert torch.equal(plain, model.generate(ids, max_new_tokens=20, pad_token_id=0, **ending))
    eos_id = plain[0, 10].item()
    ended = generate(ours, ids, 20, eos_id=eos_id)
    assert not torch.equal(ended, plain)
    expected = model.generate(ids, max_new_tokens=20, eos_token_id=eos_id, pad_token_id=eos_id, **ending)
    assert torch.equal(ended[:, : expected.shape[1]], expected)  # theirs stops when all rows have ended
    assert (ended[:, expected.shape[1] :] == eos_id).all()


# KVCache, cached_attention


def text(B: int = 2, H: int = 3, T: int = 7, D: int = 4) -> tuple[Tensor, Tensor, Tensor]:
    q, k, v = torch.randn(3, B, H, T, D)
    return q, k, v


@pytest.mark.parametrize("sizes", [[7], [1] * 7, [4, 1, 1, 1], [3, 4], [1, 6], [2, 2, 3]], ids=str)
def test_cached_attention_equals_torchs_however_the_text_is_cut(sizes: list[int]) -> None:
    q, k, v = text()
    cache, positions = KVCache(), torch.arange(7)
    pieces = zip(*(x.split(sizes, dim=2) for x in (q, k, v)), strict=True)
    out = torch.cat([cached_attention(*piece, cache) for piece in pieces], dim=2)
    rotated = apply_rope(q, positions), apply_rope(k, positions)
    torch.testing.assert_close(out, F.scaled_dot_product_attention(*rotated, v, is_causal=True), **CLOSE)
    assert len(cache) == 7


def test_a_cache_of_its_own_and_nothing_overwritten() -> None:
    """Keys and values may have different sizes."""
    one, other = KVCache(), KVCache()
    first, second = (
        (torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 6)),
        (torch.randn(2, 3, 1, 5), torch.randn(2, 3, 1, 6)),
    )
    held = one.update(*first)
    copies = [x.clone() for x in held]
    K, V = one.update(*second)
    assert torch.equal(K, torch.cat([first[0], second[0]], dim=2))
    assert torch.equal(V, torch.cat([first[1], second[1]], dim=2))
    assert all(torch.equal(now, then) for now, then in zip(held, copies, strict=True))
    assert (len(one), len(other), len(KVCache())) == (5, 0, 0)


# apply_repetition_penalty, position_ids


@pytest.mark.parametrize("penalty", [0.5, 1.0, 1.3, 4.0])
def test_penalty_equals_transformers(theirs: Any, penalty: float) -> None:
    logits, ids = torch.randn(4, 9), torch.randint(9, (4, 12))
    logits[0, :3], logits[1, 4] = 0.0, -INF
    before = logits.clone()
    expected = theirs.RepetitionPenaltyLogitsProcessor(penalty)(ids, logits.clone())
    torch.testing.assert_close(apply_repetition_penalty(logits, ids, penalty), expected, rtol=0, atol=0)
    assert torch.equal(logits, before)


@pytest.mark.parametrize(
    "kind", [torch.Tensor.bool, torch.Tensor.int, torch.Tensor.float], ids=["bool", "int", "float"]
)
def test_position_ids_by_hand(kind: Callable[[Tensor], Tensor]) -> None:
    mask = torch.tensor([[0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]])
    expected = [[0, 0, 0, 1], [0, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 2, 3]]
    numbers = position_ids(kind(mask))
    assert numbers.dtype is torch.int64
    assert numbers.tolist() == expected


def test_padding_in_front_shifts_no_text() -> None:
    model, tokens = make_gpt(), [3, 1, 4]
    padded, mask = torch.tensor([[0, 0, *tokens]]), torch.tensor([[0, 0, 1, 1, 1]])
    x = model.wte(padded) + model.wpe(position_ids(mask))
    assert torch.equal(x[:, 2:], model.wte(torch.tensor([tokens])) + model.wpe(torch.arange(3)))
