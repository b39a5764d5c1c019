"""Public probes of the unit optimization.

An optimizer probe makes its own parameters, hands them gradients, lets the answer step, and returns where they ended.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from autograder.probes import Draw, probe

SEVERAL_STEPS = "exponentials, logarithms and means round one after the other, and each order rounds differently"
UPDATES = "several rounded updates of numbers around 1"
NEAR_1000 = "near 1000 neighbouring float32 numbers are 6e-5 apart"


def _params(draw: Draw, *shapes: tuple[int, ...]) -> list[nn.Parameter]:
    return [nn.Parameter(draw.normal(*shape)) for shape in shapes or ((3, 4), (4,), (3, 4))]


def _give(params: list[nn.Parameter], draw: Draw, scale: float = 1.0) -> None:
    """Fresh gradients, in tensors of their own."""
    for p in params:
        p.grad = draw.normal(*p.shape, scale=scale)


def _values(params: list[nn.Parameter]) -> list[Tensor]:
    return [p.detach().clone() for p in params]


def _grads(params: list[nn.Parameter]) -> list[Tensor | None]:
    return [None if p.grad is None else p.grad.clone() for p in params]


def _nodes(node: Any) -> Iterator[str]:
    """The names of the operations behind a result, back to its inputs."""
    if node is not None:
        yield node.name()
        for before, _ in node.next_functions:
            yield from _nodes(before)


# cross_entropy


@probe(
    "cross_entropy",
    ask="What is −ln of the probability that softmax gives to the right token, and how many targets are there?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=2,
)
def formula(cross_entropy: Callable, draw: Draw):
    """it is the mean of −ln softmax(logits)[target] over all targets"""
    return cross_entropy(draw.normal(2, 5, 7, scale=2.0), draw.integers(0, 7, 2, 5))


@probe(
    "cross_entropy",
    ask="One row has 1 target that counts, another 5: by which number do you divide, and does it count the ignored?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=2,
)
def ignored(cross_entropy: Callable, draw: Draw):
    """targets of −100 count neither in the sum nor in the number of targets"""
    targets = draw.integers(0, 7, 3, 5)
    targets[0, 1:], targets[1, 3:] = -100, -100  # 1, 3 and 5 targets count
    return cross_entropy(draw.normal(3, 5, 7, scale=2.0), targets)


@probe(
    "cross_entropy",
    ask="Which value means `does not count` when the caller passes an ignore_index?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def other_ignore_index(cross_entropy: Callable, draw: Draw):
    """ignore_index may be any number, also the id of a token"""
    logits, targets, pad = draw.normal(2, 6, 5, scale=2.0), draw.integers(0, 5, 2, 6), draw.integer(0, 5)
    targets[0, :2], targets[1, 5] = pad, pad
    return {"a token's id": cross_entropy(logits, targets, pad), "−1": cross_entropy(logits, targets - 1, -1)}


@probe(
    "cross_entropy",
    ask="What does exp(1000) give in float32, and what ln(0)? Can the loss be had without either?",
    atol=1e-3,
    because=NEAR_1000,
)
def huge_logits(cross_entropy: Callable, draw: Draw):
    """logits of ±1000 give the right loss, not infinity or NaN, each position by itself"""
    far_apart = draw.integers(-10, 11, 4, 6).float() * 100
    near, targets = draw.normal(4, 6), draw.integers(0, 6, 4)
    uneven = near + torch.tensor([[1000.0], [-1000.0], [0.0], [300.0]])
    return {
        "(logits between −1000 and 1000)": cross_entropy(far_apart, targets),
        "(all logits near 1000)": cross_entropy(near + 1000, targets),
        "(all logits near −1000)": cross_entropy(near - 1000, targets),
        "(four positions, near 1000, −1000, 0 and 300)": cross_entropy(uneven, targets),
    }


@probe(
    "cross_entropy",
    ask="Equal logits are equal probabilities: what is −ln(1/V)?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def knows_nothing(cross_entropy: Callable, draw: Draw):
    """equal logits give ln V"""
    sizes = [2, draw.integer(5, 20), 1000]
    return [cross_entropy(torch.full((2, 3, V), draw.uniform(-5, 5)), draw.integers(0, V, 2, 3)) for V in sizes]


@probe(
    "cross_entropy",
    ask="Is there a step that forgets where its numbers came from? By which number is each term divided?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def gradient(cross_entropy: Callable, draw: Draw):
    """its gradient is (softmax − one-hot) / N, and 0 at ignored targets"""
    logits, targets = draw.normal(2, 4, 5).requires_grad_(), draw.integers(0, 5, 2, 4)
    targets[1, :3] = -100
    cross_entropy(logits, targets).backward()
    return logits.grad


@probe("cross_entropy", ask="If nothing counts: by which number do you divide, and does your 0 come from the logits?")
def nothing_counts(cross_entropy: Callable, draw: Draw):
    """if no target counts, the loss is 0 and its gradient zero"""
    logits = draw.normal(2, 3, 4).requires_grad_()
    loss = cross_entropy(logits, torch.full((2, 3), -100))
    if getattr(loss, "requires_grad", False):
        loss.backward()
    grad = "None, since this loss does not depend on the logits" if logits.grad is None else logits.grad
    return {"cross_entropy(logits, targets)": loss, "logits.grad after loss.backward()": grad}


@probe(
    "cross_entropy",
    ask="Do you count axes from the front? The vocabulary is always the last one?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def axes_in_front(cross_entropy: Callable, draw: Draw):
    """any number of axes may stand in front of V, also none"""
    logits, targets = draw.normal(2, 3, 5, 4), draw.integers(0, 4, 2, 3, 5)
    return [cross_entropy(logits[at], targets[at]) for at in (..., (0, 1), (1, 2, 3))]


@probe("cross_entropy", ask="Which of your operations write into a tensor of the caller?", kind="property")
def inputs_untouched(cross_entropy: Callable, draw: Draw):
    """logits and targets are left as they were"""
    logits, targets = draw.normal(2, 4, 5), draw.integers(0, 5, 2, 4)
    targets[0, 2:] = -100
    cross_entropy(logits, targets)
    return [logits, targets]


@probe("cross_entropy", ask="Which type do your intermediate results have if the logits are float64?", kind="property")
def dtype_kept(cross_entropy: Callable, draw: Draw):
    """the result is a 0-d tensor of the dtype of the logits"""
    losses = [cross_entropy(draw.normal(2, 5).to(d), draw.integers(0, 5, 2)) for d in (torch.float32, torch.float64)]
    return [[str(loss.dtype), list(loss.shape)] for loss in losses]


@probe("cross_entropy", ask="Which line would you have to write if torch had no such loss?", kind="property")
def made_by_hand(cross_entropy: Callable, draw: Draw):
    """it is your own: no loss of torch stands behind the result"""
    loss = cross_entropy(draw.normal(2, 3, 4).requires_grad_(), draw.integers(0, 4, 2, 3))
    return {"nll_loss of torch": any(name.startswith("NllLoss") for name in _nodes(loss.grad_fn))}


# sgd_momentum_step

ALIKE = ((3, 4), (3, 4), (3, 4))  # of one shape, so that one velocity for all would raise no error


@probe("sgd_momentum_step", ask="The velocity starts as the first gradient: where does the first step lead?")
def first_step(sgd_momentum_step: Callable, draw: Draw):
    """the first step goes lr times the gradient downhill, in place"""
    params = _params(draw, *ALIKE)
    _give(params, draw)
    sgd_momentum_step(params, draw.uniform(0.1, 0.5), 0.9, {})
    return _values(params)


@probe(
    "sgd_momentum_step",
    ask="After two gradients of 2 with momentum 0.5, how large is the velocity: 2, 3 or 4?",
    atol=1e-5,
    because=UPDATES,
    weight=2,
)
def four_steps(sgd_momentum_step: Callable, draw: Draw):
    """later the velocity is momentum · velocity + gradient, one for each parameter"""
    params, momentum, state, seen = _params(draw, *ALIKE), draw.uniform(0.4, 0.8), {}, []
    for _ in range(4):
        _give(params, draw)
        sgd_momentum_step(params, 0.1, momentum, state)
        seen += _values(params)
    return seen


@probe("sgd_momentum_step", ask="How much of the old velocity is kept with momentum 0?", atol=1e-5, because=UPDATES)
def momentum_honoured(sgd_momentum_step: Callable, draw: Draw):
    """momentum may be any number below 1; with 0 it is plain gradient descent"""
    seen = []
    for momentum in (0.0, draw.uniform(0.1, 0.3), 0.99):
        params, state = _params(draw, *ALIKE), {}
        for _ in range(3):
            _give(params, draw)
            sgd_momentum_step(params, 0.1, momentum, state)
        seen += _values(params)
    return seen


@probe(
    "sgd_momentum_step",
    ask="If the caller writes the next gradient into the same tensor, what becomes of what you have stored?",
    atol=1e-5,
    because=UPDATES,
)
def reused_gradients(sgd_momentum_step: Callable, draw: Draw):
    """the caller may overwrite the gradient tensors between two steps"""
    params, state = _params(draw, *ALIKE), {}
    buffers = [torch.empty_like(p) for p in params]
    for _ in range(3):
        for p, buffer in zip(params, buffers, strict=True):
            p.grad = buffer.detach().copy_(draw.normal(*p.shape))
        sgd_momentum_step(params, 0.1, 0.5, state)
    return _values(params)


@probe("sgd_momentum_step", ask="Is lr a part of the velocity, or does it multiply it?", atol=1e-5, because=UPDATES)
def lr_changes(sgd_momentum_step: Callable, draw: Draw):
    """lr may change between two steps and counts from then on"""
    params, state = _params(draw, *ALIKE), {}
    for lr in (0.4, 0.1, draw.uniform(0.6, 0.9)):
        _give(params, draw)
        sgd_momentum_step(params, lr, 0.7, state)
    return _values(params)


@probe(
    "sgd_momentum_step",
    ask="What is p.grad of a parameter that took no part in the loss? Should it move?",
    atol=1e-5,
    because=UPDATES,
)
def without_gradient(sgd_momentum_step: Callable, draw: Draw):
    """a parameter without gradient is left alone, and so is its velocity"""
    params, state, seen = _params(draw, *ALIKE), {}, []
    for step in range(4):
        _give(params, draw)
        if step in (0, 2):
            params[1].grad = None
        sgd_momentum_step(params, 0.1, 0.6, state)
        seen.append(params[1].detach().clone())
    return [*seen, *_values(params)]


@probe("sgd_momentum_step", ask="How often can a generator be read?")
def any_iterable(sgd_momentum_step: Callable, draw: Draw):
    """params may be a generator, like model.parameters()"""
    params = _params(draw)
    _give(params, draw)
    sgd_momentum_step((p for p in params), 0.3, 0.9, {})
    return _values(params)


@probe("sgd_momentum_step", ask="Where is the velocity kept, and what if somebody brings an empty state?")
def fresh_state(sgd_momentum_step: Callable, draw: Draw):
    """all memory is in state: with an empty one the same parameters start anew"""
    params = _params(draw, *ALIKE)
    for _ in range(2):
        _give(params, draw)
        sgd_momentum_step(params, 0.3, 0.9, {})
    return _values(params)


@probe("sgd_momentum_step", ask="Who owns the gradients, and who clears them?", kind="property")
def gradients_kept(sgd_momentum_step: Callable, draw: Draw):
    """gradients are left as they were, and parameters stay leaves of the graph"""
    params, state, seen = _params(draw, *ALIKE), {}, []
    _give(params, draw)
    for _ in range(2):
        sgd_momentum_step(params, 0.1, 0.9, state)
        seen += _grads(params)
    return [seen, [p.is_leaf and p.requires_grad for p in params]]


# AdamW


def _train(optimizer: Any, params: list[nn.Parameter], draw: Draw, steps: int, scale: float = 1.0) -> list[Tensor]:
    """Some steps with fresh gradients, and where the parameters are after each."""
    seen = []
    for _ in range(steps):
        _give(params, draw, scale)
        optimizer.step()
        seen += _values(params)
    return seen


@probe("AdamW", ask="At t = 1, what are m̂ and v̂, each as a function of g? And m̂ / √v̂?", atol=1e-5, because=UPDATES)
def first_step_is_lr(AdamW: type, draw: Draw):
    """the first step has the size lr in every element, however large the gradient"""
    params, lr = _params(draw), draw.uniform(0.05, 0.2)
    for p in params:
        p.grad = draw.normal(*p.shape) * 10.0 ** draw.integers(-3, 4, *p.shape)
    AdamW(params, lr=lr, weight_decay=0.0).step()
    return _values(params)


@probe(
    "AdamW",
    ask="Write down m, v, m̂ and v̂ for two steps of one number: which of them do you compute otherwise?",
    atol=1e-5,
    because=UPDATES,
    weight=3,
)
def five_steps(AdamW: type, draw: Draw):
    """five steps follow the equations of the lesson"""
    params = _params(draw)
    optimizer = AdamW((p for p in params), lr=0.05, betas=(0.8, 0.95), weight_decay=0.2)
    return _train(optimizer, params, draw, steps=5)


@probe("AdamW", ask="With g = 0 in every step, what is left of the update?", atol=1e-5, because=UPDATES)
def zero_gradient(AdamW: type, draw: Draw):
    """with a gradient of zero each step multiplies by 1 − lr · λ, no more and no less"""
    params, lr, decay = _params(draw), draw.uniform(0.1, 0.3), draw.uniform(0.2, 0.5)
    optimizer, seen = AdamW(params, lr=lr, weight_decay=decay), []
    for p in params:
        p.grad = torch.zeros_like(p)
    for _ in range(3):
        optimizer.step()
        seen += _values(params)
    return seen


@probe(
    "AdamW",
    ask="Does the decay see the parameter before the gradient step or after it? Does it pass through m and v?",
    atol=1e-5,
    because=UPDATES,
)
def decay_first(AdamW: type, draw: Draw):
    """the decay comes before the gradient step and does not enter the averages"""
    params = _params(draw)
    return _train(AdamW(params, lr=0.3, weight_decay=draw.uniform(0.6, 0.9)), params, draw, steps=2)


@probe("AdamW", ask="√(10⁻¹⁴) + 10⁻⁸, or √(10⁻¹⁴ + 10⁻⁸): which is about 10⁻⁷?", atol=1e-5, because=UPDATES)
def tiny_gradients(AdamW: type, draw: Draw):
    """eps stands outside the root and after the correction, as gradients of 1e-7 show"""
    params = _params(draw)
    return _train(AdamW(params, lr=0.1, weight_decay=0.0), params, draw, steps=3, scale=1e-7)


@probe("AdamW", ask="Which of the five settings stands in your code as a fixed number?", atol=1e-5, because=UPDATES)
def settings(AdamW: type, draw: Draw):
    """lr, betas, eps and weight_decay are those that were asked for"""
    seen = []
    for lr, betas, eps, decay in ((0.2, (0.0, 0.5), 0.5, 0.1), (0.05, (0.95, 0.9), 1e-3, draw.uniform(0.5, 2.0))):
        params = _params(draw, (3, 2))
        seen += _train(AdamW(params, lr, betas, eps, decay), params, draw, steps=3)
    return seen


@probe("AdamW", ask="Which five keys has each of param_groups, and which values if nobody says otherwise?")
def defaults(AdamW: type, draw: Draw):
    """param_groups hold all five keys, with the contract's defaults"""
    params, lr = _params(draw), draw.uniform(0.1, 0.9)
    first, second = AdamW([{"params": params[:1]}, {"params": params[1:], "lr": lr}]).param_groups
    keys = ("lr", "betas", "eps", "weight_decay")
    return [[len(group["params"]), *(group[key] for key in keys)] for group in (first, second)]


