"""Adaptive average pooling that may be recorded at one size and run at another."""

import torch
from torch import Tensor
from torch.nn import functional as F

from mattekit.operators.tracing import tracing


def average(x: Tensor, size: int) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size); bin i runs from floor(i H/size) to ceil((i + 1) H/size).

    A recorded graph has it as a product with two matrices, since torch would write the bins of one size into it.
    """
    if size == 1 or not tracing():
        return F.adaptive_avg_pool2d(x, size)
    return bins(x.shape[2], size).to(x) @ x @ bins(x.shape[3], size).to(x).T


def bins(length: int, size: int) -> Tensor:
    """(size, length): 1/n at the n positions of each bin, 0 elsewhere."""
    number, position = torch.arange(size).unsqueeze(1), torch.arange(length)
    inside = (position >= number * length // size) & (position < ((number + 1) * length + size - 1) // size)
    return inside / inside.sum(1, keepdim=True)
