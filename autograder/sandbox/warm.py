"""Import the heavy modules once, before any child is forked, and leave them in a state that survives a fork."""

import gc
import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

HUGE = 2 << 20


def warm_up(modules: Iterable[str]) -> None:
    """Import modules; if torch came with them, make it fit for forking. Then have all of it left alone."""
    for name in modules:
        importlib.import_module(name)
        if name == "torch":
            sys.modules["torch"].set_num_threads(1)
    if "torch" in sys.modules:
        _warm_torch()
    gc.collect()
    gc.freeze()  # a collection in a child would otherwise touch, and so copy, every page
    if sys.platform == "linux":
        _gather_into_huge_pages()


def _warm_torch() -> None:
    """One step of training. The first optimizer imports for two seconds; better once here than in every child.

    A pool of threads does not survive a fork and its children hang, so there must be one thread before the first
    operation. Parallel work is several children.
    """
    import torch

    torch.set_num_threads(1)
    weight = torch.nn.Parameter(torch.ones(2, 2))
    optimizer = torch.optim.AdamW([weight])
    (weight @ weight).sum().backward()
    optimizer.step()


def _gather_into_huge_pages() -> None:
    """Make forking twice as fast: a fork copies the table of pages, and one of 2 MiB stands for 512 small ones.

    Advice only. Where the kernel has no such call (before 6.1) or no free memory of that shape, all stays as it was.
    """
    from autograder.sandbox import linux

    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        addresses, rights, _, _, inode = line.split()[:5]
        if (rights, inode) == ("rw-p", "0"):
            start, end = (int(address, 16) for address in addresses.split("-"))
            for page in range(-(-start // HUGE) * HUGE, end - HUGE + 1, HUGE):
                linux.advise(page, HUGE, linux.MADV_COLLAPSE)
