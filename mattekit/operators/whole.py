"""Layers that look at the whole image at once: averages, normalisation by groups, views wider than a tile.

Tiles of an image would show them something else. So such a layer can be given a tape, which says what it has from the
whole image, and it can be asked for that piece by piece: a `Tally` adds up what it sees of the image in parts.

tally = layer.tally(height, width)           # of the layer's map of the whole image
tally.add(part, top, left)  # of it, until every position was in one part
with attached([layer], lambda layer, x: tally.result()): ...  # where the layer is `mapped`, the tile's part of it
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from mattekit.operators.average import average

Tape = Callable[["Whole", Tensor], Tensor]  # what a layer takes for its view of the image, instead of x's


class Tally:
    """What a layer learns of an image in parts."""

    def add(self, x: Tensor, top: int, left: int) -> None:
        """Take in (1, C, h, w), the part of the layer's input at that position."""
        raise NotImplementedError

    def result(self) -> Tensor:
        """What `Whole.view` gives of all."""
        raise NotImplementedError


class Whole(nn.Module):
    """A layer with a view of its whole input."""

    tape: Tape | None = None
    mapped = False  # True: the view is a map, of which a tile needs its part

    def view(self, x: Tensor) -> Tensor:
        """What the layer wants of x (N, C, H, W)."""
        raise NotImplementedError

    def tally(self, height: int, width: int) -> Tally:
        """For an input of that size."""
        raise NotImplementedError

    def viewed(self, x: Tensor) -> Tensor:
        """The view of x, or what the tape says."""
        return self.view(x) if self.tape is None else self.tape(self, x)


class GlobalPool(Whole):
    """Averages over all positions, or over the cells of a grid of size x size: (N, C, H, W) -> (N, C, size, size)."""

    def __init__(self, size: int = 1):
        super().__init__()
        self.size = size

    def view(self, x: Tensor) -> Tensor:
        """The averages."""
        return average(x, self.size)

    def tally(self, height: int, width: int) -> Tally:
        """Sums over the cells."""
        return _CellSums(self.size, height, width)

    def forward(self, x: Tensor) -> Tensor:
        """Average."""
        return self.viewed(x)


class _CellSums(Tally):
    def __init__(self, size: int, height: int, width: int):
        self.sides, self.sums = (_cells(height, size), _cells(width, size)), 0

    def add(self, x: Tensor, top: int, left: int) -> None:
        x = x.to(torch.promote_types(x.dtype, torch.float32))
        rows, columns = self._inside(0, top, x.shape[2], x), self._inside(1, left, x.shape[3], x)
        self.sums = self.sums + (rows @ x @ columns.mT).double()

    def _inside(self, axis: int, start: int, length: int, x: Tensor) -> Tensor:
        """Which cells the positions lie in: (size, length) of 0 and 1."""
        return self.sides[axis][:, start : start + length].to(x)

    def result(self) -> Tensor:
        rows, columns = (side.sum(1).to(self.sums) for side in self.sides)
        return self.sums / torch.outer(rows, columns)


def _cells(length: int, size: int) -> Tensor:
    """Cells of adaptive pooling, which share positions where the length is no multiple: (size, length) of 0 and 1."""
    positions, i = torch.arange(length), torch.arange(size)[:, None]
    return ((positions >= i * length // size) & (positions < -(-(i + 1) * length // size))).double()


class GlobalGroupNorm(Whole, nn.GroupNorm):
    """Group normalisation, whose means and variances are over all positions."""

    def view(self, x: Tensor) -> Tensor:
        """Mean and variance of every group: (N, 2, groups)."""
        variance, mean = torch.var_mean(x.unflatten(1, (self.num_groups, -1)), (2, 3, 4), correction=0)
        return torch.stack([mean, variance], 1)

    def tally(self, height: int, width: int) -> Tally:
        """Means of the values and their squares."""
        return _Moments(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        if self.tape is None:
            return nn.GroupNorm.forward(self, x)
        mean, variance = self.viewed(x).repeat_interleave(x.shape[1] // self.num_groups, 2).unbind(1)  # (N, C)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul((self.bias - mean * scale)[..., None, None], x, scale[..., None, None])


class _Moments(Tally):
    def __init__(self, norm: GlobalGroupNorm):
        self.norm, self.sums, self.count = norm, 0, 0

    def add(self, x: Tensor, top: int, left: int) -> None:
        mean, variance = self.norm.view(x).double().unbind(1)
        number = x.shape[2] * x.shape[3]
        self.sums = self.sums + number * torch.stack([mean, variance + mean**2], 1)
        self.count += number

    def result(self) -> Tensor:
        mean, square = (self.sums / self.count).unbind(1)
        return torch.stack([mean, square - mean**2], 1)


class Mosaic(Tally):
    """The whole input put together, for a layer whose output is a map of the same size."""

    def __init__(self, run: Callable[[Tensor], Tensor], height: int, width: int):
        self.run, self.size, self.map = run, (height, width), None

    def add(self, x: Tensor, top: int, left: int) -> None:
        """Put a part to its place."""
        if self.map is None:
            self.map = x.new_empty(*x.shape[:2], *self.size)
        self.map[..., top : top + x.shape[2], left : left + x.shape[3]] = x

    def result(self) -> Tensor:
        """The layer's output of the whole."""
        return self.run(self.map)


def outermost(module: nn.Module) -> list[Whole]:
    """The layers in a module that look at the whole image, but not those inside one another."""
    if isinstance(module, Whole):
        return [module]
    return [layer for child in module.children() for layer in outermost(child)]


@contextmanager
def attached(layers: Iterable[Whole], tape: Tape) -> Iterator[None]:
    """Give a tape to layers, for a while."""
    layers = list(layers)
    for layer in layers:
        layer.tape = tape
    try:
        yield
    finally:
        for layer in layers:
            layer.tape = None
