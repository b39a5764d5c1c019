"""Hidden probes of the unit optimization: edges, and shapes that the public probes do not show."""

import torch
from torch import nn

from autograder.probes import Draw, probe

UPDATES = "several rounded updates of numbers around 1"


@probe(
    "cross_entropy",
    ask="Does the number of sequences, of positions or of tokens stand in your code as a fixed number?",
    atol=1e-5,
    because="exponentials, logarithms and means round one after the other",
)
def one_counts(cross_entropy, draw: Draw):
    """if a single target counts, the loss is its surprise alone, for every shape"""
    B, T, V = draw.shuffled([3, 4, 6])
    targets = torch.full((B, T), -100)
    targets[draw.integer(0, B), draw.integer(0, T)] = draw.integer(0, V)
    return cross_entropy(draw.normal(B, T, V, scale=3.0), targets)


@probe("sgd_momentum_step", ask="Which shapes can a parameter have?", atol=1e-5, because=UPDATES)
def any_shape(sgd_momentum_step, draw: Draw):
    """parameters may have any shape, also none"""
    params, state = [nn.Parameter(draw.normal(*shape, 1)[..., 0]) for shape in ((), (1,), (2, 3, 2))], {}
    for _ in range(3):
        for p in params:
            p.grad = draw.normal(*p.shape, 1)[..., 0]
        sgd_momentum_step(params, 0.2, 0.9, state)
    return [p.detach() for p in params]


@probe("AdamW", ask="Do two groups share anything, for example a counter of steps?", atol=1e-5, because=UPDATES)
def groups_apart(AdamW, draw: Draw):
    """two groups, any shapes, gradients in some steps only: nothing is shared"""
    params = [nn.Parameter(draw.normal(*shape, 1)[..., 0]) for shape in ((), (3, 2), (2, 2, 2))]
    optimizer = AdamW([{"params": params[:1]}, {"params": params[1:], "lr": 0.2}], lr=0.05, weight_decay=0.3)
    for step in range(5):
        for i, p in enumerate(params):
            p.grad = draw.normal(*p.shape, 1)[..., 0] if (step + i) % 3 else None
        optimizer.step()
    return [p.detach() for p in params]


@probe("configure_param_groups", ask="What if one module is frozen, and another uses its weight?")
def tied_and_frozen(configure_param_groups, draw: Draw):
    """a frozen tied weight is in no group, and the others still are"""
    model = nn.Sequential(nn.Embedding(4, 3), nn.LayerNorm(3), nn.Linear(3, 4))
    model[2].weight = model[0].weight
    model[0].weight.requires_grad_(False)
    name_of = {id(p): name for name, p in model.named_parameters()}
    groups = configure_param_groups(model, draw.uniform(0.1, 0.2))
    return [sorted(name_of.get(id(p), "no parameter of the model") for p in group["params"]) for group in groups]


@probe("clip_grad_norm_", ask="Clip twice with the same limit: what is left to do the second time?")
def twice(clip_grad_norm_, draw: Draw):
    """a clipped gradient has the norm max_norm, however long it was before"""
    params = [nn.Parameter(draw.normal(*shape, 1)[..., 0]) for shape in ((), (2, 5))]
    seen = []
    for scale in (1.0, 1e6):
        for p in params:
            p.grad = draw.normal(*p.shape, 1, scale=scale)[..., 0]
        seen += [clip_grad_norm_(params, 0.75) for _ in range(2)] + [p.grad.clone() for p in params]
    return seen


@probe("cosine_lr", ask="What are the rates if min_lr is 0, or equal to max_lr?")
def extreme_floors(cosine_lr, draw: Draw):
    """the floor may be 0, or as high as the peak"""
    peak, warmup = draw.uniform(1.0, 2.0), draw.integer(2, 5)
    return [cosine_lr(it, peak, floor, warmup, warmup + 8) for floor in (0.0, peak) for it in range(warmup + 10)]
