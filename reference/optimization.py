"""What to make small, and how to walk downhill: the loss and the optimizers.

Everything that changes something in place says so in its name (`step`, a trailing underscore).
Shapes: V vocabulary; parameters have any shape.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def cross_entropy(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Measure how surprised the model is by the right tokens, in nats (natural logarithms) per token.

    Args:
        logits: (…, V) unnormalised scores, float, of any size: logits of ±1000 are right too.
        targets: (…) int64, the right token for each position, 0…V−1 or ignore_index. They are compared with
            the logits at the same position: whoever made the data has shifted them already.
        ignore_index: a target with this value does not count at all.

    Returns:
        A 0-d tensor of the dtype of logits: the mean of −ln softmax(logits)[target] over all targets that count,
        wherever they stand. If none counts it is 0, and its gradient is zero. Gradients flow to logits.

    `F.cross_entropy`, `F.nll_loss` and `nn.CrossEntropyLoss` are not allowed; `logsumexp` and `log_softmax` are.

    Source: Goodfellow et al. (2016), section 6.2.2.3.

    Example:
        >>> logits = torch.tensor([[0.0, math.log(3.0)], [5.0, 5.0]])  # probabilities ¼ and ¾, ½ and ½
        >>> cross_entropy(logits, torch.tensor([0, -100]))  # ln 4
        tensor(1.3863)
    """
    counted = targets != ignore_index
    logits, targets = logits[counted], targets[counted]  # (N, V), (N,)
    right = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)  # (N,)
    nll = logits.logsumexp(dim=-1) - right  # −ln softmax, without ever forming a probability that rounds to 0
    return nll.sum() / max(len(nll), 1)


def sgd_momentum_step(params: Iterable[Tensor], lr: float, momentum: float, state: dict) -> None:
    """Do one step of gradient descent with momentum, in place.

    Args:
        params: the parameters, in any iterable; those without a gradient (grad is None) are left as they are,
            and so is their velocity.
        lr: learning rate.
        momentum: the share of the old velocity that is kept, 0 ≤ momentum < 1.
        state: {} at the first call, and the same dict at every later one. What it holds is up to you:
            nobody else reads or changes it.

    Returns:
        None; the same parameter tensors hold the new values. Gradients are not changed, and may be
        overwritten by the caller between two steps.

    Convention (PyTorch's, no dampening): the velocity of a parameter starts as its first gradient, later it is
    momentum · velocity + gradient; lr multiplies the velocity and is not part of it, so that it may differ
    from call to call.

    Source: Sutskever et al., On the Importance of Initialization and Momentum in Deep Learning (2013), section 2.

    Example:
        >>> p, state = nn.Parameter(torch.tensor([1.0])), {}
        >>> p.grad = torch.tensor([2.0])
        >>> for _ in range(2):  # velocity 2, then 0.5 · 2 + 2 = 3
        ...     sgd_momentum_step([p], lr=0.1, momentum=0.5, state=state)
        >>> p.data
        tensor([0.5000])
    """
    with torch.no_grad():
        for p in params:
            if p.grad is None:
                continue
            if p in state:
                state[p].mul_(momentum).add_(p.grad)
            else:
                state[p] = p.grad.clone()
            p.sub_(lr * state[p])


class AdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay.

    Args:
        params: an iterable of parameters, or of groups: dicts with "params" and, where they differ from the
            values below, "lr", "betas", "eps", "weight_decay".
        lr: learning rate.
        betas: (β₁, β₂), how long the averages of the gradient and of its square remember.
        eps: added outside the root: … / (√v̂ + eps).
        weight_decay: λ; before the gradient step a parameter is multiplied by 1 − lr · λ.

    The interface is that of torch.optim.Optimizer (inherit from it, and most of it is there): `param_groups` is a list
    of dicts with the five keys above, and a value changed there counts from the next step on;
    `zero_grad()`; `state_dict()` and `load_state_dict()` carry everything needed to continue exactly.
    `torch.optim.Adam` and `torch.optim.AdamW` are not allowed.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019), algorithm 2; Kingma and Ba,
    Adam (2015), algorithm 1.

    Example:
        >>> p = nn.Parameter(torch.tensor([1.0]))
        >>> p.grad = torch.tensor([0.001])
        >>> optimizer = AdamW([p], lr=0.1, weight_decay=0.5)
        >>> optimizer.step()  # decays to 0.95; the first step of Adam has size lr, however small the gradient
        >>> p.data
        tensor([0.8500])
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        """Keep the parameters in groups, each with its own settings."""
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def step(self) -> None:
        """Update every parameter that has a gradient, in place.

        Each parameter uses the settings of its group, and counts its own steps for the bias correction: one
        that had no gradient until now is at its first step. A parameter without gradient is not
        touched, not even by the decay. Averages start at 0 and are corrected for it. Gradients are not changed.
        """
        with torch.no_grad():
            for group in self.param_groups:
                beta1, beta2 = group["betas"]
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    state = self.state[p]
                    if not state:
                        state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
                    state["step"] += 1
                    m = state["exp_avg"].mul_(beta1).add_((1 - beta1) * p.grad)
                    v = state["exp_avg_sq"].mul_(beta2).add_((1 - beta2) * p.grad**2)
                    m_hat = m / (1 - beta1 ** state["step"])
                    v_hat = v / (1 - beta2 ** state["step"])
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))


