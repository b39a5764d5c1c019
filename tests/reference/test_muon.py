"""The oracle is the singular value decomposition; resuming is compared bit by bit."""

import copy

import pytest
import torch
from torch import Tensor, nn

from reference.muon import Muon, orthogonalize


@pytest.mark.parametrize(("m", "n"), [(5, 5), (5, 20)])
def test_singular_values_become_nearly_one_and_vectors_stay(m: int, n: int) -> None:
    U, _, Vh = torch.linalg.svd(torch.randn(3, m, n, dtype=torch.float64), full_matrices=False)
    S = torch.tensor([300.0, 100.0, 30.0, 10.0, 5.0], dtype=torch.float64)
    result = orthogonalize(U @ S.diag() @ Vh)
    assert torch.linalg.svdvals(result).min() > 0.6 and torch.linalg.svdvals(result).max() < 1.2
    in_its_vectors = U.mT @ result @ Vh.mT
    diagonal = torch.diag_embed(in_its_vectors.diagonal(dim1=-2, dim2=-1))
    torch.testing.assert_close(in_its_vectors, diagonal, rtol=0, atol=1e-6)


def test_the_promised_range_holds_for_a_single_number() -> None:
    """With one singular value s and the rest of the norm in another, from a hundredth of the norm up to all of it."""
    small = torch.linspace(0.01, 1.0, 1000)
    G = torch.diag_embed(torch.stack([small, (1 - small**2).sqrt()], dim=-1))  # norm 1
    values = orthogonalize(G).diagonal(dim1=-2, dim2=-1)[:, 0]
    assert values.min() > 0.6 and values.max() < 1.2


def test_scale_does_not_count_and_zero_stays_zero() -> None:
    G = torch.randn(1, 4, 6)
    torch.testing.assert_close(orthogonalize(1e4 * G), orthogonalize(G), rtol=1e-3, atol=1e-4)
    assert not orthogonalize(torch.zeros(1, 4, 6)).any()


@pytest.fixture
def params() -> list[nn.Parameter]:
    """Square, wide, tall, and three in one."""
    shapes = [(6, 6), (6, 9), (9, 6), (3, 6, 6)]
    return [nn.Parameter(torch.randn(shape)) for shape in shapes]


def give_gradients(params: list[nn.Parameter], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator)


def by_hand(p: Tensor, grads: list[Tensor], lr: float, momentum: float, weight_decay: float) -> Tensor:
    """One matrix, without stacks: the definition."""
    average = torch.zeros_like(p)
    for grad in grads:
        average = momentum * average + (1 - momentum) * grad
        direction = momentum * average + (1 - momentum) * grad
        tall = p.shape[0] > p.shape[1]
        update = orthogonalize((direction.T if tall else direction)[None])[0]
        p = p * (1 - lr * weight_decay)
        p = p - lr * max(1.0, p.shape[0] / p.shape[1]) ** 0.5 * (update.T if tall else update)
    return p


def test_stacked_steps_are_the_steps_of_each_matrix(params: list[nn.Parameter]) -> None:
    before, grads = copy.deepcopy(params), []
    optimizer = Muon(params, lr=0.1, momentum=0.8, weight_decay=0.5)
    for seed in range(3):
        give_gradients(params, seed)
        grads.append([p.grad.clone() for p in params])
        optimizer.step()
    for i, p in enumerate(params):
        matrices = zip(*(x[i].detach().reshape(-1, *p.shape[-2:]) for x in (before, *grads)), strict=True)
        expected = [by_hand(matrix, list(own), 0.1, 0.8, 0.5) for matrix, *own in matrices]
        torch.testing.assert_close(p.detach().reshape(-1, *p.shape[-2:]), torch.stack(expected), rtol=1e-4, atol=1e-5)


def test_gradients_are_left_alone_and_none_means_no_step(params: list[nn.Parameter]) -> None:
    give_gradients(params, seed=0)
    params[1].grad = None
    grads, before = [copy.deepcopy(p.grad) for p in params], copy.deepcopy(params)
    Muon(params, weight_decay=0.5).step()
    assert torch.equal(params[1], before[1]) and not torch.equal(params[0], before[0])
    assert all(torch.equal(p.grad, grad) for p, grad in zip(params, grads, strict=True) if grad is not None)


def test_a_resumed_run_is_the_same_run_to_the_bit(params: list[nn.Parameter]) -> None:
    optimizer = Muon(params, lr=0.1)
    for seed in range(4):
        if seed == 2:
            others = copy.deepcopy(params)
            resumed = Muon(others)
            resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        give_gradients(params, seed)
        optimizer.step()
    for seed in (2, 3):
        give_gradients(others, seed)
        resumed.step()
    assert all(torch.equal(p, other) for p, other in zip(params, others, strict=True))


def test_its_state_is_tensors_and_plain_numbers(params: list[nn.Parameter]) -> None:
    optimizer = Muon(params)
    give_gradients(params, seed=0)
    optimizer.step()
    values = [value for state in optimizer.state_dict()["state"].values() for value in state.values()]
    assert len(values) == len(params) and all(isinstance(value, Tensor | int | float) for value in values)
