"""What goes wrong in the loss and the optimizers: what is divided by what, and what is remembered where."""

from collections.abc import Iterable

import torch
from torch import Tensor

from reference.misconceptions import Misconception


def _shown(value: str, grad: str, call: str) -> str:
    return f"p = nn.Parameter(torch.tensor([{value}])); p.grad = torch.tensor([{grad}]); {call}:\n"


SGD = _shown("1.0", "2.0", "sgd_momentum_step([p], 0.1, 0.5, state={})")
SGD_TWICE = _shown("1.0", "2.0", "twice sgd_momentum_step([p], 0.1, 0.5, state)")
ADAM = _shown("1.0", "3.0", "AdamW([p], lr=0.1, weight_decay=0.0).step()")
DECAY = _shown("1.0", "0.0", "AdamW([p], lr=0.1, weight_decay=0.5).step()")
CLIP = _shown("0.0, 0.0", "3.0, 4.0", "clip_grad_norm_([p], 1.0)")
PLAN = "cosine_lr(it, max_lr=1.0, min_lr=0.2, warmup=4, total=12)"


class AdamWOfTorch(torch.optim.AdamW):
    """PyTorch's, under our name."""


def mean_of_rows(logits: Tensor, targets: Tensor, ignore_index: int = -100) -> Tensor:
    mask = targets != ignore_index
    right = logits.gather(-1, targets.where(mask, 0).unsqueeze(-1)).squeeze(-1)
    return (((logits.logsumexp(-1) - right) * mask).sum(-1) / mask.sum(-1)).mean()


def clipping_of_torch(params: Iterable[Tensor], max_norm: float) -> float:
    return torch.nn.utils.clip_grad_norm_(params, max_norm).item()


NLL = "logits.logsumexp(dim=-1) - right"
MEAN = "nll.sum() / max(len(nll), 1)"

