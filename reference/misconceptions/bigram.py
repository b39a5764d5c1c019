"""What goes wrong in a first language model."""

import math
from itertools import pairwise

import torch

from reference.misconceptions import Misconception


def _nothing_returned(exercise: str, call: str, edit: dict[str, str]) -> Misconception:
    """The first slip of everybody, told the same way in each exercise."""
    return Misconception(
        exercise, "nothing returned",
        says="your function ends without a return, so that what it has made is lost",
        ask="What does a function give back whose last line is not a return?",
        show=f"print({call})  # should show the result; yours shows None",
        family="rule",
        edit=edit,
    )


VOCABULARY = (
    _nothing_returned("build_char_vocab", 'build_char_vocab("ab")', {"return {char": "{char"}),
    Misconception(
        "build_char_vocab", "order of a set",
        says="your ids come in no order, as a set gives them: it may be another one the next time Python starts",
        ask="In which order does a for loop walk through a set?",
        show='list(set("hello")) in two fresh Pythons: two orders, perhaps. sorted(set("hello")) is always e, h, l, o',
        family="sign or order",
        # the order of a set differs from process to process; this one is as arbitrary, and always the same
        edit={"sorted(set(text))": "sorted(set(text), key=lambda c: ord(c) * 7919 % 101)"},
    ),
    Misconception(
        "build_char_vocab", "order of appearance",
        says="your ids follow the order in which the characters appear; they should follow the sorted order",
        ask="If the same characters came in another order, should their ids change?",
        show='build_char_vocab("ba") should be {"a": 0, "b": 1}; yours gives b the 0',
        family="sign or order",
        edit={"sorted(set(text))": "dict.fromkeys(text)"},
    ),
    Misconception(
        "build_char_vocab", "upper and lower case sorted together",
        says="you sort as if capitals were small letters; sorted puts all capitals before all small letters",
        ask="Which of the two does Python call smaller, 'B' or 'a'?",
        show='build_char_vocab("aB") should be {"B": 0, "a": 1}, as sorted("aB") says; yours gives a the 0',
        family="sign or order",
        edit={"sorted(set(text))": "sorted(set(text), key=lambda char: (char.lower(), char))"},
    ),
    Misconception(
        "build_char_vocab", "ids from 1",
        says="your ids begin with 1; they should begin with 0",
        ask="Which row of a tensor is the first one?",
        show='build_char_vocab("ab") should be {"a": 0, "b": 1}; yours is {"a": 1, "b": 2}',
        family="off by one",
        edit={"enumerate(sorted(set(text)))": "enumerate(sorted(set(text)), 1)"},
    ),
    Misconception(
        "build_char_vocab", "padding entry",
        says="you keep id 0 for padding, which is not in the text; nothing is added here",
        ask="Which characters does the text hold, and which does your vocabulary?",
        show='build_char_vocab("ab") should have two entries; yours has three',
        family="rule",
        edit={
            "return {char: i for i, char in enumerate(sorted(set(text)))}":
            "return {'<pad>': 0} | {char: i for i, char in enumerate(sorted(set(text)), 1)}"
        },
    ),
    Misconception(
        "build_char_vocab", "one id per position",
        says="you count positions, not different characters: a repeated character leaves a gap in the ids",
        ask="How many different characters does the text hold, and what is your largest id?",
        show='build_char_vocab("aab") should be {"a": 0, "b": 1}; yours is {"a": 1, "b": 2}, and 0 is lost',
        family="rule",
        edit={"sorted(set(text))": "sorted(text)"},
    ),
    Misconception(
        "build_char_vocab", "code points",
        says="your ids are the numbers that Unicode gives the characters; they should be 0 … V−1",
        ask="How many rows would a table need whose last id is ord('z')?",
        show='build_char_vocab("ab") should be {"a": 0, "b": 1}; yours is {"a": 97, "b": 98}',
        family="rule",
        edit={"i for i, char in enumerate(sorted(set(text)))": "ord(char) for char in sorted(set(text))"},
    ),
    Misconception(
        "build_char_vocab", "the other way round",
        says="your dictionary leads from ids to characters; it should lead from characters to ids",
        ask="With which of the two will you look something up when you turn text into numbers?",
        show='build_char_vocab("ab")["b"] should be 1; yours has no key "b"',
        family="sign or order",
        edit={"{char: i for": "{i: char for"},
    ),
    Misconception(
        "build_char_vocab", "a list",
        says="you return the characters in a list; a dictionary from character to id is asked for",
        ask="How would you look up the id of a character in your result?",
        show='build_char_vocab("ab") should be {"a": 0, "b": 1}; yours is ["a", "b"]',
        family="rule",
        edit={"return {char: i for i, char in enumerate(sorted(set(text)))}": "return sorted(set(text))"},
    ),
    Misconception(
        "build_char_vocab", "lower case",
        says="you turn the text into lower case first, so that its capitals have no id",
        ask="Which id does your vocabulary have for B?",
        show='build_char_vocab("bB") should have two entries; yours has one',
        family="rule",
        edit={"set(text)": "set(text.lower())"},
    ),
    Misconception(
        "build_char_vocab", "ends stripped",
        says="you strip white space from the ends of the text, and a character that stands only there gets no id",
        ask="Is a line break at the end of the text a character?",
        show='build_char_vocab("ab\\n") should have three entries; yours has two',
        family="rule",
        edit={"set(text)": "set(text.strip())"},
    ),
    Misconception(
        "build_char_vocab", "no white space at all",
        says="you leave out spaces and line breaks; the model needs them as much as letters",
        ask="How would your model write two words in a row?",
        show='build_char_vocab("a b") should have three entries; yours has two',
        family="rule",
        edit={"set(text)": "set(''.join(text.split()))"},
    ),
    Misconception(
        "build_char_vocab", "letters only",
        says="you keep letters only; spaces, commas and digits need ids too",
        ask="Which characters of the text are missing in your vocabulary?",
        show='build_char_vocab("a, 7") should have four entries; yours has one',
        family="rule",
        edit={"set(text)": "set(filter(str.isalpha, text))"},
    ),
    Misconception(
        "build_char_vocab", "words",
        says="you number words; here every character gets a number",
        ask="What does a for loop over a string walk through?",
        show='build_char_vocab("ab a") should hold " ", "a" and "b"; yours holds "a" and "ab"',
        family="units",
        edit={"set(text)": "set(text.split())"},
    ),
)


