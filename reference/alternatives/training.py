"""Other right answers of the unit training: right in another style, and a check that the probes accept it."""

import math
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from reference.optimization import cross_entropy


def train_step__autograd(
    model: nn.Module, optimizer: torch.optim.Optimizer, micro_batches: list[tuple[Tensor, Tensor]]
) -> float:
    """Ask for the gradients of each piece, and add them up by hand."""
    counts = [int((y != -100).sum()) for _, y in micro_batches]
    if not any(counts):
        return 0.0
    params = list(model.parameters())
    means, sums = [], [torch.zeros_like(p) for p in params]
    for (x, y), n in zip(micro_batches, counts, strict=True):
        loss = cross_entropy(model(x), y) * (n / sum(counts))
        sums = [have + more for have, more in zip(sums, torch.autograd.grad(loss, params), strict=True)]
        means.append(float(loss))
    for p, grad in zip(params, sums, strict=True):
        p.grad = grad
    optimizer.step()
    return math.fsum(means)


def train_step__scaled_gradients(
    model: nn.Module, optimizer: torch.optim.Optimizer, micro_batches: list[tuple[Tensor, Tensor]]
) -> float:
    """Add up gradients of sums, and divide them by the number of tokens at the end."""
    from torch.nn.functional import cross_entropy as f_cross_entropy

    n_tokens, total = 0, 0.0
    for p in model.parameters():
        p.grad = None
    for x, y in micro_batches:
        summed = f_cross_entropy(model(x).reshape(y.numel(), -1), y.reshape(-1), reduction="sum")
        summed.backward()
        total += summed.detach().item()
        n_tokens += y.ne(-100).sum().item()
    if n_tokens == 0:
        return 0.0
    for p in model.parameters():
        p.grad /= n_tokens
    optimizer.step()
    return total / n_tokens


def estimate_loss__inference_mode(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Every module gets its own mode back, by a context manager."""
    from contextlib import contextmanager

    @contextmanager
    def evaluating():
        modes = [(module, module.training) for module in model.modules()]
        for module, _ in modes:
            module.training = False
        try:
            with torch.inference_mode():
                yield
        finally:
            for module, mode in modes:
                module.training = mode

    nats, counted = [], 0
    with evaluating():
        for x, y in batches:
            mask = y != -100
            log_probs = model(x).log_softmax(dim=-1)[mask]
            nats += (-log_probs[torch.arange(len(log_probs)), y[mask]]).tolist()
            counted += len(log_probs)
    return math.fsum(nats) / counted if counted else 0.0


def estimate_loss__list_first(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Remember the batches, then measure."""
    batches = list(batches)
    n_tokens = sum(int((y != -100).sum()) for _, y in batches)
    if not n_tokens:
        return 0.0
    mode = model.training
    model.train(False)
    try:
        with torch.no_grad():
            return sum(float(cross_entropy(model(x), y)) * int((y != -100).sum()) / n_tokens for x, y in batches)
    finally:
        model.train(mode)


def overfit_one_batch__closure(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    steps: int,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> list[float]:
    """Optimizers take a function that measures again, and return what it returned."""

    def measure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        return loss

    return [optimizer.step(measure).item() for _ in range(steps)]


def overfit_one_batch__autograd(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    steps: int,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> list[float]:
    """Ask for the gradients by name and put them where the optimizer looks."""
    losses = torch.zeros(steps)
    params = list(model.parameters())
    for i in range(steps):
        loss = loss_fn(model(x), y)
        losses[i] = loss.detach()
        for p, grad in zip(params, torch.autograd.grad(loss, params, allow_unused=True), strict=True):
            p.grad = grad
        optimizer.step()
    return losses.tolist()


def epoch_order__sha256(n: int, seed: int, epoch: int) -> list[int]:
    """Every example is drawn a lot that depends on its number."""
    from hashlib import sha256

    return sorted(range(n), key=lambda i: sha256(f"{seed}/{epoch}/{i}".encode()).digest())


def epoch_order__numpy(n: int, seed: int, epoch: int) -> list[int]:
    """NumPy mixes a list of whole numbers into one seed."""
    import numpy as np

    return np.random.default_rng([seed, epoch]).permutation(n).tolist()


def epoch_order__fisher_yates(n: int, seed: int, epoch: int) -> list[int]:
    """The classical shuffle, with a generator of its own."""
    rng = random.Random(10**9 * seed + epoch)
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = int(rng.random() * (i + 1))
        order[i], order[j] = order[j], order[i]
    return order


def save_checkpoint__digest(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """The file begins with the hash of the rest, and appears whole or not at all."""
    import hashlib
    import io
    import os

    buffer = io.BytesIO()
    torch.save((model.state_dict(), optimizer.state_dict(), step, torch.random.get_rng_state()), buffer)
    draft = f"{path}.part"
    Path(draft).write_bytes(hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())
    os.replace(draft, path)


def load_checkpoint__digest(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Look at the hash before anything else."""
    import hashlib
    import io

    raw = Path(path).read_bytes()
    if hashlib.sha256(raw[32:]).digest() != raw[:32]:
        raise ValueError(f"{path} is damaged")
    weights, memory, step, rng = torch.load(io.BytesIO(raw[32:]), weights_only=True)
    model.load_state_dict(weights)
    optimizer.load_state_dict(memory)
    torch.random.set_rng_state(rng)
    return step


def save_checkpoint__json(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Everything as text. A float32 survives the way through a decimal number."""
    import json

    def to_json(value: object) -> object:
        if isinstance(value, Tensor):
            return {"dtype": str(value.dtype)[6:], "shape": list(value.shape), "values": value.tolist()}
        if isinstance(value, dict):
            return {"pairs": [[key, to_json(item)] for key, item in value.items()]}
        if isinstance(value, (list, tuple)):
            return {"tuple" if isinstance(value, tuple) else "list": [to_json(item) for item in value]}
        return value

    parts = [model.state_dict(), optimizer.state_dict(), torch.get_rng_state(), step]
    Path(path).write_text(json.dumps([to_json(part) for part in parts]), encoding="utf-8")


def load_checkpoint__json(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Read all, then change."""
    import json

    def of_json(value: object) -> object:
        if not isinstance(value, dict):
            return value
        if "dtype" in value:
            return torch.tensor(value["values"], dtype=getattr(torch, value["dtype"])).reshape(value["shape"])
        if "pairs" in value:
            return {key: of_json(item) for key, item in value["pairs"]}
        ((kind, items),) = value.items()
        return {"tuple": tuple, "list": list}[kind](of_json(item) for item in items)

    weights, memory, rng, step = [of_json(part) for part in json.loads(Path(path).read_text(encoding="utf-8"))]
    with torch.no_grad():
        for name, p in model.state_dict().items():
            p.copy_(weights[name])
    optimizer.load_state_dict(memory)
    torch.set_rng_state(rng)
    return step


def bits_per_byte__log2(total_nats: float, total_bytes: int) -> float:
    """A nat is log₂ e bits."""
    return math.log2(math.e) * total_nats / total_bytes


def bits_per_byte__base_two(total_nats: float, total_bytes: int) -> float:
    """The probability of an average byte, then its logarithm to base 2."""
    return -math.log2(math.exp(-total_nats / total_bytes))
