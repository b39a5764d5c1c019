import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from reference.gpt import (
    GPT,
    GPTConfig,
    convert_checkpoint,
    count_parameters,
    forward_matmul_flops,
    init_weights,
    split_gpt2_qkv,
)

CONFIG = GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=3, n_embd=12)
GPT2_SMALL = GPTConfig(vocab_size=50257, block_size=1024, n_layer=12, n_head=12, n_embd=768)


@pytest.fixture
def model() -> GPT:
    """With gains and biases that matter."""
    model = GPT(CONFIG)
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=0.5)
    return model


@pytest.fixture
def ids() -> Tensor:
    return torch.randint(11, (2, 5))


def gpt_of_functions(p: dict[str, Tensor], ids: Tensor, config: GPTConfig) -> Tensor:
    """The oracle: GPT-2 out of torch.nn.functional alone."""
    x = F.embedding(ids, p["wte.weight"]) + p["wpe.weight"][: ids.shape[1]]
    width = (config.n_embd,)
    for i in range(config.n_layer):
        w = {name.removeprefix(f"h.{i}."): tensor for name, tensor in p.items() if name.startswith(f"h.{i}.")}
        n = F.layer_norm(x, width, w["ln_1.weight"], w["ln_1.bias"])
        q, k, v = (F.linear(n, w[f"attn.{c}_proj.weight"]).unflatten(2, (config.n_head, -1)) for c in "qkv")
        out = F.scaled_dot_product_attention(*(t.transpose(1, 2) for t in (q, k, v)), is_causal=True)
        x = x + F.linear(out.transpose(1, 2).flatten(2), w["attn.o_proj.weight"])
        n = F.layer_norm(x, width, w["ln_2.weight"], w["ln_2.bias"])
        n = F.gelu(F.linear(n, w["mlp.c_fc.weight"], w["mlp.c_fc.bias"]), approximate="tanh")
        x = x + F.linear(n, w["mlp.c_proj.weight"], w["mlp.c_proj.bias"])
    return F.linear(F.layer_norm(x, width, p["ln_f.weight"], p["ln_f.bias"]), p["wte.weight"])


@pytest.mark.parametrize("T", [1, 5, 8])
def test_equals_gpt2_out_of_functions(model: GPT, T: int) -> None:
    ids = torch.randint(11, (2, T))
    expected = gpt_of_functions(dict(model.named_parameters()), ids, CONFIG)
    torch.testing.assert_close(model(ids), expected, rtol=1e-4, atol=1e-5)


def test_by_hand() -> None:
    """The worked example of the lesson: no blocks, two channels, so the norm leaves (1, −1)."""
    model = GPT(GPTConfig(vocab_size=3, block_size=2, n_layer=0, n_head=1, n_embd=2))
    with torch.no_grad():
        model.wte.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]))
        model.wpe.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    logits = model(torch.tensor([[0, 2]]))
    expected = torch.tensor([[[1.0, -2.0, 2.0], [-1.0, 2.0, -2.0]]])
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-4)


def test_too_long_a_text(model: GPT) -> None:
    with pytest.raises(ValueError, match="9 tokens do not fit into a context of 8"):
        model(torch.zeros(1, 9, dtype=torch.int64))


def test_dropout(ids: Tensor) -> None:
    model = GPT(GPTConfig(11, 8, 1, 3, 12, dropout=0.5))
    assert not torch.equal(model(ids), model(ids))
    model.eval()
    assert torch.equal(model(ids), model(ids))


def test_the_head_is_tied_also_after_a_step(model: GPT, ids: Tensor) -> None:
    assert model.lm_head.weight is model.wte.weight
    model(ids).square().mean().backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    assert torch.equal(model.lm_head.weight, model.wte.weight)


def test_gpt2_small_has_so_many_parameters() -> None:
    """Without the biases of GPT-2's attention, 12 · (2304 + 768) of them."""
    with torch.device("meta"):
        model = GPT(GPT2_SMALL)
    assert count_parameters(model) == 124_439_808 - 12 * (2304 + 768) == 124_402_944


