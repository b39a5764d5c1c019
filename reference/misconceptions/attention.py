"""What goes wrong in attention."""

from reference.misconceptions import Misconception

ATTENTION = (
    Misconception(
        "scaled_dot_product_attention", "no scale",
        says="your result equals the one without the division by √d_k",
        ask="How does the variance of a dot product of two random vectors grow with d_k?",
        show="q = k = 2 * torch.eye(4): a vector's score with itself is 2·2 = 4, and with d_k = 4 it should become 2",
        family="scale factor",
        edit={" / math.sqrt(d_k)": ""},
    ),
    Misconception(
        "scaled_dot_product_attention", "divides by d_k",
        says="your result equals the one with scores divided by d_k, not by its square root",
        ask="If the variance grows like d_k, how does the standard deviation grow?",
        show="q = k = 2 * torch.eye(4): the score 4 should become 4/√4 = 2; divided by d_k it becomes 1",
        family="scale factor",
        edit={"math.sqrt(d_k)": "d_k"},
    ),
    Misconception(
        "scaled_dot_product_attention", "divides by √T_k",
        says="your scores are divided by the square root of the number of keys, not of the size of a key",
        ask="Over how many products does one dot product of a query and a key add up: d_k or T_k?",
        show="q = torch.ones(1, 4), k = torch.ones(9, 4): each score should be 4/√4 = 2; over √T_k it is 4/3",
        family="scale factor",
        edit={"math.sqrt(d_k)": "math.sqrt(k.shape[-2])"},
    ),
    Misconception(
        "scaled_dot_product_attention", "divides by √T_q",
        says="your scores are divided by the square root of the number of queries, not of the size of a key",
        ask="Which axis of q is d_k long: the last or the one before it?",
        show="q = torch.ones(9, 4), k = torch.ones(1, 4): each score should be 4/√4 = 2; over √T_q it is 4/3",
        family="scale factor",
        edit={"math.sqrt(d_k)": "math.sqrt(q.shape[-2])"},
    ),
    Misconception(
        "scaled_dot_product_attention", "divides by √d_v",
        says="your scores are divided by the square root of the size of a value, not of a key",
        ask="Do the values take part in the scores at all?",
        show="q = k = torch.ones(1, 4), v = torch.ones(1, 9): the score should be 4/√4 = 2; over √d_v it is 4/3",
        family="scale factor",
        edit={"math.sqrt(d_k)": "math.sqrt(v.shape[-1])"},
    ),
    Misconception(
        "scaled_dot_product_attention", "scale after the softmax",
        says="you divide by √d_k after the softmax, so the weights of a query sum to 1/√d_k",
        ask="Is √d_k there to make the scores smaller, or the weights?",
        show="q = torch.zeros(1, 4), k = torch.zeros(2, 4): two equal keys get 0.5 each; divided by √4 they get 0.25",
        family="scale factor",
        edit={" / math.sqrt(d_k)": "", "weights @ v": "weights / math.sqrt(d_k) @ v"},
    ),
    Misconception(
        "scaled_dot_product_attention", "softmax over the queries",
        says="your softmax runs over the queries: the columns of the weights sum to 1, the rows do not",
        ask="Who shares out weight among whom: a query among the keys, or a key among the queries?",
        show="3 queries, 2 keys, all scores 0: each row of weights should be [1/2, 1/2]; yours is [1/3, 1/3]",
        family="wrong axis",
        edit={"dim=-1": "dim=-2"},
    ),
    Misconception(
        "scaled_dot_product_attention", "softmax over axis 1",
        says="your softmax runs over axis 1, which is the keys only for inputs of two dimensions",
        ask="Where are the keys when you count axes from the end?",
        show="scores of shape (B, H, T_q, T_k): axis 1 is H, so the heads compete with each other instead of the keys",
        family="wrong axis",
        edit={"dim=-1": "dim=1"},
    ),
    Misconception(
        "scaled_dot_product_attention", "axes counted from the front",
        says="you exchange axes 1 and 2 of the keys, which is right for inputs of three dimensions only",
        ask="Where are time and channels when you count axes from the end?",
        show="k = torch.zeros(2, 3, 5, 6): k.transpose(1, 2) is (2, 5, 3, 6), but (2, 3, 6, 5) is wanted",
        family="wrong axis",
        edit={"k.transpose(-2, -1)": "k.transpose(1, 2)"},
    ),
    Misconception(
        "scaled_dot_product_attention", "mask after softmax",
        says="you mask after the softmax, so the weights that are left no longer sum to 1",
        ask="Which keys have already taken their share when you remove them?",
        show="scores [0, 0], mask [True, False]: should give the weights [1, 0]; yours are [0.5, 0]",
        family="denominator",
        edit={
            'scores = scores.masked_fill(~mask, float("-inf"))': "scores = scores + 0",
            "weights = softmax(scores, dim=-1)": "weights = softmax(scores, dim=-1) * (1 if mask is None else mask)",
        },
    ),
    Misconception(
        "scaled_dot_product_attention", "mask inverted",
        says="your queries attend to the keys marked False: the mask is the wrong way round",
        ask="In this course True in a mask means: may attend, or must not?",
        show="v = [[1], [2]], mask [[True, False]]: the query sees the first key only, so the result is 1; yours is 2",
        family="sign or order",
        edit={"~mask": "mask"},
    ),
    Misconception(
        "scaled_dot_product_attention", "masked scores set to 0",
        says="your masked scores are 0, and a score of 0 still gets weight",
        ask="What is exp(0)? And which score has exp(score) = 0?",
        show="scores [0, 0], mask [True, False]: should give the weights [1, 0]; a masked score of 0 gives [0.5, 0.5]",
        family="numerical stability",
        edit={'float("-inf")': "0.0"},
    ),
    Misconception(
        "scaled_dot_product_attention", "masked scores set to −10",
        says="your masked scores are −10, and a score in sight may be lower than that",
        ask="What happens to the weights when the score in sight is −40 and the masked one is −10?",
        show="softmax(torch.tensor([-40.0, -10.0]), dim=0) is [1e-13, 1]: all weight on the masked key",
        family="numerical stability",
        edit={'float("-inf")': "-10.0"},
    ),
    Misconception(
        "scaled_dot_product_attention", "masked scores set to −10 000",
        says="your masked scores are a number such as −1000 or −10 000, and a score in sight may be lower than that",
        ask="Is there a number that no score can ever fall below?",
        show="softmax(torch.tensor([-20000.0, -10000.0]), dim=0) is [0, 1]: all weight on the masked key",
        family="numerical stability",
        edit={'float("-inf")': "-10000.0"},
    ),
    Misconception(
        "scaled_dot_product_attention", "mask ignored",
        says="your result equals the one without a mask",
        ask="masked_fill without an underscore gives back a new tensor: who keeps it?",
        show="s = torch.zeros(2); s.masked_fill(torch.tensor([False, True]), -1.0); print(s) shows [0, 0]",
        family="state",
        edit={'scores = scores.masked_fill(~mask, float("-inf"))': 'scores.masked_fill(~mask, float("-inf"))'},
    ),
    Misconception(
        "scaled_dot_product_attention", "mask added to the scores",
        says="you add the mask to the scores as if it were numbers: True adds 1, False adds 0, and nothing is hidden",
        ask="What would have to be added to a score so that its weight becomes 0?",
        show="scores [0, 0], mask [True, False]: adding gives [1, 0], and the weights [0.73, 0.27] instead of [1, 0]",
        family="rule",
        edit={'scores = scores.masked_fill(~mask, float("-inf"))': "scores = scores + mask"},
    ),
    Misconception(
        "scaled_dot_product_attention", "weights detached",
        says="no gradient reaches queries and keys: the weights are cut off from where they came from",
        ask="Which operation gives a tensor without its history: .detach(), .data, torch.tensor(…), .numpy()?",
        show="q = torch.randn(2, 3, requires_grad=True); after .sum().backward() on your result, q.grad is None",
        family="gradient",
        edit={"weights @ v": "weights.detach() @ v"},
    ),
    Misconception(
        "scaled_dot_product_attention", "queries scaled in place",
        says="you divide the caller's own queries by √d_k: the second call with the same tensor gives another result",
        ask="Does q /= … make a new tensor, or change the one it was given?",
        show="q = torch.ones(1, 4); call your function with it; print(q) should still show ones",
        family="state",
        edit={"q @ k.transpose(-2, -1) / math.sqrt(d_k)": "q.div_(math.sqrt(d_k)) @ k.transpose(-2, -1)"},
    ),
)