LOSS = (
    Misconception(
        "cross_entropy", "log of a softmax",
        says="you take the logarithm of a finished probability, and a small one has been rounded to 0 by then",
        ask="What is exp(−200) in float32, and the logarithm of it?",
        show="cross_entropy(torch.tensor([0.0, 200.0]), torch.tensor(0)) should be 200; yours is inf",
        family="numerical stability",
        edit={NLL: "-logits.softmax(dim=-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1).log()"},
    ),
    Misconception(
        "cross_entropy", "log of a softmax plus a small number",
        says="you add a small number to the probability before the logarithm, so no loss is ever larger than its −ln",
        ask="What is −ln(1e-9), and can a right loss be larger than that?",
        show="cross_entropy(torch.tensor([0.0, 200.0]), torch.tensor(0)) should be 200; with 1e-9 added it is 20.7",
        family="numerical stability",
        edit={NLL: "-(logits.softmax(dim=-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1) + 1e-9).log()"},
    ),
    Misconception(
        "cross_entropy", "exponentials of raw logits",
        says="you take exponentials of the logits as they come, and large ones overflow",
        ask="Does the loss change if the same number is subtracted from all logits of a position? Which one helps?",
        show="cross_entropy(torch.tensor([1000.0, 1000.0]), torch.tensor(0)) should be ln 2; exp(1000) is inf",
        family="numerical stability", edit={"logits.logsumexp(dim=-1)": "logits.exp().sum(dim=-1).log()"},
    ),
    Misconception(
        "cross_entropy", "one maximum for the whole batch",
        says="you subtract the largest logit of the whole batch, so positions with much smaller ones underflow to ln 0",
        ask="Whose maximum must be subtracted, so that the largest exponent of every position is 0?",
        show="cross_entropy(torch.tensor([[300.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])) should be 0.157, not −inf",
        family="numerical stability",
        edit={
            "counted = targets": "largest = logits.max()\n    counted = targets",
            "logits.logsumexp(dim=-1)": "(logits - largest).exp().sum(dim=-1).log() + largest",
        },
    ),
    Misconception(
        "cross_entropy", "sum instead of mean",
        says="you add up the losses of all targets; the loss is their mean",
        ask="If the batch has twice as many tokens, should the loss be twice as large?",
        show="cross_entropy(torch.zeros(3, 2), torch.tensor([0, 0, 0])) should be ln 2 = 0.693; yours is 2.079",
        family="denominator", edit={MEAN: "nll.sum()"},
    ),
    Misconception(
        "cross_entropy", "ignored targets in the denominator",
        says="you divide by the number of all targets, also of those that do not count",
        ask="If half of the targets are ignored, by how many do you divide?",
        show="cross_entropy(torch.zeros(2, 2), torch.tensor([0, -100])) should be ln 2 = 0.693; yours is half of it",
        family="denominator",
        edit={
            "counted = targets != ignore_index": "counted, everything = targets != ignore_index, targets.numel()",
            "max(len(nll), 1)": "everything",
        },
    ),
    Misconception(
        "cross_entropy", "mean of sequence means",
        says="you average each sequence and then the averages: a target in a short sequence weighs more",
        ask="One sequence has 1 target, another 100: which share of the loss should each single target have?",
        show="targets [[0, -100, -100], [0, 0, 0]] with the losses 8 and 2, 2, 2: the mean is 14/4 = 3.5; yours is 5",
        family="denominator",
        edit={
            MEAN: (
                "(nll.new_zeros(counted.shape).masked_scatter(counted, nll).sum(dim=-1)"
                " / counted.sum(dim=-1).clamp(min=1)).mean()"
            )
        },
    ),
    Misconception(
        "cross_entropy", "mean of sequence means, 0/0 for an empty one",
        says="you average each sequence and then the averages: a target in a short sequence weighs more",
        ask="One sequence has 1 target, another 100: which share of the loss should each single target have?",
        show="targets [[0, -100, -100], [0, 0, 0]] with the losses 8 and 2, 2, 2: the mean is 14/4 = 3.5; yours is 5",
        family="denominator", wrong=mean_of_rows,
    ),
    Misconception(
        "cross_entropy", "a fresh 0 when nothing counts",
        says="if nothing counts, you return a 0 that was not computed from the logits, and loss.backward() raises",
        ask="Your 0 is right. How can it be computed from the logits, so that backward finds its way to them?",
        show="z = torch.zeros(1, 2, requires_grad=True): cross_entropy(z, torch.tensor([-100])) needs a grad_fn",
        family="gradient",
        edit={"    right =": "    if not len(targets):\n        return torch.tensor(0.0)\n    right ="},
    ),
    Misconception(
        "cross_entropy", "nothing counts: 0/0",
        says="if every target is ignored you divide 0 by 0, and one NaN in a gradient spoils all weights",
        ask="What should the mean of nothing be here, and what is 0/0?",
        show="cross_entropy(torch.zeros(1, 2), torch.tensor([-100])) should be 0; yours is nan",
        family="denominator", edit={"max(len(nll), 1)": "len(nll)"},
    ),
    Misconception(
        "cross_entropy", "ignored targets count as token 0",
        says="targets that should not count are clamped to token 0, and then count",
        ask="Which positions take part in the sum?",
        show="cross_entropy(torch.tensor([[0.0, 0.0], [0.0, 9.0]]), torch.tensor([0, -100])) should be 0.693, not 4.85",
        family="rule",
        edit={
            "counted = targets != ignore_index": "counted = targets == targets",
            "targets[counted]": "targets.clamp(min=0)[counted]",
        },
    ),
    Misconception(
        "cross_entropy", "ignore_index fixed to −100",
        says="you ignore −100, whatever the caller passes as ignore_index",
        ask="Which argument says what does not count?",
        show="cross_entropy(torch.tensor([[0.0, 0.0], [9.0, 0.0]]), torch.tensor([0, 1]), 1) should be 0.693, not 4.85",
        family="rule", edit={"targets != ignore_index": "targets != -100"},
    ),
    Misconception(
        "cross_entropy", "bits instead of nats",
        says="your logarithm has base 2; logarithms are natural in this course",
        ask="Of which base is the logarithm that undoes exp?",
        show="cross_entropy(torch.zeros(1, 2), torch.tensor([0])) should be ln 2 = 0.693; yours is 1",
        family="units", edit={"return nll.sum()": "return nll.sum() / math.log(2)"},
    ),
    Misconception(
        "cross_entropy", "softmax over the positions",
        says="your softmax runs over positions: the tokens of one position do not compete with each other",
        ask="Along which axis do the probabilities of one position sum to 1?",
        show="torch.zeros(4, 2), four targets 0: each has two tokens to choose from, ln 2; yours is ln 4",
        family="wrong axis", edit={NLL: "logits.logsumexp(dim=0)[targets] - right"},
    ),
    Misconception(
        "cross_entropy", "softmax over axis 1",
        says="your softmax runs over axis 1, which is the vocabulary only for logits with two axes",
        ask="Where is V when you count axes from the end?",
        show="logits of shape (2, 5, 7) = (B, T, V): axis 1 is the five positions",
        family="wrong axis", edit={"= logits[counted]": "= logits.log_softmax(dim=1)[counted]", NLL: "-right"},
    ),
    Misconception(
        "cross_entropy", "softmax taken twice",
        says="you put the logits through a softmax first, and then take them for logits again",
        ask="What does a loss that wants raw scores do to numbers that are probabilities already?",
        show="cross_entropy(torch.tensor([0.0, 9.0]), torch.tensor(1)) should be 0.0001; twice gives 0.313",
        family="rule", edit={"logits, targets = logits[counted]": "logits, targets = logits.softmax(dim=-1)[counted]"},
    ),
    Misconception(
        "cross_entropy", "targets shifted again",
        says="you shift the targets by one; whoever made the data has done that already",
        ask="Target t stands at position t: which logits belong to it?",
        show="logits (1, 1, 2), targets (1, 1): there is one prediction to grade; after shifting there is none",
        family="off by one",
        edit={
            "counted = targets": "logits, targets = logits[..., :-1, :], targets[..., 1:]\n    counted = targets"
        },
    ),
    Misconception(
        "cross_entropy", "targets shifted again, along axis 1",
        says="you shift the targets by one; whoever made the data has done that already",
        ask="Target t stands at position t: which logits belong to it?",
        show="logits (1, 1, 2), targets (1, 1): there is one prediction to grade; after shifting there is none",
        family="off by one",
        edit={"counted = targets": "logits, targets = logits[:, :-1], targets[:, 1:]\n    counted = targets"},
    ),
    Misconception(
        "cross_entropy", "detached",
        says="no gradient reaches the logits: the loss is cut off from where it came from",
        ask="Which operation gives a tensor without its history: .detach(), .data, .item(), torch.tensor(…)?",
        show="logits = torch.zeros(1, 2, requires_grad=True): your loss should have a grad_fn; it is None",
        family="gradient", edit={"return nll.sum()": "return nll.detach().sum()"},
    ),
    Misconception(
        "cross_entropy", "targets changed in place",
        says="you overwrite the caller's ignored targets, so the next epoch will count them",
        ask="Does targets[…] = 0 make a new tensor, or write into the one you were given?",
        show="targets = torch.tensor([1, -100]); call your function; print(targets) should still show −100",
        family="state", edit={"!= ignore_index": "!= ignore_index\n    targets[~counted] = 0"},
    ),
    Misconception(
        "cross_entropy", "the loss of torch",
        says="the result is right, but it is torch's own loss; here you write it",
        ask="Which two terms does the loss of one position have, seen as a function of the logits?",
        show="logits [0, ln 3], target 0: ln(e⁰ + e^(ln 3)) − 0 = ln 4",
        family="rule", edit={"nll.sum()": 'nn.functional.cross_entropy(logits, targets, reduction="sum")'},
    ),
)

