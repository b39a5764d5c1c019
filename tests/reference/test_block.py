import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.block import FeedForward, LayerNorm, RMSNorm, TransformerBlock, dropout, gelu, make_block, swiglu

CLOSE = {"rtol": 1e-5, "atol": 1e-6}
LARGE = 200_000
SIX_SIGMA = 6 * 0.5 / math.sqrt(LARGE)  # of a share of LARGE draws; one draw has at most the standard deviation ½


def filled(module: nn.Module) -> nn.Module:
    """Random parameters, so that a gain or a shift that is forgotten shows."""
    for p in module.parameters():
        nn.init.normal_(p)
    return module


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_norms_equal_torchs(scale: float, eps: float) -> None:
    x = torch.randn(2, 5, 6) * scale + scale
    layer, rms = filled(LayerNorm(6, eps)), filled(RMSNorm(6, eps))
    torch.testing.assert_close(layer(x), F.layer_norm(x, (6,), layer.weight, layer.bias, eps), **CLOSE)
    torch.testing.assert_close(rms(x), F.rms_norm(x, (6,), rms.weight, eps), **CLOSE)


def test_layer_norm_by_hand() -> None:
    """Mean 3, squares 4 + 1 + 0 + 9 = 14, variance 3.5."""
    out = LayerNorm(4)(torch.tensor([1.0, 2.0, 3.0, 6.0]))
    torch.testing.assert_close(out, torch.tensor([-2.0, -1.0, 0.0, 3.0]) / math.sqrt(3.50001))


def test_norms_of_nothing() -> None:
    layer, rms = filled(LayerNorm(4)), filled(RMSNorm(4))
    assert torch.equal(layer(torch.full((2, 4), 7.0)), layer.bias.expand(2, 4))
    assert not rms(torch.zeros(2, 4)).any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_rms_norm_of_half_precision(dtype: torch.dtype) -> None:
    x = (torch.randn(3, 6) * 3000).to(dtype)
    norm = filled(RMSNorm(6))
    assert torch.equal(norm(x), norm(x.float()).to(dtype))


def test_gradients_of_the_norms() -> None:
    x = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(LayerNorm(5).double(), x)
    x32 = torch.randn(2, 5, requires_grad=True)  # RMSNorm computes in float32, too coarse for gradcheck
    weights = torch.randn(2, 5)
    ours, theirs = (torch.autograd.grad((f(x32) * weights).sum(), x32) for f in (RMSNorm(5), nn.RMSNorm(5, eps=1e-5)))
    torch.testing.assert_close(ours, theirs, **CLOSE)


def test_gelu_equals_torchs() -> None:
    x = torch.linspace(-100, 100, 4001, requires_grad=True)
    ours, theirs = gelu(x), F.gelu(x, approximate="tanh")
    torch.testing.assert_close(ours, theirs, **CLOSE)
    torch.testing.assert_close(*(torch.autograd.grad(y.sum(), x) for y in (ours, theirs)), rtol=1e-5, atol=1e-5)
    assert 4e-4 < (ours - F.gelu(x)).abs().max() < 5e-4


def test_swiglu_equals_torchs_pieces() -> None:
    x, w1, w2, w3 = torch.randn(2, 4, 5), torch.randn(7, 5), torch.randn(5, 7), torch.randn(7, 5)
    theirs = F.linear(F.silu(F.linear(x, w1)) * F.linear(x, w3), w2)
    torch.testing.assert_close(swiglu(x, w1, w2, w3), theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_in_training(p: float) -> None:
    out = dropout(torch.ones(LARGE), p, training=True, generator=torch.Generator().manual_seed(0))
    assert abs((out == 0).float().mean() - p) < SIX_SIGMA
    torch.testing.assert_close(out.unique(), torch.tensor([0, 1 / (1 - p)]))


def test_dropout_at_the_ends() -> None:
    x = torch.randn(4, 5, requires_grad=True)
    assert torch.equal(dropout(x, 0.0, training=True), x)
    assert torch.equal(dropout(x, 0.7, training=False), x)
    nothing = dropout(x, 1.0, training=True)
    assert not nothing.any()
    assert not torch.autograd.grad(nothing.sum(), x)[0].any()


def test_dropout_draws_from_its_generator() -> None:
    first, again, other = (dropout(torch.ones(99), 0.5, True, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


class Affine(nn.Module):
    def __init__(self, factor: float, shift: float) -> None:
        super().__init__()
        self.factor, self.shift = factor, shift

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x + self.shift


def test_block_by_hand() -> None:
    """x = 1: ln_1 makes 2, attn 20, h = 21; ln_2 makes 23, mlp 2300, and 21 + 2300 = 2321."""
    block = TransformerBlock(attn=Affine(10, 0), mlp=Affine(100, 0), ln_1=Affine(1, 1), ln_2=Affine(1, 2))
    assert block(torch.ones(1, 1, 1)).item() == 2321


def test_silent_sublayers_leave_the_stream_alone() -> None:
    block, x = make_block(n_embd=8, n_head=2), torch.randn(2, 3, 8, requires_grad=True)
    with torch.no_grad():
        for p in (*block.attn.parameters(), *block.mlp.parameters()):
            p.zero_()
    out = block(x)
    assert torch.equal(out, x)
    assert torch.equal(torch.autograd.grad(out.sum(), x)[0], torch.ones_like(x))


def test_names_and_sizes_of_a_block() -> None:
    """4C² for attention; 8C² and 5C for the feed-forward network; 2C for each norm."""
    C = 12
    block = make_block(n_embd=C, n_head=3)
    assert [name for name, _ in block.named_children()] == ["attn", "mlp", "ln_1", "ln_2"]
    assert sum(p.numel() for p in block.parameters()) == 12 * C**2 + 9 * C
    assert FeedForward(C).c_fc.out_features == 4 * C


@pytest.mark.slow
def test_equals_gpt2s_block() -> None:
    """GPT-2 keeps its weights as (in, out), and q, k, v side by side in one of them; attention's biases are 0."""
    from transformers import GPT2Config
    from transformers.models.gpt2.modeling_gpt2 import GPT2Block

    config = GPT2Config(n_embd=12, n_head=3, n_layer=1, attn_implementation="sdpa")
    ours, theirs, x = filled(make_block(12, 3)), GPT2Block(config, layer_idx=0).eval(), torch.randn(2, 5, 12)
    attn, mlp = ours.attn, ours.mlp
    with torch.no_grad():
        theirs.attn.c_attn.weight.copy_(torch.cat([attn.q_proj.weight, attn.k_proj.weight, attn.v_proj.weight]).T)
        theirs.attn.c_proj.weight.copy_(attn.o_proj.weight.T)
        theirs.attn.c_attn.bias.zero_()
        theirs.attn.c_proj.bias.zero_()
        for name in ("c_fc", "c_proj"):
            getattr(theirs.mlp, name).weight.copy_(getattr(mlp, name).weight.T)
            getattr(theirs.mlp, name).bias.copy_(getattr(mlp, name).bias)
        for name in ("ln_1", "ln_2"):
            getattr(theirs, name).load_state_dict(getattr(ours, name).state_dict())
        out = theirs(x)
        torch.testing.assert_close(ours(x), out[0] if isinstance(out, tuple) else out, rtol=1e-5, atol=1e-4)
