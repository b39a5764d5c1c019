"""What goes wrong in training: sums that count the wrong thing, and state that is forgotten, kept or shared."""

import random
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from reference.misconceptions import Misconception
from reference.optimization import cross_entropy

TOY = "model = nn.Embedding(3, 3) with zero weights, SGD with lr=1.0, pieces ([[0, 1]], [[1, 2]]) and ([[2]], [[0]]):\n"
ONE = "model = nn.Embedding(3, 3) with zero weights, SGD with lr=1.0, x = [[0]], y = [[1]]:\n"

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
        show=ONE + "with model.weight.grad = torch.ones(3, 3) before the call, all nine weights end 1 lower than they should",
        family="state",
        edit={"    optimizer.zero_grad()\n": "", "    optimizer.step()\n": "    optimizer.step()\n    optimizer.zero_grad()\n"},
    ),
    Misconception(
        "train_step",
        "zero_grad inside the loop",
        says="you clear the gradients for every piece, so only the last piece counts",
        ask="Which gradients are still there when the optimizer steps?",
        show=TOY + "after the step model.weight[0, 1] should be 2/9; it is still 0, its piece was forgotten",
        family="state",
        edit={"    optimizer.zero_grad()\n": "", "        loss.backward()": "        optimizer.zero_grad()\n        loss.backward()"},
    ),
    Misconception(
        "train_step",
        "mean of the means of the pieces",
        says="each piece counts the same, however few tokens it has: a mean of means",
        ask="If one piece has 10 targets and another 1000, which share of the gradient does one target have?",
        show=TOY + "after the step model.weight[2, 0] should be 2/9 like model.weight[0, 1]; it is 1/3, and the other 1/6",
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
        "ignored targets counted",
        says="you divide by the number of all positions; those with target −100 are in the denominator too",
        ask="Does a target that does not count make the mean smaller?",
        show="zero weights as above, one piece ([[0, 1]], [[1, -100]]): the loss should be ln 3 = 1.0986; it is half of it",
        family="denominator",
        edit={"sum((y != -100).sum().item() for _, y": "sum(y.numel() for _, y"},
    ),
    Misconception(
        "train_step",
        "pieces weighted by positions",
        says="a piece weighs as much as it has positions, with those that do not count among them",
        ask="How much should a piece of 100 positions weigh in which one target counts?",
        show="pieces ([[0, 1]], [[1, -100]]) and ([[2]], [[0]]) have one counted target each: both weigh 1/2, not 2/3 and 1/3",
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
            "        loss.backward()": "        optimizer.zero_grad()\n        (loss / share if share else loss).backward()",
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
        wrong=lambda: None,
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
        show="loss = train_step(model, optimizer, pieces): isinstance(loss, torch.Tensor) and loss.requires_grad are both True",
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
        show="p = nn.Parameter(torch.ones(1)); p.grad = torch.zeros(1); SGD([p], lr=1.0, weight_decay=0.1).step(): p is 0.9",
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