def _every_pair_once(ids, V):
    counts = torch.zeros(V, V)
    counts[ids[:-1], ids[1:]] += 1
    return counts


def _past_the_end(ids, V):
    counts = torch.zeros(V, V)
    for i in range(len(ids)):
        counts[ids[i], ids[i + 1]] += 1
    return counts


def _uses_up_the_list(ids, V):
    counts, current = torch.zeros(V, V), ids.pop(0)
    for following in ids:
        counts[current, following] += 1
        current = following
    return counts


def _single_characters(ids, V):
    return torch.diag(torch.bincount(torch.tensor(ids), minlength=V).float())


COUNTS = (
    _nothing_returned("bigram_counts", "bigram_counts([0, 1], 2)", {"return counts": "pass"}),
    Misconception(
        "bigram_counts", "past the end of the list",
        says="your loop goes one step too far: it asks what follows the last id, and nothing does",
        ask="Which is the last index of ids, and which one do you look at when your loop takes its last step?",
        show="ids = [5, 7]: range(len(ids)) is 0, 1, and for i = 1 there is no ids[i + 1]",
        family="off by one",
        wrong=_past_the_end,
    ),
    Misconception(
        "bigram_counts", "list used up",
        says="your counts are right, but you take an id out of the list that was handed in",
        ask="What is left of ids after ids.pop(0)?",
        show="ids = [0, 1, 1]; bigram_counts(ids, 2); print(ids)  # should still be [0, 1, 1]; yours is [1, 1]",
        family="state",
        wrong=_uses_up_the_list,
    ),
    Misconception(
        "bigram_counts", "every pair once",
        says="a pair that occurs twice was counted once",
        ask="What does c[i, j] += 1 do when the lists i and j name the same cell twice?",
        show="c = torch.zeros(3); c[[0, 0, 1]] += 1; print(c)  # 1, 1, 0: cell 0 was named twice and grew once",
        family="rule",
        wrong=_every_pair_once,
    ),
    Misconception(
        "bigram_counts", "rows and columns exchanged",
        says="your table is the other way round: row = the character that follows, column = the one before",
        ask="In counts[a, b], which of the two comes first in the text?",
        show="bigram_counts([0, 1], 2) should have its 1 in row 0, column 1; yours has it in row 1, column 0",
        family="wrong axis",
        edit={"counts[current, following]": "counts[following, current]"},
    ),
    Misconception(
        "bigram_counts", "the end joined to the start",
        says="you count one pair too many: the last id and the first one",
        ask="What is ids[i - 1] when i is 0?",
        show="bigram_counts([0, 1], 2) should hold one pair; yours holds two, 0-1 and 1-0",
        family="off by one",
        edit={"pairwise(ids)": "pairwise([ids[-1], *ids])"},
    ),
    Misconception(
        "bigram_counts", "last pair left out",
        says="you leave out the last pair of the list",
        ask="A list of n ids has n − 1 pairs: how many does your loop visit?",
        show="bigram_counts([0, 1], 2) should hold one pair; yours holds none",
        family="off by one",
        edit={"pairwise(ids)": "pairwise(ids[:-1])"},
    ),
    Misconception(
        "bigram_counts", "first pair left out",
        says="you leave out the first pair of the list",
        ask="At which position does your loop begin, and which neighbour does it look at?",
        show="bigram_counts([0, 1], 2) should hold one pair; yours holds none",
        family="off by one",
        edit={"pairwise(ids)": "pairwise(ids[1:])"},
    ),
    Misconception(
        "bigram_counts", "every second pair",
        says="you cut the list into pairs; each id but the last also begins a pair of its own",
        ask="By how many positions does your loop move on after a pair?",
        show="[0, 1, 2] holds the pairs 0-1 and 1-2; yours finds only 0-1",
        family="off by one",
        edit={"pairwise(ids)": "zip(ids[::2], ids[1::2])"},
    ),
    Misconception(
        "bigram_counts", "both directions",
        says="you count each pair in both directions, a before b and b before a",
        ask="Is q before u as frequent as u before q?",
        show="bigram_counts([0, 1], 2) should hold one 1; yours holds two",
        family="rule",
        edit={"return counts": "return counts + counts.T"},
    ),
    Misconception(
        "bigram_counts", "single characters on the diagonal",
        says="you count single characters on the diagonal; what is asked for is pairs",
        ask="Which two characters does the cell in row 0, column 0 belong to?",
        show="bigram_counts([0, 1], 2) should have its only 1 in row 0, column 1; yours has two, on the diagonal",
        family="rule",
        wrong=_single_characters,
    ),
    Misconception(
        "bigram_counts", "no pairs of equals",
        says="you leave out pairs of two equal ids",
        ask="Which cell belongs to the two l of hello?",
        show="bigram_counts([0, 0], 2) should have a 1 in row 0, column 0; yours has none",
        family="rule",
        edit={"return counts": "return counts.fill_diagonal_(0)"},
    ),
    Misconception(
        "bigram_counts", "whole numbers",
        says="your counts are whole numbers (int64); float32 is asked for, because probabilities come next",
        ask="Which dtype does your table have?",
        show="bigram_counts([0, 1], 2).dtype should be torch.float32; yours is torch.int64",
        family="rule",
        edit={"torch.zeros(V, V)": "torch.zeros(V, V, dtype=torch.int64)"},
    ),
    Misconception(
        "bigram_counts", "lists, not a tensor",
        says="your counts are right, but they are lists of whole numbers; a float32 tensor is asked for",
        ask="What does type(…) say of your result?",
        show="type(bigram_counts([0, 1], 2)) should be torch.Tensor; yours is list. torch.zeros(V, V) makes a tensor",
        family="rule",
        edit={"torch.zeros(V, V)": "torch.zeros(V, V, dtype=torch.int64)", "return counts": "return counts.tolist()"},
    ),
    Misconception(
        "bigram_counts", "one row, V times",
        says="all rows of your table are one and the same list, so that each pair is counted in every row",
        ask="In [[0] * V] * V, how many different rows are there?",
        show="rows = [[0] * 2] * 2; rows[0][0] = 5; print(rows)  # [[5, 0], [5, 0]]",
        family="state",
        edit={"return counts": "return counts.sum(dim=0, keepdim=True).repeat(V, 1)"},
    ),
    Misconception(
        "bigram_counts", "size by the ids that occur",
        says="your table is only as large as the largest id in the list; V says how large it should be",
        ask="What does your code use V for?",
        show="bigram_counts([0, 1], V=5).shape should be (5, 5); yours is (2, 2)",
        family="rule",
        edit={"torch.zeros(V, V)": "torch.zeros(max(ids) + 1, max(ids) + 1)"},
    ),
    Misconception(
        "bigram_counts", "size by the number of different ids",
        says="your table has as many rows as the list has different ids; V says how many it should have",
        ask="What does your code use V for?",
        show="bigram_counts([0, 2, 0], V=4) should be (4, 4); len(set([0, 2, 0])) is 2, so that there is no row 2",
        family="rule",
        edit={"torch.zeros(V, V)": "torch.zeros(len(set(ids)), len(set(ids)))"},
    ),
    Misconception(
        "bigram_counts", "shares of all pairs",
        says="you divide the counts by the number of pairs; here they should stay counts",
        ask="Is the sum of your table the number of pairs?",
        show="bigram_counts([0, 1, 0], 2) should hold two times 1; yours holds two times 0.5",
        family="units",
        edit={"return counts": "return counts / max(len(ids) - 1, 1)"},
    ),
)

