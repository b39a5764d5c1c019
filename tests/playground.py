"""A workspace to play in: `mygpt` is the reference's text, and two tiny GPTs that were never trained lie in it."""

import re
from pathlib import Path
from typing import Any

import torch

from autograder import mygpt
from reference.gpt import GPT, GPTConfig, init_weights
from reference.play import save_gpt

REFERENCE = Path(__file__).resolve().parents[1] / "reference"
CHARS = {"chars": "\n abcdefgh<>&é\x1b"}
BYTES = {"merges": [["l", "o"], ["lo", "w"], ["Ã", "©"]]}
CONTEXT = 16


def make_playground(folder: Path) -> Path:
    """`folder` with mygpt/chars.safetensors and bytes.safetensors in it; returns its `mygpt`."""
    package = mygpt.settle(folder, sources("play"))
    save_gpt(package / "chars.safetensors", tiny_gpt(CHARS), CHARS)
    save_gpt(folder / "bytes.safetensors", tiny_gpt(BYTES), BYTES)
    return package


def tiny_gpt(tokenizer: dict[str, Any]) -> GPT:
    """Two layers, a context of 16, and weights large enough for clear preferences."""
    vocab_size = len(tokenizer.get("chars", ())) or 256 + len(tokenizer["merges"])
    model = GPT(GPTConfig(vocab_size, CONTEXT, n_layer=2, n_head=2, n_embd=8))
    init_weights(model, 2, std=0.6, generator=torch.Generator().manual_seed(0))
    return model.eval()


def sources(name: str) -> dict[str, str]:
    """A module of the reference and all that it imports, as `mygpt` has them."""
    text = (REFERENCE / f"{name}.py").read_text(encoding="utf-8")
    found = {name: text.replace("from reference.", "from mygpt.")}
    for other in re.findall(r"^from reference\.(\w+)", text, re.MULTILINE):
        found |= sources(other)
    return found
