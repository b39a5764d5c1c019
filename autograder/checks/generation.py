"""Public probes of the unit generation.

What is drawn at random is graded by how often it comes: a share that is near enough to its probability is told as that
probability. Near enough is six standard deviations, so that a right answer fails once in some hundred million times.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import wraps
from types import FunctionType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from autograder.probes import Draw, probe

INF = torch.inf
SEVERAL_STEPS = "rotation, scores, softmax and mixing round one after the other, each order of operations differently"
TWO_SAMPLES = (
    "the shares of two wrong answers may part by six of their standard deviations; right ones are told exactly"
)
N = 20_000
V = 7


def _literal(x: Tensor) -> str:
    """A tensor as a student would type it."""
    numbers = str([[round(number, 4) for number in row] for row in x.tolist()]) if x.ndim == 2 else str(x.tolist())
    return f"torch.tensor({numbers.replace('inf', 'torch.inf')})"


def _scores(draw: Draw, *shape: int) -> Tensor:
    """Logits of both signs, no two of a row alike, all of them exact in 16 bits."""
    rows, columns = shape
    return torch.tensor([draw.shuffled(range(-columns, columns))[:columns] for _ in range(rows)]) / 2


def _k_filtered(top_k_filter, *calls: tuple[Tensor, int]) -> dict[str, Any]:
    return {f"top_k_filter({_literal(x)}, {k})": top_k_filter(x.clone(), k) for x, k in calls}


@probe("top_k_filter", ask="Which number is the k-th largest of each row, and who is smaller than that?", weight=2)
def k_rows(top_k_filter, draw: Draw):
    """the k likeliest tokens of each row keep their logits, all others get −inf"""
    return _k_filtered(top_k_filter, (_scores(draw, 3, 6), 2), (_scores(draw, 2, 5), 3))


@probe("top_k_filter", ask="Your threshold has one number for each row. Does it stand as a row or as a column?")
def k_square(top_k_filter, draw: Draw):
    """each row is measured by its own threshold, also with as many rows as tokens"""
    shift = 5.0 * torch.tensor(draw.shuffled(range(4)))[:, None]
    return _k_filtered(top_k_filter, (_scores(draw, 4, 4) + shift, 2))


@probe("top_k_filter", ask="If one token may stay, which is it?")
def k_one(top_k_filter, draw: Draw):
    """with k = 1 the likeliest token stays alone"""
    return _k_filtered(top_k_filter, (_scores(draw, 3, 5), 1))


@probe("top_k_filter", ask="How many tokens can stay if there are V of them?")
def k_large(top_k_filter, draw: Draw):
    """with k = V or more all tokens stay"""
    return _k_filtered(top_k_filter, (_scores(draw, 2, 4), 4), (_scores(draw, 2, 5), draw.integer(6, 9)))


@probe("top_k_filter", ask="Two tokens share the k-th place. What does the contract say of them?")
def k_ties(top_k_filter, draw: Draw):
    """tokens with the same logit as the k-th largest stay as well"""
    rows = torch.tensor([draw.shuffled([4.0, 2.0, 2.0, 2.0, -1.0]), draw.shuffled([3.0, 3.0, 1.0, 0.0, -2.0])])
    return _k_filtered(top_k_filter, (rows, 2), (rows, 1))


@probe("top_k_filter", ask="What is the k-th largest of a row in which fewer than k tokens are possible?")
def k_out_already(top_k_filter, draw: Draw):
    """a token that is out already stays out, also where fewer than k are left"""
    rows = torch.tensor([draw.shuffled([2.0, -1.0, 0.5, -INF, -INF]), draw.shuffled([1.5, -INF, -INF, -INF, -INF])])
    return _k_filtered(top_k_filter, (rows, 2), (rows, 4))


@probe("top_k_filter", ask="Which dtype has the result, and can it hold the number that you fill in?")
def k_sixteen_bits(top_k_filter, draw: Draw):
    """logits of 16 bits stay 16 bits long"""
    logits = _scores(draw, 2, 5).half()
    return {f"top_k_filter({_literal(logits)}.half(), 2)": top_k_filter(logits.clone(), 2)}


@probe("top_k_filter", ask="Which of your operations end in an underscore, or assign to a part?", kind="property")
def k_afterwards(top_k_filter, draw: Draw):
    """the logits are the same afterwards"""
    logits = _scores(draw, 2, 5)
    top_k_filter(logits, 2)
    return {"logits after top_k_filter(logits, 2)": logits}


def _turned(draw: Draw, *rows: list[float]) -> Tensor:
    """Each row turned round by another number of places: where a token came from matters."""
    places = draw.shuffled(range(1, 5))
    return torch.tensor([row[-n:] + row[:-n] for row, n in zip(rows, places, strict=False)])


def _three_rows(draw: Draw) -> Tensor:
    """To hold 0.7 it takes 3, 1 and 4 of these tokens; to hold 0.9 it takes 4, 3 and 5."""
    return _turned(draw, [0.4, 0.25, 0.2, 0.1, 0.05], [0.75, 0.1, 0.08, 0.05, 0.02], [0.3, 0.2, 0.18, 0.17, 0.15])


def _p_filtered(top_p_filter, probs: Tensor, *ps: float, add: float = 2.0) -> dict[str, Any]:
    """The logits are logarithms of probabilities, but for a number that softmax does not feel."""
    plus = f".log() + {add:g}" if add else ".log()"
    return {f"top_p_filter({_literal(probs)}{plus}, {p})": top_p_filter(probs.log() + add, p) for p in ps}


@probe(
    "top_p_filter",
    ask="How many of the likeliest tokens does each row need to hold p, and where do they stand?",
    weight=2,
)
def p_rows(top_p_filter, draw: Draw):
    """each row keeps the smallest set of its likeliest tokens that holds p"""
    return _p_filtered(top_p_filter, _three_rows(draw), 0.7, 0.9)


@probe(
    "top_p_filter", ask="0.5 is not enough, and 0.5 + 0.3 is more than enough: does 0.3 belong to the set?", weight=2
)
def p_crossing(top_p_filter, draw: Draw):
    """the token that crosses the line stays, the one after it does not"""
    probs = torch.tensor([draw.shuffled([0.5, 0.3, 0.15, 0.05])])
    return _p_filtered(
        top_p_filter, probs, round(draw.uniform(0.55, 0.75), 2), round(draw.uniform(0.83, 0.93), 2), add=0.0
    )


@probe("top_p_filter", ask="What can be drawn if every logit is −inf?")
def p_small(top_p_filter, draw: Draw):
    """however small p is, also 0, the likeliest token stays"""
    return _p_filtered(top_p_filter, _three_rows(draw), 0.01, 0)


@probe("top_p_filter", ask="Rounded, could the probabilities reach 1 before the last token?")
def p_one(top_p_filter, draw: Draw):
    """with p = 1 or more all tokens stay, also the most unlikely"""
    rare = torch.tensor([draw.shuffled([0.0, -20.0, -21.0, -30.0]), draw.shuffled([3.0, 2.0, 1.0, -40.0])])
    return {f"top_p_filter({_literal(rare)}, {p})": top_p_filter(rare.clone(), p) for p in (1.0, 1.5)}


@probe("top_p_filter", ask="What is the probability of a token whose logit is −inf?")
def p_out_already(top_p_filter, draw: Draw):
    """a token that is out already stays out and has no share"""
    probs = torch.tensor([draw.shuffled([0.6, 0.3, 0.1, 0.0, 0.0]), draw.shuffled([1.0, 0.0, 0.0, 0.0, 0.0])])
    return _p_filtered(top_p_filter, probs, 0.8, 1.0)


@probe("top_p_filter", ask="Five tokens have 0.2 each. How many of them does it take to hold 0.5?")
def p_flat(top_p_filter, draw: Draw):
    """of tokens that are equally likely it keeps as many as it takes and no more"""
    level, told = draw.integer(-2, 4), {}
    for p in (0.5, 0.7):
        kept = top_p_filter(torch.full((2, 5), float(level)), p)
        num_kept = (kept > -INF).sum(dim=-1) if isinstance(kept, Tensor) else kept
        told[f"(top_p_filter(torch.full((2, 5), {level}.0), {p}) > -torch.inf).sum(dim=-1)"] = num_kept
    return told


@probe("top_p_filter", ask="What is exp(1000), and what does softmax do about it?")
def p_huge(top_p_filter, draw: Draw):
    """scores of ±1000 do not overflow"""
    logits = torch.tensor([draw.shuffled([1000.0, 999.0, 998.5, -1000.0])])  # probabilities 0.63, 0.23, 0.14 and 0
    return {f"top_p_filter({_literal(logits)}, {p})": top_p_filter(logits.clone(), p) for p in (0.5, 0.8)}


@probe("top_p_filter", ask="Which dtype has the result, and can it hold the number that you fill in?")
def p_sixteen_bits(top_p_filter, draw: Draw):
    """logits of 16 bits stay 16 bits long"""
    logits = torch.tensor([draw.shuffled([4.0, 3.0, 1.0, 0.0])]).half()  # probabilities 0.70, 0.26, 0.03 and 0.01
    return {f"top_p_filter({_literal(logits)}.half(), 0.8)": top_p_filter(logits.clone(), 0.8)}


@probe("top_p_filter", ask="Which of your operations end in an underscore, or assign to a part?", kind="property")
def p_afterwards(top_p_filter, draw: Draw):
    """the logits are the same afterwards"""
    logits = _three_rows(draw).log()
    top_p_filter(logits, 0.7)
    return {"logits after top_p_filter(logits, 0.7)": logits}


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _shares(sample_next, logits: Tensor, temperature: float, draw: Draw) -> Any:
    """How often each token comes in N draws, for each row of logits; near enough is told as the probability."""
    rows, columns = logits.shape
    num_draws = N // rows
    drawn = sample_next(logits.repeat(num_draws, 1), temperature, generator=_generator(draw.integer(0, 999)))
    if not isinstance(drawn, Tensor) or drawn.numel() != rows * num_draws:
        return f"tokens of shape {tuple(drawn.shape)}" if isinstance(drawn, Tensor) else drawn
    cells = drawn.reshape(num_draws, rows).long() + columns * torch.arange(rows)
    shares = torch.bincount(cells.flatten(), minlength=rows * columns)[: rows * columns].view(rows, columns) / num_draws
    expected = torch.softmax(logits / temperature, dim=-1)
    near = 6 * (0.25 / num_draws) ** 0.5  # no share has a larger standard deviation than one of ½
    return torch.where((shares - expected).abs() < near, expected, shares)


def told_shares(sample_next, logits: Tensor, temperature: float, draw: Draw) -> dict[str, Any]:
    call = f"the shares of the tokens in sample_next({_literal(logits)}.repeat({N // len(logits)}, 1), {temperature})"
    return {call: _shares(sample_next, logits, temperature, draw)}


@probe("sample_next", ask="At temperature 0 nothing is left to chance: which token of a row comes?")
def greedy(sample_next, draw: Draw):
    """with temperature 0 the token with the largest logit comes, in each row"""
    logits = torch.cat([_scores(draw, 3, 5), torch.tensor([draw.shuffled([-INF, -3.0, -INF, -7.0, -INF])])])
    return {f"sample_next({_literal(logits)}, temperature=0)": sample_next(logits.clone(), temperature=0)}


@probe("sample_next", ask="If all logits of a row but one are −inf, what must come?")
def no_choice(sample_next, draw: Draw):
    """where only one token is possible, it comes at every temperature, row by row"""
    places, told = torch.tensor(draw.shuffled(range(5))[:3])[:, None], {}
    for temperature in (0.5, 1.0, 2.0):
        logits = torch.full((3, 5), -INF).scatter(1, places, draw.integer(1, 9) / 2)
        told[f"sample_next({_literal(logits)}, {temperature})"] = sample_next(logits.clone(), temperature)
    return told


@probe("sample_next", ask="Print the shape and the dtype of what you return. What does the contract say?")
def shape_and_dtype(sample_next, draw: Draw):
    """the result is (B, 1) and int64, drawn or greedy"""
    told: dict[str, Any] = {}
    for temperature in (1.0, 0):
        drawn = sample_next(_scores(draw, 3, 5), temperature)
        told[f"sample_next(torch.randn(3, 5), {temperature})"] = (
            {"shape": list(drawn.shape), "dtype": str(drawn.dtype)} if isinstance(drawn, Tensor) else drawn
        )
    return told


@probe(
    "sample_next",
    ask="By what are the logits divided before they become probabilities?",
    atol=0.035,
    because=TWO_SAMPLES,
    weight=2,
)
def flatter(sample_next, draw: Draw):
    """with temperature 2 the shares are those of softmax(logits / 2)"""
    return told_shares(sample_next, torch.tensor([draw.shuffled([3.0, 1.0, -1.0, -4.0])]), 2.0, draw)


@probe(
    "sample_next",
    ask="Does a temperature below 1 make the likeliest token come more often?",
    atol=0.035,
    because=TWO_SAMPLES,
)
def sharper(sample_next, draw: Draw):
    """with temperature 0.5 the shares are those of softmax(logits / 0.5)"""
    return told_shares(sample_next, torch.tensor([draw.shuffled([0.8, 0.4, 0.0, -0.6])]), 0.5, draw)


@probe(
    "sample_next",
    ask="From which row of probabilities is the token of row 1 drawn?",
    atol=0.05,
    because=TWO_SAMPLES,
)
def two_rows(sample_next, draw: Draw):
    """with temperature 1 each row is drawn from its own softmax"""
    row = draw.shuffled([1.0, 0.5, -0.5, -2.0])
    return told_shares(sample_next, torch.tensor([row, row[1:] + row[:1]]), 1.0, draw)


@probe("sample_next", ask="How often may a token come whose logit is −inf, in a thousand draws?")
def never(sample_next, draw: Draw):
    """a token with the logit −inf never comes, however high the temperature"""
    logits = torch.tensor([draw.shuffled([1.0, 0.0, -INF, -INF, 2.0])])
    drawn = sample_next(logits.repeat(1000, 1), 20.0, generator=_generator(draw.integer(0, 999)))
    came = {i for i in drawn.flatten().tolist() if logits[0, i] == -INF} if isinstance(drawn, Tensor) else drawn
    return {f"the tokens with −inf that came in sample_next({_literal(logits)}.repeat(1000, 1), 20.0)": came}


@probe("sample_next", ask="What is exp(1000), and what does softmax do about it?")
def huge_scores(sample_next, draw: Draw):
    """scores of ±1000 do not overflow, at low temperatures neither"""
    logits = torch.tensor([draw.shuffled([1000.0, 0.0, -1000.0]), draw.shuffled([-500.0, -900.0, -1000.0])])
    return {f"sample_next({_literal(logits)}, {t})": sample_next(logits.clone(), t) for t in (1.0, 0.01)}


def _sixty(sample_next, seed: int | torch.Generator | None) -> Any:
    """Sixty tokens, five of which are equally likely, as a list."""
    generator = _generator(seed) if isinstance(seed, int) else seed
    drawn = sample_next(torch.zeros(60, 5), 1.0, generator=generator)
    return drawn.flatten().tolist() if isinstance(drawn, Tensor) else drawn


def _different(first: Any, second: Any) -> Any:
    return first and ("the same tokens" if first == second else "different tokens")


@probe("sample_next", ask="Two friends use generators with the same seed: do they read the same text?")
def repeatable(sample_next, draw: Draw):
    """the same state of the generator gives the same tokens"""
    seed = draw.integer(0, 999)
    told = f"two calls, each with its own torch.Generator().manual_seed({seed})"
    return {told: _different(_sixty(sample_next, seed), _sixty(sample_next, seed))}


@probe("sample_next", ask="Where does the second call get its random numbers from, if the generator goes on?")
def moves_on(sample_next, draw: Draw):
    """a second call with the same generator draws new tokens, and so does another seed"""
    seed, generator = draw.integer(0, 999), _generator(draw.integer(0, 999))
    first, second = _sixty(sample_next, generator), _sixty(sample_next, generator)
    told = {"two calls with one generator": _different(first, second)}
    seeds = f"two generators with the seeds {seed} and {seed + 1}"
    return told | {seeds: _different(_sixty(sample_next, seed), _sixty(sample_next, seed + 1))}


@probe("sample_next", ask="How many random numbers does a batch of 60 texts need?")
def rows_apart(sample_next, draw: Draw):
    """each row is drawn by itself: equal rows do not all get the same token"""
    drawn = _sixty(sample_next, draw.integer(0, 999))
    if not isinstance(drawn, list):
        return drawn
    return {"the tokens in sample_next(torch.zeros(60, 5))": ", ".join(str(i) for i in range(5) if i in drawn)}


@probe("sample_next", ask="What does generator=None stand for, and who sets the seed of that one?")
def without_generator(sample_next, draw: Draw):
    """without a generator chance comes from torch's global one"""
    seed, told = draw.integer(0, 999), []
    for s in (seed, seed, seed + 1):
        torch.default_generator.manual_seed(s)
        told.append(_sixty(sample_next, None))
    first, again, other = told
    same, new = f"two calls, each after torch.manual_seed({seed})", "two calls after different seeds"
    return {same: _different(first, again), new: _different(first, other)}


