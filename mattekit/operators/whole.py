"""Layers that ask something of the whole image at once. Tiles would answer otherwise, so that they can be told.

With no `Tape` in, such a layer measures what it is given. To run an image in tiles, record one pass over a picture of
the whole, and play the record to each tile:

with attached(network, Recording()) as tape:
    network(whole)
with attached(network, Playback(tape.measures)):
    network(tile)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from mattekit.operators.average import average

Tape = Callable[["Whole", Tensor], Tensor]  # what a layer takes for its measure of x


class Whole(nn.Module):
    """A layer that takes a measure of its whole input."""

    tape: Tape | None = None

    def measure(self, x: Tensor) -> Tensor:
        """What the layer wants to know of x (N, C, H, W)."""
        raise NotImplementedError

    def measured(self, x: Tensor) -> Tensor:
        """The measure of x, or what the tape says."""
        return self.measure(x) if self.tape is None else self.tape(self, x)


class GlobalPool(Whole):
    """Averages over all positions, or over the cells of a grid of size x size: (N, C, H, W) -> (N, C, size, size)."""

    def __init__(self, size: int = 1):
        super().__init__()
        self.size = size

    def measure(self, x: Tensor) -> Tensor:
        """The averages."""
        return average(x, self.size)

    def forward(self, x: Tensor) -> Tensor:
        """Average; a tape may give one image's averages for all."""
        return self.measured(x)


class GlobalGroupNorm(Whole, nn.GroupNorm):
    """Group normalisation, whose means and variances are over all positions."""

    def measure(self, x: Tensor) -> Tensor:
        """Mean and variance of every group: (N, 2, groups)."""
        variance, mean = torch.var_mean(x.unflatten(1, (self.num_groups, -1)), (2, 3, 4), correction=0)
        return torch.stack([mean, variance], 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, H, W)."""
        if self.tape is None:
            return nn.GroupNorm.forward(self, x)
        mean, variance = self.measured(x).repeat_interleave(x.shape[1] // self.num_groups, 2).unbind(1)  # (N, C)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return torch.addcmul((self.bias - mean * scale)[..., None, None], x, scale[..., None, None])


class Recording:
    """Takes down what every layer measures, by layer, in order of their calls."""

    def __init__(self):
        self.measures: dict[Whole, Tensor] = {}

    def __call__(self, layer: Whole, x: Tensor) -> Tensor:
        """Measure."""
        self.measures[layer] = layer.measure(x)
        return self.measures[layer]


class Playback:
    """Tells every layer what was recorded."""

    def __init__(self, measures: dict[Whole, Tensor]):
        self.measures = measures

    def __call__(self, layer: Whole, x: Tensor) -> Tensor:
        """Recall."""
        return self.measures[layer]


@contextmanager
def attached(network: nn.Module, tape: Tape) -> Iterator[Tape]:
    """Give a tape to all layers of a network that measure the whole image, for a while."""
    layers = [module for module in network.modules() if isinstance(module, Whole)]
    for layer in layers:
        layer.tape = tape
    try:
        yield tape
    finally:
        for layer in layers:
            layer.tape = None
