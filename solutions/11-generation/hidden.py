"""Hidden probes of the unit generation: edges of what its docstrings promise."""

from typing import Any

import torch
from torch import Tensor

from autograder.checks.generation import (
    INF,
    SEVERAL_STEPS,
    TWO_SAMPLES,
    V,
    Walker,
    all_count,
    steps_of,
    told_shares,
    written,
)
from autograder.probes import Draw, probe


@probe("top_k_filter", ask="If all tokens are equally likely, which of them is worse than the k-th?")
def all_equal(top_k_filter, draw: Draw):
    """if all logits of a row are equal, all its tokens stay"""
    rows = torch.tensor([[draw.integer(-3, 4)] * 4, draw.shuffled([3, 2, 1, 0])]).float()
    return [top_k_filter(rows.clone(), 1), top_k_filter(rows.clone(), 3)]


@probe("top_p_filter", ask="Does your answer hold for one row, and for one token?")
def few_tokens(top_p_filter, draw: Draw):
    """a vocabulary of one token keeps it, and a batch of one is filtered like any other"""
    one, p = draw.normal(3, 1), round(draw.uniform(0.1, 0.9), 2)
    return [top_p_filter(one, p), top_p_filter(torch.tensor([draw.shuffled([0.6, 0.3, 0.1])]).log(), 0.8)]


@probe("sample_next", ask="Do logits of 16 bits, and a batch of one, go through every line?")
def sixteen_bits(sample_next, draw: Draw):
    """logits may have 16 bits, and the batch one row"""
    place, told = draw.integer(0, 4), []
    logits = torch.full((1, 4), -INF).half()
    logits[0, place] = -3.0
    for temperature in (0, 0.5, 1.0):
        told.append(sample_next(logits.clone(), temperature))
    return told


@probe(
    "sample_next", ask="Is there a temperature at which your answer changes its mind?", atol=0.05, because=TWO_SAMPLES
)
def hot_and_cold(sample_next, draw: Draw):
    """the shares are those of softmax(logits / T) at 0.1 and at 5 too"""
    cold, hot = (torch.tensor([draw.shuffled(row)]) for row in ([0.2, 0.1, 0.0, -0.1], [6.0, 2.0, -2.0, -6.0]))
    return told_shares(sample_next, cold, 0.1, draw) | told_shares(sample_next, hot, 5.0, draw)


@probe("top_p_filter", ask="How many tokens does it take to hold 0.995?")
def nearly_all(top_p_filter, draw: Draw):
    """p = 0.995 still leaves the most unlikely tokens out"""
    return top_p_filter(torch.tensor([draw.shuffled([0.9, 0.09, 0.007, 0.002, 0.001])]).log(), 0.995)


@probe("generate", ask="Does a number of positions stand in your code?")
def long_context(generate, draw: Draw):
    """a context of 20 tokens is used to its first token"""
    return written(generate, Walker(20, all_count(draw)), draw.integers(0, V, 2, 17), 6)


@probe("generate", ask="How many tokens should be added if max_new_tokens is 0?")
def nothing_to_add(generate, draw: Draw):
    """with max_new_tokens = 0 the result is what was given, however long it is"""
    ids, model = draw.integers(0, V, 2, 6), Walker(4, all_count(draw))
    return written(generate, model, ids, 0) | written(generate, model, ids, 0, 3)


@probe("generate", ask="What is ids[:, -1:] of a text of one token?")
def smallest_context(generate, draw: Draw):
    """it works for a context of one token, a text of one token, a batch of one"""
    model = Walker(1, steps_of(draw.integer(1, V)))
    return written(generate, model, draw.integers(0, V, 1, 1), 5) | written(
        generate, model, draw.integers(0, V, 3, 4), 2
    )


@probe("generate", ask="Greedy decoding draws nothing. Who draws, then?", kind="property")
def draws_nothing(generate, draw: Draw):
    """writing leaves the random generator and the weights alone"""
    model, before = Walker(8, steps_of(2), dropout=0.5), torch.get_rng_state()
    generate(model, draw.integers(0, V, 2, 3), 4)
    return [torch.equal(before, torch.get_rng_state()), model.scale.item(), model.scale.grad]


def _cut(pair: Any, q: Tensor, k: Tensor, v: Tensor, sizes: list[int]) -> Tensor:
    cache = pair.KVCache()
    pieces = zip(*(x.split(sizes, dim=2) for x in (q, k, v)), strict=True)
    return torch.cat([pair.cached_attention(*(x.clone() for x in piece), cache) for piece in pieces], dim=2)


@probe("KVCache", ask="Does a number of texts, heads or channels stand in your code?", atol=1e-5, because=SEVERAL_STEPS)
def other_sizes(pair, draw: Draw):
    """one text, one head, two channels, and pieces that grow"""
    B, H, D = draw.shuffled([1, 4, 6])
    q, k, v = (draw.normal(B, H, 7, D * 2) for _ in range(3))
    return [_cut(pair, q, k, v, [1, 2, 4]), _cut(pair, q[:1, :1], k[:1, :1], v[:1, :1], [6, 1])]


@probe(
    "KVCache",
    ask="After 200 positions, by which angle is the next one turned?",
    atol=1e-4,
    because="an angle at position 200 is good to seven digits, so its sine is good to about five",
)
def far_on(pair, draw: Draw):
    """far on in a long text the outputs are still those of the whole text at once"""
    q, k, v = (draw.normal(1, 2, 204, 4) for _ in range(3))
    return _cut(pair, q, k, v, [200, 1, 3])[:, :, 200:]


@probe(
    "KVCache",
    ask="Which dtype does the cache take over, and which one has the result?",
    atol=0.06,
    because="a bfloat16 number has fewer than three digits",
)
def half_the_bits(pair, draw: Draw):
    """queries, keys and values of 16 bits give outputs of 16 bits"""
    q, k, v = (draw.normal(2, 3, 5, 4).bfloat16() for _ in range(3))
    return _cut(pair, q, k, v, [3, 1, 1])


@probe("apply_repetition_penalty", ask="Can a text be longer than the vocabulary, and as short as one token?")
def long_and_short(penalize, draw: Draw):
    """texts may be longer than the vocabulary, or hold one token"""
    logits = torch.tensor([draw.shuffled([1.5, -1.0, 2.5, -0.25]) for _ in range(2)])
    return [penalize(logits.clone(), draw.integers(0, 4, 2, n), 1.25) for n in (1, 9)]


@probe("apply_repetition_penalty", ask="Does a tensor that you make anew have the dtype of the logits?")
def penalized_half(penalize, draw: Draw):
    """logits of 16 bits stay 16 bits long"""
    logits = torch.tensor([draw.shuffled([1.5, -1.0, 2.5, -0.25])]).half()
    return penalize(logits, draw.integers(0, 4, 1, 2), 2.0)


@probe("position_ids", ask="Does your answer hold for one row, and for one column?")
def one_row_or_column(position_ids, draw: Draw):
    """a batch of one and a row of one place are numbered like any other"""
    return [position_ids(torch.tensor([[0, 1, 1]])), position_ids(torch.tensor(draw.shuffled([[0], [1]])))]