@probe("sample_next", ask="Is logits /= temperature a new tensor, or the caller's?", kind="property")
def sampled_afterwards(sample_next, draw: Draw):
    """the logits are the same afterwards"""
    logits = _scores(draw, 2, 5)
    sample_next(logits, 2.0)
    return {"logits after sample_next(logits, 2.0)": logits}


@probe("sample_next", ask="Greedy decoding draws nothing. Who draws, then?", kind="property")
def draws_where_it_may(sample_next, draw: Draw):
    """temperature 0 draws nothing; with a generator the global one is left alone"""
    generator, told = _generator(draw.integer(0, 999)), {}
    before, its_own = torch.get_rng_state(), generator.get_state()
    sample_next(_scores(draw, 2, 5), 0, generator=generator)
    told["temperature 0 leaves the generator alone"] = torch.equal(its_own, generator.get_state())
    sample_next(_scores(draw, 2, 5), 1.0, generator=generator)
    return told | {"the global generator is left alone": torch.equal(before, torch.get_rng_state())}


class Walker(nn.Module):
    """A model whose next token is known exactly. It writes down how it is called."""

    def __init__(self, block_size: int, rule, dropout: float = 0.0) -> None:
        super().__init__()
        self.config, self.rule = SimpleNamespace(block_size=block_size), rule
        self.scale, self.drop = nn.Parameter(torch.ones(())), nn.Dropout(dropout)
        self.calls: list[dict[str, bool]] = []

    def forward(self, ids: Tensor) -> Tensor:
        if ids.shape[1] > self.config.block_size:
            raise ValueError(f"{ids.shape[1]} tokens do not fit into a context of {self.config.block_size}")
        self.calls.append({"eval mode": not self.training, "gradients": torch.is_grad_enabled()})
        return self.drop(self.scale * nn.functional.one_hot(self.rule(ids) % V, V))  # (B, t, V)


