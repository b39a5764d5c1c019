"""Hidden probes of the unit gpt: edges, and sizes that the public probes do not show."""

from dataclasses import dataclass

import torch
from torch import nn

from autograder.probes import Draw, probe


@dataclass(frozen=True)
class Config:
    """What a GPT is told about its sizes."""

    vocab_size: int
    block_size: int
    n_layer: int
    n_head: int
    n_embd: int
    dropout: float = 0.0


@probe(
    "GPT",
    ask="What is left of the model if it has no block at all?",
    atol=1e-5,
    because="two tables, a norm and a product, and each order of operations rounds differently",
)
def no_blocks(GPT, draw: Draw):
    """without a block, the head reads the norm of the sum of the embeddings"""
    model, ids = GPT(Config(13, 6, n_layer=0, n_head=1, n_embd=4)), draw.integers(0, 13, 3, 5)
    with torch.no_grad():
        for p in (model.wte.weight, model.wpe.weight, model.ln_f.weight, model.ln_f.bias):
            p.copy_(draw.normal(*p.shape))
        model.lm_head.weight.copy_(model.wte.weight)
    return model(ids)


@probe("init_weights", ask="If no generator is given, where do the numbers come from, and are they the same again?")
def without_generator(init_weights, draw: Draw):
    """without a generator two calls give different weights, of the right size"""
    one, other = nn.Embedding(211, 96), nn.Embedding(211, 96)
    for table in (one, other):
        init_weights(table, 3)
    return {
        "the same again": torch.equal(one.weight, other.weight),
        "standard deviation": round(one.weight.std().item(), 3),
    }


@probe("count_parameters", ask="What is the sum of nothing, and which layers have no parameters?")
def nothing_to_count(count_parameters, draw: Draw):
    """a model without parameters has none, and a module listed twice counts once"""
    layer = nn.Linear(draw.integer(3, 9), draw.integer(10, 19))
    return {
        "count_parameters(nn.Sequential())": count_parameters(nn.Sequential()),
        "nn.Sequential(layer, layer)": count_parameters(nn.Sequential(layer, layer)),
    }


@probe("forward_matmul_flops", ask="Is every number in your formula one of the arguments, or a 2 or a 4 with a reason?")
def other_models(forward_matmul_flops, draw: Draw):
    """it holds for any sizes, also for one token and for models of GPT-2's other sizes"""
    calls = [(24, 1024, 1024, 50257), (48, 1600, 1024, 50257), (draw.integer(1, 9), draw.integer(8, 99), 1, 77)]
    return {f"forward_matmul_flops{call}": forward_matmul_flops(*call) for call in calls}


@probe("split_gpt2_qkv", ask="Does the width of GPT-2 stand in your code as a fixed number?")
def other_widths(split_gpt2_qkv, draw: Draw):
    """it holds for every width, also 1"""
    return [list(split_gpt2_qkv(draw.normal(C, 3 * C))) for C in (1, draw.integer(2, 9))]


@probe("convert_checkpoint", ask="If the model wants nothing and the checkpoint holds nothing, what is the result?")
def empty(convert_checkpoint, draw: Draw):
    """an empty model and a checkpoint of buffers give an empty dict"""
    ckpt = {f"h.{i}.attn.bias": torch.ones(1, 1, 3, 3) for i in range(draw.integer(1, 4))}
    return dict(convert_checkpoint({}, ckpt, lambda name: (None, False)))
