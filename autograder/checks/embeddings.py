"""Public probes of the unit embeddings."""

import torch
from torch import Tensor

from autograder.probes import Draw, probe

ROUNDED_ANGLES = "an angle is a product of rounded numbers, and right answers round in different orders"
FAR_ANGLES = "the angle at position 300 is good to seven digits, so its sine is good to about four"
SIXTEEN_BITS = "a bfloat16 number has fewer than three digits"


def _same(one: Tensor, other: Tensor) -> bool:
    """Equal up to rounding. Two results of one implementation: whether a property holds is not whether it is right."""
    return torch.allclose(one, other, rtol=1e-4, atol=1e-4)


def _ending(call) -> str:
    """How a call ends: the name of its error, or that there was none. A stub stays a stub."""
    try:
        call()
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "no error"


def _gradient(of: Tensor, result: Tensor, coming_back: Tensor):
    """What arrives at `of` when `coming_back` is sent back from `result`."""
    if not result.requires_grad:
        return "no gradient: the result does not remember where it comes from"
    (result * coming_back).sum().backward()
    return of.grad


@probe("embedding_lookup", ask="Which axis of W is V long, one row for each id?", weight=2)
def rows(lookup, draw: Draw):
    """in the place of each id stands its row of W"""
    seen = {}
    for V, C in ((7, 4), (4, 6)):
        ids = draw.integers(0, 4, 5)
        seen[f"embedding_lookup(torch.randn({V}, {C}), torch.tensor({ids.tolist()}))"] = lookup(draw.normal(V, C), ids)
    return seen


@probe("embedding_lookup", ask="If ids is a table of 2 × 3 ids, how many axes has the result, and how long are they?")
def any_shape(lookup, draw: Draw):
    """ids may have any shape: the result has one axis more"""
    W, one = draw.normal(6, 4), draw.integer(0, 6)
    calls = {f"embedding_lookup(W, torch.tensor({one}))": torch.tensor(one)}
    for shape in ((2, 3), (3, 1, 2)):
        calls[f"embedding_lookup(W, torch.randint(6, {shape}))"] = draw.integers(0, 6, *shape)
    return {call: lookup(W, ids) for call, ids in calls.items()}


@probe("embedding_lookup", ask="Which rows does a table have, and which ids lie just outside on either side?", weight=2)
def outside(lookup, draw: Draw):
    """an id below 0 or above V − 1 raises, and the first and the last row do not"""
    V, ends = draw.integer(4, 8), {}
    for id in (0, V - 1, V, V + 9, -1, -V):
        end = _ending(lambda id=id: lookup(torch.zeros(V, 3), torch.tensor([1, id])))
        told = end if end == "no error" or 0 <= id < V else "an error"  # where one is due, any will do
        ends[f"embedding_lookup(torch.zeros({V}, 3), torch.tensor([1, {id}]))"] = told
    return ends


@probe("embedding_lookup", ask="If a row stands at two places of the text, whose gradients does it receive?")
def gradient(lookup, draw: Draw):
    """a row of W receives the sum of the gradients from all its places, other rows none"""
    W, ids = draw.normal(6, 3).requires_grad_(), torch.tensor(draw.shuffled([1, 4, 4, 2, 4, 1]))
    return _gradient(W, lookup(W, ids), draw.normal(6, 3))


@probe(
    "embedding_lookup",
    ask="Which of your operations end in an underscore, or have an index on the left of an equals sign?",
    kind="property",
)
def table_untouched(lookup, draw: Draw):
    """the table and the ids are left as they were"""
    W, ids = draw.normal(5, 3), draw.integers(0, 5, 4)
    lookup(W, ids)
    return [W, ids]


def _tables(TokenPositionEmbedding, draw: Draw):
    """7 tokens, 9 positions, 4 channels, filled with new numbers."""
    return draw.fill(TokenPositionEmbedding(7, 9, 4), {"wte.weight": (7, 4), "wpe.weight": (9, 4)})


