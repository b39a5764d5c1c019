"""Public probes of the unit block."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from autograder.probes import Draw, probe

SEVERAL_STEPS = "mean, variance, root and product round one after the other, and each order of operations differently"
GELU_STEPS = "right answers spread by 5e-7 and the erf form is up to 5e-4 away; 1e-5 lies between"
HALF = "a float16 has 11 binary digits, and the gain may come before or after the rounding to them"
N = 200_000  # numbers dropped at once: a share of them is then known to 0.0011, and is rounded to one digit


def _same(one: Tensor, other: Tensor) -> bool:
    """Equal up to rounding. Two results of one implementation: whether a property holds is not whether it is right."""
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def _arrives(gradient: Tensor | None) -> bool:
    """Is there a gradient, of numbers that are not all 0?"""
    return gradient is not None and bool(gradient.isfinite().all() and gradient.any())


def _layer_norm(LayerNorm, draw: Draw, n_embd: int, **eps: float) -> nn.Module:
    return draw.fill(LayerNorm(n_embd, **eps), {"weight": (n_embd,), "bias": (n_embd,)})


def _rms_norm(RMSNorm, draw: Draw, n_embd: int, **eps: float) -> nn.Module:
    return draw.fill(RMSNorm(n_embd, **eps), {"weight": (n_embd,)})


def _parameters(module: nn.Module, call: str, names: tuple[str, ...]) -> dict[str, Tensor | str | int]:
    """The parameters of these names, and how many there are; what any other one is called does not show."""
    own = {name: p.detach() for name, p in module.named_parameters()}
    seen = {f"the parameter {call}.{name}": own.get(name, f"no parameter is called {name}") for name in names}
    return {**seen, f"number of parameters of {call}": len(own)}


def _by_size(draw: Draw, C: int) -> Tensor:
    """Rows of C numbers ±a with mean 0 and variance a², where a is about 1."""
    signs = torch.tensor([draw.shuffled([-1.0, 1.0] * (C // 2)) for _ in range(4)])
    return signs * draw.uniform(0.8, 1.2)


def _num_changed(module: nn.Module, x: Tensor) -> int:
    """How many numbers of x are others after the call: into which ones is no matter."""
    before = x.clone()
    module(x)
    return int((x != before).sum())


def _gradients(module: nn.Module, x: Tensor, weights: Tensor) -> dict[str, Tensor | None]:
    """Gradients of one weighted sum of the output. `x * 1`: an answer may change it, a leaf may not be changed."""
    (module(x.requires_grad_() * 1) * weights).sum().backward()
    return {"x.grad": x.grad, **{f"{name}.grad": p.grad for name, p in sorted(module.named_parameters())}}


@probe("LayerNorm", ask="Which of a module's tensors does it show as parameters, and which value changes nothing?")
def ln_parameters(LayerNorm, draw: Draw):
    """it has two parameters, weight of n_embd ones and bias of n_embd zeros"""
    n_embd = draw.integer(3, 8)
    return _parameters(LayerNorm(n_embd), f"LayerNorm({n_embd})", ("weight", "bias"))


@probe(
    "LayerNorm",
    ask="Over which axis do mean and variance run, by what is the sum of squares divided, and what comes after?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=3,
)
def ln_value(LayerNorm, draw: Draw):
    """each position is normalized over its channels, then scaled and shifted"""
    x, filled = draw.normal(2, 5, 6, scale=2.0) + draw.normal(2, 5, 1, scale=3.0), _layer_norm(LayerNorm, draw, 6)
    return {
        "gain 1 and bias 0: LayerNorm(6)(x)": LayerNorm(6)(x.clone()),
        "gain and bias as drawn: LayerNorm(6)(x)": filled(x.clone()),
    }


@probe(
    "LayerNorm",
    ask="If all numbers are as small as 0.001, which is larger: the variance, or eps = 0.00001?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=2,
)
def ln_tiny(LayerNorm, draw: Draw):
    """eps stands inside the root: inputs of ±0.001 come out near ±0.3, not near ±1"""
    return {"gain 1 and bias 0: LayerNorm(6)(0.001 * x)": LayerNorm(6)(0.001 * _by_size(draw, 6))}


@probe(
    "LayerNorm",
    ask="Where does the number given as eps end up?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def ln_eps(LayerNorm, draw: Draw):
    """the eps of the constructor is the one that is used"""
    module = _layer_norm(LayerNorm, draw, 5, eps=0.5)
    return {"LayerNorm(5, eps=0.5)(x)": module(draw.normal(2, 3, 5))}


@probe("LayerNorm", ask="What is the variance of five equal numbers, and what do you divide by then?")
def ln_constant(LayerNorm, draw: Draw):
    """equal numbers become the bias, and no NaN arises"""
    module = _layer_norm(LayerNorm, draw, 5)
    value = float(draw.integer(2, 9))
    return {f"LayerNorm(5)(torch.full((1, 2, 5), {value}))": module(torch.full((1, 2, 5), value))}


@probe(
    "LayerNorm",
    ask="Mean and variance depend on x: does your answer let gradients pass through them, or treat them as constants?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=2,
)
def ln_gradients(LayerNorm, draw: Draw):
    """gradients flow to x, also by way of mean and variance, to gain and to bias"""
    return _gradients(_layer_norm(LayerNorm, draw, 6), draw.normal(2, 4, 6), draw.normal(2, 4, 6))


@probe(
    "LayerNorm",
    ask="Whose mean is subtracted from a position: its own, or one shared with others?",
    kind="property",
)
def ln_by_itself(LayerNorm, draw: Draw):
    """a position's result does not depend on other positions"""
    module, x = LayerNorm(6), draw.normal(2, 5, 6)
    other = x.clone()
    other[1, 2] = 10 * draw.normal(6)
    return _same(module(x.clone())[:, :2], module(other)[:, :2])


