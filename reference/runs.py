"""What a training run keeps in its folder, and how it stays whole when the run is killed.

    checkpoint.safetensors    all that is needed to go on to the bit: weights, optimizer state, facts about the run
    model.safetensors         the model alone, when the run is complete, as `reference.play.save_gpt` writes it
    log.jsonl                 a line for each step and each evaluation
    loss.svg                  the two curves

No exercise, a bridge. A file is written beside its place, forced to the disk and then renamed, so the old one or the
new one is there at any moment. Nothing is pickled: tensors are tensors, and everything else is JSON.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from reference.corpus import InputError, RunError
from reference.play import fill_weights, weights

CHECKPOINT, MODEL, LOG, PICTURE = "checkpoint.safetensors", "model.safetensors", "log.jsonl", "loss.svg"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place to write the new content of the file at `path`, which it then becomes: whole or not at all.

    Raises:
        RunError: it cannot be written. What was at `path` is still there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder) / "log") as partial:
        ...         _ = partial.write_text("new")
        ...     [(file.name, file.read_text()) for file in Path(folder).iterdir()]
        [('log', 'new')]
    """
    partial = path.with_name(f"{path.name}.part")  # one name, so that a killed run leaves one file and not many
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RunError(f"cannot write {path}: {error.strerror or error}") from None
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Be the only process that writes into a `folder`, for as long as the block lasts. Where a system knows no such
    claims (Windows), nothing happens.

    Raises:
        InputError: another process is.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder, claimed(Path(folder)):
        ...     with claimed(Path(folder)):  # doctest: +ELLIPSIS
        ...         pass
        Traceback (most recent call last):
        reference.corpus.InputError: another process is training in ...
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it, even after kill -9
        yield
    except BlockingIOError:
        raise InputError(f"another process is training in {folder}: wait, or name another folder with --out") from None
    finally:
        os.close(descriptor)


def save_state(
    path: Path, model: nn.Module, optimizers: Sequence[torch.optim.Optimizer], facts: dict[str, Any]
) -> None:
    """Write all that a run needs to go on.

    Args:
        path: the checkpoint; an older one is replaced.
        model: its weights are saved.
        optimizers: their state is saved; their settings are not, because the recipe makes them again.
        facts: plain values; `read_facts` gives them back.

    Raises:
        RunError: it cannot be written.
    """
    state = optimizer_state(optimizers)
    tensors = {f"model.{name}": tensor for name, tensor in weights(model).items()}
    tensors |= {name: value for name, value in state.items() if isinstance(value, Tensor)}
    plain = {name: value for name, value in state.items() if not isinstance(value, Tensor)}
    with replacing(path) as partial:
        metadata = {"facts": json.dumps(facts), "optimizer": json.dumps(plain)}
        partial.write_bytes(save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, metadata))


def load_state(path: Path, model: nn.Module, optimizers: Sequence[torch.optim.Optimizer] = ()) -> None:
    """Put what `save_state` wrote back, in place.

    Args:
        path: the checkpoint.
        model: built as it was then.
        optimizers: built as they were then; each gets its state. None = the model is enough.

    Raises:
        RunError: the file is damaged, or is the checkpoint of another model.
    """
    with opened(path) as (metadata, tensors):
        fill_weights(model, {name.removeprefix("model."): t for name, t in tensors.items() if name[:6] == "model."})
        values = {name: t for name, t in tensors.items() if name[:6] != "model."} | json.loads(metadata["optimizer"])
        states: list[dict[int, dict[str, Any]]] = [{} for _ in optimizers]
        for name, value in values.items() if optimizers else ():
            _, i, j, key = name.split(".", 3)
            states[int(i)].setdefault(int(j), {})[key] = value
        for optimizer, state in zip(optimizers, states, strict=True):
            settings = optimizer.state_dict()["param_groups"]  # as the recipe made them
            optimizer.load_state_dict({"state": state, "param_groups": settings})


def optimizer_state(optimizers: Sequence[torch.optim.Optimizer]) -> dict[str, Any]:
    """What `optimizers` remember of each parameter, under names like optimizer.0.5.exp_avg: of the first, its sixth.

    Example:
        >>> optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], momentum=0.9)
        >>> optimizer.param_groups[0]["params"][0].grad = torch.tensor([3.0, 4.0])
        >>> optimizer.step()
        >>> optimizer_state([optimizer])
        {'optimizer.0.0.momentum_buffer': tensor([3., 4.])}
    """
    state = {}
    for i, optimizer in enumerate(optimizers):
        for j, p in enumerate(p for group in optimizer.param_groups for p in group["params"]):
            state |= {f"optimizer.{i}.{j}.{key}": value for key, value in optimizer.state.get(p, {}).items()}
    return state