def all_count(draw: Draw):
    """A rule to which every token in sight counts, each by its place."""
    step, start = draw.integer(1, 7), draw.integer(0, 7)
    return lambda ids: (ids * (1 + step * torch.arange(ids.shape[1]))).cumsum(dim=1) + start


def steps_of(step: int):
    """A rule in which a token is followed by the one `step` further on: 7 is prime, so all come up."""
    return lambda ids: ids + step


def written(generate, model: Walker, ids: Tensor, n: int, eos_id: int | None = None) -> dict[str, Any]:
    tail = "" if eos_id is None else f", eos_id={eos_id}"
    call = f"generate(model, {_literal(ids)}, {n}{tail})"
    name = f"block_size {model.config.block_size}: {call}"
    return {name: generate(model, ids.clone(), n) if eos_id is None else generate(model, ids.clone(), n, eos_id)}


@probe("generate", ask="Whose logits say what comes next: those of the first position or of the last?", weight=2)
def continues(generate, draw: Draw):
    """each text is followed by its likeliest tokens, one by one"""
    return written(generate, Walker(16, all_count(draw)), draw.integers(0, V, 3, 2), 4)


@probe("generate", ask="If there is only one text, what is its batch called?")
def one_text(generate, draw: Draw):
    """a batch may hold a single text"""
    return written(generate, Walker(16, all_count(draw)), draw.integers(0, V, 1, 3), 3)


