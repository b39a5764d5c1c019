"""Public probes of the unit training.

Nothing here is graded by the numbers a random generator happens to draw: where dropout or a shuffle takes part, two
runs are compared with each other and the probe returns whether they agree.
"""

import builtins
import contextlib
import itertools
import os
import pickle
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD, AdamW, Optimizer

from autograder.probes import Draw, probe

V, C = 7, 3
STEPS = "matrix products in float32, then an optimizer step"

Batch = tuple[Tensor, Tensor]


class TinyModel(nn.Module):
    """A language model of 49 numbers: every token looks up a vector, and a linear layer scores it."""

    def __init__(self, draw: Draw, dropout: float = 0.0, scale: float = 1.0) -> None:
        super().__init__()
        self.wte, self.drop, self.lm_head = nn.Embedding(V, C), nn.Dropout(dropout), nn.Linear(C, V)
        draw.fill(self, {"wte.weight": (V, C), "lm_head.weight": (V, C), "lm_head.bias": (V,)}, scale)

    def forward(self, x: Tensor) -> Tensor:
        return self.lm_head(self.drop(self.wte(x)))  # (B, T, V)


def batch(draw: Draw, b: int, t: int, ignored: int = 0) -> Batch:
    """Random tokens and targets; the first `ignored` targets do not count."""
    x, y = draw.integers(0, V, b, t), draw.integers(0, V, b, t)
    y.view(-1)[:ignored] = -100
    return x, y


def ragged(draw: Draw) -> list[Batch]:
    """Pieces of different sizes: 7, 2 and 1 targets count, of 8, 6 and 5."""
    return [batch(draw, 2, 4, 1), batch(draw, 3, 2, 4), batch(draw, 1, 5, 4)]


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def leave_gradients(model: nn.Module, draw: Draw) -> None:
    for p in model.parameters():
        p.grad = draw.normal(*p.shape)


def mode_of(module: nn.Module) -> str:
    return "train" if module.training else "eval"


def kind_of(value: Any) -> str:
    """What sort of number a training loop brings home."""
    if isinstance(value, Tensor):
        return "a tensor that keeps its graph" if value.requires_grad else "a tensor"
    return "a float" if isinstance(value, (int, float)) else type(value).__name__


def mean_loss(logits: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, -2), y.flatten())


def raises(function: Callable, *args: Any) -> bool:
    try:
        function(*args)
    except Exception:
        return True
    return False


@probe("train_step", ask="By which number do you divide the loss of one piece?", atol=1e-5, because=STEPS)
def joined(train_step: Callable, draw: Draw) -> dict[str, Tensor]:
    """one step on ragged pieces equals one step on all of them joined"""
    model = TinyModel(draw)
    train_step(model, SGD(model.parameters(), lr=1.0), ragged(draw))
    return weights(model)


@probe("train_step", ask="What is the mean over all counted targets of all pieces?", atol=1e-5, because=STEPS)
def loss_returned(train_step: Callable, draw: Draw) -> list[float]:
    """returns the mean loss per counted target, before the update"""
    model, pieces = TinyModel(draw), ragged(draw)
    optimizer = SGD(model.parameters(), lr=1.0)
    return [train_step(model, optimizer, pieces), train_step(model, optimizer, pieces[1:])]


@probe("train_step", ask="What is in p.grad when your function begins?", atol=1e-5, because=STEPS)
def left_over(train_step: Callable, draw: Draw) -> dict[str, Tensor]:
    """gradients left over from earlier do not matter"""
    model = TinyModel(draw)
    leave_gradients(model, draw)
    train_step(model, SGD(model.parameters(), lr=1.0), ragged(draw))
    return weights(model)


@probe("train_step", ask="How often does the optimizer step for one batch?", atol=1e-5, because=STEPS)
def next_call(train_step: Callable, draw: Draw) -> dict[str, Tensor]:
    """two calls are two steps of the optimizer, with its momentum and decay"""
    model = TinyModel(draw)
    optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9, weight_decay=0.1)
    for _ in range(2):
        train_step(model, optimizer, ragged(draw))
    return weights(model)


@probe("train_step", ask="What should happen when there is nothing to learn from?", atol=1e-5, because=STEPS)
def nothing_counts(train_step: Callable, draw: Draw) -> list[Any]:
    """if no target counts: 0.0 and no step, though momentum would roll on"""
    model = TinyModel(draw)
    optimizer = SGD(model.parameters(), lr=0.5, momentum=0.9)
    train(model, optimizer, [batch(draw, 2, 3)])  # the momentum is not the answer's: only its guard is tested here
    return [train_step(model, optimizer, [batch(draw, 2, 3, 6), batch(draw, 1, 4, 4)]), weights(model)]