PROBABILITIES = (
    _nothing_returned("bigram_probs", "bigram_probs(torch.zeros(2, 2))", {"return smoothed": "smoothed"}),
    Misconception(
        "bigram_probs", "columns normalized",
        says="your columns sum to 1; the rows should",
        ask="In P(b | a), which of the two is known, and is it a row or a column?",
        show="bigram_probs(torch.tensor([[0., 2.], [0., 0.]])): row 0 should be [1/4, 3/4]; yours is [1/2, 3/4]",
        family="wrong axis",
        edit={"dim=1": "dim=0"},
    ),
    Misconception(
        "bigram_probs", "no keepdim",
        says="column b is divided by the sum of row b: V×V divided by V ran, but along the wrong axis",
        ask="A tensor of shape (V,) is laid along the last axis of (V, V): which of your sums meets which column?",
        show="torch.ones(2, 2) / torch.tensor([1., 2.])  # 1, 0.5 in both rows: the second sum met column 1, not row 1",
        family="wrong axis",
        edit={", keepdim=True": ""},
    ),
    Misconception(
        "bigram_probs", "alpha in the numerator only",
        says="you add alpha to the counts, but divide by the sum without it: the rows sum to more than 1",
        ask="If every one of V counts grows by alpha, what becomes of their sum?",
        show="counts [2, 0], alpha 1: should be [3/4, 1/4]; yours is [3/2, 1/2]",
        family="denominator",
        edit={"smoothed.sum(": "counts.sum("},
    ),
    Misconception(
        "bigram_probs", "alpha once in the denominator",
        says="your denominator grows by alpha once; V counts have grown, so it should grow by V times alpha",
        ask="If every one of V counts grows by alpha, by how much does their sum grow?",
        show="counts [2, 0], alpha 1: should be [3/4, 1/4]; yours is [3/3, 1/3]",
        family="denominator",
        edit={"smoothed.sum(dim=1, keepdim=True)": "(counts.sum(dim=1, keepdim=True) + alpha)"},
    ),
    Misconception(
        "bigram_probs", "V in the denominator",
        says="your denominator grows by V, which is right for alpha = 1 alone; V counts grow by alpha each",
        ask="If each of 3 counts grows by 0.5, by how much does their sum grow?",
        show="counts [2, 0], alpha 0.5: should be [2.5/3, 0.5/3]; yours is [2.5/4, 0.5/4]",
        family="denominator",
        edit={"smoothed.sum(dim=1, keepdim=True)": "(counts.sum(dim=1, keepdim=True) + len(counts))"},
    ),
    Misconception(
        "bigram_probs", "float32 always",
        says="your probabilities are float32 whatever the counts are; they should keep the dtype of the counts",
        ask="Is there a .float() or a dtype=torch.float32 in your answer?",
        show="bigram_probs(torch.ones(2, 2).double()).dtype should be torch.float64; yours is torch.float32",
        family="rule",
        edit={"counts + alpha": "counts.float() + alpha"},
    ),
    Misconception(
        "bigram_probs", "no smoothing",
        says="your result equals the one without alpha",
        ask="Where in your answer does alpha stand?",
        show="bigram_probs(torch.tensor([[2., 0.], [0., 2.]])): row 0 should be [3/4, 1/4]; yours is [1, 0]",
        family="rule",
        edit={"counts + alpha": "counts + 0"},
    ),
    Misconception(
        "bigram_probs", "alpha always 1",
        says="you add 1 whatever alpha says",
        ask="What changes in your answer when alpha is 0.5?",
        show="counts [2, 0], alpha 0.5: should be [2.5/3, 0.5/3] = [0.83, 0.17]; yours is [0.75, 0.25]",
        family="rule",
        edit={"counts + alpha": "counts + 1"},
    ),
    Misconception(
        "bigram_probs", "only zeros smoothed",
        says="you raise only the counts that are 0; alpha is added to every count",
        ask="If alpha is added to every count, what becomes of a count of 2?",
        show="counts [2, 0], alpha 1: should be [3/4, 1/4]; yours is [2/3, 1/3]",
        family="rule",
        edit={"counts + alpha": "torch.where(counts == 0, alpha, counts)"},
    ),
    Misconception(
        "bigram_probs", "alpha after the division",
        says="you add alpha to the probabilities, after the division: the rows sum to more than 1",
        ask="Is alpha a part of a count or of a probability?",
        show="counts [2, 0], alpha 1: should be [3/4, 1/4]; yours is [2, 1]",
        family="denominator",
        edit={
            "smoothed = counts + alpha": "smoothed = counts + 0",
            "smoothed / smoothed.sum(dim=1, keepdim=True)": "smoothed / smoothed.sum(dim=1, keepdim=True) + alpha",
        },
    ),
    Misconception(
        "bigram_probs", "alpha added to probabilities, then shared out again",
        says="you add alpha to probabilities, not counts: a frequent character is smoothed as much as a rare one",
        ask="Whose guess needs more smoothing: that of a row with 2 counts, or with 2000?",
        show="counts [2, 0], alpha 1: should be [3/4, 1/4]; yours is [2/3, 1/3]",
        family="sign or order",
        edit={
            "smoothed = counts + alpha":
            "smoothed = torch.nan_to_num(counts / counts.sum(dim=-1, keepdim=True)) + alpha"
        },
    ),
    Misconception(
        "bigram_probs", "whole table normalized",
        says="all V·V numbers together sum to 1; each row should",
        ask="Over how many numbers does your sum run?",
        show="bigram_probs(torch.zeros(2, 2)): every entry should be 1/2; yours are 1/4",
        family="denominator",
        edit={"smoothed.sum(dim=1, keepdim=True)": "smoothed.sum()"},
    ),
    Misconception(
        "bigram_probs", "whole table, without alpha",
        says="you divide by the sum of the whole table of counts; each row has a sum of its own, with alpha in it",
        ask="Over how many numbers does your sum run?",
        show="counts [[2, 0], [0, 6]], alpha 1: row 0 should be [3/4, 1/4]; yours is [3/8, 1/8]",
        family="denominator",
        edit={"smoothed.sum(dim=1, keepdim=True)": "counts.sum()"},
    ),
    Misconception(
        "bigram_probs", "softmax of the counts",
        says="your rows are the softmax of the counts; here counts are divided by their sum, without an exponential",
        ask="If b follows a twice as often as c does, how many times as probable should it be?",
        show="counts [2, 1], alpha 0: should be [0.67, 0.33]; yours is [0.73, 0.27]",
        family="rule",
        edit={"smoothed / smoothed.sum(dim=1, keepdim=True)": "torch.softmax(smoothed, dim=1)"},
    ),
    Misconception(
        "bigram_probs", "counts changed",
        says="your probabilities are right, but the counts that were handed in are changed",
        ask="What does += do to the tensor on its left?",
        show="c = torch.zeros(2, 2); bigram_probs(c); print(c)  # should still be zeros; yours are ones",
        family="state",
        edit={"smoothed = counts + alpha": "smoothed = counts.add_(alpha)"},
    ),
)

