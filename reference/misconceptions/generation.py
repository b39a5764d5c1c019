"""What goes wrong in generation: filters that cut too much or too little, batches of one, and a cache out of step."""

import torch
from torch import Tensor

from reference.generation import cached_attention
from reference.misconceptions import Misconception

HALVES = "logits are the logarithms of 0.5, 0.3, 0.15, 0.05 and p is 0.7: "
COUNTING = "a model in which 4 follows 3 follows 2 follows 1, eos_id 4, ids [[3], [1]], 3 new tokens:\n"


def _nothing_returned(exercise: str, call: str, edit: dict[str, str]) -> Misconception:
    """The first slip of everybody, told the same way in each exercise."""
    return Misconception(
        exercise, "nothing returned",
        says="your function ends without a return, so that what it has made is lost",
        ask="What does a function give back whose last line is not a return?",
        show=f"print({call})  # should show the result; yours shows None",
        family="rule", edit=edit,
    )


def _result_dropped(exercise: str, method: str, edit: dict[str, str]) -> Misconception:
    return Misconception(
        exercise, "result of the last step dropped",
        says=f"you return the logits as they came: {method} makes a new tensor, and you let it go",
        ask="Which of your names holds the new tensor?",
        show="x = torch.zeros(2); x.masked_fill(torch.tensor([True, False]), 5.0); print(x) shows [0, 0]",
        family="state", edit=edit,
    )


def _in_place(exercise: str, call: str, edit: dict[str, str]) -> Misconception:
    return Misconception(
        exercise, "changes the caller's logits",
        says="your result is right, but you write it into the caller's own logits",
        ask="What does an underscore at the end of a method's name mean, and what does logits[…] = … write into?",
        show=f"before = logits.clone(); {call}; torch.equal(logits, before) should be True",
        family="state", edit=edit,
    )


def _large_negative(exercise: str, edit: dict[str, str]) -> Misconception:
    return Misconception(
        exercise, "−1 000 000 000 instead of −inf",
        says="tokens that are out get −1 000 000 000; the contract says −inf, which needs no such guess",
        ask="Is there a logit that is lower than your number? Does your number fit into 16 bits?",
        show="torch.zeros(1).half().fill_(-1e9) raises: the largest number of 16 bits is 65504",
        family="numerical stability", edit=edit,
    )


def _zeros(exercise: str, edit: dict[str, str]) -> Misconception:
    return Misconception(
        exercise, "0 instead of −inf",
        says="tokens that are out get the logit 0, which is a logit like any other: they can still be drawn",
        ask="Which logit becomes the probability 0 in a softmax?",
        show="torch.softmax(torch.tensor([-2.0, 0.0]), dim=0) is [0.12, 0.88]: the token with 0 comes most of the time",
        family="rule", edit=edit,
    )


def _float32(exercise: str, edit: dict[str, str]) -> Misconception:
    return Misconception(
        exercise, "16 bits become 32",
        says="your result is float32 whatever came in: you made a tensor anew, and that one was float32",
        ask="What is the dtype of torch.full((2,), -torch.inf), and which function makes a tensor like another one?",
        show="(torch.zeros(2).half() + torch.zeros(2)).dtype is torch.float32; torch.full_like(x, 1) is like x",
        family="rule", edit=edit,
    )


TOP_K = (
    _nothing_returned("top_k_filter", "top_k_filter(torch.zeros(1, 3), 2)", {"return logits.mask": "logits.mask"}),
    _result_dropped(
        "top_k_filter", "masked_fill",
        {'return logits.masked_fill(logits < kth_largest, float("-inf"))': "return logits.clone()"},
    ),
    _in_place("top_k_filter", "top_k_filter(logits, 2)", {"masked_fill(": "masked_fill_("}),
    _zeros("top_k_filter", {'float("-inf")': "0.0"}),
    _large_negative("top_k_filter", {'float("-inf")': "-1e9"}),
    _float32(
        "top_k_filter",
        {'logits.masked_fill(logits < kth_largest, float("-inf"))':
         'torch.where(logits < kth_largest, torch.full(logits.shape, float("-inf")), logits)'},
    ),
    Misconception(
        "top_k_filter", "thresholds as a row",
        says="your thresholds stand in a row, (B,), and are compared with columns: right for a batch of one only",
        ask="Row b of (B, V) is to be compared with threshold b. Which shape must the thresholds have?",
        show="(torch.zeros(2, 3) < torch.zeros(2)) raises; with torch.zeros(2, 1) each row has its own threshold",
        family="batch of one", edit={".values[:, -1:]": ".values[:, -1]"},
    ),
    Misconception(
        "top_k_filter", "the k largest of the whole batch",
        says="you keep the k largest of the whole batch; each row should keep its own k",
        ask="If all large logits are in row 0, what is left for row 1?",
        show="logits [[1, 2], [10, 20]], k = 1: should leave 2 and 20; yours leaves 20 alone",
        family="batch of one", edit={"logits.topk(k, dim=-1).values[:, -1:]": "logits.flatten().topk(k).values[-1]"},
    ),
    Misconception(
        "top_k_filter", "k larger than V",
        says="your answer fails when k is larger than V: there are not that many tokens in a row",
        ask="How many tokens can stay at most?",
        show="torch.zeros(1, 3).topk(5) raises; with k = 5 and V = 3 all three should stay",
        family="rule", edit={"    k = min(k, logits.shape[-1])\n": ""},
    ),
    Misconception(
        "top_k_filter", "drops the k-th",
        says="the k-th largest is dropped too: k − 1 tokens stay, and with k = 1 none",
        ask="Is the k-th largest smaller than the k-th largest?",
        show="logits [[1, 3, 2]], k = 2: should leave 3 and 2; yours leaves 3",
        family="off by one", edit={"logits < kth": "logits <= kth"},
    ),
    Misconception(
        "top_k_filter", "k counted from 0",
        says="your threshold is one place too far down: sorted[k] is the (k + 1)-th largest",
        ask="In a sorted list, at which index stands the largest, and at which the k-th largest?",
        show="[30, 20, 10][2] is 10; the second largest is [30, 20, 10][1]",
        family="off by one",
        edit={"logits.topk(k, dim=-1).values[:, -1:]": "logits.sort(dim=-1, descending=True).values[:, k, None]"},
    ),
    Misconception(
        "top_k_filter", "k numbers returned",
        says="you return the k largest logits, (B, k); the result is as wide as the vocabulary",
        ask="If the result has k columns, which token does column 0 stand for?",
        show="top_k_filter(torch.zeros(1, 5), 2).shape should be (1, 5); yours is (1, 2)",
        family="rule",
        edit={'logits.masked_fill(logits < kth_largest, float("-inf"))': "logits.topk(k, dim=-1).values"},
    ),
    Misconception(
        "top_k_filter", "ties cut off",
        says="exactly k tokens stay, and of tokens with the same logit some are out and some are not, by accident",
        ask="If two tokens have the same logit, which one deserves to stay?",
        show="logits [[5, 0, 5]], k = 1: both 5 should stay; yours keeps one",
        family="rule",
        edit={'logits.masked_fill(logits < kth_largest, float("-inf"))':
              'torch.full_like(logits, float("-inf")).scatter(-1, *reversed(logits.topk(k, dim=-1)))'},
    ),
    Misconception(
        "top_k_filter", "argsort taken for ranks",
        says="you compare argsort with k, but argsort says which token has place 0, not which place token 0 has",
        ask="argsort of [10, 30, 20], largest first, is [1, 2, 0]. Which place has the token 0?",
        show="logits [[10, 30, 20]], k = 1: should leave 30; argsort is [1, 2, 0], so yours leaves 20",
        family="view or transpose", edit={"logits < kth_largest": "logits.argsort(dim=-1, descending=True) >= k"},
    ),
)

