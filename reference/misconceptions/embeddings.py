"""What goes wrong in embeddings and positions."""

from reference.misconceptions import Misconception

_CHECKED = """if ids.min() < 0 or ids.max() >= len(W):
        raise IndexError(f"ids from {ids.min()} to {ids.max()} do not fit a table with rows 0 … {len(W) - 1}.")
    return W[ids]"""  # the whole body: most wrong answers do not look at the ids first

LOOKUP = (
    Misconception(
        "embedding_lookup", "negative ids count from the end",
        says="an id of −1 gives you the last row: Python and PyTorch count negative indices from the end, silently",
        ask="What does W[-1] give, and what would a token with the id −1 be?",
        show="embedding_lookup(torch.zeros(3, 2), torch.tensor([-1])) should raise; yours returns row 2",
        family="rule",
        edit={_CHECKED: "return W[ids]"},
    ),
    Misconception(
        "embedding_lookup", "columns",
        says="you take columns of W; an id's vector is a row, all numbers with that first index",
        ask="What are the shapes of W[0] and of W[:, 0] if W is (V, C)?",
        show="W = torch.tensor([[0., 1.], [10., 11.], [20., 21.]]): id 1 should give [10, 11]; yours has 1, 11, 21",
        family="wrong axis",
        edit={_CHECKED: "return W[:, ids]"},
    ),
    Misconception(
        "embedding_lookup", "columns, ids checked",
        says="you take columns of W; an id's vector is a row, all numbers with that first index",
        ask="What are the shapes of W[0] and of W[:, 0] if W is (V, C)?",
        show="W = torch.tensor([[0., 1.], [10., 11.], [20., 21.]]): id 1 should give [10, 11]; yours has 1, 11, 21",
        family="wrong axis",
        edit={"return W[ids]": "return W[:, ids]"},
    ),
    Misconception(
        "embedding_lookup", "rows of the transposed table",
        says="you look up in W.T, whose rows are the columns of W",
        ask="W is (V, C): is it the first axis of W or of W.T that has one place for each id?",
        show="W = torch.tensor([[0., 1.], [10., 11.], [20., 21.]]): id 1 should give [10, 11]; yours is [1, 11, 21]",
        family="wrong axis",
        edit={_CHECKED: "return W.T[ids]"},
    ),
    Misconception(
        "embedding_lookup", "one-hot as wide as the largest id",
        says="your one-hot vectors are as wide as the largest id in sight; they have to be V wide, whatever ids came",
        ask="How wide is F.one_hot(torch.tensor([0, 1])), and how many rows has W?",
        show="nn.functional.one_hot(torch.tensor([0, 1])) has the shape (2, 2): times a (7, 4) table it raises",
        family="denominator",
        edit={_CHECKED: "return torch.nn.functional.one_hot(ids).to(W.dtype) @ W"},
    ),
    Misconception(
        "embedding_lookup", "one-hot of whole numbers",
        says="your one-hot vectors are int64 and W is float: a matrix product wants both of one type",
        ask="What is the dtype of a one-hot tensor, and how do you turn it into the dtype of W?",
        show="torch.ones(1, 3, dtype=torch.long) @ torch.ones(3, 2) raises; with .float() behind the first it does not",
        family="rule",
        edit={_CHECKED: "return torch.nn.functional.one_hot(ids, len(W)) @ W"},
    ),
    Misconception(
        "embedding_lookup", "no gradient",
        says="your result has forgotten that it comes from W, so W can never learn",
        ask="Which operation makes a tensor without its history: .detach(), .data, .tolist(), torch.tensor(…)?",
        show="W = torch.zeros(3, 2, requires_grad=True): embedding_lookup(W, torch.tensor([1])).requires_grad "
        "should be True",
        family="gradient",
        edit={_CHECKED: "return W.detach()[ids]"},
    ),
    Misconception(
        "embedding_lookup", "no gradient, ids checked",
        says="your result has forgotten that it comes from W, so W can never learn",
        ask="Which operation makes a tensor without its history: .detach(), .data, .tolist(), torch.tensor(…)?",
        show="W = torch.zeros(3, 2, requires_grad=True): embedding_lookup(W, torch.tensor([1])).requires_grad "
        "should be True",
        family="gradient",
        edit={"return W[ids]": "return W.detach()[ids]"},
    ),
    Misconception(
        "embedding_lookup", "built anew from numbers",
        says="you take the numbers out of W and build a new tensor: it has forgotten that it comes from W, and a "
        "single id cannot be looped over",
        ask="Which operations cut the thread to W: indexing, .tolist(), torch.tensor(…)? Does W[ids] need a loop?",
        show="W = torch.zeros(3, 2, requires_grad=True): embedding_lookup(W, torch.tensor([1])).requires_grad "
        "should be True",
        family="gradient",
        edit={_CHECKED: "return torch.tensor([W[id].tolist() for id in ids])"},
    ),
    Misconception(
        "embedding_lookup", "built anew from numbers, ids checked",
        says="you take the numbers out of W and build a new tensor: it has forgotten that it comes from W, and a "
        "single id cannot be looped over",
        ask="Which operations cut the thread to W: indexing, .tolist(), torch.tensor(…)? Does W[ids] need a loop?",
        show="W = torch.zeros(3, 2, requires_grad=True): embedding_lookup(W, torch.tensor([1])).requires_grad "
        "should be True",
        family="gradient",
        edit={"return W[ids]": "return torch.tensor([W[id].tolist() for id in ids])"},
    ),
    Misconception(
        "embedding_lookup", "ids outside get some other row",
        says="an id outside the table gets some other token's row, as with clamp or %, and nobody will ever notice",
        ask="If a text was cut by another tokenizer and has the id V, whose vector should it get?",
        show="embedding_lookup(torch.zeros(3, 2), torch.tensor([3])) should raise; yours returns a row",
        family="rule",
        edit={_CHECKED: "return W[ids.clamp(0, len(W) - 1)]"},
    ),
    Misconception(
        "embedding_lookup", "loop over the first axis",
        says="you loop over ids, and a single id without an axis cannot be looped over",
        ask="What is for id in torch.tensor(3)? And does indexing with a whole tensor need a loop at all?",
        show="embedding_lookup(torch.zeros(5, 2), torch.tensor(3)).shape should be (2,); yours raises",
        family="rule",
        edit={_CHECKED: "return torch.stack([W[id] for id in ids])"},
    ),
    Misconception(
        "embedding_lookup", "loop over the first axis, ids checked",
        says="you loop over ids, and a single id without an axis cannot be looped over",
        ask="What is for id in torch.tensor(3)? And does indexing with a whole tensor need a loop at all?",
        show="embedding_lookup(torch.zeros(5, 2), torch.tensor(3)).shape should be (2,); yours raises",
        family="rule",
        edit={"return W[ids]": "return torch.stack([W[id] for id in ids])"},
    ),
    Misconception(
        "embedding_lookup", "axes of ids lost",
        says="you make one long row of all ids, so nobody knows any more which text a vector belongs to",
        ask="With ids of shape (2, 3) and C = 4, which shape should come out?",
        show="embedding_lookup(torch.zeros(5, 4), torch.zeros(2, 3, dtype=torch.long)).shape should be (2, 3, 4); "
        "yours is (6, 4)",
        family="view or transpose",
        edit={_CHECKED: "return W.index_select(0, ids.flatten())"},
    ),
    Misconception(
        "embedding_lookup", "last row refused",
        says="you refuse the id V − 1, which has a row",
        ask="The rows of a table with V rows are 0 … what?",
        show="embedding_lookup(torch.zeros(3, 2), torch.tensor([2])) should be [[0, 0]]; yours raises",
        family="off by one",
        edit={"ids.max() >= len(W)": "ids.max() >= len(W) - 1"},
    ),
)

