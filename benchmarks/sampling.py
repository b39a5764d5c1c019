"""What does a KV cache save? The same greedy text with it and without, from a model of GPT-2's size.

    python -m benchmarks.sampling [--tokens 256] [--prompt 256] [--threads N] [--no-transformers] [--json]

Random weights, float32, CPU, one text. Ours is `reference.play.stream`. The peer without a cache is the fastest we
could write: the same weights, torch's fused attention, norm and GELU, logits of the last position only. Where
transformers is installed, its `generate` takes part, with its own cache and a copy of the weights. Every side runs
under `torch.inference_mode`, draws a few tokens to get warm, then the text; the times include reading the prompt.
"""

import json
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor
from torch.nn import functional as F

from reference.attention import merge_heads, split_heads
from reference.block import LayerNorm
from reference.gpt import GPT, GPTConfig, count_parameters, init_weights
from reference.play import stream
from reference.pretrained import save_gpt2

GPT2_SMALL = GPTConfig(vocab_size=50257, block_size=1024, n_layer=12, n_head=12, n_embd=768)
WARM_UP = 4
REPEATS = 3
"""How often the sides with a cache are measured; the median counts. The other takes minutes, and is measured once."""

Side = Callable[[GPT, Tensor, int], Iterable[int]]
"""(model, ids (1, T), how many) → the tokens that follow, greedily."""


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--prompt", type=int, default=256)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--no-transformers", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with_transformers = find_spec("transformers") is not None and not args.no_transformers
    result = measure(GPT2_SMALL, args.prompt, args.tokens, with_transformers)
    print(json.dumps(result) if args.json else "\n".join(f"{name:28} {value}" for name, value in result.items()))
    if not result["same_tokens"]:
        sys.exit("the sides disagree on the text: their times mean nothing")


def measure(config: GPTConfig, num_prompt: int, num_tokens: int, with_transformers: bool) -> dict[str, object]:
    """Let every side continue the same prompt; compare their times and their tokens."""
    if num_prompt + num_tokens > config.block_size:
        raise SystemExit(f"{num_prompt} + {num_tokens} tokens do not fit into a context of {config.block_size}")
    model, ids = random_gpt(config), random_ids(config, num_prompt)
    cached_s, cached_ids = timed("with cache", with_cache, model, ids, num_tokens, REPEATS)
    plain_s, plain_ids = timed("without cache", without_cache, model, ids, num_tokens, 1)
    result = {"parameters": count_parameters(model), "prompt": num_prompt, "tokens": num_tokens}
    result |= {"threads": torch.get_num_threads(), "torch": torch.__version__}
    result |= {"cached_s": round(cached_s, 2), "uncached_s": round(plain_s, 2)}
    result |= {"cached_tokens_per_s": round(num_tokens / cached_s, 2)}
    result |= {"uncached_tokens_per_s": round(num_tokens / plain_s, 2), "ratio": round(plain_s / cached_s, 2)}
    same = cached_ids == plain_ids
    if with_transformers:
        theirs = transformers_side(model)
        theirs_s, their_ids = timed("transformers", theirs, model, ids, num_tokens, REPEATS)
        result |= {"transformers_s": round(theirs_s, 2), "transformers_tokens_per_s": round(num_tokens / theirs_s, 2)}
        result |= {"ratio_to_transformers": round(theirs_s / cached_s, 2)}
        same = same and their_ids == cached_ids
    return result | {"same_tokens": same}


def with_cache(model: GPT, ids: Tensor, num_tokens: int) -> Iterator[int]:
    """Ours, as a learner has it."""
    return (i for i, _ in stream(model, ids, num_tokens, temperature=0))


def without_cache(model: GPT, ids: Tensor, num_tokens: int) -> Iterator[int]:
    """All positions again for every token, as fast as torch does that."""
    for _ in range(num_tokens):
        with torch.inference_mode():
            next_id = last_logits(model, ids).argmax(dim=-1, keepdim=True)  # (1, 1)
            ids = torch.cat([ids, next_id], dim=1)
        yield next_id.item()


def last_logits(model: GPT, ids: Tensor) -> Tensor:
    """(B, V) logits of the last position of a GPT, by torch's fused operations."""
    x = model.wte(ids) + model.wpe(torch.arange(ids.shape[1]))  # (B, T, C)
    for block in model.h:
        attn, normed = block.attn, norm(block.ln_1, x)
        q, k, v = (split_heads(proj(normed), attn.n_head) for proj in (attn.q_proj, attn.k_proj, attn.v_proj))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + attn.o_proj(merge_heads(out))
        hidden = F.gelu(block.mlp.c_fc(norm(block.ln_2, x)), approximate="tanh")
        x = x + block.mlp.c_proj(hidden)
    return model.lm_head(norm(model.ln_f, x[:, -1]))


def norm(layer: LayerNorm, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], layer.weight, layer.bias, layer.eps)


def transformers_side(model: GPT) -> Side:
    """`generate` of a GPT-2 of transformers with the weights of `model`."""
    from transformers import GPT2LMHeadModel

    with tempfile.TemporaryDirectory() as folder:
        save_gpt2(model, folder)
        theirs: Any = GPT2LMHeadModel.from_pretrained(folder, attn_implementation="sdpa").eval()

    def side(_: GPT, ids: Tensor, num_tokens: int) -> list[int]:
        lengths = {"max_new_tokens": num_tokens, "min_new_tokens": num_tokens}
        with torch.inference_mode():
            told = theirs.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, **lengths)
        return told[0, ids.shape[1] :].tolist()

    return side


def timed(name: str, side: Side, model: GPT, ids: Tensor, num_tokens: int, repeats: int) -> tuple[float, list[int]]:
    """The median of seconds, and the tokens."""
    for _ in side(model, ids, WARM_UP):
        pass
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        told = list(track(side(model, ids, num_tokens), name, total=num_tokens, console=Console(stderr=True)))
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), told


def random_gpt(config: GPTConfig) -> GPT:
    model = GPT(config).eval()
    init_weights(model, config.n_layer, generator=torch.Generator().manual_seed(0))
    return model


def random_ids(config: GPTConfig, num: int) -> Tensor:
    return torch.randint(config.vocab_size, (1, num), generator=torch.Generator().manual_seed(1))


if __name__ == "__main__":
    main()