TOP_P = (
    _nothing_returned("top_p_filter", "top_p_filter(torch.zeros(1, 3), 0.5)", {"return logits.mask": "logits.mask"}),
    _result_dropped("top_p_filter", "masked_fill", {'masked_fill(dropped, float("-inf"))': "clone()"}),
    _in_place("top_p_filter", "top_p_filter(logits, 0.5)", {"masked_fill(": "masked_fill_("}),
    _zeros("top_p_filter", {'float("-inf")': "0.0"}),
    _large_negative("top_p_filter", {'float("-inf")': "-1e9"}),
    _float32(
        "top_p_filter",
        {'logits.masked_fill(dropped, float("-inf"))':
         'torch.where(dropped, torch.full(logits.shape, float("-inf")), logits)'},
    ),
    Misconception(
        "top_p_filter", "sorted upwards",
        says="you begin to add up with the most unlikely token; the set should begin with the likeliest",
        ask="In which order does sort sort if you do not say otherwise?",
        show=HALVES + "should leave 0.5 and 0.3; from below, 0.05 + 0.15 + 0.3 are only 0.5, so all four stay",
        family="sign or order", edit={"descending=True": "descending=False"},
    ),
    Misconception(
        "top_p_filter", "not sorted",
        says="you add up the probabilities in the order of the vocabulary, without sorting them",
        ask="The likeliest token may be the last of the vocabulary. When is its turn?",
        show="probabilities 0.05, 0.15, 0.3, 0.5 and p = 0.7: should leave 0.3 and 0.5, whatever stands in front",
        family="sign or order",
        edit={"logits.sort(dim=-1, descending=True)": "(logits, torch.arange(logits.shape[-1]).expand_as(logits))"},
    ),
    Misconception(
        "top_p_filter", "drops the token that crosses p",
        says="the token that crosses the line is dropped, so that those who stay do not reach p",
        ask="0.5 is less than 0.7. Which token has to come in before the sum is at least 0.7?",
        show=HALVES + "should leave 0.5 and 0.3; yours leaves 0.5, which is less than 0.7",
        family="off by one", edit={"cumsum(dim=-1) - probs >= p": "cumsum(dim=-1) >= p"},
    ),
    Misconception(
        "top_p_filter", "small p leaves nothing",
        says="the token that crosses the line is dropped, and where the first one crosses it nothing is left",
        ask="What can be drawn if every logit is −inf?",
        show="probabilities 0.75, 0.25 and p = 0.5: should leave 0.75; yours leaves nothing at all",
        family="off by one",
        edit={"cumsum(dim=-1) - probs >= p": "cumsum(dim=-1) >= p", "    dropped[:, 0] = False\n": ""},
    ),
    Misconception(
        "top_p_filter", "p = 0 leaves nothing",
        says="with p = 0 every token is dropped; the likeliest should always stay",
        ask="Before the first token the sum is 0. Is that at least p?",
        show="top_p_filter(torch.zeros(1, 1), 0) should be [[0.]]; yours is [[−inf]]",
        family="off by one", edit={"    dropped[:, 0] = False\n": ""},
    ),
    Misconception(
        "top_p_filter", "one token too many",
        says="your set goes one token beyond the one that crosses the line: it was shifted twice",
        ask="The sum is at least p. Does the next token still belong to the smallest set?",
        show=HALVES + "should leave 0.5 and 0.3; yours leaves 0.15 too",
        family="off by one",
        edit={"probs.cumsum(dim=-1) - probs >= p": "(probs.cumsum(dim=-1) - probs >= p).roll(1, dims=-1)"},
    ),
    Misconception(
        "top_p_filter", "shifted into itself",
        says="you copy a tensor into its own neighbours, in the same memory: what was copied a moment ago is copied on",
        ask="If a[1] becomes a[0], what is a[1] when a[2] is to become it?",
        show="a = torch.tensor([[1, 2], [3, 4]]).repeat(1, 2); a[:, 1:] = a[:, :-1] makes row 0 [1, 1, 1, 1]",
        family="state",
        edit={"probs.cumsum(dim=-1) - probs >= p": "probs.cumsum(dim=-1) >= p\n    dropped[:, 1:] = dropped[:, :-1]"},
    ),
    Misconception(
        "top_p_filter", "logits added up",
        says="you add up logits where probabilities should be added up",
        ask="Which numbers sum to 1, and what does p = 0.7 mean for the others?",
        show="logits [[2, 1, 0]] sum to 3, and their first one is above 0.7 already; its probability is 0.67",
        family="units", edit={"softmax(sorted_logits, dim=-1)": "sorted_logits"},
    ),
    Misconception(
        "top_p_filter", "exp without the sum",
        says="you take exp of the logits but do not divide by the sum: right only if the logits are log-probabilities",
        ask="Do exp(logits) sum to 1 in every row?",
        show="logits [[0, 0]], p = 0.7: exp is 1 and 1, so one token would hold p; each has the probability 0.5",
        family="denominator", edit={"softmax(sorted_logits, dim=-1)": "sorted_logits.exp()"},
    ),
    Misconception(
        "top_p_filter", "exp(1000)",
        says="exp of a logit of 1000 is infinite and your probabilities are NaN",
        ask="Which number can be subtracted from a whole row without changing its softmax?",
        show="torch.tensor(1000.0).exp() is inf, and inf / inf is nan; softmax from unit 1 subtracts the maximum first",
        family="numerical stability",
        edit={"softmax(sorted_logits, dim=-1)": "sorted_logits.exp() / sorted_logits.exp().sum(dim=-1, keepdim=True)"},
    ),
    Misconception(
        "top_p_filter", "softmax over the batch",
        says="your softmax runs over the batch: one row's probabilities depend on the other rows",
        ask="Which axis of (B, V) is the vocabulary?",
        show="softmax of zeros of shape (2, 4) should be 1/4 everywhere; along axis 0 it is 1/2",
        family="wrong axis", edit={"softmax(sorted_logits, dim=-1)": "softmax(sorted_logits, dim=0)"},
    ),
    Misconception(
        "top_p_filter", "keeps what has p itself",
        says="you keep tokens whose own probability is at least p; it is their sum that should reach p",
        ask="Can two tokens have a probability of 0.7 each?",
        show=HALVES + "should leave 0.5 and 0.3; no token has 0.7 by itself, so yours leaves only the likeliest",
        family="rule", edit={"probs.cumsum(dim=-1) - probs >= p": "probs < p"},
    ),
    Misconception(
        "top_p_filter", "mask not put back",
        says="your mask is in sorted order and the logits are not: wrong tokens are dropped",
        ask="Column 0 of the sorted logits came from which column of logits?",
        show="probabilities 0.05, 0.15, 0.3, 0.5 and p = 0.7: the mask F, F, T, T belongs to 0.5, 0.3, 0.15, 0.05",
        family="view or transpose",
        edit={"    dropped = dropped.scatter(-1, order, dropped)  # back to where each token came from\n": ""},
    ),
    Misconception(
        "top_p_filter", "gather instead of scatter",
        says="you sort the mask once more instead of putting it back: gather reads at order, scatter writes at order",
        ask="order[0] is the token that came first. Is it read from there, or written to there?",
        show="order = [2, 0, 1], mask [F, T, T]: token 2 should stay; gather(order) gives [T, F, T], so token 1 does",
        family="view or transpose", edit={"dropped.scatter(-1, order, dropped)": "dropped.gather(-1, order)"},
    ),
    Misconception(
        "top_p_filter", "rounding at p = 1",
        says="with p = 1 you drop very unlikely tokens: rounded, the sum reaches 1 before the last one",
        ask="What is 1 + 0.00000001 in float32?",
        show="top_p_filter(torch.tensor([[0., -20.]]), 1.0) should keep both: 1 − 2e-9 is rounded to 1",
        family="numerical stability", edit={"if p >= 1:": "if p > 1:"},
    ),
    Misconception(
        "top_p_filter", "all that tie stay",
        says="you keep every token that is as likely as the last one needed: more than the smallest set",
        ask="Five tokens have 0.2 each, and p = 0.5. How many are needed?",
        show="top_p_filter(torch.zeros(1, 5), 0.5) should keep three; yours keeps five",
        family="rule",
        edit={"dropped.scatter(-1, order, dropped)":
              'logits < sorted_logits.masked_fill(dropped, float("inf")).amin(dim=-1, keepdim=True)'},
    ),
)