DESCENT = (
    Misconception(
        "sgd_momentum_step", "no check for None",
        says="you use the gradient of a parameter that has none",
        ask="What is p.grad of a parameter that took no part in the loss?",
        show="nn.Parameter(torch.ones(1)).grad is None; your function should leave such a parameter as it is",
        family="rule", edit={"            if p.grad is None:\n                continue\n": ""},
    ),
    Misconception(
        "sgd_momentum_step", "velocity is the gradient tensor itself",
        says="your first velocity is the caller's gradient tensor, not a copy: whoever writes there next changes both",
        ask="After a = b, how many tensors are there?",
        show="g = torch.ones(1); v = g; g.fill_(7.0); v is 7 now. A velocity must remember the old gradient",
        family="state", edit={"p.grad.clone()": "p.grad"},
    ),
    Misconception(
        "sgd_momentum_step", "exponential average",
        says="your velocity is an average, with (1 − momentum) in front of each gradient; here gradients add up",
        ask="With momentum 0.5 and gradients 2, 2: is the second velocity 0.5 · 2 + 2, or 0.5 · 1 + 0.5 · 2?",
        show=SGD + "p should be 1 − 0.1 · 2 = 0.8; yours is 0.9",
        family="scale factor",
        edit={".add_(p.grad)": ".add_((1 - momentum) * p.grad)", "p.grad.clone()": "(1 - momentum) * p.grad"},
    ),
    Misconception(
        "sgd_momentum_step", "dampening",
        says="from the second step on you shorten the new gradient by (1 − momentum)",
        ask="By which factor does the newest gradient enter the velocity?",
        show=SGD_TWICE + "the second velocity is 0.5 · 2 + 2 = 3, so p should be 0.5; yours is 0.6",
        family="scale factor", edit={".add_(p.grad)": ".add_((1 - momentum) * p.grad)"},
    ),
    Misconception(
        "sgd_momentum_step", "one velocity for all",
        says="all your parameters share one velocity",
        ask="Under which key is the velocity of the second parameter kept?",
        show="two parameters with the gradients 1 and 5: the second should move by lr · 5, whatever the first did",
        family="state",
        edit={
            "if p in state": "if 0 in state",
            "state[p].mul_": "state[0].mul_",
            "state[p] =": "state[0] =",
            "lr * state[p]": "lr * state[0]",
        },
    ),
    Misconception(
        "sgd_momentum_step", "a new tensor instead of the old",
        says="nothing moves: you compute the new value and give it to a local name",
        ask="After p = p − …, who else knows the new tensor?",
        show=SGD + "p should be 0.8; it is still 1.0",
        family="state", edit={"p.sub_(lr * state[p])": "p = p - lr * state[p]"},
    ),
    Misconception(
        "sgd_momentum_step", "uphill",
        says="you add the velocity, so the loss grows with every step",
        ask="The gradient points to where the loss grows: which way do you want to go?",
        show=SGD + "p should be 1 − 0.2 = 0.8; yours is 1.2",
        family="sign or order", edit={"p.sub_(": "p.add_("},
    ),
    Misconception(
        "sgd_momentum_step", "lr inside the velocity",
        says="the learning rate of each step is stored in your velocity, so a new lr changes only what is added later",
        ask="If lr falls from 1 to 0.01, should the old velocity still move the parameter at the old speed?",
        show="gradients 1 and 0, momentum 0.5, lr 1.0 and then 0.1: the second step is 0.1 · 0.5 = 0.05; yours is 0.5",
        family="scale factor",
        edit={".add_(p.grad)": ".add_(lr * p.grad)", "p.grad.clone()": "lr * p.grad", "lr * state[p]": "state[p]"},
    ),
    Misconception(
        "sgd_momentum_step", "lr applied twice",
        says="you multiply by lr twice: once in the velocity, once in the step",
        ask="If lr is ten times smaller, how many times smaller is your step?",
        show=SGD + "p should be 1 − 0.1 · 2 = 0.8; yours is 1 − 0.1 · 0.1 · 2 = 0.98",
        family="scale factor", edit={".add_(p.grad)": ".add_(lr * p.grad)", "p.grad.clone()": "lr * p.grad"},
    ),
    Misconception(
        "sgd_momentum_step", "momentum ignored",
        says="your result equals the one without momentum: each step forgets the one before",
        ask="What is left of the old velocity in the second step, and where was it kept?",
        show=SGD_TWICE + "p should be 1 − 0.2 − 0.3 = 0.5; yours is 1 − 0.2 − 0.2 = 0.6",
        family="state", edit={".mul_(momentum)": ".mul_(0)"},
    ),
    Misconception(
        "sgd_momentum_step", "moves by the old velocity",
        says="you move first and take in the new gradient afterwards, so every gradient comes a step late",
        ask="Which comes first: the new velocity, or the step?",
        show=SGD + "p should be 0.8; yours is still 1.0, because the velocity was 0 when it was used",
        family="sign or order",
        edit={
            "if p in state": "p.sub_(lr * state.get(p, torch.zeros_like(p)))\n            if p in state",
            "\n            p.sub_(lr * state[p])": "",
        },
    ),
    Misconception(
        "sgd_momentum_step", "no gradient taken for a gradient of zero",
        says="a parameter without gradient rolls on with its old velocity; it should be left alone",
        ask="Is `no gradient` the same as `a gradient of zero`, if there is a velocity?",
        show="gradient 1, then None, with lr 0.1 and momentum 0.5: p moves by 0.1, then not at all; yours by 0.05",
        family="rule", edit={"                continue": "                p.grad = torch.zeros_like(p)"},
    ),
    Misconception(
        "sgd_momentum_step", "clears the gradients",
        says="you clear the gradients; they belong to the caller, who may still want to log or accumulate them",
        ask="Whose job is zero_grad?",
        show=SGD + "p.grad should still be 2",
        family="state", edit={"p.sub_(lr * state[p])": "p.sub_(lr * state[p])\n            p.grad = None"},
    ),
    Misconception(
        "sgd_momentum_step", "remembered outside of state",
        says="you keep velocities in a place of your own, so a fresh, empty state does not start anew",
        ask="What does your function remember after the caller has thrown state away?",
        show=SGD + "call it twice, each time with a new {}: each step is 0.2, so p should be 0.6; yours is 0.5",
        family="state",
        edit={
            "with torch.no_grad():": (
                'state = vars(sgd_momentum_step).setdefault("velocities", {})\n    with torch.no_grad():'
            )
        },
    ),
    Misconception(
        "sgd_momentum_step", "params read twice",
        says="you go through params twice, and the second time a generator is empty",
        ask="How often can a generator be read?",
        show="g = (x for x in [1, 2]); list(g), list(g) gives [1, 2] and []",
        family="state",
        edit={
            "            p.sub_(lr * state[p])": (
                "        for p in params:\n            if p.grad is not None:\n                p.sub_(lr * state[p])"
            )
        },
    ),
    Misconception(
        "sgd_momentum_step", "without no_grad",
        says="torch refuses to change a parameter in place while it is recording; an update is not part of the model",
        ask="Which context tells torch not to record what happens inside?",
        show="p = nn.Parameter(torch.ones(1)); p.sub_(1.0) raises; inside `with torch.no_grad():` it works",
        family="gradient", edit={"with torch.no_grad():": "if True:"},
    ),
)

DECAY_LINE = '                    p.mul_(1 - group["lr"] * group["weight_decay"])\n'

