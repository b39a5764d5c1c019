"""From a trained GPT to a text that somebody can read: a forward pass with caches, a stream of tokens, a file.

No exercise, a bridge: it joins the pieces of generation.py to the GPT of gpt.py and to the tokenizer. What a tokenizer
needs is kept beside the weights as plain values: `{"chars": "\\n abc"}` or `{"merges": [["l", "o"], …]}`, bytes written
as Latin-1.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from reference.attention import causal_mask, merge_heads, scaled_dot_product_attention, split_heads
from reference.bigram import softmax
from reference.encoding import Tokenizer
from reference.generation import KVCache, sample_next, top_k_filter, top_p_filter
from reference.gpt import GPT, GPTConfig

Encode = Callable[[str], list[int]]
Decode = Callable[[list[int]], str]
Step = Callable[[nn.Module, Tensor, list[KVCache]], Tensor]
"""(model, ids (B, T), a cache for each block) → logits (B, T, V) of the new ids; the caches grow by T."""


def cached_logits(model: GPT, ids: Tensor, caches: list[KVCache]) -> Tensor:
    """Do the forward pass of a GPT for new tokens only; all earlier ones are in the caches.

    Args:
        model: as in gpt.py, with learned positions.
        ids: (B, T) int64, the new tokens. Together with those in the caches at most block_size.
        caches: one for each block, all of the same length; they grow by T.

    Returns:
        (B, T, V) logits, equal to the last T rows of model(all tokens) in eval mode.

    Example:
        >>> model = GPT(GPTConfig(vocab_size=5, block_size=8, n_layer=2, n_head=2, n_embd=6)).eval()
        >>> ids, caches = torch.tensor([[3, 1, 4, 1, 0]]), [KVCache() for _ in model.h]
        >>> parts = [cached_logits(model, part, caches) for part in ids.split([3, 1, 1], dim=1)]
        >>> torch.allclose(torch.cat(parts, dim=1), model(ids), atol=1e-6)
        True
    """
    n, T = len(caches[0]), ids.shape[1]
    x = model.wte(ids) + model.wpe(torch.arange(n, n + T, device=ids.device))  # (B, T, C)
    mask = causal_mask(T, n + T).to(ids.device)
    for block, cache in zip(model.h, caches, strict=True):
        attn, normed = block.attn, block.ln_1(x)
        q, k, v = (split_heads(proj(normed), attn.n_head) for proj in (attn.q_proj, attn.k_proj, attn.v_proj))
        out = scaled_dot_product_attention(q, *cache.update(k, v), mask)  # (B, H, T, D)
        x = x + attn.o_proj(merge_heads(out))
        x = x + block.mlp(block.ln_2(x))
    return model.lm_head(model.ln_f(x))  # (B, T, V)


def stream(
    model: nn.Module,
    ids: Tensor,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float = 1.0,
    generator: torch.Generator | None = None,
    use_cache: bool = True,
    step: Step = cached_logits,
) -> Iterator[tuple[int, Tensor]]:
    """Continue one text, token by token.

    Args:
        model: with `h` (its blocks) and `config.block_size`; put it into eval mode first.
        ids: (1, T) int64, T ≥ 1, the text so far.
        max_new_tokens: how many tokens to add.
        temperature, top_k, top_p: as in `sample_next` (0 = greedy), `top_k_filter` (None = all) and `top_p_filter`;
            applied in this order.
        generator: source of randomness; None = torch's global one.
        use_cache: False = compute every position again for each token. The tokens are the same, up to rounding.
        step: the forward pass with caches; another model brings its own.

    Yields:
        (id, probs): each new token, and the probabilities (V,) from which it was drawn.

    While the text fits into the context, each token costs one position. Beyond that the oldest token falls out, all
    others move up by one, and with learned positions no cached key fits any more: every token costs a full context.

    Example:
        >>> model = GPT(GPTConfig(vocab_size=5, block_size=8, n_layer=2, n_head=2, n_embd=6)).eval()
        >>> ids = torch.tensor([[3, 1]])
        >>> with_cache, without = ([i for i, _ in stream(model, ids, 9, 0, use_cache=use)] for use in (True, False))
        >>> with_cache == without and len(without)
        9
    """
    block_size = model.config.block_size
    caches = [KVCache() for _ in model.h]
    for _ in range(max_new_tokens):
        if not use_cache or ids.shape[1] > block_size:
            caches = [KVCache() for _ in model.h]
        with torch.inference_mode():
            new_ids = ids[:, -block_size:][:, len(caches[0]) :]
            logits = step(model, new_ids, caches)[:, -1]  # (1, V)
            probs = next_token_probs(logits, temperature, top_k, top_p)
            next_id = sample_next(probs.log(), generator=generator)  # (1, 1)
            ids = torch.cat([ids, next_id], dim=1)
        yield next_id.item(), probs[0]


def next_token_probs(logits: Tensor, temperature: float, top_k: int | None, top_p: float) -> Tensor:
    """Turn logits into the probabilities from which the next token is drawn.

    Args:
        logits: (B, V) float.
        temperature, top_k, top_p: as in `stream`.

    Returns:
        (B, V) probabilities; tokens that were filtered out have 0. With temperature 0 the likeliest has 1.

    Example:
        >>> next_token_probs(torch.tensor([[0.0, 3.0, 3.0]]), temperature=1.5, top_k=2, top_p=1.0)
        tensor([[0.0000, 0.5000, 0.5000]])
    """
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(dim=-1, keepdim=True), 1.0)
    logits = logits / temperature
    if top_k is not None:
        logits = top_k_filter(logits, top_k)
    return softmax(top_p_filter(logits, top_p), dim=-1)


def codec(tokenizer: dict[str, Any]) -> tuple[Encode, Decode]:
    """Make the two functions of a tokenizer out of the plain values that are kept beside the weights.

    Args:
        tokenizer: {"chars": all characters, in the order of their ids} or {"merges": pairs, in the order learned}.

    Returns:
        (encode, decode): from a text to a list of ids, and back. A byte tokenizer encodes any text; one of characters
        raises ValueError for a character that it does not have.

    Raises:
        ValueError: neither characters nor merges are in it.

    Example:
        >>> encode, decode = codec({"merges": [["l", "o"], ["lo", "w"]]})
        >>> encode("low, lo"), decode([257, 33])
        ([257, 44, 32, 256], 'low!')
    """
    vocab = vocabulary(tokenizer)
    if "chars" in tokenizer:
        return _char_codec(tokenizer["chars"])
    merges = [(left.encode("latin-1"), right.encode("latin-1")) for left, right in tokenizer["merges"]]
    whole = Tokenizer(vocab, merges)
    return whole.encode, whole.decode


def vocabulary(tokenizer: dict[str, Any]) -> dict[int, bytes]:
    """Say which bytes each token stands for; those of a byte tokenizer may be part of a character only.

    Args:
        tokenizer: as `codec` takes it.

    Returns:
        From id to bytes, in the order of the ids: UTF-8 of a character, or what the merges have joined.

    Raises:
        ValueError: neither characters nor merges are in it.

    Example:
        >>> vocabulary({"chars": "né"}), vocabulary({"merges": [["l", "o"]]})[256]
        ({0: b'n', 1: b'\\xc3\\xa9'}, b'lo')
    """
    if "chars" in tokenizer:
        return {i: char.encode() for i, char in enumerate(tokenizer["chars"])}
    if "merges" in tokenizer:
        joined = ["".join(pair).encode("latin-1") for pair in tokenizer["merges"]]
        return dict(enumerate([*(bytes([byte]) for byte in range(256)), *joined]))
    raise ValueError(f"a tokenizer holds 'chars' or 'merges', and this one {sorted(tokenizer)}")


def _char_codec(chars: str) -> tuple[Encode, Decode]:
    index = {char: i for i, char in enumerate(chars)}

    def encode(text: str) -> list[int]:
        if unknown := sorted(set(text) - index.keys()):
            raise ValueError(f"the model has never seen {', '.join(map(repr, unknown))}: leave that out")
        return [index[char] for char in text]

    return encode, lambda ids: "".join(chars[i] for i in ids)


def save_gpt(path: str | Path, model: nn.Module, tokenizer: dict[str, Any], recipe: str = "gpt") -> None:
    """Write a GPT and its tokenizer into one safetensors file.

    Args:
        path: the file; it appears whole or not at all, and replaces an older one.
        model: a GPT, or another model with a `config`; a tied head is written once.
        tokenizer: plain values, as `codec` takes them.
        recipe: who builds such a model, for those who read the file: a name in recipes.py.

    Example:
        >>> import tempfile
        >>> model = GPT(GPTConfig(vocab_size=3, block_size=8, n_layer=1, n_head=2, n_embd=4))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_gpt(Path(folder) / "my-gpt.safetensors", model, {"chars": "abc"})
        ...     again, tokenizer = load_gpt(Path(folder) / "my-gpt.safetensors")
        >>> again.config == model.config, torch.equal(again.wte.weight, model.wte.weight), tokenizer
        (True, True, {'chars': 'abc'})
    """
    metadata = {"config": json.dumps(asdict(model.config)), "tokenizer": json.dumps(tokenizer), "recipe": recipe}
    path = Path(path)
    partial = path.with_name(f"{path.name}.part")
    partial.write_bytes(save({name: w.cpu().contiguous() for name, w in weights(model).items()}, metadata))
    os.replace(partial, path)


def load_gpt(path: str | Path, build: Callable[[GPTConfig], nn.Module] = GPT) -> tuple[nn.Module, dict[str, Any]]:
    """Read what `save_gpt` wrote. No code in the file is run.

    Args:
        path: the file.
        build: makes the model that the weights go into.

    Returns:
        (model, tokenizer): the GPT in eval mode, and the plain values that `codec` takes.

    Raises:
        ValueError: the file is damaged, or holds something else.
        FileNotFoundError: there is none.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
        model = build(GPTConfig(**json.loads(metadata["config"]))).eval()
        fill_weights(model, tensors)
        return model, json.loads(metadata["tokenizer"])
    except (SafetensorError, KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} is damaged, or no GPT that `save_gpt` wrote: {error}") from None


def weights(model: nn.Module) -> dict[str, Tensor]:
    """The state dict of a `model` with each tensor once: a tied weight stands under its first name only.

    Example:
        >>> model = GPT(GPTConfig(vocab_size=3, block_size=8, n_layer=1, n_head=2, n_embd=4))
        >>> sorted(model.state_dict().keys() - weights(model).keys())
        ['lm_head.weight']
    """
    names: dict[int, str] = {}
    state = model.state_dict(keep_vars=True)  # without it, a tied weight would be two tensor objects
    for name, tensor in state.items():
        names.setdefault(id(tensor), name)
    return {name: state[name].detach() for name in names.values()}


def fill_weights(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Copy `tensors`, named as `weights` names them, into a `model`, in place.

    Raises:
        KeyError: a name is missing, or one too many.
        RuntimeError: a shape is another one.
    """
    if odd := sorted(tensors.keys() ^ weights(model).keys()):
        raise KeyError(f"weights and model do not agree on {', '.join(odd)}")
    model.load_state_dict(tensors, strict=False)  # not strict: the second name of a tied weight is not in there
