"""What goes wrong in training: sums that count the wrong thing, and state that is forgotten, kept or shared."""

import random
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from reference.misconceptions import Misconception
from reference.optimization import cross_entropy
from reference.training import save_checkpoint

TOY = "model = nn.Embedding(3, 3) with zero weights, SGD with lr=1.0, pieces ([[0, 1]], [[1, 2]]) and ([[2]], [[0]]):\n"
ONE = "model = nn.Embedding(3, 3) with zero weights, SGD with lr=1.0, x = [[0]], y = [[1]]:\n"


def step_on_joined(model: nn.Module, optimizer: torch.optim.Optimizer, micro_batches: list[tuple]) -> float:
    x, y = (torch.cat(parts) for parts in zip(*micro_batches, strict=True))
    if (y == -100).all():
        return 0.0
    optimizer.zero_grad()
    loss = cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def step_with_one_backward(model: nn.Module, optimizer: torch.optim.Optimizer, micro_batches: list[tuple]) -> float:
    counts = [(y != -100).sum().item() for _, y in micro_batches]
    if not any(counts):
        return 0.0
    optimizer.zero_grad()
    total = sum(cross_entropy(model(x), y) * n for (x, y), n in zip(micro_batches, counts, strict=True)) / sum(counts)
    total.backward()
    optimizer.step()
    return total.item()


def loss_read_twice(model: nn.Module, batches: Iterable[tuple]) -> float:
    was_training = model.training
    n_tokens = sum((y != -100).sum().item() for _, y in batches)
    total_loss = 0.0
    try:
        model.eval()
        with torch.no_grad():
            for x, y in batches:
                total_loss += cross_entropy(model(x), y).item() * (y != -100).sum().item()
    finally:
        model.train(was_training)
    return total_loss / max(n_tokens, 1)


def order_by_global_random(n: int, seed: int, epoch: int) -> list[int]:
    random.seed(f"seed {seed}, epoch {epoch}")
    order = list(range(n))
    random.shuffle(order)
    return order


def order_by_global_torch(n: int, seed: int, epoch: int) -> list[int]:
    torch.manual_seed(1_000_003 * seed + epoch)
    return torch.randperm(n).tolist()


def order_with_replacement(n: int, seed: int, epoch: int) -> list[int]:
    rng = random.Random(f"seed {seed}, epoch {epoch}")
    return [rng.randrange(n) for _ in range(n)]


def order_rotated(n: int, seed: int, epoch: int) -> list[int]:
    start = int(random.Random(f"seed {seed}, epoch {epoch}").random() * n)
    return [(start + i) % n for i in range(n)]


def order_as_tensor(n: int, seed: int, epoch: int) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(1_000_003 * seed + epoch))


def save_in_memory(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}
    save_in_memory.kept = {**state, "step": step}
    torch.save(save_in_memory.kept, path)


def load_from_memory(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    torch.load(path, weights_only=True)  # the file is looked at, and then not used
    state = save_checkpoint.kept
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["rng"])
    return state["step"]