TABLES = (
    Misconception(
        "TokenPositionEmbedding", "offset ignored",
        says="your positions begin at 0 whatever the offset is",
        ask="If four positions lie before the piece, which row of wpe does its first token get?",
        show="emb(torch.tensor([[5]]), 3) should be emb.wte.weight[5] + emb.wpe.weight[3]; yours takes row 0 of wpe",
        family="off by one",
        edit={"torch.arange(offset, end, device": "torch.arange(ids.shape[1], device"},
    ),
    Misconception(
        "TokenPositionEmbedding", "offset ignored, length not checked",
        says="your positions begin at 0 whatever the offset is, and nobody looks whether they fit into the table",
        ask="If four positions lie before the piece, which row of wpe does its first token get?",
        show="emb(torch.tensor([[5]]), 3) should be emb.wte.weight[5] + emb.wpe.weight[3]; yours takes row 0 of wpe",
        family="off by one",
        edit={"torch.arange(offset, end, device": "torch.arange(len(ids[0]), device", "end > block_size": "False"},
    ),
    Misconception(
        "TokenPositionEmbedding", "position is the token's id",
        says="you look up the token's id in both tables; the position table wants the place, not the token",
        ask="What should differ between the first and the second of two equal tokens?",
        show="emb(torch.tensor([[5, 5]])): the two vectors should differ by wpe's rows 0 and 1; yours are equal",
        family="rule",
        edit={"self.wpe(positions)": "self.wpe(ids)"},
    ),
    Misconception(
        "TokenPositionEmbedding", "tables exchanged",
        says="you look up tokens in the table of positions, and positions in the table of tokens",
        ask="Which of the two tables has vocab_size rows, and which is handed the ids?",
        show="emb(torch.tensor([[5]])) should be emb.wte.weight[5] + emb.wpe.weight[0]; yours is wpe's 5 + wte's 0",
        family="sign or order",
        edit={"self.wte(ids) + self.wpe(positions)": "self.wpe(ids) + self.wte(positions)"},
    ),
    Misconception(
        "TokenPositionEmbedding", "positions along the batch",
        says="you number the texts of the batch, not the places within a text: a whole text gets one position",
        ask="ids is (B, T): along which axis do positions count up?",
        show="emb(torch.tensor([[5, 5], [5, 5]])): the two rows should be equal, the two places not; "
        "yours is the other way round",
        family="wrong axis",
        edit={"self.wpe(positions)": "self.wpe(torch.arange(len(ids)) + offset).unsqueeze(1)"},
    ),
    Misconception(
        "TokenPositionEmbedding", "as many positions as texts",
        says="you make B positions; a piece of T tokens needs T of them",
        ask="Which axis of ids is time?",
        show="ids = torch.zeros(2, 5, dtype=torch.long): positions should be 0 … 4; yours are 0, 1",
        family="wrong axis",
        edit={"ids.shape[1]": "ids.shape[0]"},
    ),
    Misconception(
        "TokenPositionEmbedding", "end not moved by the offset",
        says="your positions begin at the offset and still end at T: arange(start, end) needs both ends moved",
        ask="For 3 tokens with offset 2 the positions are 2, 3, 4: what are the two arguments of arange?",
        show="torch.arange(2, 3) is [2], one position for three tokens; [2, 3, 4] is wanted",
        family="off by one",
        edit={"torch.arange(offset, end, device": "torch.arange(offset, ids.shape[1], device"},
    ),
    Misconception(
        "TokenPositionEmbedding", "positions from 1",
        says="your first position is 1: row 0 of wpe is never used, and the last one is used up too early",
        ask="Which row of wpe does the first token of a text get?",
        show="emb(torch.tensor([[5]])) should be emb.wte.weight[5] + emb.wpe.weight[0]; yours takes row 1 of wpe",
        family="off by one",
        edit={"torch.arange(offset, end, device": "torch.arange(offset + 1, end + 1, device"},
    ),
    Misconception(
        "TokenPositionEmbedding", "offset moves the tokens",
        says="you add the offset to the token ids: another token comes out, at the old position",
        ask="What does the offset shift: which token stands there, or where it stands?",
        show="emb(torch.tensor([[2]]), 3) should be emb.wte.weight[2] + emb.wpe.weight[3]; yours is wte's 5 + wpe's 0",
        family="rule",
        edit={
            "self.wte(ids) + self.wpe(positions)": (
                "self.wte((ids + offset) % self.wte.num_embeddings) + self.wpe(positions - offset)"
            )
        },
    ),
    Misconception(
        "TokenPositionEmbedding", "no positions",
        says="your result is the token's vector alone: the position table takes no part in it",
        ask="Where in your result do the numbers of wpe appear?",
        show="emb(torch.tensor([[5, 5]])): the two vectors should differ; yours are equal",
        family="rule",
        edit={"self.wte(ids) + self.wpe(positions)": "self.wte(ids)"},
    ),
    Misconception(
        "TokenPositionEmbedding", "side by side",
        says="you put the two vectors side by side, which makes 2C channels; they are added",
        ask="How many channels should come out if both vectors have C?",
        show="TokenPositionEmbedding(10, 6, 4)(torch.tensor([[7]])).shape should be (1, 1, 4); yours is (1, 1, 8)",
        family="rule",
        edit={
            "self.wte(ids) + self.wpe(positions)": (
                "torch.cat([self.wte(ids), self.wpe(positions).expand(len(ids), -1, -1)], dim=-1)"
            )
        },
    ),
    Misconception(
        "TokenPositionEmbedding", "multiplied",
        says="you multiply the two vectors; they are added",
        ask="If the position's vector is all zeros, what should be left of the token?",
        show="set emb.wpe.weight to zeros: the result should be the tokens' vectors; yours is 0",
        family="rule",
        edit={"self.wte(ids) + self.wpe": "self.wte(ids) * self.wpe"},
    ),
    Misconception(
        "TokenPositionEmbedding", "summed over the batch",
        says="you add up the texts of the batch, which have nothing to do with each other",
        ask="With ids of shape (2, 5) and C = 4, which shape should come out?",
        show="TokenPositionEmbedding(10, 6, 4)(torch.zeros(2, 5, dtype=torch.long)).shape should be (2, 5, 4); "
        "yours is (5, 4)",
        family="wrong axis",
        edit={"self.wte(ids) + self.wpe(positions)": "(self.wte(ids) + self.wpe(positions)).sum(dim=0)"},
    ),
    Misconception(
        "TokenPositionEmbedding", "tokens scaled by √C",
        says="you multiply the token's vector by √C, as the first transformer did; here nothing is scaled",
        ask="What should come out if wpe is all zeros?",
        show="C = 4, wpe all zeros, wte all ones: the result should be ones; yours is twos",
        family="scale factor",
        edit={"self.wte(ids) +": "self.wte(ids) * self.wte.embedding_dim**0.5 +"},
    ),
    Misconception(
        "TokenPositionEmbedding", "position table does not learn",
        says="no gradient reaches wpe: the positions are cut off from where they came from",
        ask="Is there a detach, a .data or a no_grad between wpe and the result?",
        show="after emb(torch.tensor([[1, 2]])).sum().backward(), emb.wpe.weight.grad should not be None",
        family="gradient",
        edit={"self.wpe(positions)": "self.wpe(positions).detach()"},
    ),
    Misconception(
        "TokenPositionEmbedding", "length not checked",
        says="too long a text ends in “IndexError: index out of range in self”, which tells its reader nothing; "
        "the contract asks for a ValueError that says what was too long",
        ask="Which comparison tells you, before any lookup, that the last position is not in the table?",
        show="TokenPositionEmbedding(3, 5, 2)(torch.zeros(1, 6, dtype=torch.long)) should raise ValueError",
        family="rule",
        edit={"if end > block_size:": "if False:"},
    ),
    Misconception(
        "TokenPositionEmbedding", "check without the offset",
        says="you compare T with the length of the table, and forget that the offset takes part of it",
        ask="At which position does the last token of the piece stand?",
        show="TokenPositionEmbedding(3, 5, 2)(torch.zeros(1, 4, dtype=torch.long), 2) should raise ValueError: "
        "its last position is 5",
        family="off by one",
        edit={"if end > block_size:": "if ids.shape[1] > block_size:"},
    ),
    Misconception(
        "TokenPositionEmbedding", "last position refused",
        says="you refuse a text that just fits: the table has block_size rows, and all of them may be used",
        ask="A text of T tokens at offset 0 ends at position T − 1: which T is the largest for block_size rows?",
        show="TokenPositionEmbedding(3, 5, 2)(torch.zeros(1, 5, dtype=torch.long)).shape should be (1, 5, 2); "
        "yours raises",
        family="off by one",
        edit={"if end > block_size:": "if end >= block_size:"},
    ),
    Misconception(
        "TokenPositionEmbedding", "positions start again",
        says="beyond the table you begin again at position 0, so that two places get one vector; it should raise",
        ask="Should a reader of the result be able to tell position 0 from position block_size?",
        show="TokenPositionEmbedding(3, 5, 2)(torch.zeros(1, 6, dtype=torch.long)) should raise ValueError; "
        "yours gives places 0 and 5 the same vector",
        family="rule",
        edit={"if end > block_size:": "if False:", "self.wpe(positions)": "self.wpe(positions % block_size)"},
    ),
    Misconception(
        "TokenPositionEmbedding", "super().__init__() forgotten",
        says="you store a layer before nn.Module has set itself up",
        ask="What is the first line of __init__ in every class made from nn.Module?",
        show="without super().__init__(), self.wte = … raises AttributeError: cannot assign module before "
        "Module.__init__() call",
        family="rule",
        edit={"super().__init__()": "pass"},
    ),
    Misconception(
        "TokenPositionEmbedding", "one row per token in both tables",
        says="your position table has vocab_size rows; it needs one row for each position, block_size of them",
        ask="How many different positions are there, and how many different tokens?",
        show="TokenPositionEmbedding(10, 6, 4).wpe.weight.shape should be (6, 4); yours is (10, 4)",
        family="rule",
        edit={"nn.Embedding(block_size, n_embd)": "nn.Embedding(vocab_size, n_embd)"},
    ),
    Misconception(
        "TokenPositionEmbedding", "rows and columns of the tables exchanged",
        says="your tables have n_embd rows: nn.Embedding wants the number of rows first",
        ask="In nn.Embedding(a, b), is it a or b that says how many different ids there are?",
        show="TokenPositionEmbedding(10, 6, 4).wte.weight.shape should be (10, 4); yours is (4, 10)",
        family="view or transpose",
        edit={
            "nn.Embedding(vocab_size, n_embd)": "nn.Embedding(n_embd, vocab_size)",
            "nn.Embedding(block_size, n_embd)": "nn.Embedding(n_embd, block_size)",
        },
    ),
    Misconception(
        "TokenPositionEmbedding", "positions before the time axis",
        says="your positions' vectors have the shape (T, 1, C), which lays them along the batch; (T, C) is enough",
        ask="Broadcasting lines shapes up from the right: which axis of (B, T, C) meets the T of your positions?",
        show="emb.wpe(torch.arange(5)).shape is (5, 4): added to (2, 5, 4) it gives (2, 5, 4); (5, 1, 4) does not fit",
        family="wrong axis",
        edit={"self.wpe(positions)": "self.wpe(positions)[:, None]"},
    ),
    Misconception(
        "TokenPositionEmbedding", "token table is a bare parameter",
        says="your token table is a bare nn.Parameter with the name wte; as an nn.Embedding its name is wte.weight",
        ask="Which class should both tables have, and under which name does it keep its numbers?",
        show="[name for name, _ in emb.named_parameters()] should be ['wte.weight', 'wpe.weight']",
        family="rule",
        edit={
            "nn.Embedding(vocab_size, n_embd)": "nn.Parameter(torch.randn(vocab_size, n_embd))",
            "self.wte(ids)": "self.wte[ids]",
        },
    ),
    Misconception(
        "TokenPositionEmbedding", "both tables are bare parameters",
        says="your tables are bare nn.Parameters with the names wte and wpe; as nn.Embeddings their names are "
        "wte.weight and wpe.weight",
        ask="Which class should both tables have, and under which name does it keep its numbers?",
        show="[name for name, _ in emb.named_parameters()] should be ['wte.weight', 'wpe.weight']",
        family="rule",
        edit={
            "nn.Embedding(vocab_size, n_embd)": "nn.Parameter(torch.randn(vocab_size, n_embd))",
            "nn.Embedding(block_size, n_embd)": "nn.Parameter(torch.randn(block_size, n_embd))",
            "self.wte(ids)": "self.wte[ids]",
            "self.wpe(positions)": "self.wpe[positions]",
            "self.wpe.num_embeddings": "len(self.wpe)",
        },
    ),
    Misconception(
        "TokenPositionEmbedding", "position table is a bare parameter",
        says="your position table is a bare nn.Parameter with the name wpe; as an nn.Embedding its name is wpe.weight",
        ask="Which class should both tables have, and under which name does it keep its numbers?",
        show="[name for name, _ in emb.named_parameters()] should be ['wte.weight', 'wpe.weight']",
        family="rule",
        edit={
            "nn.Embedding(block_size, n_embd)": "nn.Parameter(torch.randn(block_size, n_embd))",
            "self.wpe(positions)": "self.wpe[positions]",
            "self.wpe.num_embeddings": "len(self.wpe)",
        },
    ),
)