@probe("generate", ask="Which of the tokens does the model see when there are more than its context holds?", weight=2)
def beyond_the_context(generate, draw: Draw):
    """the model sees the last block_size tokens, and the result holds all of them"""
    model = Walker(4, all_count(draw))
    return written(generate, model, draw.integers(0, V, 3, 3), 5) | written(
        generate, model, draw.integers(0, V, 2, 7), 2
    )


def _before(eos_id: int, step: int, *distances: int) -> Tensor:
    """Texts of two tokens that reach eos_id after so many more."""
    return torch.tensor([[(eos_id - (d + 1) * step) % V, (eos_id - d * step) % V] for d in distances])


@probe("generate", ask="One text is finished, the others are not. What should each row do?", weight=2)
def eos_per_row(generate, draw: Draw):
    """a row that has produced eos_id is filled with it, while the others go on"""
    eos_id, step = draw.integer(1, V), draw.integer(1, V)
    ids = _before(eos_id, step, *draw.shuffled([1, 3, 4, 5]))
    return written(generate, Walker(8, steps_of(step)), ids, 5, eos_id)


@probe("generate", ask="All texts are finished early. How many columns were promised?")
def all_finished(generate, draw: Draw):
    """the result has T + max_new_tokens columns, also if all rows end early"""
    eos_id, step = draw.integer(1, V), draw.integer(1, V)
    return written(generate, Walker(8, steps_of(step)), _before(eos_id, step, 2, 1), 5, eos_id)


