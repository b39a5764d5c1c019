"""Import the heavy modules once, before any child is forked, and leave them in a state that survives a fork."""

import gc
import importlib
import sys
from collections.abc import Iterable


def warm_up(modules: Iterable[str]) -> None:
    """Import modules; if torch is among them, make it fit for forking. Then tell the collector to leave all that alone."""
    for name in modules:
        importlib.import_module(name)
        if name == "torch":
            sys.modules["torch"].set_num_threads(1)
    if "torch" in sys.modules:
        _warm_torch()
    gc.collect()
    gc.freeze()  # a collection in a child would otherwise touch, and so copy, every page


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