MASK = (
    Misconception(
        "causal_mask", "no offset",
        says="with more keys than queries you count queries from 0, as if they were the first positions",
        ask="With 4 keys from before and 1 new query, at which position of the sequence does that query stand?",
        show="causal_mask(1, 5) should be five times True; yours is True, then four times False",
        family="off by one",
        edit={"diagonal=T_k - T_q": "diagonal=0"},
    ),
    Misconception(
        "causal_mask", "excludes itself",
        says="your queries do not see their own position, and the first one sees nothing at all",
        ask="What is the softmax of a row in which every score is −∞?",
        show="causal_mask(2, 2) should be [[True, False], [True, True]]; yours is [[False, False], [True, False]]",
        family="off by one",
        edit={"diagonal=T_k - T_q": "diagonal=T_k - T_q - 1"},
    ),
    Misconception(
        "causal_mask", "sees the next position",
        says="your queries see one position too many: the next one, which they are asked to predict",
        ask="Which target does position t have, and at which position is it an input?",
        show="causal_mask(2, 2) should be [[True, False], [True, True]]; yours is True everywhere",
        family="leakage",
        edit={"diagonal=T_k - T_q": "diagonal=T_k - T_q + 1"},
    ),
    Misconception(
        "causal_mask", "True where blocked",
        says="your mask is True where looking is forbidden; in this course True means: may attend",
        ask="What does True mean in a mask of this course?",
        show="causal_mask(2, 2) should be [[True, False], [True, True]]; yours is [[False, True], [False, False]]",
        family="sign or order",
        edit={".tril(diagonal=T_k - T_q)": ".triu(diagonal=T_k - T_q + 1)"},
    ),
    Misconception(
        "causal_mask", "sees the future",
        says="your queries see themselves and what comes after them, not what came before",
        ask="Rows are queries and columns are keys: on which side of the diagonal is the past?",
        show="causal_mask(2, 2) should be [[True, False], [True, True]]; yours is [[True, True], [False, True]]",
        family="sign or order",
        edit={"tril": "triu"},
    ),
    Misconception(
        "causal_mask", "numbers, not booleans",
        says="your mask holds the numbers 1 and 0 where the contract asks for booleans",
        ask="What is causal_mask(2, 2).dtype, and what does ~ do to a float?",
        show="causal_mask(2, 2).dtype should be torch.bool; yours is torch.float32",
        family="rule",
        edit={", dtype=torch.bool": ""},
    ),
    Misconception(
        "causal_mask", "mask to be added",
        says="your mask holds 0 and −∞, to be added to the scores; here a mask is boolean, True = attend",
        ask="What should causal_mask(1, 1) print: tensor([[True]]) or tensor([[0.]])?",
        show="causal_mask(2, 2) should be [[True, False], [True, True]]; yours is [[0, −inf], [0, 0]]",
        family="rule",
        edit={
            "torch.ones(T_q, T_k, dtype=torch.bool).tril(diagonal=T_k - T_q)": (
                'torch.full((T_q, T_k), float("-inf")).triu(diagonal=T_k - T_q + 1)'
            )
        },
    ),
)