@probe("AdamW", ask="Whose lr, betas, eps and decay does the second group use?", atol=1e-5, because=UPDATES)
def groups(AdamW: type, draw: Draw):
    """each group has its own settings; what it does not say comes from the constructor"""
    params = _params(draw)
    own = {"params": params[1:2], "lr": 0.3, "betas": (0.5, 0.6), "eps": 0.1, "weight_decay": draw.uniform(0.4, 0.8)}
    optimizer = AdamW([{"params": params[:1]}, own, {"params": params[2:], "weight_decay": 0.0}], lr=0.1)
    return _train(optimizer, params, draw, steps=3)


@probe("AdamW", ask="A parameter took no part in the loss: should it move or shrink?", atol=1e-5, because=UPDATES)
def no_gradient(AdamW: type, draw: Draw):
    """a parameter without gradient is not touched, not even by the decay"""
    params = _params(draw)
    optimizer = AdamW(params, lr=0.1, weight_decay=0.5)
    seen = _train(optimizer, params, draw, steps=1)
    _give(params, draw)
    params[0].grad = None
    optimizer.step()
    return seen + _values(params)


@probe("AdamW", ask="Two steps passed without it: is a parameter at its third or first?", atol=1e-5, because=UPDATES)
def late_start(AdamW: type, draw: Draw):
    """each parameter counts its own steps, from its first gradient on"""
    params = _params(draw)
    optimizer = AdamW(params, lr=0.1)
    for step in range(4):
        _give(params, draw)
        if step < 2:
            params[1].grad = None
        optimizer.step()
    return _values(params)


