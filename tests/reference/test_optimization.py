import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reference.optimization import (
    AdamW,
    clip_grad_norm_,
    configure_param_groups,
    cosine_lr,
    cross_entropy,
    sgd_momentum_step,
)

CLOSE = {"rtol": 1e-6, "atol": 1e-7}
SHAPES = [(3, 4), (4,), (2, 2, 2)]


def make_params() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(1)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def set_grads(params: list[nn.Parameter], step: int, scale: float = 1.0) -> None:
    """Fresh gradients, the same for ours and theirs. The last parameter has none in the steps 0 and 2."""
    generator = torch.Generator().manual_seed(100 + step)
    for p in params:
        p.grad = torch.randn(p.shape, generator=generator) * scale
    if step in (0, 2):
        params[-1].grad = None


def assert_same(ours: list[nn.Parameter], theirs: list[nn.Parameter]) -> None:
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, **CLOSE)


# cross_entropy


def test_cross_entropy_by_hand() -> None:
    """The right tokens have probability ¼ and ½: (ln 4 + ln 2) / 2 = 1.5 ln 2. The third target does not count."""
    logits = torch.tensor([[0.0, math.log(3)], [7.0, 7.0], [9.0, -9.0]])
    loss = cross_entropy(logits, torch.tensor([0, 1, -100]))
    assert loss.item() == pytest.approx(1.5 * math.log(2), rel=1e-6)


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 2)], ids=str)
@pytest.mark.parametrize("scale", [1, 1000])
def test_cross_entropy_and_its_gradient_equal_torchs(shape: tuple[int, ...], scale: float) -> None:
    logits = (torch.randn(*shape, 7) * scale).requires_grad_()
    targets = torch.randint(7, shape)
    targets.view(-1)[1] = -100
    ours = cross_entropy(logits, targets)
    theirs = F.cross_entropy(logits.view(-1, 7), targets.view(-1))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    (grad,) = torch.autograd.grad(ours, logits)
    torch.testing.assert_close(grad, torch.autograd.grad(theirs, logits)[0], rtol=1e-5, atol=1e-7)


def test_cross_entropy_of_positions_far_apart() -> None:
    """The first is certain and right; the surprise of the second is ln(1 + e⁻¹)."""
    loss = cross_entropy(torch.tensor([[300.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1]))
    assert loss.item() == pytest.approx(math.log1p(math.exp(-1)) / 2, rel=1e-6)


def test_cross_entropy_gradient_by_finite_differences() -> None:
    logits = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([[0, 3, -1], [2, -1, 1]])
    assert torch.autograd.gradcheck(lambda logits: cross_entropy(logits, targets, ignore_index=-1), logits)


def test_cross_entropy_of_nothing() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    loss = cross_entropy(logits, torch.full((3,), -100))
    loss.backward()
    assert loss.shape == ()
    assert loss.item() == 0
    assert torch.equal(logits.grad, torch.zeros(3, 4))


# sgd_momentum_step


def test_sgd_by_hand() -> None:
    """Gradients 2, 2: velocities 2, 0.5·2 + 2 = 3. With lr 0.1: 1 − 0.2 − 0.3 = 0.5."""
    p, state = nn.Parameter(torch.tensor(1.0)), {}
    for _ in range(2):
        p.grad = torch.tensor(2.0)
        sgd_momentum_step([p], 0.1, 0.5, state)
    assert p.item() == pytest.approx(0.5)


def test_sgd_equals_torchs_with_reused_gradient_buffers() -> None:
    ours, theirs, state = make_params(), make_params(), {}
    optimizer = torch.optim.SGD(theirs, lr=0.1, momentum=0.9)
    buffers = [torch.empty_like(p) for p in ours]
    for step in range(4):
        set_grads(theirs, step)
        for p, q, buffer in zip(ours, theirs, buffers, strict=True):
            p.grad = q.grad if q.grad is None else buffer.copy_(q.grad)
        sgd_momentum_step((p for p in ours), 0.1, 0.9, state)
        optimizer.step()
        assert_same(ours, theirs)


# AdamW


def make_groups(params: list[nn.Parameter]) -> list[dict]:
    return [
        {"params": params[:1], "lr": 0.05, "weight_decay": 0.3, "betas": (0.5, 0.7)},
        {"params": params[1:], "weight_decay": 0.0},
    ]


def test_adamw_by_hand() -> None:
    """First step: m̂ = g, v̂ = g², so m̂/√v̂ = 1 and the step is lr. Before, 1 decays to 1 − 0.1·0.5. So 0.95 − 0.1."""
    p = nn.Parameter(torch.tensor(1.0))
    p.grad = torch.tensor(0.001)
    AdamW([p], lr=0.1, weight_decay=0.5).step()
    assert p.item() == pytest.approx(0.85, abs=2e-6)  # eps takes 1e-5 of the step


@pytest.mark.parametrize("grouping", [list, make_groups], ids=["one group", "two groups"])
@pytest.mark.parametrize("scale", [1.0, 1e-7])
def test_adamw_equals_torchs(grouping: Callable[[list[nn.Parameter]], list], scale: float) -> None:
    ours, theirs = make_params(), make_params()
    optimizer, oracle = AdamW(grouping(ours), lr=0.01), torch.optim.AdamW(grouping(theirs), lr=0.01)
    for step in range(6):
        set_grads(ours, step, scale)
        set_grads(theirs, step, scale)
        optimizer.step()
        oracle.step()
        assert_same(ours, theirs)


def test_adamw_obeys_a_schedule() -> None:
    ours, theirs = make_params(), make_params()
    optimizers = [AdamW(ours, lr=0.1), torch.optim.AdamW(theirs, lr=0.1)]
    schedulers = [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5) for optimizer in optimizers]
    for step in range(4):
        for params, optimizer, scheduler in zip([ours, theirs], optimizers, schedulers, strict=True):
            set_grads(params, step)
            optimizer.step()
            scheduler.step()
        assert_same(ours, theirs)


