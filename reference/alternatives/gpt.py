"""Other right answers of the unit gpt."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from reference.attention import MultiHeadAttention
from reference.block import FeedForward, LayerNorm, TransformerBlock


class GPT__sequential(nn.Module):
    """The head first, its matrix lent to the embedding; dropout as a module; blocks one by one, by append."""

    def __init__(self, config) -> None:
        super().__init__()
        self.config, width = config, config.n_embd
        self.lm_head = nn.Linear(width, config.vocab_size, bias=False)
        self.wte = nn.Embedding(config.vocab_size, width, _weight=self.lm_head.weight)
        self.wte.weight = self.lm_head.weight
        self.wpe = nn.Embedding(config.block_size, width)
        self.drop = nn.Dropout(config.dropout)
        self.h = nn.ModuleList()
        for _ in range(config.n_layer):
            ln_1, ln_2 = LayerNorm(width), LayerNorm(width)
            attn, mlp = MultiHeadAttention(width, config.n_head), FeedForward(width)
            self.h.append(TransformerBlock(attn=attn, mlp=mlp, ln_1=ln_1, ln_2=ln_2))
        self.ln_f = LayerNorm(width)

    def forward(self, ids: Tensor) -> Tensor:
        batch, time = ids.size()
        if self.wpe.num_embeddings < time:
            raise ValueError("too long")
        places = torch.arange(time).expand(batch, time)
        return self.lm_head(self.ln_f(nn.Sequential(*self.h)(self.drop(self.wte(ids) + self.wpe(places)))))


class GPT__matrices(nn.Module):
    """Rows picked by index, the head as a product with the embedding, the blocks by reduce."""

    def __init__(self, config) -> None:
        super().__init__()
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.block_size, config.n_embd)
        self.config = config
        self.h = nn.ModuleList([self.make_block() for _ in range(config.n_layer)])
        self.ln_f, self.lm_head = LayerNorm(config.n_embd), nn.Linear(1, 1, bias=False)
        self.lm_head.weight = self.wte.weight

    def make_block(self) -> nn.Module:
        width, heads = self.config.n_embd, self.config.n_head
        return TransformerBlock(
            MultiHeadAttention(width, heads), FeedForward(width), LayerNorm(width), LayerNorm(width)
        )

    def forward(self, ids: Tensor) -> Tensor:
        T = ids.shape[-1]
        if self.config.block_size < T:
            raise ValueError(T)
        x = self.wte.weight[ids] + self.wpe.weight[None, :T]
        if self.training and self.config.dropout > 0:
            x = torch.dropout(x, self.config.dropout, True)
        from functools import reduce

        x = reduce(lambda stream, block: block(stream), self.h, x)
        return self.ln_f(x) @ self.wte.weight.T


def init_weights__by_module(
    model: nn.Module, n_layer: int, std: float = 0.02, generator: torch.Generator | None = None
) -> None:
    """Module by module: kinds by class, norms by what is left."""
    for path, module in model.named_modules():
        own = dict(module.named_parameters(recurse=False))
        if isinstance(module, (nn.Linear, nn.Embedding)):
            last = path.split(".")[-1]
            size = std / (2 * n_layer) ** 0.5 if last in ("o_proj", "c_proj") else std
            nn.init.normal_(own["weight"], std=size, generator=generator)
        elif "weight" in own:
            nn.init.ones_(own["weight"])
        if "bias" in own:
            nn.init.zeros_(own["bias"])


def init_weights__in_two_passes(
    model: nn.Module, n_layer: int, std: float = 0.02, generator: torch.Generator | None = None
) -> None:
    """Everything as if there were no residuals, through .data; then the residual projections are scaled down."""
    for p in model.parameters():
        if p.ndim >= 2:
            p.data.copy_(torch.randn(p.shape, generator=generator) * std)
        else:
            p.data.zero_()
    for name, p in model.named_parameters():
        if name.endswith(".weight") or name == "weight":
            if p.ndim == 1:
                p.data += 1
            elif name.endswith(("o_proj.weight", "c_proj.weight")):
                p.data *= (2 * n_layer) ** -0.5


def count_parameters__by_identity(model: nn.Module, trainable_only: bool = False) -> int:
    """Walk over modules and names, remember what was seen."""
    seen = {}
    for module in model.modules():
        for p in module._parameters.values():
            if p is not None and (not trainable_only or p.requires_grad):
                seen[id(p)] = math.prod(p.shape)
    return sum(seen.values())


def count_parameters__loop(model: nn.Module, trainable_only: bool = False) -> int:
    """A loop with a test."""
    total = 0
    for p in set(model.parameters()):
        if trainable_only and not p.requires_grad:
            continue
        total += torch.numel(p)
    return total


def forward_matmul_flops__list_of_products(L: int, C: int, T: int, V: int) -> int:
    """Every product as (m, k, n)."""
    block = [(T, C, C)] * 4 + [(T, C, T), (T, T, C), (T, C, 4 * C), (T, 4 * C, C)]
    return sum(2 * m * k * n for m, k, n in block * L + [(T, C, V)])


def forward_matmul_flops__per_token(L: int, C: int, T: int, V: int) -> int:
    """Two operations per weight and token, and what attention adds to it."""
    weights = 12 * L * C**2 + C * V
    return T * (2 * weights + 4 * L * T * C)


def split_gpt2_qkv__slices(c_attn_weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Columns first, then transposed copies."""
    C = c_attn_weight.shape[0]
    return tuple(c_attn_weight[:, i * C : (i + 1) * C].t().contiguous() for i in range(3))


def split_gpt2_qkv__view(c_attn_weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A new axis for q, k, v, and the inputs moved to the end."""
    C = len(c_attn_weight)
    wq, wk, wv = c_attn_weight.reshape(C, 3, C).permute(1, 2, 0)
    return wq, wk, wv


def convert_checkpoint__questions_first(
    model_sd: Mapping[str, Tensor], ckpt: Mapping[str, Tensor], rename: Callable[[str], tuple[str | None, bool]]
) -> dict[str, Tensor]:
    """Names are settled before any tensor is touched; the result has the model's order and dtype."""
    sources = {}
    for old in ckpt:
        new, transpose = rename(old)
        if new is not None:
            if new in sources:
                raise KeyError(new)
            sources[new] = (old, transpose)
    if sources.keys() != model_sd.keys():
        raise KeyError(sorted(sources.keys() ^ model_sd.keys()))
    result = {}
    for new, wanted in model_sd.items():
        old, transpose = sources[new]
        tensor = ckpt[old].transpose(0, 1) if transpose else ckpt[old]
        if tensor.size() != wanted.size():
            raise ValueError(new)
        result[new] = torch.empty_like(wanted).copy_(tensor)
    return result


def convert_checkpoint__ticking_off(
    model_sd: Mapping[str, Tensor], ckpt: Mapping[str, Tensor], rename: Callable[[str], tuple[str | None, bool]]
) -> dict[str, Tensor]:
    """A list of names still to be filled; a name that is not on it is an error of its own."""
    wanted = {name: list(tensor.shape) for name, tensor in model_sd.items()}
    result = {}
    for old, tensor in ckpt.items():
        new, transpose = rename(old)
        if new is None:
            continue
        tensor = torch.tensor(tensor.tolist())
        tensor = tensor.mT if transpose else tensor
        if wanted.pop(new) != list(tensor.shape):  # pop raises KeyError by itself
            raise ValueError(old)
        result[new] = tensor
    if wanted:
        raise KeyError(*wanted)
    return result