ADAMW = (
    Misconception(
        "AdamW", "L2 added to the gradient",
        says="you add λ · p to the gradient, so the decay is divided by √v̂ too: that is Adam with L2, not AdamW",
        ask="With a gradient of zero, g = λ · p alone: what does m̂ / √v̂ make of it?",
        show=DECAY + "p should decay to 0.95; yours takes a whole step of lr, to 0.9",
        family="rule",
        edit={
            "(1 - beta1) * p.grad": '(1 - beta1) * (p.grad + group["weight_decay"] * p)',
            "p.grad**2": '(p.grad + group["weight_decay"] * p) ** 2',
            DECAY_LINE: "",
        },
    ),
    Misconception(
        "AdamW", "decay without lr",
        says="you multiply by 1 − λ instead of 1 − lr · λ",
        ask="When the schedule takes lr to 0, should the decay go on at full strength?",
        show=DECAY + "p should be 1 − 0.1 · 0.5 = 0.95; yours is 1 − 0.5 = 0.5",
        family="scale factor", edit={'1 - group["lr"] * group["weight_decay"]': '1 - group["weight_decay"]'},
    ),
    Misconception(
        "AdamW", "no decay",
        says="your result equals Adam without weight decay",
        ask="Where does weight_decay occur in your step?",
        show=DECAY + "p should be 0.95; yours is still 1.0",
        family="rule", edit={DECAY_LINE: ""},
    ),
    Misconception(
        "AdamW", "no decay by default",
        says="if nobody asks for a decay, yours is 0, as in Adam; the contract's default is 0.01",
        ask="Which defaults stand in the signature?",
        show="AdamW([p]).param_groups[0]['weight_decay'] should be 0.01; yours is 0.0",
        family="rule", edit={"weight_decay: float = 0.01": "weight_decay: float = 0.0"},
    ),
    Misconception(
        "AdamW", "decay after the step",
        says="you decay after the gradient step, so the step itself is decayed too",
        ask="Is it p · (1 − lr · λ) − step, or (p − step) · (1 − lr · λ)?",
        show="p = 1, g = 1, lr = 0.1, λ = 0.5: 0.95 − 0.1 = 0.85; yours is 0.9 · 0.95 = 0.855",
        family="sign or order",
        edit={
            'p.mul_(1 - group["lr"] * group["weight_decay"])': 'kept = 1 - group["lr"] * group["weight_decay"]',
            '(v_hat.sqrt() + group["eps"]))': '(v_hat.sqrt() + group["eps"]))\n                    p.mul_(kept)',
        },
    ),
    Misconception(
        "AdamW", "decays without a gradient",
        says="parameters without gradient shrink; they should not be touched at all",
        ask="Which comes first: the decay, or the question whether there is a gradient?",
        show="p = 1 without gradient: after AdamW([p], lr=0.1, weight_decay=0.5).step() it should be 1; yours is 0.95",
        family="sign or order",
        edit={
            DECAY_LINE: "",
            "                    if p.grad is None": DECAY_LINE + "                    if p.grad is None",
        },
    ),
    Misconception(
        "AdamW", "no bias correction of m",
        says="you use m as it is, without dividing by 1 − β₁ᵗ: the first step is a tenth of what it should be",
        ask="m starts at 0. After one step with β₁ = 0.9, which share of the gradient does it hold?",
        show=ADAM + "the first step has the size lr, so p should be 0.9; yours is 0.99",
        family="scale factor", edit={'m_hat = m / (1 - beta1 ** state["step"])': "m_hat = m"},
    ),
    Misconception(
        "AdamW", "no bias correction of v",
        says="you use v as it is, without dividing by 1 − β₂ᵗ: the first steps are about thirty times too long",
        ask="v starts at 0. After one step with β₂ = 0.999, which share of g² does it hold?",
        show=ADAM + "the first step has the size lr, so p should be 0.9; yours is 1 − 0.1 / √0.001 = −2.16",
        family="scale factor", edit={'v_hat = v / (1 - beta2 ** state["step"])': "v_hat = v"},
    ),
    Misconception(
        "AdamW", "no bias correction",
        says="you correct neither m nor v: the first step is 0.1 / √0.001 ≈ 3 times too long, and later ones more",
        ask="m and v start at 0: by what are they too small after t steps?",
        show=ADAM + "the first step has the size lr, so p should be 0.9; yours is 1 − 0.1 · 0.1 / √0.001 = 0.68",
        family="scale factor",
        edit={'m_hat = m / (1 - beta1 ** state["step"])': "m_hat = m", 'v / (1 - beta2 ** state["step"])': "v"},
    ),
    Misconception(
        "AdamW", "β₁ in both corrections",
        says="you divide v by 1 − β₁ᵗ too; each average is corrected with its own β",
        ask="After one step v holds a share of 1 − β of g²: of which β?",
        show=ADAM + "the first step has the size lr, so p should be 0.9; yours is 1 − 0.1 / √0.01 = 0",
        family="scale factor", edit={'beta2 ** state["step"]': 'beta1 ** state["step"]'},
    ),
    Misconception(
        "AdamW", "corrected averages kept",
        says="you keep m̂ and v̂ in place of m and v, so the next step starts from averages that are corrected already",
        ask="Which of m and m̂ stands on the right of m ← β₁ m + (1 − β₁) g?",
        show="g = 2, 4: m after two steps is 0.9 · 0.2 + 0.4 = 0.58; if m̂ = 2 was kept, it is 0.9 · 2 + 0.4 = 2.2",
        family="state",
        edit={"m_hat = m": 'm_hat = state["exp_avg"] = m', "v_hat = v": 'v_hat = state["exp_avg_sq"] = v'},
    ),
    Misconception(
        "AdamW", "corrected m kept",
        says="you keep m̂ in place of m, so the next step starts from an average that is corrected already",
        ask="Which of m and m̂ stands on the right of m ← β₁ m + (1 − β₁) g?",
        show="g = 2, 4: m after two steps is 0.9 · 0.2 + 0.4 = 0.58; if m̂ = 2 was kept, it is 0.9 · 2 + 0.4 = 2.2",
        family="state", edit={"m_hat = m": 'm_hat = state["exp_avg"] = m'},
    ),
    Misconception(
        "AdamW", "one v for a whole tensor",
        says="your v is one number for a whole tensor; every single weight has its own",
        ask="Two weights of one tensor have the gradients 0.001 and 1000: how long is the first step of each?",
        show="p.grad = torch.tensor([1.0, 3.0]), lr = 0.1, no decay: both should move by 0.1; yours by 0.045 and 0.134",
        family="batch of one", edit={"p.grad**2": "(p.grad**2).mean()"},
    ),
    Misconception(
        "AdamW", "steps counted once for each parameter",
        says="your count of steps grows with every parameter, so the second one is at t = 2 in the first step",
        ask="After one step() over three parameters, which t should each of them have?",
        show="two parameters with g = 1, lr = 0.1, no decay: both should move by 0.1; yours by 0.1 and 0.074",
        family="state",
        edit={'state["step"] += 1': 'self.t = state["step"] = getattr(self, "t", 0) + 1'},
    ),
    Misconception(
        "AdamW", "a gradient of zero taken for none",
        says="you skip parameters whose gradient is zero; they still decay, move by their m, and count the step",
        ask="What does m do in a step with g = 0, and what does the decay do?",
        show=DECAY + "p should decay to 0.95; yours is still 1.0",
        family="rule", edit={"if p.grad is None": "if p.grad is None or not p.grad.any()"},
    ),
    Misconception(
        "AdamW", "steps counted from 0",
        says="in the first step your t is 0, and the correction 1 − β⁰ divides by 0",
        ask="What is 1 − β₁ᵗ if t = 0?",
        show=ADAM + "p should be 0.9; yours is nan",
        family="off by one",
        edit={
            '                    state["step"] += 1\n': "",
            '(v_hat.sqrt() + group["eps"]))': '(v_hat.sqrt() + group["eps"]))\n                    state["step"] += 1',
        },
    ),
    Misconception(
        "AdamW", "eps inside the root",
        says="your eps stands inside the root, where 1e-8 becomes 1e-4 and swallows small gradients",
        ask="Which is 1e-7 and which is 1e-4: √(1e-14) + 1e-8 or √(1e-14 + 1e-8)?",
        show="p = 1, g = 1e-7, lr = 0.1, no decay: p should be 1 − 0.1 / 1.1 = 0.909; yours is 0.9999",
        family="numerical stability", edit={'v_hat.sqrt() + group["eps"]': '(v_hat + group["eps"]).sqrt()'},
    ),
    Misconception(
        "AdamW", "eps before the correction",
        says="you add eps to √v and correct the sum, so eps is much larger than asked for in the first steps",
        ask="Is eps added to √v or to √v̂?",
        show="p = 1, g = 1e-7, lr = 0.1, no decay: p should be 1 − 0.1 / 1.1 = 0.909; yours is 0.976",
        family="numerical stability",
        edit={'v_hat.sqrt() + group["eps"]': '(v.sqrt() + group["eps"]) / (1 - beta2 ** state["step"]) ** 0.5'},
    ),
    Misconception(
        "AdamW", "|g| instead of g²",
        says="your second average is of |g|, not of g²",
        ask="Of what must v be the average, so that its root has the size of a gradient?",
        show="p = 1, g = 4, lr = 0.1, no decay: p should be 1 − 0.1 · 4/√16 = 0.9; yours is 1 − 0.1 · 4/√4 = 0.8",
        family="scale factor", edit={"p.grad**2": "p.grad.abs()"},
    ),
    Misconception(
        "AdamW", "m without 1 − β₁",
        says="you add the whole gradient to m, without the factor 1 − β₁",
        ask="In an average the weights sum to 1: if the old value has β₁, what has the new one?",
        show=ADAM + "p should be 0.9; yours is 1 − 0.1 / 0.1 = 0",
        family="scale factor", edit={"(1 - beta1) * p.grad": "p.grad"},
    ),
    Misconception(
        "AdamW", "betas exchanged",
        says="your betas are exchanged: β₁ belongs to the average of g, β₂ to that of g²",
        ask="Which of the two averages should remember longer with the defaults 0.9 and 0.999?",
        show="betas=(0.0, 0.5): m should be the newest gradient alone; yours still holds half of the past",
        family="sign or order", edit={"beta1, beta2 =": "beta2, beta1 ="},
    ),
    Misconception(
        "AdamW", "no check for None",
        says="you use the gradient of a parameter that has none",
        ask="What is p.grad of a parameter that took no part in the loss?",
        show="nn.Parameter(torch.ones(1)).grad is None; step() should leave such a parameter as it is",
        family="rule", edit={"                    if p.grad is None:\n                        continue\n": ""},
    ),
    Misconception(
        "AdamW", "settings of group 0 for all",
        says="all groups use the settings of the first one",
        ask="Which group's lr do you read when you come to the parameters of the second?",
        show="two groups with lr 0.1 and 0.3, no decay: the first steps should be 0.1 and 0.3; yours are 0.1 and 0.1",
        family="batch of one",
        edit={
            'beta1, beta2 = group["betas"]': (
                'group = {**self.param_groups[0], "params": group["params"]}\n'
                '                beta1, beta2 = group["betas"]'
            )
        },
    ),
    Misconception(
        "AdamW", "settings of the constructor for all",
        says="you use the settings given at construction, whatever param_groups say now",
        ask="How does a schedule tell your optimizer that lr has changed?",
        show="opt = AdamW([p], lr=0.1); opt.param_groups[0]['lr'] = 0.01: the next step should be 0.01, yours is 0.1",
        family="state",
        edit={
            'beta1, beta2 = group["betas"]': (
                'group = {**group, **self.defaults}\n                beta1, beta2 = group["betas"]'
            )
        },
    ),
    Misconception(
        "AdamW", "one step counter for all",
        says="all parameters share one count of steps, so one that starts late gets too little correction",
        ask="A parameter has its first gradient in step 3: which t belongs to its averages?",
        show="first gradient in step 3: m = 0.1 g should be divided by 1 − 0.9 = 0.1; yours is by 1 − 0.9³ = 0.27",
        family="state",
        edit={
            'beta1, beta2 = group["betas"]': (
                'group["step"] = group.get("step", 0) + 1\n                beta1, beta2 = group["betas"]'
            ),
            'state["step"] += 1': 'state["step"] = group["step"]',
        },
    ),
    Misconception(
        "AdamW", "step counter outside of the state",
        says="your count of steps is an attribute: all parameters share it, and state_dict() forgets it",
        ask="After load_state_dict, at which t does your optimizer go on?",
        show="after 3 steps, save and load: the next correction is 1 − 0.9⁴ = 0.34; yours is 1 − 0.9 = 0.1 again",
        family="state",
        edit={
            "for group in self.param_groups:": (
                'self.t = getattr(self, "t", 0) + 1\n            for group in self.param_groups:'
            ),
            'state["step"] += 1': 'state["step"] = self.t',
        },
    ),
    Misconception(
        "AdamW", "averages outside of the state",
        says="your averages are kept in a place of your own that state_dict() does not know: a resumed run starts anew",
        ask="What does the state_dict of your optimizer hold after one step?",
        show="after one step, opt.state_dict()['state'] should hold the averages; yours is {}",
        family="state",
        edit={"state = self.state[p]": 'state = self.__dict__.setdefault("averages", {}).setdefault(p, {})'},
    ),
    Misconception(
        "AdamW", "without no_grad",
        says="torch refuses to change a parameter in place while it is recording; an update is not part of the model",
        ask="Which context tells torch not to record what happens inside?",
        show="p = nn.Parameter(torch.ones(1)); p.mul_(0.5) raises; inside `with torch.no_grad():` it works",
        family="gradient", edit={"with torch.no_grad():": "if True:"},
    ),
    Misconception(
        "AdamW", "the AdamW of torch",
        says="the result is right, but the work is done by torch's own Adam; here you write it",
        ask="What are m, v, m̂ and v̂ after one step with g = 3?",
        show="m = 0.3, v = 0.009, m̂ = 0.3 / 0.1 = 3, v̂ = 0.009 / 0.001 = 9, so the step is lr · 3/√9 = lr",
        family="rule",
        wrong=AdamWOfTorch,
    ),
)