SOFTMAX = (
    _nothing_returned("softmax", "softmax(torch.zeros(2), 0)", {"return exps": "exps"}),
    Misconception(
        "softmax", "no maximum subtracted",
        says="exp of a large score is infinite, and infinite divided by infinite is NaN",
        ask="Which number can you take off all scores of a row without changing their softmax?",
        show="torch.exp(torch.tensor(89.0)) is inf. Softmax of [1000, 1000] should be [0.5, 0.5]; yours is [nan, nan]",
        family="numerical stability",
        edit={" - x.amax(dim=dim, keepdim=True)": " + 0"},
    ),
    Misconception(
        "softmax", "maximum of the whole tensor",
        says="you take off the largest score of the whole tensor; a row far below it becomes 0/0",
        ask="Is the maximum taken per row?",
        show="[[1000, 1000], [0, 0]]: row 1 becomes exp(-1000) = 0 twice, and 0/0 is NaN; it should be [0.5, 0.5]",
        family="numerical stability",
        edit={"x.amax(dim=dim, keepdim=True)": "x.max()"},
    ),
    Misconception(
        "softmax", "always the last axis",
        says="your softmax runs over the last axis whatever dim says",
        ask="Where in your answer does dim stand?",
        show="softmax(torch.zeros(2, 3), dim=0) should be 1/2 everywhere; yours is 1/3",
        family="wrong axis",
        edit={"x.amax(dim=dim, ": "x.amax(dim=-1, ", "exps.sum(dim=dim, ": "exps.sum(dim=-1, "},
    ),
    Misconception(
        "softmax", "always the first axis",
        says="your softmax runs over axis 0 whatever dim says",
        ask="Where in your answer does dim stand?",
        show="softmax(torch.zeros(2, 3), dim=1) should be 1/3 everywhere; yours is 1/2",
        family="wrong axis",
        edit={"x.amax(dim=dim, ": "x.amax(dim=0, ", "exps.sum(dim=dim, ": "exps.sum(dim=0, "},
    ),
    Misconception(
        "softmax", "sum over everything",
        says="all numbers of the tensor together sum to 1; those along dim should",
        ask="Over how many numbers does your sum run?",
        show="softmax(torch.zeros(2, 2), dim=1) should be 1/2 everywhere; yours is 1/4",
        family="denominator",
        edit={"x.amax(dim=dim, keepdim=True)": "x.max()", "exps.sum(dim=dim, keepdim=True)": "exps.sum()"},
    ),
    Misconception(
        "softmax", "maximum of each row, sum over everything",
        says="all numbers of the tensor together sum to 1; those along dim should",
        ask="Over how many numbers does your sum run?",
        show="softmax(torch.zeros(2, 2), dim=1) should be 1/2 everywhere; yours is 1/4",
        family="denominator",
        edit={"exps.sum(dim=dim, keepdim=True)": "exps.sum()"},
    ),
    Misconception(
        "softmax", "float32 always",
        says="your probabilities are float32 whatever the scores are; they should keep the dtype of the scores",
        ask="Is there a .float() or a dtype=torch.float32 in your answer?",
        show="softmax(torch.zeros(2).double(), 0).dtype should be torch.float64; yours is torch.float32",
        family="rule",
        edit={"torch.exp(shifted)": "torch.exp(shifted.float())"},
    ),
    Misconception(
        "softmax", "no keepdim",
        says="your maximum or your sum has lost its axis, so that it meets the wrong numbers, or none that fit",
        ask="Which shape does x.sum(dim=1) have, and which one would line up with x?",
        show="x = torch.zeros(2, 3): x.sum(dim=1).shape is (2,), and (2, 3) / (2,) does not fit; (2, 1) would",
        family="wrong axis",
        edit={
            "x.amax(dim=dim, keepdim=True)": "x.amax(dim=dim)",
            "exps.sum(dim=dim, keepdim=True)": "exps.sum(dim=dim)",
        },
    ),
    Misconception(
        "softmax", "sum over everything, no maximum",
        says="all numbers of the tensor together sum to 1; those along dim should",
        ask="Over how many numbers does your sum run?",
        show="softmax(torch.zeros(2, 2), dim=1) should be 1/2 everywhere; yours is 1/4",
        family="denominator",
        edit={" - x.amax(dim=dim, keepdim=True)": " + 0", "exps.sum(dim=dim, keepdim=True)": "exps.sum()"},
    ),
    Misconception(
        "softmax", "no keepdim, no maximum",
        says="your sum has lost its axis, so that it meets the wrong numbers, or none that fit",
        ask="Which shape does x.sum(dim=1) have, and which one would line up with x?",
        show="x = torch.zeros(2, 3): x.sum(dim=1).shape is (2,), and (2, 3) / (2,) does not fit; (2, 1) would",
        family="wrong axis",
        edit={" - x.amax(dim=dim, keepdim=True)": " + 0", "exps.sum(dim=dim, keepdim=True)": "exps.sum(dim=dim)"},
    ),
    Misconception(
        "softmax", "no exponential",
        says="you divide the scores by their sum, without taking exponentials first",
        ask="What should become of a negative score?",
        show="softmax of [0, 0] should be [0.5, 0.5]; yours is 0/0",
        family="rule",
        edit={"torch.exp(shifted)": "x"},
    ),
    Misconception(
        "softmax", "not divided",
        says="you take the exponentials and do not divide them by their sum",
        ask="What do your results sum to?",
        show="softmax of [0, 0] should be [0.5, 0.5]; yours is [1, 1]",
        family="denominator",
        edit={" / exps.sum(dim=dim, keepdim=True)": ""},
    ),
    Misconception(
        "softmax", "something added to the denominator",
        says="you add a small number to the denominator: the results sum to a little less than 1",
        ask="Once the largest score has become 0, can the sum of exponentials still be 0?",
        show="softmax of [0, 0] should be 0.5 each; with 1e-3 added it is 1/2.001 = 0.49975",
        family="denominator",
        edit={"exps.sum(dim=dim, keepdim=True)": "(exps.sum(dim=dim, keepdim=True) + 1e-3)"},
    ),
    Misconception(
        "softmax", "powers of 2",
        says="you take powers of 2; softmax takes powers of e",
        ask="Which number does torch.exp raise to the power?",
        show="softmax of [0, 1] should be [0.27, 0.73], that is 1 : e; yours is [0.33, 0.67], 1 : 2",
        family="units",
        edit={"torch.exp(": "torch.exp2("},
    ),
    Misconception(
        "softmax", "logarithm of the softmax",
        says="you return the logarithms of the probabilities",
        ask="Can a probability be negative?",
        show="softmax of [0, 0] should be [0.5, 0.5]; yours is [-0.69, -0.69]",
        family="rule",
        edit={"exps / exps.sum(dim=dim, keepdim=True)": "(exps / exps.sum(dim=dim, keepdim=True)).log()"},
    ),
    Misconception(
        "softmax", "gradient cut off",
        says="the numbers are right, but no gradient flows back to the scores",
        ask="Is there a .detach(), .item(), .tolist(), torch.tensor(…) or no_grad in your answer?",
        show="x = torch.zeros(2, requires_grad=True): softmax(x, 0).requires_grad should be True; yours is False",
        family="gradient",
        edit={"torch.exp(shifted)": "torch.exp(shifted.detach())"},
    ),
    Misconception(
        "softmax", "scores changed",
        says="your probabilities are right, but the scores that were handed in are changed",
        ask="What does -= do to the tensor on its left?",
        show="x = torch.tensor([1., 2.]); softmax(x, 0); print(x)  # should still be 1, 2; yours is -1, 0",
        family="state",
        edit={"shifted = x - x.amax(dim=dim, keepdim=True)": "shifted = x.sub_(x.amax(dim=dim, keepdim=True))"},
    ),
)


