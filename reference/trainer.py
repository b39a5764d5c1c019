"""One model in training: its steps, its evaluations and its checkpoints, alone or as one of several processes.

No exercise, a bridge: the loop of training.py with the parts that a recipe names. Shapes: B windows of T tokens in the
batch of one step, of which this process takes its share.
"""

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reference.corpus import Corpus, InputError, RunError, number_from
from reference.distributed import Team
from reference.gpt import count_parameters
from reference.optimization import clip_grad_norm_
from reference.play import save_gpt
from reference.recipes import Recipe
from reference.runs import (
    CHECKPOINT,
    LOG,
    MODEL,
    Run,
    append_log,
    cut_log,
    draw_losses,
    read_run,
    replacing,
    save_state,
)
from reference.training import bits_per_byte, estimate_loss


class MixedPrecision(nn.Module):
    """A model whose matrix products run in bfloat16 on a GPU; weights and logits stay in float32. On a CPU, the model.

    Args:
        model: maps ids (B, T) to logits (B, T, V).

    Example:
        >>> MixedPrecision(nn.Embedding(3, 3))(torch.zeros(2, 5, dtype=torch.int64)).shape
        torch.Size([2, 5, 3])
    """

    def __init__(self, model: nn.Module) -> None:
        """Wrap it; its parameters are the parameters of this module."""
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> Tensor:
        """Logits (B, T, V) in float32 of ids (B, T)."""
        with torch.autocast("cuda", torch.bfloat16) if ids.is_cuda else nullcontext():
            return self.model(ids).float()