HEADS = (
    Misconception(
        "split_heads", "view straight to (B, H, T, D)",
        says="you cut the numbers of a sequence into H runs: head 0 of position 0 is right, the next row is not",
        ask="In which order do the numbers of x lie in memory: which axis is next to the channels?",
        show="x = torch.arange(8).view(1, 2, 4), 2 heads: head 0 should be [[0, 1], [4, 5]]; yours is [[0, 1], [2, 3]]",
        family="view or transpose",
        edit={"x.view(B, T, n_head, C // n_head).transpose(1, 2)": "x.reshape(B, n_head, T, C // n_head)"},
    ),
    Misconception(
        "split_heads", "interleaved heads",
        says="your head 0 takes every H-th channel; a head is D channels in a row",
        ask="In view(B, T, a, b), neighbouring channels differ in the index of which axis: a or b?",
        show="x = torch.arange(4).view(1, 1, 4), 2 heads: head 0 should be [0, 1]; yours is [0, 2]",
        family="view or transpose",
        edit={"x.view(B, T, n_head, C // n_head).transpose(1, 2)": "x.reshape(B, T, -1, n_head).permute(0, 3, 1, 2)"},
    ),
    Misconception(
        "split_heads", "no transpose",
        says="your result has the shape (B, T, H, D): the head axis stands behind time",
        ask="Attention works on the last two axes: which two should they be?",
        show="split_heads(torch.zeros(1, 5, 6), 3).shape should be (1, 3, 5, 2); yours is (1, 5, 3, 2)",
        family="view or transpose",
        edit={".transpose(1, 2)": ""},
    ),
    Misconception(
        "split_heads", "n_head taken for the size of a head",
        says="you make heads of n_head channels each; n_head is how many there are",
        ask="With C = 12 and n_head = 3, how many channels does one head have?",
        show="split_heads(torch.zeros(1, 5, 12), 3).shape should be (1, 3, 5, 4); yours is (1, 4, 5, 3)",
        family="view or transpose",
        edit={"n_head, C // n_head)": "C // n_head, n_head)"},
    ),
    Misconception(
        "split_heads", "time last",
        says="your result has the shape (B, H, D, T): time and channels of a head are exchanged",
        ask="Which axis is summed away when a query meets a key, and should it not be the last?",
        show="split_heads(torch.zeros(1, 5, 12), 3).shape should be (1, 3, 5, 4); yours is (1, 3, 4, 5)",
        family="view or transpose",
        edit={".transpose(1, 2)": ".permute(0, 2, 3, 1)"},
    ),
    Misconception(
        "merge_heads", "no transpose",
        says="you join the axes without moving the heads back: one position gets the numbers of several",
        ask="Which two axes are to become one, and are they neighbours?",
        show="x = torch.arange(8).view(1, 2, 2, 2): position 0 should be [0, 1, 4, 5]; yours is [0, 1, 2, 3]",
        family="view or transpose",
        edit={"x.transpose(1, 2).flatten(2)": "x.reshape(x.shape[0], x.shape[2], -1)"},
    ),
    Misconception(
        "merge_heads", "mean over heads",
        says="you average the heads; they stand side by side, so that each keeps its own channels",
        ask="How many channels should come out of H heads with D channels each?",
        show="merge_heads(torch.zeros(1, 3, 5, 4)).shape should be (1, 5, 12); yours is (1, 5, 4)",
        family="rule",
        edit={"x.transpose(1, 2).flatten(2)": "x.mean(dim=1)"},
    ),
    Misconception(
        "merge_heads", "sum over heads",
        says="you add the heads up; they stand side by side, so that each keeps its own channels",
        ask="How many channels should come out of H heads with D channels each?",
        show="merge_heads(torch.zeros(1, 3, 5, 4)).shape should be (1, 5, 12); yours is (1, 5, 4)",
        family="rule",
        edit={"x.transpose(1, 2).flatten(2)": "x.sum(dim=1)"},
    ),
    Misconception(
        "merge_heads", "time and channels exchanged",
        says="you exchange the last two axes before joining, so channels of different positions are mixed",
        ask="Which axis has to stand next to D before the two are joined: T or H?",
        show="x = torch.arange(8).view(1, 2, 2, 2): position 0 should be [0, 1, 4, 5]; yours is [0, 2, 1, 3]",
        family="view or transpose",
        edit={"x.transpose(1, 2).flatten(2)": "x.transpose(-1, -2).reshape(x.shape[0], x.shape[2], -1)"},
    ),
    Misconception(
        "merge_heads", "heads interleaved",
        says="your channels take one number of each head in turn; a head's D numbers stay together",
        ask="When you join two axes, which of them runs fastest?",
        show="x = torch.arange(4).view(1, 2, 1, 2): the result should be [0, 1, 2, 3]; yours is [0, 2, 1, 3]",
        family="view or transpose",
        edit={"x.transpose(1, 2).flatten(2)": "x.permute(0, 2, 3, 1).flatten(2)"},
    ),
)

