"""Other right answers of the unit block."""

import math

import torch
from torch import Tensor, nn


class LayerNorm__moments(nn.Module):
    """Variance as mean of squares of what is left, multiplied by rsqrt."""

    def __init__(self, n_embd: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(n_embd)), nn.Parameter(torch.zeros(n_embd))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.sum(-1, keepdim=True) / x.shape[-1]
        return centred * (centred.pow(2).mean(-1, keepdim=True) + self.eps).rsqrt() * self.weight + self.bias


class LayerNorm__var_mean(nn.Module):
    """Both moments at once, new axes by hand, and addcmul at the end."""

    def __init__(self, n_embd: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.full((n_embd,), 0.0))
        self.weight = nn.Parameter(torch.full((n_embd,), 1.0))
        self.epsilon = eps

    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, dim=-1, unbiased=False)
        normalized = (x - mean[..., None]) / (variance[..., None] + self.epsilon) ** 0.5
        return torch.addcmul(self.bias, self.weight, normalized)


class RMSNorm__gain_after_the_cast(nn.Module):
    """rsqrt, and the gain in the dtype of x."""

    def __init__(self, n_embd: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_embd))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.float32)
        normalized = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)
        return normalized.to(x.dtype) * self.weight.to(x.dtype)


class RMSNorm__length(nn.Module):
    """The length of the vector over √C, with eps put under the root again."""

    def __init__(self, n_embd: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_parameter("weight", nn.Parameter(torch.ones((n_embd,))))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        squares = torch.einsum("...c,...c->...", wide, wide).unsqueeze(-1)
        return (self.weight * wide / torch.sqrt(squares / x.shape[-1] + self.eps)).type_as(x)


def gelu__sigmoid(x: Tensor) -> Tensor:
    """½ (1 + tanh a) is the sigmoid of 2a."""
    return x * torch.sigmoid(2 * (2 / math.pi) ** 0.5 * (x + 0.044715 * x.pow(3)))


def gelu__horner(x: Tensor) -> Tensor:
    """x taken out of the bracket, tanh by exponentials that cannot overflow."""
    a = math.sqrt(2.0 / math.pi) * x * (1.0 + 0.044715 * x * x)
    e = torch.exp(-2.0 * a.abs())
    tanh = a.sign() * (1.0 - e) / (1.0 + e)
    return x / 2 + x / 2 * tanh


def swiglu__linear(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) -> Tensor:
    """torch's own pieces."""
    F = nn.functional
    return F.linear(F.silu(F.linear(x, w1)) * F.linear(x, w3), w2)


def swiglu__einsum(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) -> Tensor:
    """Named axes, and the sigmoid written out."""
    a, b = torch.einsum("...c,fc->...f", x, w1), torch.einsum("...c,fc->...f", x, w3)
    return torch.einsum("...f,cf->...c", a * b / (1 + torch.exp(-a)), w2)


def dropout__bernoulli(x: Tensor, p: float, training: bool, generator: torch.Generator | None = None) -> Tensor:
    """A mask of ones and zeros, multiplied."""
    if not training or p == 0:
        return x
    if p == 1:
        return torch.zeros_like(x) * x
    mask = torch.bernoulli(torch.full_like(x, 1 - p), generator=generator)
    return x * mask * (1.0 / (1.0 - p))


def dropout__where(x: Tensor, p: float, training: bool, generator: torch.Generator | None = None) -> Tensor:
    """A copy in evaluation, torch.where in training."""
    if training:
        stays = torch.rand(x.numel(), generator=generator).view(x.shape) >= p
        return torch.where(stays, x / max(1 - p, 1e-9), 0.0)
    return x.clone()


class TransformerBlock__in_a_loop(nn.Module):
    """Two steps of one kind."""

    def __init__(self, attn: nn.Module, mlp: nn.Module, ln_1: nn.Module, ln_2: nn.Module) -> None:
        super().__init__()
        self.ln_1, self.attn, self.ln_2, self.mlp = ln_1, attn, ln_2, mlp

    def forward(self, x: Tensor) -> Tensor:
        for norm, sublayer in ((self.ln_1, self.attn), (self.ln_2, self.mlp)):
            x = x + sublayer(norm(x))
        return x


class TransformerBlock__sum(nn.Module):
    """What the sublayers add is collected and added in the end."""

    def __init__(self, attn: nn.Module, mlp: nn.Module, ln_1: nn.Module, ln_2: nn.Module) -> None:
        super().__init__()
        for name, module in {"attn": attn, "mlp": mlp, "ln_1": ln_1, "ln_2": ln_2}.items():
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        found = self.attn(self.ln_1(x))
        thought = self.mlp(self.ln_2(torch.add(x, found)))
        return torch.stack([x, found, thought]).sum(0)
