"""Public probes of the unit gpt.

A GPT is filled with drawn weights by name and its logits are observed. `init_weights` is judged by statistics of many
thousand weights, never by the numbers a generator happens to draw.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from autograder.probes import Draw, WrongParameters, probe

A_WHOLE_MODEL = "two blocks of norms, softmax and matrix products, and each order of operations rounds differently"
RANDOM = "the size of thousands of random weights; it varies by 1 % from draw to draw, and is told in few digits"


@dataclass(frozen=True)
class Config:
    """What a GPT is told about its sizes."""

    vocab_size: int = 11
    block_size: int = 8
    n_layer: int = 2
    n_head: int = 3
    n_embd: int = 12
    dropout: float = 0.0


def _shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter, the tied head left out."""
    C = config.n_embd
    shapes = {"wte.weight": (config.vocab_size, C), "wpe.weight": (config.block_size, C)}
    norms = ["ln_f"]
    for block in (f"h.{i}" for i in range(config.n_layer)):
        norms += [f"{block}.ln_1", f"{block}.ln_2"]
        shapes |= {f"{block}.attn.{name}_proj.weight": (C, C) for name in "qkvo"}
        shapes |= {f"{block}.mlp.c_fc.weight": (4 * C, C), f"{block}.mlp.c_fc.bias": (4 * C,)}
        shapes |= {f"{block}.mlp.c_proj.weight": (C, 4 * C), f"{block}.mlp.c_proj.bias": (C,)}
    return shapes | {f"{norm}.{name}": (C,) for norm in norms for name in ("weight", "bias")}


def _parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """All parameters by name but the head's, whether it is tied or not and whichever of the two was made first."""
    named = dict(model.named_parameters(remove_duplicate=False))
    return {name: p for name, p in named.items() if name != "lm_head.weight"}


def _filled(GPT, draw: Draw, config: Config) -> nn.Module:
    """A GPT with drawn weights. The head gets those of wte: whether it is tied is for another probe.

    A parameter that nobody asked for becomes 0: that it is there is for another probe, too.
    """
    model, shapes = GPT(config), _shapes(config)
    own = _parameters(model)
    if missing := sorted(shapes.keys() - own.keys()):
        raise WrongParameters(f"the model has no parameter {missing[0]} ({len(missing)} are missing in all)")
    with torch.no_grad():
        for p in own.values():
            p.zero_()
        for name, shape in shapes.items():
            if own[name].shape != shape:
                raise WrongParameters(f"parameter {name} has shape {tuple(own[name].shape)}, not {shape}")
            own[name].copy_(draw.normal(*shape, scale=0.5))
        model.lm_head.weight.copy_(model.wte.weight)
    return model


def _alive(GPT, draw: Draw, config: Config) -> nn.Module:
    """A GPT whose parameters, whichever it has, are all drawn: enough to compare it with itself."""
    model = GPT(config)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(draw.normal(*p.shape, scale=0.5))
    return model


def _error_of(call: Callable[[], Any], wanted: type[Exception]) -> str:
    """The name of the error that a call ends in. One that inherits from the wanted one is as good."""
    try:
        result = call()
    except wanted:
        return wanted.__name__
    except Exception as error:
        return type(error).__name__
    return f"a result with the names {sorted(result)}" if isinstance(result, dict) else "a result"


# GPT


@probe("GPT", ask="How does a Module find the layers it consists of? Which layers does the contract name?", weight=2)
def parameters(GPT, draw: Draw):
    """its parameters have GPT-2's names and the right shapes, and every block has its own"""
    config = Config(vocab_size=draw.integer(20, 30), n_layer=draw.integer(2, 4), n_embd=3 * draw.integer(3, 6))
    own = _parameters(GPT(config))
    distinct = {id(p): p.numel() for p in own.values()}  # a block used twice has its weights once
    return {
        "names and shapes": {name: list(p.shape) for name, p in own.items()},
        "numbers to learn": sum(distinct.values()),
    }


