import math

import pytest
import torch
import torch.nn.functional as F

from reference.bigram import softmax


def test_by_hand() -> None:
    """exp(0), exp(ln 3) = 1, 3; their sum is 4; so a quarter and three quarters."""
    p = softmax(torch.tensor([0.0, math.log(3)]), dim=0)
    assert torch.allclose(p, torch.tensor([0.25, 0.75]), rtol=1e-7, atol=0)


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -3])
def test_every_dimension(dim: int) -> None:
    x = torch.randn(2, 5, 3) * 4
    torch.testing.assert_close(softmax(x, dim), F.softmax(x, dim), rtol=1e-6, atol=1e-8)


def test_huge_tiny_and_impossible_scores() -> None:
    x = torch.tensor([[1000.0, 999.0, -1000.0], [-1000.0, -1001.0, float("-inf")]])
    before = x.clone()
    p = softmax(x, dim=-1)
    torch.testing.assert_close(p, F.softmax(x, -1), rtol=1e-6, atol=0)
    assert p[1, 2] == 0
    assert torch.equal(x, before)


def test_gradient() -> None:
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: softmax(x, 0), x)