def configure_param_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Sort the parameters by whether they should decay.

    Args:
        model: any module. Its frozen parameters (requires_grad False) belong to no group.
        weight_decay: for the parameters that decay.

    Returns:
        Two groups for an optimizer, in this order, both also when empty:
        {"params": [...], "weight_decay": weight_decay}, all with two or more dimensions: matrices, embeddings;
        {"params": [...], "weight_decay": 0.0}, all others: biases, gains of norms.
        Both lists keep the order of the model. Each parameter is listed once, also when the model uses it in two
        places.

    Source: Radford et al., Improving Language Understanding by Generative Pre-Training (2018), section 4.1.

    Example:
        >>> decay, no_decay = configure_param_groups(nn.Linear(3, 2), weight_decay=0.1)
        >>> [tuple(p.shape) for p in decay["params"]], [tuple(p.shape) for p in no_decay["params"]]
        ([(2, 3)], [(2,)])
    """
    params = [p for p in model.parameters() if p.requires_grad]  # yields a tied weight once
    decay = [p for p in params if p.dim() >= 2]
    no_decay = [p for p in params if p.dim() < 2]
    return [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]


def clip_grad_norm_(params: Iterable[Tensor], max_norm: float) -> float:
    """Shorten the gradient, in place, if it is too long.

    Args:
        params: the parameters, in any iterable, also one that can be read only once. Those without gradient
            (grad is None) are skipped.
        max_norm: the longest allowed norm, > 0.

    Returns:
        The norm as it was before, a float (a 0-d tensor is as good); 0.0 without gradients. It is the L2 norm of
        all gradients together, as if they were one long vector. If it is above max_norm, all gradients are scaled by
        the same factor so that it becomes max_norm; else they stay as they are. The gradient tensors remain the same
        objects. (PyTorch adds 1e-6 to the norm that it divides by; with or without it is right.)

    `torch.nn.utils.clip_grad_norm_` is not allowed.

    Source: Pascanu, Mikolov, Bengio, On the Difficulty of Training Recurrent Neural Networks (2013), algorithm 1.

    Example:
        >>> p = nn.Parameter(torch.zeros(2))
        >>> p.grad = torch.tensor([3.0, 4.0])
        >>> clip_grad_norm_([p], max_norm=1.0), p.grad
        (5.0, tensor([0.6000, 0.8000]))
    """
    grads = [p.grad for p in params if p.grad is not None]
    total_norm = math.hypot(*(g.norm().item() for g in grads))  # the norm of the norms
    if total_norm > max_norm:
        for g in grads:
            g.mul_(max_norm / total_norm)
    return total_norm


def cosine_lr(it: int, max_lr: float, min_lr: float, warmup: int, total: int) -> float:
    """Give the learning rate of a step: a linear warm-up, then half a cosine down.

    Args:
        it: the step, counted from 0.
        max_lr: the peak, reached at the last step of the warm-up (it = warmup − 1) and held at it = warmup.
        min_lr: the floor.
        warmup: number of warm-up steps; 0 = none.
        total: the step at which the floor is reached.

    Returns:
        A float. While it < warmup the rate rises in equal parts, the first step already being max_lr / warmup,
        not 0. From warmup to total it falls from max_lr to min_lr along half a period of a cosine. From total on it is
        min_lr. If total ≤ warmup, the warm-up is completed and min_lr follows at once.

    Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts (2017), equation 5.

    Example:
        >>> [round(cosine_lr(it, max_lr=1.0, min_lr=0.1, warmup=2, total=6), 3) for it in (0, 1, 2, 4, 6, 9)]
        [0.5, 1.0, 1.0, 0.55, 0.1, 0.1]
    """
    if it < warmup:
        return max_lr * (it + 1) / warmup
    if it >= total:
        return min_lr
    progress = (it - warmup) / (total - warmup)  # 0 … 1
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * progress)) / 2
