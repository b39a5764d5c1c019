"""Other right answers of the unit generation: right in another style, and a check that the probes accept it."""

import torch
from torch import Tensor, nn

from reference.attention import causal_mask, scaled_dot_product_attention
from reference.bigram import softmax
from reference.embeddings import apply_rope


def top_k_filter__row_by_row(logits: Tensor, k: int) -> Tensor:
    """Python's own sorting, one row after the other."""
    result = logits.clone()
    for row in result:
        threshold = sorted(row.tolist(), reverse=True)[:k][-1]
        row[row < threshold] = -torch.inf
    return result


def top_k_filter__count_the_better(logits: Tensor, k: int) -> Tensor:
    """A token stays if fewer than k are better."""
    better = (logits.unsqueeze(-2) > logits.unsqueeze(-1)).sum(-1)  # (B, V)
    return torch.where(better < k, logits, torch.full_like(logits, -torch.inf))


def top_k_filter__kthvalue(logits: Tensor, k: int) -> Tensor:
    """The k-th largest is the (V − k + 1)-th smallest."""
    V = logits.size(1)
    if k >= V:
        return logits.clone()
    return logits + torch.zeros_like(logits).masked_fill(
        ~logits.ge(logits.kthvalue(V - k + 1, dim=1, keepdim=True).values), -torch.inf
    )


def top_p_filter__loop(logits: Tensor, p: float) -> Tensor:
    """Take tokens until there is enough, one row after the other."""
    result = torch.full_like(logits, -torch.inf)
    for b, row in enumerate(torch.softmax(logits.double(), dim=-1).tolist()):
        held = 0.0
        for i in sorted(range(len(row)), key=lambda i: -row[i]):
            if held >= p and p < 1 and held > 0:
                break
            result[b, i] = logits[b, i]
            held += row[i]
    return result


def top_p_filter__from_below(logits: Tensor, p: float) -> Tensor:
    """Take away the most unlikely tokens, as long as they hold no more than 1 − p together."""
    if p >= 1:
        return logits.clone()
    values, order = logits.sort(dim=-1)
    dropped = torch.softmax(values.float(), dim=-1).cumsum(dim=-1) <= 1 - p
    dropped[:, -1] = False
    return logits.masked_fill(torch.zeros_like(dropped).scatter_(1, order, dropped), -torch.inf)


def top_p_filter__ranks(logits: Tensor, p: float) -> Tensor:
    """argsort twice gives the place of each token; how many places are needed is counted."""
    if p >= 1:
        return logits + 0
    order = logits.argsort(dim=-1, descending=True, stable=True)
    place = order.argsort(dim=-1)
    held = torch.softmax(logits.float(), dim=-1).gather(-1, order).cumsum(dim=-1)
    needed = (held < p).sum(dim=-1, keepdim=True) + 1
    return torch.where(place < needed, logits, -torch.inf)


def top_p_filter__shift(logits: Tensor, p: float) -> Tensor:
    """The mask shifted by one place, then put back by index."""
    values, index = torch.sort(logits, descending=True)
    remove = softmax(values.float(), -1).cumsum(-1) >= min(p, 2.0)
    remove = torch.cat([torch.zeros_like(remove[:, :1]), remove[:, :-1]], dim=1)
    result = logits.clone()
    if p < 1:
        rows = torch.arange(len(logits)).unsqueeze(1).expand_as(index)
        result[rows[remove], index[remove]] = -torch.inf
    return result


