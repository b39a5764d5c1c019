"""Hidden probes of the unit block: edges, and shapes that the public probes do not show."""

import torch
from torch import nn

from autograder.probes import Draw, probe

SEVERAL_STEPS = "mean, variance, root and product round one after the other, and each order of operations differently"


@probe(
    "LayerNorm",
    ask="Do you count axes from the front? The channels are the last axis, whatever stands before it?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def ln_any_axes(LayerNorm, draw: Draw):
    """any number of axes may stand in front, also none"""
    module = draw.fill(LayerNorm(4), {"weight": (4,), "bias": (4,)})
    return {f"shape {shape}": module(draw.normal(*shape)) for shape in ((4,), (3, 4), (2, 3, 5, 4))}


@probe(
    "LayerNorm",
    ask="If all numbers of a position become 1000 times larger, what becomes of the result?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def ln_large(LayerNorm, draw: Draw):
    """large numbers are normalized like small ones"""
    return draw.fill(LayerNorm(5), {"weight": (5,), "bias": (5,)})(draw.normal(2, 3, 5, scale=1000.0))


@probe(
    "RMSNorm",
    ask="Do you count axes from the front? The channels are the last axis, whatever stands before it?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
def rms_any_axes(RMSNorm, draw: Draw):
    """any number of axes may stand in front, also none"""
    module = draw.fill(RMSNorm(4), {"weight": (4,)})
    return {f"shape {shape}": module(draw.normal(*shape)) for shape in ((4,), (3, 4), (2, 3, 5, 4))}


@probe("RMSNorm", ask="Which dtypes besides float16 have half the bits of a float32?")
def rms_bfloat16(RMSNorm, draw: Draw):
    """a bfloat16 input comes out as bfloat16"""
    n_embd = draw.integer(3, 8)
    x = torch.ones(2, n_embd, dtype=torch.bfloat16)
    return {f"RMSNorm({n_embd})(torch.ones(2, {n_embd}, dtype=torch.bfloat16))": RMSNorm(n_embd)(x).detach().float(),
            "its dtype": str(RMSNorm(n_embd)(x).dtype)}


@probe(
    "gelu",
    ask="Does the shape of x stand in your code, or a dtype?",
    atol=1e-5,
    because="right answers spread by 5e-7 and the erf form is up to 5e-4 away; 1e-5 lies between",
)
def gelu_any_shape(gelu, draw: Draw):
    """any shape is right, from one number to four axes"""
    inputs = [draw.normal(1, scale=2.0)[0], draw.normal(4, scale=2.0), draw.normal(2, 1, 3, 2)]
    return {f"x of shape {tuple(x.shape)}": gelu(x) for x in inputs}


@probe("swiglu", ask="Does the number of axes of x stand in your code?", atol=1e-5, because=SEVERAL_STEPS)
def swiglu_any_axes(swiglu, draw: Draw):
    """any number of axes may stand in front of the channels, also none"""
    weights = draw.normal(5, 3), draw.normal(3, 5), draw.normal(5, 3)
    return {f"x of shape {shape}": swiglu(draw.normal(*shape), *weights) for shape in ((3,), (4, 3), (2, 2, 2, 3))}


@probe("dropout", ask="Does a dtype stand in your code, or does a mask bring its own?")
def drop_dtype(dropout, draw: Draw):
    """the result has the dtype and the shape of x, in both modes"""
    x = draw.normal(3, draw.integer(4, 9)).half() + 5
    seen = {f"dropout(x.half(), 0.4, {training})": dropout(x.clone(), 0.4, training) for training in (True, False)}
    return {call: [str(out.dtype), list(out.shape)] for call, out in seen.items()}


@probe("dropout", ask="If every element survives with probability 0.01, how large does it become?")
def drop_nearly_all(dropout, draw: Draw):
    """p near 1 is no special case"""
    p = draw.choice([0.98, 0.99])
    return {f"dropout(torch.ones(100000), {p}, True).unique()": dropout(torch.ones(100_000), p, True).unique()}


class _Scale(nn.Module):
    """Multiplies by one parameter."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * x


@probe("TransformerBlock", ask="What does a block read that stands behind another block?")
def block_stack(TransformerBlock, draw: Draw):
    """blocks can be stacked: 24 of them, each with modules of its own"""
    x = draw.normal(2, 3, 4)
    for _ in range(24):
        x = TransformerBlock(*(_Scale(draw.uniform(0.1, 0.5)) for _ in range(4)))(x)
    return x


@probe("TransformerBlock", ask="Is there one position, one text or one channel for which your code would do otherwise?")
def block_sizes(TransformerBlock, draw: Draw):
    """one text, one position and one channel are no special case"""
    modules = [_Scale(draw.uniform(0.5, 2.0)) for _ in range(4)]
    return [TransformerBlock(*modules)(draw.normal(*shape)) for shape in ((1, 1, 1), (3, 1, 2), (1, 4, 2))]