@probe("AdamW", ask="When do you read lr: at construction, or at every step?", atol=1e-5, because=UPDATES)
def schedule(AdamW: type, draw: Draw):
    """a value changed in param_groups counts from the next step on"""
    params = _params(draw)
    optimizer, seen = AdamW(params, lr=0.1, weight_decay=0.1), []
    for lr in (0.3, 0.02):
        optimizer.param_groups[0].update(lr=lr, weight_decay=draw.uniform(0.3, 0.6))
        seen += _train(optimizer, params, draw, steps=1)
    return seen


@probe("AdamW", ask="Which numbers does step 4 need from step 3? Are all in state_dict()?", atol=1e-5, because=UPDATES)
def resumed(AdamW: type, draw: Draw):
    """a new optimizer goes on exactly where the state_dict of another stopped"""
    params = _params(draw)
    optimizer = AdamW(params, lr=0.1, betas=(0.7, 0.9))
    _train(optimizer, params, draw, steps=3)
    saved = copy.deepcopy(optimizer.state_dict())  # as if it had been written to a file
    optimizer = AdamW(params, lr=9.0)
    optimizer.load_state_dict(saved)
    return _train(optimizer, params, draw, steps=2)


@probe("AdamW", ask="Which of your operations write into p.grad?", kind="property")
def grads_kept(AdamW: type, draw: Draw):
    """step leaves the gradients as they were; zero_grad clears them"""
    params = _params(draw)
    optimizer = AdamW(params, lr=0.1, weight_decay=0.5)
    _give(params, draw)
    optimizer.step()
    kept = _grads(params)
    optimizer.zero_grad()
    return [kept, [p.grad is None or not p.grad.any().item() for p in params]]


