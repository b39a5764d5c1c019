import contextlib
import math
import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.optimization import AdamW, cross_entropy
from reference.training import (
    bits_per_byte,
    epoch_order,
    estimate_loss,
    load_checkpoint,
    overfit_one_batch,
    save_checkpoint,
    train_step,
)

V = 7


def make_model(dropout: float = 0.0) -> nn.Sequential:
    torch.manual_seed(3)
    return nn.Sequential(nn.Embedding(V, 5), nn.Dropout(dropout), nn.Linear(5, V))


def make_batches() -> list[tuple[Tensor, Tensor]]:
    """Three batches of different size; most targets of the first do not count, none of the last does."""
    generator = torch.Generator().manual_seed(4)
    shapes = [(2, 6), (3, 2), (1, 4)]
    batches = [tuple(torch.randint(V, shape, generator=generator) for _ in "xy") for shape in shapes]
    batches[0][1][:, 1:] = -100
    batches[2][1][:] = -100
    return batches


def joined(batches: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    return torch.cat([x.flatten() for x, _ in batches]), torch.cat([y.flatten() for _, y in batches])


# train_step


def test_micro_batches_equal_one_big_batch() -> None:
    ours, theirs = make_model(), make_model()
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.5) for model in (ours, theirs)]
    for p in ours.parameters():
        p.grad = torch.ones_like(p)  # left over from before
    for _ in range(3):
        loss = train_step(ours, optimizers[0], make_batches())
        x, y = joined(make_batches())
        optimizers[1].zero_grad()
        expected = F.cross_entropy(theirs(x), y)
        expected.backward()
        optimizers[1].step()
        assert isinstance(loss, float)
        assert loss == pytest.approx(expected.item(), rel=1e-6)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


def test_train_step_without_targets_does_nothing() -> None:
    model = make_model()
    before = [p.clone() for p in model.parameters()]
    optimizer = AdamW(model.parameters(), weight_decay=0.5)
    assert train_step(model, optimizer, make_batches()[2:]) == 0.0
    assert train_step(model, optimizer, []) == 0.0
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize("training", [True, False])
def test_train_step_keeps_the_mode(training: bool) -> None:
    model = make_model().train(training)
    train_step(model, torch.optim.SGD(model.parameters(), lr=0.1), make_batches())
    assert model.training is model[1].training is training


# estimate_loss


def test_estimate_is_a_token_mean_without_dropout_or_gradients() -> None:
    model = make_model(dropout=0.5)
    loss = estimate_loss(model, iter(make_batches()))
    x, y = joined(make_batches())
    assert loss == pytest.approx(F.cross_entropy(model.eval()(x), y).item(), rel=1e-6)
    assert all(p.grad is None for p in model.parameters())
    assert estimate_loss(model, make_batches()[2:]) == estimate_loss(model, []) == 0.0


@pytest.mark.parametrize("training", [True, False])
def test_estimate_restores_the_mode_even_after_an_exception(training: bool) -> None:
    model = make_model().train(training)
    estimate_loss(model, make_batches())
    assert model.training is model[1].training is training
    with pytest.raises(IndexError):
        estimate_loss(model, [(torch.tensor([[V]]), torch.tensor([[0]]))])
    assert model.training is model[1].training is training


# overfit_one_batch


def test_overfit_one_batch() -> None:
    """A model of zeros knows nothing: it starts at ln V."""
    model = nn.Embedding(V, V)
    nn.init.zeros_(model.weight)
    x, y = torch.tensor([[0, 1, 2]]), torch.tensor([[3, 4, 5]])
    losses = overfit_one_batch(model, AdamW(model.parameters(), lr=0.5), x, y, 20, cross_entropy)
    assert len(losses) == 20
    assert losses[0] == pytest.approx(math.log(V), rel=1e-6)
    assert losses[-1] < 0.05