@probe("train_step", ask="Who decides whether the model is in train or eval mode?", kind="property")
def mode_kept(train_step: Callable, draw: Draw) -> list[list[str]]:
    """the model runs and stays in the mode in which it came"""
    model, running = TinyModel(draw), []
    model.register_forward_pre_hook(lambda model, _: running.append(mode_of(model)))
    modes = []
    for is_training in (True, False):
        train_step(model.train(is_training), SGD(model.parameters(), lr=0.5), [batch(draw, 2, 3)])
        modes.append([running[-1], mode_of(model)])
    return modes


@probe("train_step", ask="How many pieces have gone forward when the first one goes backward?", kind="property")
def one_graph_at_a_time(train_step: Callable, draw: Draw) -> dict[str, int]:
    """each piece goes backward before the next goes forward, so memory stays small"""
    model, waiting, most = TinyModel(draw), set(), 0

    def forward_done(_layer: nn.Module, _inputs: Any, logits: Tensor) -> None:
        nonlocal most
        if logits.requires_grad:
            waiting.add(number := next(pieces))
            logits.register_hook(lambda _: waiting.discard(number))  # called when backward comes by
            most = max(most, len(waiting))

    pieces = itertools.count()
    model.lm_head.register_forward_hook(forward_done)
    train_step(model, SGD(model.parameters(), lr=0.5), ragged(draw))
    return {"graphs alive at once": most}


@probe("train_step", ask="What does a tensor remember that a float does not?", kind="property")
def plain_float(train_step: Callable, draw: Draw) -> str:
    """returns a plain float, so no computation graph stays alive"""
    model = TinyModel(draw)
    return kind_of(train_step(model, SGD(model.parameters(), lr=0.5), ragged(draw)))


@probe("estimate_loss", ask="If 7 targets count in one batch and 1 in another, how much should each batch weigh?")
def token_mean(estimate_loss: Callable, draw: Draw) -> float:
    """averages over all targets that count, in all batches"""
    return estimate_loss(TinyModel(draw), ragged(draw))


@probe("estimate_loss", ask="Measure twice on the same data. Which layer could make the results differ?")
def without_dropout(estimate_loss: Callable, draw: Draw) -> list[float]:
    """measures without dropout, so a second look gives the same"""
    model, batches = TinyModel(draw, dropout=0.5), ragged(draw)
    return [estimate_loss(model, batches), estimate_loss(model, batches)]


@probe("estimate_loss", ask="How often can a generator be read? Does it have a length?")
def one_pass(estimate_loss: Callable, draw: Draw) -> float:
    """reads batches that come from a generator"""
    return estimate_loss(TinyModel(draw), iter(ragged(draw)))


@probe("estimate_loss", ask="What is the mean of nothing, in this course?")
def no_target(estimate_loss: Callable, draw: Draw) -> list[float]:
    """gives 0.0 where no target counts, and where there is no batch"""
    model = TinyModel(draw)
    return [estimate_loss(model, [batch(draw, 2, 3, 6)]), estimate_loss(model, [])]


@probe("estimate_loss", ask="In which mode was the model when it came?", kind="property")
def mode_restored(estimate_loss: Callable, draw: Draw) -> list[list[str]]:
    """leaves the model in the mode in which it came, train or eval"""
    model, modes = TinyModel(draw, dropout=0.5), []
    for is_training in (True, False):
        estimate_loss(model.train(is_training), ragged(draw))
        modes.append([mode_of(model), mode_of(model.drop)])
    return modes


@probe("estimate_loss", ask="Which of your lines still run when the second batch raises?", kind="property")
def mode_after_exception(estimate_loss: Callable, draw: Draw) -> list[Any]:
    """restores the mode also when a batch raises, and lets the exception through"""
    model, (x, y), seen = TinyModel(draw), batch(draw, 2, 3), []
    for is_training in (True, False):
        broken = [(x, y), (x + V, y)]  # the embedding has no such rows
        seen += [{"raises": raises(estimate_loss, model.train(is_training), broken)}, mode_of(model)]
    return seen