_DRAWN = "torch.multinomial(probs, num_samples=1, generator=generator)"
_GREEDY = "    if temperature == 0:\n        return logits.argmax(dim=-1, keepdim=True)\n"

SAMPLE = (
    _nothing_returned(
        "sample_next", "sample_next(torch.zeros(1, 3))",
        {"return torch.multinomial": "torch.multinomial", "return logits.argmax": "return; logits.argmax"},
    ),
    Misconception(
        "sample_next", "multiplies by the temperature",
        says="you multiply the logits by the temperature; they should be divided by it",
        ask="Should a high temperature make the tokens more alike, or less?",
        show="logits [2, 0]: at temperature 2 they become [1, 0], shares 0.73 and 0.27; yours are [4, 0]: 0.98, 0.02",
        family="sign or order", edit={"(logits / temperature": "(logits * temperature"},
    ),
    Misconception(
        "sample_next", "temperature has no effect",
        says="the temperature has no effect: your shares are those of temperature 1",
        ask="If all probabilities are halved, does any token come more often than before?",
        show="logits [2, 0]: at temperature 2 the shares should be 0.73 and 0.27; yours are 0.88 and 0.12",
        family="scale factor", edit={"softmax(logits / temperature, dim=-1)": "softmax(logits, dim=-1) / temperature"},
    ),
    Misconception(
        "sample_next", "divides by a temperature of 0",
        says="at temperature 0 you divide by 0, and what comes out is no probability any more",
        ask="Which token should come at temperature 0, and does one need a division to find it?",
        show="torch.softmax(torch.tensor([1.0, 2.0]) / 0, dim=0) is [nan, nan]",
        family="numerical stability", edit={_GREEDY: ""},
    ),
    Misconception(
        "sample_next", "temperature 0 is drawn too",
        says="you replace a temperature of 0 by a tiny one and draw: right mostly, but the generator moves on",
        ask="If two tokens are nearly equal, what does a tiny temperature make of them? Who draws at temperature 0?",
        show="generator.get_state() before and after sample_next(logits, 0, generator) should be equal",
        family="rule", edit={_GREEDY: "    temperature = max(temperature, 1e-6)\n"},
    ),
    Misconception(
        "sample_next", "always the likeliest",
        says="you always take the likeliest token, at every temperature",
        ask="If the weather is fine on 6 days of 10, do you forecast fine weather on all 10?",
        show="logits [[0.4, 0.0]]: in ten draws there should be about four tokens 1; yours has none",
        family="rule", edit={"if temperature == 0:": "if True:"},
    ),
    Misconception(
        "sample_next", "generator ignored",
        says="your chance does not come from the generator that is given: the same seed gives other tokens each time",
        ask="Where in your answer does the generator stand?",
        show="torch.multinomial(probs, 1) ignores it; torch.multinomial(probs, 1, generator=generator) uses it",
        family="state", edit={", generator=generator)": ")"},
    ),
    Misconception(
        "sample_next", "seed set anew",
        says="you set a seed inside, so that each call throws the same dice",
        ask="If a model writes two tokens in a row with one generator, must they fall alike?",
        show="g = torch.Generator(); two calls with g should differ; yours are equal",
        family="state", edit={"generator=generator)": "generator=torch.Generator().manual_seed(0))"},
    ),
    Misconception(
        "sample_next", "draws from logits",
        says="you hand logits to the function that draws; it wants probabilities, and a negative one raises",
        ask="What turns scores of any sign into numbers from 0 to 1?",
        show="torch.multinomial(torch.tensor([1.0, -1.0]), 1) raises; of softmax([1, −1]) it draws",
        family="units", edit={"softmax(logits / temperature, dim=-1)": "logits / temperature"},
    ),
    Misconception(
        "sample_next", "softmax over the batch",
        says="your softmax runs over the batch: the texts compete with each other, not the tokens",
        ask="Which axis of (B, V) is the vocabulary?",
        show="logits [[5, 0], [5, 0]] with dim=0 give 0.5 everywhere; token 0 should have 0.99 in each row",
        family="wrong axis", edit={"softmax(logits / temperature, dim=-1)": "softmax(logits / temperature, dim=0)"},
    ),
    Misconception(
        "sample_next", "exp(1000)",
        says="exp of a logit of 1000 is infinite, and what you draw from is NaN",
        ask="Which number can be subtracted from a whole row without changing its softmax?",
        show="torch.tensor(1000.0).exp() is inf, and inf / inf is nan; softmax from unit 1 subtracts the maximum first",
        family="numerical stability",
        edit={"softmax(logits / temperature, dim=-1)":
              "(logits / temperature).exp() / (logits / temperature).exp().sum(dim=-1, keepdim=True)"},
    ),
    Misconception(
        "sample_next", "−inf made finite",
        says="tokens with the logit −inf come now and then, at high temperatures: you gave them some small chance",
        ask="How large is softmax([0, −10]) at temperature 20 for the second one?",
        show="exp(−10 / 20) is 0.61: at temperature 20 a logit of −10 is nearly as good as one of 0",
        family="rule", edit={"softmax(logits /": "softmax(logits.masked_fill(logits.isinf(), -10) /"},
    ),
    Misconception(
        "sample_next", "row 0 for all",
        says="all rows are drawn from the probabilities of row 0",
        ask="Two texts go on differently. From which row is the token of the second one drawn?",
        show="logits [[9, 0], [0, 9]]: should give 0 and 1; yours gives 0 and 0",
        family="batch of one", edit={"multinomial(probs": "multinomial(probs[:1].expand_as(probs)"},
    ),
    Misconception(
        "sample_next", "one draw for all",
        says="you draw once and give all rows that token; each row throws dice of its own",
        ask="How many dice do you throw for a batch of 60 texts?",
        show="sample_next(torch.zeros(60, 5)) should hold all five tokens; yours holds one of them 60 times",
        family="batch of one", edit={_DRAWN: f"{_DRAWN}[:1].expand(len(logits), 1)"},
    ),
    Misconception(
        "sample_next", "changes the caller's logits",
        says="you divide the caller's own logits by the temperature: the next call divides them again",
        ask="Does logits /= temperature make a new tensor?",
        show="logits = torch.ones(1, 2); sample_next(logits, 2.0); print(logits) should still show ones",
        family="state", edit={"softmax(logits / temperature": "softmax(logits.div_(temperature)"},
    ),
    Misconception(
        "sample_next", "greedy tokens without a column",
        says="at temperature 0 your result is (B,); it should be a column, (B, 1), as when it is drawn",
        ask="Which argument of argmax keeps the axis, with length 1?",
        show="torch.zeros(2, 3).argmax(dim=-1).shape is (2,); with keepdim=True it is (2, 1)",
        family="wrong axis", edit={", keepdim=True": ""},
    ),
    Misconception(
        "sample_next", "a row instead of a column",
        says="your result is (B,); it should be a column, (B, 1), which can be put behind the texts",
        ask="Which shapes can be joined along dim=1 with texts of shape (B, T)?",
        show="sample_next(torch.zeros(2, 3)).shape should be (2, 1); yours is (2,)",
        family="wrong axis", edit={", keepdim=True": "", _DRAWN: f"{_DRAWN}.squeeze(-1)"},
    ),
)