def test_overfit_follows_the_trajectory_by_hand() -> None:
    """One weight, loss (w·x − y)², x = 1, y = 0, lr ¼: the gradient is 2w, so w halves at each step: 1, ½, ¼."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    x, y = torch.ones(1), torch.zeros(1)
    losses = overfit_one_batch(model, optimizer, x, y, 3, lambda out, y: ((out - y) ** 2).sum())
    assert losses == [1.0, 0.25, 0.0625]


# epoch_order


def test_epoch_orders_are_distinct_permutations() -> None:
    orders = {(seed, epoch): epoch_order(20, seed, epoch) for seed in range(20) for epoch in range(20)}
    assert all(sorted(order) == list(range(20)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == 400
    assert epoch_order(0, 1, 1) == []


def test_every_order_is_equally_likely() -> None:
    """6 orders of 3, 6000 draws: each 1000 times, with a standard deviation of 29."""
    orders = [tuple(epoch_order(3, seed=0, epoch=epoch)) for epoch in range(6000)]
    assert all(abs(orders.count(order) - 1000) < 6 * 29 for order in set(orders))
    assert len(set(orders)) == 6


def test_epoch_order_leaves_global_randomness_alone() -> None:
    before = random.getstate(), torch.get_rng_state()
    epoch_order(10, 0, 0)
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_epoch_order_is_the_same_in_another_process() -> None:
    code = "from reference.training import epoch_order; print(epoch_order(9, 5, 2))"
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONHASHSEED": "123", "PYTHONPATH": paths}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(epoch_order(9, 5, 2))


# save_checkpoint, load_checkpoint


def run(model: nn.Module, optimizer: AdamW, steps: range) -> list[float]:
    batches = make_batches()[:2]
    return [train_step(model, optimizer, [batches[step % 2]]) for step in steps]


def test_a_resumed_run_is_bit_identical(tmp_path: Path) -> None:
    model = make_model(dropout=0.5)
    optimizer = AdamW(model.parameters(), lr=0.1)
    run(model, optimizer, range(3))
    save_checkpoint(tmp_path / "run.pt", model, optimizer, 3)
    expected = run(model, optimizer, range(3, 7))
    for _ in range(2):  # a checkpoint can be loaded again
        resumed = make_model(dropout=0.5)
        fresh = AdamW(resumed.parameters(), lr=9.0)
        torch.manual_seed(99)
        step = load_checkpoint(str(tmp_path / "run.pt"), resumed, fresh)
        assert run(resumed, fresh, range(step, 7)) == expected
        assert all(torch.equal(p, q) for p, q in zip(model.parameters(), resumed.parameters(), strict=True))


def snapshot(model: nn.Module, optimizer: AdamW) -> list[Tensor]:
    moments = [value for state in optimizer.state.values() for value in state.values()]
    tensors = [*model.state_dict().values(), torch.get_rng_state(), *map(torch.as_tensor, moments)]
    return [tensor.clone() for tensor in tensors]


def test_a_file_cut_short_raises_and_changes_nothing(tmp_path: Path) -> None:
    model = make_model()
    optimizer = AdamW(model.parameters(), lr=0.1)
    save_checkpoint(tmp_path / "whole.pt", model, optimizer, 0)
    run(model, optimizer, range(2))
    before = snapshot(model, optimizer)
    whole = (tmp_path / "whole.pt").read_bytes()
    for length in [0, 1, 100, *range(1000, len(whole), 1000), len(whole) - 1]:
        (tmp_path / "cut.pt").write_bytes(whole[:length])
        with pytest.raises((RuntimeError, OSError, EOFError, pickle.UnpicklingError)):
            load_checkpoint(tmp_path / "cut.pt", model, optimizer)
    after = snapshot(model, optimizer)
    assert len(before) == len(after)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


class Trap:
    """A pickle that creates a file in whoever opens it."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.victim),)


@pytest.mark.parametrize("bare", [True, False], ids=["bare pickle", "torch file"])
def test_loading_runs_no_code(tmp_path: Path, bare: bool) -> None:
    model = make_model()
    optimizer = AdamW(model.parameters())
    path = tmp_path / "trap.pt"
    if bare:
        path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung"), protocol=2))
    else:
        torch.save({"model": Trap(tmp_path / "sprung"), "step": 1}, path)
    with pytest.raises(pickle.UnpicklingError):
        load_checkpoint(path, model, optimizer)
    assert not (tmp_path / "sprung").exists()
    with contextlib.suppress(RuntimeError):  # a careless reader complains too late
        torch.load(path, weights_only=False)
    assert (tmp_path / "sprung").exists()


def test_bits_per_byte() -> None:
    """Two choices at each of 3 tokens are 3 bits; the text has 6 bytes."""
    assert bits_per_byte(3 * math.log(2), 6) == pytest.approx(0.5)
