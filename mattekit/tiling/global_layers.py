"""Layers whose output depends on their whole input: pooling, group normalisation, deep stages; and their context."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Override = Callable[["GlobalLayer", Tensor], Tensor]  # of a layer and its input: the context to use


class Accumulator:
    """Computes the context of a layer from its input in parts."""

    def add(self, x: Tensor, top: int, left: int) -> None:
        """Add (1, C, h, w), the part of the layer's input at that position; every position is added once."""
        raise NotImplementedError

    def result(self) -> Tensor:
        """Return the context of the whole input."""
        raise NotImplementedError


class GlobalLayer(nn.Module):
    """A layer that computes a context of its whole input first, and its output from that.

    Attributes
    ----------
    override : function of layer and input, optional
        Returns the context to use instead of the input's own.
    is_map : bool
        The context is a map of the input's size, of which a tile needs its part.
    """

    override: Override | None = None
    is_map = False

    def context(self, x: Tensor) -> Tensor:
        """Return the context of x (N, C, H, W)."""
        raise NotImplementedError

    def accumulator(self, height: int, width: int) -> Accumulator:
        """Return an accumulator for an input of that size."""
        raise NotImplementedError

    def current_context(self, x: Tensor) -> Tensor:
        """Return the override's context if there is one, else that of x."""
        return self.context(x) if self.override is None else self.override(self, x)


def global_layers(module: nn.Module) -> list[GlobalLayer]:
    """Return the global layers in a module, without those inside one another."""
    if isinstance(module, GlobalLayer):
        return [module]
    return [layer for child in module.children() for layer in global_layers(child)]


@contextmanager
def overridden(layers: Iterable[GlobalLayer], override: Override) -> Iterator[None]:
    """Let layers use other contexts while the block runs."""
    layers = list(layers)
    for layer in layers:
        layer.override = override
    try:
        yield
    finally:
        for layer in layers:
            layer.override = None


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


class GlobalGroupNorm(GlobalLayer, nn.GroupNorm):
    """`nn.GroupNorm`, whose means and variances over all positions are its context."""

    def context(self, x: Tensor) -> Tensor:
        """Return mean and variance of every group: (N, 2, groups)."""
        variance, mean = torch.var_mean(x.unflatten(1, (self.num_groups, -1)), (2, 3, 4), correction=0)
        return torch.stack([mean, variance], 1)

    def accumulator(self, height: int, width: int) -> Accumulator:
        """Return sums of the values and their squares."""
        return _Moments(self)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        if self.override is None:
            return nn.GroupNorm.forward(self, x)
        mean, variance = self.current_context(x).repeat_interleave(x.shape[1] // self.num_groups, 2).unbind(1)  # (N, C)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul((self.bias - mean * scale)[..., None, None], x, scale[..., None, None])


class _Moments(Accumulator):
    def __init__(self, norm: GlobalGroupNorm):
        self.norm, self.sums, self.count = norm, 0, 0

    def add(self, x: Tensor, top: int, left: int) -> None:
        mean, variance = self.norm.context(x).double().unbind(1)
        number = x.shape[2] * x.shape[3]
        self.sums = self.sums + number * torch.stack([mean, variance + mean**2], 1)
        self.count += number

    def result(self) -> Tensor:
        mean, square = (self.sums / self.count).unbind(1)
        return torch.stack([mean, square - mean**2], 1)


class MapAccumulator(Accumulator):
    """Assembles the input map.

    Parameters
    ----------
    run : function
        Returns the layer's output, a map of the same size, for the whole input (1, C, H, W).
    height, width : int
    """

    def __init__(self, run: Callable[[Tensor], Tensor], height: int, width: int):
        self.run, self.size, self.map = run, (height, width), None

    def add(self, x: Tensor, top: int, left: int) -> None:
        """Copy a part to its place."""
        if self.map is None:
            self.map = x.new_empty(*x.shape[:2], *self.size)
        self.map[..., top : top + x.shape[2], left : left + x.shape[3]] = x

    def result(self) -> Tensor:
        """Return the layer's output for the whole input."""
        return self.run(self.map)


class GlobalMapLayer(GlobalLayer):
    """Mix-in before a layer whose output has its input's size; its context is that output."""

    is_map = True

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C', h, w)."""
        return self.current_context(x)

    def context(self, x: Tensor) -> Tensor:
        """Return the layer's output for x."""
        return super().forward(x)

    def accumulator(self, height: int, width: int) -> MapAccumulator:
        """Return an accumulator that assembles the map."""
        return MapAccumulator(self.context, height, width)


class GlobalMapStage(GlobalMapLayer, nn.Sequential):
    """Blocks of a deep stage: each sees little of its map, all together hundreds of pixels of the image.

    Parameters
    ----------
    *blocks : nn.Module
    strided : bool
        The first block changes the resolution; it is computed tile by tile, the others on the assembled map.
    """

    def __init__(self, *blocks: nn.Module, strided: bool):
        super().__init__(*blocks)
        self.strided = strided

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        return super().forward(self[0](x) if self.strided else x)

    def context(self, x: Tensor) -> Tensor:
        """Return the output of the other blocks for a map."""
        for block in list(self)[self.strided :]:
            x = block(x)
        return x
