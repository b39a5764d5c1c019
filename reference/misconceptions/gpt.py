"""What goes wrong in building, starting, counting and filling a GPT."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from reference.misconceptions import Misconception

TIE = "        self.lm_head.weight = self.wte.weight\n"
BLOCK = "TransformerBlock(MultiHeadAttention(C, config.n_head), FeedForward(C), LayerNorm(C), LayerNorm(C))"
SUM = "self.wte(ids) + self.wpe(torch.arange(T, device=ids.device))"
CHECK = """        if self.config.block_size < T:
            raise ValueError(f"{T} tokens do not fit into a context of {self.config.block_size}: cut the text.")
"""
NORMS = "LayerNorm(C), LayerNorm(C))"
MAKE = "        self.h = nn.ModuleList("
TINY = "model = GPT(GPTConfig(vocab_size=11, block_size=8, n_layer=2, n_head=3, n_embd=6))\n"


def init_by_class(model: nn.Module, n_layer: int, std: float = 0.02, generator: torch.Generator | None = None) -> None:
    for name, module in model.named_modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            is_residual = name.endswith(("o_proj", "c_proj"))
            nn.init.normal_(module.weight, 0.0, std * (2 * n_layer) ** -0.5 if is_residual else std, generator)
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
        if isinstance(module, (nn.Linear, nn.LayerNorm)) and module.bias is not None:
            nn.init.zeros_(module.bias)


def init_replaces(model: nn.Module, n_layer: int, std: float = 0.02, generator: torch.Generator | None = None) -> None:
    for path, p in list(model.named_parameters(remove_duplicate=False)):
        owner, _, name = path.rpartition(".")
        if name == "bias" or p.dim() == 1:
            value = torch.zeros_like(p) if name == "bias" else torch.ones_like(p)
        else:
            is_residual = path.endswith(("o_proj.weight", "c_proj.weight"))
            size = std / (2 * n_layer) ** 0.5 if is_residual else std
            value = torch.randn(p.shape, generator=generator) * size
        setattr(model.get_submodule(owner), name, nn.Parameter(value))


def count_by_modules(model: nn.Module, trainable_only: bool = False) -> int:
    return sum(
        p.numel() for module in model.modules() for p in module.parameters() if p.requires_grad or not trainable_only
    )


GPTS = (
    Misconception(
        "GPT", "plain list of blocks", family="state", edit={"nn.ModuleList(": "list("},
        says="your blocks are no part of the model: a plain Python list hides them from parameters() and the optimizer",
        ask="In which attributes does a Module look for its children, and does it look into a Python list?",
        show=TINY + "[name for name, _ in model.named_parameters()] should hold names that begin with h.0. and h.1.",
    ),
    Misconception(
        "GPT", "same block L times",
        says="all your layers are one and the same block: they share their weights, and a deeper model learns no more",
        ask="Does [block] * 3 make three blocks, or three names of one?",
        show=TINY + "model.h[0] is model.h[1] should be False",
        family="state",
        edit={
            f"            {BLOCK}\n            for _ in range(config.n_layer)\n": (
                f"            [{BLOCK}] * config.n_layer\n"
            )
        },
    ),
    Misconception(
        "GPT", "one norm for both", family="state", edit={NORMS: "*[LayerNorm(C)] * 2)"},
        says="both sublayers of your block share one LayerNorm; each has a norm of its own, ln_1 and ln_2",
        ask="How many LayerNorms does one block have, and how many do you make for it?",
        show=TINY + "model.h[0].ln_1 is model.h[0].ln_2 should be False",
    ),
    *(
        Misconception(
            "GPT", name, family="state", edit=edit,
            says="your blocks share their norms: one LayerNorm stands in several blocks; each needs two of its own",
            ask="Where is LayerNorm(…) called: once before the loop over the blocks, or twice for each block?",
            show=TINY + "model.h[0].ln_1 is model.h[1].ln_1 should be False",
        )
        for name, edit in {
            "one norm for all blocks": {MAKE: f"        norm = LayerNorm(C)\n{MAKE}", NORMS: "norm, norm)"},
            "two norms for all blocks": {MAKE: f"        a, b = LayerNorm(C), LayerNorm(C)\n{MAKE}", NORMS: "a, b)"},
        }.items()
    ),
    Misconception(
        "GPT", "norms exchanged with sublayers",
        says="you hand TransformerBlock its parts in another order: norms stand where attention belongs",
        ask="In which order does TransformerBlock take its four arguments?",
        show=TINY + "type(model.h[0].attn) should be MultiHeadAttention",
        family="sign or order",
        edit={
            BLOCK: "TransformerBlock(LayerNorm(C), MultiHeadAttention(C, config.n_head), LayerNorm(C), FeedForward(C))",
        },
    ),
    Misconception(
        "GPT", "positions for every token", family="rule",
        edit={"nn.Embedding(config.block_size, C)": "nn.Embedding(config.vocab_size, C)"},
        says="your table of positions has a row per token of the vocabulary; it needs one per position, block_size",
        ask="How many positions can a text have at most?",
        show=TINY + "model.wpe.weight.shape should be (8, 6); yours is (11, 6)",
    ),
    Misconception(
        "GPT", "head with a bias", family="rule", edit={"config.vocab_size, bias=False)": "config.vocab_size)"},
        says="your head has a bias; the contract says none",
        ask="What does nn.Linear do about a bias if you do not mention it?",
        show=TINY + "model.lm_head.bias should be None",
    ),
    Misconception(
        "GPT", "not tied", family="state", edit={TIE: ""},
        says="your head has a matrix of its own: nothing ties it to the token embedding",
        ask="Which two of your layers should hold the very same Parameter?",
        show=TINY + "model.lm_head.weight is model.wte.weight should be True",
    ),
    Misconception(
        "GPT", "tied by copy", family="state",
        edit={TIE: "        self.lm_head.weight = nn.Parameter(self.wte.weight.detach().clone())\n"},
        says="your head begins as a copy of the token embedding: after one optimizer step the two differ",
        ask="Is an equal Parameter the same Parameter?",
        show=TINY + "model.lm_head.weight is model.wte.weight should be True; equal numbers are not enough",
    ),
    Misconception(
        "GPT", "tied by .data", family="state", edit={TIE: "        self.lm_head.weight.data = self.wte.weight.data\n"},
        says="head and embedding share their numbers but are two Parameters: an optimizer steps each of them",
        ask="How many Parameter objects does model.parameters() give for the two?",
        show=TINY
        + "model.lm_head.weight is model.wte.weight should be True; .data shares the memory, not the Parameter",
    ),
    Misconception(
        "GPT", "super().__init__() forgotten", family="state", edit={"        super().__init__()\n": ""},
        says="your __init__ does not begin with super().__init__(), so the Module is not ready to hold layers",
        ask="What has to run before a Module can keep its first layer?",
        show="class M(nn.Module), whose __init__ begins with self.layer = nn.Linear(2, 2): M() raises AttributeError",
    ),
    Misconception(
        "GPT", "config not kept",
        says="your model does not keep its config: code that writes text asks model.config.block_size",
        ask="Under which name can others read the sizes of your model?",
        show=TINY + "model.config.block_size should be 8",
        family="state",
        edit={
            "self.config = config": "self.block_size, self.p = config.block_size, config.dropout",
            CHECK: "        if T > self.block_size:\n            raise ValueError(T)\n",
            "self.config.dropout": "self.p",
        },
    ),
    Misconception(
        "GPT", "positions forgotten", family="rule", edit={SUM: "self.wte(ids)"},
        says="your model does not use its table of positions: the result equals the one without wpe",
        ask="What does the model know of the order of the words, before the first block?",
        show=TINY + "set model.wpe.weight to other numbers: the logits should change; yours stay",
    ),
    Misconception(
        "GPT", "positions looked up by token", family="rule",
        edit={SUM: "self.wte(ids) + self.wpe(ids % self.config.block_size)"},
        says="you look up wpe with the token ids; its row t belongs to place t, whichever token stands there",
        ask="Which numbers say where a token stands: its id, or 0, 1, 2, …?",
        show="ids = [[5, 5, 5]]: the three rows of wpe should be 0, 1, 2; yours are 5, 5, 5",
    ),
    Misconception(
        "GPT", "last rows of the positions", family="off by one", edit={SUM: "self.wte(ids) + self.wpe.weight[-T:]"},
        says="your text ends at the last row of wpe; it should begin at row 0",
        ask="At which position does a text of 3 tokens begin, if the context is 8 long?",
        show="a text of 3 tokens, block_size 8: the rows of wpe should be 0, 1, 2; yours are 5, 6, 7",
    ),
    Misconception(
        "GPT", "all rows of the positions", family="rule", edit={SUM: "self.wte(ids) + self.wpe.weight"},
        says="you add the whole table of positions, all block_size rows; a text of T tokens needs the first T",
        ask="How many rows has wpe, and how many positions has this text?",
        show="a text of 3 tokens, block_size 8: (3, C) + (8, C) does not add up; rows 0, 1, 2 are needed",
    ),
    Misconception(
        "GPT", "embeddings times √C", family="scale factor",
        edit={SUM: "self.wte(ids) * math.sqrt(self.config.n_embd) + self.wpe(torch.arange(T, device=ids.device))"},
        says="you multiply the token embeddings by √C, as the first transformer did; GPT does not",
        ask="What happens to a row of wte between the table and the sum?",
        show="C = 4: a row [1, 1, 1, 1] of wte should enter the sum as it is, not as [2, 2, 2, 2]",
    ),
    Misconception(
        "GPT", "final norm forgotten", family="rule", edit={"self.lm_head(self.ln_f(x))": "self.lm_head(x)"},
        says="your head reads the stream itself: the result equals the one without ln_f",
        ask="Every sublayer reads the stream through a norm: through which does the head?",
        show=TINY + "set model.ln_f.weight to zeros (its bias is 0): all logits should be 0",
    ),
    Misconception(
        "GPT", "final norm inside the loop", family="rule",
        edit={"x = block(x)": "x = self.ln_f(block(x))", "self.lm_head(self.ln_f(x))": "self.lm_head(x)"},
        says="you apply ln_f after every block; it comes once, after the last",
        ask="Is the line with ln_f part of the loop?",
        show="with two blocks ln_f should be called once; yours is called twice, and cuts the residual stream",
    ),
    Misconception(
        "GPT", "blocks' results thrown away", family="state", edit={"x = block(x)": "block(x)"},
        says="your blocks are called, but nobody keeps what they return: the result equals the one without blocks",
        ask="Does block(x) change x, or return something new?",
        show="x = torch.zeros(1); torch.add(x, 1); x is still 0; x = torch.add(x, 1) makes it 1",
    ),
    Misconception(
        "GPT", "residual added again", family="rule", edit={"x = block(x)": "x = x + block(x)"},
        says="you add x to what a block returns, but the block has done that itself: the stream doubles in every layer",
        ask="If both sublayers of a block return 0, what does the block return?",
        show="blocks that change nothing should leave x as it is; with x + block(x), two of them make it 4x",
    ),
    Misconception(
        "GPT", "returns probabilities", family="rule",
        edit={"return self.lm_head(self.ln_f(x))": "return torch.softmax(self.lm_head(self.ln_f(x)), dim=-1)"},
        says="your result is probabilities, after a softmax; the contract asks for the logits in front of it",
        ask="Which function, and who calls it, turns logits into a loss or into probabilities?",
        show=TINY + "model(torch.zeros(1, 1, dtype=torch.int64)).sum() should not be 1",
    ),
    Misconception(
        "GPT", "returns log-probabilities", family="rule",
        edit={"return self.lm_head(self.ln_f(x))": "return self.lm_head(self.ln_f(x)).log_softmax(-1)"},
        says="your result is log-probabilities, after a log_softmax; the contract asks for the logits in front of it",
        ask="Which function, and who calls it, turns logits into a loss or into probabilities?",
        show=TINY + "model(torch.zeros(1, 1, dtype=torch.int64)).exp().sum() should not be 1",
    ),
    Misconception(
        "GPT", "last position only", family="rule", edit={"self.ln_f(x))": "self.ln_f(x[:, -1:]))"},
        says="you return the logits of the last position only; training needs those of all T",
        ask="How many predictions does a text of T tokens make in one pass?",
        show=TINY + "model(torch.zeros(2, 5, dtype=torch.int64)).shape should be (2, 5, 11); yours is (2, 1, 11)",
    ),
    Misconception(
        "GPT", "no return", family="state", edit={"return self.lm_head(": "self.lm_head("},
        says="your forward returns nothing: its last line computes the logits and lets them go",
        ask="What does a Python function give back that never says return?",
        show="def f(x): x + 1    and then print(f(1)) shows None",
    ),
    Misconception(
        "GPT", "length not checked", family="rule", edit={CHECK: ""},
        says="a text that is too long ends in an error of the table of positions, not in a ValueError of yours",
        ask="Who notices first that there is no row for position block_size: you, or the table?",
        show=TINY + "model(torch.zeros(1, 9, dtype=torch.int64)) should raise ValueError",
    ),
    Misconception(
        "GPT", "full context refused", family="off by one",
        edit={"if self.config.block_size < T:": "if self.config.block_size <= T:"},
        says="you refuse a text that fills the context exactly; block_size tokens fit, one more does not",
        ask="Which rows has a table of block_size positions, and does token number block_size − 1 have one?",
        show=TINY + "model(torch.zeros(1, 8, dtype=torch.int64)) should work; yours raises",
    ),
    Misconception(
        "GPT", "no dropout", family="rule", edit={"        x = dropout(x, self.config.dropout, self.training)\n": ""},
        says="your model does not use config.dropout",
        ask="Where does the number config.dropout enter your forward?",
        show="GPT with dropout=1.0 in train mode: the logits should be the same for every text; yours tell texts apart",
    ),
    Misconception(
        "GPT", "dropout while evaluating", family="state",
        edit={"self.config.dropout, self.training)": "self.config.dropout, True)"},
        says="your dropout is on in evaluation mode too, so the model forgets at random when it writes",
        ask="Which attribute of a Module says whether it is being trained?",
        show="GPT with dropout=1.0: model.eval() should bring back logits that depend on the text; yours never do",
    ),
    Misconception(
        "GPT", "dropout before the positions",
        says="your dropout falls on the token embeddings alone; it belongs on the sum with the positions",
        ask="If dropout hides a channel, does its position still shine through?",
        show="GPT with dropout=1.0 in train mode: the stream should start as zeros; yours starts as the rows of wpe",
        family="sign or order",
        edit={
            f"x = {SUM}": "x = dropout(self.wte(ids), self.config.dropout, self.training)",
            "x = dropout(x, self.config.dropout, self.training)": "x = x + self.wpe(torch.arange(T))",
        },
    ),
    Misconception(
        "GPT", "dropout in every layer", family="rule",
        edit={"x = block(x)": "x = dropout(block(x), self.config.dropout, self.training)"},
        says="you apply dropout in every layer as well, on the residual stream; the contract says once, at the start",
        ask="Does the line with dropout stand before the loop over the blocks, or in it?",
        show="GPT with dropout=1.0 in train mode: what the blocks add should arrive at ln_f; with you nothing arrives",
    ),
)

SIZE = "std / math.sqrt(2 * n_layer) if is_residual else std"
DRAW = f"p.normal_(0.0, {SIZE}, generator=generator)"
KIND = "is_residual = "
FIRST = '            if name.endswith("bias"):'
PROJ_FIRST = """            if {}:
                p.normal_(0.0, std / math.sqrt(2 * n_layer), generator=generator)
            elif name.endswith("bias"):"""

INITS = (
    Misconception(
        "init_weights", "no residual scaling", family="scale factor", edit={SIZE: "std"},
        says="your residual projections have the same standard deviation as all others",
        ask="If 2L independent numbers of one size are added up, how much larger is the sum?",
        show="init_weights(model, 18, 0.6): o_proj.weight.std() should be 0.6 / √36 = 0.1; yours is 0.6",
    ),
    Misconception(
        "init_weights", "1/√L", family="scale factor", edit={"math.sqrt(2 * n_layer)": "math.sqrt(n_layer)"},
        says="you divide by √L, but a block adds to the stream twice",
        ask="How many sublayers add to the stream in one block?",
        show="init_weights(model, 18, 0.6): o_proj.weight.std() should be 0.6/√36 = 0.1; yours is 0.6/√18 = 0.14",
    ),
    Misconception(
        "init_weights", "1/(2L)", family="scale factor", edit={"math.sqrt(2 * n_layer)": "(2 * n_layer)"},
        says="you divide by 2L, not by its square root",
        ask="If the variance of a sum grows like 2L, how does its standard deviation grow?",
        show="init_weights(model, 18, 0.6): o_proj.weight.std() should be 0.6 / √36 = 0.1; yours is 0.6 / 36 = 0.017",
    ),
    Misconception(
        "init_weights", "only attention's projection scaled", family="rule",
        edit={'("o_proj.weight", "c_proj.weight")': '"o_proj.weight"'},
        says="of the two residual projections you scale down o_proj only; c_proj adds to the stream as well",
        ask="Which two layers of a block are the last before an addition?",
        show="init_weights(model, 18, 0.6): c_proj.weight.std() should be 0.6 / √36 = 0.1; yours is 0.6",
    ),
    Misconception(
        "init_weights", "only the feed-forward's projection scaled", family="rule",
        edit={'("o_proj.weight", "c_proj.weight")': '"c_proj.weight"'},
        says="of the two residual projections you scale down c_proj only; o_proj adds to the stream as well",
        ask="Which two layers of a block are the last before an addition?",
        show="init_weights(model, 18, 0.6): o_proj.weight.std() should be 0.6 / √36 = 0.1; yours is 0.6",
    ),
    Misconception(
        "init_weights", "all projections scaled", family="rule",
        edit={'("o_proj.weight", "c_proj.weight")': '"proj.weight"'},
        says="you scale down every matrix whose name holds proj, queries, keys and values too",
        ask="Which projections are the last before an addition to the stream?",
        show="init_weights(model, 8): q_proj.weight.std() should be 0.02; yours is 0.02 / √16 = 0.005",
    ),
    Misconception(
        "init_weights", "all projections drawn, a bias too", family="rule",
        edit={FIRST: PROJ_FIRST.format('"proj" in name')},
        says="you ask first whether proj stands in the name: queries, keys and values have it too, and so has a bias",
        ask="Which names hold proj, and which of them end in o_proj.weight or c_proj.weight?",
        show="'proj' in 'attn.q_proj.weight' and 'proj' in 'mlp.c_proj.bias' are both True: look at endings",
    ),
    Misconception(
        "init_weights", "bias of a projection drawn", family="rule",
        edit={FIRST: PROJ_FIRST.format('"o_proj" in name or "c_proj" in name')},
        says="the bias of c_proj is random: its name holds c_proj, and you ask for that before you ask for a bias",
        ask="Which two parameters has the layer c_proj, and what are their names?",
        show="'c_proj' in 'mlp.c_proj.bias' is True; this parameter should be 0",
    ),
    *(
        Misconception(
            "init_weights", name, family="units", edit={SIZE: size},
            says="your weights have the standard deviation std²: you hand over a variance where its root is asked for",
            ask="Which of the two does normal_(mean, std) take: the variance or its root?",
            show="torch.empty(10000).normal_(0.0, 0.02).std() is 0.02; with 0.02 ** 2 it is 0.0004",
        )
        for name, size in {
            "variance for standard deviation": f"({SIZE}) ** 2",
            "std² for std": SIZE.replace("std", "std ** 2"),
            "std² where nothing is scaled": f"{SIZE} ** 2",
        }.items()
    ),
    Misconception(
        "init_weights", "multiplies what is there", family="rule", edit={DRAW: f"p.mul_({SIZE})"},
        says="you multiply the weights that are there already; they should be drawn anew, whatever they were",
        ask="Does the contract promise anything about the values before the call?",
        show="layer = nn.Linear(100, 100); layer.weight.data.fill_(5.0); init_weights(layer, 1)\n"
        "layer.weight.std() should be 0.02; yours is 0",
    ),
    Misconception(
        "init_weights", "uniform between −std and std", family="scale factor",
        edit={DRAW: f"a = {SIZE}\n                p.uniform_(-a, a, generator=generator)"},
        says="your weights are uniform between −std and std: they are smaller than they should be, and have no tails",
        ask="What is the standard deviation of numbers that are uniform between −a and a?",
        show="torch.empty(10000).uniform_(-0.02, 0.02).std() is 0.0115, not 0.02",
    ),
    Misconception(
        "init_weights", "uniform with the right size", family="rule",
        edit={DRAW: f"a = math.sqrt(3) * ({SIZE})\n                p.uniform_(-a, a, generator=generator)"},
        says="your weights have the right size, but they are uniform, not normal",
        ask="Does a histogram of your weights have the shape of a bell, or of a box?",
        show="p.abs().max() / p.std() is about 4 for thousands of normal numbers; for uniform ones it is 1.73",
    ),
    Misconception(
        "init_weights", "all weights zero", family="gradient", edit={DRAW: "p.zero_() if is_residual or std else None"},
        says="all your matrices are 0: the loss is ln V, and no gradient will ever get past a matrix of zeros",
        ask="Two channels that start with the same weights and get the same gradient: when will they differ?",
        show="init_weights(model, 8): wte.weight.std() should be 0.02; yours is 0",
    ),
    Misconception(
        "init_weights", "biases left as they were", family="rule", edit={"p.zero_()": "pass"},
        says="you leave the biases as they were; they should be 0",
        ask="What does PyTorch put into the bias of a new nn.Linear?",
        show="layer = nn.Linear(3, 2); init_weights(layer, 1); layer.bias should be 0, 0",
    ),
    Misconception(
        "init_weights", "gains left as they were", family="rule", edit={"p.fill_(1.0)": "pass"},
        says="you leave the gains of the norms as they were; they should be 1",
        ask="Which value of its gain lets a norm pass on what it made?",
        show="norm = nn.LayerNorm(3); norm.weight.data.fill_(5.0); init_weights(norm, 1)\n"
        "norm.weight should be 1, 1, 1",
    ),
    Misconception(
        "init_weights", "gains set to zero", family="rule", edit={"p.fill_(1.0)": "p.fill_(0.0)"},
        says="your gains are 0: every norm puts out zeros, and nothing gets through",
        ask="What does a norm put out if its gain is 0?",
        show="norm = nn.LayerNorm(3); init_weights(norm, 1); norm(torch.tensor([1.0, 2.0, 4.0])) should not be zeros",
    ),
    Misconception(
        "init_weights", "every parameter drawn",
        says="all your parameters are random numbers around 0, biases and the gains of norms too",
        ask="Which of the parameters are matrices? What should the others be?",
        show="norm = nn.LayerNorm(3); init_weights(norm, 1); weight and bias should be 1, 1, 1 and 0, 0, 0",
        family="rule",
        edit={
            "p.fill_(1.0)": "p.normal_(0.0, std, generator=generator)",
            "p.zero_()": "p.normal_(0.0, std, generator=generator)",
        },
    ),
    Misconception(
        "init_weights", "embeddings left as they were", family="rule",
        edit={KIND: f'if name.endswith(("wte.weight", "wpe.weight")):\n{" " * 20}continue\n{" " * 16}{KIND}'},
        says="your embeddings keep PyTorch's N(0, 1), fifty times too large; the tied head makes huge logits of them",
        ask="Which kinds of layers hold a matrix, besides nn.Linear?",
        show="table = nn.Embedding(1000, 8); init_weights(table, 1); table.weight.std() should be 0.02; yours is 1",
    ),
    Misconception(
        "init_weights", "linear layers only", family="rule",
        edit={KIND: f'if name.endswith("wpe.weight"):\n{" " * 20}continue\n{" " * 16}{KIND}'},
        says="you look for linear layers only: the tied head brings wte along, but wpe keeps PyTorch's N(0, 1)",
        ask="Which kinds of layers hold a matrix, besides nn.Linear?",
        show="table = nn.Embedding(1000, 8); init_weights(table, 1); table.weight.std() should be 0.02; yours is 1",
    ),
    Misconception(
        "init_weights", "0.02 whatever std says", family="rule", edit={SIZE: SIZE.replace("std", "0.02")},
        says="your weights have the standard deviation 0.02, whatever the caller asks for",
        ask="Where does the argument std enter your code?",
        show="init_weights(model, 8, 0.1): wte.weight.std() should be 0.1; yours is 0.02",
    ),
    Misconception(
        "init_weights", "generator not used", family="state", edit={", generator=generator)": ")"},
        says="you draw from torch's global generator, not from the one you are given",
        ask="Which of the calls that draw numbers gets the generator?",
        show="layer = nn.Linear(2, 2); init_weights(layer, 1, generator=torch.Generator().manual_seed(0)), twice:\n"
        "both times the weights should be the same",
    ),
    Misconception(
        "init_weights", "outside no_grad", family="gradient",
        edit={"with torch.no_grad():": "with torch.enable_grad():"},
        says="torch refuses to overwrite a parameter while it records: setting values is no part of the model",
        ask="Which context tells torch that what follows is not to be recorded?",
        show="p = nn.Parameter(torch.ones(2)); p.zero_() raises; with torch.no_grad(): p.zero_() does not",
    ),
    Misconception(
        "init_weights", "rebinds the name",
        says="nothing changes: p = … gives a new tensor the name p, and the model never hears of it",
        ask="Which operations change a tensor, and which make a new one?",
        show="layer = nn.Linear(2, 2); for p in layer.parameters(): p = torch.zeros(2); layer.weight is not 0",
        family="state",
        edit={
            "p.zero_()": "p = torch.zeros(p.shape)",
            "p.fill_(1.0)": "p = torch.ones(p.shape)",
            DRAW: f"p = torch.randn(p.shape, generator=generator) * ({SIZE})",
        },
    ),
    Misconception(
        "init_weights", "one class of norm",
        says="you know norms by their class: one whose class you did not name stays as it was",
        ask="What do the gains of all norms have in common, whoever wrote the class?",
        show="isinstance(LayerNorm(3), nn.LayerNorm) is False for the LayerNorm of unit 7",
        family="rule",
        wrong=init_by_class,
    ),
    Misconception(
        "init_weights", "norms of another class", family="rule",
        edit={FIRST: f'            if "ln_" in name:\n                continue\n{FIRST}'},
        says="the norms stay as they were, gains and biases: if you look for a class, these norms are of another",
        ask="What do the gains of all norms have in common, whoever wrote the class?",
        show="norm = nn.LayerNorm(3); isinstance(norm, LayerNorm) is False for the LayerNorm of unit 7, and\n"
        "[p.dim() for p in norm.parameters()] is [1, 1] for both classes",
    ),
    Misconception(
        "init_weights", "new Parameters",
        says="you put new Parameters in place of the old: the head is untied, an optimizer still holds the old ones",
        ask="Can a value change while the object stays the same?",
        show=TINY + "init_weights(model, 2): model.lm_head.weight is model.wte.weight should still be True",
        family="state",
        wrong=init_replaces,
    ),
)

COUNT = "sum(p.numel() for p in model.parameters() if p.requires_grad or not trainable_only)"

COUNTS = (
    *(
        Misconception(
            "count_parameters", name, family="denominator", edit={COUNT: f"sum(t.numel() for t in {which})"},
            says="you count the state dict: a tied weight stands in it twice, and buffers stand in it too",
            ask="What does a state dict hold besides parameters, and how often does it name a shared one?",
            show=TINY
            + "'lm_head.weight' in model.state_dict() and 'wte.weight' in model.state_dict(): both True, one matrix",
        )
        for name, which in {
            "counts the state dict": "model.state_dict().values() if t.requires_grad or not trainable_only",
            "counts the state dict always": "model.state_dict().values()",
            "counts the state dict, or what is trainable": (
                "(model.parameters() if trainable_only else model.state_dict().values()) "
                "if t.requires_grad or not trainable_only"
            ),
        }.items()
    ),
    Misconception(
        "count_parameters", "counts buffers", family="denominator",
        edit={COUNT: COUNT + " + sum(b.numel() for b in model.buffers())"},
        says="you count buffers as well; training does not change them",
        ask="Does an optimizer ever see a buffer?",
        show="norm = nn.BatchNorm1d(4): it has 8 parameters and 3 buffers with 9 numbers: the count should be 8",
    ),
    Misconception(
        "count_parameters", "tied weights twice", family="denominator",
        edit={"in model.parameters()": "in dict(model.named_parameters(remove_duplicate=False)).values()"},
        says="you count a shared Parameter once for each of its names",
        ask="Two names, one Parameter: how many numbers does training move?",
        show="a = nn.Linear(2, 2, bias=False); count_parameters(nn.Sequential(a, a)) should be 4; yours is 8",
    ),
    Misconception(
        "count_parameters", "counts every module's parameters",
        says="you walk over all modules and ask each for its parameters, but a module answers for its children as well",
        ask="Who gives the parameters of a layer inside a Sequential: the layer, the Sequential, or both?",
        show="count_parameters(nn.Sequential(nn.Linear(3, 2))) should be 8; yours is 16",
        family="denominator",
        wrong=count_by_modules,
    ),
    Misconception(
        "count_parameters", "number of tensors", family="units", edit={"sum(p.numel() for": "sum(1 for"},
        says="you count tensors, not the numbers in them",
        ask="How many numbers does one tensor of shape (2, 3) hold?",
        show="count_parameters(nn.Linear(3, 2)) should be 8, six weights and two biases; yours is 2",
    ),
    Misconception(
        "count_parameters", "adds up the sizes of the axes", family="rule", edit={"p.numel()": "sum(p.shape)"},
        says="you add the lengths of a tensor's axes; they have to be multiplied",
        ask="How many numbers does a tensor of shape (2, 3) hold: 5 or 6?",
        show="count_parameters(nn.Linear(3, 2, bias=False)) should be 6; yours is 5",
    ),
    Misconception(
        "count_parameters", "matrices only", family="rule",
        edit={COUNT: COUNT.replace(" if ", " if p.dim() == 2 and (").replace("only)", "only))")},
        says="you count matrices only: biases, gains and all parameters that do not have two axes are missing",
        ask="How many axes has a bias, and do its numbers count?",
        show="count_parameters(nn.Linear(3, 2)) should be 8, six weights and two biases; yours is 6",
    ),
    Misconception(
        "count_parameters", "first two axes", family="wrong axis",
        edit={"p.numel()": "(p.shape[0] * p.shape[-1] if p.dim() else 1)"},
        says="you multiply the first and the last length of a shape, which counts the numbers of matrices only",
        ask="What is the product of all lengths of a shape, if there are three, or one, or none?",
        show="count_parameters(nn.Linear(3, 2)) should be 8; with the bias's length squared it is 10",
    ),
    Misconception(
        "count_parameters", "own parameters only", family="rule",
        edit={"model.parameters()": "model.parameters(recurse=False)"},
        says="you count the parameters that the module itself holds, not those of the layers inside it",
        ask="What does parameters() do with the children of a module, unless it is told not to?",
        show="count_parameters(nn.Sequential(nn.Linear(3, 2))) should be 8; yours is 0",
    ),
    Misconception(
        "count_parameters", "trainable_only ignored", family="rule",
        edit={" if p.requires_grad or not trainable_only": ""},
        says="you count frozen parameters also if trainable_only asks to leave them out",
        ask="Where does the argument trainable_only enter your answer?",
        show="layer = nn.Linear(3, 2); layer.weight.requires_grad_(False)\n"
        "count_parameters(layer, trainable_only=True) should be 2; yours is 8",
    ),
    Misconception(
        "count_parameters", "frozen never counted", family="rule", edit={" or not trainable_only": ""},
        says="you leave out frozen parameters also if nobody asks you to",
        ask="What should count_parameters(model) say of a model that is frozen altogether?",
        show="layer = nn.Linear(3, 2); layer.weight.requires_grad_(False)\n"
        "count_parameters(layer) should be 8; yours is 2",
    ),
    Misconception(
        "count_parameters", "trainable_only upside down", family="sign or order",
        edit={"or not trainable_only": "or trainable_only"},
        says="you leave out frozen parameters exactly when nobody asks you to",
        ask="Which parameters count if trainable_only is False?",
        show="layer = nn.Linear(3, 2); layer.weight.requires_grad_(False)\n"
        "count_parameters(layer) should be 8; yours is 2",
    ),
)

SUM_OF_ALL = "L * (projections + attention + feed_forward) + head"

FLOPS = (
    Misconception(
        "forward_matmul_flops", "factor 2 missing", family="scale factor",
        edit={f"return {SUM_OF_ALL}": f"return ({SUM_OF_ALL}) // 2"},
        says="you count a multiplication and the addition behind it as one; here they are two operations",
        ask="How many operations does one term a·b of a sum a·b + c·d cost: the product, and what else?",
        show="forward_matmul_flops(0, 2, 1, 3) should be 12: 3 logits, each of 2 products and 2 additions; yours is 6",
    ),
    Misconception(
        "forward_matmul_flops", "no term with T²", family="rule",
        edit={"(projections + attention + feed_forward)": "(projections + feed_forward)"},
        says="you leave out QKᵀ and weights times values, the two products without weights of their own",
        ask="Which two products of attention multiply activations with activations?",
        show="forward_matmul_flops(1, 1, 1, 0) should be 28: 8 + 4 + 16; yours is 24",
    ),
    Misconception(
        "forward_matmul_flops", "one product of attention", family="rule", edit={"2 * 2 * T * T * C": "2 * T * T * C"},
        says="you count one of the two products of attention, QKᵀ or weights times values, and forget the other",
        ask="After the softmax, what are the weights multiplied with?",
        show="forward_matmul_flops(1, 1, 1, 0) should be 28: 8 + 4 + 16; yours is 26",
    ),
    Misconception(
        "forward_matmul_flops", "causal half removed", family="rule",
        edit={"2 * 2 * T * T * C": "2 * 2 * (T * (T + 1) // 2) * C"},
        says="you take half of attention's squares, since the mask hides the rest; here what is computed counts",
        ask="Does our attention compute the scores it hides?",
        show="forward_matmul_flops(1, 1, 1000, 0) should be 4024000: 24000 + 4 · 1000²; yours is about half of it",
    ),
    Misconception(
        "forward_matmul_flops", "no output projection", family="rule", edit={"4 * 2 * T * C * C": "3 * 2 * T * C * C"},
        says="you count three projections; the merged heads go through a fourth, o_proj",
        ask="How many nn.Linear layers has MultiHeadAttention?",
        show="forward_matmul_flops(1, 1, 1, 0) should be 28: 4 · 2 + 4 + 16; yours is 26",
    ),
    Misconception(
        "forward_matmul_flops", "one layer of the feed-forward network", family="rule",
        edit={"2 * 2 * T * C * 4 * C": "2 * T * C * 4 * C"},
        says="8TC² are missing in each block: one of the feed-forward network's two layers, or all four projections",
        ask="How many matrices has the feed-forward network, and do the four projections of attention count?",
        show="forward_matmul_flops(1, 1, 1, 0) should be 28: 4 · 2 + 4 + 2 · 8; yours is 20",
    ),
    Misconception(
        "forward_matmul_flops", "feed-forward network of width C", family="scale factor",
        edit={"2 * 2 * T * C * 4 * C": "2 * 2 * T * C * C"},
        says="your feed-forward network is C wide inside; it is 4C wide",
        ask="How many channels has a position between c_fc and c_proj?",
        show="forward_matmul_flops(1, 1, 1, 0) should be 28: 8 + 4 + 2 · 8; yours is 16",
    ),
    Misconception(
        "forward_matmul_flops", "no head", family="rule",
        edit={"(projections + attention + feed_forward) + head": "(projections + attention + feed_forward) + 0 * head"},
        says="you leave out the head, a product with V columns",
        ask="What turns C channels into V logits, and at how many positions?",
        show="forward_matmul_flops(0, 2, 1, 3) should be 12; yours is 0",
    ),
    Misconception(
        "forward_matmul_flops", "head in every layer", family="rule",
        edit={"(projections + attention + feed_forward) + head": "(projections + attention + feed_forward + head)"},
        says="you count the head in every layer; there is one, after the last",
        ask="Which of the terms belong to a block, and which to the whole model?",
        show="forward_matmul_flops(0, 2, 1, 3) should be 12, since the head needs no block; yours is 0",
    ),
    Misconception(
        "forward_matmul_flops", "head for the last position", family="rule",
        edit={"head = 2 * T * C * V": "head = 2 * C * V"},
        says="your head makes logits for one position; a forward pass makes them for all T",
        ask="How many rows has the matrix that the head is applied to?",
        show="forward_matmul_flops(0, 2, 5, 3) should be 60; yours is 12",
    ),
    Misconception(
        "forward_matmul_flops", "embedding counted as a product", family="rule",
        edit={"head = 2 * T * C * V": "head = 2 * 2 * T * C * V"},
        says="you count the token embedding as a product with a (V, C) matrix; a lookup multiplies nothing",
        ask="What does nn.Embedding do with its table: multiply, or pick a row?",
        show="forward_matmul_flops(0, 2, 1, 3) should be 12, the head; yours is 24",
    ),
    Misconception(
        "forward_matmul_flops", "one token only",
        says="you count the projections, the feed-forward network or the head for one position, not for T",
        ask="How many rows has x when it meets a weight matrix?",
        show="forward_matmul_flops(1, 1, 2, 0) should be 64: 2 · 24 + 16; yours is 40",
        family="denominator",
        edit={
            "4 * 2 * T * C * C": "4 * 2 * C * C",
            "2 * 2 * T * C * 4 * C": "2 * 2 * C * 4 * C",
            "head = 2 * T * C * V": "head = 2 * C * V",
        },
    ),
    Misconception(
        "forward_matmul_flops", "parameters, not operations", family="units",
        edit={"return L * (projections + attention + feed_forward) + head": "return L * 12 * C * C + C * V"},
        says="you count the weights of the matrices, not what is done with them at T positions",
        ask="How often is one weight of a Linear layer used in one forward pass?",
        show="forward_matmul_flops(0, 2, 1, 3) should be 12; the head's 6 weights are not yet operations",
    ),
    Misconception(
        "forward_matmul_flops", "a float", family="units", edit={f"return {SUM_OF_ALL}": f"return float({SUM_OF_ALL})"},
        says="your number is right, but it is a float; operations are counted, and the contract says int",
        ask="Which part of your formula is no int: a 2.0, a division with /, a power with a fraction?",
        show="type(forward_matmul_flops(0, 2, 1, 3)) should be int; 2.0 * 6 and 24 / 2 are floats, 24 // 2 is none",
    ),
)

SPLIT = "c_attn_weight.T.chunk(3)"

SPLITS = (
    Misconception(
        "split_gpt2_qkv", "not transposed", family="view or transpose", edit={SPLIT: "c_attn_weight.chunk(3, dim=1)"},
        says="your matrices are not turned: they are square, so nothing complains, and every output is another one",
        ask="Conv1D computes x @ W, nn.Linear computes x @ Wᵀ: is that the same W?",
        show="split_gpt2_qkv(torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]))[0]\n"
        "should be [[1, 7], [2, 8]]; yours is [[1, 2], [7, 8]]",
    ),
    Misconception(
        "split_gpt2_qkv", "keys before queries", family="sign or order",
        edit={f"wq, wk, wv = {SPLIT}": f"wk, wq, wv = {SPLIT}"},
        says="your first two matrices are exchanged: GPT-2 keeps queries, then keys, then values",
        ask="Which of the three comes out of the first C columns?",
        show="split_gpt2_qkv(torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]))[0]\n"
        "should be [[1, 7], [2, 8]]; yours is [[3, 9], [4, 10]]",
    ),
    Misconception(
        "split_gpt2_qkv", "every third column", family="view or transpose",
        edit={SPLIT: "(c_attn_weight.T[i::3] for i in range(3))"},
        says="you take every third column for a matrix; the columns of each stand together, C in a row",
        ask="In which order do the 3C columns stand: q k v q k v …, or q q … k k … v v …?",
        show="split_gpt2_qkv(torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]))[0]\n"
        "should be [[1, 7], [2, 8]]; yours is [[1, 7], [4, 10]]",
    ),
    Misconception(
        "split_gpt2_qkv", "reshaped instead of transposed", family="view or transpose",
        edit={SPLIT: "c_attn_weight.reshape(-1, c_attn_weight.shape[0]).chunk(3)"},
        says="you reshape (C, 3C) to (3C, C): a reshape moves no number, and rows are mixed with columns",
        ask="Which number stands second in memory, and where does a transpose put it?",
        show="split_gpt2_qkv(torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]))[0]\n"
        "should be [[1, 7], [2, 8]]; yours is [[1, 2], [3, 4]]",
    ),
    Misconception(
        "split_gpt2_qkv", "reshaped and then turned", family="view or transpose",
        edit={SPLIT: "c_attn_weight.reshape(3, c_attn_weight.shape[0], -1).transpose(1, 2)"},
        says="you reshape (C, 3C) straight to three (C, C) blocks; the cut belongs between columns, not between rows",
        ask="Row 0 of c_attn holds numbers of queries, keys and values: does your cut take it apart?",
        show="split_gpt2_qkv(torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]))[0]\n"
        "should be [[1, 7], [2, 8]]; yours is [[1, 3], [2, 4]]",
    ),
    Misconception(
        "split_gpt2_qkv", "cut by rows", family="wrong axis", edit={SPLIT: "c_attn_weight.chunk(3)"},
        says="you cut the rows in three, but rows are inputs: every matrix needs all of them",
        ask="Which axis of (C, 3C) holds queries, keys and values side by side?",
        show="split_gpt2_qkv(torch.zeros(6, 18))[0].shape should be (6, 6); yours is (2, 18)",
    ),
    *(
        Misconception(
            "split_gpt2_qkv", name, family="rule", edit={f"wq, wk, wv = {SPLIT}": f"{left} c_attn_weight.T.split(3)"},
            says="you cut pieces of 3 columns, not 3 pieces: split takes the size of a piece, chunk their number",
            ask="How many columns does each of the three pieces have?",
            show="len(torch.zeros(18, 6).split(3)) is 6, and len(torch.zeros(18, 6).chunk(3)) is 3",
        )
        for name, left in {
            "pieces of three columns": "wq, wk, wv =",
            "pieces of three columns, all returned": "return",
            "pieces of three columns, the first three": "wq, wk, wv, *_ =",
        }.items()
    ),
    Misconception(
        "split_gpt2_qkv", "turned in place", family="state", edit={SPLIT: "c_attn_weight.t_().chunk(3)"},
        says="you turn the checkpoint's own tensor: a second look at it finds another matrix",
        ask="What does the underscore at the end of t_() or transpose_() mean?",
        show="w = torch.zeros(2, 6); split_gpt2_qkv(w); w.shape should still be (2, 6); yours is (6, 2)",
    ),
)


def convert_in_place(
    model_sd: Mapping[str, Tensor], ckpt: Mapping[str, Tensor], rename: Callable[[str], tuple[str | None, bool]]
) -> Mapping[str, Tensor]:
    filled = set()
    for old_name, tensor in ckpt.items():
        name, transpose = rename(old_name)
        if name is None:
            continue
        if name not in model_sd or name in filled:
            raise KeyError(name)
        value = tensor.T if transpose else tensor
        if value.shape != model_sd[name].shape:
            raise ValueError(name)
        model_sd[name].copy_(value)
        filled.add(name)
    if filled != set(model_sd):
        raise KeyError("missing")
    return model_sd


SHAPES = """        if value.shape != model_sd[name].shape:
            raise ValueError(f"{name} should be {tuple(model_sd[name].shape)}, but {old_name} is {tuple(value.shape)}")