def _clamped(P, ids):
    nll = -P[ids[:-1], ids[1:]].clamp(min=1e-8).log().mean().item()
    return nll, math.exp(nll)


def _skips_impossible(P, ids):
    seen = [P[a, b].item() for a, b in pairwise(ids)]
    nll = -sum(math.log(p) for p in seen if p > 0) / len(seen)
    return nll, math.exp(nll)


def _python_product(P, ids):
    product = math.prod(P[a, b].item() for a, b in pairwise(ids))
    nll = -math.log(product) / (len(ids) - 1)
    return nll, math.exp(nll)


def _python_log(P, ids):
    logs = [math.log(P[a, b].item()) for a, b in pairwise(ids)]
    nll = -sum(logs) / len(logs)
    return nll, math.exp(nll)


LOSS = (
    _nothing_returned("bigram_nll", "bigram_nll(torch.ones(2, 2) / 2, [0, 1])", {"return nll, math.exp(nll)": "pass"}),
    Misconception(
        "bigram_nll", "product of probabilities",
        says="you multiply all probabilities and take the logarithm at the end: of a long text the product becomes 0",
        ask="How small is a product of 2000 probabilities, and how small may a float32 become before it is 0?",
        show="torch.full((2000,), 0.3).prod() is 0, and its log −inf; torch.full((2000,), 0.3).log().mean() is −1.204",
        family="numerical stability",
        edit={"probs.log().mean().item()": "(probs.prod().log() / len(probs)).item()"},
    ),
    Misconception(
        "bigram_nll", "product of probabilities, math.log",
        says="you multiply all probabilities and take the logarithm at the end: of a long text the product becomes 0",
        ask="What is 0.3**2000 in Python, and what does math.log say to it?",
        show="0.3**2000 is 0.0, and math.log(0.0) raises ValueError; 2000 * math.log(0.3) is −2407.9",
        family="numerical stability",
        wrong=_python_product,
    ),
    Misconception(
        "bigram_nll", "sum, not mean",
        says="your nll is the sum over all transitions; the mean is asked for",
        ask="Should a text of twice the length be twice as surprising?",
        show="every P 1/2, ids [0, 1, 0]: nll should be ln 2 = 0.69; yours is twice that",
        family="denominator",
        edit={".log().mean()": ".log().sum()"},
    ),
    Misconception(
        "bigram_nll", "divided by the number of ids",
        says="you divide by the number of ids; there is one transition less",
        ask="How many transitions are there between three ids?",
        show="every P 1/2, ids [0, 1, 0]: two transitions, so nll is 2·0.69 / 2; yours is 2·0.69 / 3 = 0.46",
        family="off by one",
        edit={"probs.log().mean().item()": "probs.log().sum().item() / len(ids)"},
    ),
    Misconception(
        "bigram_nll", "last transition left out",
        says="you leave out the last transition",
        ask="At which index does your loop end?",
        show="ids [0, 1, 0] hold the transitions 0→1 and 1→0; yours measures 0→1 alone",
        family="off by one",
        edit={"P[ids[:-1], ids[1:]]": "P[ids[:-1], ids[1:]][: max(len(ids) - 2, 1)]"},
    ),
    Misconception(
        "bigram_nll", "logarithm to base 2",
        says="your nll is in bits (log2), but your perplexity raises e to its power",
        ask="To which base is your logarithm, and what do you raise to its power?",
        show="every P 1/2: nll should be ln 2 = 0.69 and perplexity 2; yours are 1 and e = 2.72",
        family="units",
        edit={"probs.log()": "probs.log2()"},
    ),
    Misconception(
        "bigram_nll", "base 2 throughout",
        says="your perplexity is right, but your nll is in bits: this course uses the natural logarithm",
        ask="Which logarithm is torch.log, and which one is yours?",
        show="every P 1/2: nll should be ln 2 = 0.69; yours is 1",
        family="units",
        edit={"probs.log()": "probs.log2()", "math.exp(nll)": "2**nll"},
    ),
    Misconception(
        "bigram_nll", "logarithm of the mean",
        says="you take the mean of the probabilities first, and then the logarithm",
        ask="Which of the two comes first, the logarithm or the mean?",
        show="probabilities 1 and 1/4: the mean of the logs is ln 2 = 0.69; the log of the mean is ln 1.6 = 0.47",
        family="sign or order",
        edit={"probs.log().mean()": "probs.mean().log()"},
    ),
    Misconception(
        "bigram_nll", "mean of perplexities",
        says="your perplexity is the mean of 1/P; it should be e to the power of the mean nll",
        ask="Which of the two comes first, the exponential or the mean?",
        show="probabilities 1 and 1/4: e to the mean of the nlls is 2; the mean of 1 and 4 is 2.5",
        family="sign or order",
        edit={"math.exp(nll)": "(1 / probs).mean().item()"},
    ),
    Misconception(
        "bigram_nll", "sign forgotten",
        says="your nll is negative: the minus sign is missing",
        ask="What is the sign of the logarithm of a number below 1?",
        show="every P 1/2: nll should be +0.69 and perplexity 2; yours are -0.69 and 0.5",
        family="sign or order",
        edit={"-probs.log()": "probs.log()"},
    ),
    Misconception(
        "bigram_nll", "minus sign in the perplexity",
        says="your nll is right, but your perplexity is e to the power of −nll, which is below 1",
        ask="Should a model that is surprised more have a larger perplexity or a smaller one?",
        show="every P 1/2: perplexity should be 2; yours is 1/2",
        family="sign or order",
        edit={"math.exp(nll)": "math.exp(-nll)"},
    ),
    Misconception(
        "bigram_nll", "rows and columns exchanged",
        says="you read P[b, a] where a is followed by b; it should be P[a, b]",
        ask="In P[a, b], which of the two comes first in the text?",
        show="P = [[0.5, 0.5], [0.9, 0.1]], ids [0, 1]: nll should be −ln 0.5 = 0.69; yours is −ln 0.9 = 0.11",
        family="wrong axis",
        edit={"P[ids[:-1], ids[1:]]": "P[ids[1:], ids[:-1]]"},
    ),
    Misconception(
        "bigram_nll", "every cell of the table",
        says="you read all rows and columns that the ids name, not one cell for each transition",
        ask="How many numbers do you take the logarithm of, and how many transitions are there?",
        show="P[[0, 1]][:, [1, 0]] has four numbers; P[[0, 1], [1, 0]] has two, P[0, 1] and P[1, 0]",
        family="rule",
        edit={"P[ids[:-1], ids[1:]]": "P[ids[:-1]][:, ids[1:]]"},
    ),
    Misconception(
        "bigram_nll", "zero hidden",
        says="you replace a probability of 0 by a small number, so that the impossible looks only unlikely",
        ask="Should a model that called something impossible be forgiven when it happens?",
        show="P = [[1., 0.], [1., 0.]], ids [0, 1]: nll should be inf; yours is finite",
        family="numerical stability",
        wrong=_clamped,
    ),
    Misconception(
        "bigram_nll", "zero left out",
        says="a transition of probability 0 adds nothing to your nll; it should make it infinite",
        ask="What is −ln p when p comes closer and closer to 0?",
        show="P = [[1., 0.], [1., 0.]], ids [0, 1]: nll should be inf; yours is 0, as if nothing were wrong",
        family="numerical stability",
        wrong=_skips_impossible,
    ),
    Misconception(
        "bigram_nll", "math.log of zero",
        says="all is right but for a probability of 0, where your logarithm stops the program: the answer there is inf",
        ask="What does math.log(0.0) do, and what torch.log of a tensor that holds 0?",
        show="torch.tensor(0.0).log() is -inf; math.log(0.0) raises ValueError",
        family="numerical stability",
        wrong=_python_log,
    ),
    Misconception(
        "bigram_nll", "nll alone",
        says="you return the nll alone; a pair (nll, perplexity) is asked for",
        ask="How many numbers does the contract promise?",
        show="every P 1/2: (0.69, 2.0) is asked for; yours is 0.69",
        family="rule",
        edit={"return nll, math.exp(nll)": "return nll"},
    ),
    Misconception(
        "bigram_nll", "a list, not a tuple",
        says="your two numbers are right, but they come in a list; a tuple is asked for",
        ask="What does `return a, b` give, and what `return [a, b]`?",
        show="type(bigram_nll(P, ids)) should be tuple; yours is list",
        family="rule",
        edit={"return nll, math.exp(nll)": "return [nll, math.exp(nll)]"},
    ),
    Misconception(
        "bigram_nll", "perplexity first",
        says="you return (perplexity, nll); the contract asks for (nll, perplexity)",
        ask="Which of the two numbers does the contract name first?",
        show="every P 1/2: (0.69, 2.0) is asked for; yours is (2.0, 0.69)",
        family="sign or order",
        edit={"return nll, math.exp(nll)": "return math.exp(nll), nll"},
    ),
)