@probe(
    "GPT",
    ask="Follow one token: which two tables does it meet, then what, how many times, and what stands before the head?",
    atol=1e-5,
    because=A_WHOLE_MODEL,
    weight=3,
)
def value(GPT, draw: Draw):
    """its logits equal those of a GPT with the same weights"""
    model = _filled(GPT, draw, Config())
    return model(draw.integers(0, 11, 2, 5))


@probe("GPT", ask="If the optimizer moves one of the two matrices, must the other one learn of it?", weight=2)
def tied(GPT, draw: Draw):
    """the head's weight and the token embedding are one Parameter with two names"""
    model = GPT(Config())
    same_at_first = torch.equal(model.lm_head.weight, model.wte.weight)
    with torch.no_grad():
        model.wte.weight[1, 2] = 7.0
    return {
        "wte.weight and lm_head.weight hold": "the same numbers" if same_at_first else "different numbers",
        "lm_head.weight[1, 2] after wte.weight[1, 2] = 7": round(model.lm_head.weight[1, 2].item(), 3),
        "as Parameter objects they are": "one" if model.lm_head.weight is model.wte.weight else "two",
    }


@probe(
    "GPT",
    ask="How many rows has the table of positions, and which of them does a text of T tokens need?",
    atol=1e-5,
    because=A_WHOLE_MODEL,
)
def lengths(GPT, draw: Draw):
    """every length from one token to the whole context works"""
    model, ids = _filled(GPT, draw, Config(block_size=6)), draw.integers(0, 11, 3, 6)
    return {f"model(ids) with ids of shape (3, {T})": model(ids[:, :T]) for T in (1, 6)}


@probe("GPT", ask="Which position would token number block_size have, and is there a row for it?")
def too_long(GPT, draw: Draw):
    """a text longer than block_size raises ValueError"""
    T = draw.integer(4, 7)
    model, ids = GPT(Config(block_size=T - 1)), draw.integers(0, 11, 2, T)
    return {f"block_size={T - 1}, model(ids) with {T} ids": _error_of(lambda: model(ids), ValueError)}


@probe(
    "GPT",
    ask="With dropout 1 every number that meets it becomes 0: what is left of the text, and when?",
    atol=1e-5,
    because=A_WHOLE_MODEL,
)
def dropout_in_training(GPT, draw: Draw):
    """dropout falls on the sum of the embeddings, in training mode and nowhere else"""
    model, ids = _filled(GPT, draw, Config(dropout=1.0)), draw.integers(0, 11, 2, 4)
    return {
        "dropout=1.0, in model.eval()": model.eval()(ids),
        "dropout=1.0, in model.train()": model.train()(ids),
    }


@probe("GPT", ask="Where will the code that writes text look up how long a context may be?")
def keeps_config(GPT, draw: Draw):
    """the config can be read from the model"""
    config = Config(block_size=draw.integer(5, 9), vocab_size=draw.integer(20, 30))
    kept = GPT(config).config
    return {"model.config.block_size": kept.block_size, "model.config.vocab_size": kept.vocab_size}


@probe("GPT", ask="Does what comes later decide which row of a table an earlier token gets?", kind="property")
def beginning(GPT, draw: Draw):
    """the logits of a beginning do not depend on how the text goes on"""
    model, ids = _alive(GPT, draw, Config()), draw.integers(0, 11, 2, 7)
    longer, shorter = model(ids)[:, :4], model(ids[:, :4])
    return torch.allclose(longer, shorter, rtol=1e-4, atol=1e-5)


@probe("GPT", ask="Is there a step that makes new numbers without remembering where they came from?", kind="property")
def gradients(GPT, draw: Draw):
    """a gradient reaches every parameter"""
    model = _alive(GPT, draw, Config())
    logits = model(draw.integers(0, 11, 2, 5))
    (logits * draw.normal(*logits.shape)).sum().backward()
    return {"without gradient": [name for name, p in _parameters(model).items() if p.grad is None or not p.grad.any()]}


