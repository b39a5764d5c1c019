"""Other right answers of the unit optimization."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def cross_entropy__log_softmax(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Flatten all, log-softmax, pick by a pair of indices, and weigh with a mask."""
    logits, targets = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1)
    mask = (targets != ignore_index).to(logits.dtype)
    safe = targets.masked_fill(targets == ignore_index, 0)
    log_probs = torch.log_softmax(logits, dim=1)[torch.arange(targets.numel()), safe]
    return -(log_probs * mask).sum() / mask.sum().clamp(min=1)


def cross_entropy__one_hot(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """Subtract the maximum by hand; a row of zeros as the one-hot of an ignored target."""
    z = logits - logits.amax(dim=-1, keepdim=True).detach()
    one_hot = torch.arange(logits.shape[-1]) == targets.unsqueeze(-1)
    one_hot = one_hot & (targets != ignore_index).unsqueeze(-1)
    log_probs = z - z.exp().sum(dim=-1, keepdim=True).log()
    count = int((targets != ignore_index).sum())
    return -torch.where(one_hot, log_probs, 0.0).sum() / (count or 1)


def cross_entropy__loop(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    """One target after the other."""
    total, count = logits.sum() * 0, 0
    for z, target in zip(logits.reshape(-1, logits.size(-1)), targets.reshape(-1).tolist(), strict=True):
        if target != ignore_index:
            total, count = total + (z - z[target]).logsumexp(0), count + 1
    return total / count if count else total


def sgd_momentum_step__by_identity(params: Iterable[Tensor], lr: float, momentum: float, state: dict) -> None:
    """The velocity starts as zeros, in a dict by id; parameters are changed through .data."""
    for p in params:
        if p.grad is not None:
            velocity = momentum * state.get(id(p), torch.zeros_like(p.data)) + p.grad
            state[id(p)] = velocity
            p.data -= lr * velocity


def sgd_momentum_step__by_place(params: Iterable[Tensor], lr: float, momentum: float, state: dict) -> None:
    """A list of velocities, by the place of a parameter in the list."""
    params = list(params)
    velocities = state.setdefault("velocities", [None] * len(params))
    for i, p in enumerate(params):
        if p.grad is None:
            continue
        g = p.grad.detach()
        velocities[i] = g.clone() if velocities[i] is None else velocities[i] * momentum + g
        with torch.no_grad():
            p.add_(velocities[i], alpha=-lr)


class AdamW__lerp(torch.optim.Optimizer):
    """The averages as interpolations, the corrections folded into the size of the step."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def step(self):
        for group in self.param_groups:
            lr, (b1, b2) = group["lr"], group["betas"]
            for p in (p for p in group["params"] if p.grad is not None):
                state, g = self.state[p], p.grad.data
                t = state["t"] = state.get("t", 0) + 1
                m = state["m"] = torch.lerp(g, state.get("m", torch.zeros_like(g)), b1)
                v = state["v"] = torch.lerp(g.square(), state.get("v", torch.zeros_like(g)), b2)
                root = (v / (1 - b2**t)).sqrt().add(group["eps"])
                p.data = p.data * (1 - lr * group["weight_decay"]) - (lr / (1 - b1**t)) * m / root


class AdamW__from_nothing:
    """Without torch.optim: groups, state and both dicts are made here."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        params = list(params)
        groups = params if params and isinstance(params[0], dict) else [{"params": params}]
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        self.param_groups = [defaults | group | {"params": list(group["params"])} for group in groups]
        self.memory = {p: [0, 0.0, 0.0] for p in self.all_params()}  # steps, m, v

    def all_params(self):
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self, set_to_none=True):
        for p in self.all_params():
            p.grad = None

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.copy_(self.moved(p, group))

    def moved(self, p, group):
        (b1, b2), lr = group["betas"], group["lr"]
        t, m, v = self.memory[p]
        t, m, v = t + 1, b1 * m + (1 - b1) * p.grad, b2 * v + (1 - b2) * p.grad * p.grad
        self.memory[p] = [t, m, v]
        direction = m / (1 - b1**t) / ((v / (1 - b2**t)) ** 0.5 + group["eps"])
        return p - lr * group["weight_decay"] * p - lr * direction

    def state_dict(self):
        settings = [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups]
        return {"settings": settings, "memory": [list(self.memory[p]) for p in self.all_params()]}

    def load_state_dict(self, state_dict):
        for group, settings in zip(self.param_groups, state_dict["settings"], strict=True):
            group.update(settings)
        for p, memory in zip(self.all_params(), state_dict["memory"], strict=True):
            self.memory[p] = list(memory)


def configure_param_groups__loop(model: nn.Module, weight_decay: float) -> list[dict]:
    """One walk over the names, two lists."""
    groups = [{"params": [], "weight_decay": weight_decay}, {"params": [], "weight_decay": 0.0}]
    for _, p in model.named_parameters():
        if p.requires_grad:
            groups[p.ndim < 2]["params"].append(p)
    return groups


def configure_param_groups__by_module(model: nn.Module, weight_decay: float) -> list[dict]:
    """Walk over the modules, and remember what was seen."""
    decay, no_decay, seen = [], [], set()
    for module in model.modules():
        for p in module._parameters.values():
            if p is None or not p.requires_grad or id(p) in seen:
                continue
            seen.add(id(p))
            (decay if len(p.shape) > 1 else no_decay).append(p)
    return [dict(params=decay, weight_decay=weight_decay), dict(params=no_decay, weight_decay=0.0)]


def clip_grad_norm___one_vector(params: Iterable[Tensor], max_norm: float) -> float:
    """Lay all gradients end to end; the factor is at most 1, and torch's 1e-6 is added."""
    grads = [p.grad for p in list(params) if p.grad is not None]
    if not grads:
        return 0.0
    norm = torch.linalg.vector_norm(torch.cat([g.flatten() for g in grads]))
    factor = torch.clamp(max_norm / (norm + 1e-6), max=1.0)
    for g in grads:
        g *= factor
    return norm


def clip_grad_norm___sum_of_squares(params: Iterable[Tensor], max_norm: float) -> float:
    """Squares added up in Python; assigned through .data."""
    params = tuple(params)
    norm = math.sqrt(sum(float(p.grad.double().pow(2).sum()) for p in params if p.grad is not None))
    if norm <= max_norm:
        return norm
    for p in params:
        if p.grad is not None:
            p.grad.copy_(p.grad / norm * max_norm)
    return norm


def cosine_lr__mixed(it: int, max_lr: float, min_lr: float, warmup: int, total: int) -> float:
    """A share of the peak and a share of the floor."""
    if it < warmup:
        return (it + 1) / warmup * max_lr
    progress = 1.0 if total <= warmup else min(1.0, (it - warmup) / (total - warmup))
    share = math.cos(math.pi * progress / 2) ** 2
    return share * max_lr + (1 - share) * min_lr


def cosine_lr__clipped_time(it: int, max_lr: float, min_lr: float, warmup: int, total: int) -> float:
    """The same curve by torch, with the middle and the swing around it."""
    ramp = torch.linspace(0, 1, warmup + 1)[1:].mul(max_lr).tolist()
    if it < len(ramp):
        return ramp[it]
    if it >= total:
        return min_lr
    middle, swing = (max_lr + min_lr) / 2, (max_lr - min_lr) / 2
    return middle + swing * math.sin(math.pi * (0.5 - (it - warmup) / (total - warmup)))