@probe("estimate_loss", ask="Who needs a computation graph here? Whose are the gradients?", kind="property")
def untouched(estimate_loss: Callable, draw: Draw) -> list[Any]:
    """records no gradients, keeps those that were there, returns a plain float"""
    model, recorded = TinyModel(draw), []
    model.register_forward_hook(lambda _model, _inputs, logits: recorded.append(logits.requires_grad))
    leave_gradients(model, draw)
    kind = kind_of(estimate_loss(model, ragged(draw)))
    return [kind, {"graph recorded": any(recorded)}, [p.grad for p in model.parameters()]]


@probe("overfit_one_batch", ask="Is entry 0 the untrained loss? Which gradients move step 2?", atol=1e-5, because=STEPS)
def trajectory(overfit_one_batch: Callable, draw: Draw) -> list[float]:
    """gives the loss of every step, each measured before its update"""
    model = TinyModel(draw)
    return overfit_one_batch(model, SGD(model.parameters(), lr=0.3, momentum=0.5), *batch(draw, 2, 3), 5, mean_loss)


@probe("overfit_one_batch", ask="What is in p.grad when your function begins?", atol=1e-5, because=STEPS)
def old_gradients(overfit_one_batch: Callable, draw: Draw) -> list[float]:
    """gradients left over from before do not matter"""
    model = TinyModel(draw)
    leave_gradients(model, draw)
    return overfit_one_batch(model, SGD(model.parameters(), lr=0.3), *batch(draw, 2, 3), 3, mean_loss)


@probe("overfit_one_batch", ask="What is the loss of a model that knows nothing? Of one that knows it all?")
def by_heart(overfit_one_batch: Callable, draw: Draw) -> dict[str, bool]:
    """starts near ln V and ends near 0"""
    model, x = TinyModel(draw, scale=0.1), torch.arange(6).view(2, 3)
    y = torch.tensor(draw.shuffled(range(V)))[x]  # which token follows depends on the token alone: it can be learned
    losses = overfit_one_batch(model, SGD(model.parameters(), lr=1.0, momentum=0.8), x, y, 60, mean_loss)
    return {"first near ln 7": abs(float(losses[0]) - 1.946) < 0.2, "last below 0.05": float(losses[-1]) < 0.05}


@probe("overfit_one_batch", ask="Print what loss_fn gets. Is it model(x) and y, as they are?", atol=1e-5, because=STEPS)
def handed_over(overfit_one_batch: Callable, draw: Draw) -> list[Any]:
    """calls the loss_fn it is given, with the model's logits and the targets as they are"""
    model, seen = TinyModel(draw), ["loss_fn was never called"]

    def loss_fn(*handed: Tensor) -> Tensor:
        seen[:] = [tensor.detach().clone() for tensor in handed]
        return sum((tensor * tensor).sum() for tensor in handed if tensor.is_floating_point())

    overfit_one_batch(model, SGD(model.parameters(), lr=0.01), *batch(draw, 2, 4), 1, loss_fn)
    return seen


@probe("overfit_one_batch", ask="How many losses come from `steps` steps?", kind="property")
def one_step_each(overfit_one_batch: Callable, draw: Draw) -> list[int]:
    """makes as many optimizer steps as it gives losses, also none"""
    model, counts, steps = TinyModel(draw), [], []
    optimizer = SGD(model.parameters(), lr=0.1)
    optimizer.register_step_post_hook(lambda *_: steps.append(1))
    for n in (draw.integer(2, 6), 0):
        steps.clear()
        counts += [len(overfit_one_batch(model, optimizer, *batch(draw, 2, 3), n, mean_loss)), len(steps)]
    return counts


@probe("overfit_one_batch", ask="What does a list of 1000 loss tensors keep in memory?", kind="property")
def plain_floats(overfit_one_batch: Callable, draw: Draw) -> list[str]:
    """gives plain floats, so no computation graph stays alive"""
    model = TinyModel(draw)
    losses = overfit_one_batch(model, SGD(model.parameters(), lr=0.1), *batch(draw, 2, 3), 2, mean_loss)
    return [kind_of(loss) for loss in losses]


@probe("epoch_order", ask="How often does each example come up in one epoch?")
def permutation(epoch_order: Callable, draw: Draw) -> list[Any]:
    """is a list of the numbers from 0 to n−1, each once"""
    orders = [epoch_order(n, draw.integer(0, 1000), draw.integer(0, 9)) for n in (0, 1, 13)]
    return [[type(order).__name__, sorted(order)] for order in orders]


