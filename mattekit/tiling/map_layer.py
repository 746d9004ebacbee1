"""Layers that see further than tiles overlap: of an image in tiles, their whole input map is assembled first."""

from collections.abc import Callable

from torch import Tensor, nn

from mattekit.tiling.global_layer import Accumulator, GlobalLayer


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