def test_init_weights() -> None:
    model = GPT(GPTConfig(vocab_size=500, block_size=100, n_layer=8, n_head=4, n_embd=128))
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(7.0)
    init_weights(model, n_layer=8)
    for name, p in model.named_parameters():
        if p.dim() == 1:
            assert p.unique().tolist() == [0.0 if name.endswith("bias") else 1.0]
        else:
            std = 0.02 / 4 if "o_proj" in name or "c_proj" in name else 0.02
            assert p.mean().item() == pytest.approx(0, abs=6 * std / math.sqrt(p.numel()))
            assert p.std().item() == pytest.approx(std, rel=6 / math.sqrt(2 * p.numel()))
    assert model.lm_head.weight is model.wte.weight


def test_an_untrained_model_knows_nothing() -> None:
    model = GPT(GPTConfig(vocab_size=500, block_size=64, n_layer=2, n_head=2, n_embd=64))
    init_weights(model, n_layer=2)
    loss = F.cross_entropy(model(torch.randint(500, (8, 64))).transpose(1, 2), torch.randint(500, (8, 64)))
    assert loss.item() == pytest.approx(math.log(500), abs=0.05)


def test_init_weights_draws_from_the_generator() -> None:
    tables = [nn.Embedding(9, 4) for _ in range(3)]
    before = torch.get_rng_state()
    for table, seed in zip(tables, (5, 5, 6), strict=True):
        init_weights(table, 2, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(tables[0].weight, tables[1].weight)
    assert not torch.equal(tables[0].weight, tables[2].weight)
    assert torch.equal(torch.get_rng_state(), before)


def test_count_parameters() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    model[0].weight.requires_grad_(False)
    assert count_parameters(model) == 12 + 4 + 8
    assert count_parameters(model, trainable_only=True) == 4 + 8
    assert count_parameters(nn.Sequential(model, model)) == 24


@pytest.mark.parametrize("T", [1, 7, 100])
def test_flops_equal_torchs_own_counter(T: int) -> None:
    config = GPTConfig(vocab_size=50, block_size=100, n_layer=3, n_head=4, n_embd=16)
    with FlopCounterMode(display=False) as counter:
        GPT(config)(torch.zeros(1, T, dtype=torch.int64))
    assert forward_matmul_flops(3, 16, T, 50) == counter.get_total_flops()


def test_flops_of_gpt2_small() -> None:
    assert forward_matmul_flops(12, 768, 1024, 50257) == 291_648_307_200


def test_split_gives_what_conv1d_gives() -> None:
    x, c_attn = torch.randn(5, 6), torch.randn(6, 18)
    for weight, expected in zip(split_gpt2_qkv(c_attn), (x @ c_attn).split(6, dim=1), strict=True):
        torch.testing.assert_close(F.linear(x, weight), expected, rtol=1e-5, atol=1e-6)


def rename(name: str) -> tuple[str | None, bool]:
    return None if name.startswith("mask") else name.upper(), name == "w"


def test_convert_checkpoint() -> None:
    ckpt = {"w": torch.arange(6.0).view(2, 3), "b": torch.ones(3), "mask": torch.ones(7)}
    model_sd = {"B": torch.zeros(3), "W": torch.zeros(3, 2)}
    result = convert_checkpoint(model_sd, ckpt, rename)
    assert result["W"].tolist() == [[0, 3], [1, 4], [2, 5]]
    ckpt["b"].zero_()
    assert result["B"].tolist() == [1, 1, 1]
    assert not model_sd["W"].any()


@pytest.mark.parametrize(
    ("ckpt", "error", "words"),
    [
        ({"w": (2, 3)}, KeyError, "nothing fills B"),
        ({"w": (2, 3), "b": (3,), "c": (3,)}, KeyError, "c leads to C"),
        ({"w": (2, 3), "b": (3,), "B": (3,)}, KeyError, "B leads to B"),
        ({"w": (2, 3), "b": (1,)}, ValueError, r"B should be \(3,\), but b is \(1,\)"),
        ({"w": (3, 2), "b": (3,)}, ValueError, r"W should be \(3, 2\), but w is \(2, 3\)"),
    ],
)
def test_convert_checkpoint_refuses(ckpt: dict, error: type[Exception], words: str) -> None:
    model_sd = {"B": torch.zeros(3), "W": torch.zeros(3, 2)}
    with pytest.raises(error, match=words):
        convert_checkpoint(model_sd, {name: torch.zeros(shape) for name, shape in ckpt.items()}, rename)