PARAMS = "params = [p for p in model.parameters() if p.requires_grad]"
NAMED = "params = {p: name for name, p in model.named_parameters() if p.requires_grad}"
BOTH = 'return [{"params": decay, "weight_decay": weight_decay}, {"params": no_decay, "weight_decay": 0.0}]'

GROUPS = (
    Misconception(
        "configure_param_groups", "everything decays",
        says="all your parameters decay, also biases and the gains of norms",
        ask="To which value does decay pull the gain of a LayerNorm, and what would the layer do there?",
        show="configure_param_groups(nn.LayerNorm(4), 0.1): the first group should be empty",
        family="rule", edit={"p.dim() >= 2": "True", "p.dim() < 2": "False"},
    ),
    Misconception(
        "configure_param_groups", "only what is called bias is spared",
        says="you look for the word bias, so the gains of norms, which are called weight, decay",
        ask="What is the name of the gain of a LayerNorm, and how many axes has it?",
        show="configure_param_groups(nn.LayerNorm(4), 0.1): weight and bias both belong to the second group",
        family="rule",
        edit={PARAMS: NAMED, "p.dim() >= 2": '"bias" not in params[p]', "p.dim() < 2": '"bias" in params[p]'},
    ),
    Misconception(
        "configure_param_groups", "sorted by names of biases and norms",
        says="you look for names like bias, ln or norm; the number of axes decides, whatever the name",
        ask="Would your function still be right if somebody renamed the layers?",
        show="configure_param_groups(nn.LayerNorm(4), 0.1): its gain is called weight, and belongs to the second group",
        family="rule",
        edit={
            PARAMS: NAMED,
            "p.dim() >= 2": 'not any(word in params[p] for word in ("bias", "ln", "norm"))',
            "p.dim() < 2": 'any(word in params[p] for word in ("bias", "ln", "norm"))',
        },
    ),
    Misconception(
        "configure_param_groups", "embeddings do not decay",
        says="you leave embeddings without decay; in this course they decay like all matrices",
        ask="How many axes has the weight of nn.Embedding(5, 4)?",
        show="configure_param_groups(nn.Embedding(5, 4), 0.1): its weight belongs to the first group",
        family="rule",
        edit={
            PARAMS: (
                "embeddings = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}\n    " + PARAMS
            ),
            "p.dim() >= 2": "p.dim() >= 2 and id(p) not in embeddings",
            "p.dim() < 2": "p.dim() < 2 or id(p) in embeddings",
        },
    ),
    Misconception(
        "configure_param_groups", "only two axes decay",
        says="you decay parameters with exactly two axes; three are more than two as well",
        ask="Where does a parameter with three axes belong?",
        show="the weight of nn.Conv1d(2, 3, 4) has the shape (3, 2, 4) and belongs to the first group",
        family="off by one", edit={"p.dim() >= 2": "p.dim() == 2", "p.dim() < 2": "p.dim() != 2"},
    ),
    Misconception(
        "configure_param_groups", "frozen parameters included",
        says="your groups hold frozen parameters too",
        ask="What will the optimizer ever do with a parameter that gets no gradient?",
        show="configure_param_groups(nn.Linear(3, 2).requires_grad_(False), 0.1): both groups should be empty",
        family="rule", edit={" if p.requires_grad]": "]"},
    ),
    Misconception(
        "configure_param_groups", "frozen parameters without decay",
        says="you put frozen parameters into the second group; they belong to none",
        ask="Is `does not decay` the same as `does not train`?",
        show="configure_param_groups(nn.Linear(3, 2).requires_grad_(False), 0.1): both groups should be empty",
        family="rule",
        edit={
            " if p.requires_grad]": "]",
            "p.dim() >= 2": "p.requires_grad and p.dim() >= 2",
            "p.dim() < 2": "p.dim() < 2 or not p.requires_grad",
        },
    ),
    Misconception(
        "configure_param_groups", "tied weight twice",
        says="you list a tied weight once for each name it has, and torch's optimizers refuse that",
        ask="How do you tell that two names belong to one Parameter object?",
        show="with lm_head.weight = wte.weight there is one matrix of V · C numbers, and it should be listed once",
        family="state", edit={"model.parameters()": "(p for _, p in model.named_parameters(remove_duplicate=False))"},
    ),
    Misconception(
        "configure_param_groups", "asks whether a tensor is in a list",
        says="you ask whether a parameter is in a list; Python compares with ==, and tensors do that number by number",
        ask="By what can you recognise the very same object: by ==, or by its id()?",
        show="torch.ones(5) in [torch.ones(3)] raises; id(p) in {id(q), id(r)} does not",
        family="rule",
        edit={
            PARAMS: "params = []\n    for p in model.parameters():\n"
            "        if p.requires_grad and p not in params:\n            params.append(p)"
        },
    ),
    Misconception(
        "configure_param_groups", "generators",
        says="your params are generators: whoever looks at them once, finds them empty the second time",
        ask="How many times can (p for p in params) be read, and how many times [p for p in params]?",
        show="g = (x for x in [1, 2]); list(g), list(g) gives [1, 2] and []",
        family="state",
        edit={'"params": decay': '"params": iter(decay)', '"params": no_decay': '"params": iter(no_decay)'},
    ),
    Misconception(
        "configure_param_groups", "in another order",
        says="your lists are in another order than the model; a saved optimizer knows its parameters by their place",
        ask="In which order does model.parameters() give them, and which of your steps changes it?",
        show="configure_param_groups(nn.LayerNorm(4), 0.1)[1]['params'][0] should be the gain, not the bias",
        family="sign or order", edit={"in model.parameters()": "in reversed([*model.parameters()])"},
    ),
    Misconception(
        "configure_param_groups", "groups in the other order",
        says="your groups come in the other order: the one that decays is first",
        ask="Which group does the contract name first?",
        show="configure_param_groups(model, 0.1)[0]['weight_decay'] should be 0.1; yours is 0.0",
        family="sign or order", edit={BOTH: BOTH.replace("return [", "return [*reversed([") + ")]"},
    ),
    Misconception(
        "configure_param_groups", "second group says nothing of decay",
        says="your second group has no weight_decay, so it gets the optimizer's default, which is not 0",
        ask="What is the default of AdamW's weight_decay?",
        show="AdamW([{'params': [p]}]).param_groups[0]['weight_decay'] is 0.01",
        family="rule", edit={'{"params": no_decay, "weight_decay": 0.0}': '{"params": no_decay}'},
    ),
    Misconception(
        "configure_param_groups", "empty groups dropped",
        says="you leave out a group without parameters; there are always two",
        ask="What does `decay, no_decay = configure_param_groups(…)` do if only one comes back?",
        show="len(configure_param_groups(nn.LayerNorm(4), 0.1)) should be 2; yours is 1",
        family="rule", edit={BOTH: BOTH.replace("return [", 'return [group for group in [') + ' if group["params"]]'},
    ),
    Misconception(
        "configure_param_groups", "pairs of name and parameter",
        says="your lists hold something else than parameters, such as pairs (name, parameter)",
        ask="What does named_parameters() give for each parameter, and what parameters()?",
        show="configure_param_groups(nn.LayerNorm(4), 0.1)[1]['params'][0] should be a tensor with four numbers",
        family="rule",
        edit={
            PARAMS: "params = [pair for pair in model.named_parameters() if pair[1].requires_grad]",
            "p.dim() >= 2": "p[1].dim() >= 2",
            "p.dim() < 2": "p[1].dim() < 2",
        },
    ),
)

