"""Average pooling over the whole map, or over the cells of a grid."""

import torch
from torch import Tensor
from torch.nn import functional as F

from mattekit.tiling.global_layer import Accumulator, GlobalLayer


def average(x: Tensor, size: int) -> Tensor:
    """(N, C, H, W) -> (N, C, size, size); cell i runs from floor(i H/size) to ceil((i + 1) H/size).

    An exported graph has it as a product with two matrices, since torch would write the cells of one size into it.
    """
    if size == 1 or not torch.compiler.is_compiling():
        return F.adaptive_avg_pool2d(x, size)
    rows, columns = (_means(length, size).to(x) for length in x.shape[2:])
    return rows @ x @ columns.T


def cells(length: int, size: int) -> Tensor:
    """Return the cells of adaptive pooling, which overlap where the length is no multiple: (size, length) bool."""
    position, i = torch.arange(length), torch.arange(size).unsqueeze(1)
    return (position >= i * length // size) & (position < ((i + 1) * length + size - 1) // size)


def _means(length: int, size: int) -> Tensor:
    inside = cells(length, size)
    return inside / inside.sum(1, keepdim=True)


class GlobalPool(GlobalLayer):
    """Averages over all positions, or over the cells of a grid of size x size: (N, C, H, W) -> (N, C, size, size)."""

    def __init__(self, size: int = 1):
        super().__init__()
        self.size = size

    def context(self, x: Tensor) -> Tensor:
        """Return the averages."""
        return average(x, self.size)

    def accumulator(self, height: int, width: int) -> Accumulator:
        """Return sums over the cells."""
        return _CellSums(self.size, height, width)

    def forward(self, x: Tensor) -> Tensor:
        """Average."""
        return self.current_context(x)


class _CellSums(Accumulator):
    def __init__(self, size: int, height: int, width: int):
        self.sides, self.sums = (cells(height, size).double(), cells(width, size).double()), 0

    def add(self, x: Tensor, top: int, left: int) -> None:
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        starts = zip(self.sides, (top, left), x.shape[2:], strict=True)
        rows, columns = (side[:, start : start + length].to(x) for side, start, length in starts)
        self.sums = self.sums + (rows @ x @ columns.mT).double()

    def result(self) -> Tensor:
        rows, columns = (side.sum(1).to(self.sums) for side in self.sides)
        return self.sums / torch.outer(rows, columns)
