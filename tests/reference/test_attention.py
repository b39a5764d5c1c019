import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.attention import (
    MultiHeadAttention,
    causal_mask,
    merge_heads,
    repeat_kv,
    scaled_dot_product_attention,
    split_heads,
)

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def test_attention_by_hand() -> None:
    """d_k = 4, so √d_k = 2. Scores 2 ln 3 and 0 become ln 3 and 0: weights ¾ and ¼, so ¾·8 + ¼·4 = 7."""
    q = torch.tensor([[2 * math.log(3), 0.0, 0.0, 0.0]])
    k = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    v = torch.tensor([[8.0], [4.0]])
    torch.testing.assert_close(scaled_dot_product_attention(q, k, v), torch.tensor([[7.0]]))
    only_second = torch.tensor([[False, True]])
    assert scaled_dot_product_attention(q, k, v, only_second).item() == 4


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)], ids=str)
@pytest.mark.parametrize("scale", [1, 30])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_equals_torchs(batch: tuple[int, ...], scale: float, masked: bool) -> None:
    q, k, v = torch.randn(*batch, 5, 8) * scale, torch.randn(*batch, 7, 8), torch.randn(*batch, 7, 4)
    mask = torch.rand(5, 7) < 0.5 if masked else None
    if masked:
        mask[:, 3] = True
    out = scaled_dot_product_attention(q, k, v, mask)
    torch.testing.assert_close(out, F.scaled_dot_product_attention(q, k, v, attn_mask=mask), **CLOSE)


def test_attention_gradient() -> None:
    q, k, v = (torch.randn(3, 2, dtype=torch.float64, requires_grad=True) for _ in range(3))
    assert torch.autograd.gradcheck(lambda q, k, v: scaled_dot_product_attention(q, k, v, causal_mask(3, 3)), (q, k, v))


@pytest.mark.parametrize(("T_q", "T_k"), [(3, 3), (1, 4), (2, 5), (1, 1)])
def test_causal_mask(T_q: int, T_k: int) -> None:
    """Query i stands at position T_k − T_q + i."""
    expected = [[key <= T_k - T_q + query for key in range(T_k)] for query in range(T_q)]
    mask = causal_mask(T_q, T_k)
    assert mask.dtype == torch.bool
    assert mask.tolist() == expected


def test_heads_split_and_merge() -> None:
    x = torch.arange(2 * 3 * 8).view(2, 3, 8)
    heads = split_heads(x, 4)
    assert heads.shape == (2, 4, 3, 2)
    for h in range(4):
        assert torch.equal(heads[:, h], x[..., 2 * h : 2 * h + 2])
    assert torch.equal(merge_heads(heads), x)


def test_repeat_kv() -> None:
    x = torch.randn(2, 3, 5, 4)
    repeated = repeat_kv(x, 6)
    assert torch.equal(repeated, x[:, [0, 0, 1, 1, 2, 2]])
    assert torch.equal(repeat_kv(x, 3), x)


def test_grouped_queries_equal_torchs() -> None:
    q, k, v = torch.randn(2, 6, 5, 4), torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 4)
    ours = scaled_dot_product_attention(q, repeat_kv(k, 6), repeat_kv(v, 6), causal_mask(5, 5))
    torch.testing.assert_close(ours, F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True), **CLOSE)


@pytest.fixture
def ours() -> MultiHeadAttention:
    return MultiHeadAttention(n_embd=12, n_head=3)


@pytest.fixture
def x() -> Tensor:
    return torch.randn(2, 5, 12)


def test_equals_torchs_multihead_attention(ours: MultiHeadAttention, x: Tensor) -> None:
    theirs = nn.MultiheadAttention(12, 3, bias=False, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.q_proj.weight, ours.k_proj.weight, ours.v_proj.weight]))
        theirs.out_proj.weight.copy_(ours.o_proj.weight)
    expected, _ = theirs(x, x, x, attn_mask=~causal_mask(5, 5), need_weights=False)  # there True = blocked
    torch.testing.assert_close(ours(x), expected, **CLOSE)


@pytest.mark.slow
def test_equals_gpt2s_attention(ours: MultiHeadAttention, x: Tensor) -> None:
    """GPT-2 keeps its weights as (in, out), and q, k, v side by side in one of them; its biases are set to 0."""
    from transformers import GPT2Config
    from transformers.models.gpt2.modeling_gpt2 import GPT2Attention

    config = GPT2Config(n_embd=12, n_head=3, n_layer=1, attn_implementation="sdpa")
    theirs = GPT2Attention(config, layer_idx=0).eval()
    with torch.no_grad():
        theirs.c_attn.weight.copy_(torch.cat([ours.q_proj.weight, ours.k_proj.weight, ours.v_proj.weight]).T)
        theirs.c_proj.weight.copy_(ours.o_proj.weight.T)
        theirs.c_attn.bias.zero_()
        theirs.c_proj.bias.zero_()
    torch.testing.assert_close(ours(x), theirs(x)[0], **CLOSE)


def test_the_future_changes_nothing(ours: MultiHeadAttention, x: Tensor) -> None:
    changed = x.clone()
    changed[:, 3:] += 1
    assert torch.equal(ours(changed)[:, :3], ours(x)[:, :3])
    assert not torch.allclose(ours(changed)[:, 3:], ours(x)[:, 3:])


def test_parameters_and_misfit(ours: MultiHeadAttention) -> None:
    assert sorted(ours.state_dict()) == [f"{name}_proj.weight" for name in "koqv"]
    with pytest.raises(ValueError, match="12 cannot be shared among 5 heads"):
        MultiHeadAttention(12, 5)
