"""Hidden probes of the unit embeddings: edges, and shapes that the public probes do not show."""

import torch

from autograder.probes import Draw, probe

ROUNDED_ANGLES = "an angle is a product of rounded numbers, and right answers round in different orders"


@probe("embedding_lookup", ask="Does a number of rows, channels or ids stand anywhere in your code as a fixed number?")
def other_sizes(lookup, draw: Draw):
    """it holds for a table with one row, with one channel, and for tiny and huge numbers"""
    W = draw.normal(4, 3) * torch.tensor([[1e-6], [1.0], [1e6], [0.0]])
    return [
        lookup(draw.normal(1, 5), torch.zeros(2, 2, dtype=torch.long)),
        lookup(draw.normal(6, 1), draw.integers(0, 6, 3)),
        lookup(W, draw.integers(0, 4, 3, 2)),
    ]


@probe("TokenPositionEmbedding", ask="Which position does a single token at the end of the table get?")
def last_place(TokenPositionEmbedding, draw: Draw):
    """one token alone may stand at any position, also at the last one"""
    emb = draw.fill(TokenPositionEmbedding(5, 8, 3), {"wte.weight": (5, 3), "wpe.weight": (8, 3)})
    return [emb(draw.integers(0, 5, 3, 1), offset) for offset in (0, draw.integer(1, 7), 7)]


def _as_float32(table):
    """A table of the wrong dtype costs the public property and no other."""
    return table.float() if isinstance(table, torch.Tensor) and table.is_floating_point() else table


@probe(
    "sinusoidal_encoding",
    ask="With two channels there is one pair: what is its angle at position p?",
    atol=1e-5,
    because=ROUNDED_ANGLES,
)
def one_pair(encoding, draw: Draw):
    """it holds for two channels, and for one position"""
    T, base = draw.integer(3, 8), draw.choice([3.0, 50.0])
    return [_as_float32(encoding(T, 2, base)), _as_float32(encoding(1, 2 * draw.integer(1, 5), base))]


@probe(
    "apply_rope",
    ask="With two channels there is one pair: what is its angle at position p?",
    atol=1e-4,
    because=ROUNDED_ANGLES,
)
def other_shapes(rope, draw: Draw):
    """it holds for one pair of channels, one head, one position, and a position that comes twice"""
    p = draw.integer(2, 30)
    return [
        rope(draw.normal(1, 2, 3, 2), torch.tensor([p, 1, p])),
        rope(draw.normal(3, 1, 1, 6), torch.tensor([p])),
        rope(draw.normal(2, 1, 2, 4), torch.tensor([0, p]), 3.0),
    ]


@probe("alibi_slopes", ask="What is the slope of the last of 64 heads?")
def many_heads(slopes, draw: Draw):
    """it holds for one head and for 64"""
    return [slopes(1), slopes(64)]