@probe("LayerNorm", ask="Which operation ends in an underscore, or uses -= or /= on x?", kind="property")
def ln_input_untouched(LayerNorm, draw: Draw):
    """x is left as it was"""
    return {"numbers of x changed by LayerNorm(6)(x)": _num_changed(LayerNorm(6), draw.normal(2, 4, 6))}


@probe("RMSNorm", ask="Which of a module's tensors does it show as parameters, and is there a shift in this norm?")
def rms_parameters(RMSNorm, draw: Draw):
    """it has one parameter, weight of n_embd ones"""
    n_embd = draw.integer(3, 8)
    return _parameters(RMSNorm(n_embd), f"RMSNorm({n_embd})", ("weight",))


@probe(
    "RMSNorm",
    ask="In the root mean square, what comes first, what second, what third, and over which axis?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=3,
)
def rms_value(RMSNorm, draw: Draw):
    """each position is divided by its root mean square, then scaled"""
    x, filled = draw.normal(2, 5, 6, scale=2.0) + draw.normal(2, 5, 1, scale=3.0), _rms_norm(RMSNorm, draw, 6)
    return {"gain 1: RMSNorm(6)(x)": RMSNorm(6)(x.clone()), "gain as drawn: RMSNorm(6)(x)": filled(x.clone())}


@probe(
    "RMSNorm",
    ask="If all numbers are as small as 0.001, which is larger: the mean square, or eps = 0.00001?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=2,
)
def rms_tiny(RMSNorm, draw: Draw):
    """eps stands inside the root: inputs of ±0.001 come out near ±0.3, not near ±1"""
    return {"gain 1: RMSNorm(6)(0.001 * x)": RMSNorm(6)(0.001 * _by_size(draw, 6))}


@probe("RMSNorm", ask="Where does the number given as eps end up?", atol=1e-5, because=SEVERAL_STEPS)
def rms_eps(RMSNorm, draw: Draw):
    """the eps of the constructor is the one that is used"""
    module = _rms_norm(RMSNorm, draw, 5, eps=0.5)
    return {"RMSNorm(5, eps=0.5)(x)": module(draw.normal(2, 3, 5))}


@probe(
    "RMSNorm",
    ask="What is 3000², what is the largest float16, and in which dtype do you square?",
    rtol=2e-3,
    because=HALF,
    weight=2,
)
def rms_half(RMSNorm, draw: Draw):
    """a float16 input of some thousands keeps its dtype and does not overflow"""
    module, x = _rms_norm(RMSNorm, draw, 6), draw.normal(2, 4, 6, scale=3000.0).half()
    return {"RMSNorm(6)(x.half())": module(x).detach()}