SINUSOIDS = (
    Misconception(
        "sinusoidal_encoding", "positions from 1",
        says="your first position is 1; it should be 0, whose row is 0, 1, 0, 1, …",
        ask="What are sin 0 and cos 0?",
        show="sinusoidal_encoding(1, 4) should be [[0, 1, 0, 1]]; yours is [[0.84, 0.54, 0.01, 1.00]]",
        family="off by one",
        edit={"torch.arange(T)[:, None]": "torch.arange(1, T + 1)[:, None]"},
    ),
    Misconception(
        "sinusoidal_encoding", "positions not a column",
        says="your T positions meet your C/2 divisors side by side; every position should meet every divisor",
        ask="Which shape must the positions have so that broadcasting with (C/2,) gives (T, C/2)?",
        show="torch.arange(3) * torch.ones(2) raises; torch.arange(3)[:, None] * torch.ones(2) has the shape (3, 2)",
        family="wrong axis",
        edit={"torch.arange(T)[:, None]": "torch.arange(T)"},
    ),
    Misconception(
        "sinusoidal_encoding", "exponent too large",
        says="your exponent is 2i/(C/2), twice what it should be: the pairs slow down too fast",
        ask="Does the 2 in 2i/C already say that there are C/2 pairs?",
        show="sinusoidal_encoding(2, 4)[1, 2] should be sin(1/100) = 0.0100; yours is sin(1/10000) = 0.0001",
        family="scale factor",
        edit={"torch.arange(0, C, 2) / C": "torch.arange(0, C, 2) / (C / 2)"},
    ),
    Misconception(
        "sinusoidal_encoding", "exponent too small",
        says="your exponent is i/C; the 2 of 2i/C is lost, and the slow half of the pairs is missing",
        ask="If i counts pairs, i = 0 … C/2 − 1, what is the exponent of the last pair for C = 4?",
        show="sinusoidal_encoding(2, 4)[1, 2] should be sin(1/100) = 0.0100; yours is sin(1/10) = 0.0998",
        family="scale factor",
        edit={"torch.arange(0, C, 2) / C": "torch.arange(C // 2) / C"},
    ),
    Misconception(
        "sinusoidal_encoding", "every column its own angle",
        says="your exponent counts columns, not pairs: a cosine gets another angle than the sine beside it",
        ask="Columns 2 and 3 belong to one pair: what is the exponent of both?",
        show="sinusoidal_encoding(2, 4)[1, 1] should be cos(1) = 0.5403; yours is cos(1/10) = 0.9950",
        family="off by one",
        edit={
            "-torch.arange(0, C, 2) / C": "-torch.arange(C) / C",
            "angles.sin(), angles.cos()": "angles[:, 0::2].sin(), angles[:, 1::2].cos()",
        },
    ),
    Misconception(
        "sinusoidal_encoding", "halves instead of neighbours",
        says="your sines all stand in the first half and your cosines in the second; they should take turns",
        ask="Which columns are even, and which are odd?",
        show="sinusoidal_encoding(2, 4)[1] should be [0.84, 0.54, 0.01, 1.00]; yours is [0.84, 0.01, 0.54, 1.00]",
        family="view or transpose",
        edit={"torch.stack([": "torch.cat([", "dim=-1).flatten(1)": "dim=-1)"},
    ),
    Misconception(
        "sinusoidal_encoding", "all sines, then all cosines",
        says="your upper rows hold sines and your lower rows cosines: the new axis of two was folded into the rows",
        ask="After torch.stack of two (T, C/2) tables, which axis is 2 long, and which one should it stand behind?",
        show="sinusoidal_encoding(2, 4)[0] should be [0, 1, 0, 1]; yours is [0, 0, 0.84, 0.01]",
        family="view or transpose",
        edit={"dim=-1).flatten(1)": "dim=0).reshape(T, C)"},
    ),
    Misconception(
        "sinusoidal_encoding", "sine and cosine exchanged",
        says="your cosines stand in the even columns and your sines in the odd ones: it is the other way round",
        ask="What should row 0 begin with: 0 or 1?",
        show="sinusoidal_encoding(1, 4) should be [[0, 1, 0, 1]]; yours is [[1, 0, 1, 0]]",
        family="sign or order",
        edit={"[angles.sin(), angles.cos()]": "[angles.cos(), angles.sin()]"},
    ),
    Misconception(
        "sinusoidal_encoding", "base ignored",
        says="your base is always 10 000, whatever is asked for",
        ask="Where in your answer does the third argument appear?",
        show="sinusoidal_encoding(2, 4, base=100.0)[1, 2] should be sin(1/10) = 0.0998; yours is 0.0100",
        family="rule",
        edit={"base ** (": "10_000.0 ** ("},
    ),
    Misconception(
        "sinusoidal_encoding", "multiplied instead of divided",
        says="your pairs get faster and faster: you multiply the position by base^(2i/C) where you should divide",
        ask="Should the last pair turn faster or slower than the first?",
        show="sinusoidal_encoding(2, 4)[1, 2] should be sin(1/100) = 0.0100; yours is sin(100) = −0.5064",
        family="sign or order",
        edit={"(-torch.arange(0, C, 2)": "(torch.arange(0, C, 2)"},
    ),
    Misconception(
        "sinusoidal_encoding", "whole-number division",
        says="all your pairs turn at the same speed: the exponent was rounded down to 0",
        ask="What is 2 // 4, and what is 2 / 4?",
        show="sinusoidal_encoding(2, 4)[1, 2] should be sin(1/100) = 0.0100; yours is sin(1) = 0.8415",
        family="rule",
        edit={"(-torch.arange(0, C, 2) / C)": "(-(torch.arange(0, C, 2) // C))"},
    ),
    Misconception(
        "sinusoidal_encoding", "parentheses lost",
        says="you divide the angle by C instead of the exponent: base ** a / C is (base ** a) / C",
        ask="Which does Python do first, ** or /, and where do you need parentheses?",
        show="sinusoidal_encoding(2, 4)[1, 0] should be sin(1) = 0.8415; yours is sin(1/4) = 0.2474",
        family="rule",
        edit={"base ** (-torch.arange(0, C, 2) / C)": "base ** -torch.arange(0, C, 2) / C"},
    ),
    Misconception(
        "sinusoidal_encoding", "parentheses of the divisor lost",
        says="your divisors are base ** a / C, which is (base ** a) / C: even the first pair turns C times too fast",
        ask="Which does Python do first, ** or /, and what is your divisor for the first pair, where a = 0?",
        show="sinusoidal_encoding(2, 4)[1, 0] should be sin(1) = 0.8415; yours is sin(4) = −0.7568",
        family="rule",
        edit={"base ** (-torch.arange(0, C, 2) / C)": "1 / (base ** torch.arange(0, C, 2) / C)"},
    ),
    Misconception(
        "sinusoidal_encoding", "i counts channels",
        says="your exponent is 2i/C with i counting channels; i counts pairs, and both channels of one share an angle",
        ask="Columns 2 and 3 belong to one pair: which i is theirs, and what is 2i/C for C = 4?",
        show="sinusoidal_encoding(2, 4)[1, 1] should be cos(1) = 0.5403; yours is cos(1/100) = 0.99995",
        family="off by one",
        edit={
            "-torch.arange(0, C, 2) / C": "-2 * torch.arange(C) / C",
            "angles.sin(), angles.cos()": "angles[:, 0::2].sin(), angles[:, 1::2].cos()",
        },
    ),
    Misconception(
        "sinusoidal_encoding", "ends at base",
        says="your exponent is 2i/(C − 2), which makes the last one exactly 1, as some libraries do; here it is 2i/C",
        ask="By which number is 2i divided?",
        show="sinusoidal_encoding(2, 6)[1, 2] should be sin(10000^(−2/6)) = 0.0464; yours is sin(1/100) = 0.0100",
        family="denominator",
        edit={"torch.arange(0, C, 2) / C": "torch.arange(0, C, 2) / (C - 2)"},
    ),
    Misconception(
        "sinusoidal_encoding", "rows and columns exchanged",
        says="your result is (C, T): a position should be a row",
        ask="What is the shape of sinusoidal_encoding(2, 4)?",
        show="sinusoidal_encoding(2, 4).shape should be (2, 4); yours is (4, 2)",
        family="view or transpose",
        edit={".flatten(1)": ".flatten(1).T"},
    ),
    Misconception(
        "sinusoidal_encoding", "float64",
        says="your table is float64, as NumPy makes it; the contract says float32",
        ask="What is the dtype of your result, and what happens when it is added to float32 vectors?",
        show="sinusoidal_encoding(2, 4).dtype should be torch.float32; yours is torch.float64",
        family="rule",
        edit={"torch.arange(T)[:, None]": "torch.arange(T, dtype=torch.float64)[:, None]"},
    ),
)