@probe("TokenPositionEmbedding", ask="Does __init__ begin with super().__init__(), and which two tables does it make?")
def parameters(TokenPositionEmbedding, draw: Draw):
    """its parameters are the two tables, one row for each token and one for each position"""
    vocab_size, block_size, n_embd = draw.shuffled([4, 7, 10])
    emb = TokenPositionEmbedding(vocab_size, block_size, n_embd)
    return {name: list(p.shape) for name, p in emb.named_parameters()}


@probe("TokenPositionEmbedding", ask="Which row of which table belongs to place t of text b?", weight=3)
def value(TokenPositionEmbedding, draw: Draw):
    """each place holds the token's vector plus the position's vector"""
    ids = draw.integers(0, 7, 3, 5)
    return {f"emb(torch.tensor({ids.tolist()}))": _tables(TokenPositionEmbedding, draw)(ids)}


@probe("TokenPositionEmbedding", ask="If one token stands everywhere, what makes the vectors of two places differ?")
def one_token_everywhere(TokenPositionEmbedding, draw: Draw):
    """the same token gets another vector at another position, and the same one in another text"""
    token = draw.integer(0, 7)
    return {f"emb(torch.full((2, 4), {token}))": _tables(TokenPositionEmbedding, draw)(torch.full((2, 4), token))}


@probe("TokenPositionEmbedding", ask="If 4 positions lie before the piece, where does its first token stand?", weight=3)
def later_piece(TokenPositionEmbedding, draw: Draw):
    """with an offset, the first token of the piece stands at position offset"""
    emb, ids, offset = _tables(TokenPositionEmbedding, draw), draw.integers(0, 7, 2, 3), draw.integer(2, 6)
    return {f"emb(torch.tensor({ids.tolist()}), {offset})": emb(ids, offset)}


@probe(
    "TokenPositionEmbedding", ask="Which is the last position that a piece needs, and which has the table?", weight=2
)
def beyond_the_table(TokenPositionEmbedding, draw: Draw):
    """a piece that goes beyond the table raises ValueError, one that just fits does not"""
    block_size = draw.integer(5, 8)
    emb, ends = TokenPositionEmbedding(3, block_size, 2), {}
    for T, offset in ((block_size, 0), (4, block_size - 4), (block_size + 1, 0), (4, block_size - 3), (1, block_size)):
        ids = torch.zeros(2, T, dtype=torch.long)
        call = f"TokenPositionEmbedding(3, {block_size}, 2)(torch.zeros(2, {T}, dtype=torch.long), {offset})"
        ends[call] = _ending(lambda ids=ids, offset=offset: emb(ids, offset))
    return ends


@probe("TokenPositionEmbedding", ask="Do both tables take part in the result, as they are?")
def gradient_of_the_tables(TokenPositionEmbedding, draw: Draw):
    """both tables learn: a position's row gets the gradients of all texts in the batch"""
    emb = _tables(TokenPositionEmbedding, draw)
    (emb(draw.integers(0, 7, 3, 5)) * draw.normal(3, 5, 4)).sum().backward()
    return {f"the gradient of {name}": p.grad for name, p in emb.named_parameters()}


@probe(
    "TokenPositionEmbedding",
    ask="Does a token's vector depend on anything but the token and its position?",
    kind="property",
)
def in_pieces(TokenPositionEmbedding, draw: Draw):
    """a text handed in piece by piece, with offsets, gives what it gives at once"""
    emb, ids = _tables(TokenPositionEmbedding, draw), draw.integers(0, 7, 2, 7)
    return _same(torch.cat([emb(ids[:, :4]), emb(ids[:, 4:5], 4), emb(ids[:, 5:], 5)], dim=1), emb(ids))


def _as_float32(table):
    """A table of the wrong dtype costs its own property and no other."""
    return table.float() if isinstance(table, Tensor) and table.is_floating_point() else table


@probe(
    "sinusoidal_encoding",
    ask="Which dtype and which shape has your result, and which does the contract name?",
    kind="property",
)
def dtype(encoding, draw: Draw):
    """the table is a float32 tensor of shape (T, C)"""
    T, C = draw.integer(2, 6), 2 * draw.integer(4, 6)
    table = encoding(T, C)
    blank = torch.zeros_like(table) if isinstance(table, Tensor) else table  # the numbers are for the other probes
    return {f"sinusoidal_encoding({T}, {C})": blank}


