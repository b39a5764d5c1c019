"""Hidden probes of the unit attention: edges, and shapes that the public probes do not show."""

import torch

from autograder.probes import Draw, probe


@probe(
    "scaled_dot_product_attention",
    ask="With one key in sight there is nothing to choose: what must its weight be?",
    atol=1e-5,
    because="a right answer may reach the weight 1 in several rounded steps",
)
def one_key_each(attend, draw: Draw):
    """a query that sees one key returns the value of that key"""
    q, k, v = draw.normal(2, 4, 6, scale=4.0), draw.normal(2, 5, 6), draw.normal(2, 5, 3)
    return attend(q, k, v, draw.integers(0, 5, 4)[:, None] == torch.arange(5))


@probe("causal_mask", ask="What may a sequence of one position see?")
def one_position(causal_mask, draw: Draw):
    """a single position sees itself"""
    return causal_mask(1, 1)


@probe("split_heads", ask="What are T, H and D when there is one head, and when every channel is a head?")
def one_head_or_all(split_heads, draw: Draw):
    """one head takes all channels, and C heads take one channel each"""
    x = draw.normal(2, 3, 4)
    return [split_heads(x, 1), split_heads(x, 4)]


@probe("merge_heads", ask="Does the number of positions, heads or sequences ever stand in your code as a fixed number?")
def other_sizes(merge_heads, draw: Draw):
    """it holds for every number of sequences, heads, positions and channels"""
    B, H, T, D = draw.shuffled([2, 3, 4, 5])
    return [merge_heads(draw.normal(B, H, T, D)), merge_heads(draw.normal(1, 1, T, D))]


@probe(
    "MultiHeadAttention",
    ask="Does the number of heads given at construction reach every place that needs it?",
    atol=1e-5,
    because="several rounded steps, and each order of operations rounds differently",
)
def other_heads(MultiHeadAttention, draw: Draw):
    """it holds for one head, for as many heads as channels, and for one position"""
    seen = []
    for n_head, T in ((1, 4), (6, 4), (2, 1)):
        names = ("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight")
        module = draw.fill(MultiHeadAttention(6, n_head), dict.fromkeys(names, (6, 6)), scale=0.5)
        seen.append(module(draw.normal(2, T, 6)))
    return seen


@probe("repeat_kv", ask="If there is one key/value head, which one does every query head read?")
def one_shared_head(repeat_kv, draw: Draw):
    """a single key/value head serves all query heads"""
    return repeat_kv(draw.normal(2, 1, 5, 6), 3)