def _no_item(P, start, n, generator):
    ids = [start]
    for _ in range(n):
        ids.append(torch.multinomial(P[ids[-1]], 1, generator=generator))
    return ids


def _tensors(P, start, n, generator):
    ids = [start]
    for _ in range(n):
        ids.append(torch.multinomial(P[ids[-1]], 1, generator=generator)[0])
    return ids


SAMPLING = (
    _nothing_returned("sample_bigram", "sample_bigram(torch.eye(2), 0, 3, torch.Generator())", {"return ids": "pass"}),
    Misconception(
        "sample_bigram", "no .item()",
        says="what you draw is a tensor of shape (1,), not a number: with it as index, P gives a table, not a row",
        ask="How do you take the number out of a tensor with one number in it?",
        show="i = torch.tensor([1]): torch.eye(3)[i].shape is (1, 3), and torch.eye(3)[i.item()].shape is (3,), a row",
        family="units",
        wrong=_no_item,
    ),
    Misconception(
        "sample_bigram", "seed set anew for each draw",
        says="you set the seed before each draw, so that every step throws the same dice: each row has one way out",
        ask="If the dice fell the same each time, how many different walks could there be?",
        show="P = torch.full((2, 2), 0.5): in ten steps both ids should come up after 0; yours always takes the same",
        family="state",
        edit={"    for _ in range(n):": "    for _ in range(n):\n        generator.manual_seed(0)"},
    ),
    Misconception(
        "sample_bigram", "seed set to 42 for each draw",
        says="you set the seed before each draw, so that every step throws the same dice: each row has one way out",
        ask="If the dice fell the same each time, how many different walks could there be?",
        show="P = torch.full((2, 2), 0.5): in ten steps both ids should come up after 0; yours always takes the same",
        family="state",
        edit={"    for _ in range(n):": "    for _ in range(n):\n        generator.manual_seed(42)"},
    ),
    Misconception(
        "sample_bigram", "always the most probable",
        says="you take the most probable id each time instead of drawing one",
        ask="If the weather is fine on 6 days of 10, do you forecast fine weather on all 10?",
        show="P = [[0.6, 0.4], [0.6, 0.4]]: in ten draws there should be about four ids 1; yours has none",
        family="rule",
        edit={"torch.multinomial(P[ids[-1]], num_samples=1, generator=generator)": "P[ids[-1]].argmax()"},
    ),
    Misconception(
        "sample_bigram", "always from the row of start",
        says="you draw every id from the row of start; it should be the row of the id before",
        ask="After the first draw, which character is the one that stands there?",
        show="P = [[0., 1.], [1., 0.]], start 0, n 3: should be [0, 1, 0, 1]; yours is [0, 1, 1, 1]",
        family="state",
        edit={"P[ids[-1]]": "P[start]"},
    ),
    Misconception(
        "sample_bigram", "columns",
        says="you draw from a column of P; what follows a stands in row a",
        ask="Which of them sums to 1, the rows of P or its columns?",
        show="P = [[0., 1., 0.], [0., 0., 1.], [1., 0., 0.]]: after 0 comes 1; yours says 2",
        family="wrong axis",
        edit={"P[ids[-1]]": "P[:, ids[-1]]"},
    ),
    Misconception(
        "sample_bigram", "global randomness",
        says="your chance does not come from the generator that is given: the same seed gives another text each time",
        ask="Where in your answer does the generator stand?",
        show="torch.multinomial(row, 1) ignores your generator; torch.multinomial(row, 1, generator=generator) uses it",
        family="state",
        edit={", generator=generator)": ")"},
    ),
    Misconception(
        "sample_bigram", "seed set anew",
        says="you set the seed inside, so that each call draws the same ids again",
        ask="If the model writes two texts in a row with one generator, should they be equal?",
        show="g = torch.Generator(); two calls with g should differ; yours are equal",
        family="state",
        edit={"ids = [start]": "ids = [start]\n    generator.manual_seed(0)"},
    ),
    Misconception(
        "sample_bigram", "n ids in all",
        says="you return n ids; start and n drawn ones make n + 1",
        ask="Is start one of the n ids?",
        show="sample_bigram(P, 0, 1, generator) should have two ids; yours has one",
        family="off by one",
        edit={"range(n)": "range(n - 1)"},
    ),
    Misconception(
        "sample_bigram", "start left out",
        says="you return the drawn ids without start, which should be the first",
        ask="What is the first id of the list?",
        show="sample_bigram(P, 0, 1, generator) should have two ids, 0 first; yours has only the drawn one",
        family="off by one",
        edit={"return ids": "return ids[1:]"},
    ),
    Misconception(
        "sample_bigram", "softmax of probabilities",
        says="you take a softmax of P, which holds probabilities already: even 0 becomes possible",
        ask="What does softmax make of the row [0, 1]?",
        show="softmax of [0, 1] is [0.27, 0.73]: what had probability 0 would now come up every fourth time",
        family="units",
        edit={"P[ids[-1]]": "torch.softmax(P[ids[-1]], dim=0)"},
    ),
    Misconception(
        "sample_bigram", "all equally likely",
        says="you draw each id with the same probability; P takes no part",
        ask="Where in your answer does P stand?",
        show="P = [[0., 1.], [1., 0.]], start 0: should be 0, 1, 0, 1, …; yours goes anywhere",
        family="rule",
        edit={"P[ids[-1]]": "torch.ones(len(P))"},
    ),
    Misconception(
        "sample_bigram", "tensors in the list",
        says="your list holds tensors; Python ints are asked for",
        ask="What is the type of the last element of your list?",
        show="type(ids[-1]) should be int; yours is torch.Tensor. A tensor with one number has .item()",
        family="rule",
        wrong=_tensors,
    ),
    Misconception(
        "sample_bigram", "forbidden steps",
        says="your frequencies are almost right, but you add a little to P, so that steps of probability 0 come up",
        ask="How often should an id be drawn that has probability 0?",
        show="P = [[0., 1.], [1., 0.]]: there is one walk only, 0, 1, 0, 1, …; yours leaves it now and then",
        family="rule",
        edit={"P[ids[-1]]": "P[ids[-1]] + 0.02"},
    ),
)

MISCONCEPTIONS = VOCABULARY + COUNTS + PROBABILITIES + SOFTMAX + LOSS + SAMPLING