@probe(
    "sinusoidal_encoding",
    ask="What are sin 0 and cos 0, and in which columns do the sines stand?",
    atol=1e-5,
    because=ROUNDED_ANGLES,
)
def first_row(encoding, draw: Draw):
    """position 0 is 0, 1, 0, 1, …: sines in the even columns, cosines in the odd ones"""
    T, C = draw.integer(1, 6), 2 * draw.integer(2, 6)
    return {f"sinusoidal_encoding({T}, {C})": _as_float32(encoding(T, C))[0]}


@probe(
    "sinusoidal_encoding",
    ask="By which number is the position divided in the columns 2i and 2i + 1?",
    atol=1e-5,
    because=ROUNDED_ANGLES,
    weight=3,
)
def table(encoding, draw: Draw):
    """column 2i holds sin(p / base^(2i/C)), column 2i + 1 the cosine of the same angle"""
    T, C = draw.integer(6, 10), 2 * draw.integer(5, 8)
    return {f"sinusoidal_encoding({T}, {C})": _as_float32(encoding(T, C))}


@probe(
    "sinusoidal_encoding",
    ask="Does the third argument reach the place where the angles are made?",
    atol=1e-5,
    because=ROUNDED_ANGLES,
)
def another_base(encoding, draw: Draw):
    """another base gives other angles"""
    base = draw.choice([20.0, 100.0, 500.0])
    return {f"sinusoidal_encoding(5, 6, base={base})": _as_float32(encoding(5, 6, base))}


@probe(
    "sinusoidal_encoding",
    ask="Is every row computed by the rule, however far down it stands?",
    atol=5e-4,
    because=FAR_ANGLES,
)
def far_rows(encoding, draw: Draw):
    """the rule holds for far positions too"""
    p = draw.integer(150, 300)
    return {f"sinusoidal_encoding(301, 8)[{p}]": _as_float32(encoding(301, 8))[p]}


@probe("sinusoidal_encoding", ask="Do the sine and the cosine of a pair have the same angle?", kind="property")
def distances(encoding, draw: Draw):
    """the dot product of two rows depends only on how far apart they are"""
    rows = _as_float32(encoding(12, 8, draw.choice([10.0, 100.0, 10_000.0])))
    products = rows @ rows.T
    return all(_same(row, row[:1].expand_as(row)) for row in map(products.diagonal, range(12)))


@probe("apply_rope", ask="By which angle is a vector at position 0 turned?", atol=1e-5, because=ROUNDED_ANGLES)
def position_0(rope, draw: Draw):
    """at position 0 nothing is turned"""
    x = draw.normal(2, 3, 5, 8)
    return {"apply_rope(x, torch.zeros(5, dtype=torch.long))": rope(x, torch.zeros(5, dtype=torch.long))}


@probe(
    "apply_rope",
    ask="Channel i of a vector is 1, all others are 0: which two channels are not 0 after the turn?",
    atol=1e-5,
    because=ROUNDED_ANGLES,
    weight=2,
)
def unit_vectors(rope, draw: Draw):
    """channels i and i + D/2 turn as a pair, from the first towards the second"""
    p = draw.integer(1, 4)
    call = f"apply_rope(torch.eye(6).view(1, 1, 6, 6), torch.full((6,), {p}))"
    return {call: rope(torch.eye(6).view(1, 1, 6, 6), torch.full((6,), p))}


@probe("apply_rope", ask="By which power of base is the angle of pair i divided?", atol=1e-5, because=ROUNDED_ANGLES)
def speeds(rope, draw: Draw):
    """pair i turns by p · base^(−2i/D): each pair slower than the one before"""
    x = torch.cat([torch.ones(5), torch.zeros(5)]).view(1, 1, 1, 10)
    p = draw.integer(1, 6)
    call = f"apply_rope(torch.tensor([1.0] * 5 + [0.0] * 5).view(1, 1, 1, 10), torch.tensor([{p}]))"
    return {call: rope(x, torch.tensor([p]))}