MODULE = (
    Misconception(
        "MultiHeadAttention", "scale by √C",
        says="your scores are divided by √C, but a query of one head has only D = C / H channels",
        ask="Over how many products does one score of one head add up?",
        show="C = 16, H = 4: a head has D = 4, so its scores are divided by √4 = 2, not by √16 = 4",
        family="scale factor",
        edit={
            "scaled_dot_product_attention(q, k, v, mask)": (
                "scaled_dot_product_attention(q / math.sqrt(self.n_head), k, v, mask)"
            )
        },
    ),
    Misconception(
        "MultiHeadAttention", "no causal mask",
        says="your positions see the future: the result equals the one without a mask",
        ask="What is handed to scaled_dot_product_attention as its fourth argument?",
        show="attn(x)[:, 0] should stay the same when x[:, 1:] changes; yours moves",
        family="leakage",
        edit={"(q, k, v, mask)": "(q, k, v)"},
    ),
    Misconception(
        "MultiHeadAttention", "keys used as values",
        says="you mix keys instead of values: v_proj takes no part in the result",
        ask="Of which projection is the result a weighted mean?",
        show="set attn.v_proj.weight to zeros: the result should be all zeros",
        family="rule",
        edit={"self.v_proj(x)": "self.k_proj(x)"},
    ),
    Misconception(
        "MultiHeadAttention", "values not projected",
        says="you mix the inputs themselves: v_proj takes no part in the result",
        ask="Of which projection is the result a weighted mean?",
        show="set attn.v_proj.weight to zeros: the result should be all zeros",
        family="rule",
        edit={"split_heads(self.v_proj(x), self.n_head)": "split_heads(x, self.n_head)"},
    ),
    Misconception(
        "MultiHeadAttention", "queries and keys exchanged",
        says="your keys ask and your queries answer: the two are exchanged",
        ask="In which order does scaled_dot_product_attention take its arguments?",
        show="the score of query t and key s is q_t·k_s; yours is k_t·q_s, another number as soon as W_Q ≠ W_K",
        family="sign or order",
        edit={"(q, k, v, mask)": "(k, q, v, mask)"},
    ),
    Misconception(
        "MultiHeadAttention", "no output projection",
        says="your result is the merged heads: o_proj takes no part in it",
        ask="After merging, which layer lets the heads talk to each other?",
        show="set attn.o_proj.weight to zeros: the result should be all zeros",
        family="rule",
        edit={"self.o_proj(merge_heads(out))": "merge_heads(out)"},
    ),
    Misconception(
        "MultiHeadAttention", "heads not split",
        says="your result equals attention with one head of C channels",
        ask="How many tables of weights should there be for each sequence?",
        show="C = 12, H = 3: q should have the shape (B, 3, T, 4) when it meets k",
        family="rule",
        edit={"self.n_head = n_head": "self.n_head = 1"},
    ),
    Misconception(
        "MultiHeadAttention", "one projection for all three",
        says="queries, keys and values all come from q_proj: k_proj and v_proj take no part in the result",
        ask="Which weights make the keys, and which the values?",
        show="set attn.k_proj.weight to zeros: every position should then weigh all it sees equally",
        family="rule",
        edit={"self.k_proj(x)": "self.q_proj(x)", "self.v_proj(x)": "self.q_proj(x)"},
    ),
    Misconception(
        "MultiHeadAttention", "merged without moving the heads back",
        says="you reshape the heads to (B, T, C) without moving them back: positions and heads are mixed",
        ask="What is the order of the axes before the merge, and did you call merge_heads?",
        show="out = torch.arange(8).view(1, 2, 2, 2): position 0 should become [0, 1, 4, 5], not [0, 1, 2, 3]",
        family="view or transpose",
        edit={"merge_heads(out)": "out.reshape(x.shape)"},
    ),
    Misconception(
        "MultiHeadAttention", "residual added inside",
        says="you add the input to the result; the block around attention does that, in the next unit",
        ask="If all projections are zero, what should come out?",
        show="set attn.o_proj.weight to zeros: the result should be all zeros; yours is x",
        family="rule",
        edit={"return self.o_proj(merge_heads(out))": "return x + self.o_proj(merge_heads(out))"},
    ),
    Misconception(
        "MultiHeadAttention", "biases on q, k and v",
        says="your projections to queries, keys and values have biases; the contract says none",
        ask="What does nn.Linear do about a bias if you do not mention it?",
        show="[name for name, _ in attn.named_parameters()] should hold four names, all ending in .weight",
        family="rule",
        edit={
            f"self.{name} = nn.Linear(n_embd, n_embd, bias=False)": f"self.{name} = nn.Linear(n_embd, n_embd)"
            for name in ("q_proj", "k_proj", "v_proj")
        },
    ),
    Misconception(
        "MultiHeadAttention", "biases everywhere",
        says="all four projections have biases; the contract says none",
        ask="What does nn.Linear do about a bias if you do not mention it?",
        show="[name for name, _ in attn.named_parameters()] should hold four names, all ending in .weight",
        family="rule",
        edit={
            f"self.{name} = nn.Linear(n_embd, n_embd, bias=False)": f"self.{name} = nn.Linear(n_embd, n_embd)"
            for name in ("q_proj", "k_proj", "v_proj", "o_proj")
        },
    ),
    Misconception(
        "MultiHeadAttention", "width not checked",
        says="you accept a width that the heads cannot share evenly; the trouble then starts far from its cause",
        ask="How many channels would each of 3 heads get out of 10?",
        show="MultiHeadAttention(10, 3) should raise ValueError; yours builds the module",
        family="rule",
        edit={"if n_embd % n_head:": "if False:"},
    ),
)

