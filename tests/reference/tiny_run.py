"""A run so small that a test can make it several times."""

from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from reference.pretrain import pretrain
from reference.runs import CHECKPOINT, LOG, Run, read_log

TEXT = "The owl sat on the old oak, and the cat ran. Où est l'œuf? " * 40
NUMBERS = {"steps": 12, "block_size": 12, "n_layer": 2, "n_head": 2, "n_embd": 8, "batch_size": 4, "warmup": 2}
NUMBERS |= {"lr": 0.02, "dropout": 0.2}
OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in NUMBERS.items()]


def tiny_run(out: Path, **changes: Any) -> Run:
    """A run of a dozen steps with dropout, evaluated after each fourth, saved after each third."""
    return pretrain(TEXT, out, **{"eval_every": 4, "save_every": 3, "device": "cpu"} | NUMBERS | changes)


def tensors(out: Path) -> dict[str, Tensor]:
    """Everything in a checkpoint that has digits: weights and what the optimizer remembers."""
    return load_file(out / CHECKPOINT)


def losses(out: Path) -> list[tuple]:
    """The log without its speeds, which are never the same."""
    return [tuple((key, line[key]) for key in line if key != "tokens_per_s") for line in read_log(out / LOG)]


def assert_same_run(one: Path, other: Path) -> None:
    """To the bit: weights, optimizer, every loss."""
    first, second = tensors(one), tensors(other)
    assert first.keys() == second.keys()
    assert [name for name in first if not first[name].equal(second[name])] == []
    assert losses(one) == losses(other)