@probe("AdamW", ask="Which of your lines would still work if torch had no Adam?", kind="property")
def own_work(AdamW: type, draw: Draw):
    """it is your own: no Adam of torch is in it"""
    optimizer = AdamW(_params(draw))
    parts = [optimizer, *vars(optimizer).values()]
    return {"torch.optim.Adam": any(isinstance(part, (torch.optim.Adam, torch.optim.AdamW)) for part in parts)}


# configure_param_groups


class Small(nn.Module):
    """The kinds of parameters a GPT has, few of each."""

    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(5, 4), nn.Embedding(3, 4)
        self.h = nn.ModuleList(nn.ModuleDict({"ln_1": nn.LayerNorm(4), "c_fc": nn.Linear(4, 6)}) for _ in range(2))
        self.ln_f, self.lm_head = nn.LayerNorm(4), nn.Linear(4, 5, bias=False)


class Unusual(nn.Module):
    """Parameters whose names say nothing about their dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(3, 3))
        self.ln_kernel, self.temperature = nn.Parameter(torch.ones(2, 3, 4)), nn.Parameter(torch.ones(()))


def _names(groups: list[dict], model: nn.Module) -> list[list[str]]:
    """The names in each group."""
    name_of = {id(p): name for name, p in model.named_parameters()}
    return [[name_of.get(id(p), "no parameter of the model") for p in group["params"]] for group in groups]


def _sorted_names(configure_param_groups: Callable, model: nn.Module) -> list[list[str]]:
    """The names in each group, where their order is not the question."""
    return [sorted(names) for names in _names(configure_param_groups(model, 0.1), model)]


@probe("configure_param_groups", ask="How many axes has a bias, the gain of a norm, an embedding?", weight=2)
def two_kinds(configure_param_groups: Callable, draw: Draw):
    """matrices and embeddings stand in the first group, biases and norms in the second"""
    return _sorted_names(configure_param_groups, Small())


@probe("configure_param_groups", ask="Do you look at a parameter's name, at its module, or at its shape?")
def shape_decides(configure_param_groups: Callable, draw: Draw):
    """the number of axes decides, not the name: two or more decay"""
    return _sorted_names(configure_param_groups, Unusual())


@probe("configure_param_groups", ask="Can each of your lists be read twice, and is its order the same in every run?")
def in_order(configure_param_groups: Callable, draw: Draw):
    """params is a list, in the order in which the model names its parameters"""
    seen = []
    for model in (Small(), Unusual()):
        groups = configure_param_groups(model, 0.1)
        _names(groups, model)  # somebody looks at them before the optimizer does
        seen.append(_names(groups, model))
    return seen


@probe("configure_param_groups", ask="Which number stands under weight_decay in each of the two dicts?")
def decays(configure_param_groups: Callable, draw: Draw):
    """the first group has the weight_decay asked for, the second 0.0"""
    groups = configure_param_groups(Small(), draw.uniform(0.05, 0.5))
    return [group.get("weight_decay", "missing") for group in groups]


@probe("configure_param_groups", ask="The head and the embedding are one Parameter: how often should it be stepped?")
def tied(configure_param_groups: Callable, draw: Draw):
    """a tied weight is listed once"""
    model = Small()
    model.lm_head.weight = model.wte.weight
    return _sorted_names(configure_param_groups, model)


@probe("configure_param_groups", ask="What does requires_grad say of a frozen parameter?")
def frozen(configure_param_groups: Callable, draw: Draw):
    """frozen parameters belong to no group"""
    model = Small()
    for p in draw.shuffled(list(model.parameters()))[:5]:
        p.requires_grad_(False)
    return _sorted_names(configure_param_groups, model)


@probe("configure_param_groups", ask="How many groups come out if no parameter is a vector, or if there is none?")
def empty_groups(configure_param_groups: Callable, draw: Draw):
    """there are always two groups, also when one or both are empty"""
    models = [nn.Linear(3, 2, bias=False), nn.LayerNorm(4), nn.ReLU()]
    return [_sorted_names(configure_param_groups, model) for model in models]


@probe("configure_param_groups", ask="Sorting is looking: which line of yours changes the model?", kind="property")
def model_untouched(configure_param_groups: Callable, draw: Draw):
    """the model is left as it was"""
    model = draw.fill(nn.Linear(3, 2), {"weight": (2, 3), "bias": (2,)})
    model.bias.requires_grad_(False)
    configure_param_groups(model, 0.1)
    return {name: [p.detach().clone(), p.requires_grad] for name, p in model.named_parameters()}


# clip_grad_norm_


@probe(
    "clip_grad_norm_",
    ask="Take all gradients as one long vector: what is its length, and what should it be afterwards?",
    weight=2,
)
def too_long(clip_grad_norm_: Callable, draw: Draw):
    """a gradient that is too long is shortened to max_norm, all parts by one factor"""
    params = _params(draw)
    _give(params, draw)
    norm = clip_grad_norm_(params, draw.uniform(0.5, 1.5))
    return [norm, _grads(params)]


@probe("clip_grad_norm_", ask="A gradient has the norm 0.02 and the limit is 1: by which factor do you multiply?")
def short_enough(clip_grad_norm_: Callable, draw: Draw):
    """a gradient that is short enough stays as it is"""
    params, max_norm = _params(draw), draw.uniform(3.0, 5.0)
    _give(params, draw, scale=0.1)
    clip_grad_norm_(params, max_norm)
    return _grads(params)


@probe("clip_grad_norm_", ask="Squares of 3 and 4 in one tensor, of 12 in another: what is the root of their sum?")
def whole_norm(clip_grad_norm_: Callable, draw: Draw):
    """it returns the L2 norm of all gradients together, before clipping"""
    norms = []
    for max_norm in (1000.0, 0.25):
        params = _params(draw)
        _give(params, draw)
        norms.append(clip_grad_norm_(params, max_norm))
    return norms


@probe("clip_grad_norm_", ask="Who else may hold the same gradient tensor, and would they notice?")
def same_tensors(clip_grad_norm_: Callable, draw: Draw):
    """the gradient tensors themselves are changed, not replaced by new ones"""
    params = _params(draw)
    _give(params, draw)
    held = [p.grad for p in params]
    clip_grad_norm_(params, 0.5)
    return held


@probe("clip_grad_norm_", ask="You need the gradients twice: how often can a generator be read?")
def from_a_generator(clip_grad_norm_: Callable, draw: Draw):
    """params may be a generator, like model.parameters()"""
    params = _params(draw)
    _give(params, draw)
    norm = clip_grad_norm_((p for p in params), 0.5)
    return [norm, _grads(params)]


@probe("clip_grad_norm_", ask="What is p.grad before the first backward?")
def some_without(clip_grad_norm_: Callable, draw: Draw):
    """parameters without gradient are skipped"""
    params = _params(draw)
    _give(params, draw)
    params[draw.integer(0, 3)].grad = None
    norm = clip_grad_norm_(params, 0.5)
    return [norm, _grads(params)]


@probe("clip_grad_norm_", ask="What is the length of a vector without elements?")
def no_gradients(clip_grad_norm_: Callable, draw: Draw):
    """without any gradient the norm is 0"""
    return [clip_grad_norm_(_params(draw), 1.0), clip_grad_norm_([], 1.0)]


@probe("clip_grad_norm_", ask="Is it p or p.grad that should change?", kind="property")
def params_untouched(clip_grad_norm_: Callable, draw: Draw):
    """the parameters themselves are left as they were"""
    params = _params(draw)
    _give(params, draw)
    clip_grad_norm_(params, 0.5)
    return _values(params)


@probe("clip_grad_norm_", ask="Which line would you have to write if torch had no such function?", kind="property")
def own_clipping(clip_grad_norm_: Callable, draw: Draw):
    """it is your own: torch's function of that name is not called"""
    params, of_torch = _params(draw), nn.utils.clip_grad_norm_
    _give(params, draw)
    with mock.patch.object(nn.utils, "clip_grad_norm_", mock.Mock(side_effect=of_torch)) as spy:
        clip_grad_norm_(params, 0.5)
    return {"torch's function was called": spy.called}