_WINDOW = "ids[:, -model.config.block_size :]"
_JOINED = "ids = torch.cat([ids, next_ids], dim=1)"
_FILLED = "                    next_ids = next_ids.masked_fill(finished, eos_id)\n"

GENERATE = (
    _nothing_returned("generate", "generate(model, ids, 3)", {"return ids": "pass"}),
    Misconception(
        "generate", "context not cropped",
        says="the model gets the whole text, also where it is longer than its context: it raises",
        ask="How many positions has the model's position table, and how long is the text after a while?",
        show="ids[:, -block_size:] are the last block_size tokens, or all of them where there are fewer",
        family="rule", edit={_WINDOW: "ids"},
    ),
    Misconception(
        "generate", "first tokens instead of last",
        says="the model always sees the first block_size tokens, so from there on it repeats itself",
        ask="Which tokens matter most for the next one: the first of the text or the last?",
        show="ids[:, :4] of 0 1 2 3 4 5 are 0 1 2 3, whatever is added; ids[:, -4:] are 2 3 4 5",
        family="sign or order", edit={_WINDOW: "ids[:, : model.config.block_size]"},
    ),
    Misconception(
        "generate", "only the last token shown",
        says="the model sees the last token only, as if nothing had come before",
        ask="Without a cache, where should the model know the earlier tokens from?",
        show='after "to be or not to" and after "to" alone your model says the same',
        family="state", edit={_WINDOW: "ids[:, -1:]"},
    ),
    Misconception(
        "generate", "prompt shown again and again",
        says="the model is shown the prompt every time, without the tokens that it has added: it repeats its first one",
        ask="What does the model see when it writes its third token?",
        show=COUNTING + "should be [[3, 4, 4, 4], [1, 2, 3, 4]]; your second row is [1, 2, 2, 2]",
        family="state",
        edit={_WINDOW: "prompt[:, -model.config.block_size :]",
              "was_training = model.training": "was_training, prompt = model.training, ids"},
    ),
    Misconception(
        "generate", "text cropped with the context",
        says="you crop the text itself, so that its beginning is lost; only what the model sees should be cropped",
        ask="How many columns were promised?",
        show="6 tokens given and 2 added should be 8 columns, whatever block_size is",
        family="state", edit={_JOINED: f"{_JOINED}[:, -model.config.block_size :]"},
    ),
    Misconception(
        "generate", "logits of the first position",
        says="you read the logits of the first position, which say what follows the first token",
        ask="Logits are (B, t, V). At which of the t positions does the model say what comes after all of them?",
        show="logits[:, 0] speaks of token 1, logits[:, -1] of the token after the last",
        family="off by one", edit={")[:, -1]": ")[:, 0]"},
    ),
    Misconception(
        "generate", "new tokens are no column",
        says="what you append does not fit: for texts of shape (B, T) the new tokens must be a column, (B, 1)",
        ask="Which argument of argmax keeps the axis? And along which one are texts made longer?",
        show="torch.zeros(2, 3).argmax(dim=-1).shape is (2,), and torch.cat with texts of shape (2, 5) raises",
        family="wrong axis", edit={"dim=-1, keepdim=True": "dim=-1"},
    ),
    Misconception(
        "generate", "works for one text only",
        says="your answer works for a batch of one: .item() wants one number, and a batch has one for each text",
        ask="How many new tokens are there for a batch of 8 texts?",
        show="torch.tensor([3, 5]).item() raises; a column of shape (2, 1) can be put behind two texts",
        family="batch of one",
        edit={"logits.argmax(dim=-1, keepdim=True)": "torch.tensor([[logits.argmax(dim=-1).item()]])"},
    ),
    Misconception(
        "generate", "drawn instead of greedy",
        says="you draw the tokens; the contract is greedy: always the likeliest",
        ask="Should two calls with the same text give the same result?",
        show="generate(model, ids, 20) twice should be equal",
        family="rule",
        edit={"logits.argmax(dim=-1, keepdim=True)": "torch.multinomial(softmax(logits, dim=-1), num_samples=1)"},
    ),
    Misconception(
        "generate", "writes with dropout",
        says="the model stays in train mode: dropout throws parts of it away while it writes",
        ask="Which method of a module switches dropout off?",
        show="nn.Dropout(0.5)(torch.ones(4)) has zeros and twos; after .eval() it is all ones",
        family="state", edit={"        model.eval()\n": ""},
    ),
    Misconception(
        "generate", "records gradients",
        says="the model records a graph for gradients that nobody asks for: memory and time for nothing",
        ask="Which context tells torch that no backward will follow?",
        show="inside torch.no_grad() the logits have requires_grad False",
        family="gradient", edit={"with torch.no_grad():": "if True:"},
    ),
    Misconception(
        "generate", "gradients stay switched off",
        says="you switch the recording of gradients off for good: after your function no model can be trained any more",
        ask="torch.no_grad() is meant for a with statement. What does that do at the end of its block?",
        show="generate(model, ids, 1); torch.is_grad_enabled() should be True again",
        family="state", edit={"with torch.no_grad():": "if torch.set_grad_enabled(False):"},
    ),
    Misconception(
        "generate", "mode not restored",
        says="the model is left in eval mode: whoever goes on training does so without dropout",
        ask="In which mode was the model when it came?",
        show="model.train(); generate(model, ids, 1); model.training should be True",
        family="state", edit={"model.train(was_training)": "pass"},
    ),
    Misconception(
        "generate", "always left in train mode",
        says="you always end with model.train(), also where the model came in eval mode",
        ask="How could your function remember in which mode the model came?",
        show="model.eval(); generate(model, ids, 1); model.training should be False",
        family="state", edit={"model.train(was_training)": "model.train()"},
    ),
    Misconception(
        "generate", "mode lost by an exception",
        says="if the model raises, your line that restores the mode is never reached",
        ask="Which lines run even if the ones before them raise?",
        show="try: 1 / 0\nfinally: print('I run all the same')",
        family="state", edit={"    try:\n": "    if True:\n", "    finally:\n        model": "    model"},
    ),
    Misconception(
        "generate", "eos_id ignored",
        says="a text goes on after it has produced eos_id",
        ask="What should the columns behind the first eos_id hold?",
        show=COUNTING + "should be [[3, 4, 4, 4], [1, 2, 3, 4]]; the first row must not go on behind its 4",
        family="rule", edit={_FILLED: ""},
    ),
    Misconception(
        "generate", "eos_id and mode forgotten",
        says="a text goes on after it has produced eos_id, and the model is left in eval mode: two things are missing",
        ask="Where does eos_id stand in your answer, and in which mode is the model afterwards?",
        show=COUNTING + "should be [[3, 4, 4, 4], [1, 2, 3, 4]]; after model.train() and generate, training is True",
        family="rule", edit={_FILLED: "", "model.train(was_training)": "pass"},
    ),
    Misconception(
        "generate", "first end stops the batch",
        says="you stop as soon as one text ends: the others lose their last tokens",
        ask="If one text of eight is finished, what about the other seven?",
        show=COUNTING + "should be [[3, 4, 4, 4], [1, 2, 3, 4]]; yours is [[3, 4], [1, 2]]",
        family="batch of one",
        edit={_JOINED: f"{_JOINED}\n                if finished.any():\n                    break"},
    ),
    Misconception(
        "generate", "first end fills the batch",
        says="as soon as one text ends, all of them are filled with eos_id",
        ask="Is `finished` one answer for the batch, or one for each row?",
        show=COUNTING + "should be [[3, 4, 4, 4], [1, 2, 3, 4]]; yours is [[3, 4, 4, 4], [1, 2, 4, 4]]",
        family="batch of one", edit={"(next_ids == eos_id)": "(next_ids == eos_id).any()"},
    ),
    Misconception(
        "generate", "stops when all have ended",
        says="you stop when all texts have ended, and columns are missing; they should be filled with eos_id",
        ask="How many columns were promised, whatever happens?",
        show="T + max_new_tokens columns: the result of ids of shape (2, 3) and 5 tokens is (2, 8)",
        family="rule", edit={_JOINED: f"{_JOINED}\n                if finished.all():\n                    break"},
    ),
    Misconception(
        "generate", "ended texts go on until all have",
        says="you stop when all texts have ended, but until then those that have ended go on",
        ask="What does a text hold behind its first eos_id, while the others are still being written?",
        show=COUNTING + "should be [[3, 4, 4, 4], [1, 2, 3, 4]]; the first row must not go on behind its 4",
        family="rule",
        edit={_FILLED: "", "(next_ids == eos_id)\n": "(next_ids == eos_id)\n"
              "                    if finished.all():\n                        break\n"},
    ),
    Misconception(
        "generate", "eos_id in the prompt ends the text",
        says="an eos_id in the given text ends it; only a produced one should",
        ask="Documents in a prompt may be divided by eos_id. Is the prompt finished for that?",
        show="ids [[4, 1]], eos_id 4: the 4 was given, so the text goes on after 1",
        family="rule",
        edit={"    try:\n": "    if eos_id is not None:\n        finished = (ids == eos_id).any(dim=1, keepdim=True)\n"
              "    try:\n"},
    ),
    Misconception(
        "generate", "eos_id at the end of the prompt",
        says="a text whose last given token is eos_id is taken for finished; only a produced eos_id ends a text",
        ask="Before the first step nothing was produced. Which rows can be finished?",
        show="ids [[1, 4]], eos_id 4: the 4 was given, so the text goes on",
        family="rule",
        edit={"    try:\n": "    if eos_id is not None:\n        finished = ids[:, -1:] == eos_id\n    try:\n"},
    ),
    Misconception(
        "generate", "asks a whole column whether it is eos_id",
        says="you ask `if next_ids == eos_id`, and with several texts the answer is neither yes nor no: it raises",
        ask="If one text has just ended and another has not, what is next_ids == eos_id?",
        show="bool(torch.tensor([[True], [False]])) raises; keep one answer for each row",
        family="batch of one",
        edit={_FILLED: "                    if next_ids == eos_id:\n                        break\n"},
    ),
    Misconception(
        "generate", "eos_id 0 taken for none",
        says="eos_id 0 has no effect: in an if, 0 counts as False like None",
        ask="What does bool(0) print, and how does one ask whether something is None?",
        show="if eos_id: is skipped for 0; if eos_id is not None: is not",
        family="rule", edit={"if eos_id is not None": "if eos_id"},
    ),
    Misconception(
        "generate", "filled with 0",
        says="behind its eos_id a text is filled with 0; it should be filled with eos_id",
        ask="Is 0 a token like any other?",
        show=COUNTING + "should be [[3, 4, 4, 4], [1, 2, 3, 4]]; yours begins with [3, 4, 0, 0]",
        family="rule", edit={"masked_fill(finished, eos_id)": "masked_fill(finished, 0)"},
    ),
    Misconception(
        "generate", "only the new tokens returned",
        says="you return the new tokens only; the given text should stand in front of them",
        ask="How many columns has the result?",
        show="ids of shape (2, 3) and 5 new tokens should give (2, 8); yours is (2, 5)",
        family="rule", edit={"return ids": "return ids[:, -max_new_tokens:]"},
    ),
    Misconception(
        "generate", "max_new_tokens taken for the length",
        says="you write until the text has max_new_tokens tokens; so many should be added",
        ask="A prompt of 100 tokens and max_new_tokens 20: how long is the result?",
        show="ids of shape (1, 3) and 5 new tokens should give (1, 8); yours is (1, 5)",
        family="off by one", edit={"range(max_new_tokens)": "range(max_new_tokens - ids.shape[1])"},
    ),
)


