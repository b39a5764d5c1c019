import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from reference.embeddings import (
    TokenPositionEmbedding,
    alibi_slopes,
    apply_rope,
    embedding_lookup,
    sinusoidal_encoding,
)


@pytest.mark.parametrize("shape", [(), (4,), (2, 5), (2, 3, 2)], ids=str)
def test_lookup_equals_torchs_and_a_product_with_one_hots(shape: tuple[int, ...]) -> None:
    W, ids = torch.randn(7, 4), torch.randint(7, shape)
    found = embedding_lookup(W, ids)
    assert torch.equal(found, F.embedding(ids, W))
    torch.testing.assert_close(found, F.one_hot(ids, 7).float() @ W)


def test_a_row_used_twice_gets_both_gradients() -> None:
    W = torch.zeros(3, 2, requires_grad=True)
    coming_back = torch.tensor([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    (embedding_lookup(W, torch.tensor([2, 0, 2])) * coming_back).sum().backward()
    assert W.grad.tolist() == [[10.0, 20.0], [0.0, 0.0], [101.0, 202.0]]


@pytest.mark.parametrize("ids", [[-1], [5], [0, 7, 2]], ids=str)
def test_ids_outside_the_table_raise(ids: list[int]) -> None:
    with pytest.raises(IndexError, match=r"rows 0 … 4"):
        embedding_lookup(torch.zeros(5, 3), torch.tensor(ids))


@pytest.fixture
def emb() -> TokenPositionEmbedding:
    return TokenPositionEmbedding(vocab_size=11, block_size=6, n_embd=4)


def test_token_plus_position(emb: TokenPositionEmbedding) -> None:
    ids = torch.randint(11, (2, 3))
    h = emb(ids, offset=2)
    for b in range(2):
        for t in range(3):
            torch.testing.assert_close(h[b, t], emb.wte.weight[ids[b, t]] + emb.wpe.weight[2 + t])


def test_a_text_in_pieces_equals_the_text_at_once(emb: TokenPositionEmbedding) -> None:
    ids = torch.randint(11, (2, 6))
    pieces = [emb(ids[:, :3]), emb(ids[:, 3:4], 3), emb(ids[:, 4:], 4)]
    assert torch.equal(torch.cat(pieces, dim=1), emb(ids))


def test_parameters_and_the_last_position(emb: TokenPositionEmbedding) -> None:
    assert {name: p.shape for name, p in emb.named_parameters()} == {"wte.weight": (11, 4), "wpe.weight": (6, 4)}
    assert emb(torch.zeros(1, 4, dtype=torch.long), 2).shape == (1, 4, 4)
    with pytest.raises(ValueError, match="position 6 is outside the table: its last one is 5"):
        emb(torch.zeros(1, 4, dtype=torch.long), 3)


def test_sinusoids_number_by_number() -> None:
    table = sinusoidal_encoding(T=9, C=6, base=50.0)
    assert table.shape == (9, 6)
    assert table.dtype == torch.float32
    for p in range(9):
        for i in range(3):
            angle = p / 50.0 ** (2 * i / 6)
            assert table[p, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[p, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


def test_a_step_is_the_same_rotation_everywhere() -> None:
    """Vaswani et al., section 3.5: the encoding of p + k is a linear function of that of p."""
    table = sinusoidal_encoding(T=100, C=8, base=100.0)
    step = torch.linalg.lstsq(table[:50], table[3:53]).solution  # (C, C), learned from the first half
    torch.testing.assert_close(table[50:97] @ step, table[53:], rtol=0, atol=1e-4)


def rope_by_complex_numbers(x: Tensor, positions: Tensor, base: float) -> Tensor:
    D = x.shape[-1]
    pairs = torch.complex(*x.double().chunk(2, dim=-1))
    angles = positions.double()[:, None] / base ** (torch.arange(D // 2).double() * 2 / D)
    turned = pairs * torch.exp(1j * angles)
    return torch.cat([turned.real, turned.imag], dim=-1)


@pytest.mark.parametrize("base", [10.0, 10_000.0])
@pytest.mark.parametrize("positions", [[0, 1, 2], [7, 8, 9], [300, 0, 41]], ids=str)
def test_rope_equals_complex_multiplication(positions: list[int], base: float) -> None:
    x = torch.randn(2, 4, 3, 6)
    expected = rope_by_complex_numbers(x, torch.tensor(positions), base).float()
    torch.testing.assert_close(apply_rope(x, torch.tensor(positions), base), expected, rtol=1e-4, atol=2e-4)


@pytest.mark.slow
def test_rope_equals_llamas() -> None:
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding, apply_rotary_pos_emb

    q, k, positions = torch.randn(2, 3, 5, 8), torch.randn(2, 3, 5, 8), torch.tensor([4, 5, 6, 90, 200])
    config = LlamaConfig(hidden_size=24, num_attention_heads=3, head_dim=8)
    cos, sin = LlamaRotaryEmbedding(config)(q, positions[None])
    for ours, theirs in zip([q, k], apply_rotary_pos_emb(q, k, cos, sin), strict=True):
        torch.testing.assert_close(apply_rope(ours, positions), theirs, rtol=1e-4, atol=1e-4)


def test_rope_keeps_lengths_and_distances() -> None:
    x, y = torch.randn(2, 1, 1, 1, 8).expand(2, 1, 1, 10, 8)
    q, k = apply_rope(x, torch.arange(10)), apply_rope(y, torch.arange(10))
    torch.testing.assert_close(q.norm(dim=-1), x.norm(dim=-1))
    scores = (q @ k.mT)[0, 0]
    for distance in range(-9, 10):
        diagonal = scores.diagonal(distance)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))


def test_rope_in_sixteen_bits() -> None:
    """Position 257 does not exist in bfloat16, but it does in the angle."""
    x = torch.randn(1, 1, 1, 8)
    turned = apply_rope(x.bfloat16(), torch.tensor([257]))
    assert turned.dtype == torch.bfloat16
    torch.testing.assert_close(turned.float(), apply_rope(x, torch.tensor([257])), rtol=0, atol=0.03)


def test_gradients() -> None:
    x = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: apply_rope(x, torch.tensor([3, 0, 8])), x, atol=1e-6)


def test_slopes() -> None:
    """The paper, section 3: for 8 heads 1/2, 1/4, …, 1/256; for 16 heads a root of 2 in between."""
    assert alibi_slopes(8).tolist() == [1 / 2**i for i in range(1, 9)]
    torch.testing.assert_close(alibi_slopes(16)[:3], torch.tensor([2**-0.5, 0.5, 2**-1.5]))
    assert alibi_slopes(1).tolist() == [1 / 256]
