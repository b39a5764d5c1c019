"""The training loop, in pieces that can be trusted: exact accumulation, honest evaluation, runs that resume.

Shapes: B batch, T time, V vocabulary. A batch is (x, y): token ids and their targets, both (B, T) int64; a target
of −100 does not count. A model maps x to logits (B, T, V). Averages are over tokens, never over batches.
"""

import math
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from reference.optimization import cross_entropy


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, micro_batches: list[tuple[Tensor, Tensor]]) -> float:
    """Do one optimizer step on a batch that comes in pieces.

    Args:
        model: maps x (B, T) to logits (B, T, V).
        optimizer: holds the parameters of model.
        micro_batches: the pieces, each (x, y), of any sizes; y may hold −100 (not counted).

    Returns:
        The loss before the update, a float: the mean cross-entropy over all targets that count, in all pieces.

    The parameters afterwards are those of one step on all pieces joined into one batch; gradients left over from
    earlier do not matter. The optimizer makes exactly one step. The mode (train or eval) of the model stays as it
    is. If no target counts at all, the result is 0.0 and there is no step. Each piece goes backward before the next
    one goes forward: at no time is the graph of more than one piece alive, and at the end none is.

    Example:
        >>> model = nn.Embedding(3, 3)  # a bigram model: its rows are the logits of the next token
        >>> _ = nn.init.zeros_(model.weight)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
        >>> x, y = torch.tensor([[0, 1]]), torch.tensor([[1, -100]])
        >>> round(train_step(model, optimizer, [(x, y)]), 4)  # ln 3
        1.0986
    """
    n_tokens = sum((y != -100).sum().item() for _, y in micro_batches)
    if n_tokens == 0:
        return 0.0
    optimizer.zero_grad()
    total_loss = 0.0
    for x, y in micro_batches:
        share = (y != -100).sum().item() / n_tokens
        loss = cross_entropy(model(x), y) * share
        loss.backward()  # gradients add up; the graph of this piece is free again
        total_loss += loss.item()
    optimizer.step()
    return total_loss


def estimate_loss(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Measure the loss of a model without touching it.

    Args:
        model: maps x (B, T) to logits (B, T, V).
        batches: pairs (x, y) of any sizes, also an iterator that can be read only once; y may hold −100.

    Returns:
        The mean cross-entropy over all targets that count, in all batches, a float; 0.0 if there is none.
        The model runs in eval mode (no dropout) and without recording gradients. Afterwards it is in the mode
        in which it came, also if it raised an exception on the way. Gradients that it holds stay as they are.

    Example:
        >>> model = nn.Embedding(3, 3)
        >>> _ = nn.init.zeros_(model.weight)
        >>> round(estimate_loss(model, [(torch.tensor([[0, 1]]), torch.tensor([[1, 2]]))]), 4), model.training
        (1.0986, True)
    """
    was_training = model.training
    total_loss, n_tokens = 0.0, 0
    try:
        model.eval()
        with torch.no_grad():
            for x, y in batches:
                n = (y != -100).sum().item()
                total_loss += cross_entropy(model(x), y).item() * n
                n_tokens += n
    finally:
        model.train(was_training)
    return total_loss / max(n_tokens, 1)


def overfit_one_batch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    y: Tensor,
    steps: int,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> list[float]:
    """Train on one batch again and again: the first thing to try on a new model.

    Args:
        model: maps x to logits.
        optimizer: holds the parameters of model.
        x, y: the batch; y is the target as it is.
        steps: how many optimizer steps to make.
        loss_fn: maps (logits, y), in this order, to a 0-d tensor; it is called with what the model gives and y as
            it is, both unchanged in value and shape.

    Returns:
        The loss of each step, measured before its update: a list of `steps` floats. In a sound model it starts
        near ln V and ends near 0.

    Each step is an ordinary one on this batch alone; gradients left over from before do not matter.

    Example:
        >>> model = nn.Embedding(3, 3)
        >>> _ = nn.init.zeros_(model.weight)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=10.0)
        >>> x, y = torch.tensor([[0, 1]]), torch.tensor([[1, 2]])
        >>> [round(loss, 2) for loss in overfit_one_batch(model, optimizer, x, y, 3, cross_entropy)]
        [1.1, 0.01, 0.01]
    """
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def epoch_order(n: int, seed: int, epoch: int) -> list[int]:
    """Shuffle the examples for one epoch.

    Args:
        n: number of examples.
        seed: of the whole run.
        epoch: counted from 0.

    Returns:
        The numbers 0…n−1 in random order, each once.

    The order depends on the arguments and on nothing else: it is the same at every call, in every process
    and in every version of Python, so a run that resumes in epoch 3 need not play the epochs before. Different
    (seed, epoch) give different orders; (1, 2) is neither (2, 1) nor (0, 3). The global random generators
    of Python and of torch are neither read nor advanced. Which order it is, is yours to choose.

    Example:
        >>> order = epoch_order(100, seed=0, epoch=3)
        >>> sorted(order) == list(range(100)), order == epoch_order(100, 0, 3), order == epoch_order(100, 3, 0)
        (True, True, False)
    """
    rng = random.Random(f"seed {seed}, epoch {epoch}")  # a text is hashed the same way everywhere
    return sorted(range(n), key=lambda _: rng.random())  # only random() is promised to outlive Python's versions


def save_checkpoint(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    """Write down everything that a run needs to go on as if it had never stopped.

    Args:
        path: the file to write; an older one is replaced.
        model: its weights are saved.
        optimizer: its state and settings are saved.
        step: the number of steps done.

    Saved is also the state of torch's global CPU random generator, which draws dropout. Nothing is changed,
    and later training does not change what was saved. `load_checkpoint` reads the file; its format is yours.

    Example:
        >>> import tempfile
        >>> model = nn.Linear(2, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(Path(folder) / "run.pt", model, optimizer, step=7)
        ...     print(load_checkpoint(Path(folder) / "run.pt", model, optimizer))
        7
    """
    checkpoint = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "rng": torch.get_rng_state(),
    }
    torch.save(checkpoint, path)


def load_checkpoint(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Continue where `save_checkpoint` stopped.

    Args:
        path: a file that `save_checkpoint` wrote; it can be loaded any number of times.
        model, optimizer: built as they were then; they receive the saved values in place.

    Returns:
        The saved step. The state of torch's global CPU random generator is set back too, so that
        training from here is bit for bit the training that was interrupted.

    Raises:
        Exception (any): the file is cut short. Then nothing was changed: not the model, not the optimizer,
        not the random generator.

    Loading never runs code from the file, whoever wrote it.
    """
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)  # tensors and plain values, no code
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    torch.set_rng_state(checkpoint["rng"])
    return checkpoint["step"]


def bits_per_byte(total_nats: float, total_bytes: int) -> float:
    """Express a loss so that models with different tokenizers can be compared.

    Args:
        total_nats: the loss summed (not averaged) over all tokens of a text, in nats.
        total_bytes: the length of that text in UTF-8 bytes, > 0.

    Returns:
        The bits that the model needs per byte of text, a float.

    Example:
        >>> round(bits_per_byte(total_nats=10 * math.log(256), total_bytes=10), 6)  # knows nothing: 8 bits a byte
        8.0
    """
    return total_nats / math.log(2) / total_bytes