@probe("GPT", ask="Does anything in your forward change a tensor in place?", kind="property")
def leaves_all_alone(GPT, draw: Draw):
    """a call changes neither the ids nor the weights"""
    model, ids = _alive(GPT, draw, Config()), draw.integers(0, 11, 2, 5)
    given, before = ids.clone(), {name: p.detach().clone() for name, p in _parameters(model).items()}
    model(ids)
    changed = [name for name, p in _parameters(model).items() if not torch.equal(p, before[name])]
    return {"changed": changed + ["ids"] * (not torch.equal(ids, given))}


# init_weights

V, C, T = 211, 96, 40
NORMAL = ("wte.weight", "wpe.weight", "h.0.attn.q_proj.weight", "h.0.mlp.c_fc.weight")
RESIDUAL = ("h.0.attn.o_proj.weight", "h.0.mlp.c_proj.weight")


class HomeMadeNorm(nn.Module):
    """A norm as the course writes it: a class of its own, with a gain and a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(C)), nn.Parameter(torch.zeros(C))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (C,), self.weight, self.bias)


class OneBlock(nn.Module):
    """A GPT of one block with the names of all its layers; its attention mixes nothing."""

    def __init__(self) -> None:
        super().__init__()
        attn = nn.ModuleDict({f"{name}_proj": nn.Linear(C, C, bias=False) for name in "qkvo"})
        mlp = nn.ModuleDict({"c_fc": nn.Linear(C, 4 * C), "c_proj": nn.Linear(4 * C, C)})
        self.wte, self.wpe = nn.Embedding(V, C), nn.Embedding(T, C)
        block = {"ln_1": nn.LayerNorm(C), "attn": attn, "ln_2": nn.LayerNorm(C), "mlp": mlp}
        self.h = nn.ModuleList([nn.ModuleDict(block)])
        self.ln_f, self.lm_head = HomeMadeNorm(), nn.Linear(C, V, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, ids: Tensor) -> Tensor:
        x, block = self.wte(ids) + self.wpe(torch.arange(ids.shape[1])), self.h[0]
        x = x + block.attn.o_proj(block.attn.v_proj(block.ln_1(x)))
        x = x + block.mlp.c_proj(F.gelu(block.mlp.c_fc(block.ln_2(x))))
        return self.lm_head(self.ln_f(x))


def _generator(draw: Draw) -> torch.Generator:
    return torch.Generator().manual_seed(draw.integer(0, 2**31))


def _disturbed(draw: Draw) -> OneBlock:
    """As after some training: no parameter has the value that PyTorch gives at first."""
    model = OneBlock()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(draw.normal(*p.shape, scale=3.0))
    return model


def _sizes(model: nn.Module, names: tuple[str, ...]) -> dict[str, float]:
    """The root mean square of some weights: their standard deviation, if their mean is 0."""
    named = dict(model.named_parameters(remove_duplicate=False))
    return {name: round(named[name].detach().square().mean().sqrt().item(), 4) for name in names}


@probe(
    "init_weights",
    ask="Which standard deviation has each matrix and each embedding, before anything is scaled down?",
    rtol=0.15,
    because=RANDOM,
    weight=2,
)
def size_of_weights(init_weights, draw: Draw):
    """matrices and embeddings have the standard deviation std"""
    seen = {}
    for call, more in {"init_weights(model, 8)": (), "init_weights(model, 8, 0.1)": (0.1,)}.items():
        model = OneBlock()
        init_weights(model, 8, *more, generator=_generator(draw))
        seen[call] = _sizes(model, NORMAL)
    return seen


@probe(
    "init_weights",
    ask="How many times is something added to the stream in L blocks, and how does the size of a sum of them grow?",
    rtol=0.15,
    because=RANDOM,
    weight=3,
)
def size_of_residuals(init_weights, draw: Draw):
    """residual projections have the standard deviation std / √(2L)"""
    seen = {}
    for call, n_layer, std in (("init_weights(model, 2, 0.1)", 2, 0.1), ("init_weights(model, 18, 0.6)", 18, 0.6)):
        model = OneBlock()
        init_weights(model, n_layer, std, generator=_generator(draw))
        seen[call] = _sizes(model, RESIDUAL)
    return seen


@probe(
    "init_weights",
    ask="How large a part of normal random numbers lies within one standard deviation, and of yours?",
    atol=0.05,
    because="a share of thousands of random numbers; it varies by less than 1 % from draw to draw",
)
def normal_weights(init_weights, draw: Draw):
    """the weights are normally distributed"""
    model = OneBlock()
    init_weights(model, 6, generator=_generator(draw))
    named = dict(model.named_parameters())
    within = {name: (named[name].abs() < named[name].std()).float().mean().item() for name in NORMAL + RESIDUAL}
    return {f"{name}: share within one standard deviation": round(share, 2) for name, share in within.items()}


@probe("init_weights", ask="Which value lets a norm pass on what it made, and which value adds nothing?", weight=2)
def biases_and_gains(init_weights, draw: Draw):
    """biases are 0 and gains are 1 afterwards, whatever they were and whoever wrote the norm"""
    model = _disturbed(draw)
    init_weights(model, 4, generator=_generator(draw))
    vectors = {name: p.detach() for name, p in model.named_parameters() if p.dim() == 1}
    return {f"least and greatest of {name}": [p.min().item(), p.max().item()] for name, p in vectors.items()}


@probe(
    "init_weights",
    ask="Who believes that all V tokens are equally likely has which loss, and how large must the logits be for that?",
    rtol=0.03,
    because="random weights make logits that are small but not 0: about 0.02 above ln V",
)
def first_loss(init_weights, draw: Draw):
    """a model that has been anything before starts with a loss of ln V"""
    model, ids, targets = _disturbed(draw), draw.integers(0, V, 8, T), draw.integers(0, V, 8, T)
    init_weights(model, 1, generator=_generator(draw))
    return {f"loss over {V} tokens, ln V = {math.log(V):.2f}": F.cross_entropy(model(ids).transpose(1, 2), targets)}


@probe("init_weights", ask="Who has to keep knowing these Parameters: the head that shares one, and who else?")
def same_objects(init_weights, draw: Draw):
    """the parameters stay the same objects and the tied head stays tied"""
    model = OneBlock()
    before = dict(model.named_parameters(remove_duplicate=False))
    init_weights(model, 3, generator=_generator(draw))
    after = dict(model.named_parameters(remove_duplicate=False))
    return {
        "replaced": [name for name in before if after.get(name) is not before[name]],
        "lm_head.weight is": "tied" if model.lm_head.weight is model.wte.weight else "no longer tied",
        "asks for a gradient": all(p.requires_grad for p in after.values()),
    }


@probe("init_weights", ask="Does the generator you are handed draw every one of the numbers?", kind="property")
def own_generator(init_weights, draw: Draw):
    """all randomness comes from the generator it is given"""
    models, states, seed = [OneBlock() for _ in range(3)], [], draw.integer(0, 2**31)
    for model, its_seed in zip(models, (seed, seed, seed + 1), strict=True):
        states.append(torch.get_rng_state())
        init_weights(model, 3, generator=torch.Generator().manual_seed(its_seed))
    first, again, other = ([p.detach() for p in model.parameters() if p.dim() > 1] for model in models)
    return {
        "the same state gives the same weights": all(map(torch.equal, first, again)),
        "another state gives other weights": not any(map(torch.equal, first, other)),
        "torch's global generator is left alone": torch.equal(states[0], torch.get_rng_state()),
    }


# count_parameters


@probe("count_parameters", ask="How many numbers has a matrix, a vector, a single number: all of them count?", weight=2)
def every_shape(count_parameters, draw: Draw):
    """it adds up the numbers of all parameters, of whatever shape, in whatever layer"""
    a, b, c = draw.integer(3, 9), draw.integer(10, 19), draw.integer(2, 5)
    odd = nn.Module()
    odd.scale, odd.cube = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(a, b, c))
    return {
        f"count_parameters(nn.Linear({a}, {b}))": count_parameters(nn.Linear(a, b)),
        f"two nn.Linear({a}, {b}), one of them two layers deep": count_parameters(
            nn.Sequential(nn.Linear(a, b), nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(a, b))))
        ),
        f"parameters of shape () and ({a}, {b}, {c})": count_parameters(odd),
    }


@probe("count_parameters", ask="How many numbers does training move, if one Parameter stands in two places?", weight=2)
def shared_once(count_parameters, draw: Draw):
    """a Parameter with two names counts once"""
    model, a, b = nn.Module(), draw.integer(5, 9), draw.integer(10, 20)
    model.wte, model.lm_head = nn.Embedding(b, a), nn.Linear(a, b, bias=False)
    model.lm_head.weight = model.wte.weight
    return {f"nn.Embedding({b}, {a}) and a tied nn.Linear({a}, {b}, bias=False)": count_parameters(model)}


@probe("count_parameters", ask="Does an optimizer ever see a buffer, such as a mask or a running mean?")
def no_buffers(count_parameters, draw: Draw):
    """buffers do not count"""
    model, T = nn.Linear(3, draw.integer(2, 9)), draw.integer(5, 9)
    model.register_buffer("mask", torch.ones(T, T))
    return {f"nn.Linear(3, {model.out_features}) with a buffer ({T}, {T})": count_parameters(model)}


@probe("count_parameters", ask="Which attribute of a Parameter says that it is frozen, and who asks?", weight=2)
def frozen(count_parameters, draw: Draw):
    """frozen parameters count, unless trainable_only is asked for"""
    a, b = draw.integer(3, 9), draw.integer(10, 19)
    model = nn.Sequential(nn.Linear(a, b), nn.LayerNorm(b))
    model[0].weight.requires_grad_(False)
    return {
        "count_parameters(model)": count_parameters(model),
        "count_parameters(model, trainable_only=True)": count_parameters(model, trainable_only=True),
        "count_parameters(nn.ReLU())": count_parameters(nn.ReLU()),
    }


# forward_matmul_flops


def _flops(forward_matmul_flops: Callable, *calls: tuple[int, int, int, int]) -> dict[str, Any]:
    return {f"forward_matmul_flops{call}": forward_matmul_flops(*call) for call in calls}


@probe("forward_matmul_flops", ask="A product (m, k) @ (k, n) has m·n results: how many operations is each?", weight=2)
def gpt2_small(forward_matmul_flops, draw: Draw):
    """a forward pass of GPT-2 small on 1024 tokens takes 291.65 GFLOP"""
    return _flops(forward_matmul_flops, (12, 768, 1024, 50257))


@probe("forward_matmul_flops", ask="Write the shapes beside each product of a block: are there eight?", weight=3)
def one_block(forward_matmul_flops, draw: Draw):
    """a block is four projections, two products of attention and two layers four times as wide"""
    C, T = 16 * draw.integer(3, 9), draw.integer(20, 90)
    return _flops(forward_matmul_flops, (1, C, T, 0), (draw.integer(2, 9), C, T, 0))


@probe("forward_matmul_flops", ask="Which products grow when every position looks at twice as many others?", weight=2)
def quadratic_in_time(forward_matmul_flops, draw: Draw):
    """attention grows with the square of T, all else in proportion"""
    L, C, T = draw.integer(2, 9), 16 * draw.integer(3, 9), draw.integer(20, 90)
    once = forward_matmul_flops(L, C, T, 100)
    times = {more: forward_matmul_flops(L, C, more * T, 100) / once for more in (2, 20)}
    return {f"times as much for {more} times as many as {T} tokens": round(ratio, 4) for more, ratio in times.items()}


@probe("forward_matmul_flops", ask="How many positions get logits, and what does it cost to look up a row of a table?")
def head(forward_matmul_flops, draw: Draw):
    """the head counts once, for every position; looking up an embedding costs nothing"""
    C, T, V = 16 * draw.integer(3, 9), draw.integer(20, 90), draw.integer(100, 900)
    return _flops(forward_matmul_flops, (0, C, T, V), (0, C, T, 2 * V))


@probe("forward_matmul_flops", ask="Is there a 2.0 or a division with / in your formula?", kind="property")
def whole_number(forward_matmul_flops, draw: Draw):
    """the number of operations is an int"""
    call = (draw.integer(2, 9), 16 * draw.integer(3, 9), draw.integer(20, 90), draw.integer(100, 900))
    result = forward_matmul_flops(*call)
    return {f"type(forward_matmul_flops{call})": "int" if isinstance(result, Integral) else type(result).__name__}


# split_gpt2_qkv


@probe(
    "split_gpt2_qkv",
    ask="nn.Linear computes x Wᵀ, Conv1D computes x W: what is the one weight, if you know the other?",
    atol=1e-5,
    because="a matrix product of six terms, summed in any order",
    weight=2,
)
def same_outputs(split_gpt2_qkv, draw: Draw):
    """three Linear layers with these weights give the queries, keys and values of Conv1D"""
    x, matrices = draw.normal(5, 6), split_gpt2_qkv(draw.normal(6, 18))
    return {f"x @ w{letter}.T": x @ w.T for letter, w in zip("qkv", matrices, strict=False)}


@probe("split_gpt2_qkv", ask="Row 0 of wq makes query channel 0: which column of c_attn does?", weight=2)
def where_each_goes(split_gpt2_qkv, draw: Draw):
    """row i of wq is column i of c_attn, of wk column C + i, of wv column 2C + i"""
    C, first = 2 * draw.integer(1, 3), draw.integer(0, 100)  # not 3: pieces of 3 are no three pieces
    last = first + 3 * C * C
    numbers = torch.arange(first, last).view(C, 3 * C)
    return {f"split_gpt2_qkv(torch.arange({first}, {last}).view({C}, {3 * C}))": list(split_gpt2_qkv(numbers))}


@probe("split_gpt2_qkv", ask="Does any of your operations write into the tensor it was given?", kind="property")
def checkpoint_untouched(split_gpt2_qkv, draw: Draw):
    """the fused weight is left as it was"""
    weight = draw.normal(4, 12)
    split_gpt2_qkv(weight)
    return weight


# convert_checkpoint


def _rename(table: dict[str, tuple[str | None, bool]]) -> Callable[[str], tuple[str | None, bool]]:
    return lambda name: table[name]


def _plain(result: Any) -> Any:
    """Any mapping as a dict, any real dtype as float32: a right result may have the checkpoint's or the model's."""
    return {name: tensor.detach().float() for name, tensor in result.items()}


@probe("convert_checkpoint", ask="Which entries of the checkpoint have to be turned, and who says so?", weight=3)
def turned(convert_checkpoint, draw: Draw):
    """every tensor arrives under its new name, turned where rename says so"""
    ckpt = {"table": draw.normal(5, 3), "in_out": draw.normal(3, 7), "vector": draw.normal(4)}
    table = {"table": ("wte", False), "in_out": ("fc", True), "vector": ("bias", False)}
    model_sd = {"fc": torch.zeros(7, 3), "bias": torch.zeros(4), "wte": torch.zeros(5, 3)}
    return _plain(convert_checkpoint(model_sd, ckpt, _rename(table)))


@probe("convert_checkpoint", ask="A square matrix fits either way: can its shape say whether to turn it?", weight=2)
def square(convert_checkpoint, draw: Draw):
    """a square matrix is turned exactly if rename says so"""
    ckpt = {"a": draw.normal(3, 3), "b": draw.normal(3, 3)}
    model_sd = {"one": torch.zeros(3, 3), "two": torch.zeros(3, 3)}
    return _plain(convert_checkpoint(model_sd, ckpt, _rename({"a": ("one", True), "b": ("two", False)})))


@probe("convert_checkpoint", ask="What does rename answer for something that the model has no use for?")
def left_out(convert_checkpoint, draw: Draw):
    """what rename maps to None is left out, whatever its shape"""
    ckpt = {"mask": torch.ones(1, 1, 4, 4), "old": draw.normal(2, 3), "masked_bias": torch.tensor(-1e4)}
    table = {"mask": (None, False), "old": ("new", False), "masked_bias": (None, True)}
    return _plain(convert_checkpoint({"new": torch.zeros(2, 3)}, ckpt, _rename(table)))


@probe("convert_checkpoint", ask="If no tensor leads to a name of the model, what does that layer hold?", weight=3)
def missing(convert_checkpoint, draw: Draw):
    """a name of the model that nothing fills raises KeyError"""
    model_sd = {"a": torch.zeros(2, 3), "b": torch.zeros(3)}
    ckpt, rename = {"x": draw.normal(2, 3)}, _rename({"x": ("a", False)})
    return {"nothing leads to 'b'": _error_of(lambda: convert_checkpoint(model_sd, ckpt, rename), KeyError)}


@probe("convert_checkpoint", ask="What became of a tensor whose new name the model does not know?", weight=2)
def unexpected(convert_checkpoint, draw: Draw):
    """a new name that the model does not have raises KeyError"""
    ckpt = {"x": draw.normal(2, 3), "y": draw.normal(3)}
    rename, model_sd = _rename({"x": ("a", False), "y": ("c", False)}), {"a": torch.zeros(2, 3)}
    return {"the model has no 'c'": _error_of(lambda: convert_checkpoint(model_sd, ckpt, rename), KeyError)}


@probe(
    "convert_checkpoint", ask="Two tensors lead to one name: which of them is the right one, and how would you know?"
)
def filled_twice(convert_checkpoint, draw: Draw):
    """a name that two tensors lead to raises KeyError"""
    ckpt, model_sd = {"x": draw.normal(2, 3), "y": draw.normal(2, 3)}, {"a": torch.zeros(2, 3)}
    rename = _rename({"x": ("a", False), "y": ("a", False)})
    return {"both 'x' and 'y' lead to 'a'": _error_of(lambda: convert_checkpoint(model_sd, ckpt, rename), KeyError)}


@probe("convert_checkpoint", ask="Are the shapes equal as they stand: nothing stretched, folded or turned?", weight=2)
def wrong_shape(convert_checkpoint, draw: Draw):
    """another shape raises ValueError, also if it could be stretched, folded or turned"""
    rename = _rename({"x": ("a", False)})

    def outcome(have: tuple[int, ...], want: tuple[int, ...]) -> str:
        return _error_of(
            lambda: convert_checkpoint({"a": torch.zeros(want)}, {"x": draw.normal(*have)}, rename), ValueError
        )

    pairs = ((1, 3), (4, 3)), ((2, 6), (3, 4)), ((2, 5), (5, 2)), ((1,), (4,))
    return {f"a tensor {have} for a parameter {want}": outcome(have, want) for have, want in pairs}


@probe("convert_checkpoint", ask="If somebody changes the checkpoint afterwards, should your result notice?", weight=2)
def copies(convert_checkpoint, draw: Draw):
    """the result shares no memory with the checkpoint or the model"""
    ckpt = {"x": draw.normal(2, 3), "y": draw.normal(3, 2)}
    model_sd = {"a": torch.zeros(2, 3), "b": torch.zeros(2, 3)}
    result = convert_checkpoint(model_sd, ckpt, _rename({"x": ("a", False), "y": ("b", True)}))
    for tensor in (*ckpt.values(), *model_sd.values()):
        tensor.fill_(9.0)
    return _plain(result)


@probe("convert_checkpoint", ask="Do you put anything into model_sd, or take anything out of ckpt?", kind="property")
def arguments_untouched(convert_checkpoint, draw: Draw):
    """checkpoint and state dict are left as they were"""
    ckpt = {"x": draw.normal(2, 3), "y": draw.normal(3, 2), "mask": torch.ones(2)}
    model_sd = {"a": draw.normal(2, 3), "b": draw.normal(2, 3)}
    convert_checkpoint(model_sd, ckpt, _rename({"x": ("a", False), "y": ("b", True), "mask": (None, False)}))
    return {"ckpt": dict(ckpt), "model_sd": dict(model_sd)}
