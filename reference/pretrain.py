"""Train a GPT on a text: `python -m reference.pretrain TEXT`, or `pretrain(text, out)` in a notebook.

The same call again goes on where the last one stopped, to the bit, however that one ended. What lies in the folder of a
run is said in runs.py. Several processes (`torchrun --nproc-per-node 2 -m reference.pretrain TEXT`) each take a share
of every batch; all of them must see that folder. On CPUs they talk through gloo, and that was tried. The code for GPUs
(nccl, bfloat16) is there, and has never run.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import torch

from reference.corpus import InputError, RunError, make_corpus, read_text
from reference.distributed import leave, team
from reference.recipes import RECIPES
from reference.recipes import recipe as recipe_named
from reference.runs import CHECKPOINT, LOG, MODEL, PICTURE, Run, claimed, load_state, read_facts
from reference.terminal import Watch, is_leader, stop_requests
from reference.trainer import Loop, Report, Trainer


def pretrain(
    text: str,
    out: str | Path,
    recipe: str = "gpt",
    *,
    bpe: int | None = None,
    val_fraction: float = 0.1,
    seed: int = 0,
    eval_every: int | None = None,
    save_every: int = 100,
    eval_tokens: int = 16_384,
    micro_batch_size: int | None = None,
    device: str = "auto",
    report: Callable[[Report], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    **numbers: float,
) -> Run:
    """Train a model on a text, or go on with a training that stopped.

    Args:
        text: what to learn from, and at its end what to be judged by.
        out: the folder of the run. If an unfinished run of the same text and numbers lies there, it is continued; if
            a finished one, nothing is left to do.
        recipe: a name in recipes.py.
        bpe: tokens of a byte-pair tokenizer trained on the training part; None = characters.
        val_fraction: the share of the text, at its end, that is kept for validation; 0 = none.
        seed: of everything that is drawn: first weights, batches, dropout.
        eval_every: after how many steps to evaluate; None = ten times in all.
        save_every: after how many steps to write a checkpoint.
        eval_tokens: at most so many validation tokens are evaluated, always the same ones; 0 = all.
        micro_batch_size: windows that go through the model at once, where memory is short. None = all of a step's.
        device: "cpu", "cuda" or "auto".
        report: called after each step, in the process that leads.
        say: called with a sentence when something other than a step happens.
        numbers: of the recipe, where others are wanted: steps=500, n_embd=64, and so on.

    Returns:
        The run. Ctrl-C ends it early: the step is finished and saved, and `complete` is False. (Once more, and it ends
        at once; then the last checkpoint counts.)

    Raises:
        InputError: the run cannot begin as it was asked for.
        RunError: it cannot go on.

    Threads, processes and device may change from call to call, but then sums are rounded in another order. (With
    dropout, each of several processes hides other channels than one alone would.)

    Example:
        >>> import tempfile
        >>> sizes = {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8, "batch_size": 4}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = pretrain("to be, or not to be. " * 20, folder, steps=30, lr=0.03, warmup=0, **sizes)
        >>> run.complete, run.train_loss > run.val_loss
        (True, True)
    """
    chosen = replace(recipe_named(recipe), **numbers)
    about = chosen.numbers() | {"bpe": bpe, "val_fraction": val_fraction, "seed": seed}
    about["text"] = hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()
    folder = Path(out)
    with team(device) as us, open_folder(folder, us.rank == 0):
        facts = facts_in(folder, about)
        if facts["tokenizer"] is None and bpe:
            say(f"training a tokenizer of {bpe} tokens")
        corpus = make_corpus(text, bpe, val_fraction, facts["tokenizer"])
        trainer = Trainer(chosen, corpus, seed, us, micro_batch_size)
        loop = Loop(trainer, folder, about, eval_every or max(chosen.steps // 10, 1), save_every, eval_tokens, report)
        if facts["step"]:
            load_state(folder / CHECKPOINT, trainer.model, trainer.optimizers)
            trainer.step = facts["step"]
            done = "is complete" if trainer.step == chosen.steps else "goes on"
            say(f"{folder} {done}: {trainer.step} of {chosen.steps} steps are done")
            if facts["made_with"] != us.circumstances():
                say("threads, processes or device are others than before: sums are rounded in another order")
        with stop_requests() as stopped:
            loop.run(stopped)
        return loop.finish()


@contextmanager
def open_folder(folder: Path, leads: bool) -> Iterator[None]:
    """Make the `folder` of a run, and let the process that `leads` have it to itself as long as the block lasts.

    Raises:
        InputError: nothing can be written there, or another run is at it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOG).touch()
    except OSError as error:
        raise InputError(f"cannot write into {folder}: {error.strerror}. Name another folder with --out") from None
    with claimed(folder) if leads else nullcontext():
        yield


