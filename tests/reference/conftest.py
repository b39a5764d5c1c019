"""One thread: the machine may be small, and sums in one order are easier to compare."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _one_thread_one_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