_TURN = "torch.cat([x1 * cos - x2 * sin, x1 * sin + x2 * cos], dim=-1).to(x.dtype)"

ROPE = (
    Misconception(
        "apply_rope", "positions ignored",
        says="you turn vector t by t, whatever positions says",
        ask="If one vector comes alone and stands at position 5, by which angle is its first pair turned?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [5]: [0.28, 0, −0.96, 0]; "
        "yours is x unchanged",
        family="rule",
        edit={"positions[:, None]": "torch.arange(x.shape[2])[:, None]"},
    ),
    Misconception(
        "apply_rope", "positions from 1",
        says="you turn by one position too many: position 0 should not be turned at all",
        ask="What is the angle at position 0?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [0]: x unchanged; "
        "yours is [0.54, 0, 0.84, 0]",
        family="off by one",
        edit={"positions[:, None]": "(positions[:, None] + 1)"},
    ),
    Misconception(
        "apply_rope", "positions not a column",
        says="your T positions meet your D/2 frequencies side by side; every position should meet every frequency",
        ask="Which shape must the positions have so that broadcasting with (D/2,) gives (T, D/2)?",
        show="torch.arange(3) * torch.ones(2) raises; torch.arange(3)[:, None] * torch.ones(2) has the shape (3, 2)",
        family="wrong axis",
        edit={"positions[:, None] *": "positions *"},
    ),
    Misconception(
        "apply_rope", "halves joined along the batch",
        says="you join the two halves along the first axis: torch.cat without dim makes the batch twice as large",
        ask="Along which axis was x cut, and along which does torch.cat join if you do not say?",
        show="apply_rope(torch.ones(1, 1, 1, 4), torch.tensor([0])).shape should be (1, 1, 1, 4); "
        "yours is (2, 1, 1, 2)",
        family="wrong axis",
        edit={", dim=-1).to": ").to"},
    ),
    Misconception(
        "apply_rope", "exponent too large",
        says="your exponent is 2i/(D/2), twice what it should be: the pairs slow down too fast",
        ask="Does the 2 in 2i/D already say that there are D/2 pairs?",
        show="x = torch.tensor([0., 1., 0., 0.]).view(1, 1, 1, 4), positions [1]: the last channel should be "
        "sin(1/100) = 0.0100; yours is 0.0001",
        family="scale factor",
        edit={"device=x.device) / D": "device=x.device) / (D / 2)"},
    ),
    Misconception(
        "apply_rope", "exponent too small",
        says="your exponent is i/D; the 2 of 2i/D is lost, and the slow half of the pairs is missing",
        ask="If i counts pairs, i = 0 … D/2 − 1, what is the exponent of the last pair for D = 4?",
        show="x = torch.tensor([0., 1., 0., 0.]).view(1, 1, 1, 4), positions [1]: the last channel should be "
        "sin(1/100) = 0.0100; yours is sin(1/10) = 0.0998",
        family="scale factor",
        edit={"torch.arange(0, D, 2, device": "torch.arange(D // 2, device"},
    ),
    Misconception(
        "apply_rope", "pairs get faster",
        says="your later pairs turn faster: you multiply the position by base^(2i/D) where you should divide",
        ask="Should the last pair turn faster or slower than the first?",
        show="x = torch.tensor([0., 1., 0., 0.]).view(1, 1, 1, 4), positions [1]: the last channel should be "
        "sin(1/100) = 0.0100; yours is sin(100) = −0.5064",
        family="sign or order",
        edit={"(-torch.arange": "(torch.arange"},
    ),
    Misconception(
        "apply_rope", "one speed for all pairs",
        says="all your pairs turn at the same speed: is the exponent rounded down to 0?",
        ask="What is 2 // 4, and what is 2 / 4?",
        show="x = torch.tensor([0., 1., 0., 0.]).view(1, 1, 1, 4), positions [1]: the last channel should be "
        "sin(1/100) = 0.0100; yours is sin(1) = 0.8415",
        family="rule",
        edit={"(-torch.arange(0, D, 2, device=x.device) / D)": "(-(torch.arange(0, D, 2, device=x.device) // D))"},
    ),
    Misconception(
        "apply_rope", "parentheses lost",
        says="you divide the angle by D instead of the exponent: base ** a / D is (base ** a) / D",
        ask="Which does Python do first, ** or /, and where do you need parentheses?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [1]: the third channel should be "
        "sin(1) = 0.8415; yours is sin(1/4) = 0.2474",
        family="rule",
        edit={"base ** (-torch.arange(0, D, 2, device=x.device) / D)": "base ** -torch.arange(0, D, 2) / D"},
    ),
    Misconception(
        "apply_rope", "parentheses of the divisor lost",
        says="your divisors are base ** a / D, which is (base ** a) / D: even the first pair turns D times too fast",
        ask="Which does Python do first, ** or /, and what is your divisor for the first pair, where a = 0?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [1]: the third channel should be "
        "sin(1) = 0.8415; yours is sin(4) = −0.7568",
        family="rule",
        edit={"base ** (-torch.arange(0, D, 2, device=x.device) / D)": "1 / (base ** torch.arange(0, D, 2) / D)"},
    ),
    Misconception(
        "apply_rope", "base fixed",
        says="your base is always 10 000, whatever is asked for",
        ask="Where in your answer does the third argument appear?",
        show="x = torch.tensor([0., 1., 0., 0.]).view(1, 1, 1, 4), positions [1], base 100: the last channel should be "
        "sin(1/10) = 0.0998; yours is 0.0100",
        family="rule",
        edit={"base ** (": "10_000.0 ** ("},
    ),
    Misconception(
        "apply_rope", "turned the other way",
        says="you turn by −θ: from the second channel of a pair towards the first",
        ask="At position 1, what should become of (1, 0): (cos 1, sin 1) or (cos 1, −sin 1)?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [1]: [0.54, 0, 0.84, 0]; "
        "yours is [0.54, 0, −0.84, 0]",
        family="sign or order",
        edit={"angles.sin()": "-angles.sin()"},
    ),
    Misconception(
        "apply_rope", "neighbours as pairs",
        says="your pairs are neighbours, channels 2i and 2i + 1; in this course they are the halves, i and i + D/2",
        ask="With D = 4, which channel is the partner of channel 0: 1 or 2?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [1]: [0.54, 0, 0.84, 0]; "
        "yours is [0.54, 0.84, 0, 0]",
        family="rule",
        edit={
            "x[..., : D // 2], x[..., D // 2 :]": "x[..., 0::2], x[..., 1::2]",
            _TURN: "torch.stack([x1 * cos - x2 * sin, x1 * sin + x2 * cos], dim=-1).flatten(-2).to(x.dtype)",
        },
    ),
    Misconception(
        "apply_rope", "neighbours in, halves out",
        says="you take pairs from neighbouring channels and put them back into the halves: channels change places",
        ask="At position 0, is the result equal to x?",
        show="x = torch.tensor([0., 1., 0., 0.]).view(1, 1, 1, 4), positions [0]: x unchanged; yours is [0, 0, 1, 0]",
        family="view or transpose",
        edit={"x[..., : D // 2], x[..., D // 2 :]": "x[..., 0::2], x[..., 1::2]"},
    ),
    Misconception(
        "apply_rope", "halves in, neighbours out",
        says="you take pairs from the two halves and put them back as neighbours: channels change places",
        ask="At position 0, is the result equal to x?",
        show="x = torch.tensor([0., 1., 0., 0.]).view(1, 1, 1, 4), positions [0]: x unchanged; yours is [0, 0, 1, 0]",
        family="view or transpose",
        edit={_TURN: "torch.stack([x1 * cos - x2 * sin, x1 * sin + x2 * cos], dim=-1).flatten(-2).to(x.dtype)"},
    ),
    Misconception(
        "apply_rope", "table for neighbours, vectors in halves",
        says="your table of angles repeats each angle for two neighbours, but the vectors are paired by halves: "
        "the two channels of a pair are turned by different angles",
        ask="Channels 0 and D/2 are partners: which angle does each of them meet in your table?",
        show="x = torch.tensor([0., 1., 0., 0.]).view(1, 1, 1, 4), positions [1]: [0, 1.00, 0, 0.01]; "
        "yours is [0, 0.54, 0, 0.01]",
        family="view or transpose",
        edit={
            "cos, sin = angles.cos(), angles.sin()": (
                "cos, sin = (f.repeat_interleave(2, dim=-1) for f in (angles.cos(), angles.sin()))"
            ),
            _TURN: "(x * cos + torch.cat([-x2, x1], dim=-1) * sin).to(x.dtype)",
        },
    ),
    Misconception(
        "apply_rope", "both with a minus",
        says="your second channel has a minus where a plus belongs, so that you mirror the pair instead of turning it",
        ask="What should become of (0, 1) when it is not turned at all, at position 0?",
        show="x = torch.tensor([0., 0., 1., 0.]).view(1, 1, 1, 4), positions [0]: x unchanged; yours is [0, 0, −1, 0]",
        family="sign or order",
        edit={"x1 * sin + x2 * cos": "x1 * sin - x2 * cos"},
    ),
    Misconception(
        "apply_rope", "no minus",
        says="your first channel has a plus where a minus belongs: that is no rotation, and lengths change",
        ask="At position 1, what should become of (0, 1)?",
        show="x = torch.tensor([0., 0., 1., 0.]).view(1, 1, 1, 4), positions [1]: [−0.84, 0, 0.54, 0]; "
        "yours is [0.84, 0, 0.54, 0]",
        family="sign or order",
        edit={"x1 * cos - x2 * sin": "x1 * cos + x2 * sin"},
    ),
    Misconception(
        "apply_rope", "cosine and sine exchanged",
        says="your cosines and sines have changed places: at position 0 nothing should happen",
        ask="What are cos 0 and sin 0, and what does your formula make of (1, 0) with them?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [0]: x unchanged; yours is [0, 0, 1, 0]",
        family="sign or order",
        edit={"cos, sin = angles.cos(), angles.sin()": "sin, cos = angles.cos(), angles.sin()"},
    ),
    Misconception(
        "apply_rope", "added instead of turned",
        says="you add cosines and sines to the channels; the channels are to be multiplied by them",
        ask="At position 0, what should come out?",
        show="x = torch.zeros(1, 1, 1, 4): the result should be zeros at every position; yours at 0 is [1, 1, 0, 0]",
        family="rule",
        edit={"x1 * cos - x2 * sin, x1 * sin + x2 * cos": "x1 + cos, x2 + sin"},
    ),
    Misconception(
        "apply_rope", "first half overwritten too early",
        says="your second half is computed from the new first half; it needs the old one",
        ask="Which x1 stands in the line for the second half: the one from before or from after the first line?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [1]: [0.54, 0, 0.84, 0]; "
        "yours is [0.54, 0, 0.45, 0]",
        family="state",
        edit={
            f"return {_TURN}": (
                "x1 = x1 * cos - x2 * sin\n"
                "    return torch.cat([x1, x1 * sin + x2 * cos], dim=-1).to(x.dtype)"
            )
        },
    ),
    Misconception(
        "apply_rope", "half by half in place",
        says="you write the first half back into x and compute the second from it: it needs the old first half, "
        "and x was not yours to change",
        ask="Is x[..., :2] a copy of x or a window into it, and what does it show after the first line?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [1]: [0.54, 0, 0.84, 0]; "
        "yours is [0.54, 0, 0.45, 0], and so is x",
        family="state",
        edit={
            f"return {_TURN}": (
                "x[..., : D // 2] = x1 * cos - x2 * sin\n"
                "    x[..., D // 2 :] = x1 * sin + x2 * cos\n"
                "    return x"
            )
        },
    ),
    Misconception(
        "apply_rope", "x overwritten",
        says="the result is right, but you have written it over the caller's x",
        ask="Who else may still need x after your function has returned?",
        show="x = torch.ones(1, 1, 1, 4); apply_rope(x, torch.tensor([1])); print(x) should still show ones",
        family="state",
        edit={f"return {_TURN}": f"return x.copy_({_TURN})"},
    ),
    Misconception(
        "apply_rope", "halves exchanged",
        says="you put the second half first",
        ask="At position 0, is the result equal to x?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [0]: x unchanged; yours is [0, 0, 1, 0]",
        family="view or transpose",
        edit={_TURN: "torch.cat([x1 * sin + x2 * cos, x1 * cos - x2 * sin], dim=-1).to(x.dtype)"},
    ),
    Misconception(
        "apply_rope", "second half left out",
        says="you turn only the first half; the second is handed back as it came",
        ask="A pair has two channels: what becomes of the second one?",
        show="x = torch.tensor([1., 0., 0., 0.]).view(1, 1, 1, 4), positions [1]: [0.54, 0, 0.84, 0]; "
        "yours is [0.54, 0, 0, 0]",
        family="rule",
        edit={"x1 * sin + x2 * cos], dim": "x2], dim"},
    ),
    Misconception(
        "apply_rope", "size taken from the time axis",
        says="you take the number of positions T for the number of channels D",
        ask="Which axis of (B, H, T, D) is D long, counted from the end?",
        show="x of shape (2, 3, 5, 8): D is 8, x.shape[-1]; x.shape[-2] is 5",
        family="wrong axis",
        edit={"x.shape[-1]": "x.shape[-2]"},
    ),
    Misconception(
        "apply_rope", "positions along the heads",
        says="your positions lie along the head axis: (T, 1, D/2) meets (B, H, T, D/2) with T at the place of H",
        ask="Counted from the end, which axis of x is time, and which axis of your angles?",
        show="x of shape (2, 3, 5, 8): the angles should be (5, 4), or (1, 1, 5, 4); yours are (5, 1, 4)",
        family="wrong axis",
        edit={"positions[:, None]": "positions[:, None, None]"},
    ),
    Misconception(
        "apply_rope", "float32 for 16 bits",
        says="your result is float32 although x has 16 bits; the angles may be float32, the result has the dtype of x",
        ask="What is the dtype of a bfloat16 tensor times a float32 tensor?",
        show="apply_rope(torch.ones(1, 1, 1, 4).bfloat16(), torch.tensor([1])).dtype should be torch.bfloat16",
        family="numerical stability",
        edit={".to(x.dtype)": ""},
    ),
    Misconception(
        "apply_rope", "angles in 16 bits",
        says="you compute the angles in the dtype of x: bfloat16 has no 257, only 256 and 258",
        ask="What does torch.tensor(257.0).bfloat16() print?",
        show="torch.tensor(257.0).bfloat16() is 256: the first pair is turned by a whole radian too little",
        family="numerical stability",
        edit={"positions[:, None] * frequencies": "positions[:, None].to(x.dtype) * frequencies.to(x.dtype)"},
    ),
    Misconception(
        "apply_rope", "no gradient",
        says="your result has forgotten that it comes from x, so nothing before it can learn",
        ask="Which operation makes a tensor without its history: .detach(), .data, .numpy(), torch.tensor(…)?",
        show="x = torch.ones(1, 1, 1, 4, requires_grad=True): apply_rope(x, torch.tensor([1])).requires_grad "
        "should be True",
        family="gradient",
        edit={".to(x.dtype)": ".to(x.dtype).detach()"},
    ),
)