def save_in_parts(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    with Path(path).open("wb") as file:
        for part in (model.state_dict(), optimizer.state_dict(), torch.get_rng_state(), step):
            torch.save(part, file, _use_new_zipfile_serialization=False)


def load_in_parts(path: str | Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    with Path(path).open("rb") as file:
        model.load_state_dict(torch.load(file, weights_only=True))
        optimizer.load_state_dict(torch.load(file, weights_only=True))
        torch.set_rng_state(torch.load(file, weights_only=True))
        return torch.load(file, weights_only=True)


TRAIN_STEP = (
    Misconception(
        "train_step",
        "zero_grad missing",
        says="nobody clears the gradients, so every call adds its own to those of all calls before",
        ask="Which line makes p.grad forget the last batch?",
        show="p = nn.Parameter(torch.ones(1)); p.sum().backward(); p.sum().backward(): p.grad is 2, not 1",
        family="state",
        edit={"    optimizer.zero_grad()\n": ""},
    ),
    Misconception(
        "train_step",
        "zero_grad after the step only",
        says="you clear the gradients after the step, so those that were there before your call still count",
        ask="Who promises that p.grad is empty when your function is called for the first time?",
        show=ONE + "with model.weight.grad = torch.ones(3, 3) before the call, all nine weights end 1 too low",
        family="state",
        edit={
            "    optimizer.zero_grad()\n": "",
            "    optimizer.step()\n": "    optimizer.step()\n    optimizer.zero_grad()\n",
        },
    ),
    Misconception(
        "train_step",
        "zero_grad inside the loop",
        says="you clear the gradients for every piece, so only the last piece counts",
        ask="Which gradients are still there when the optimizer steps?",
        show=TOY + "after the step model.weight[0, 1] should be 2/9; it is still 0, its piece was forgotten",
        family="state",
        edit={
            "    optimizer.zero_grad()\n": "",
            "        loss.backward()": "        optimizer.zero_grad()\n        loss.backward()",
        },
    ),
    Misconception(
        "train_step",
        "mean of the means of the pieces",
        says="each piece counts the same, however few tokens it has: a mean of means",
        ask="If one piece has 10 targets and another 1000, which share of the gradient does one target have?",
        show=TOY + "after the step model.weight[2, 0] and [0, 1] should both be 2/9; they are 1/3 and 1/6",
        family="denominator",
        edit={"(y != -100).sum().item() / n_tokens": "1 / len(micro_batches)"},
    ),
    Misconception(
        "train_step",
        "means added up",
        says="you add up the mean losses of the pieces and divide by nothing: more pieces, larger steps",
        ask="If a batch is cut into twice as many pieces, should its gradient grow?",
        show=TOY + "the loss should be ln 3 = 1.0986; it is 2 · ln 3 = 2.1972",
        family="denominator",
        edit={"(y != -100).sum().item() / n_tokens": "1"},
    ),
    Misconception(
        "train_step",
        "never divided by N",
        says="you add up the losses of all targets and never divide by their number: more targets, larger steps",
        ask="A piece weighs n_k over what?",
        show=TOY + "the loss should be ln 3 = 1.0986; the sum over the three targets is 3 · ln 3 = 3.2958",
        family="denominator",
        edit={"(y != -100).sum().item() / n_tokens": "(y != -100).sum().item()"},
    ),
    Misconception(
        "train_step",
        "only the returned loss divided by N",
        says="you divide the loss that you return, but what goes backward is a sum that was never divided by N",
        ask="Which number has the gradients: the one you return, or the one on which you call backward?",
        show=TOY + "the loss is right, but after the step model.weight[0, 1] should be 2/9; it is 2/3",
        family="denominator",
        edit={
            "(y != -100).sum().item() / n_tokens": "(y != -100).sum().item()",
            "return total_loss": "return total_loss / n_tokens",
        },
    ),
    Misconception(
        "train_step",
        "ignored targets counted",
        says="you divide by the number of all positions; those with target −100 are in the denominator too",
        ask="Does a target that does not count make the mean smaller?",
        show="zero weights, one piece ([[0, 1]], [[1, -100]]): the loss should be ln 3 = 1.0986; it is half of it",
        family="denominator",
        edit={"sum((y != -100).sum().item() for _, y": "sum(y.numel() for _, y"},
    ),
    Misconception(
        "train_step",
        "pieces weighted by positions",
        says="a piece weighs as much as it has positions, with those that do not count among them",
        ask="How much should a piece of 100 positions weigh in which one target counts?",
        show="pieces ([[0, 1]], [[1, -100]]) and ([[2]], [[0]]):\n"
        "one target counts in each: they weigh 1/2 and 1/2, not 2/3 and 1/3",
        family="denominator",
        edit={
            "sum((y != -100).sum().item() for _, y": "sum(y.numel() for _, y",
            "(y != -100).sum().item() / n_tokens": "y.numel() / n_tokens",
        },
    ),
    Misconception(
        "train_step",
        "steps inside the loop",
        says="the optimizer steps after every piece, each time with all gradients so far",
        ask="How many steps does one batch make, in however many pieces it comes?",
        show=TOY + "after the call model.weight[0, 1] should be 2/9; it is 4/9, since its gradient was used twice",
        family="state",
        edit={"    optimizer.step()\n": "        optimizer.step()\n"},
    ),
    Misconception(
        "train_step",
        "each piece is a batch of its own",
        says="every piece makes a step of its own: that is training on small batches, not accumulation",
        ask="With which weights does the second piece have to be measured: before or after the first one's step?",
        show=TOY + "after the call model.weight[2, 0] should be 2/9; it is 2/3, a full step for one token",
        family="state",
        edit={
            "    optimizer.zero_grad()\n": "",
            "        loss.backward()": "        optimizer.zero_grad()\n        (loss / (share or 1)).backward()",
            "    optimizer.step()\n": "        optimizer.step()\n",
        },
    ),
    Misconception(
        "train_step",
        "joins the pieces",
        says="you join the pieces into one tensor, which fails when they are not all equally long",
        ask="What can be added up even if the pieces have different shapes?",
        show="torch.cat([torch.zeros(2, 4), torch.zeros(3, 2)]) raises; and a batch that fits at once needs no pieces",
        family="rule",
        wrong=step_on_joined,
    ),
    Misconception(
        "train_step",
        "all graphs alive at once",
        says="right numbers, but nothing goes backward before all pieces have gone forward: all graphs are alive",
        ask="Why was the batch cut into pieces? What has to be free again before the next piece goes forward?",
        show="print('forward') where a piece goes forward and 'backward' where one goes backward; for two pieces:\n"
        "forward, backward, forward, backward. With forward, forward, backward both fill the memory at once",
        family="state",
        wrong=step_with_one_backward,
    ),
    Misconception(
        "train_step",
        "returns the last piece's share",
        says="you return the last piece's part of the loss, not the sum over all pieces",
        ask="What has total_loss to remember from one piece to the next?",
        show=TOY + "the loss should be ln 3 = 1.0986; the last piece's part of it is ln 3 / 3 = 0.3662",
        family="state",
        edit={"total_loss += loss.item()": "total_loss = loss.item()"},
    ),
    Misconception(
        "train_step",
        "keeps the graph",
        says="you return a tensor that still carries its graph: a list of such losses fills the memory",
        ask="Which method of a 0-d tensor gives the number without its history?",
        show="loss = train_step(model, optimizer, pieces): loss.requires_grad exists, and is True",
        family="gradient",
        edit={"total_loss += loss.item()": "total_loss += loss"},
    ),
    Misconception(
        "train_step",
        "returns a tensor",
        says="your result is a tensor, not a float",
        ask="Which method of a 0-d tensor gives a Python number?",
        show="type(train_step(model, optimizer, pieces)) should be <class 'float'>",
        family="rule",
        edit={"total_loss += loss.item()": "total_loss += loss.detach()"},
    ),
    Misconception(
        "train_step",
        "steps on nothing",
        says="you step although no target counts: with momentum or decay the weights move all the same",
        ask="Does an optimizer stand still when all gradients are zero?",
        show="p = nn.Parameter(torch.ones(1)); p.grad = torch.zeros(1)\n"
        "SGD([p], lr=1.0, weight_decay=0.1).step() makes p 0.9",
        family="state",
        edit={"    if n_tokens == 0:\n        return 0.0\n": "", "/ n_tokens": "/ max(n_tokens, 1)"},
    ),
    Misconception(
        "train_step",
        "divides by zero targets",
        says="you divide by the number of targets that count, and sometimes none does",
        ask="What should be returned for a batch that consists of padding only?",
        show="train_step(model, optimizer, [([[0, 1]], [[-100, -100]])]) should return 0.0 and leave the model alone",
        family="numerical stability",
        edit={"    if n_tokens == 0:\n        return 0.0\n": ""},
    ),
    Misconception(
        "train_step",
        "switches to train mode",
        says="you call model.train(), but the mode belongs to whoever calls you",
        ask="What if somebody trains with dropout switched off on purpose?",
        show="model.eval(); train_step(model, optimizer, pieces); model.training: it should still be False",
        family="state",
        edit={"    total_loss = 0.0\n": "    total_loss = 0.0\n    model.train()\n"},
    ),
)

ESTIMATE_LOSS = (
    Misconception(
        "estimate_loss",
        "stays in train mode",
        says="the model stays in train mode: dropout is on, and two evaluations of the same data differ",
        ask="Which method of a module switches dropout off?",
        show="model = nn.Dropout(0.5): model(torch.ones(8)) is of zeros and twos; after model.eval() it is all ones",
        family="state",
        edit={"        model.eval()\n": ""},
    ),
    Misconception(
        "estimate_loss",
        "records gradients",
        says="the forward passes record a graph for gradients that nobody asks for: memory and time for nothing",
        ask="Which context tells torch that no backward will follow?",
        show="with torch.no_grad(): inside it model(x).requires_grad is False, outside True",
        family="gradient",
        edit={"with torch.no_grad():": "with torch.enable_grad():"},
    ),
    Misconception(
        "estimate_loss",
        "mode not restored",
        says="you leave the model in eval mode: training goes on without dropout, and nobody notices",
        ask="In which mode does the next training step find the model?",
        show="model.train(); estimate_loss(model, batches); model.training: it should be True",
        family="state",
        edit={"        model.train(was_training)": "        pass"},
    ),
    Misconception(
        "estimate_loss",
        "always sets train mode",
        says="you always end in train mode, also if the model came in eval mode",
        ask="What did model.training say before you changed it?",
        show="model.eval(); estimate_loss(model, batches); model.training: it should still be False",
        family="state",
        edit={"model.train(was_training)": "model.train()"},
    ),
    Misconception(
        "estimate_loss",
        "mode lost on an exception",
        says="if a batch raises, the line that restores the mode is never reached",
        ask="Which Python statement runs its block however the block before it ended?",
        show="in a notebook: interrupt an evaluation (that is an exception too), then look at model.training",
        family="state",
        edit={"    finally:\n": "    except ArithmeticError:\n        raise\n    else:\n"},
    ),
    Misconception(
        "estimate_loss",
        "mean of batch means",
        says="every batch counts the same, however few tokens it has: a mean of means",
        ask="By what do you have to multiply the mean of a batch before you add it up?",
        show="3 targets with mean loss 1 and 1 target with loss 5: the mean is 8/4 = 2, the mean of means 3",
        family="denominator",
        edit={
            "cross_entropy(model(x), y).item() * n": "cross_entropy(model(x), y).item()",
            "n_tokens += n": "n_tokens += 1",
        },
    ),
    Misconception(
        "estimate_loss",
        "mean of batch means by len",
        says="you add up batch means and divide by len(batches): a mean of means, and a generator has no length",
        ask="How many tokens stand behind each mean? What is the length of a stream?",
        show="3 targets with mean loss 1, 1 target with loss 5: the mean is 8/4 = 2, not 3\n"
        "and len(iter([1, 2])) raises",
        family="denominator",
        edit={
            "cross_entropy(model(x), y).item() * n": "cross_entropy(model(x), y).item()",
            "n_tokens += n": "pass",
            "max(n_tokens, 1)": "len(batches)",
        },
    ),
    Misconception(
        "estimate_loss",
        "ignored targets counted",
        says="a batch weighs as much as it has positions; those with target −100 are counted too",
        ask="How many of the targets of a padded batch count?",
        show="loss 1 where 1 of 4 targets counts, loss 5 where 1 of 1 does:\n"
        "the mean is 6/2 = 3; by positions it is 9/5",
        family="denominator",
        edit={"n = (y != -100).sum().item()": "n = y.numel()"},
    ),
    Misconception(
        "estimate_loss",
        "reads the batches twice",
        says="you go through the batches twice; a generator is empty the second time, and the loss becomes 0",
        ask="Can you count the targets while you add up the losses?",
        show="batches = iter([1, 2]); list(batches), list(batches): ([1, 2], [])",
        family="state",
        wrong=loss_read_twice,
    ),
    Misconception(
        "estimate_loss",
        "divides by zero targets",
        says="you divide by the number of targets that count, and sometimes none does",
        ask="What is the loss over nothing, in this course?",
        show="estimate_loss(model, []) should return 0.0",
        family="numerical stability",
        edit={"max(n_tokens, 1)": "n_tokens"},
    ),
    Misconception(
        "estimate_loss",
        "returns a tensor",
        says="your result is a tensor, not a float",
        ask="Which method of a 0-d tensor gives a Python number?",
        show="type(estimate_loss(model, batches)) should be <class 'float'>",
        family="rule",
        edit={".item() * n\n": " * n\n"},
    ),
    Misconception(
        "estimate_loss",
        "clears the gradients",
        says="you clear the gradients of the model, but they are not yours: a step may be waiting for them",
        ask="May a thermometer change the temperature?",
        show="model.weight.grad = torch.ones(3, 3); estimate_loss(model, batches); model.weight.grad: still the ones?",
        family="state",
        edit={"        model.eval()\n": "        model.eval()\n        model.zero_grad()\n"},
    ),
)

OVERFIT = (
    Misconception(
        "overfit_one_batch",
        "zero_grad missing",
        says="the gradient of step 2 is the sum of the gradients of steps 1 and 2, and so on",
        ask="What is in p.grad when the second backward adds to it?",
        show=ONE + "the third loss should be 0.3290; with gradients that pile up it is 0.1339",
        family="state",
        edit={"        optimizer.zero_grad()\n": ""},
    ),
    Misconception(
        "overfit_one_batch",
        "zero_grad before the loop only",
        says="you clear the gradients once, then they pile up from step to step",
        ask="Which gradients should the third step see: its own, or three of them?",
        show=ONE + "the third loss should be 0.3290; with gradients that pile up it is 0.1339",
        family="state",
        edit={
            "    losses = []\n": "    losses = []\n    optimizer.zero_grad()\n",
            "        optimizer.zero_grad()\n        loss =": "        loss =",
        },
    ),
    Misconception(
        "overfit_one_batch",
        "zero_grad after the step only",
        says="you clear the gradients after each step, so those that were there before your call move the first one",
        ask="Who promises that p.grad is empty when your function is called?",
        show=ONE + "model.weight.grad = torch.zeros(3, 3); model.weight.grad[0, 1] = 1\n"
        "then the second loss should still be 0.5514; yours is 1.0986: the old gradient cancelled the step",
        family="state",
        edit={
            "        optimizer.zero_grad()\n": "",
            "        optimizer.step()\n": "        optimizer.step()\n        optimizer.zero_grad()\n",
        },
    ),
    Misconception(
        "overfit_one_batch",
        "loss_fn never called",
        says="you never call loss_fn: cross-entropy is built in (train_step has it too), whatever loss you are handed",
        ask="Which of your six arguments does your function not use?",
        show="hand over loss_fn = lambda logits, y: (logits * 0).sum()\n"
        "every loss should be 0.0; yours are cross-entropies",
        family="rule",
        edit={"loss_fn(model(x), y)": "cross_entropy(model(x), y)"},
    ),
    Misconception(
        "overfit_one_batch",
        "flattened before loss_fn",
        says="you flatten logits and targets before loss_fn; whoever wrote loss_fn expects (B, T, V) and (B, T)",
        ask="Which shape has model(x), and which shape does your loss_fn see?",
        show="loss_fn = lambda logits, y: print(logits.shape, y.shape) or logits.sum()\n"
        "for x and y of shape (2, 4) it should print (2, 4, V) and (2, 4), not (8, V) and (8,)",
        family="rule",
        edit={"loss_fn(model(x), y)": "loss_fn(model(x).flatten(0, -2), y.flatten())"},
    ),
    Misconception(
        "overfit_one_batch",
        "arguments swapped",
        says="you hand the targets to loss_fn first; the logits come first",
        ask="In which order does loss_fn take its arguments?",
        show="loss_fn = lambda logits, y: print(logits.dtype, y.dtype) or logits.sum()\n"
        "it should print torch.float32 torch.int64",
        family="sign or order",
        edit={"loss_fn(model(x), y)": "loss_fn(y, model(x))"},
    ),
    Misconception(
        "overfit_one_batch",
        "softmax before the loss",
        says="you take the softmax before loss_fn, which takes one itself: softmax twice, and the loss cannot reach 0",
        ask="How large can a probability be, and what does a second softmax make of (1, 0, 0)?",
        show="softmax of the probabilities (1, 0, 0) gives the right token 0.576: the loss never falls below 0.55",
        family="rule",
        edit={"loss_fn(model(x), y)": "loss_fn(model(x).softmax(dim=-1), y)"},
    ),
    Misconception(
        "overfit_one_batch",
        "log_softmax before the loss",
        says="you hand over log-probabilities; cross-entropy forgives that by luck, another loss does not",
        ask="Whose business is it to turn logits into probabilities: the loop's or the loss's?",
        show="log_softmax of a log_softmax changes nothing; but loss_fn was promised the raw logits of the model",
        family="rule",
        edit={"loss_fn(model(x), y)": "loss_fn(model(x).log_softmax(dim=-1), y)"},
    ),
    Misconception(
        "overfit_one_batch",
        "targets shifted again",
        says="you shift the targets by one more position; the code that made the data has done that already",
        ask="If y is the next token of x at every position, which token is y[:, 1:]?",
        show="text 5 6 7 8: x = 5 6 7, y = 6 7 8; shifted again, 5 is told to predict 7",
        family="off by one",
        edit={"loss_fn(model(x), y)": "loss_fn(model(x)[:, :-1], y[:, 1:])"},
    ),
    Misconception(
        "overfit_one_batch",
        "loss cut off from the model",
        says="the loss has lost its connection with the weights, so backward reaches none of them",
        ask="Which operations between the weights and the loss keep the graph, and which cut it?",
        show="logits = model(x).detach(): logits.grad_fn is None, and no gradient finds the way back",
        family="gradient",
        edit={"loss_fn(model(x), y)": "loss_fn(model(x).detach(), y).requires_grad_()"},
    ),
    Misconception(
        "overfit_one_batch",
        "never steps",
        says="the optimizer never steps: the loss is the same from the first step to the last",
        ask="backward fills p.grad. Who changes p?",
        show=ONE + "the losses should be 1.0986, 0.5514, …; they are all 1.0986",
        family="state",
        edit={"        optimizer.step()\n": ""},
    ),
    Misconception(
        "overfit_one_batch",
        "stores tensors",
        says="your list holds tensors, and each keeps the whole graph of its step in memory",
        ask="Which method of a 0-d tensor gives the number without its history?",
        show="type(overfit_one_batch(…)[0]) should be <class 'float'>",
        family="gradient",
        edit={"losses.append(loss.item())": "losses.append(loss)"},
    ),
    Misconception(
        "overfit_one_batch",
        "loss after the update",
        says="each loss is measured after its update, so the first one, the loss of the untrained model, is missing",
        ask="Where on the list is the loss of a model that has not learned anything yet?",
        show=ONE + "the first loss should be ln 3 = 1.0986; yours is 0.5514, the second",
        family="off by one",
        edit={"losses.append(loss.item())": "losses.append(loss_fn(model(x), y).item())"},
    ),
    Misconception(
        "overfit_one_batch",
        "one loss too many",
        says="you add the loss after the last step: steps + 1 losses",
        ask="How many losses should come from zero steps?",
        show="len(overfit_one_batch(model, optimizer, x, y, 0, loss_fn)) should be 0",
        family="off by one",
        edit={"    return losses": "    losses.append(loss_fn(model(x), y).item())\n    return losses"},
    ),
)

EPOCH_ORDER = (
    Misconception(
        "epoch_order",
        "same order every epoch",
        says="your order does not depend on the epoch: the model sees the same sequence again and again",
        ask="Which argument does your generator not know?",
        show="epoch_order(20, 0, 0) == epoch_order(20, 0, 1) should be False",
        family="rule",
        edit={"seed {seed}, epoch {epoch}": "seed {seed}"},
    ),
    Misconception(
        "epoch_order",
        "seed ignored",
        says="your order does not depend on the seed: every run sees the same",
        ask="Which argument does your generator not know?",
        show="epoch_order(20, 0, 0) == epoch_order(20, 1, 0) should be False",
        family="rule",
        edit={"seed {seed}, epoch {epoch}": "epoch {epoch}"},
    ),
    Misconception(
        "epoch_order",
        "seeds Python's generator",
        says="you seed Python's global generator, and everybody who draws from it afterwards draws other numbers",
        ask="Can you have a generator of your own?",
        show="random.seed(1); epoch_order(20, 0, 0); random.random(): 0.134…, as without the middle, if well",
        family="state",
        wrong=order_by_global_random,
    ),
    Misconception(
        "epoch_order",
        "seeds torch's generator",
        says="you seed torch's global generator, and dropout, which draws from it, draws other masks than before",
        ask="Can you have a generator of your own?",
        show="torch.manual_seed(1); epoch_order(20, 0, 0); torch.rand(1): 0.7576, as without the middle, if well",
        family="state",
        wrong=order_by_global_torch,
    ),
    Misconception(
        "epoch_order",
        "seed + epoch",
        says="you seed with seed + epoch: epoch 1 of seed 0 has the same order as epoch 0 of seed 1",
        ask="How many pairs (seed, epoch) have the sum 3?",
        show="epoch_order(20, 1, 2) == epoch_order(20, 2, 1) should be False",
        family="rule",
        edit={'f"seed {seed}, epoch {epoch}"': "seed + epoch"},
    ),
    Misconception(
        "epoch_order",
        "seed · epoch",
        says="you seed with seed times epoch: epoch 0 is the same for every seed",
        ask="How many pairs (seed, epoch) have the product 0?",
        show="epoch_order(20, 1, 0) == epoch_order(20, 2, 0) should be False",
        family="rule",
        edit={'f"seed {seed}, epoch {epoch}"': "seed * epoch"},
    ),
    Misconception(
        "epoch_order",
        "digits glued together",
        says="you write seed and epoch side by side with nothing between them: 1, 11 and 11, 1 are both 111",
        ask="If you read 111, where does the seed end?",
        show="epoch_order(20, 1, 11) == epoch_order(20, 11, 1) should be False",
        family="rule",
        edit={"seed {seed}, epoch {epoch}": "{seed}{epoch}"},
    ),
    Misconception(
        "epoch_order",
        "1000 · seed + epoch",
        says="you seed with 1000 · seed + epoch: after a thousand epochs the next seed's orders begin",
        ask="Up to which epoch does your formula keep two seeds apart?",
        show="epoch_order(20, 0, 1000) == epoch_order(20, 1, 0) should be False",
        family="rule",
        edit={'f"seed {seed}, epoch {epoch}"': "1000 * seed + epoch"},
    ),
    Misconception(
        "epoch_order",
        "not seeded",
        says="you draw from the global generator: every call gives another order, and a resumed run another epoch",
        ask="Who decides in which state the generator is when you are called?",
        show="epoch_order(20, 0, 0) == epoch_order(20, 0, 0) should be True",
        family="state",
        edit={'random.Random(f"seed {seed}, epoch {epoch}")': "random"},
    ),
    Misconception(
        "epoch_order",
        "hash of a text",
        says="you seed with hash() of a text, which Python salts anew in every process: a resumed run gets lost",
        ask="Is there a hash that does not change from process to process?",
        show="run python -c \"print(hash('a'))\" twice: two numbers",
        family="state",
        edit={'f"seed {seed}, epoch {epoch}"': 'hash(f"seed {seed}, epoch {epoch}")'},
    ),
    Misconception(
        "epoch_order",
        "drawn with replacement",
        says="you draw with replacement: some examples come twice, and more than a third never",
        ask="After drawing example 7, may it be drawn again in the same epoch?",
        show="sorted(epoch_order(5, 0, 0)) should be [0, 1, 2, 3, 4]",
        family="rule",
        wrong=order_with_replacement,
    ),
    Misconception(
        "epoch_order",
        "not shuffled",
        says="your order is 0, 1, 2, …: nothing is shuffled",
        ask="Does your list change, or a copy of it that you dropped?",
        show="epoch_order(20, 0, 0) == list(range(20)) should be False",
        family="rule",
        edit={"sorted(range(n), key=lambda _: rng.random())": "list(range(n))"},
    ),
    Misconception(
        "epoch_order",
        "rotated",
        says="you only choose where to begin: after the first example the order is fixed",
        ask="How many orders of n examples are there, and how many can you give?",
        show="of five examples there are 5! = 120 orders; a rotation gives 5 of them",
        family="rule",
        wrong=order_rotated,
    ),
    Misconception(
        "epoch_order",
        "returns a tensor",
        says="your result is a tensor, not a list of ints",
        ask="Which method turns a tensor into a list?",
        show="type(epoch_order(5, 0, 0)) should be <class 'list'>",
        family="rule",
        wrong=order_as_tensor,
    ),
)

CHECKPOINT = (
    Misconception(
        "save_checkpoint",
        "optimizer not saved",
        says="the optimizer comes back empty: its moments and its learning rate are lost, and the run jumps",
        ask="What does AdamW know after 1000 steps that a new one does not?",
        show="optimizer.state_dict()['state'] after one step: step, exp_avg and exp_avg_sq for every parameter",
        family="state",
        edit={
            '        "optimizer": optimizer.state_dict(),\n': "",
            '    optimizer.load_state_dict(checkpoint["optimizer"])\n': "",
        },
    ),
    Misconception(
        "save_checkpoint",
        "optimizer's settings lost",
        says="the optimizer's moments come back, its settings do not: the learning rate is that of a new run",
        ask="Where does a schedule write the learning rate of the moment?",
        show="optimizer.state_dict()['param_groups'][0]['lr']: it is saved with the rest if you save all of it",
        family="state",
        edit={
            'optimizer.load_state_dict(checkpoint["optimizer"])': "optimizer.load_state_dict("
            '{**optimizer.state_dict(), "state": checkpoint["optimizer"]["state"]})'
        },
    ),
    Misconception(
        "save_checkpoint",
        "step not saved",
        says="the step is not saved: a resumed run begins to count at 0, and the schedule with it",
        ask="How does a resumed run know which learning rate is due?",
        show="save_checkpoint(path, model, optimizer, 7); load_checkpoint(path, model, optimizer) should be 7",
        family="state",
        edit={'        "step": step,\n': "", 'return checkpoint["step"]': "return 0"},
    ),
    Misconception(
        "save_checkpoint",
        "returns nothing",
        says="load_checkpoint restores everything and returns nothing; it should return the step",
        ask="What does the loop need to know to go on counting?",
        show="save_checkpoint(path, model, optimizer, 7); load_checkpoint(path, model, optimizer) should be 7",
        family="rule",
        edit={'    return checkpoint["step"]': ""},
    ),
    Misconception(
        "save_checkpoint",
        "one step further",
        says="you return the step after the saved one; the number of steps done is what was saved",
        ask="After 7 steps, with steps counted from 0, which number has the next step?",
        show="save_checkpoint(path, model, optimizer, 7); load_checkpoint(path, model, optimizer) should be 7",
        family="off by one",
        edit={'return checkpoint["step"]': 'return checkpoint["step"] + 1'},
    ),
    Misconception(
        "save_checkpoint",
        "random generator not restored",
        says="the random generator is not set back: dropout draws other masks than in the uninterrupted run",
        ask="Which call gives the state of torch's generator, and which sets it?",
        show="state = torch.get_rng_state(); a = torch.rand(1); torch.set_rng_state(state); torch.rand(1) == a: True",
        family="state",
        edit={'    torch.set_rng_state(checkpoint["rng"])\n': ""},
    ),
    Misconception(
        "save_checkpoint",
        "points at the living weights",
        says="the checkpoint changed after it was saved: state_dict() holds the living tensors, not copies",
        ask="Is what load_checkpoint reads really in the file?",
        show="saved = model.state_dict(); then train: saved has changed too, it is the same memory",
        family="state",
        wrong=(save_in_memory, load_from_memory),
    ),
    Misconception(
        "save_checkpoint",
        "whole objects pickled",
        says="the file holds whole objects, such as the model; loading may find tensors and plain values only",
        ask="Which method of a model describes it in tensors and plain values alone?",
        show="type(model): a class, and a file can only name its code; that is what weights_only=True refuses\n"
        "type(model.state_dict()): an OrderedDict of tensors, which needs no code",
        family="rule",
        edit={
            '"model": model.state_dict()': '"model": model',
            '"optimizer": optimizer.state_dict()': '"optimizer": optimizer',
        },
    ),
    Misconception(
        "save_checkpoint",
        "assigns to model",
        says="you assign to `model` and `optimizer`: that changes two names in your function and nothing outside",
        ask="After model = something_else inside a function, what does the caller's model hold?",
        show="def f(a): a = [1]\nb = [0]; f(b); b is still [0]\n"
        "a method that changes the object itself (a.append, model.load_state_dict) would reach it",
        family="state",
        edit={
            'model.load_state_dict(checkpoint["model"])': 'model = checkpoint["model"]',
            'optimizer.load_state_dict(checkpoint["optimizer"])': 'optimizer = checkpoint["optimizer"]',
        },
    ),
    Misconception(
        "save_checkpoint",
        "whole objects, assigned to model",
        says="you load whole objects (which may run code) and assign them to `model` and `optimizer`: nothing changes",
        ask="After model = something_else inside a function, what does the caller's model hold?",
        show="def f(a): a = [1]\nb = [0]; f(b); b is still [0]\n"
        "save state_dicts instead; load_state_dict changes the model itself, and weights_only=True can read them",
        family="state",
        edit={
            '"model": model.state_dict()': '"model": model',
            '"optimizer": optimizer.state_dict()': '"optimizer": optimizer',
            "weights_only=True": "weights_only=False",
            'model.load_state_dict(checkpoint["model"])': 'model = checkpoint["model"]',
            'optimizer.load_state_dict(checkpoint["optimizer"])': 'optimizer = checkpoint["optimizer"]',
        },
    ),
    Misconception(
        "save_checkpoint",
        "replaces the parameters",
        says="the model gets new parameters, and the optimizer goes on updating the old ones, which nobody uses",
        ask="After loading, are the optimizer's parameters still the model's?",
        show="optimizer.param_groups[0]['params'][0] is next(model.parameters()) should be True after loading",
        family="state",
        edit={'model.load_state_dict(checkpoint["model"])': 'model.load_state_dict(checkpoint["model"], assign=True)'},
    ),
    Misconception(
        "save_checkpoint",
        "broken file passes for a new run",
        says="a broken file is passed over in silence, and the run starts again at step 0",
        ask="If the disk was full, who should hear of it: you today, or you in a week?",
        show="write b'' into the file: load_checkpoint should raise",
        family="rule",
        edit={
            "    checkpoint = torch.load(": "    try:\n        checkpoint = torch.load(",
            '    model.load_state_dict(checkpoint["model"])': "    except Exception:\n        return 0\n"
            '    model.load_state_dict(checkpoint["model"])',
        },
    ),
    Misconception(
        "save_checkpoint",
        "loads piece by piece",
        says="you set each part as soon as it is read; a file that ends early leaves half a run behind",
        ask="Which lines can fail, and which change something? In which order do they stand?",
        show="cut the file in the middle: the weights are then the file's, the random generator is not",
        family="rule",
        wrong=(save_in_parts, load_in_parts),
    ),
    Misconception(
        "save_checkpoint",
        "runs code from the file",
        says="your loader runs whatever code the file holds: a pickle is a program",
        ask="What does weights_only=True forbid?",
        show="class Trap: __reduce__ = lambda self: (print, ('I ran',))\npickle.loads(pickle.dumps(Trap())) prints",
        family="rule",
        edit={"weights_only=True": "weights_only=False"},
    ),
)

BITS_PER_BYTE = (
    Misconception(
        "bits_per_byte",
        "nats per byte",
        says="your result is in nats per byte: ln 2 is missing",
        ask="How many nats does one fair coin toss hold?",
        show="a byte out of 256 has ln 256 = 5.545 nats and log₂ 256 = 8 bits",
        family="units",
        edit={" / math.log(2)": ""},
    ),
    Misconception(
        "bits_per_byte",
        "multiplies by ln 2",
        says="you multiply by ln 2 where you should divide",
        ask="Is a number of bits larger or smaller than the same thing in nats?",
        show="a byte out of 256: 5.545 nats · 0.693 = 3.84, but 5.545 nats / 0.693 = 8 bits",
        family="units",
        edit={"/ math.log(2)": "* math.log(2)"},
    ),
    Misconception(
        "bits_per_byte",
        "log₂ of the nats",
        says="you take the logarithm of the nats, but nats are logarithms already: only their base has to change",
        ask="Twice the text costs twice the nats. Does your number of bits double too?",
        show="a byte out of 256: log₂ of its 5.545 nats is 2.47, but it has 5.545 / 0.6931 = 8 bits",
        family="units",
        edit={"total_nats / math.log(2)": "math.log2(total_nats)"},
    ),
    Misconception(
        "bits_per_byte",
        "log₂ of the nats per byte",
        says="you take the logarithm of nats per byte, but nats are logarithms already: only their base has to change",
        ask="A model that knows everything has 0 nats. How many bits are those, and what is the logarithm of 0?",
        show="a byte out of 256: log₂ of its 5.545 nats is 2.47, but it has 5.545 / 0.6931 = 8 bits",
        family="units",
        edit={"total_nats / math.log(2) / total_bytes": "math.log2(total_nats / total_bytes)"},
    ),
    Misconception(
        "bits_per_byte",
        "perplexity",
        says="your result is a perplexity: the exponential of the nats per byte",
        ask="Bits are logarithms. Where does your exp come from?",
        show="a byte out of 256: the perplexity is 256, the bits per byte are 8",
        family="units",
        edit={"total_nats / math.log(2) / total_bytes": "math.exp(total_nats / total_bytes)"},
    ),
    Misconception(
        "bits_per_byte",
        "bits per bit",
        says="you divide by the bits of the text, not by its bytes: an eighth of the right number",
        ask="Per what is it, per byte or per bit?",
        show="a byte out of 256 costs 8 bits per byte, which is 1 bit per bit",
        family="units",
        edit={"/ total_bytes": "/ (8 * total_bytes)"},
    ),
    Misconception(
        "bits_per_byte",
        "bytes per bit",
        says="your fraction stands on its head: bytes per bit",
        ask="Should a better model have a higher or a lower number?",
        show="10 bytes at 8 bits each: 80 / 10 = 8, not 10 / 80 = 0.125",
        family="units",
        edit={"total_nats / math.log(2) / total_bytes": "total_bytes / (total_nats / math.log(2))"},
    ),
)

MISCONCEPTIONS = (*TRAIN_STEP, *ESTIMATE_LOSS, *OVERFIT, *EPOCH_ORDER, *CHECKPOINT, *BITS_PER_BYTE)