NORM = "math.hypot(*(g.norm().item() for g in grads))"
SHORTEN = "g.mul_(max_norm / total_norm)"

CLIPPING = (
    Misconception(
        "clip_grad_norm_", "generator read twice",
        says="you go through params twice, and the second time a generator is empty: nothing is clipped",
        ask="How often can a generator be read? And what does model.parameters() give?",
        show="g = (x for x in [1, 2]); list(g), list(g) gives [1, 2] and []",
        family="state", edit={"for g in grads:": "for g in (p.grad for p in params if p.grad is not None):"},
    ),
    Misconception(
        "clip_grad_norm_", "small gradients scaled up",
        says="you give every gradient the norm max_norm, so a small one is made larger",
        ask="A gradient has the norm 0.02 and the limit is 1: what should happen to it?",
        show="p.grad = torch.tensor([0.02]): after clip_grad_norm_([p], 1.0) it should still be 0.02; yours is 1",
        family="rule", edit={"if total_norm > max_norm": "if total_norm > 0"},
    ),
    Misconception(
        "clip_grad_norm_", "returns the norm afterwards",
        says="you return the norm after clipping, which hides what you wanted to see",
        ask="Which of the two norms tells you that something has gone wrong?",
        show=CLIP + "it should return 5; yours returns 1",
        family="sign or order", edit={"return total_norm": "return min(total_norm, max_norm)"},
    ),
    Misconception(
        "clip_grad_norm_", "clips by value",
        says="you cut each number at ±max_norm, which turns the gradient to another direction",
        ask="After clipping, should the ratio of two numbers of the gradient be what it was?",
        show=CLIP + "p.grad should be [0.6, 0.8]; yours is [1, 1]",
        family="rule", edit={"if total_norm > max_norm": "if True", SHORTEN: "g.clamp_(-max_norm, max_norm)"},
    ),
    Misconception(
        "clip_grad_norm_", "each parameter on its own",
        says="you clip each parameter by its own norm, so long gradients shrink and short ones do not",
        ask="Is there one norm, or one for each parameter?",
        show="gradients [3] and [4] of two parameters, limit 1: they should become 0.6 and 0.8; yours are 1 and 1",
        family="batch of one",
        edit={"if total_norm > max_norm": "if True", SHORTEN: "g.mul_(min(1.0, max_norm / g.norm().item()))"},
    ),
    Misconception(
        "clip_grad_norm_", "new tensors",
        says="you give each parameter a new gradient tensor; whoever holds the old one sees nothing of it",
        ask="Does p.grad = p.grad * c change a tensor, or make one?",
        show="g = p.grad; after clipping, `g is p.grad` should be True",
        family="state",
        edit={
            "grads = [p.grad": "params = list(params)\n    grads = [p.grad",
            "for g in grads:\n            g.mul_(max_norm / total_norm)": (
                "for p in params:\n            p.grad = None if p.grad is None else p.grad * (max_norm / total_norm)"
            ),
        },
    ),
    Misconception(
        "clip_grad_norm_", "result thrown away",
        says="nothing is clipped: the shortened gradient is computed, and nobody keeps it",
        ask="What is the difference between g.mul(c) and g.mul_(c)?",
        show=CLIP + "p.grad should be [0.6, 0.8]; it is still [3, 4]",
        family="state", edit={"g.mul_(": "g.mul("},
    ),
    Misconception(
        "clip_grad_norm_", "no root",
        says="your norm is the sum of squares, without the root",
        ask="How long is the vector (3, 4)?",
        show=CLIP + "it should return 5; yours returns 25",
        family="rule", edit={NORM: "sum(g.pow(2).sum().item() for g in grads)"},
    ),
    Misconception(
        "clip_grad_norm_", "sum of the norms",
        says="you add up the norms of the parameters; norms add up as squares do",
        ask="If one parameter has a gradient of length 3 and another of length 4, how long are both together?",
        show="gradients [3] and [4] of two parameters: it should return 5; yours returns 7",
        family="rule", edit={NORM: "sum(g.norm().item() for g in grads)"},
    ),
    Misconception(
        "clip_grad_norm_", "no check for None",
        says="you use the gradient of a parameter that has none",
        ask="What is p.grad of a parameter that took no part in the loss?",
        show="clip_grad_norm_([nn.Parameter(torch.ones(1))], 1.0) should return 0",
        family="rule", edit={" if p.grad is not None]": "]"},
    ),
    Misconception(
        "clip_grad_norm_", "nothing to stack",
        says="without any gradient your function raises; the norm of nothing is 0",
        ask="What does torch.stack say to an empty list?",
        show="clip_grad_norm_([], 1.0) should return 0",
        family="rule", edit={NORM: "torch.stack([g.norm() for g in grads]).norm().item()"},
    ),
    Misconception(
        "clip_grad_norm_", "clips the parameters",
        says="you shorten the parameters themselves; only their gradients are too long",
        ask="Is it p or p.grad that is measured and changed?",
        show=CLIP + "it should return 5, the norm of the gradient; yours returns 0, the norm of p",
        family="rule", edit={"[p.grad for p": "[p.data for p"},
    ),
    Misconception(
        "clip_grad_norm_", "the function of torch",
        says="the result is right, but torch's own function does the work; here you write it",
        ask="Which number do you need before you can change the first gradient?",
        show="gradients [3, 4] and [12]: √(9 + 16 + 144) = 13; with the limit 6.5, all are halved",
        family="rule",
        wrong=clipping_of_torch,
    ),
)

