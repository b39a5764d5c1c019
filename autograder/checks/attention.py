"""Public probes of the unit attention."""

import torch
from torch import Tensor

from autograder.probes import Draw, probe

SEVERAL_STEPS = "scores, softmax and mixing round one after the other, and each order of operations rounds differently"
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")


def _same(one: Tensor, other: Tensor) -> bool:
    """Equal up to rounding. Two results of one implementation: whether a property holds is not whether it is right."""
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def _arrives(gradient: Tensor | None) -> bool:
    """Is there a gradient, of numbers that are not all 0?"""
    return gradient is not None and bool(gradient.isfinite().all() and gradient.any())


def _some_mask(draw: Draw, T_q: int, T_k: int) -> Tensor:
    """Every query sees some keys, and none sees all."""
    rows = []
    for _ in range(T_q):
        seen = draw.integer(1, T_k)
        rows.append(draw.shuffled([True] * seen + [False] * (T_k - seen)))
    return torch.tensor(rows)


@probe(
    "scaled_dot_product_attention",
    ask="Count axes from the end: which two of the keys change places, and along which does a query share its weight?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=3,
)
def formula(attend, draw: Draw):
    """without a mask it is softmax(QKᵀ / √d_k) V"""
    return attend(draw.normal(2, 5, 8), draw.normal(2, 7, 8), draw.normal(2, 7, 4))


@probe(
    "scaled_dot_product_attention",
    ask="Which scores take part in the softmax of one query, and what becomes of the others?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=3,
)
def masked_formula(attend, draw: Draw):
    """with a mask, each query shares its weight among the keys marked True"""
    q, k, v = draw.normal(2, 5, 8), draw.normal(2, 7, 8), draw.normal(2, 7, 4)
    return attend(q, k, v, _some_mask(draw, 5, 7))


@probe("scaled_dot_product_attention", ask="If all values are 1, what must every result be, whatever the mask?")
def row_sums(attend, draw: Draw):
    """the weights of every query sum to 1"""
    q, k = draw.normal(2, 4, 6), draw.normal(2, 5, 6)
    weights = attend(q, k, torch.eye(5).expand(2, 5, 5), _some_mask(draw, 4, 5))
    return weights.sum(dim=-1)


@probe(
    "scaled_dot_product_attention",
    ask="If you write a number over a masked score, can a score in sight be lower than that number?",
)
def low_scores(attend, draw: Draw):
    """a masked key has weight exactly 0, however low the scores in sight"""
    u = draw.integers(1, 3, 4).float()  # small whole numbers: equal keys give exactly equal scores
    k, mask = u.repeat(5, 1), _some_mask(draw, 3, 5)
    weights = [attend((-c * u).repeat(3, 1), k, torch.eye(5), mask) for c in (10.0, 20_000.0)]
    return {"weights": weights, "masked weights are 0": [(w[~mask] == 0).all().item() for w in weights]}


@probe("scaled_dot_product_attention", ask="If all keys are equal, which of them gets more weight than another?")
def equal_keys(attend, draw: Draw):
    """if all keys are equal, the result is the mean of the values"""
    k = draw.normal(2, 1, 3).repeat(1, 6, 1)
    return attend(draw.normal(2, 4, 3), k, draw.normal(2, 6, 5))


@probe(
    "scaled_dot_product_attention",
    ask="Do the keys and values behind the mask enter the result by any path?",
    kind="property",
)
def unseen_keys(attend, draw: Draw):
    """keys and values that no query may see cannot change the result"""
    q, k, v = draw.normal(2, 3, 4), draw.normal(2, 6, 4), draw.normal(2, 6, 5)
    mask = torch.ones(3, 6, dtype=torch.bool).tril(diagonal=1)  # nobody sees keys 4 and 5
    other_k, other_v = k.clone(), v.clone()
    other_k[:, 4:], other_v[:, 4:] = draw.normal(2, 2, 4, scale=3.0), draw.normal(2, 2, 5, scale=50.0)
    return _same(attend(q.clone(), k, v, mask), attend(q.clone(), other_k, other_v, mask))