SHARED = (
    Misconception(
        "repeat_kv", "whole set repeated",
        says="your heads come in the order 0, 1, 0, 1; neighbours should share: 0, 0, 1, 1",
        ask="Does repeat() copy each element, or the whole row of elements?",
        show="x = torch.tensor([1., 2.]).view(1, 2, 1, 1): repeat_kv(x, 4) should hold 1, 1, 2, 2; yours is 1, 2, 1, 2",
        family="view or transpose",
        edit={"x.repeat_interleave(n_head // x.shape[1], dim=1)": "x.repeat(1, n_head // x.shape[1], 1, 1)"},
    ),
    Misconception(
        "repeat_kv", "time repeated",
        says="you repeat positions, not heads",
        ask="Which of the axes (B, H, T, D) should grow?",
        show="repeat_kv(torch.zeros(1, 2, 3, 5), 4).shape should be (1, 4, 3, 5); yours is (1, 2, 6, 5)",
        family="wrong axis",
        edit={"dim=1": "dim=2"},
    ),
    Misconception(
        "repeat_kv", "heads averaged",
        says="all your heads hold the mean of the key/value heads; each group should read its own",
        ask="Which key/value head does query head 0 read, and which does the last one?",
        show="x = torch.tensor([1., 2.]).view(1, 2, 1, 1): repeat_kv(x, 2) should hold 1, 2; yours is 1.5, 1.5",
        family="rule",
        edit={"x.repeat_interleave(n_head // x.shape[1], dim=1)": "x.mean(1, keepdim=True).repeat(1, n_head, 1, 1)"},
    ),
    Misconception(
        "repeat_kv", "first head for all",
        says="all your heads are copies of key/value head 0",
        ask="Which key/value head does the last query head read?",
        show="x = torch.tensor([1., 2.]).view(1, 2, 1, 1): repeat_kv(x, 2) should hold 1, 2; yours is 1, 1",
        family="batch of one",
        edit={"x.repeat_interleave(n_head // x.shape[1], dim=1)": "x[:, :1].repeat(1, n_head, 1, 1)"},
    ),
    Misconception(
        "repeat_kv", "channels cut into more heads",
        says="you cut the channels of a head into smaller heads; every head keeps all its D channels",
        ask="Is the size of a head the same before and after?",
        show="repeat_kv(torch.zeros(1, 2, 3, 6), 4).shape should be (1, 4, 3, 6); yours is (1, 4, 3, 3)",
        family="view or transpose",
        edit={
            "return x.repeat_interleave(n_head // x.shape[1], dim=1)": (
                "groups = n_head // x.shape[1]\n"
                "    return x.unflatten(3, (groups, -1)).transpose(2, 3).flatten(1, 2)"
            )
        },
    ),
    Misconception(
        "repeat_kv", "repeated n_head times",
        says="you repeat each head n_head times, so that H_kv·H heads come out instead of H",
        ask="How many query heads share one key/value head, if there are H and H_kv of them?",
        show="repeat_kv(torch.zeros(1, 2, 3, 5), 4).shape should be (1, 4, 3, 5); yours is (1, 8, 3, 5)",
        family="scale factor",
        edit={"n_head // x.shape[1]": "n_head"},
    ),
)

MISCONCEPTIONS = ATTENTION + MASK + HEADS + MODULE + SHARED