class Trainer:
    """A model, its optimizers, and how many steps they have made.

    Args:
        recipe: what to build and how to train it.
        corpus: what on.
        seed: of the first weights, the batches and dropout.
        team: the processes that share the work; together they make the steps that one would make alone.
        micro_batch_size: windows that go through the model at once. None = as many as there are.
    """

    def __init__(
        self, recipe: Recipe, corpus: Corpus, seed: int, team: Team, micro_batch_size: int | None = None
    ) -> None:
        """Build the model and its optimizers. InputError: the sizes do not fit together, or not with the text."""
        check_sizes(recipe, corpus, team)
        self.recipe, self.corpus, self.seed, self.team = recipe, corpus, seed, team
        self.micro_batch_size = micro_batch_size or recipe.batch_size
        self.model = build_model(recipe, len(corpus.token_bytes), seed).to(team.device)
        self.forward = MixedPrecision(self.model)
        self.optimizers = recipe.optimizers(self.model, recipe)
        self.peaks = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]
        self.num_parameters = count_parameters(self.model)
        self.step = 0

    def train_step(self, wants_to_stop: bool = False) -> tuple[float, bool]:
        """Make one step.

        Args:
            wants_to_stop: this process was asked to.

        Returns:
            (loss, stop): the mean loss of the whole batch before the step, and whether any process wants to stop: so
            all of them stop at the same step.

        Raises:
            RunError: the loss is no number any more, or another process has ended. Then no step was made.
        """
        self._set_learning_rates()
        loss = self._add_gradients()
        totals = torch.tensor([loss, wants_to_stop], dtype=torch.float64)
        params = list(self.model.parameters())
        self.team.add_([*(p.grad for p in params if p.grad is not None), totals])
        loss, stop = totals.tolist()
        if not math.isfinite(loss):
            raise RunError(f"the loss of step {self.step + 1} is {loss}: begin again with a smaller --lr")
        if self.recipe.clip:
            clip_grad_norm_(params, self.recipe.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.step += 1
        return loss, stop > 0

    def evaluate(self, x: Tensor, y: Tensor) -> tuple[float, float]:
        """Measure the loss on windows x, y (n, T) of validation text: (nats per token, bits per byte).

        Each process measures its share of the windows. The model and its mode stay as they are.
        """
        mine = self.team.share(len(x))
        rows, device = max(1, self.micro_batch_size // self.team.size), self.team.device
        batches = zip(x[mine].to(device).split(rows), y[mine].to(device).split(rows), strict=True)
        total = torch.tensor([estimate_loss(self.forward, batches) * y[mine].numel()], dtype=torch.float64)
        self.team.add_([total])
        nats = total.item()
        return nats / y.numel(), bits_per_byte(nats, self.corpus.num_bytes(y))

    def _set_learning_rates(self) -> None:
        factor = self.recipe.schedule(self.step, self.recipe)
        for optimizer, peaks in zip(self.optimizers, self.peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = factor * peak

    def _add_gradients(self) -> float:
        """Leave in the parameters the gradient of this process's share of the batch, and return its share of the loss.

        Dropout draws from torch's global generator. It is seeded for each step and process, so that a run that resumes
        draws the same, and put back afterwards, because it belongs to somebody else.
        """
        recipe, device = self.recipe, self.team.device
        x, y = self.corpus.batch(recipe.batch_size, recipe.block_size, self.seed, self.step)  # (B, T), of all processes
        mine = self.team.share(len(x))
        pieces = zip(*(rows[mine].to(device).split(self.micro_batch_size) for rows in (x, y)), strict=True)
        self.model.train().zero_grad()
        total = 0.0
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(number_from(f"dropout of step {self.step}, process {self.team.rank}, seed {self.seed}"))
            for ids, targets in pieces:
                loss = recipe.loss(self.forward(ids), targets) * (len(ids) / recipe.batch_size)
                loss.backward()
                total += loss.item()
        return total


def build_model(recipe: Recipe, vocab_size: int, seed: int) -> nn.Module:
    """The model of a `recipe` for vocab_size tokens, on the CPU, with first values drawn from `seed`.

    Raises:
        InputError: its sizes do not fit together.
    """
    with torch.random.fork_rng([]):  # what PyTorch's layers draw at first belongs to no stream of ours
        torch.default_generator.manual_seed(seed)
        try:
            return recipe.build(recipe.config(vocab_size), torch.Generator().manual_seed(seed))
        except ValueError as error:
            raise InputError(f"no model has these sizes: {error}") from None


def check_sizes(recipe: Recipe, corpus: Corpus, team: Team) -> None:
    """Refuse what cannot be trained: a `corpus` without a window for the `recipe`, a batch too small for the `team`.

    Raises:
        InputError: the sentence says what to change.
    """
    needed = recipe.block_size + 1
    for part, ids in (("training", corpus.train), ("validation", corpus.val)):
        if len(ids) < needed and (part == "training" or len(ids)):
            raise InputError(
                f"the {part} part of the text has {len(ids)} tokens, and a window of {recipe.block_size} with its "
                f"labels needs {needed}: take a longer text, a smaller --block-size or another --val-fraction"
            )
    if recipe.batch_size < team.size:
        raise InputError(f"{team.size} processes cannot share a batch of {recipe.batch_size}: --batch-size")


@dataclass(frozen=True)
class Report:
    """Where a run stands after a step."""

    step: int
    """Steps done."""
    steps: int
    """Steps there are to do."""
    train_loss: float
    """Of this step's batch, before the step, in nats per token."""
    val_loss: float | None
    """Of the last evaluation; None = there was none yet."""
    tokens_per_s: float
    """Tokens trained on in a second since the last evaluation."""
    evaluated: bool
    """Whether this step was followed by an evaluation."""


class Loop:
    """The steps of a run, and what happens between them: evaluations, checkpoints, lines in the log.

    Args:
        trainer: which makes the steps.
        folder: of the run.
        about: the plain values that make it this run and no other; kept in the checkpoint.
        eval_every, save_every: after how many steps to evaluate, and to write a checkpoint.
        eval_tokens: at most so many validation tokens are evaluated; 0 = all.
        report: called after each step, in the process that leads.
    """

    def __init__(
        self,
        trainer: Trainer,
        folder: Path,
        about: dict[str, Any],
        eval_every: int,
        save_every: int,
        eval_tokens: int,
        report: Callable[[Report], None],
    ) -> None:
        """Choose the validation windows, once."""
        self.trainer, self.folder, self.about, self.report = trainer, folder, about, report
        self.eval_every, self.save_every = eval_every, save_every
        self.windows = trainer.corpus.val_windows(trainer.recipe.block_size, eval_tokens)
        self.leads = trainer.team.rank == 0
        self.val_loss: float | None = None
        self.seconds, self.num_tokens = 0.0, 0  # since the last evaluation

    def run(self, stopped: Callable[[], bool]) -> None:
        """Make all steps that are left, or fewer if `stopped` says so."""
        trainer, steps, stop = self.trainer, self.trainer.recipe.steps, False
        if self.leads:
            cut_log(self.folder / LOG, trainer.step or -1)  # at the beginning there is nothing to keep
        if trainer.step == 0:
            self.evaluate()
        while trainer.step < steps and not stop:
            began = time.perf_counter()
            loss, stop = trainer.train_step(stopped())
            self.seconds += time.perf_counter() - began
            self.num_tokens += trainer.recipe.batch_size * trainer.recipe.block_size
            self.log(train_loss=loss)
            tokens_per_s, is_last = self.num_tokens / self.seconds, trainer.step == steps
            if evaluated := is_last or trainer.step % self.eval_every == 0:
                self.evaluate()
            if is_last or stop or trainer.step % self.save_every == 0:
                self.save()
            if self.leads:
                self.report(Report(trainer.step, steps, loss, self.val_loss, tokens_per_s, evaluated))

    def evaluate(self) -> None:
        """Measure the validation loss, and log it with the speed since the last time."""
        bits = None
        if len(self.windows[0]):
            self.val_loss, bits = self.trainer.evaluate(*self.windows)
        speed = self.num_tokens / self.seconds if self.seconds else None
        self.log(val_loss=self.val_loss, bits_per_byte=bits, tokens_per_s=speed)
        self.seconds, self.num_tokens = 0.0, 0

    def log(self, **values: float | None) -> None:
        """Add a line with these `values`."""
        if self.leads:
            append_log(self.folder / LOG, step=self.trainer.step, **values)

    def save(self) -> None:
        """Write the checkpoint."""
        if self.leads:
            trainer = self.trainer
            facts = {"step": trainer.step, "run": self.about, "tokenizer": trainer.corpus.tokenizer}
            facts |= {"num_parameters": trainer.num_parameters, "made_with": trainer.team.circumstances()}
            save_state(self.folder / CHECKPOINT, trainer.model, trainer.optimizers, facts)

    def finish(self) -> Run:
        """Write what a reader wants, when the leader has written it, say where the run stands."""
        trainer = self.trainer
        if self.leads:
            draw_losses(self.folder)
            if trainer.step == trainer.recipe.steps:
                with replacing(self.folder / MODEL) as partial:
                    save_gpt(partial, trainer.model, trainer.corpus.tokenizer, trainer.recipe.name)
        trainer.team.add_([torch.zeros(1)])  # the others wait here
        return read_run(self.folder)
