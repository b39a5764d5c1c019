"""`autograder dev checkpoint`: train the small GPT that lies beside the lesson `gpt`, in GPT-2's layout.

Made by the course's own pieces from the course's own text. Two machines round differently and would train two models,
so the file is committed, and a test holds it to its loss.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from autograder.course import Course
from autograder.stories import stories
from reference.bigram import build_char_vocab
from reference.data import get_batch
from reference.gpt import GPT, GPTConfig, init_weights
from reference.optimization import AdamW, clip_grad_norm_, configure_param_groups, cosine_lr, cross_entropy
from reference.pretrained import SINGLE, save_gpt2

FOLDER = "tiny-gpt2"
NUM_STEPS = 2000
MAX_LR, MIN_LR, WARMUP = 3e-3, 1e-4, 100


def checkpoint_folder(course: Course) -> Path:
    """Where the small checkpoint lies: beside the lesson, which copies it to the students."""
    return course.root / "solutions" / course.unit("gpt").folder / FOLDER


def training_text() -> str:
    """What the small checkpoint is trained on."""
    return stories(1_000_000)


def make_checkpoint(folder: Path, num_steps: int = NUM_STEPS) -> Iterator[float]:
    """Train, and write config.json, model.safetensors in half precision and vocab.json; yields each step's loss."""
    torch.set_num_threads(1)
    vocab = build_char_vocab(training_text())
    model = GPT(GPTConfig(vocab_size=len(vocab), block_size=64, n_layer=2, n_head=4, n_embd=64))
    generator = torch.Generator().manual_seed(0)
    init_weights(model, n_layer=2, generator=generator)
    data = torch.tensor([vocab[character] for character in training_text()])
    yield from _train(model, data, generator, num_steps)
    save_gpt2(model, folder)
    _halve(folder / SINGLE)
    text = json.dumps(vocab, ensure_ascii=False, indent=0)
    (folder / "vocab.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def _train(model: GPT, data: Tensor, generator: torch.Generator, num_steps: int) -> Iterator[float]:
    optimizer = AdamW(configure_param_groups(model, weight_decay=0.1), lr=MAX_LR, betas=(0.9, 0.99))
    for it in range(num_steps):
        for group in optimizer.param_groups:
            group["lr"] = cosine_lr(it, MAX_LR, MIN_LR, WARMUP, num_steps)
        x, y = get_batch(data, 32, 64, generator)
        loss = cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(list(model.parameters()), 1.0)
        optimizer.step()
        if not math.isfinite(loss.item()):
            raise FloatingPointError(f"the loss of step {it} is {loss.item()}")
        yield loss.item()


def _halve(path: Path) -> None:
    """Half the bytes; what is lost is far below what training could tell apart."""
    halves = {name: tensor.half() for name, tensor in load_file(path).items()}
    path.write_bytes(save(halves, metadata={"format": "pt"}))