def sample_next__gumbel(logits: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    """The largest of logits plus Gumbel noise is a draw from the softmax."""
    scores = logits.float()
    if temperature > 0:
        noise = torch.empty_like(scores).exponential_(generator=generator)
        scores = scores / temperature - noise.log()
    return scores.max(dim=1, keepdim=True).indices


def sample_next__inverse(logits: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
    """A random number on the line of cumulative probabilities."""
    if temperature == 0.0:
        return torch.stack([row.argmax() for row in logits]).view(-1, 1)
    reached = torch.softmax(logits.double() / temperature, dim=1).cumsum(dim=1)
    dart = torch.rand(len(logits), 1, dtype=torch.float64, generator=generator) * reached[:, -1:]
    return torch.searchsorted(reached, dart, right=True)


def generate__buffer(model: nn.Module, ids: Tensor, max_new_tokens: int, eos_id: int | None = None) -> Tensor:
    """The whole result made in advance and filled in; stops early if all rows are finished."""
    B, T = ids.shape
    fill = 0 if eos_id is None else eos_id
    text = torch.cat([ids, torch.full((B, max_new_tokens), fill, dtype=ids.dtype)], dim=1)
    alive = torch.ones(B, dtype=torch.bool)
    mode = model.training
    model.train(False)
    try:
        with torch.inference_mode():
            for t in range(T, T + max_new_tokens):
                if not alive.any():
                    break
                logits = model(text[:, max(0, t - model.config.block_size) : t])
                text[alive, t] = logits[alive, -1].argmax(-1)
                if eos_id is not None:
                    alive = alive & (text[:, t] != eos_id)
    finally:
        model.train(mode)
    return text.clone()


def generate__row_by_row(model: nn.Module, ids: Tensor, max_new_tokens: int, eos_id: int | None = None) -> Tensor:
    """Each text by itself, as a Python list; recursion over nothing but time."""

    @torch.no_grad()
    def continued(text: list[int]) -> list[int]:
        done = False
        for _ in range(max_new_tokens):
            if not done:
                context = torch.tensor([text[-model.config.block_size :]])
                token = int(model(context)[0, -1].argmax())
                done = eos_id is not None and token == eos_id
            text = [*text, token]
        return text

    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        return torch.tensor([continued(row) for row in ids.tolist()])
    finally:
        for module, training in modes.items():
            module.training = training


class KVCache__chunks:
    """A list of pieces, joined when they are asked for."""

    def __init__(self) -> None:
        self.pieces = []

    def update(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        self.pieces.append((k.clone(), v.clone()))
        keys, values = zip(*self.pieces, strict=True)
        return torch.cat(keys, -2), torch.cat(values, -2)

    def __len__(self) -> int:
        return sum(k.size(-2) for k, _ in self.pieces)


def cached_attention__chunks(q: Tensor, k: Tensor, v: Tensor, cache: object) -> Tensor:
    """Plain keys in the cache, turned at every call."""
    T = q.size(2)
    K, V = cache.update(k, v)
    n = len(cache)
    q = apply_rope(q, torch.arange(n - T, n))
    return scaled_dot_product_attention(q, apply_rope(K, torch.arange(n)), V, causal_mask(T, n))


class KVCache__preallocated:
    """Room is made in advance and doubled when it is full; views that were handed out are never written again."""

    room = None

    def __init__(self) -> None:
        self.used = 0

    def update(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        end = self.used + k.shape[2]
        if self.room is None or end > self.room[0].shape[2]:
            old = self.room
            self.room = [x.new_empty(*x.shape[:2], 2 * end, x.shape[3]) for x in (k, v)]
            for new, x in zip(self.room, old or (), strict=False):
                new[:, :, : self.used] = x[:, :, : self.used]
        for room, x in zip(self.room, (k, v), strict=True):
            room[:, :, self.used : end] = x
        self.used = end
        return self.room[0][:, :, :end], self.room[1][:, :, :end]

    def __len__(self) -> int:
        return self.used


def cached_attention__preallocated(q: Tensor, k: Tensor, v: Tensor, cache: object) -> Tensor:
    """One query at a time, with the keys up to its own position; no mask is needed."""
    first, outs = len(cache), []
    turned = [apply_rope(x, torch.arange(first, first + q.shape[2])) for x in (q, k)]
    for t in range(q.shape[2]):
        here = slice(t, t + 1)
        K, V = cache.update(turned[1][:, :, here], v[:, :, here])
        scores = turned[0][:, :, here] @ K.transpose(2, 3) * q.shape[-1] ** -0.5
        outs.append(torch.softmax(scores, dim=-1) @ V)
    return torch.cat(outs, dim=2)


class KVCache__empty_tensors:
    """It begins with tensors of no positions, made when the first keys show how large they are."""

    def __init__(self) -> None:
        self.both = None

    def __len__(self) -> int:
        return self.both[0].shape[2] if self.both else 0

    def update(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        self.both = self.both or (k[:, :, :0], v[:, :, :0])
        self.both = tuple(torch.cat(pair, dim=2) for pair in zip(self.both, (k, v), strict=True))
        return self.both


def cached_attention__empty_tensors(q: Tensor, k: Tensor, v: Tensor, cache: object) -> Tensor:
    """Positions compared with positions, and −inf added where a key is later than the query."""
    start = len(cache)
    here = start + torch.arange(q.shape[-2])
    K, V = cache.update(apply_rope(k, here), v)
    later = torch.arange(K.shape[-2]) > here[:, None]
    bias = torch.zeros(later.shape, dtype=q.dtype).masked_fill(later, -torch.inf)
    weights = softmax(apply_rope(q, here) @ K.mT * q.shape[-1] ** -0.5 + bias, dim=-1)
    return weights @ V


def apply_repetition_penalty__sets(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """Python's sets, row by row."""
    result = logits.clone()
    for row, text in zip(result, ids.tolist(), strict=True):
        for i in set(text):
            row[i] = row[i] / penalty if row[i] > 0 else row[i] * penalty
    return result


def apply_repetition_penalty__mask(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """A mask of what occurred, and the sign as an exponent."""
    occurred = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, ids, True)
    factor = torch.full_like(logits, penalty) ** -logits.sign()
    return torch.where(occurred, logits * factor, logits)


def position_ids__loop(attention_mask: Tensor) -> Tensor:
    """Count the tokens on the way."""
    rows = []
    for row in attention_mask.tolist():
        seen, numbers = 0, []
        for is_token in row:
            seen += bool(is_token)
            numbers.append(max(seen - 1, 0))
        rows.append(numbers)
    return torch.tensor(rows)


def position_ids__triangle(attention_mask: Tensor) -> Tensor:
    """The cumulative sum as a matrix product with a triangle of ones."""
    T = attention_mask.shape[1]
    counts = attention_mask.double() @ torch.ones(T, T, dtype=torch.float64).triu()
    return torch.relu(counts - 1).round().long()
