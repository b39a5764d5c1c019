"""Hidden probes of the unit bigram: edges, and sizes that the public probes do not show."""

from itertools import pairwise

import torch

from autograder.probes import Draw, probe


@probe("build_char_vocab", ask="Does a longer text change how the ids are handed out?")
def long_text(build_char_vocab, draw: Draw):
    """a long text has no more ids than different characters"""
    vocab = build_char_vocab("".join(draw.choice("the quick fox\n") for _ in range(300)))
    return {"characters": sorted(vocab), "ids": sorted(vocab.values())} if isinstance(vocab, dict) else vocab


@probe("bigram_counts", ask="How many pairs does a list of 200 ids have?")
def many_pairs(bigram_counts, draw: Draw):
    """it holds for a longer text and a larger vocabulary"""
    return bigram_counts(draw.integers(0, 7, 200).tolist(), 8)


@probe("bigram_probs", ask="Does the number of characters stand in your code as a fixed number?")
def larger_table(bigram_probs, draw: Draw):
    """it holds for a larger table"""
    return bigram_probs(draw.integers(0, 9, 6, 6).float(), 0.25)


@probe("softmax", ask="What is the softmax of a single score?")
def one_score(softmax, draw: Draw):
    """a score without rivals gets probability 1"""
    return softmax(draw.normal(3, 1, scale=50.0), 1)


@probe("bigram_nll", ask="If the same transition comes again and again, what is the mean of its surprise?")
def repeated_transition(bigram_nll, draw: Draw):
    """a transition counts as often as it occurs"""
    P = torch.tensor([[0.25, 0.75], [0.9, 0.1]])
    return bigram_nll(P, [0] * draw.integer(3, 6) + [1, 0])


@probe("sample_bigram", ask="Can an id be drawn whose probability is 0?")
def never_taken(sample_bigram, draw: Draw):
    """with two ways out of each row, no third is ever taken"""
    step = draw.integer(1, 3)
    P = torch.zeros(5, 5)
    for here in range(5):
        P[here, here] = P[here, (here + step) % 5] = 0.5
    ids = [int(i) for i in sample_bigram(P, 0, 200, torch.Generator().manual_seed(draw.integer(0, 999)))]
    return {"steps taken": sorted({(b - a) % 5 for a, b in pairwise(ids)})}