@probe("generate", ask="Is a token that was given a token that was produced?")
def eos_in_the_prompt(generate, draw: Draw):
    """an eos_id within the given ids ends nothing"""
    eos_id, step = draw.integer(1, V), draw.integer(1, V)
    return written(generate, Walker(8, steps_of(step)), _before(eos_id, step, 0, -1, 5), 4, eos_id)


@probe("generate", ask="Which numbers count as False in Python? Is one of them a token id?")
def eos_zero(generate, draw: Draw):
    """eos_id may be 0, and None is none"""
    step = draw.integer(1, V)
    ids, model = _before(0, step, 1, 2), Walker(8, steps_of(step))
    return written(generate, model, ids, 4, 0) | written(generate, model, ids, 4)


@probe("generate", ask="Which layers behave differently while a model learns, and which method switches them?")
def without_dropout(generate, draw: Draw):
    """the model writes without dropout, though it came in train mode"""
    return written(generate, Walker(16, all_count(draw), dropout=0.6).train(), draw.integers(0, V, 3, 3), 6)


def _modes(model: Walker) -> list[str]:
    return ["train" if module.training else "eval" for module in (model, model.drop)]


@probe("generate", ask="In which mode was the model when it came?", kind="property")
def mode_restored(generate, draw: Draw):
    """leaves the model in the mode in which it came, train or eval"""
    model, told = Walker(8, steps_of(2)), {}
    for mode in (True, False):
        generate(model.train(mode), draw.integers(0, V, 2, 3), 2)
        told[f"after model.train({mode}) and generate"] = _modes(model)
    return told


@probe("generate", ask="Which of your lines still run when the model raises?", kind="property")
def mode_after_exception(generate, draw: Draw):
    """restores the mode also when the model raises, and lets the exception through"""
    step, told = steps_of(draw.integer(1, V)), {}

    def breaks(ids: Tensor) -> Tensor:
        if ids.shape[1] > 3:
            raise ZeroDivisionError
        return step(ids)

    for mode in (True, False):
        model = Walker(8, breaks).train(mode)
        try:
            generate(model, draw.integers(0, V, 2, 2), 5)
            ended = "no error"
        except Exception as error:
            ended = type(error).__name__
        told[f"after model.train({mode}), where the model raises"] = [ended, *_modes(model)]
    return told


@probe("generate", ask="No backward will follow. Which context tells torch so?", kind="property")
def no_graph(generate, draw: Draw):
    """the model runs in eval mode and without recording gradients, at every token"""
    model = Walker(8, steps_of(3))
    generate(model.train(), draw.integers(0, V, 2, 3), 3)
    return {what: sorted({call[what] for call in model.calls}) for what in ("eval mode", "gradients")}


@probe("generate", ask="You switched the recording of gradients off. Who switches it on again?", kind="property")
def gradients_afterwards(generate, draw: Draw):
    """afterwards gradients are recorded as before"""
    generate(Walker(8, steps_of(3)), draw.integers(0, V, 2, 3), 2)
    return {"torch.is_grad_enabled() after generate": torch.is_grad_enabled()}