"""
MISSING = """    if missing := sorted(model_sd.keys() - result.keys()):
        raise KeyError(f"nothing fills {', '.join(missing)}")
"""
KNOWN = "if name not in model_sd or name in result:"
TURN = "tensor.T if transpose else tensor"
LOST = """sd, ckpt = {"a": torch.zeros(2), "b": torch.zeros(3)}, {"x": torch.ones(2)}
convert_checkpoint(sd, ckpt, lambda name: ("a", False)) """

CONVERSIONS = (
    Misconception(
        "convert_checkpoint", "shapes not compared", family="rule", edit={SHAPES: ""},
        says="you do not compare shapes: a tensor (1, 3) goes in for (4, 3), and somewhere later it is stretched",
        ask="What does p.copy_(torch.ones(1, 3)) do with a parameter of shape (4, 3)?",
        show='convert_checkpoint({"a": torch.zeros(4, 3)}, {"x": torch.ones(1, 3)}, lambda name: ("a", False))\n'
        "should raise ValueError; yours returns something",
    ),
    Misconception(
        "convert_checkpoint", "numbers of elements compared", family="rule",
        edit={"value.shape != model_sd[name].shape": "value.numel() != model_sd[name].numel()"},
        says="you compare how many numbers there are, not how they lie: (2, 6) goes in for (3, 4)",
        ask="Are two tensors of 12 numbers each of the same shape?",
        show='convert_checkpoint({"a": torch.zeros(3, 4)}, {"x": torch.ones(2, 6)}, lambda name: ("a", False))\n'
        "should raise ValueError; yours returns something",
    ),
    Misconception(
        "convert_checkpoint", "reshaped to fit", family="view or transpose",
        edit={f"value = {TURN}": "value = tensor.reshape(model_sd[name].shape)", SHAPES: ""},
        says="you reshape what does not fit: the numbers go in, in an order that means nothing",
        ask="Does a reshape know which numbers are rows and which are columns?",
        show="torch.arange(6).view(2, 3) reshaped to (3, 2) is [[0, 1], [2, 3], [4, 5]]\n"
        "turned it is [[0, 3], [1, 4], [2, 5]]",
    ),
    Misconception(
        "convert_checkpoint", "turned if it fits then", family="view or transpose",
        edit={TURN: "tensor.T if tensor.dim() == 2 and tensor.shape != model_sd[name].shape else tensor"},
        says="you turn a matrix whose shape fits only then, whatever rename says; a square one is never turned",
        ask="Who knows whether a matrix lies as (in, out): its shape, or rename?",
        show='sd, ckpt = {"a": torch.zeros(2, 2)}, {"x": torch.arange(4).view(2, 2)}\n'
        'convert_checkpoint(sd, ckpt, lambda name: ("a", True))'
        " should be [[0, 2], [1, 3]]; yours is [[0, 1], [2, 3]]",
    ),
    Misconception(
        "convert_checkpoint", "turned also if it fits then", family="view or transpose",
        edit={TURN: "tensor.T if transpose or tensor.shape != model_sd[name].shape == tensor.t().shape else tensor"},
        says="where rename says nothing of turning, you turn a matrix that would fit then; that should be a ValueError",
        ask="If a shape is wrong and rename says False, what do you know: that it lies the other way, or less?",
        show='convert_checkpoint({"a": torch.zeros(5, 2)}, {"x": torch.ones(2, 5)}, lambda name: ("a", False))\n'
        "should raise ValueError; yours returns something",
    ),
    Misconception(
        "convert_checkpoint", "turned only if it must be", family="view or transpose",
        edit={TURN: "tensor.T if transpose and tensor.shape != model_sd[name].shape else tensor"},
        says="you turn a matrix only if it does not fit as it lies: a square one that rename wants turned stays",
        ask="Does a shape that fits say that the matrix lies the right way round?",
        show='sd, ckpt = {"a": torch.zeros(2, 2)}, {"x": torch.arange(4).view(2, 2)}\n'
        'convert_checkpoint(sd, ckpt, lambda name: ("a", True))'
        " should be [[0, 2], [1, 3]]; yours is [[0, 1], [2, 3]]",
    ),
    Misconception(
        "convert_checkpoint", "every matrix turned", family="view or transpose",
        edit={TURN: "tensor.T if tensor.dim() == 2 else tensor"},
        says="you turn every matrix; embeddings, for one, lie as they should",
        ask="What does rename say beside the new name?",
        show='sd, ckpt = {"a": torch.zeros(2, 2)}, {"x": torch.arange(4).view(2, 2)}\n'
        'convert_checkpoint(sd, ckpt, lambda name: ("a", False))'
        " should be [[0, 1], [2, 3]]; yours is [[0, 2], [1, 3]]",
    ),
    Misconception(
        "convert_checkpoint", "nothing turned", family="view or transpose", edit={TURN: "tensor"},
        says="you do not turn what rename asks to be turned",
        ask="What is the second thing that rename returns?",
        show='sd, ckpt = {"a": torch.zeros(2, 2)}, {"x": torch.arange(4).view(2, 2)}\n'
        'convert_checkpoint(sd, ckpt, lambda name: ("a", True))'
        " should be [[0, 2], [1, 3]]; yours is [[0, 1], [2, 3]]",
    ),
    Misconception(
        "convert_checkpoint", "missing names stay as they were",
        says="names that nothing fills keep the model's random values: it runs, and talks nonsense",
        ask="What does a layer hold that no tensor of the checkpoint fills?",
        show=LOST + 'should raise KeyError, since nothing fills "b"',
        family="rule",
        edit={
            "result = {}": "result = {}\n    kept = {name: t.clone() for name, t in model_sd.items()}",
            MISSING: "",
            "    return result": "    return kept | result",
        },
    ),
    Misconception(
        "convert_checkpoint", "missing names missing", family="rule", edit={MISSING: ""},
        says="names that nothing fills are missing in your result; you should say so at once, with a KeyError",
        ask="After the loop, how can you tell whether every name of the model was filled?",
        show=LOST + 'should raise KeyError, since nothing fills "b"; yours returns a dict with "a" alone',
    ),
    Misconception(
        "convert_checkpoint", "unknown names skipped", family="rule",
        edit={KNOWN: "if name not in model_sd:\n            continue\n        if name in result:"},
        says="you skip a tensor whose new name the model does not have; it may be the one that you renamed wrongly",
        ask="What does rename return for a tensor that may be left out, and what did it return here?",
        show='convert_checkpoint({}, {"x": torch.ones(2)}, lambda name: ("c", False))\n'
        'should raise KeyError, since there is no "c"; yours returns {}',
    ),
    Misconception(
        "convert_checkpoint", "unknown names accepted", family="rule",
        edit={KNOWN: "if name in result:", "if value.shape != ": "if name in model_sd and value.shape != "},
        says="your result holds a name that the model does not have",
        ask="Which names may the result have: those of the model, or all that rename gives?",
        show='convert_checkpoint({}, {"x": torch.ones(2)}, lambda name: ("c", False))\n'
        'should raise KeyError, since there is no "c"; yours holds it',
    ),
    Misconception(
        "convert_checkpoint", "filled twice", family="rule", edit={KNOWN: "if name not in model_sd:"},
        says="two tensors lead to one name, and you keep the last without a word",
        ask="Before you store something under a name, how can you know that it is still free?",
        show='sd, ckpt = {"a": torch.zeros(2)}, {"x": torch.ones(2), "y": torch.ones(2)}\n'
        'convert_checkpoint(sd, ckpt, lambda name: ("a", False))'
        " should raise KeyError",
    ),
    Misconception(
        "convert_checkpoint", "None not understood", family="rule",
        edit={"        if name is None:\n            continue\n": ""},
        says="you treat None as a name; it means that the model has no use for this tensor",
        ask="What should happen to a tensor for which rename says None?",
        show='convert_checkpoint({}, {"mask": torch.ones(2)}, lambda name: (None, False)) should be {}',
    ),
    Misconception(
        "convert_checkpoint", "stops at the first None", family="rule",
        edit={"            continue\n": "            break\n"},
        says="you stop at the first tensor that is to be left out; those after it are still needed",
        ask="What is the difference between break (or return) and continue?",
        show='{"mask": …, "x": …} with mask left out: "x" should still be converted',
    ),
    Misconception(
        "convert_checkpoint", "shares the checkpoint's memory", family="state", edit={"value.clone()": "value"},
        says="your result is the checkpoint's own memory: whoever trains the one changes the other",
        ask="Does .T copy numbers? Does anything in your answer?",
        show='sd, ckpt = {"a": torch.zeros(2)}, {"x": torch.zeros(2)}\n'
        'convert_checkpoint(sd, ckpt, lambda name: ("a", False))'
        ', then ckpt["x"].fill_(9.0): the "a" of the result should still be 0, 0',
    ),
    Misconception(
        "convert_checkpoint", "fills the model's own state dict",
        says="you write into model_sd itself, the model's own memory: if you refuse halfway, it is half filled",
        ask="Where may the new values go, if both dicts are to stay as they were?",
        show='sd = {"a": torch.zeros(2)}; convert_checkpoint(sd, {"x": torch.ones(2)}, lambda name: ("a", False))\n'
        'sd["a"] should still be 0, 0',
        family="state",
        wrong=convert_in_place,
    ),
    Misconception(
        "convert_checkpoint", "ValueError for names",
        says="for a name that is missing, unknown or filled twice you raise ValueError; the contract says KeyError",
        ask="Which error does Python itself raise for a name that a dict does not have?",
        show=LOST + "should raise KeyError",
        family="rule",
        edit={
            'raise KeyError(f"{old_name} leads': 'raise ValueError(f"{old_name} leads',
            'raise KeyError(f"nothing': 'raise ValueError(f"nothing',
        },
    ),
    Misconception(
        "convert_checkpoint", "KeyError for shapes", family="rule",
        edit={'raise ValueError(f"{name}': 'raise KeyError(f"{name}'},
        says="for a shape that does not fit you raise KeyError; the contract says ValueError",
        ask="Is it the name that is wrong, or the value under it?",
        show='convert_checkpoint({"a": torch.zeros(4, 3)}, {"x": torch.ones(1, 3)}, lambda name: ("a", False))\n'
        "should raise ValueError",
    ),
    Misconception(
        "convert_checkpoint", "keeps the old names",
        says="your result has the checkpoint's names; the model knows only its own",
        ask="Under which name will load_state_dict look for the tensor?",
        show='sd, ckpt = {"a": torch.zeros(2)}, {"x": torch.ones(2)}\n'
        'convert_checkpoint(sd, ckpt, lambda name: ("a", False))'
        ' should have the name "a"; yours has "x"',
        family="rule",
        edit={
            "result[name] = value.clone()": "result[old_name] = value.clone()",
            "model_sd.keys() - result.keys()": "model_sd.keys() - {rename(old)[0] for old in result}",
        },
    ),
    Misconception(
        "convert_checkpoint", "no return", family="state", edit={"    return result": "    result"},
        says="your function returns nothing: it fills a dict and lets it go",
        ask="What does a Python function give back that never says return?",
        show="def f(x): x + 1    and then print(f(1)) shows None",
    ),
)

MISCONCEPTIONS = GPTS + INITS + COUNTS + FLOPS + SPLITS + CONVERSIONS
