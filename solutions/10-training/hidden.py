"""Hidden probes of the unit training: edges of what its docstrings promise."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD

from autograder.checks.training import (
    STEPS,
    TinyModel,
    batch,
    everything,
    mean_loss,
    mode_of,
    new_run,
    ragged,
    same,
    saved,
    train,
    weights,
)
from autograder.probes import Draw, probe


@probe("train_step", ask="What does a piece add in which no target counts?", atol=1e-5, because=STEPS)
def empty_piece(train_step: Callable, draw: Draw) -> list[Any]:
    """a piece in which no target counts adds nothing"""
    model = TinyModel(draw)
    pieces = [batch(draw, 2, 3, 6), *ragged(draw), batch(draw, 1, 2, 2)]
    return [train_step(model, SGD(model.parameters(), lr=1.0), pieces), weights(model)]


@probe("train_step", ask="Are the pieces yours to change?", kind="property")
def pieces_unchanged(train_step: Callable, draw: Draw) -> list[tuple[Tensor, Tensor]]:
    """the pieces are afterwards what they were"""
    model, pieces = TinyModel(draw), ragged(draw)
    train_step(model, SGD(model.parameters(), lr=1.0), pieces)
    return pieces


@probe("estimate_loss", ask="What does a batch add in which no target counts?")
def empty_batch(estimate_loss: Callable, draw: Draw) -> float:
    """a batch in which no target counts adds nothing"""
    return estimate_loss(TinyModel(draw), [batch(draw, 2, 3, 6), *ragged(draw)])


@probe("estimate_loss", ask="May a measurement change what it measures?", kind="property")
def weights_unchanged(estimate_loss: Callable, draw: Draw) -> list[Any]:
    """measuring changes neither weights nor batches, nor the random generator"""
    model, batches, state = TinyModel(draw, dropout=0.5), ragged(draw), torch.get_rng_state()
    estimate_loss(model, batches)
    return [weights(model), batches, torch.equal(state, torch.get_rng_state())]


@probe("overfit_one_batch", ask="What does a second call see of the first?", atol=1e-5, because=STEPS)
def continued(overfit_one_batch: Callable, draw: Draw) -> list[Any]:
    """a second call goes on where the first one stopped, on a batch that is unchanged"""
    model, (x, y) = TinyModel(draw), batch(draw, 2, 3)
    optimizer = SGD(model.parameters(), lr=0.2, momentum=0.5)
    losses = [overfit_one_batch(model, optimizer, x, y, n, mean_loss) for n in (2, 3)]
    return [losses, weights(model), x, y]


@probe("epoch_order", ask="Which pairs (seed, epoch) give the same order in your version?")
def far_apart(epoch_order: Callable, draw: Draw) -> list[bool]:
    """gives another order for every seed and every epoch, also of long runs"""
    s = draw.integer(2, 9)
    pairs = [((0, 10_000), (1, 0)), ((s, 100), (s + 1, 0)), ((s, s), (0, 0)), ((1, 2 * s), (2, s)), ((12, 3), (1, 23))]
    return [epoch_order(50, *a) == epoch_order(50, *b) for a, b in pairs]


@probe("save_checkpoint", ask="What happens to the file that was there before?")
def overwritten(pair: Any, draw: Draw) -> list[Any]:
    """replaces an older file, at a path that is a text"""
    with saved(pair, draw) as (path, model, optimizer):
        train(model, optimizer, [batch(draw, 2, 3)])
        pair.save_checkpoint(str(path), model, optimizer, draw.integer(1, 9))
        fresh, its_optimizer = new_run(draw)
        return [pair.load_checkpoint(str(path), fresh, its_optimizer), weights(fresh)]


@probe("save_checkpoint", ask="Does looking at a run change it?", kind="property")
def saving_is_silent(pair: Any, draw: Draw) -> list[Any]:
    """saving changes neither model, optimizer, mode nor random generator"""
    with saved(pair, draw) as (path, model, optimizer):
        before = everything(model, optimizer)
        pair.save_checkpoint(path, model, optimizer, 3)
        return [same(before, everything(model, optimizer)), mode_of(model), mode_of(model.drop)]


@probe("bits_per_byte", ask="Does the formula care how long the text is?")
def long_text(bits_per_byte: Callable, draw: Draw) -> list[float]:
    """is the same for a text and for a million of them"""
    nats, n = draw.uniform(5.0, 50.0), draw.integer(5, 50)
    return [bits_per_byte(nats, n), bits_per_byte(nats * 1e6, n * 10**6)]
