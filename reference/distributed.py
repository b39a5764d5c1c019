"""Several processes that train one model: who takes which part of a batch, and how their gradients become one.

No exercise, a bridge. `torchrun` starts the processes and tells each its number; without it there is one, and all of
this does nothing. Each process has the whole model and makes the same steps, so only gradients travel.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

import torch
import torch.distributed as dist
from torch import Tensor

from reference.corpus import InputError, RunError


@dataclass(frozen=True)
class Team:
    """The processes of a run, seen from one of them."""

    rank: int = 0
    """The number of this process, from 0. The one with 0 writes and speaks."""
    size: int = 1
    """How many there are."""
    device: torch.device = torch.device("cpu")  # noqa: RUF009 (it cannot be changed)
    """Where this one computes."""

    def share(self, n: int) -> slice:
        """Which of n rows are for this process: neighbours, as many as the others have or one more.

        Example:
            >>> [list(range(5))[Team(rank, 3).share(5)] for rank in range(3)]
            [[0], [1, 2], [3, 4]]
        """
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def circumstances(self) -> dict[str, int | str]:
        """What decides, on one machine, in which order sums are rounded.

        Example:
            >>> sorted(Team().circumstances())
            ['device', 'processes', 'threads']
        """
        return {"threads": torch.get_num_threads(), "processes": self.size, "device": self.device.type}

    def add_(self, tensors: Sequence[Tensor]) -> None:
        """Put the sum over all processes into each of these tensors, in place. They travel as one message, in float32.

        Raises:
            RunError: another process has ended.
        """
        if self.size == 1:
            return
        flat = torch.cat([tensor.flatten().to(self.device, torch.float32) for tensor in tensors])
        try:
            dist.all_reduce(flat)
        except RuntimeError:  # it names the socket, which helps nobody
            raise RunError(
                f"process {self.rank} stops, because another one of this run has ended (what it had to say stands "
                "above). The same command goes on from the last checkpoint"
            ) from None
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))


def choose_device(name: str) -> torch.device:
    """The device of this process: `name` is "cpu", "cuda", or "auto", which is a GPU where there is one.

    Raises:
        InputError: "cuda", and there is no GPU.

    Example:
        >>> choose_device("cpu")
        device(type='cpu')
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise InputError("torch finds no GPU here: leave --device out, or say --device cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


@contextmanager
def team(device: str = "auto") -> Iterator[Team]:
    """This process and the others that torchrun started with it, joined for as long as the block lasts.

    Args:
        device: as `choose_device` takes it. On CPUs the processes talk through gloo, on GPUs through nccl.

    Raises:
        InputError: as `choose_device` does.

    Example:
        >>> with team("cpu") as alone:
        ...     print(alone.rank, alone.size)
        0 1
    """
    place = choose_device(device)
    if "TORCHELASTIC_RUN_ID" not in os.environ:  # nobody but torchrun sets it
        yield Team(device=place)
        return
    if place.type == "cuda":
        torch.cuda.set_device(place)
    dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield Team(dist.get_rank(), dist.get_world_size(), place)
    finally:
        dist.destroy_process_group()


def leave(code: int) -> NoReturn:
    """End this process with the exit `code`, as `sys.exit` does.

    One of several ends without taking Python down first: gloo's threads may still hold a tensor then, and letting go of
    it in the middle of that aborts the process, now and then (PyTorch's pull request 179291).
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