@probe(
    "scaled_dot_product_attention",
    ask="Do you count axes from the front? With heads there are four; the last two are always time and channels?",
    kind="property",
)
def batch_axes(attend, draw: Draw):
    """any number of batch dimensions may stand in front, also none"""
    q, k, v = draw.normal(2, 3, 4, 6), draw.normal(2, 3, 5, 6), draw.normal(2, 3, 5, 7)
    mask = _some_mask(draw, 4, 5)
    two, one, none = (attend(q[at].clone(), k[at], v[at], mask) for at in (..., 1, (1, 2)))
    return two.shape == (2, 3, 4, 7) and _same(two[1], one) and _same(one[2], none)


@probe(
    "scaled_dot_product_attention",
    ask="Is there a step in your answer that makes new numbers without remembering where they came from?",
    kind="property",
)
def gradients(attend, draw: Draw):
    """gradients flow to queries, keys and values"""
    inputs = [draw.normal(2, 4, 3), draw.normal(2, 5, 3), draw.normal(2, 5, 6)]
    copies = [x.requires_grad_() * 1 for x in inputs]  # which an answer may change, and a leaf may not be changed
    (attend(*copies, _some_mask(draw, 4, 5)) * draw.normal(2, 4, 6)).sum().backward()
    return {f"a gradient reaches {name}": _arrives(x.grad) for name, x in zip("qkv", inputs, strict=True)}


@probe(
    "scaled_dot_product_attention",
    ask="Which of your operations end in an underscore, or use /=, *= or indexing on the left of an equals sign?",
    kind="property",
)
def inputs_untouched(attend, draw: Draw):
    """queries, keys, values and mask are left as they were"""
    inputs = [draw.normal(2, 4, 6), draw.normal(2, 5, 6), draw.normal(2, 5, 3), _some_mask(draw, 4, 5)]
    attend(*inputs)
    return inputs


@probe("causal_mask", ask="May a word look at itself? Where in the table are the pairs with key = query?")
def square(causal_mask, draw: Draw):
    """a query sees itself and all before it"""
    T = draw.integer(3, 7)
    return causal_mask(T, T)


@probe("causal_mask", ask="With 5 keys and 1 query, at which position of the sequence does that query stand?")
def one_query(causal_mask, draw: Draw):
    """a single last query sees every key"""
    return causal_mask(1, draw.integer(4, 9))


@probe("causal_mask", ask="The T_q queries are the last positions: how many keys lie before the first of them?")
def chunk(causal_mask, draw: Draw):
    """fewer queries than keys are the last positions of the sequence"""
    T_q = draw.integer(2, 5)
    return causal_mask(T_q, T_q + draw.integer(2, 5))


@probe("split_heads", ask="Which channels of a position belong to head 1, if each head has D of them?")
def channels_of_a_head(split_heads, draw: Draw):
    """head h of a position holds that position's channels h·D … (h+1)·D − 1"""
    return split_heads(draw.normal(2, 5, 12), 3)


@probe("split_heads", ask="What is the order of the four axes? Which one is n_head long?")
def axes(split_heads, draw: Draw):
    """the result has the shape (B, H, T, D)"""
    H = draw.integer(2, 5)
    calls = {f"split_heads(torch.zeros({B}, 7, {H * 6}), {H})": torch.zeros(B, 7, H * 6) for B in (1, 3)}
    return {call: split_heads(x, H) for call, x in calls.items()}


@probe("merge_heads", ask="Which two axes become one: are they neighbours, and do their numbers lie side by side?")
def side_by_side(merge_heads, draw: Draw):
    """a position's heads stand side by side in its channels, head 0 first"""
    return merge_heads(draw.normal(2, 3, 5, 4))