@probe("generate", ask="Is the tensor that you were given yours to write into?", kind="property")
def ids_afterwards(generate, draw: Draw):
    """the given ids are the same afterwards"""
    ids = draw.integers(0, V, 2, 5)
    generate(Walker(16, steps_of(3)), ids, 3, 1)
    return {"ids after generate(model, ids, 3, 1)": ids}


def _as_it_is(value: Any) -> Any:
    """A list or a dict can be filled by a call, and nothing else that a class holds."""
    return copy(value) if isinstance(value, (list, dict)) else value


@contextmanager
def _memory_of(cls: type) -> Iterator[None]:
    """What a class and its methods' defaults hold is put back at the end: no store wanders from probe to probe."""
    methods = [value for value in vars(cls).values() if isinstance(value, FunctionType)]
    defaults = [method.__defaults__ and tuple(map(_as_it_is, method.__defaults__)) for method in methods]
    held = {name: _as_it_is(value) for name, value in vars(cls).items() if name[:2] != "__" and not callable(value)}
    try:
        yield
    finally:
        for method, value in zip(methods, defaults, strict=True):
            method.__defaults__ = value
        for name in held.keys() | {name for name, value in vars(cls).items() if isinstance(value, Tensor)}:
            setattr(cls, name, held.get(name))


def _alone(observe: Callable) -> Callable:
    """A probe of caches, whose memory begins and ends with it."""

    @wraps(observe)
    def observe_alone(pair: Any, draw: Draw) -> Any:
        with _memory_of(pair.KVCache):
            return observe(pair, draw)

    return observe_alone


def _in_pieces(pair: Any, draw: Draw, *sizes: int) -> dict[str, Any]:
    """The outputs of a text that comes in pieces, side by side: they should not depend on where it was cut."""
    q, k, v = (draw.normal(2, 3, sum(sizes), 4) for _ in range(3))
    cache, outs = pair.KVCache(), []
    for q_piece, k_piece, v_piece in zip(*(x.split(sizes, dim=2) for x in (q, k, v)), strict=True):
        outs.append(pair.cached_attention(q_piece.clone(), k_piece.clone(), v_piece.clone(), cache))
    whole = torch.cat(outs, dim=2) if all(isinstance(out, Tensor) for out in outs) else outs
    return {f"the outputs of calls with {', '.join(map(str, sizes))} positions": whole}


@probe(
    "KVCache", ask="What should K and V hold after the second update, and along which axis of (B, H, T, D)?", weight=2
)
@_alone
def update_returns(pair, draw: Draw):
    """an update returns the keys and values of all positions so far, oldest first"""
    cache, told = pair.KVCache(), {}
    for i, size in enumerate((4, 1, 2), start=1):
        told[f"update {i}, of {size} positions"] = cache.update(draw.normal(2, 3, size, 5), draw.normal(2, 3, size, 6))
    return told


@probe("KVCache", ask="Which of B, H, T and D grows when a token is added?")
@_alone
def equal_pieces(pair, draw: Draw):
    """pieces of the same size are joined along the positions too"""
    cache = pair.KVCache()
    cache.update(draw.normal(2, 3, 2, 5), draw.normal(2, 3, 2, 5))
    return {"update 2, of 2 positions": cache.update(draw.normal(2, 3, 2, 5), draw.normal(2, 3, 2, 5))}


@probe("KVCache", ask="Does your length count calls, texts, heads or positions?")
@_alone
def length(pair, draw: Draw):
    """its length is the number of positions remembered, 0 at the beginning"""
    cache, told = pair.KVCache(), {}
    told["len(KVCache())"] = len(cache)
    for size in (4, 1, 2, 300):  # no buffer of a fixed size will do
        cache.update(draw.normal(2, 3, size, 5), draw.normal(2, 3, size, 6))
        told[f"len(cache) after {size} positions more"] = len(cache)
    return told


@probe("KVCache", ask="If two layers have a cache each, may one see the keys of the other?")
@_alone
def caches_apart(pair, draw: Draw):
    """two caches know nothing of each other"""
    one, other = pair.KVCache(), pair.KVCache()
    one.update(draw.normal(2, 3, 4, 5), draw.normal(2, 3, 4, 6))
    keys, values = other.update(draw.normal(2, 3, 2, 5), draw.normal(2, 3, 2, 6))
    lengths = {"positions in the first cache": len(one), "in the second": len(other), "in a third": len(pair.KVCache())}
    return lengths | {"K and V of the second": [keys, values]}


@probe(
    "KVCache",
    ask="With an empty cache: by which positions are q and k turned, and which mask applies?",
    atol=1e-5,
    because=SEVERAL_STEPS,
)
@_alone
def whole_text(pair, draw: Draw):
    """a whole text at once is causal attention with rotary positions"""
    return _in_pieces(pair, draw, 6)


