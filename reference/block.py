"""The transformer block: norms, an activation, dropout, and the residual stream that carries all of it.

Shapes: B batch, T time, C channels (`n_embd`), F width of the feed-forward network; … stands for any axes in front.
"""

import math

import torch
from torch import Tensor, nn

from reference.attention import MultiHeadAttention


class LayerNorm(nn.Module):
    """Bring every vector to mean 0 and variance 1, then let the model choose its own scale and shift.

    Args:
        n_embd: C, the number of channels.
        eps: small number added to the variance, inside the root.

    Parameters, both nn.Parameter of shape (n_embd,) and nothing else:
        weight: the gain of each channel, starts as ones.
        bias: the shift of each channel, starts as zeros.

    Source: Ba, Kiros, Hinton, Layer Normalization (2016), section 3.

    Example:
        >>> ln = LayerNorm(n_embd=4)
        >>> ln(torch.tensor([[10.0, 10.0, 30.0, 30.0]])).tolist()
        [[-1.0, -1.0, 1.0, 1.0]]
    """

    def __init__(self, n_embd: int, eps: float = 1e-5) -> None:
        """Call __init__ of super() first; then create the two parameters, and keep eps."""
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n_embd))
        self.bias = nn.Parameter(torch.zeros(n_embd))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize each vector by itself.

        Args:
            x: (…, C) float.

        Returns:
            Same shape. Each vector along the last axis is normalized with its own mean and its own biased variance
            (division by C, not C − 1), then multiplied by the gain and shifted. A vector of C equal numbers
            becomes the bias. Differentiable; x is not changed.

        Write it yourself: do not call nn.LayerNorm or F.layer_norm.
        """
        mean = x.mean(dim=-1, keepdim=True)  # (…, 1)
        variance = x.var(dim=-1, correction=0, keepdim=True)  # (…, 1)
        normalized = (x - mean) / torch.sqrt(variance + self.eps)  # (…, C)
        return self.weight * normalized + self.bias


class RMSNorm(nn.Module):
    """Bring every vector to length √C, and let the model choose the scale of each channel.

    Args:
        n_embd: C, the number of channels.
        eps: small number added to the mean of the squares, inside the root.

    Parameters, an nn.Parameter of shape (n_embd,) and nothing else:
        weight: the gain of each channel, starts as ones.

    Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019), section 3, equation 4.

    Example:
        >>> norm = RMSNorm(n_embd=2)
        >>> norm(torch.tensor([[3000.0, 4000.0]], dtype=torch.float16))
        tensor([[0.8486, 1.1318]], dtype=torch.float16, grad_fn=<ToCopyBackward0>)
    """

    def __init__(self, n_embd: int, eps: float = 1e-5) -> None:
        """Call __init__ of super() first; then create the parameter, and keep eps."""
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(n_embd))

    def forward(self, x: Tensor) -> Tensor:
        """Divide each vector by its root mean square.

        Args:
            x: (…, C), float32, or half precision (float16, bfloat16), also with numbers whose square float16 cannot
                hold.

        Returns:
            Same shape and same dtype as x: each vector along the last axis, divided by the root of the mean of its
            squares, times the gain. Computed in float32 whatever the dtype of x. No mean is subtracted, no bias added.
            A vector of zeros stays zero. Differentiable; x is not changed.

        Write it yourself: do not call nn.RMSNorm or F.rms_norm.
        """
        x32 = x.float()  # (…, C)
        mean_square = x32.square().mean(dim=-1, keepdim=True)  # (…, 1)
        normalized = x32 / torch.sqrt(mean_square + self.eps)  # (…, C)
        return (normalized * self.weight).to(x.dtype)


def gelu(x: Tensor) -> Tensor:
    """GELU, the smooth bend of GPT-2: the approximation with tanh.

    Args:
        x: float, any shape.

    Returns:
        Same shape, element by element. Finite for every |x| ≤ 100. Differentiable; x is not changed.

    Write it yourself: do not call nn.GELU or F.gelu, under whatever name. It is two lines.

    Source: Hendrycks and Gimpel, Gaussian Error Linear Units (2016), section 2.

    Example:
        >>> gelu(torch.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.1588,  0.0000,  0.8412])
    """
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + torch.tanh(inner))


def swiglu(x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor) -> Tensor:
    """SwiGLU, the feed-forward network of Llama: one branch opens and closes the other.

    Args:
        x: (…, C) float.
        w1: (F, C), makes the gate, which goes through SiLU.
        w2: (C, F), brings the product back to C channels.
        w3: (F, C), makes what passes through the gate.

    Returns:
        (…, C). The weights are laid out as nn.Linear's, (d_out, d_in); there are no biases. Differentiable; the
        arguments are not changed. `torch.sigmoid` and `F.silu` are welcome.

    Source: Shazeer, GLU Variants Improve Transformer (2020), equation 6.

    Example:
        >>> x, one = torch.tensor([[2.0]]), torch.tensor([[1.0]])
        >>> swiglu(x, one, one, 3 * one)  # silu(2) · 6, and silu(2) = 2 · 0.8808
        tensor([[10.5696]])
    """
    hidden = x @ w1.T  # (…, F)
    gate = hidden * torch.sigmoid(hidden)
    return (gate * (x @ w3.T)) @ w2.T  # (…, C)


def dropout(x: Tensor, p: float, training: bool, generator: torch.Generator | None = None) -> Tensor:
    """Set a random part of x to 0 and enlarge the rest, so that the mean stays (inverted dropout).

    Args:
        x: float, any shape.
        p: probability that an element is set to 0, 0 ≤ p ≤ 1. Each element is drawn by itself.
        training: False = nothing is dropped.
        generator: source of randomness. None = torch's global one. Any way of drawing is right: what counts is
            how often an element is dropped, not which.

    Returns:
        Same shape and dtype. In training the elements that stay are divided by 1 − p, so that the mean of the
        result is x; with p = 1 all are 0. Not in training: the values of x, for every p; x itself is fine.
        Differentiable; x is not changed.

    Write it yourself: do not call nn.Dropout or F.dropout.

    Source: Srivastava et al., Dropout (2014), sections 4 and 10.

    Example:
        >>> dropout(torch.ones(3), p=0.5, training=False)
        tensor([1., 1., 1.])
        >>> dropout(torch.ones(1000), p=0.5, training=True).unique()
        tensor([0., 2.])
    """
    if not training:
        return x
    dropped = torch.rand(x.shape, generator=generator, device=x.device) < p
    kept = 1 - p if p < 1 else 1  # with p = 1 nothing is kept, and 0/0 would be NaN
    return x.masked_fill(dropped, 0.0) / kept


class FeedForward(nn.Module):
    """The feed-forward network of GPT-2: every position thinks for itself, on four times as many channels.

    Args:
        n_embd: C, the width of the model.
    """

    def __init__(self, n_embd: int) -> None:
        """Two linear layers with biases: `c_fc` from C to 4C channels, `c_proj` back to C."""
        super().__init__()
        self.c_fc = nn.Linear(n_embd, 4 * n_embd)
        self.c_proj = nn.Linear(4 * n_embd, n_embd)

    def forward(self, x: Tensor) -> Tensor:
        """Map x, (…, C), to 4C channels, bend each of them, and map back to (…, C)."""
        return self.c_proj(gelu(self.c_fc(x)))


class TransformerBlock(nn.Module):
    """One block of a GPT in pre-norm form: x + attn(norm of x), and then the same with the feed-forward network.

    Args:
        attn: module that lets positions exchange something, (B, T, C) → (B, T, C).
        mlp: module that works on each position, (B, T, C) → (B, T, C).
        ln_1: norm of what attn reads, (B, T, C) → (B, T, C).
        ln_2: norm of what mlp reads, likewise.

    Submodules: the four it is given, under these names (`attn`, `mlp`, `ln_1`, `ln_2`), and nothing else. They may be
    any modules of these shapes.

    Source: Radford et al., Language Models are Unsupervised Multitask Learners (2019), section 2.3. Xiong et al., On
    Layer Normalization in the Transformer Architecture (2020), section 3.

    Example:
        >>> block = TransformerBlock(attn=nn.Identity(), mlp=nn.Identity(), ln_1=nn.Identity(), ln_2=nn.Identity())
        >>> block(torch.ones(1, 1, 2))  # both residual additions double what comes in
        tensor([[[4., 4.]]])
    """

    def __init__(self, attn: nn.Module, mlp: nn.Module, ln_1: nn.Module, ln_2: nn.Module) -> None:
        """Call __init__ of super() first; then keep the four modules under their names."""
        super().__init__()
        self.attn = attn
        self.mlp = mlp
        self.ln_1 = ln_1
        self.ln_2 = ln_2

    def forward(self, x: Tensor) -> Tensor:
        """Let both sublayers add to the residual stream.

        Args:
            x: (B, T, C) float, the residual stream.

        Returns:
            (B, T, C). Each of the four modules is called once. No norm, no dropout and nothing else stands on the
            stream itself: if attn and mlp return zeros, x comes out. Differentiable; x is not changed.
        """
        h = x + self.attn(self.ln_1(x))  # (B, T, C)
        return h + self.mlp(self.ln_2(h))  # (B, T, C)


def make_block(n_embd: int, n_head: int) -> TransformerBlock:
    """A block with everything in it: attention with n_head heads, feed-forward network, two norms, all n_embd wide."""
    attn, mlp = MultiHeadAttention(n_embd, n_head), FeedForward(n_embd)
    return TransformerBlock(attn, mlp, LayerNorm(n_embd), LayerNorm(n_embd))