# cosine_lr


def _plan(draw: Draw) -> dict[str, Any]:
    """A schedule with room for all its parts; total − warmup is divisible by 4."""
    warmup = draw.integer(4, 9)
    total = warmup + 4 * draw.integer(3, 8)
    return {"max_lr": draw.uniform(1.0, 2.0), "min_lr": draw.uniform(0.1, 0.4), "warmup": warmup, "total": total}


@probe("cosine_lr", ask="With 4 steps of warm-up, which share of the peak has step 0: none, or a quarter?")
def warm_up(cosine_lr: Callable, draw: Draw):
    """while it < warmup the rate rises in equal parts, and step 0 is not lost"""
    plan = _plan(draw)
    return [cosine_lr(it, *plan.values()) for it in range(plan["warmup"])]


@probe("cosine_lr", ask="Which is the last step of the warm-up, and where does the cosine begin?")
def peak(cosine_lr: Callable, draw: Draw):
    """the peak is reached at it = warmup − 1 and held at it = warmup"""
    plan = _plan(draw)
    return [cosine_lr(plan["warmup"] + i, *plan.values()) for i in (-1, 0)]


@probe(
    "cosine_lr",
    ask="Half way between the end of the warm-up and total, what is the cosine of 90 degrees, and so the rate?",
    weight=2,
)
def way_down(cosine_lr: Callable, draw: Draw):
    """from warmup to total it falls to min_lr along half a period of a cosine"""
    plan = _plan(draw)
    quarter = (plan["total"] - plan["warmup"]) // 4
    return [cosine_lr(plan["warmup"] + i * quarter, *plan.values()) for i in (1, 2, 3)]


@probe("cosine_lr", ask="After half a period a cosine rises again: should the rate?")
def floor(cosine_lr: Callable, draw: Draw):
    """from total on it is min_lr"""
    plan = _plan(draw)
    length = plan["total"] - plan["warmup"]
    return [cosine_lr(plan["total"] + i, *plan.values()) for i in (0, 1, length // 2, length, 1000)]


@probe("cosine_lr", ask="With warmup = 0, by which number would you divide?")
def no_warm_up(cosine_lr: Callable, draw: Draw):
    """warmup may be 0: then the cosine begins at step 0"""
    plan = _plan(draw) | {"warmup": 0}
    return [cosine_lr(it, *plan.values()) for it in (0, 1, plan["total"] // 2, plan["total"])]


@probe("cosine_lr", ask="If total comes before the end of the warm-up, which of the two wins?")
def no_room(cosine_lr: Callable, draw: Draw):
    """if total ≤ warmup, the warm-up is completed and min_lr follows at once"""
    seen = []
    for shortfall in (0, 2):
        plan = _plan(draw)
        plan["total"] = plan["warmup"] - shortfall
        seen.append([cosine_lr(plan["warmup"] + i, *plan.values()) for i in (-2, -1, 0, 1)])
    return seen