@probe(
    "apply_rope",
    ask="Vector t stands at positions[t]: along which of the axes (B, H, T, D) do the positions lie?",
    atol=5e-4,
    because=FAR_ANGLES,
    weight=3,
)
def any_positions(rope, draw: Draw):
    """it turns each vector by its own position, whatever their order"""
    positions = draw.shuffled([0, 1, 7, 40, 300])
    return {f"apply_rope(x, torch.tensor({positions}))": rope(draw.normal(2, 3, 5, 8), torch.tensor(positions))}


@probe(
    "apply_rope",
    ask="Does the third argument reach the place where the angles are made?",
    atol=1e-4,
    because=ROUNDED_ANGLES,
)
def base_is_used(rope, draw: Draw):
    """another base gives other angles"""
    x, base = draw.normal(2, 3, 4, 6), draw.choice([20.0, 100.0, 500.0])
    return {f"apply_rope(x, torch.arange(3, 7), {base})": rope(x, torch.arange(3, 7), base)}


@probe(
    "apply_rope",
    ask="Which dtype has the result? And in which one are the angles computed: can it hold a number like 257?",
    atol=0.06,
    because=SIXTEEN_BITS,
)
def sixteen_bits(rope, draw: Draw):
    """x may have 16 bits: so has the result, and its angles are as exact as ever"""
    x, positions = draw.normal(2, 1, 3, 4).bfloat16(), [257, 299, draw.integer(260, 290)]
    return {f"apply_rope(x.bfloat16(), torch.tensor({positions}))": rope(x, torch.tensor(positions))}


@probe("apply_rope", ask="Does a gradient find its way back through every channel?", atol=1e-4, because=ROUNDED_ANGLES)
def gradient_of_x(rope, draw: Draw):
    """gradients flow to x, turned back by the same angles"""
    x = draw.normal(2, 2, 3, 6).requires_grad_()
    return _gradient(x, rope(x * 1, torch.arange(2, 5)), draw.normal(2, 2, 3, 6))


@probe("apply_rope", ask="Was the first half already overwritten when you computed the second?", kind="property")
def lengths(rope, draw: Draw):
    """turning changes no length"""
    x = draw.normal(2, 3, 5, 8)
    return _same(rope(x.clone(), torch.arange(3, 8)).norm(dim=-1), x.norm(dim=-1))


@probe("apply_rope", ask="q is turned by i·ω and k by j·ω: what is the angle between the two turns?", kind="property")
def only_distance_counts(rope, draw: Draw):
    """q·k depends only on how far apart the two stand"""
    q, k = draw.normal(2, 1, 1, 8).expand(2, 1, 6, 8), draw.normal(2, 1, 1, 8).expand(2, 1, 6, 8)
    near, far = torch.arange(6), torch.arange(6) + draw.integer(10, 30)
    here, there = ((rope(q.clone(), p) * rope(k.clone(), p + 4)).sum(dim=-1) for p in (near, far))
    return _same(here, there) and _same(here, here[..., :1].expand_as(here))


@probe("apply_rope", ask="Does the angle come from positions[t], or from t?", kind="property")
def one_at_a_time(rope, draw: Draw):
    """a single vector at position 4 is turned like row 4 of a longer text"""
    x = draw.normal(2, 3, 6, 4)
    return _same(rope(x[:, :, 4:5].clone(), torch.tensor([4])), rope(x.clone(), torch.arange(6))[:, :, 4:5])


@probe("apply_rope", ask="Is a slice such as x[..., :2] a copy of x, or a window into it?", kind="property")
def x_untouched(rope, draw: Draw):
    """x and positions are left as they were"""
    x, positions = draw.normal(2, 2, 3, 4), draw.integers(1, 9, 3)
    rope(x, positions)
    return [x, positions]


@probe("alibi_slopes", ask="Which number is raised to which power for the first head, and for the last?", weight=2)
def eight_heads(slopes, draw: Draw):
    """head i of H has the slope 2^(−8(i+1)/H)"""
    return {f"alibi_slopes({H})": slopes(H) for H in draw.shuffled([4, 8])}


@probe("alibi_slopes", ask="What is the slope of the last head, whatever H is?")
def other_numbers(slopes, draw: Draw):
    """it holds for few heads and for many"""
    return {f"alibi_slopes({H})": slopes(H) for H in (1, 2, draw.choice([16, 32]))}
