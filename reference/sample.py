"""Let a trained model write: `python -m reference.sample RUN`, or `sample(load(RUN), prompt)` in a notebook.

RUN is the folder of a run of pretrain.py, finished or not; or a file that `reference.play.save_gpt` wrote; or a folder
with GPT-2's weights as `transformers` keeps them. Nothing in any of them is run or unpickled.
"""

import codecs
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import click
import torch
from torch import nn

from reference.corpus import InputError, RunError
from reference.distributed import choose_device
from reference.play import Encode, Step, cached_logits, codec, load_gpt, stream, vocabulary
from reference.pretrained import CheckpointError, load_gpt2, read_json
from reference.recipes import recipe
from reference.runs import CHECKPOINT, MODEL, load_state, opened, read_facts
from reference.trainer import build_model


@dataclass(frozen=True)
class Writer:
    """A model with all that it takes to let it write."""

    model: nn.Module
    """In eval mode."""
    step: Step
    """Its forward pass with caches."""
    encode: Encode
    """From a text to ids."""
    token_bytes: Callable[[int], bytes]
    """The bytes of a token."""


def load(path: str | Path, device: str = "cpu") -> Writer:
    """Read a model and its tokenizer.

    Args:
        path: a folder or a file, as above.
        device: "cpu", "cuda" or "auto".

    Raises:
        InputError: there is no model.
        RunError: it is damaged, or nothing this course can run.
    """
    path = Path(path)
    if (path / "config.json").is_file():
        writer = _gpt2(path)
    elif path.is_file() or (path / MODEL).is_file():
        writer = _finished(path / MODEL if path.is_dir() else path)
    elif (path / CHECKPOINT).is_file():
        writer = _unfinished(path / CHECKPOINT)
    else:
        raise InputError(f"{path} holds no model: no {MODEL} and no {CHECKPOINT}. pretrain.py writes them")
    writer.model.eval().to(choose_device(device))
    return writer


def _finished(path: Path) -> Writer:
    """What `save_gpt` wrote; the recipe is named in it."""
    with opened(path, with_tensors=False) as (metadata, _):
        found = recipe(metadata.get("recipe", "gpt"))
    try:
        model, tokenizer = load_gpt(path, lambda config: found.build(config, torch.Generator()))
    except ValueError as error:
        raise RunError(str(error)) from None
    return with_tokenizer(model, found.step, tokenizer)


def _unfinished(path: Path) -> Writer:
    """The checkpoint of a run that was stopped, or still trains."""
    facts = read_facts(path)
    found = recipe(facts["run"]["name"])
    found = replace(found, **{name: facts["run"][name] for name in found.numbers()})
    model = build_model(found, len(vocabulary(facts["tokenizer"])), seed=0)
    load_state(path, model)
    return with_tokenizer(model, found.step, facts["tokenizer"])


def _gpt2(folder: Path) -> Writer:
    """A folder in GPT-2's layout, with a vocab.json of characters or GPT-2's own tokens."""
    try:
        model = load_gpt2(folder)
        names = read_json(folder / "vocab.json") if (folder / "vocab.json").is_file() else {}
    except CheckpointError as error:
        raise RunError(str(error)) from None
    if names and all(len(name) == 1 for name in names):
        return with_tokenizer(model, cached_logits, {"chars": "".join(sorted(names, key=names.__getitem__))})
    try:
        import tiktoken

        encoding = tiktoken.get_encoding("gpt2")
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"GPT-2's tokens need tiktoken's table, once from the network: {reason}") from None
    return Writer(model, cached_logits, encoding.encode_ordinary, encoding.decode_single_token_bytes)


def with_tokenizer(model: nn.Module, step: Step, tokenizer: dict[str, Any]) -> Writer:
    """A `model`, its `step`, and a `tokenizer` as `codec` takes it, put together."""
    return Writer(model, step, codec(tokenizer)[0], vocabulary(tokenizer).__getitem__)


def sample(
    writer: Writer,
    prompt: str = "\n",
    max_new_tokens: int = 200,
    temperature: float = 0.8,
    top_k: int | None = None,
    top_p: float = 1.0,
    seed: int = 0,
    use_cache: bool = True,
) -> Iterator[str]:
    """Let a model continue a text.

    Args:
        writer: as `load` makes it.
        prompt: how the text begins, at least one character.
        max_new_tokens, temperature, top_k, top_p, use_cache: as in `reference.play.stream`.
        seed: the same seed gives the same text.

    Yields:
        What follows the prompt, in pieces, as soon as a token is drawn. A token that ends inside a character waits for
        the rest of it; bytes that are no UTF-8 come as "�".

    Raises:
        InputError: the prompt is empty, or has a character that the model has never seen.

    Example:
        >>> model = build_model(recipe("gpt"), vocab_size=256, seed=0).eval()
        >>> writer = with_tokenizer(model, cached_logits, {"merges": []})
        >>> with_cache, without = ("".join(sample(writer, "é", 9, use_cache=use)) for use in (True, False))
        >>> with_cache == without
        True
    """
    try:
        ids = torch.tensor([writer.encode(prompt)], dtype=torch.int64)
    except ValueError as error:
        raise InputError(f"the prompt cannot be read: {error}") from None
    if not ids.numel():
        raise InputError("the prompt is empty: give the model something to continue, a line break for instance")
    device = next(writer.model.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    settings = (max_new_tokens, temperature, top_k, top_p, generator, use_cache, writer.step)
    for token, _ in stream(writer.model, ids.to(device), *settings):
        if piece := decoder.decode(writer.token_bytes(token)):
            yield piece
    if rest := decoder.decode(b"", final=True):
        yield rest


@click.command(context_settings={"max_content_width": 100})
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--prompt", default="\n", help="how the text begins  [a line break]")
@click.option("--max-new-tokens", type=click.IntRange(0), default=200, show_default=True)
@click.option("--temperature", type=click.FloatRange(0), default=0.8, show_default=True, help="0 = the likeliest token")
@click.option("--top-k", type=click.IntRange(1), help="draw from the k likeliest tokens only")
@click.option("--top-p", type=click.FloatRange(0, 1), default=1.0, show_default=True, help="only from the likeliest")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--no-cache", is_flag=True, help="compute every position anew: the same text, slower")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--threads", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="the text as JSON, when it is complete")
def main(
    run: Path, prompt: str, no_cache: bool, device: str, threads: int | None, as_json: bool, **settings: Any
) -> None:
    """Let the model in RUN write: what it says comes as it is drawn.

    \f
    `run`, `prompt`, `no_cache`, `device`, `threads`, `as_json` and `settings` are what the options say.
    """
    if threads:
        torch.set_num_threads(threads)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a console that lacks a character shows "?"
    try:
        pieces = sample(load(run, device), prompt, use_cache=not no_cache, **settings)
        if as_json:
            click.echo(json.dumps({"prompt": prompt, "text": "".join(pieces), **settings}))
            return
        first = next(pieces, "")  # now the prompt has been read
        for piece in chain([prompt, first], pieces):
            click.echo(piece, nl=False)
        click.echo()
    except RunError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