@probe(
    "KVCache",
    ask="At which position stands the new token, if n are remembered?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=2,
)
@_alone
def token_by_token(pair, draw: Draw):
    """token by token the outputs are those of the whole text at once"""
    return _in_pieces(pair, draw, 1, 1, 1, 1, 1)


@probe(
    "KVCache",
    ask="Four positions are remembered. What has the fifth call to do that the first had not?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=2,
)
@_alone
def prompt_then_tokens(pair, draw: Draw):
    """a prompt of 4 and then 1, 1, 1: the outputs are those of the whole text at once"""
    return _in_pieces(pair, draw, 4, 1, 1, 1)


@probe(
    "KVCache",
    ask="Three are remembered, four are new. How many keys may the first of the new ones see?",
    atol=1e-5,
    because=SEVERAL_STEPS,
    weight=2,
)
@_alone
def two_chunks(pair, draw: Draw):
    """a text cut into 3 + 4 positions: the outputs are those of the whole text at once"""
    return _in_pieces(pair, draw, 3, 4)


@probe("KVCache", ask="What will the next call find in the cache?")
@_alone
def attention_remembers(pair, draw: Draw):
    """cached_attention leaves the new positions in the cache, each once"""
    cache, told = pair.KVCache(), {}
    for size in (3, 1, 2):
        try:
            pair.cached_attention(*(draw.normal(2, 3, size, 4) for _ in range(3)), cache)
        except NotImplementedError:
            raise
        except Exception:  # what fails behind the update is told above; what is left in the cache is told here
            pass
        told[f"len(cache) after {size} positions more"] = len(cache)
    return told


@probe("KVCache", ask="Did your update write into a tensor that somebody else holds?", kind="property")
@_alone
def earlier_results(pair, draw: Draw):
    """what an earlier update returned is not changed by later ones"""
    cache, held, as_they_were = pair.KVCache(), [], []
    for size in (3, 1, 2):
        held += cache.update(draw.normal(2, 3, size, 5), draw.normal(2, 3, size, 6))
        as_they_were += [x.clone() for x in held[-2:]]
    return [torch.equal(now, then) for now, then in zip(held, as_they_were, strict=True)]


@probe("KVCache", ask="Which of your operations end in an underscore, or use +=, *= or .data?", kind="property")
@_alone
def arguments_afterwards(pair, draw: Draw):
    """queries, keys and values are the same afterwards"""
    cache, given, copies = pair.KVCache(), [], []
    for size in (3, 1, 2):
        given += (tensors := [draw.normal(2, 3, size, 4) for _ in range(3)])
        copies += [x.clone() for x in tensors]
        pair.cached_attention(*tensors, cache)
    k, v = draw.normal(2, 3, 1, 4), draw.normal(2, 3, 1, 4)
    given, copies = [*given, k, v], [*copies, k.clone(), v.clone()]
    cache.update(k, v)
    return [torch.equal(now, then) for now, then in zip(given, copies, strict=True)]


@probe("KVCache", ask="Of four new positions, may the first see the fourth?", kind="property")
@_alone
def no_look_ahead(pair, draw: Draw):
    """within a piece, later keys and values do not change earlier outputs"""
    q, k, v = (draw.normal(2, 3, 7, 4) for _ in range(3))
    told = []
    for last in (1.0, 3.0):
        factor = torch.tensor([1.0] * 5 + [last] * 2)[:, None]
        pieces = zip(*(x.split([3, 4], dim=2) for x in (q * 1, k * factor, v * factor)), strict=True)
        with _memory_of(pair.KVCache):
            cache = pair.KVCache()
            told.append([pair.cached_attention(*piece, cache) for piece in pieces][1])
    one, other = told
    return torch.allclose(one[:, :, :2], other[:, :, :2], rtol=1e-4, atol=1e-5)


def _penalized(penalize, logits: Tensor, ids: Tensor, penalty: float) -> dict[str, Any]:
    call = f"apply_repetition_penalty({_literal(logits)}, {_literal(ids)}, {penalty})"
    return {call: penalize(logits.clone(), ids.clone(), penalty)}


@probe("apply_repetition_penalty", ask="Which of −3 / 1.5 and −3 · 1.5 makes a token less likely?", weight=2)
def signs(penalize, draw: Draw):
    """a positive logit is divided by the penalty, a negative one multiplied"""
    logits = torch.tensor([draw.shuffled([3.0, -3.0, 1.5, -1.0, 2.5])])
    places = [logits[0].tolist().index(number) for number in (3.0, -3.0, -1.0)]
    return _penalized(penalize, logits, torch.tensor([draw.shuffled(places)]), draw.choice([1.5, 2.0, 3.0]))


@probe("apply_repetition_penalty", ask="Does the contract ask how often a token occurs, or whether it does?")
def once(penalize, draw: Draw):
    """a token that occurs often is treated like one that occurs once"""
    a, b, c = draw.shuffled(range(4))[:3]
    return _penalized(penalize, _scores(draw, 1, 4) + 0.25, torch.tensor([draw.shuffled([a, a, a, b, b, c])]), 2.0)


