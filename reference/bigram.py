"""A first language model: which character follows which.

Counts become probabilities, probabilities become a loss and a sampler. `softmax`, the step from any
scores to probabilities, is born here and used in every later file.

Shapes: V is the number of different characters. Row = the character that stands there, column = the one that follows.
"""

import math
from collections import Counter
from itertools import pairwise

import torch
from torch import Tensor


def build_char_vocab(text: str) -> dict[str, int]:
    """Give every character of a text a number of its own.

    Args:
        text: any string, also an empty one.

    Returns:
        character → id. Each different character of the text stands in it once. The ids are 0 … V−1, in
        the order in which Python's `sorted` puts the characters (B before a), so the same text gives the
        same ids on every machine.

    Upper and lower case are different characters; a space, a line break and an emoji are characters like
    any other. Nothing is added that is not in the text.

    Example:
        >>> build_char_vocab("hello")
        {'e': 0, 'h': 1, 'l': 2, 'o': 3}
    """
    return {char: i for i, char in enumerate(sorted(set(text)))}


def bigram_counts(ids: list[int], V: int) -> Tensor:
    """Count how often each character follows each other one.

    Args:
        ids: the text as a list of ids, at least one, each in 0 … V−1. Not all V of them need occur.
        V: size of the vocabulary.

    Returns:
        (V, V) float32. The number in row a, column b says how many times b stands directly after a in ids.
        Together that is len(ids) − 1 pairs: nothing follows the last id. ids is not changed.

    Example:
        >>> bigram_counts([0, 1, 0, 1, 1], V=3)
        tensor([[0., 2., 0.],
                [1., 1., 0.],
                [0., 0., 0.]])
    """
    counts = torch.zeros(V, V)
    for (current, following), times in Counter(pairwise(ids)).items():
        counts[current, following] = times
    return counts


def bigram_probs(counts: Tensor, alpha: float = 1.0) -> Tensor:
    """Turn counts into the probability of each next character, with add-alpha smoothing.

    Args:
        counts: (V, V) float, counts[a, b] = how often b follows a.
        alpha: this much is added to every count before the rows are shared out; alpha ≥ 0.
            With alpha = 0 every row has to hold a count above 0.

    Returns:
        (V, V) of the dtype of counts, a new tensor: the entry at [a, b] is P(b | a), and each row sums
        to 1. A row without any count becomes V equal numbers. counts is not changed.

    Source: Jurafsky and Martin, Speech and Language Processing (3rd ed. draft), chapter 3, on smoothing.

    Example:
        >>> bigram_probs(torch.tensor([[1.0, 3.0], [0.0, 0.0]]), alpha=2.0)
        tensor([[0.3750, 0.6250],
                [0.5000, 0.5000]])
    """
    smoothed = counts + alpha  # (V, V)
    return smoothed / smoothed.sum(dim=1, keepdim=True)  # (V, V) / (V, 1)


def softmax(x: Tensor, dim: int) -> Tensor:
    """Turn scores into probabilities along one dimension.

    Args:
        x: (…) float tensor of scores, of any shape and size. A score of −inf means "impossible".
        dim: the dimension along which the results sum to 1; may be negative. All other dimensions
            are independent of one another.

    Returns:
        A new tensor of the shape and dtype of x, every entry in [0, 1]; exactly 0 where x is −inf.
        It is right for scores of ±1000, also when one row is huge and the next one tiny.

    Built from torch operations only, so that gradients flow to x. x is not changed. A row that holds
    nothing but −inf has no answer and is not asked for.

    `torch.softmax` and `log_softmax`, under whatever name PyTorch has them, are not allowed: this is the
    function that they would hide.

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sections 4.1 and 6.2.2.3.

    Example:
        >>> softmax(torch.tensor([[0.0, 0.0], [1000.0, float("-inf")]]), dim=-1)
        tensor([[0.5000, 0.5000],
                [1.0000, 0.0000]])
    """
    shifted = x - x.amax(dim=dim, keepdim=True)  # the largest score becomes 0, so that exp cannot overflow
    exps = torch.exp(shifted)
    return exps / exps.sum(dim=dim, keepdim=True)


def bigram_nll(P: Tensor, ids: list[int]) -> tuple[float, float]:
    """Measure how much a text surprises a bigram model.

    Args:
        P: (V, V) float, P[a, b] = the probability that b follows a; each row sums to 1.
        ids: the text, at least two ids.

    Returns:
        A tuple (nll, perplexity) of two numbers, floats or tensors without dimensions. nll is the mean
        negative log-likelihood of the len(ids) − 1 transitions in ids, with the natural logarithm;
        perplexity is e to the power of nll. If P calls one of the transitions impossible, both are infinite.

    It is right for a text of any length. Neither argument is changed.

    Source: Jurafsky and Martin, Speech and Language Processing (3rd ed. draft), chapter 3, on perplexity.

    Example:
        >>> nll, perplexity = bigram_nll(torch.tensor([[0.5, 0.5], [1.0, 0.0]]), [0, 1, 0])
        >>> print(f"{nll:.4f} {perplexity:.4f}")  # half of ln 2, since the second step was no surprise
        0.3466 1.4142
    """
    probs = P[ids[:-1], ids[1:]]  # (T - 1,)
    nll = -probs.log().mean().item()
    return nll, math.exp(nll)


def sample_bigram(P: Tensor, start: int, n: int, generator: torch.Generator) -> list[int]:
    """Let the model write: draw n ids, each from the row of the one before.

    Args:
        P: (V, V) float, P[a, b] = the probability that b follows a; each row sums to 1.
        start: the first id. It is given, not drawn.
        n: how many ids to draw, n ≥ 0.
        generator: the only source of randomness. Its state moves on with every draw, so a second call
            with the same generator continues, and a fresh generator with the same seed repeats.

    Returns:
        A list of n + 1 Python ints, start first. A transition of probability 0 is never taken. P is not
        changed.

    Which random numbers are used up on the way is up to you; the frequencies have to be those of P.

    Example:
        >>> P = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])  # no chance in it
        >>> sample_bigram(P, start=1, n=4, generator=torch.Generator().manual_seed(0))
        [1, 2, 0, 1, 2]
    """
    ids = [start]
    for _ in range(n):
        drawn = torch.multinomial(P[ids[-1]], num_samples=1, generator=generator)  # (1,)
        ids.append(drawn.item())
    return ids