class SharedCache:
    """Keys and values as attributes of the class: one pair of lists for every cache there is."""

    keys: list[Tensor] = []  # noqa: RUF012 (this is the mistake)
    values: list[Tensor] = []  # noqa: RUF012

    def update(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        self.keys.append(k)
        self.values.append(v)
        return torch.cat(self.keys, dim=2), torch.cat(self.values, dim=2)

    def __len__(self) -> int:
        return sum(k.shape[2] for k in self.keys)


_KEYS = "self.k = k if self.k is None else torch.cat([self.k, k], dim=2)"
_VALUES = "self.v = v if self.v is None else torch.cat([self.v, v], dim=2)"
_BOTH = "cache.update(apply_rope(k, positions), v)"
FIVE = "4 positions in the first call and 1 in the second: "

CACHE = (
    _nothing_returned("KVCache", "KVCache().update(k, v)", {"return self.k, self.v": "pass"}),
    Misconception(
        "KVCache", "overwrites instead of appending",
        says="each update forgets what was there: the cache holds the newest positions only",
        ask="After updates of 4 and of 1 position, how many should be remembered?",
        show=FIVE + "len(cache) should be 5; yours is 1",
        family="state", edit={_KEYS: "self.k = k", _VALUES: "self.v = v"},
    ),
    Misconception(
        "KVCache", "puts the new in front",
        says="new positions come in front of the old ones; the oldest should come first",
        ask="If K and V are to be in the order of the text, where does the newest position belong?",
        show="update(a), update(b) should return a, b along axis 2; yours returns b, a",
        family="sign or order",
        edit={"torch.cat([self.k, k]": "torch.cat([k, self.k]", "torch.cat([self.v, v]": "torch.cat([v, self.v]"},
    ),
    Misconception(
        "KVCache", "values not remembered",
        says="the keys are remembered, the values are not: V holds the new positions only",
        ask="A query shares its weight among all keys. Which values does it mix?",
        show=FIVE + "K and V should both have 5 positions; your V has 1",
        family="state", edit={_VALUES: "self.v = v"},
    ),
    Misconception(
        "KVCache", "keys and values exchanged",
        says="you return values and keys in the wrong order: (K, V) is asked for",
        ask="Which of the two names does the caller write first?",
        show="K, V = KVCache().update(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)): K should be 0; yours is 1",
        family="sign or order", edit={"return self.k, self.v": "return self.v, self.k"},
    ),
    Misconception(
        "KVCache", "only the new returned",
        says="update returns what it was given; asked for are the keys and values of all positions so far",
        ask="What does the attention need from the cache: the new keys, or all?",
        show=FIVE + "the second update should return 5 positions; yours returns 1",
        family="rule", edit={"return self.k, self.v": "return k, v"},
    ),
    *(
        Misconception(
            "KVCache", f"joined along the {axis}",
            says=f"you join along axis {dim}, the {axis}; positions lie along axis 2 of (B, H, T, D)",
            ask="Which of B, H, T and D should grow when a token is added?",
            show=f"two updates of shape (2, 3, 2, 5) should give (2, 3, 4, 5); yours gives {shape}",
            family="wrong axis",
            edit={"torch.cat([self.k, k], dim=2": f"torch.cat([self.k, k], dim={dim}",
                  "torch.cat([self.v, v], dim=2": f"torch.cat([self.v, v], dim={dim}"},
        )
        for axis, dim, shape in (
            ("batch", 0, "(4, 3, 2, 5)"), ("heads", 1, "(2, 6, 2, 5)"), ("channels", -1, "(2, 3, 2, 10)")
        )
    ),
    Misconception(
        "KVCache", "one store for all caches",
        says="your caches share their store: what one layer or one text remembers, all others see",
        ask="Is what you append to made anew for each cache, or once for the class?",
        show="class A: items = []\nA().items.append(1); A().items is [1]; with self.items = [] in __init__ it is []",
        family="state", wrong=(SharedCache, cached_attention),
    ),
    Misconception(
        "KVCache", "counts updates",
        says="your length counts the updates; it should count positions, and a prompt brings many at once",
        ask="Which axis of the keys says how many positions there are?",
        show=FIVE + "len(cache) should be 5; yours is 2",
        family="units",
        edit={"self.v: Tensor | None = None": "self.v: Tensor | None = None\n        self.updates = 0",
              "return self.k, self.v": "self.updates += 1\n        return self.k, self.v",
              "return 0 if self.k is None else self.k.shape[2]": "return self.updates"},
    ),
    Misconception(
        "KVCache", "an empty cache has no length",
        says="your length looks into keys that are not there yet: before the first update it fails",
        ask="What is self.k in a new cache?",
        show="len(KVCache()) should be 0",
        family="rule", edit={"return 0 if self.k is None else self.k.shape[2]": "return self.k.shape[2]"},
    ),
    Misconception(
        "KVCache", "asks a tensor whether it is true",
        says="you ask `if` of a tensor, and one of many numbers is neither true nor false: the second update raises",
        ask="How does one ask whether something is None?",
        show="bool(torch.zeros(2)) raises; torch.zeros(2) is None is False",
        family="rule", edit={"k if self.k is None else torch.cat([self.k, k], dim=2)":
                             "torch.cat([self.k, k], dim=2) if self.k else k"},
    ),
    Misconception(
        "KVCache", "tensors that others hold grow",
        says="you make the tensor grow that was handed out before: whoever holds it sees it change under their hands",
        ask="Does your update make a new tensor, or does it write into the old one?",
        show="K, V = cache.update(…) of 4 positions; after another update K should still have 4",
        family="state",
        edit={_KEYS: "if self.k is None:\n            self.k, self.v = k, v\n            return k, v\n"
              "        self.k.data = torch.cat([self.k, k], dim=2)",
              _VALUES: "self.v.data = torch.cat([self.v, v], dim=2)"},
    ),
    Misconception(
        "KVCache", "positions start again at 0",
        says="new queries and keys are turned as if the text began anew with them, at position 0",
        ask="If 4 positions are remembered, at which position stands the next token?",
        show=FIVE + "the fifth should be turned by position 4; yours is turned by 0, that is, not at all",
        family="off by one", edit={"torch.arange(n, n + T": "torch.arange(0, T"},
    ),
    Misconception(
        "KVCache", "queries start again at 0",
        says="new queries are turned from position 0 on; the keys have their right positions",
        ask="How far apart are the query and its own key? Should they be turned by different angles?",
        show=FIVE + "query and key of the fifth token should both be turned by 4",
        family="off by one", edit={"apply_rope(q, positions)": "apply_rope(q, positions - n)"},
    ),
    Misconception(
        "KVCache", "length read after the update",
        says="you ask the cache for its length after the update, and the queries are turned T positions too far",
        ask="At which line does the cache grow, and at which line do you ask how long it is?",
        show="4 positions in an empty cache: their queries stand at 0 … 3; yours are turned as if at 4 … 7",
        family="off by one", edit={"apply_rope(q, positions)": "apply_rope(q, positions + T)"},
    ),
    Misconception(
        "KVCache", "one position for all new tokens",
        says="all new tokens of a call are turned by the same position: right for one token, wrong for several",
        ask="With n remembered and T new, which positions do the T new ones have?",
        show="3 remembered and 4 new: positions 3, 4, 5, 6; yours are 3, 3, 3, 3",
        family="off by one", edit={"torch.arange(n, n + T, device": "torch.full((T,), n, device"},
    ),
    Misconception(
        "KVCache", "cached keys turned again",
        says="keys that were turned when they came are turned again at every later call",
        ask="Are the keys in your cache turned or plain? And what happens to K after the update?",
        show=FIVE + "at the second call the first four keys are turned by twice their angles",
        family="state", edit={"positions), K, V": "positions), apply_rope(K, torch.arange(n + T)), V"},
    ),
    Misconception(
        "KVCache", "keys not turned",
        says="the queries are turned by their positions, the keys are not",
        ask="What should the score of a query and a key depend on: where one stands, or how far apart they are?",
        show="call apply_rope on q and on k, with the same positions",
        family="rule", edit={"apply_rope(k, positions)": "k"},
    ),
    Misconception(
        "KVCache", "no rotary positions",
        says="neither queries nor keys are turned: your attention does not know where a token stands",
        ask="q and k come without positions. Which function of unit 5 gives them some?",
        show="of equal tokens, near ones and far ones get the same weight in your version",
        family="rule", edit={"apply_rope(k, positions)": "k", "apply_rope(q, positions)": "q"},
    ),
    Misconception(
        "KVCache", "values turned too",
        says="the values are turned as well; rotary positions are for queries and keys only",
        ask="Position should decide how much is taken from where. Should it change what is taken?",
        show="with one position the result is its value, unchanged, wherever it stands",
        family="rule", edit={"positions), v)": "positions), apply_rope(v, positions))"},
    ),
    Misconception(
        "KVCache", "mask without offset",
        says="your mask takes the new queries for the first positions: they do not see what is remembered",
        ask="With 4 keys remembered and 1 new query, which row of the full mask is that query's?",
        show="torch.ones(1, 5).tril() is [1, 0, 0, 0, 0]; the query at position 4 sees all five",
        family="off by one", edit={"causal_mask(T, n + T)": "torch.ones(T, n + T, dtype=torch.bool).tril()"},
    ),
    Misconception(
        "KVCache", "mask of the new positions only",
        says="your mask is (T, T), but there are n + T keys: it does not fit as soon as something is remembered",
        ask="How many keys are there, if n are remembered and T are new?",
        show="3 remembered and 4 new: the mask should be (4, 7); yours is (4, 4)",
        family="off by one", edit={"causal_mask(T, n + T)": "causal_mask(T, T)"},
    ),
    Misconception(
        "KVCache", "mask of all positions",
        says="your mask has a row for every position, but only the new ones have queries: it does not fit",
        ask="How many queries does a call bring, and how many keys are there?",
        show="3 remembered and 4 new: the mask should be (4, 7), a row for each query; yours is (7, 7)",
        family="off by one", edit={"causal_mask(T, n + T)": "causal_mask(n + T, n + T)"},
    ),
    Misconception(
        "KVCache", "no mask when something is cached",
        says="as soon as something is remembered there is no mask: of several new tokens, the first sees the last",
        ask="A prompt comes in two pieces. May the first token of the second piece see the last one?",
        show="3 remembered and 4 new: the query at position 3 should not see the keys 4, 5 and 6",
        family="leakage", edit={"K, V, mask)": "K, V, mask if n == 0 else None)"},
    ),
    Misconception(
        "KVCache", "no mask",
        says="there is no mask: every position sees what comes after it",
        ask="In a text that comes at once, may the first token see the last?",
        show="the first output should be v[:, :, :1], whatever follows",
        family="leakage", edit={"K, V, mask)": "K, V)"},
    ),
    Misconception(
        "KVCache", "attends to the new only",
        says="the new positions attend to each other only: what is remembered takes no part",
        ask="update returns all keys and values. Which ones do you hand to the attention?",
        show=FIVE + "the fifth output should mix five values; yours is v of the fifth alone",
        family="state", edit={"K, V, mask)": "K[:, :, n:], V[:, :, n:], mask[:, n:])"},
    ),
    Misconception(
        "KVCache", "a new cache in every call",
        says="nothing is left in the cache that you were given, so every call starts with nothing",
        ask="Which cache does the next call get, and what has your call put into it?",
        show="after cached_attention with 3 positions len(cache) should be 3; yours is 0",
        family="state", edit={_BOTH: _BOTH.replace("cache", "KVCache()")},
    ),
    Misconception(
        "KVCache", "updated twice",
        says="you call update once for K and once for V, and each call adds both: everything is remembered twice",
        ask="How many positions does each call of update add?",
        show="K, V = cache.update(k, v) gets both at once; after 3 positions len(cache) should be 3, and yours is 6",
        family="state", edit={f"K, V = {_BOTH}": f"K, _ = {_BOTH}\n    _, V = {_BOTH}"},
    ),
)

_SEEN = "torch.where(seen > 0, seen / penalty, seen * penalty)"
_SCATTER = "return logits.scatter(-1, ids, seen)"
ROW = "logits [[3, -3, 5]], ids [[0, 1, 1]], penalty 1.5: should be [[2, −4.5, 5]]; "

PENALTY = (
    _nothing_returned("apply_repetition_penalty", "apply_repetition_penalty(logits, ids, 2.0)", {_SCATTER: "pass"}),
    _result_dropped("apply_repetition_penalty", "scatter", {_SCATTER: "return logits.clone()"}),
    _in_place("apply_repetition_penalty", "apply_repetition_penalty(logits, ids, 2.0)", {".scatter(": ".scatter_("}),
    Misconception(
        "apply_repetition_penalty", "divides negative logits too",
        says="you divide every logit by the penalty: a negative one comes closer to 0, so its token becomes likelier",
        ask="Which is less likely, a token with −3 or one with −2?",
        show=ROW + "your −3 becomes −2",
        family="sign or order", edit={_SEEN: "seen / penalty"},
    ),
    Misconception(
        "apply_repetition_penalty", "signs exchanged",
        says="you multiply positive logits and divide negative ones: tokens that were there become likelier",
        ask="Is 3 · 1.5 more or less than 3?",
        show=ROW + "yours is [[4.5, −2, 5]]",
        family="sign or order", edit={"seen > 0": "seen < 0"},
    ),
    Misconception(
        "apply_repetition_penalty", "once per occurrence",
        says="a token that occurs three times is punished three times",
        ask="How often does a loop over ids come by a token that occurs three times?",
        show=ROW + "your −3 becomes −6.75, since token 1 occurs twice",
        family="rule",
        edit={_SEEN: "seen",
              _SCATTER: "logits, rows = logits.clone(), torch.arange(len(ids))\n"
              "    for column in ids.T:\n        now = logits[rows, column]\n"
              "        logits[rows, column] = torch.where(now > 0, now / penalty, now * penalty)\n    return logits"},
    ),
    Misconception(
        "apply_repetition_penalty", "subtracts the penalty",
        says="you subtract the penalty from the logits; it is a factor",
        ask="With penalty 1 nothing should change. What does subtracting 1 do?",
        show=ROW + "yours is [[1.5, −4.5, 5]]",
        family="rule", edit={_SEEN: "seen - penalty"},
    ),
    Misconception(
        "apply_repetition_penalty", "bans what was there",
        says="tokens that occurred get −inf: they can never come again, however small the penalty",
        ask="How often may the word 'the' occur in a text?",
        show=ROW + "yours is [[−inf, −inf, 5]]",
        family="rule", edit={_SEEN: 'torch.full_like(seen, float("-inf"))'},
    ),
    Misconception(
        "apply_repetition_penalty", "history of row 0 for all",
        says="all rows are judged by what occurred in row 0",
        ask="Where in your answer does the number of the row stand?",
        show="logits [[4, 4], [4, 4]], ids [[0], [1]], penalty 2: should be [[2, 4], [4, 2]], not [[2, 4], [2, 4]]",
        family="batch of one", edit={"    seen = logits": "    ids = ids[:1].expand_as(ids)\n    seen = logits"},
    ),
    Misconception(
        "apply_repetition_penalty", "one history for the batch",
        says="a token that occurs in any row is punished in all of them: logits[:, ids] means all rows, for example",
        ask="Does a text know what another text of the batch has said?",
        show="logits [[4, 4], [4, 4]], ids [[0], [1]], penalty 2: should be [[2, 4], [4, 2]]; yours is 2 everywhere",
        family="batch of one",
        edit={"    seen = logits": "    ids = ids.flatten().expand(len(ids), -1)\n    seen = logits"},
    ),
    Misconception(
        "apply_repetition_penalty", "0 times infinity",
        says="your −inf becomes NaN: somewhere you multiply it by a 0 that was to switch it off",
        ask="What does 0 * float('inf') print?",
        show="mask * a + (1 - mask) * b is NaN where b is −inf and mask is 1; torch.where(mask, a, b) is a",
        family="numerical stability",
        edit={_SCATTER: "is_seen = torch.zeros_like(logits).scatter(-1, ids, 1.0)\n"
              "    return is_seen * logits.scatter(-1, ids, seen) + (1 - is_seen) * logits"},
    ),
)

_RESULT = "(attention_mask.long().cumsum(dim=-1) - 1).clamp(min=0)"
PADDED = "position_ids(torch.tensor([[0, 0, 1, 1]])) should be [[0, 0, 0, 1]]; "
BEHIND = "position_ids(torch.tensor([[1, 1, 0, 0]])) should be [[0, 1, 1, 1]]; "

POSITIONS = (
    _nothing_returned("position_ids", "position_ids(torch.ones(1, 3))", {f"return {_RESULT}": "pass"}),
    Misconception(
        "position_ids", "padding counted",
        says="you number all places of a row: padding in front shifts the text",
        ask="Does the same text get the same numbers with and without padding in front?",
        show=PADDED + "yours is [[0, 1, 2, 3]]",
        family="off by one", edit={_RESULT: "torch.arange(attention_mask.shape[1]).expand_as(attention_mask).clone()"},
    ),
    Misconception(
        "position_ids", "counted from 1",
        says="your first token has the number 1: the sum along the row counts the token itself",
        ask="How many tokens stand before the first one?",
        show=PADDED + "yours is [[0, 0, 1, 2]]",
        family="off by one", edit={_RESULT: "attention_mask.long().cumsum(dim=-1)"},
    ),
    Misconception(
        "position_ids", "padding in front is −1",
        says="padding in front has the number −1, which no position table holds; it should be 0",
        ask="Which row of a table does the index −1 give, in Python and in PyTorch?",
        show=PADDED + "yours is [[−1, −1, 0, 1]]",
        family="off by one", edit={_RESULT: "attention_mask.long().cumsum(dim=-1) - 1"},
    ),
    Misconception(
        "position_ids", "floats",
        says="your numbers have the dtype of the mask: with a mask of floats they are floats, and no index",
        ask="Can a float be the index of a row?",
        show="torch.ones(1, 2).cumsum(dim=-1).dtype is torch.float32; ask for .long() first",
        family="rule", edit={_RESULT: "(attention_mask.cumsum(dim=-1) - 1).clamp(min=0)"},
    ),
    Misconception(
        "position_ids", "summed over the batch",
        says="your sum runs down the batch, from text to text, not along the row",
        ask="Along which axis of (B, T) does a text run?",
        show="position_ids(torch.ones(2, 3)) should be [[0, 1, 2], [0, 1, 2]]; yours is [[0, 0, 0], [1, 1, 1]]",
        family="wrong axis", edit={_RESULT: "(attention_mask.long().cumsum(dim=0) - 1).clamp(min=0)"},
    ),
    Misconception(
        "position_ids", "row 0 for all",
        says="all rows get the numbers of row 0",
        ask="If two texts have padding of different length, can their numbers be the same?",
        show="position_ids(torch.tensor([[0, 1], [1, 1]])) should be [[0, 0], [0, 1]]; yours is [[0, 0], [0, 0]]",
        family="batch of one",
        edit={_RESULT: "(attention_mask.long()[:1].cumsum(dim=-1) - 1).clamp(min=0).expand_as(attention_mask).clone()"},
    ),
    Misconception(
        "position_ids", "padding behind is 0",
        says="padding behind the text gets 0; it should repeat the number of the token before it",
        ask="What does the contract say of padding that comes after a token?",
        show=BEHIND + "yours is [[0, 1, 0, 0]]",
        family="rule",
        edit={_RESULT: "(attention_mask.long().cumsum(dim=-1) - 1).clamp(min=0) * attention_mask.long()"},
    ),
    Misconception(
        "position_ids", "padding is 1",
        says="padding gets the number 1, as some libraries have it; here it repeats the token before it, or is 0",
        ask="What does the contract say of padding where no token comes before it?",
        show=PADDED + "yours is [[1, 1, 0, 1]]",
        family="rule", edit={_RESULT: "(attention_mask.long().cumsum(dim=-1) - 1).masked_fill(attention_mask == 0, 1)"},
    ),
    Misconception(
        "position_ids", "only padding in front taken off",
        says="you take off the padding in front and count on from there: padding behind or between counts too",
        ask="Which number has padding behind the text: that of the token before it, or the next one?",
        show=BEHIND + "yours is [[0, 1, 2, 3]]",
        family="off by one",
        edit={_RESULT: "(torch.arange(attention_mask.shape[1])"
              " - attention_mask.long().argmax(dim=-1, keepdim=True)).clamp(min=0)"},
    ),
)

MISCONCEPTIONS = (*TOP_K, *TOP_P, *SAMPLE, *GENERATE, *CACHE, *PENALTY, *POSITIONS)