@probe("merge_heads", ask="Which head and which channel of it does output channel c come from?")
def undoes_split(merge_heads, draw: Draw):
    """it undoes split_heads, also where the heads are a view of the channels"""
    x, D = draw.normal(2, 5, 12), 4
    heads = torch.stack([x[..., h * D : (h + 1) * D] for h in range(3)], dim=2).transpose(1, 2)
    return merge_heads(heads)


def _module(MultiHeadAttention, draw: Draw, n_embd: int, n_head: int):
    module = MultiHeadAttention(n_embd, n_head)
    return draw.fill(module, {f"{name}.weight": (n_embd, n_embd) for name in PROJECTIONS}, scale=0.5)


@probe("MultiHeadAttention", ask="Does __init__ begin with super().__init__(), and which four layers does it make?")
def parameters(MultiHeadAttention, draw: Draw):
    """its parameters are the four projections, without biases"""
    n_embd = 3 * draw.integer(2, 5)
    return {name: list(p.shape) for name, p in MultiHeadAttention(n_embd, 3).named_parameters()}


@probe(
    "MultiHeadAttention",
    ask="Follow one position through the four projections: which layer makes what, and which axis has D channels?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=3,
)
def value(MultiHeadAttention, draw: Draw):
    """it equals multi-head attention with the same weights"""
    return _module(MultiHeadAttention, draw, 12, 3)(draw.normal(2, 5, 12))


@probe("MultiHeadAttention", ask="How many channels would each of 4 heads get out of 10?")
def indivisible(MultiHeadAttention, draw: Draw):
    """a width that the heads cannot share raises ValueError"""
    n_head = draw.integer(2, 6)
    try:
        MultiHeadAttention(n_head * 3 + 1, n_head)
    except ValueError:
        return "ValueError"
    return "no error"


@probe(
    "MultiHeadAttention",
    ask="If the last two positions change, which rows of the scores may notice?",
    kind="property",
    weight=2,
)
def causality(MultiHeadAttention, draw: Draw):
    """changing the future does not change the past"""
    module, x = _module(MultiHeadAttention, draw, 8, 2), draw.normal(2, 6, 8)
    other = x.clone()
    other[:, 4:] = draw.normal(2, 2, 8)
    return _same(module(x)[:, :4], module(other)[:, :4])


@probe("MultiHeadAttention", ask="Does every projection take part in the result?", kind="property")
def gradients_of_weights(MultiHeadAttention, draw: Draw):
    """gradients flow to the input and to every projection"""
    module, x = _module(MultiHeadAttention, draw, 6, 2), draw.normal(2, 4, 6).requires_grad_()
    (module(x) * draw.normal(2, 4, 6)).sum().backward()
    reached = {"x": x, **dict(module.named_parameters())}
    return {f"a gradient reaches {name}": _arrives(tensor.grad) for name, tensor in reached.items()}


@probe("repeat_kv", ask="Query heads 0 and 1 are neighbours: do they read the same key/value head?")
def neighbours_share(repeat_kv, draw: Draw):
    """neighbouring query heads share a key/value head: 0, 0, 1, 1"""
    n_kv = draw.integer(2, 4)
    return repeat_kv(draw.normal(2, n_kv, 3, 6), n_kv * draw.choice([2, 3]))


@probe("repeat_kv", ask="How often must each head be repeated if there are as many key/value heads as query heads?")
def as_many_heads(repeat_kv, draw: Draw):
    """with as many key/value heads as query heads nothing changes"""
    return repeat_kv(draw.normal(2, 4, 3, 5), 4)


@probe("repeat_kv", ask="If two query heads read one key/value head, whose gradient does it receive?")
def gradient_adds_up(repeat_kv, draw: Draw):
    """the gradient of a shared head is the sum over all that share it"""
    x = draw.normal(2, 2, 3, 6).requires_grad_()
    (repeat_kv(x, 6) * draw.normal(2, 6, 3, 6)).sum().backward()
    return x.grad