def read_facts(path: Path) -> dict[str, Any]:
    """The facts in the checkpoint at `path`; no tensor is read.

    Raises:
        RunError: the file is damaged, or no checkpoint.
    """
    with opened(path, with_tensors=False) as (metadata, _):
        return json.loads(metadata["facts"])


@contextmanager
def opened(path: Path, with_tensors: bool = True) -> Iterator[tuple[dict[str, str], dict[str, Tensor]]]:
    """The metadata and, with_tensors, the tensors of the safetensors file at `path`, for as long as the block lasts.

    Raises:
        RunError: the file, or what the block does with it, does not work.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys() if with_tensors else []
            # cloned: tensors in the file may lie at any address, ours begin where vector instructions like it
            yield file.metadata() or {}, {name: file.get_tensor(name).clone() for name in names}
    except (OSError, SafetensorError, KeyError, IndexError, ValueError, RuntimeError) as error:
        reason = str(error) if isinstance(error, OSError) else f"it is damaged, or of another model: {error}"
        raise RunError(f"cannot use {path}: {reason}") from None


def append_log(path: Path, **values: float | None) -> None:
    """Add one line of `values` to the log at `path`.

    Raises:
        RunError: it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(values) + "\n")
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror}") from None


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of the log at `path`; there may be none. A line that was cut off by the end of its process is not one.

    Example:
        >>> read_log(Path("nowhere.jsonl"))
        []
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def cut_log(path: Path, step: int) -> None:
    """Leave in the log at `path` what was there after this `step`: a run that goes on from it writes the rest again.

    Raises:
        RunError: it cannot be written.
    """
    lines = [json.dumps(line) + "\n" for line in read_log(path) if line["step"] <= step]
    with replacing(path) as partial:
        partial.write_text("".join(lines), encoding="utf-8", newline="\n")


@dataclass(frozen=True)
class Run:
    """A run that was stopped or completed: where it lies, and how good it is."""

    folder: Path
    """Where everything lies."""
    step: int
    """Steps done."""
    steps: int
    """Steps there are to do."""
    num_parameters: int
    """Numbers that training changes."""
    train_loss: float
    """Nats per token: the mean over the last 50 steps."""
    val_loss: float | None
    """Nats per token of validation text, at the last evaluation. None = there was none."""
    bits_per_byte: float | None
    """The same as bits for each byte of that text, so that tokenizers can be compared."""
    best_val_loss: float | None
    """The lowest of all evaluations."""
    tokens_per_s: float | None
    """Tokens trained on in a second, evaluations not counted; before the last evaluation."""

    @property
    def complete(self) -> bool:
        """Nothing is left to do."""
        return self.step == self.steps


def read_run(folder: Path) -> Run:
    """The run in a `folder`, from its checkpoint and its log.

    Raises:
        RunError: there is none, or it is damaged.
    """
    facts, lines = read_facts(folder / CHECKPOINT), read_log(folder / LOG)
    train = [line["train_loss"] for line in lines if "train_loss" in line][-50:]
    evaluations = [line for line in lines if "val_loss" in line] or [{}]
    losses = [line["val_loss"] for line in evaluations if line.get("val_loss") is not None]
    last = {key: evaluations[-1].get(key) for key in ("val_loss", "bits_per_byte", "tokens_per_s")}
    steps, size = facts["run"]["steps"], facts["num_parameters"]
    best, mean = min(losses, default=None), sum(train) / max(len(train), 1)
    return Run(folder, facts["step"], steps, size, mean, best_val_loss=best, **last)


def draw_losses(folder: Path) -> None:
    """Draw the two curves of the log in a `folder` into its loss.svg.

    Raises:
        RunError: it cannot be written.
    """
    from matplotlib.figure import Figure  # half a second to import: only who has something to draw waits

    lines = read_log(folder / LOG)
    axes = (figure := Figure(figsize=(7, 4), layout="constrained")).add_subplot()
    for key, label, style in (("train_loss", "training", "C0-"), ("val_loss", "validation", "C1.-")):
        points = [(line["step"], line[key]) for line in lines if line.get(key) is not None]
        axes.plot([step for step, _ in points], [loss for _, loss in points], style, label=label, linewidth=1)
    axes.set(xlabel="step", ylabel="loss, nats per token", ylim=(0, None))
    axes.legend()
    with replacing(folder / PICTURE) as partial:
        figure.savefig(partial, format="svg")
