"""A first language model: which character follows which.

Counts become probabilities, probabilities become a loss and a sampler. `softmax`, the step from any
scores to probabilities, is born here and used in every later file.
"""

import torch
from torch import Tensor


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
    nothing but −inf has no answer and is not asked for. `torch.softmax` and its relatives are not
    allowed: this is the function that they would hide.

    Source: Goodfellow, Bengio, Courville, Deep Learning (2016), sections 4.1 and 6.2.2.3.

    Example:
        >>> softmax(torch.tensor([[0.0, 0.0], [1000.0, float("-inf")]]), dim=-1)
        tensor([[0.5000, 0.5000],
                [1.0000, 0.0000]])
    """
    shifted = x - x.amax(dim=dim, keepdim=True)  # the largest score becomes 0, so that exp cannot overflow
    exps = torch.exp(shifted)
    return exps / exps.sum(dim=dim, keepdim=True)