def test_adamw_continues_from_its_state_dict() -> None:
    straight, resumed = make_params(), make_params()
    optimizers = [AdamW(make_groups(params), lr=0.01) for params in (straight, resumed)]
    for step in range(6):
        if step == 3:
            saved = optimizers[1].state_dict()
            optimizers[1] = AdamW(make_groups(resumed), lr=9.0)
            optimizers[1].load_state_dict(saved)
        for params, optimizer in zip([straight, resumed], optimizers, strict=True):
            set_grads(params, step)
            optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(straight, resumed, strict=True))


# configure_param_groups


def test_param_groups() -> None:
    model = nn.ModuleDict({"wte": nn.Embedding(5, 4), "ln": nn.LayerNorm(4), "lm_head": nn.Linear(4, 5)})
    model["lm_head"].weight = model["wte"].weight
    model["frozen"] = nn.Linear(4, 4).requires_grad_(False)
    decay, no_decay = configure_param_groups(model, 0.1)
    assert (decay["weight_decay"], no_decay["weight_decay"]) == (0.1, 0.0)
    assert [id(p) for p in decay["params"]] == [id(model["wte"].weight)]
    in_order = [model["ln"].weight, model["ln"].bias, model["lm_head"].bias]
    assert [id(p) for p in no_decay["params"]] == [id(p) for p in in_order]
    assert AdamW([decay, no_decay]).param_groups[0]["weight_decay"] == 0.1


def test_param_groups_may_be_empty() -> None:
    assert configure_param_groups(nn.ReLU(), 0.1) == [
        {"params": [], "weight_decay": 0.1},
        {"params": [], "weight_decay": 0.0},
    ]


# clip_grad_norm_


def test_clip_by_hand() -> None:
    """Gradients (1, 2) and (2): the norm is √(1 + 4 + 4) = 3. To reach 1.5, everything is halved."""
    params = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1))]
    grads = [torch.tensor([1.0, 2.0]), torch.tensor([2.0])]
    for p, g in zip(params, grads, strict=True):
        p.grad = g
    assert clip_grad_norm_(params, 1.5) == pytest.approx(3, rel=1e-6)
    assert grads[0].tolist() == pytest.approx([0.5, 1])  # the caller's own tensors: changed in place
    assert params[0].grad is grads[0]


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_clip_equals_torchs(max_norm: float) -> None:
    ours, theirs = make_params(), make_params()
    set_grads(ours, 0)
    set_grads(theirs, 0)
    norm = clip_grad_norm_((p for p in ours), max_norm)
    assert norm == pytest.approx(nn.utils.clip_grad_norm_(theirs, max_norm).item(), rel=1e-6)
    for p, q in zip(ours[:-1], theirs[:-1], strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-5, atol=1e-7)  # theirs divides by norm + 1e-6
    assert ours[-1].grad is None


def test_clip_without_gradients() -> None:
    assert clip_grad_norm_([nn.Parameter(torch.zeros(2))], 1.0) == 0.0
    assert clip_grad_norm_([], 1.0) == 0.0


# cosine_lr


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        (0, 0.25),  # 1/4 of the peak, not 0
        (3, 1.0),  # the last step of the warm-up
        (4, 1.0),  # cos 0
        (6, 0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2),  # a quarter of the way: cos 45°
        (8, 0.6),  # half way: the mean of peak and floor
        (12, 0.2),
        (99, 0.2),
    ],
)
def test_cosine_by_hand(it: int, expected: float) -> None:
    assert cosine_lr(it, max_lr=1.0, min_lr=0.2, warmup=4, total=12) == pytest.approx(expected, rel=1e-12)


def test_cosine_at_its_borders() -> None:
    assert cosine_lr(0, 1.0, 0.1, warmup=0, total=10) == 1.0
    assert [cosine_lr(it, 1.0, 0.1, warmup=4, total=2) for it in (2, 3, 4)] == [0.75, 1.0, 0.1]


def test_it_learns() -> None:
    """All pieces together: a linear model finds the rule y = argmax(x)."""
    model = nn.Linear(4, 4)
    x: Tensor = torch.randn(64, 4)
    y = x.argmax(-1)
    optimizer = AdamW(configure_param_groups(model, 0.01), lr=0.1)
    losses = []
    for it in range(60):
        for group in optimizer.param_groups:
            group["lr"] = cosine_lr(it, 0.1, 0.01, 5, 60)
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 1
    assert losses[-1] < 0.3