@probe("apply_repetition_penalty", ask="Whose history counts for row 1?", weight=2)
def own_history(penalize, draw: Draw):
    """each row is judged by its own row of ids"""
    order = draw.shuffled(range(6))
    ids = torch.tensor([order[:2], order[2:4], order[1:3]])
    return _penalized(penalize, _scores(draw, 3, 6) + 0.25, ids, draw.choice([1.5, 2.0]))


@probe("apply_repetition_penalty", ask="Does every column of ids count, the first and the last too?")
def every_position(penalize, draw: Draw):
    """every id counts, wherever in the row it stands and whatever its number"""
    ids = torch.tensor([draw.shuffled([0, 1, 2, 3]), draw.shuffled([4, 0, 3, 1])])
    return _penalized(penalize, _scores(draw, 2, 5) + 0.25, ids, 1.5)


@probe("apply_repetition_penalty", ask="What are x / 1 and x · 1?")
def no_penalty(penalize, draw: Draw):
    """with penalty 1 nothing changes"""
    return _penalized(penalize, _scores(draw, 2, 5), draw.integers(0, 5, 2, 3), 1.0)


@probe("apply_repetition_penalty", ask="Is 3 / 0.5 more or less than 3, and −3 · 0.5 more or less than −3?")
def encouraged(penalize, draw: Draw):
    """a penalty below 1 makes the tokens likelier"""
    logits = _scores(draw, 2, 5) + 0.25
    return _penalized(penalize, logits, torch.tensor([draw.shuffled(range(5))[:3] for _ in range(2)]), 0.5)


@probe("apply_repetition_penalty", ask="What is 0 times infinity?")
def zero_and_infinity(penalize, draw: Draw):
    """0 stays 0 and −inf stays −inf, in the text or not"""
    logits = torch.tensor([draw.shuffled([0.0, -INF, 2.0, -1.0]), [-INF, 0.0, 1.0, -INF]])
    return _penalized(penalize, logits, torch.tensor([[0, 1, 2, 3], [0, 1, 1, 2]]), 2.0)


@probe(
    "apply_repetition_penalty",
    ask="Which of your operations end in an underscore, or assign to a part?",
    kind="property",
)
def penalized_afterwards(penalize, draw: Draw):
    """the logits and the ids are the same afterwards"""
    logits, ids = _scores(draw, 2, 5), draw.integers(0, 5, 2, 3)
    penalize(logits, ids, 2.0)
    return {"logits and ids after apply_repetition_penalty(logits, ids, 2.0)": [logits, ids]}


def _numbered(position_ids, *masks: Tensor) -> dict[str, Any]:
    return {f"position_ids({_literal(mask)})": position_ids(mask.clone()) for mask in masks}


def _padded(draw: Draw, T: int, left: bool) -> Tensor:
    """Rows with 1, 2 and 3 places of padding on one side, in some order."""
    pads = draw.shuffled([1, 2, 3])
    return torch.tensor([[0] * n + [1] * (T - n) if left else [1] * (T - n) + [0] * n for n in pads])


@probe("position_ids", ask="Which number has the first real token, wherever in the row it stands?", weight=2)
def left_padding(position_ids, draw: Draw):
    """with padding in front, the first token of each row is 0 and the padding is 0 too"""
    return _numbered(position_ids, _padded(draw, 6, left=True))


@probe("position_ids", ask="Which number has the token before the padding?")
def right_padding(position_ids, draw: Draw):
    """padding behind repeats the number of the last token"""
    return _numbered(position_ids, _padded(draw, 5, left=False))


@probe("position_ids", ask="How many tokens stand before a token, if you leave out the padding?")
def holes(position_ids, draw: Draw):
    """padding on both sides or between tokens is not counted"""
    middle = draw.shuffled([1, 1, 0, 1])
    return _numbered(position_ids, torch.tensor([[0, 1, *middle, 0], [1, 0, 0, *middle], [0, 0, *middle, 1]]))


@probe("position_ids", ask="What is the sum along a row before its first token, and what is 1 less?")
def nothing_but_padding(position_ids, draw: Draw):
    """a row of padding is all 0, a row without padding counts from 0"""
    return _numbered(position_ids, torch.tensor(draw.shuffled([[0] * 4, [1] * 4, [0] * 4])))


@probe("position_ids", ask="What is the dtype of your result for a mask of floats, and for one of booleans?")
def any_dtype(position_ids, draw: Draw):
    """the mask may hold booleans, whole numbers or floats; the result is int64"""
    mask = _padded(draw, 4, left=True)
    kinds = {".bool()": mask.bool(), ".int()": mask.int(), ".float()": mask.float()}
    return {f"position_ids({_literal(mask)}{kind})": position_ids(x) for kind, x in kinds.items()}


@probe("position_ids", ask="Which of your operations end in an underscore, or assign to a part?", kind="property")
def mask_afterwards(position_ids, draw: Draw):
    """the mask is the same afterwards"""
    mask = _padded(draw, 5, left=True)
    position_ids(mask)
    return {"mask after position_ids(mask)": mask}
