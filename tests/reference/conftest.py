"""One thread: the machine may be small, and sums in one order are easier to compare."""

import os
from pathlib import Path

import pytest
import tiktoken
import torch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _one_thread_one_seed() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def gpt2(request: pytest.FixtureRequest) -> tiktoken.Encoding:
    """GPT-2's own tokenizer."""
    folder = Path(os.environ.get("TIKTOKEN_CACHE_DIR") or ROOT.parent / "shared" / "tiktoken-cache")
    if not folder.is_dir() or not any(folder.iterdir()):
        pytest.skip(f"GPT-2's table is absent: no file in {folder}. Set TIKTOKEN_CACHE_DIR to have this tested.")
    patch = pytest.MonkeyPatch()
    request.addfinalizer(patch.undo)
    patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
    return tiktoken.get_encoding("gpt2")
