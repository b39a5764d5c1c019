"""Public probes of the unit bigram."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from autograder.probes import Draw, probe

ROWS = [[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.7, 0.2, 0.1]]
NEAR = 0.1  # six standard deviations of a share that is right
TWO_SAMPLES = "samplers of one table may use other random numbers; 0.13 is six standard deviations of their difference"


def _literal(value: Any) -> str:
    """A value as a student would type it."""
    return f"torch.tensor({value.tolist()})" if isinstance(value, Tensor) else repr(value)


def _told(
    name: str, function: Callable, *calls: tuple, then: Callable = lambda result: result, about: str = ""
) -> dict[str, Any]:
    """What each call returns, filed under the call, so that a student reads what to run by hand.

    Each call has arguments of its own: what one of them changes is no matter of the next. Of a forgotten return,
    None is all there is to tell.
    """
    seen = {}
    for args in calls:
        result = function(*deepcopy(args))
        seen[f"{about}{name}({', '.join(map(_literal, args))})"] = None if result is None else then(result)
    return seen


def _found(build_char_vocab: Callable, text: str) -> dict[str, Any]:
    """Which characters of the text the vocabulary knows, under whatever ids."""
    def known(vocab: Any) -> Any:
        return sorted(set(text) & set(vocab)) if isinstance(vocab, dict) else vocab

    return _told("build_char_vocab", build_char_vocab, (text,), then=known, about="the characters with an id in ")


@probe("build_char_vocab", ask="If a text has 5 different characters, which numbers do they get?", weight=2)
def numbers(build_char_vocab: Callable, draw: Draw) -> Any:
    """each different character has one id, and the ids are 0 … V−1"""
    letters = draw.shuffled("abcdefghijklmn")[: draw.integer(4, 7)]
    text = "".join(draw.shuffled(letters + letters[:3]))

    def side(of: Callable) -> Callable:
        return lambda vocab: sorted(of(vocab)) if isinstance(vocab, dict) else vocab

    return {  # which id belongs to whom is a matter of its own
        **_told("build_char_vocab", build_char_vocab, (text,), then=side(dict.keys), about="the characters in "),
        **_told("build_char_vocab", build_char_vocab, (text,), then=side(dict.values), about="the ids in "),
    }


@probe("build_char_vocab", ask="In which order do you meet the characters when you hand out the numbers?", weight=2)
def order(build_char_vocab: Callable, draw: Draw) -> Any:
    """the ids follow the sorted order of the characters"""
    text = "".join(draw.shuffled("abcdefghijklmnopqrstuvwxyz"))[:16]  # 16! orders: nobody meets the right one by luck

    def told(vocab: Any) -> Any:
        if not isinstance(vocab, dict):
            return vocab
        chars = sorted(vocab, key=vocab.get)
        if chars == sorted(chars):
            return "sorted"
        appearing = [char for char in text if char in vocab]
        return "in order of appearance" if chars == appearing else "neither sorted nor as they appear"

    return _told("build_char_vocab", build_char_vocab, (text,), then=told, about="the order of ")


@probe("build_char_vocab", ask="What does sorted make of the list ['b', 'B', 'a']?")
def capitals_first(build_char_vocab: Callable, draw: Draw) -> Any:
    """in the sorted order the capitals stand before the small letters"""
    small, large = draw.shuffled("dfhjlnp")[:3], draw.shuffled("CEGIKMO")[:3]  # no letter in both cases
    text = "a" + "".join(draw.shuffled([*small, *large, "Z"]))

    def told(vocab: Any) -> Any:
        """Only whether one case stands before the other: all else is the probe above."""
        if not isinstance(vocab, dict):
            return vocab
        cases = [char.islower() for char in sorted(vocab, key=vocab.get) if isinstance(char, str)]
        if cases == sorted(cases):
            return "capitals first"
        return "small letters first" if cases == sorted(cases, reverse=True) else "capitals among small letters"

    return _told("build_char_vocab", build_char_vocab, (text,), then=told, about="the order of ")


@probe("build_char_vocab", ask="Are b and B one character to a model that has to write names?")
def upper_case(build_char_vocab: Callable, draw: Draw) -> Any:
    """upper and lower case are different characters"""
    a, b = draw.shuffled("abcdefgh")[:2]
    return _found(build_char_vocab, f"{a}{a.upper()}{b}{b.upper()}")


@probe("build_char_vocab", ask="How would a model end a line if the line break had no number?")
def white_space(build_char_vocab: Callable, draw: Draw) -> Any:
    """spaces and line breaks have ids too, wherever they stand"""
    a, b = draw.shuffled("abcdefgh")[:2]
    return {**_found(build_char_vocab, f" {a}{b}{a}\n"), **_found(build_char_vocab, f"{b} {a}\n{b}")}


@probe("build_char_vocab", ask="Does your code make any assumption about which characters exist?")
def any_character(build_char_vocab: Callable, draw: Draw) -> Any:
    """digits, commas, accents and emoji are characters like any other"""
    return _found(build_char_vocab, "".join(draw.shuffled("é7,語😀!a")[:5]))


@probe("build_char_vocab", ask="How many different characters does an empty text have?")
def empty_text(build_char_vocab: Callable, draw: Draw) -> Any:
    """an empty text has an empty vocabulary"""
    return _told("build_char_vocab", build_char_vocab, ("",))


@probe("bigram_counts", ask="Go through the list with a finger: which cell does the next pair belong to?", weight=2)
def different_pairs(bigram_counts: Callable, draw: Draw) -> Any:
    """row a, column b counts how often b follows a"""
    a, b, c, d = draw.shuffled(range(4))
    return _told("bigram_counts", bigram_counts, ([a, b, c, a, d, c], 4))


@probe("bigram_counts", ask="How many times does the pair stand in the list, and what does your table say?", weight=2)
def repeated_pairs(bigram_counts: Callable, draw: Draw) -> Any:
    """a pair that occurs several times counts each time"""
    a, b, c = draw.shuffled(range(3))
    return _told("bigram_counts", bigram_counts, ([a, b] * draw.integer(2, 5) + [c, a, b], 3))


@probe("bigram_counts", ask="Can a character follow itself, as l does in hello?")
def doubled(bigram_counts: Callable, draw: Draw) -> Any:
    """a character may follow itself; three in a row are two pairs"""
    a, b, c = draw.shuffled(range(3))
    return _told("bigram_counts", bigram_counts, ([b, a, a, a, c], 3))


@probe("bigram_counts", ask="What follows the last id of a text?")
def one_id(bigram_counts: Callable, draw: Draw) -> Any:
    """a single id has no successor, so all counts are 0"""
    return _told("bigram_counts", bigram_counts, ([draw.integer(1, 3)], 3))


@probe("bigram_counts", ask="Who says how many rows the table has: the list or V?")
def unused_ids(bigram_counts: Callable, draw: Draw) -> Any:
    """the table has V rows and V columns, also for ids that do not occur"""
    return _told("bigram_counts", bigram_counts, ([0, 2, 0], draw.integer(4, 7)))


@probe("bigram_counts", kind="property", ask="Which list do your changes land in?")
def ids_afterwards(bigram_counts: Callable, draw: Draw) -> Any:
    """the list of ids is the same afterwards"""
    ids = draw.integers(0, 4, 6).tolist()
    bigram_counts(ids, 4)
    return {"ids after bigram_counts(ids, 4)": ids}


def _counts(draw: Draw, V: int) -> Tensor:
    """Every row and every column has another sum, and none is empty."""
    return draw.integers(1, 4, V, V).float() + torch.diag(torch.tensor(draw.shuffled(range(0, 5 * V, 5))).float())


@probe("bigram_probs", ask="Which numbers have to add up to 1: those that follow one character, or those before it?")
def row_sums(bigram_probs: Callable, draw: Draw) -> Any:
    """each row sums to 1"""
    calls = (_counts(draw, 3),), (_counts(draw, 3), 2.0)
    return _told("bigram_probs", bigram_probs, *calls, then=lambda P: P.sum(dim=1), about="the sums of the rows of ")


@probe("bigram_probs", ask="If alpha is added to each of V counts, by how much does their sum grow?", weight=2)
def values(bigram_probs: Callable, draw: Draw) -> Any:
    """each count plus 1, divided by the sum of its row"""
    counts = _counts(draw, 3)
    counts[0, 2] = counts[2, 1] = 0.0
    return _told("bigram_probs", bigram_probs, (counts,))


@probe("bigram_probs", ask="Where in your answer does alpha stand?", weight=2)
def other_alpha(bigram_probs: Callable, draw: Draw) -> Any:
    """alpha decides how much is added, a little or a lot"""
    counts = _counts(draw, 3)
    return _told("bigram_probs", bigram_probs, (counts, 0.5), (counts, float(draw.integer(5, 20))))


@probe("bigram_probs", ask="What is a fair guess after a character that was never seen?")
def empty_row(bigram_probs: Callable, draw: Draw) -> Any:
    """a character that was never seen gives V equal probabilities"""
    counts, empty = _counts(draw, 4), draw.integer(0, 4)
    counts[empty] = 0.0
    return _told("bigram_probs", bigram_probs, (counts,), then=lambda P: P[empty], about=f"row {empty} of ")


@probe("bigram_probs", ask="Does a step of your answer fix the dtype, whatever dtype the counts have?")
def other_dtype(bigram_probs: Callable, draw: Draw) -> Any:
    """float64 counts give float64 probabilities"""
    return {"the dtype of bigram_probs(counts.double())": str(bigram_probs(_counts(draw, 3).double()).dtype)}


@probe("bigram_probs", kind="property", ask="Does your code make a new tensor, or does += change the one it was given?")
def counts_afterwards(bigram_probs: Callable, draw: Draw) -> Any:
    """the counts are the same afterwards"""
    counts = _counts(draw, 3)
    bigram_probs(counts, 0.5)
    return {"counts after bigram_probs(counts, 0.5)": counts}


@probe("softmax", ask="Which two things happen to a score on its way to a probability?", weight=2)
def last_axis(softmax: Callable, draw: Draw) -> Any:
    """along the last axis it is exp(x) divided by its sum"""
    return softmax(draw.normal(3, 4), -1)


@probe("softmax", ask="With dim=0, which numbers of a table compete with each other?")
def first_axis(softmax: Callable, draw: Draw) -> Any:
    """along axis 0 every column sums to 1"""
    return softmax(draw.normal(2, 3), 0)


@probe("softmax", ask="In a tensor of shape (2, 3, 4) and with dim=1, how many numbers sum to 1 together?")
def middle_axis(softmax: Callable, draw: Draw) -> Any:
    """any axis will do, also one in the middle or counted from the end"""
    x = draw.normal(2, 3, 4)
    return {f"softmax(x of shape (2, 3, 4), dim={dim})": softmax(x.clone(), dim) for dim in (1, -2, 0)}


@probe("softmax", ask="What is exp(1000) in float32, and which number could you take off all scores beforehand?")
def huge_scores(softmax: Callable, draw: Draw) -> Any:
    """scores of 1000 do not overflow"""
    a, b = draw.integer(1, 4), draw.integer(1, 4)
    x = torch.tensor([1000.0, 1000.0 - a, 1000.0 + b])
    return _told("softmax", softmax, (x, 0))


@probe("softmax", ask="Each row has a largest score of its own: whose do you take?")
def different_rows(softmax: Callable, draw: Draw) -> Any:
    """a row of tiny scores stays right beside a row of huge ones"""
    a, b = draw.integer(1, 4), draw.integer(1, 4)
    x = torch.tensor([[1000.0, 1000.0 - a], [-1000.0, -1000.0 + b], [0.0, float(a)]])
    return _told("softmax", softmax, (x, 1))


@probe("softmax", ask="What is e to the power of −∞?")
def impossible_scores(softmax: Callable, draw: Draw) -> Any:
    """a score of −inf gets probability 0, and the others share the rest"""
    scores = draw.shuffled([float("-inf"), 0.0, 1.0, float("-inf"), 2.0])
    weights = softmax(torch.tensor(scores), 0)
    return {f"softmax(torch.tensor({scores}), 0)".replace("inf", "math.inf"): weights}


@probe("softmax", ask="Is there a step in your answer that makes new numbers without remembering where they came from?")
def gradient(softmax: Callable, draw: Draw) -> Any:
    """gradients flow back to the scores"""
    x = draw.normal(2, 4).requires_grad_()
    (softmax(x * 1.0, -1) * draw.normal(2, 4)).sum().backward()
    return {"x.grad": x.grad}


@probe("softmax", ask="Does a step of your answer fix the dtype, whatever dtype the scores have?")
def other_dtype_of_scores(softmax: Callable, draw: Draw) -> Any:
    """float64 scores give float64 probabilities"""
    return {"the dtype of softmax(x.double(), 0)": str(softmax(draw.normal(3, 2).double(), 0).dtype)}


@probe("softmax", kind="property", ask="Which of your operations end in an underscore, or use -= or /= ?")
def scores_afterwards(softmax: Callable, draw: Draw) -> Any:
    """the scores are the same afterwards"""
    x = draw.normal(2, 3)
    softmax(x, 1)
    return {"x after softmax(x, 1)": x}


def _model(draw: Draw) -> Tensor:
    """Three rows of probabilities, no two alike."""
    return torch.tensor([draw.shuffled(row) for row in draw.shuffled(ROWS)])


def _one_of(result: Any, name: str) -> Any:
    """nll or perplexity alone: an error in one of them is no error in the other."""
    is_pair = isinstance(result, tuple) and len(result) == 2
    return {name: result[("nll", "perplexity").index(name)]} if is_pair else result


def _round(P: Tensor) -> str:
    return f"torch.tensor({[[round(p, 3) for p in row] for row in P.tolist()]})"


def _measured(bigram_nll: Callable, P: Tensor, ids: list[int], name: str) -> dict[str, Any]:
    return {f"bigram_nll({_round(P)}, {ids})": _one_of(bigram_nll(P, ids), name)}


@probe("bigram_nll", ask="How many transitions does the list hold, and what becomes of their logarithms?", weight=2)
def loss(bigram_nll: Callable, draw: Draw) -> Any:
    """the first number is the mean of −ln P over all transitions"""
    return _measured(bigram_nll, _model(draw), [0, 1, 1, 2, *draw.shuffled([0, 1, 2])], "nll")


@probe("bigram_nll", ask="Perplexity is e to the power of what, and is the mean taken before or after?", weight=2)
def perplexity(bigram_nll: Callable, draw: Draw) -> Any:
    """the second number is e to the power of that mean"""
    return _measured(bigram_nll, _model(draw), [0, 1, 1, 2, *draw.shuffled([0, 1, 2])], "perplexity")


@probe("bigram_nll", ask="What is 0.3 to the power of 2000, to a computer?", weight=2)
def thousands_of_ids(bigram_nll: Callable, draw: Draw) -> Any:
    """a text of 2000 ids can be measured as well as a short one"""
    P, ids = _model(draw), draw.integers(0, 3, 2000).tolist()
    return {f"bigram_nll({_round(P)}, 2000 ids)": _one_of(bigram_nll(P, ids), "nll")}


@probe("bigram_nll", ask="How many choices has a model that finds all V characters equally likely?")
def uniform(bigram_nll: Callable, draw: Draw) -> Any:
    """a model that knows nothing has perplexity V"""
    V = draw.integer(4, 8)
    ids = draw.integers(0, V, 7).tolist()
    result = bigram_nll(torch.ones(V, V) / V, ids)
    return {f"bigram_nll(torch.ones({V}, {V}) / {V}, {ids})": _one_of(result, "perplexity")}


@probe("bigram_nll", ask="In P[a, b], which is the character that stands there, and which is the one that follows?")
def one_transition(bigram_nll: Callable, draw: Draw) -> Any:
    """from a to b the probability is the one in row a, column b"""
    a, b = draw.shuffled(range(3))[:2]
    P = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3], [0.15, 0.05, 0.8]])
    return _measured(bigram_nll, P, [a, b], "nll")


@probe("bigram_nll", ask="How surprised is somebody who sees what they were sure could not happen?")
def impossible(bigram_nll: Callable, draw: Draw) -> Any:
    """an impossible transition makes both numbers infinite"""
    a, b = draw.shuffled(range(2))
    P = torch.tensor([[0.5, 0.5], [0.5, 0.5]])
    P[a] = torch.tensor([0.0, 1.0]) if b else torch.tensor([1.0, 0.0])
    ids = [b, a, a, b]
    return {f"bigram_nll({_round(P)}, {ids})": bigram_nll(P, ids)}


@probe("bigram_nll", kind="property", ask="Does measuring have to change what is measured?")
def model_and_text_afterwards(bigram_nll: Callable, draw: Draw) -> Any:
    """the model and the ids are the same afterwards"""
    P, ids = _model(draw), [0, 1, 1, 2, 0]
    bigram_nll(P, ids)
    return {"P after bigram_nll(P, ids)": P, "ids after bigram_nll(P, ids)": ids}


def _cycle(draw: Draw, V: int) -> Tensor:
    """A model with no choice: it walks through all V ids in a fixed, shuffled circle."""
    tour, P = draw.shuffled(range(V)), torch.zeros(V, V)
    for here, there in zip(tour, tour[1:] + tour[:1], strict=True):
        P[here, there] = 1.0
    return P


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _walk(sample_bigram: Callable, P: Tensor, start: int, n: int) -> dict[str, Any]:
    return {f"sample_bigram({_literal(P)}, {start}, {n}, generator)": sample_bigram(P, start, n, _generator(1))}


@probe("sample_bigram", ask="If row a holds a single 1, in column b: what comes after a?", weight=2)
def no_choice(sample_bigram: Callable, draw: Draw) -> Any:
    """where P leaves no choice, the walk goes from row to row as P says"""
    return _walk(sample_bigram, _cycle(draw, 4), draw.integer(0, 4), 7)


@probe("sample_bigram", ask="start is given and n ids are drawn: how many is that together?")
def length(sample_bigram: Callable, draw: Draw) -> Any:
    """the list begins with start and holds n + 1 ids, also for n = 0"""
    start, P = draw.integer(0, 3), torch.full((3, 3), 1 / 3)

    def told(n: int) -> Any:
        try:  # what goes wrong in the second step is told above; whether the first one works is told here
            ids = sample_bigram(P, start, n, _generator(1))
            return {"first": int(ids[0]), "ids": len(ids)} if ids else ids
        except Exception as error:
            return f"raised {type(error).__name__}"

    return {f"sample_bigram(P, {start}, {n}, generator)": told(n) for n in (5, 1, 0)}


@probe(
    "sample_bigram",
    ask="How often should an id be drawn that has probability 0.15, in a hundred tries?",
    atol=0.13,
    because=TWO_SAMPLES,
    weight=3,
)
def frequencies(sample_bigram: Callable, draw: Draw) -> Any:
    """each transition is taken as often as P says"""
    shift, P = draw.choice([1, 2]), torch.zeros(3, 3)
    for here in range(3):
        for step, p in ((shift, 0.75), (0, 0.15), (3 - shift, 0.1)):
            P[here, (here + step) % 3] = p
    walk = sample_bigram(P, draw.integer(0, 3), 2400, _generator(draw.integer(0, 999)))
    ids = torch.as_tensor([int(i) for i in walk])
    seen = torch.bincount(ids[:-1] * 3 + ids[1:], minlength=9).view(3, 3).float()
    shares = seen / seen.sum(dim=1, keepdim=True).clamp(min=1)
    shares = torch.where((shares - P).abs() < NEAR, P, shares)  # near enough: told as what P says
    return {f"the shares of the steps in sample_bigram({_round(P)}, start, 2400, generator)": shares}


@probe("sample_bigram", ask="If five ids are nearly equally likely, how many of them do you expect in a hundred steps?")
def all_come_up(sample_bigram: Callable, draw: Draw) -> Any:
    """where all ids are nearly equally likely, all of them come up"""
    def told(favourite: int) -> Any:
        P = torch.full((5, 5), 0.1995)
        P[:, favourite] = 0.202
        walk = sample_bigram(P, favourite, 100, _generator(draw.integer(0, 999)))
        return ", ".join(map(str, sorted({int(i) for i in walk[1:]})))

    name = "the ids in a walk of 100 steps (P = 0.202 for {}, 0.1995 for each other)"
    return {name.format(favourite): told(favourite) for favourite in draw.shuffled(range(5))[:2]}


@probe("sample_bigram", ask="Two friends use generators with the same seed: do they read the same text?")
def repeatable(sample_bigram: Callable, draw: Draw) -> Any:
    """all chance comes from the generator: the same seed, the same ids"""
    P, seed = torch.full((5, 5), 0.2), draw.integer(0, 999)
    first, again = (sample_bigram(P, 0, 60, _generator(seed)) for _ in range(2))
    same = "the same" if first == again else "different"
    return {f"two walks of 60 steps, each with torch.Generator().manual_seed({seed})": first and same}


@probe("sample_bigram", ask="Where does the second walk get its random numbers from, if the generator goes on?")
def moves_on(sample_bigram: Callable, draw: Draw) -> Any:
    """a second walk with the same generator is a new one, and so is another seed"""
    P, seed = torch.full((5, 5), 0.2), draw.integer(0, 999)
    generator = _generator(seed)
    first, second = (sample_bigram(P, 0, 60, generator) for _ in range(2))
    other = sample_bigram(P, 0, 60, _generator(seed + 1))
    pairs = {"two walks (one generator)": second, f"two walks (seeds {seed} and {seed + 1})": other}
    return {name: "the same" if walk == first else "different" for name, walk in pairs.items()}


@probe("sample_bigram", kind="property", ask="Does drawing have to change the table it draws from?")
def model_afterwards(sample_bigram: Callable, draw: Draw) -> Any:
    """the table P is the same afterwards"""
    P = _model(draw)
    sample_bigram(P, 0, 5, _generator(1))
    return {"P after sample_bigram(P, 0, 5, generator)": P}