@probe("epoch_order", ask="Which pairs (seed, epoch) give the same order in your version?")
def all_different(epoch_order: Callable, draw: Draw) -> list[str]:
    """gives another order for every seed and every epoch"""
    s = draw.integer(2, 9)
    pairs = [(s, 0), (s, 1), (s, 2), (s + 1, 0), (s + 1, 1), (1, s), (0, s + 1), (1, 11), (11, 1), (0, 1000), (1, 0)]
    orders = {pair: epoch_order(60, *pair) for pair in pairs}
    return [f"{a} and {b} are the same" for a, b in itertools.combinations(pairs, 2) if orders[a] == orders[b]]


@probe("epoch_order", ask="How does a run that resumes in epoch 3 know what the order of epoch 3 was?")
def stateless(epoch_order: Callable, draw: Draw) -> dict[str, bool]:
    """epoch 3 has the same order, whatever was called or drawn before"""
    seed = draw.integer(0, 1000)
    first, again, *_ = [epoch_order(40, seed, epoch) for epoch in (3, 3, 0, 1, 2)]
    random.seed(draw.integer(0, 1000))
    torch.manual_seed(draw.integer(0, 1000))
    return {"the same again": first == again, "the same later": first == epoch_order(40, seed, 3)}


@probe("epoch_order", ask="How many neighbours i, i + 1 does a good shuffle leave side by side?")
def well_mixed(epoch_order: Callable, draw: Draw) -> dict[str, bool]:
    """mixes well: any example may come first, and neighbours are parted"""
    seed = draw.integer(0, 1000)
    orders = [epoch_order(30, seed, epoch) for epoch in range(60)]
    first = sum(order[0] for order in orders) / 60  # of a fair shuffle: 14.5 ± 1.12; the bounds are 6σ away
    kept = sum(b == a + 1 for order in orders for a, b in itertools.pairwise(order)) / 60  # of a fair one: 0.97 ± 0.13
    return {"starts anywhere": 7.5 < first < 21.5, "neighbours parted": kept < 2.0}


@probe("epoch_order", ask="Who else draws from the generator that you seeded or used?", kind="property")
def generators_untouched(epoch_order: Callable, draw: Draw) -> dict[str, bool]:
    """neither seeds nor advances the random generators of Python and of torch"""
    of_python, of_torch = random.getstate(), torch.get_rng_state()
    epoch_order(20, draw.integer(0, 1000), 2)
    return {"Python's kept": of_python == random.getstate(), "torch's kept": of_torch.equal(torch.get_rng_state())}


@probe("epoch_order", ask="Print hash('a') in two fresh Pythons. Is it the same number?", kind="property")
def other_process(epoch_order: Callable, draw: Draw) -> dict[str, bool]:
    """is the same in a process where hash() of a text is another number"""
    seed, unsalted = draw.integer(0, 1000), hash

    def salted(value: Any) -> int:
        return unsalted(value) ^ ("'" in repr(value))  # a text shows quotes; numbers hash alike everywhere

    here = epoch_order(40, seed, 1)
    with mock.patch.object(builtins, "hash", salted):
        return {"the same there": here == epoch_order(40, seed, 1)}


def new_run(draw: Draw, dropout: float = 0.0) -> tuple[TinyModel, Optimizer]:
    model = TinyModel(draw, dropout)
    return model, AdamW(model.parameters(), lr=0.05, weight_decay=0.1)


def train(model: nn.Module, optimizer: Optimizer, batches: list[Batch]) -> None:
    for x, y in batches:
        optimizer.zero_grad()
        mean_loss(model(x), y).backward()
        optimizer.step()


def batches(draw: Draw, n: int) -> list[Batch]:
    return [batch(draw, 2, 3) for _ in range(n)]