def facts_in(folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Read the facts of the run in a folder, if it is the run that is wanted.

    Args:
        folder: where it lies.
        about: the plain values of the run that is wanted.

    Returns:
        The facts of its last checkpoint. Without one, "step" is 0 and "tokenizer" is None.

    Raises:
        InputError: it is another run.
        RunError: its checkpoint is damaged.

    Example:
        >>> facts_in(Path("nowhere"), {"seed": 1})
        {'step': 0, 'tokenizer': None}
    """
    if not (folder / CHECKPOINT).exists():
        return {"step": 0, "tokenizer": None}
    facts = read_facts(folder / CHECKPOINT)
    before = facts["run"] | {"text": "another text"}
    about = about | {"text": "another text" if about["text"] == facts["run"]["text"] else "this one"}
    differ = [f"{name}: {before.get(name)}, not {value}" for name, value in about.items() if before.get(name) != value]
    if differ:
        raise InputError(f"another run lies in {folder} ({', '.join(differ)}): name another folder with --out")
    return facts


def summary(run: Run) -> str:
    """What the command prints at the end about a `run`."""
    val = "" if run.val_loss is None else f", validation {run.val_loss:.3f} ({run.bits_per_byte:.3f} bits per byte)"
    speed = "" if run.tokens_per_s is None else f", {run.tokens_per_s:,.0f} tokens/s"
    lines = [
        f"{run.folder}: {run.step} of {run.steps} steps, {run.num_parameters:,} parameters{speed}",
        f"loss: training {run.train_loss:.3f} (last 50 steps){val}",
        f"curves: {run.folder / PICTURE}, numbers: {run.folder / LOG}",
    ]
    if run.complete:
        return "\n".join([*lines, f"model: {run.folder / MODEL}; python -m reference.sample {run.folder}"])
    return "\n".join([*lines, "stopped before its end; the same command goes on from here"])


NUMBERS = {
    "steps": (click.IntRange(1), "optimizer steps"),
    "batch_size": (click.IntRange(1), "windows in a step, of all processes together"),
    "block_size": (click.IntRange(1), "tokens in a window, the longest context"),
    "n_layer": (click.IntRange(1), "blocks"),
    "n_head": (click.IntRange(1), "heads"),
    "n_embd": (click.IntRange(1), "width"),
    "dropout": (click.FloatRange(0, 1), "share of embedded channels that training hides"),
    "lr": (click.FloatRange(0, min_open=True), "peak of the learning rate"),
    "warmup": (click.IntRange(0), "steps on which it rises"),
    "weight_decay": (click.FloatRange(0), "of the matrices"),
    "clip": (click.FloatRange(0), "longest gradient, 0 = any"),
}
"""The numbers of a recipe that the command line can change, with their kind and meaning."""


def number_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a `command` an option for each of NUMBERS; what is not said is the recipe's."""
    recipes = [recipe_named(name) for name in RECIPES]
    for name, (kind, meaning) in reversed(NUMBERS.items()):
        defaults = ", ".join(f"{recipe.name}: {getattr(recipe, name)}" for recipe in recipes)
        command = click.option(f"--{name.replace('_', '-')}", type=kind, help=f"{meaning}  [{defaults}]")(command)
    return command


@click.command(context_settings={"max_content_width": 100})
@click.argument("text", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="folder of the run  [runs/NAME OF TEXT-RECIPE]")
@click.option("--recipe", type=click.Choice(RECIPES), default="gpt", show_default=True)
@click.option("--chars", is_flag=True, help="a token for each character, as without --bpe")
@click.option("--bpe", type=int, help="so many byte-pair tokens")
@number_options
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--val-fraction", type=click.FloatRange(0, 1, max_open=True), default=0.1, show_default=True)
@click.option("--eval-every", type=click.IntRange(1), help="steps  [a tenth of all]")
@click.option("--eval-tokens", type=click.IntRange(0), default=16_384, show_default=True, help="0 = all")
@click.option("--save-every", type=click.IntRange(1), default=100, show_default=True, help="steps")
@click.option("--micro-batch-size", type=click.IntRange(1), help="windows at once, where memory is short")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="threads of each process")
@click.option("--json", "as_json", is_flag=True, help="the result as JSON")
def main(text: Path, out: Path | None, threads: int | None, chars: bool, as_json: bool, **options: Any) -> None:
    """Train a GPT on the UTF-8 file TEXT. The same command again goes on where this one stopped.

    \f
    `text`, `out`, `threads`, `chars`, `as_json` and `options` are what the options say.
    """
    if chars and options["bpe"]:
        raise click.UsageError("--chars or --bpe, not both")
    if threads:
        torch.set_num_threads(threads)
    options = {name: value for name, value in options.items() if value is not None or name not in NUMBERS}
    out = out or Path("runs", f"{text.stem}-{options['recipe']}")
    try:
        with Watch() as watch:
            run = pretrain(read_text(text), out, report=watch.report, say=watch.say, **options)
    except RunError as error:
        if is_leader() or not isinstance(error, InputError):  # a wrong input is seen by all, and told by one
            click.echo(f"error: {error}", err=True)
        leave(error.exit_code)
    if is_leader():
        click.echo(json.dumps(asdict(run), default=str) if as_json else summary(run))
    leave(0 if run.complete else 1)


if __name__ == "__main__":
    main()