SLOPES = (
    Misconception(
        "alibi_slopes", "starts at 1",
        says="your first head has the slope 1: the exponent should begin at 8/H, not at 0",
        ask="What is −8(i+1)/H for the first head, i = 0?",
        show="alibi_slopes(8)[0] should be 2^(−1) = 0.5; yours is 2^0 = 1",
        family="off by one",
        edit={"torch.arange(1, H + 1)": "torch.arange(H)"},
    ),
    Misconception(
        "alibi_slopes", "number of heads ignored",
        says="you halve from head to head whatever H is; with H heads the last one should always have the slope 1/256",
        ask="By which factor does the slope fall from head to head with H = 4? And with H = 16?",
        show="alibi_slopes(4) should be [1/4, 1/16, 1/64, 1/256]; yours is [1/2, 1/4, 1/8, 1/16]",
        family="scale factor",
        edit={"-8 * torch.arange(1, H + 1) / H": "-torch.arange(1, H + 1)"},
    ),
    Misconception(
        "alibi_slopes", "the 8 lost",
        says="your exponent is −(i+1)/H: the factor 8 is missing, and no head comes close to 1/256",
        ask="What is the exponent of the last head, i + 1 = H?",
        show="alibi_slopes(2) should be [0.0625, 0.0039]; yours is [0.7071, 0.5]",
        family="scale factor",
        edit={"-8 * torch": "-torch"},
    ),
    Misconception(
        "alibi_slopes", "linear",
        says="your slopes are evenly spaced; they should fall by the same factor from head to head",
        ask="What is slope 1 divided by slope 0, and slope 2 divided by slope 1?",
        show="alibi_slopes(4) should be [1/4, 1/16, 1/64, 1/256]; yours is [1, 3/4, 1/2, 1/4]",
        family="rule",
        edit={"2.0 ** (-8 * torch.arange(1, H + 1) / H)": "1 - torch.arange(H) / H"},
    ),
    Misconception(
        "alibi_slopes", "negative",
        says="your slopes are negative; they are positive numbers, and whoever uses them subtracts",
        ask="2^(−3) is a positive number: where does your minus stand?",
        show="alibi_slopes(2) should be [0.0625, 0.0039]; yours is [−0.0625, −0.0039]",
        family="sign or order",
        edit={"2.0 ** (": "-2.0 ** ("},
    ),
    Misconception(
        "alibi_slopes", "growing",
        says="your slopes are powers with a positive exponent and grow to 256: the exponent is −8(i+1)/H",
        ask="Should the last head forget fast or slowly?",
        show="alibi_slopes(2) should be [0.0625, 0.0039]; yours is [16, 256]",
        family="sign or order",
        edit={"(-8 *": "(8 *"},
    ),
    Misconception(
        "alibi_slopes", "last head first",
        says="your slopes stand in the opposite order: the first head has the largest",
        ask="Which head has the exponent −8/H?",
        show="alibi_slopes(2) should be [0.0625, 0.0039]; yours is [0.0039, 0.0625]",
        family="sign or order",
        edit={"torch.arange(1, H + 1)": "torch.arange(H, 0, -1)"},
    ),
    Misconception(
        "alibi_slopes", "whole-number division",
        says="your exponents are rounded to whole numbers, so that with many heads several share one slope",
        ask="What is −8 // 16, and what is −8 / 16?",
        show="alibi_slopes(16)[:2] should be [0.7071, 0.5]; yours is [0.5, 0.5]",
        family="rule",
        edit={"(-8 * torch.arange(1, H + 1) / H)": "(-8 * torch.arange(1, H + 1) // H)"},
    ),
    Misconception(
        "alibi_slopes", "a list",
        says="you return a Python list; the contract says a float32 tensor",
        ask="What is type(alibi_slopes(2))?",
        show="alibi_slopes(2).dtype should be torch.float32; a list has no dtype",
        family="rule",
        edit={"2.0 ** (-8 * torch.arange(1, H + 1) / H)": "[2.0 ** (-8 * (i + 1) / H) for i in range(H)]"},
    ),
)

MISCONCEPTIONS = LOOKUP + TABLES + SINUSOIDS + ROPE + SLOPES