@contextlib.contextmanager
def saved(pair: Any, draw: Draw) -> Iterator[tuple[Path, TinyModel, Optimizer]]:
    """A run after two steps, and the file it was saved in."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path, (model, optimizer), step = Path(folder) / "run.pt", new_run(draw), draw.integer(10, 999)
        train(model, optimizer, batches(draw, 2))
        optimizer.param_groups[0]["lr"] = 0.2  # a schedule has changed it on the way
        pair.save_checkpoint(path, model, optimizer, step)
        yield path, model, optimizer


def everything(model: nn.Module, optimizer: Optimizer) -> dict[str, list]:
    """All that a run is made of, to the bit."""
    moments = [t for state in optimizer.state.values() for t in state.values()]
    return {
        "weights": [p.tolist() for p in model.parameters()],
        "optimizer": [*(t.tolist() for t in moments), *(group["lr"] for group in optimizer.param_groups)],
        "random generator": torch.get_rng_state().tolist(),
    }


def same(before: dict[str, list], after: dict[str, list]) -> dict[str, bool]:
    return {f"same {part}": before[part] == after[part] for part in before}


@probe("save_checkpoint", ask="What does load_checkpoint return, and what is in the weights then?")
def brought_back(pair: Any, draw: Draw) -> list[Any]:
    """brings step and weights back into a freshly built model"""
    with saved(pair, draw) as (path, _, _):
        model, optimizer = new_run(draw)
        return [pair.load_checkpoint(path, model, optimizer), weights(model)]


@probe("save_checkpoint", ask="What does AdamW remember from one step to the next?", atol=1e-5, because=STEPS)
def continues(pair: Any, draw: Draw) -> dict[str, Tensor]:
    """training goes on as if never interrupted: moments, learning rate, all"""
    with saved(pair, draw) as (path, _, _):
        model, optimizer = new_run(draw)
        pair.load_checkpoint(path, model, optimizer)
        train(model, optimizer, batches(draw, 2))
        return weights(model)


@probe("save_checkpoint", ask="Is what you saved a copy, or does it point at the living weights?")
def later_training(pair: Any, draw: Draw) -> list[Any]:
    """training after saving does not change what was saved; it can be loaded twice"""
    seen = []
    with saved(pair, draw) as (path, model, optimizer):
        for _ in range(2):
            train(model, optimizer, batches(draw, 2))
            seen += [pair.load_checkpoint(path, model, optimizer), weights(model)]
    return seen


@probe("save_checkpoint", ask="Who draws random numbers while a model trains?", kind="property")
def bit_for_bit(pair: Any, draw: Draw) -> dict[str, bool]:
    """with dropout and random batches, the resumed run is the same to the bit"""

    def go_on(model: nn.Module, optimizer: Optimizer) -> dict[str, list]:
        train(model, optimizer, [(torch.randint(V, (2, 3)), torch.randint(V, (2, 3))) for _ in range(2)])
        return everything(model, optimizer)

    with saved(pair, draw) as (path, model, optimizer):
        model.drop.p = 0.5
        uninterrupted = go_on(model, optimizer)
        model, optimizer = new_run(draw, dropout=0.5)
        torch.manual_seed(draw.integer(0, 1000))
        pair.load_checkpoint(path, model, optimizer)
        return same(uninterrupted, go_on(model, optimizer))


@probe("save_checkpoint", ask="At which line does a broken file show? What has changed by then?", kind="property")
def cut_short(pair: Any, draw: Draw) -> dict[str, Any]:
    """a file cut short raises, and changes nothing"""
    seen = {}
    with saved(pair, draw) as (path, model, optimizer):
        train(model, optimizer, batches(draw, 1))
        torch.rand(3)
        before, whole = everything(model, optimizer), path.read_bytes()
        for percent in (0, 50, 90):
            path.write_bytes(whole[: len(whole) * percent // 100])
            raised = {"raises": raises(pair.load_checkpoint, path, model, optimizer)}
            seen[f"{percent} % of the file"] = raised | same(before, everything(model, optimizer))
    return seen


class Trap:
    """An object whose pickle makes a folder as soon as somebody unpickles it. It could do anything else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@probe("save_checkpoint", ask="A pickle is a program. Which argument of torch.load refuses it?", kind="property")
def no_code(pair: Any, draw: Draw) -> dict[str, bool]:
    """loading runs no code that somebody hid in the file"""
    with saved(pair, draw) as (path, model, optimizer):
        pair.load_checkpoint(path, model, optimizer)
        trap = Trap(path.with_name("the code ran"))
        path.write_bytes(pickle.dumps(trap))
        raises(pair.load_checkpoint, path, model, optimizer)
        torch.save({"model": trap}, path)
        raises(pair.load_checkpoint, path, model, optimizer)
        return {"the code ran": trap.folder.exists()}


@probe("bits_per_byte", ask="How many nats is one bit?")
def converted(bits_per_byte: Callable, draw: Draw) -> list[float]:
    """turns nats into bits and divides by the bytes"""
    return [bits_per_byte(draw.uniform(5.0, 500.0), draw.integer(20, 900)) for _ in range(3)]


@probe("bits_per_byte", ask="How many bits tell one of 256 equally likely bytes?")
def knows_nothing(bits_per_byte: Callable, draw: Draw) -> list[float]:
    """is 8 for a model that knows nothing about bytes, 0 for one that knows all"""
    n = draw.integer(10, 90)
    return [bits_per_byte(n * 5.545177444479562, n), bits_per_byte(0.0, n)]  # ln 256 nats for each byte
