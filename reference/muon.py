"""Muon: an optimizer for matrices, which takes a step of the same size in every direction that the gradient knows.

No exercise, a bridge: fast.py trains its blocks with it. Shapes: a matrix is (m, n), a stack of N of them (N, m, n).
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor


def orthogonalize(G: Tensor, steps: int = 5) -> Tensor:
    """Make all singular values of each matrix nearly 1, and leave its singular vectors as they are (Newton–Schulz).

    Args:
        G: (N, m, n) float, a stack of matrices with m ≤ n.
        steps: how often the polynomial is applied.

    Returns:
        (N, m, n). With G = U S Vᵀ it is about U Vᵀ: with the 5 steps, a singular value of at least a hundredth of the
        norm of its matrix becomes one between 0.6 and 1.2. Only products of matrices are needed, which are fast
        everywhere.

    Source: Jordan et al., Muon: An Optimizer for Hidden Layers in Neural Networks (2024), with its coefficients.

    Example:
        >>> orthogonalize(torch.tensor([[[30.0, 0.0], [0.0, 4.0]]]))
        tensor([[[0.7069, 0.0000],
                 [0.0000, 0.6941]]])
    """
    a, b, c = 3.4445, -4.7750, 2.0315  # s → as + bs³ + cs⁵ lifts small s fast, and keeps them around 1, not at it
    X = G / (G.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        A = X @ X.mT  # (N, m, m)
        X = torch.baddbmm(X, torch.baddbmm(A, A, A, beta=b, alpha=c), X, beta=a)  # aX + (bA + cA²)X
    return X


class Muon(torch.optim.Optimizer):
    """Gradient descent with momentum, each step orthogonalized.

    A gradient is mostly made of a few large directions, and plain descent moves along those only. Here every direction
    counts the same. It is meant for the matrices inside a model; embeddings, gains and the head belong to AdamW.

    Args:
        params: an iterable of parameters, (…, d_out, d_in), or of groups. Axes in front of two stand for several
            matrices.
        lr: learning rate: about how far a step of a square matrix can move a vector of length 1. Tall matrices
            (d_out > d_in) move √(d_out / d_in) times as far, so that each of their outputs moves as much.
        momentum: the share of the old average of gradients that is kept. The step is taken one momentum further on
            than the average is (Nesterov).
        weight_decay: before the step, a parameter is multiplied by 1 − lr · weight_decay.

    Source: Jordan et al., Muon: An Optimizer for Hidden Layers in Neural Networks (2024).

    Example:
        >>> p = torch.nn.Parameter(torch.zeros(2, 2))
        >>> p.grad = torch.tensor([[3000.0, 0.0], [0.0, 400.0]])
        >>> Muon([p], lr=0.1).step()
        >>> p.data
        tensor([[-0.0707,  0.0000],
                [ 0.0000, -0.0694]])
    """

    def __init__(self, params: Iterable, lr: float = 0.03, momentum: float = 0.9, weight_decay: float = 0.0) -> None:
        """Keep the parameters in groups, each with its own settings."""
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient, in place. Matrices of one shape share the work."""
        for group in self.param_groups:
            stacks = defaultdict(list)
            for p in (p for p in group["params"] if p.grad is not None):
                direction = self._direction(p, group["momentum"])
                stacks[direction.shape[1:]].append((p, direction))
            for params, directions in (zip(*stack, strict=True) for stack in stacks.values()):
                updates = orthogonalize(torch.cat(directions))  # (N, m, n)
                for p, update in zip(params, updates.split([len(d) for d in directions]), strict=True):
                    d_out, d_in = p.shape[-2:]
                    update = update.mT if d_out > d_in else update
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.sub_(update.reshape(p.shape), alpha=group["lr"] * max(1.0, d_out / d_in) ** 0.5)

    def _direction(self, p: Tensor, momentum: float) -> Tensor:
        """Where momentum points, as a stack of matrices (N, m, n) that are not tall."""
        if not self.state[p]:
            self.state[p]["momentum_buffer"] = torch.zeros_like(p)
        average = self.state[p]["momentum_buffer"].lerp_(p.grad, 1 - momentum)
        direction = p.grad.lerp(average, momentum).reshape(-1, *p.shape[-2:])
        return direction if p.shape[-2] <= p.shape[-1] else direction.mT