RISE = "max_lr * (it + 1) / warmup"
FALL = "(1 + math.cos(math.pi * progress)) / 2"

SCHEDULE = (
    Misconception(
        "cosine_lr", "step 0 lost",
        says="your first step has a learning rate of 0: a whole batch is computed for nothing",
        ask="With 4 steps of warm-up, is the first one 0/4 or 1/4 of the peak?",
        show=f"{PLAN}: for it = 0 it should be 0.25; yours is 0",
        family="off by one", edit={"(it + 1)": "it"},
    ),
    Misconception(
        "cosine_lr", "warm-up one step too long",
        says="you divide by warmup + 1, so the last step of the warm-up does not reach the peak",
        ask="With 4 steps of warm-up, which share of the peak has the fourth?",
        show=f"{PLAN}: for it = 3 it should be 1.0; yours is 0.8",
        family="off by one", edit={RISE: "max_lr * (it + 1) / (warmup + 1)"},
    ),
    Misconception(
        "cosine_lr", "warm-up from the floor",
        says="your warm-up rises from min_lr; it rises in equal parts from 0",
        ask="With 4 steps of warm-up, is the first one a quarter of the peak, or a quarter of the way from min_lr?",
        show=f"{PLAN}: for it = 0 it should be 0.25; yours is 0.4",
        family="rule", edit={RISE: "min_lr + (max_lr - min_lr) * (it + 1) / warmup"},
    ),
    Misconception(
        "cosine_lr", "no warm-up: division by 0",
        says="with warmup = 0 you divide by 0",
        ask="Which line still divides by warmup when there is no warm-up?",
        show="cosine_lr(0, 1.0, 0.2, warmup=0, total=8) should be 1.0; yours raises",
        family="rule",
        edit={"if it < warmup:": f"rising = {RISE}\n    if it < warmup:", f"return {RISE}": "return rising"},
    ),
    Misconception(
        "cosine_lr", "floor before the warm-up",
        says="you look at total first, so a short total cuts off the warm-up",
        ask="If it < warmup and it ≥ total are both true, which should win?",
        show="cosine_lr(3, 1.0, 0.2, warmup=4, total=2) should be 1.0; yours is 0.2",
        family="sign or order", edit={"if it < warmup": "if it >= total:\n        return min_lr\n    if it < warmup"},
    ),
    Misconception(
        "cosine_lr", "cosine from step 0",
        says="your cosine begins at step 0, so after the warm-up the rate jumps to a place further down",
        ask="At it = warmup, how much of the way from warmup to total has been gone?",
        show=f"{PLAN}: for it = 4 it should be 1.0; yours is 0.8",
        family="off by one", edit={"(it - warmup) / (total - warmup)": "it / total"},
    ),
    Misconception(
        "cosine_lr", "total counted from the end of the warm-up",
        says="your way down takes total steps after the warm-up; total is counted from step 0",
        ask="At which step is the floor reached: total, or warmup + total?",
        show=f"{PLAN}: for it = 12 it should be 0.2; yours is 0.4",
        family="off by one", edit={"if it >= total": "if it >= warmup + total", "(total - warmup)": "total"},
    ),
    Misconception(
        "cosine_lr", "no floor after total",
        says="after total your rate rises again",
        ask="What does a cosine do after half a period?",
        show=f"{PLAN}: for it = 20 it should be 0.2; yours is 1.0",
        family="rule", edit={"    if it >= total:\n        return min_lr\n": ""},
    ),
    Misconception(
        "cosine_lr", "floor cut off",
        says="you let the cosine fall to 0 and cut it off at min_lr; it should arrive at min_lr exactly at total",
        ask="Half way down, is the rate the mean of max_lr and min_lr, or half of max_lr?",
        show=f"{PLAN}: for it = 8 it should be 0.6; yours is 0.5",
        family="rule", edit={f"min_lr + (max_lr - min_lr) * {FALL}": f"max(min_lr, max_lr * {FALL})"},
    ),
    Misconception(
        "cosine_lr", "min_lr added, but not subtracted",
        says="you multiply the cosine by max_lr and add min_lr, so the rate begins above the peak, at max_lr + min_lr",
        ask="By what must (1 + cos)/2 be multiplied, so that the sum is max_lr at its beginning and min_lr at its end?",
        show=f"{PLAN}: for it = 4 it should be 1.0; yours is 1.2",
        family="rule", edit={"(max_lr - min_lr)": "max_lr"},
    ),
    Misconception(
        "cosine_lr", "warm-up at it = warmup too",
        says="your warm-up takes one step too many: at it = warmup it rises above the peak",
        ask="Steps are counted from 0: which is the last of 4 steps of warm-up?",
        show=f"{PLAN}: for it = 4 it should be 1.0; yours is 1.25",
        family="off by one", edit={"if it < warmup": "if it <= warmup"},
    ),
    Misconception(
        "cosine_lr", "progress divided by total",
        says="you divide by total, so the cosine does not reach the floor there; the way down has total − warmup steps",
        ask="How many steps lie between the end of the warm-up and total?",
        show=f"{PLAN}: for it = 8 it should be 0.6; yours is 0.8",
        family="denominator", edit={"/ (total - warmup)": "/ total"},
    ),
    Misconception(
        "cosine_lr", "straight line",
        says="your rate falls along a straight line, not along a cosine",
        ask="How steep is a cosine at its beginning and at its end?",
        show=f"{PLAN}: for it = 6 it should be 0.883; yours is 0.8",
        family="rule", edit={FALL: "(1 - progress)"},
    ),
    Misconception(
        "cosine_lr", "a whole period",
        says="your rate goes through a whole period: down to the floor at half way, and up again",
        ask="Over which angle does a cosine fall from 1 to −1?",
        show=f"{PLAN}: for it = 8 it should be 0.6; yours is 0.2",
        family="scale factor", edit={"math.pi * progress": "2 * math.pi * progress"},
    ),
    Misconception(
        "cosine_lr", "degrees",
        says="you give the cosine degrees; it wants radians",
        ask="What is math.cos(180)?",
        show=f"{PLAN}: for it = 8 it should be 0.6; yours is 0.421",
        family="units", edit={"math.pi * progress": "180 * progress"},
    ),
)

MISCONCEPTIONS = LOSS + DESCENT + ADAMW + GROUPS + CLIPPING + SCHEDULE