@probe("RMSNorm", ask="What is the root mean square of zeros, and what do you divide by then?")
def rms_zeros(RMSNorm, draw: Draw):
    """a vector of zeros stays zero, and no NaN arises"""
    n_embd = draw.integer(3, 8)
    module, call = _rms_norm(RMSNorm, draw, n_embd), f"RMSNorm({n_embd})(torch.zeros(2, 3, {n_embd}))"
    return {call: module(torch.zeros(2, 3, n_embd)).abs()}


@probe(
    "RMSNorm",
    ask="The root mean square depends on x: do gradients pass through it, or is it a constant in your answer?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def rms_gradients(RMSNorm, draw: Draw):
    """gradients flow to x, also by way of the root mean square, and to the gain"""
    return _gradients(_rms_norm(RMSNorm, draw, 6), draw.normal(2, 4, 6), draw.normal(2, 4, 6))


@probe(
    "RMSNorm",
    ask="x.float() makes a new tensor of a float16 x. Does it make a new one of a float32 x?",
    kind="property",
)
def rms_input_untouched(RMSNorm, draw: Draw):
    """x is left as it was"""
    return {"numbers of x changed by RMSNorm(6)(x)": _num_changed(RMSNorm(6), draw.normal(2, 4, 6))}


@probe(
    "gelu",
    ask="Go through the formula from inside: cube, sum, factor, tanh, plus one, times half of x. Which step differs?",
    atol=1e-5,
    because=GELU_STEPS,
    weight=3,
)
def gelu_value(gelu, draw: Draw):
    """it is ½ x (1 + tanh(√(2/π) (x + 0.044715 x³)))"""
    return gelu(draw.normal(3, 7, scale=1.5))


@probe(
    "gelu",
    ask="Which of the two forms do you compute: the exact one with erf, or GPT-2's approximation with tanh?",
    atol=1e-5,
    because=GELU_STEPS,
    weight=2,
)
def gelu_form(gelu, draw: Draw):
    """around |x| = 2.7 it equals the form with tanh, not the one with erf"""
    x = torch.tensor([-2.9, -2.5, 2.5, 2.9]) + 0.1 * draw.normal(4)
    return gelu(x)


@probe("gelu", ask="Far to the right tanh is 1, far to the left it is −1: what is left of the formula?")
def gelu_far(gelu, draw: Draw):
    """0 stays 0; far to the right x passes as it is, far to the left it becomes 0"""
    far = float(draw.integer(10, 100))
    call = f"gelu(torch.tensor([-100.0, -{far}, 0.0, {far}, 100.0]))"
    return {call: gelu(torch.tensor([-100.0, -far, 0.0, far, 100.0])) + 0.0}  # + 0.0 makes 0 of −0


@probe(
    "gelu",
    ask="Does some step of your answer leave torch, or turn a slope into a step?",
    atol=1e-5,
    because=GELU_STEPS,
)
def gelu_gradient(gelu, draw: Draw):
    """its gradient is that of the formula"""
    x = draw.normal(9, scale=1.5).requires_grad_()
    (gelu(x * 1) * draw.normal(9)).sum().backward()
    return {"x.grad": x.grad}


@probe("gelu", ask="Which operation ends in an underscore, or uses *= on x?", kind="property")
def gelu_input_untouched(gelu, draw: Draw):
    """x is left as it was"""
    x = draw.normal(2, 5)
    gelu(x)
    return x


def _swiglu_inputs(draw: Draw, C: int, F: int) -> list[Tensor]:
    return [draw.normal(2, 4, C), draw.normal(F, C), draw.normal(C, F), draw.normal(F, C)]


@probe(
    "swiglu",
    ask="Two branches leave x, one of them bends, the two meet, and one matrix follows. Which of these differs?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=3,
)
def swiglu_value(swiglu, draw: Draw):
    """it is (silu(x W₁ᵀ) ⊙ x W₃ᵀ) W₂ᵀ"""
    return swiglu(*_swiglu_inputs(draw, 5, 7))


@probe(
    "swiglu",
    ask="When F = C all three matrices are square, and a missing transpose raises nothing: which have you transposed?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def swiglu_square(swiglu, draw: Draw):
    """with F = C, too, every matrix is used as nn.Linear would: (d_out, d_in)"""
    return swiglu(*_swiglu_inputs(draw, 4, 4))


@probe(
    "swiglu",
    ask="If x W₁ᵀ is very negative, is the gate shut or wide open? And if it is very positive, what does it let pass?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def swiglu_gate(swiglu, draw: Draw):
    """a very negative gate lets nothing pass, a very positive one multiplies by its own size"""
    a, one = float(draw.integer(2, 6)), torch.ones(1, 1)
    shut, open_ = torch.tensor([[-40.0]]), torch.tensor([[40.0]])
    call = f"swiglu(torch.ones(1, 1), torch.tensor([[%s]]), torch.ones(1, 1), torch.tensor([[{a}]]))"
    return {call % "-40.0": swiglu(one, shut, one, a * one), call % "40.0": swiglu(one, open_, one, a * one)}


@probe("swiglu", ask="Does every matrix take part in the result?", kind="property")
def swiglu_gradients(swiglu, draw: Draw):
    """gradients flow to x and to all three matrices"""
    inputs = _swiglu_inputs(draw, 4, 4)  # square, so that a transpose too few is no matter here
    (swiglu(*[t.requires_grad_() * 1 for t in inputs]) * draw.normal(2, 4, 4)).sum().backward()
    named = zip(("x", "w1", "w2", "w3"), inputs, strict=True)
    return {f"a gradient reaches {name}": _arrives(tensor.grad) for name, tensor in named}


@probe("swiglu", ask="Which operation ends in an underscore, or uses *= on an argument?", kind="property")
def swiglu_inputs_untouched(swiglu, draw: Draw):
    """x and the matrices are left as they were"""
    inputs = _swiglu_inputs(draw, 4, 4)
    swiglu(*inputs)
    return inputs


def _multiples(out: Tensor, x: Tensor) -> Tensor:
    """By which numbers, to three digits, the elements of x were multiplied: the same whichever were dropped."""
    return (out / x).mul(1000).round().div(1000).abs().unique()


def _away_from_zero(draw: Draw, *shape: int) -> Tensor:
    return draw.normal(*shape).clamp(-2, 2) + draw.choice([-3.0, 3.0])


@probe("dropout", ask="What should a finished model do with the numbers that pass through it?", weight=2)
def drop_evaluation(dropout, draw: Draw):
    """not in training x passes unchanged, whatever p"""
    x = _away_from_zero(draw, 20, 30)
    calls = {f"what x is multiplied by in dropout(x, {p}, False)": dropout(x.clone(), p, False) for p in (0.4, 1.0)}
    return {call: _multiples(out, x) for call, out in calls.items()}


@probe(
    "dropout",
    ask="By what must the survivors be multiplied, so that the expected value of the result is x?",
    weight=4,
)
def drop_scale(dropout, draw: Draw):
    """in training each element becomes 0 or x / (1 − p)"""
    p, x = draw.choice([0.2, 0.4, 0.6]), _away_from_zero(draw, 20, 30)
    return {
        f"dropout(torch.ones(1000), {p}, True).unique()": dropout(torch.ones(1000), p, True).unique(),
        f"what x is multiplied by in dropout(x, {p}, True)": _multiples(dropout(x.clone(), p, True), x),
    }


@probe("dropout", ask="Is p the probability that an element goes, or that it stays?", weight=2)
def drop_share(dropout, draw: Draw):
    """in training an element is dropped with probability p"""
    p = draw.choice([0.4, 0.6])
    share = (dropout(torch.ones(N), p, True) == 0).float().mean().item()
    return {f"share of zeros, to one digit, in dropout(torch.ones({N}), {p}, True)": round(share, 1)}


@probe("dropout", ask="What is the mean of numbers that are 0 with probability p and a otherwise?")
def drop_mean(dropout, draw: Draw):
    """in training the mean stays what it was"""
    p = draw.choice([0.4, 0.6])
    mean = dropout(torch.ones(N), p, True).mean().item()
    return {f"mean, to one digit, of dropout(torch.ones({N}), {p}, True)": round(mean, 1)}


@probe("dropout", ask="Is there a division by 1 − p in your answer, and what is 0/0?")
def drop_nothing_or_all(dropout, draw: Draw):
    """in training p = 0 drops nothing, and p = 1 drops everything"""
    x = draw.normal(3, 5)
    calls = {f"dropout(x, {p}, True)": dropout(x.clone(), p, True) for p in (0.0, 1.0)}
    return {call: out + 0.0 for call, out in calls.items()}  # + 0.0 makes 0 of −0


def _uniform(zeros: Tensor) -> int:
    """How many rows are True everywhere or nowhere."""
    return int((zeros.all(1) | ~zeros.any(1)).sum())


@probe("dropout", ask="Do you draw one number for each element, or share draws between elements?")
def drop_each_by_itself(dropout, draw: Draw):
    """each element is drawn by itself: no row, column or number of zeros is decided as a whole"""
    zeros = dropout(torch.ones(40, 50), 0.4, True) == 0
    counts = {int((dropout(torch.ones(100), 0.4, True) == 0).sum()) for _ in range(40)}
    return {
        "rows of one kind, all 0 or none, in dropout(torch.ones(40, 50), 0.4, True)": _uniform(zeros),
        "columns of one kind, all 0 or none, in dropout(torch.ones(40, 50), 0.4, True)": _uniform(zeros.T),
        "is the number of zeros always the same in dropout(torch.ones(100), 0.4, True)": len(counts) == 1,
    }


def _agreement(one: Tensor, other: Tensor) -> float:
    """The share of places where both are dropped or both are kept, to one digit."""
    return round(((one == 0) == (other == 0)).float().mean().item(), 1)


@probe("dropout", ask="Is there a seed, or a mask made once, inside your function?")
def drop_afresh(dropout, draw: Draw):
    """every call draws a new mask"""
    x = torch.ones(N)
    masks = "share of equal places, to one digit, in two calls of dropout(x, 0.3, True)"  # 0.3² + 0.7² = 0.58
    return {masks: _agreement(dropout(x, 0.3, True), dropout(x, 0.3, True))}


@probe("dropout", ask="Does the generator reach the place where the random numbers are drawn?")
def drop_generator(dropout, draw: Draw):
    """a generator with the same seed draws the same mask, one with another seed another mask"""
    seed, x = draw.integer(0, 1000), torch.ones(N)
    first, again, other = (
        dropout(x, 0.3, True, generator=torch.Generator().manual_seed(s)) for s in (seed, seed, seed + 1)
    )
    call = "share of equal places, to one digit, with {}, in two calls of dropout(x, 0.3, True, generator=…)"
    return {call.format("one seed"): _agreement(first, again), call.format("two seeds"): _agreement(first, other)}


@probe("dropout", ask="If out = x · mask / (1 − p), what is the derivative of out with respect to x?", kind="property")
def drop_gradient(dropout, draw: Draw):
    """where x was kept the gradient is 1 / (1 − p), where it was dropped 0"""
    x, p = _away_from_zero(draw, 6, 50), draw.choice([0.2, 0.4])
    x.requires_grad_()
    out = dropout(x * 1, p, True)
    out.sum().backward()
    return _same(x.grad * x, out)


@probe("dropout", ask="Which operation ends in an underscore, or writes into x by an index?", kind="property")
def drop_input_untouched(dropout, draw: Draw):
    """x is left as it was"""
    x = draw.normal(5, 8)
    dropout(x, 0.5, True)
    return x


class _Part(nn.Module):
    """A stand-in for a norm or a sublayer: a map of channels and a sum over the past, bent, that notes its calls."""

    def __init__(self, name: str, draw: Draw, C: int, calls: list[str]) -> None:
        super().__init__()
        self.name, self.calls = name, calls
        self.weight = nn.Parameter(draw.normal(C, C, scale=0.5))

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append(self.name)
        return torch.tanh(x.cumsum(1) @ self.weight)


class _Const(nn.Module):
    """A sublayer that returns a constant, or a norm that lets x pass."""

    def __init__(self, result: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.result = result

    def forward(self, x: Tensor) -> Tensor:
        return self.result(x)


PARTS = ("attn", "mlp", "ln_1", "ln_2")


def _parts(draw: Draw, C: int = 5) -> tuple[list[nn.Module], list[str]]:
    """Four different modules in the order of the constructor, and the list in which they note their calls."""
    calls: list[str] = []
    return [_Part(name, draw, C, calls) for name in PARTS], calls


def _fixed(attn: Any, mlp: Any, ln_1: Any, ln_2: Any) -> list[nn.Module]:
    return [_Const(result) for result in (attn, mlp, ln_1, ln_2)]


@probe(
    "TransformerBlock",
    ask="What does each of the four modules read, and to what is its result added?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=3,
)
def block_value(TransformerBlock, draw: Draw):
    """it is h + mlp(ln_2(h)) with h = x + attn(ln_1(x))"""
    modules, _ = _parts(draw)
    return TransformerBlock(*modules)(draw.normal(2, 4, 5))


@probe("TransformerBlock", ask="If attn and mlp add nothing, does anything else stand in the way of x?", weight=2)
def block_identity(TransformerBlock, draw: Draw):
    """if attn and mlp return zeros, x passes unchanged, and its gradient too"""
    bend, nothing = torch.tanh, torch.zeros_like
    x = draw.normal(2, 4, 5).requires_grad_()
    out = TransformerBlock(*_fixed(nothing, nothing, bend, bend))(x * 1)
    out.sum().backward()
    return {"block(x)": out, "x.grad": x.grad}


@probe("TransformerBlock", ask="Follow x = 1 by hand: what does attn read, what is h, what does mlp read?")
def block_by_hand(TransformerBlock, draw: Draw):
    """with attn = ·10, mlp = ·100 and norms that add 1 and 2, small numbers come out right"""
    a = float(draw.integer(1, 5))
    modules = _fixed(lambda x: 10 * x, lambda x: 100 * x, lambda x: x + 1, lambda x: x + 2)
    return {f"block(torch.full((1, 1, 1), {a}))": TransformerBlock(*modules)(torch.full((1, 1, 1), a)).item()}


@probe("TransformerBlock", ask="How often do you call each module? Is some result needed in two places?")
def block_calls(TransformerBlock, draw: Draw):
    """each of the four modules is called once"""
    modules, calls = _parts(draw)
    TransformerBlock(*modules)(draw.normal(2, 3, 5))
    return {f"calls of {name} in block(x)": calls.count(name) for name in PARTS}


@probe("TransformerBlock", ask="How does a module learn of the modules inside it?")
def block_names(TransformerBlock, draw: Draw):
    """it holds the four modules it was given, under their names"""
    modules, _ = _parts(draw)
    children = dict(TransformerBlock(*modules).named_children())
    given = {id(module): name for name, module in zip(PARTS, modules, strict=True)}
    return {"named_children()": {name: given.get(id(child), "another module") for name, child in children.items()}}


@probe("TransformerBlock", ask="Is there a path from the result to every module, and to x?", kind="property")
def block_gradients(TransformerBlock, draw: Draw):
    """gradients flow to x and to all four modules"""
    modules, _ = _parts(draw)
    x = draw.normal(2, 4, 5).requires_grad_()
    (TransformerBlock(*modules)(x * 1) * draw.normal(2, 4, 5)).sum().backward()
    reached = {"x": x.grad, **{name: module.weight.grad for name, module in zip(PARTS, modules, strict=True)}}
    return {f"a gradient reaches {name}": _arrives(gradient) for name, gradient in reached.items()}


@probe(
    "TransformerBlock",
    ask="What is the difference between x = x + y and x += y, for whoever gave you x?",
    kind="property",
)
def block_input_untouched(TransformerBlock, draw: Draw):
    """x is left as it was"""
    modules, _ = _parts(draw)
    x = draw.normal(2, 4, 5)
    TransformerBlock(*modules)(x)
    return x
