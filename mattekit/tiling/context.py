"""The contexts of a network's global layers for a whole image, collected tile by tile.

The input of a global layer depends on the contexts of those before it. So there is a pass over all tiles for every
stage of such layers, as far as that stage; each tile adds the part of the layer's input that it owns.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mattekit import progress
from mattekit.tiling.global_layers import Accumulator, GlobalLayer, global_layers, overridden
from mattekit.tiling.tiles import Span, Tile

SCALES = tuple(1 << level for level in range(10))  # of maps, in pixels
Window = Callable[[slice, slice], Tensor]  # rows and columns of a network's input: (1, C, h, w)


class StageComplete(Exception):
    """Every layer of the stage has seen the tile; the rest of the network need not run."""


def collect_global_context(
    network: nn.Module,
    stages: list[list[GlobalLayer]],
    window: Window,
    tiles: tuple[Sequence[Tile], Sequence[Tile]],
    size: tuple[int, int],
) -> dict[GlobalLayer, Tensor]:
    """Return the context of every layer of the stages for the whole image.

    Parameters
    ----------
    network : nn.Module
        Has `encode` and `decode`.
    stages : list of list of GlobalLayer
        As `dependency_stages` returns them.
    window : function of rows and columns
        Returns that part of the network's input.
    tiles : pair of sequences of Tile
        The first are for stages with maps, which have to be right everywhere; the second, which may overlap less and so
        be fewer, for stages of averages alone.
    size : (int, int)
        Height and width of the network's input.
    """
    contexts: dict[GlobalLayer, Tensor] = {}
    far, close = tiles
    for number, stage in enumerate(stages, 1):
        accumulators: dict[GlobalLayer, Accumulator] = {}
        chosen = far if any(layer.is_map for layer in stage) else close
        for count, (rows, columns) in enumerate(chosen):
            progress.report(f"overview {number} of {len(stages)}", count, len(chosen))
            collector = Collector((rows, columns), size, contexts, accumulators, stage)
            with overridden(global_layers(network), collector):
                try:
                    network.decode(network.encode(window(rows.input, columns.input)))
                except StageComplete:
                    pass
        for layer in stage:
            contexts[layer] = accumulators.pop(layer).result()
    return contexts


class TileContext:
    """An override for one tile: the whole image's contexts.

    Parameters
    ----------
    tile : Tile
    contexts : dict of GlobalLayer to Tensor
    """

    def __init__(self, tile: Tile, contexts: dict[GlobalLayer, Tensor]):
        self.tile, self.contexts = tile, contexts

    def __call__(self, layer: GlobalLayer, x: Tensor) -> Tensor:
        """Return the global context for this tile; x is the tile's input of the layer."""
        context = self.contexts[layer]
        if not layer.is_map:
            return context.to(x)
        top, left = (span.input.start // self.scale(x) for span in self.tile)
        return context[..., top : top + x.shape[2], left : left + x.shape[3]]

    def scale(self, x: Tensor) -> int:
        """Return how many pixels of the input a position of x covers, a power of two."""
        rows, _ = self.tile
        return next(scale for scale in SCALES if _cover(rows.input.stop - rows.input.start, scale) == x.shape[2])


class Collector(TileContext):
    """An override that hands a tile's share of the layers' inputs to accumulators.

    Parameters
    ----------
    tile, contexts
        As for `TileContext`, with the contexts of earlier stages.
    size : (int, int)
        Height and width of the network's input.
    accumulators : dict of GlobalLayer to Accumulator
        Filled as layers are met.
    stage : list of GlobalLayer
    """

    def __init__(self, tile: Tile, size: tuple[int, int], contexts: dict, accumulators: dict, stage: list[GlobalLayer]):
        super().__init__(tile, contexts)
        self.size, self.accumulators, self.missing = size, accumulators, set(stage)

    def __call__(self, layer: GlobalLayer, x: Tensor) -> Tensor:
        """Return the context of a layer of an earlier stage; add x to the accumulator of one of this stage."""
        if layer in self.contexts:
            return super().__call__(layer, x)
        if layer in self.missing:
            self._add(layer, x)
            self.missing.remove(layer)
            if not self.missing:
                raise StageComplete
        return layer.context(x)  # nothing in this stage depends on it

    def _add(self, layer: GlobalLayer, x: Tensor) -> None:
        scale = self.scale(x)
        if layer not in self.accumulators:
            self.accumulators[layer] = layer.accumulator(*(_cover(side, scale) for side in self.size))
        rows, columns = (_owned(span, side, scale) for span, side in zip(self.tile, self.size, strict=True))
        y, z = (span.input.start // scale for span in self.tile)
        part = x[:, :, rows.start - y : rows.stop - y, columns.start - z : columns.stop - z]
        self.accumulators[layer].add(part, rows.start, columns.start)


def _owned(span: Span, side: int, scale: int) -> slice:
    """Positions of a map that a tile owns."""
    end = _cover(side, scale) if span.input.stop == side else span.owned.stop // scale
    return slice(span.owned.start // scale, end)


def _cover(side: int, scale: int) -> int:
    return -(-side // scale)


def dependency_stages(network: nn.Module, x: Tensor) -> list[list[GlobalLayer]]:
    """Order a network's global layers: first those that depend on no other, then those that depend on them, and so on.

    Found by changing one layer's context after the other and comparing the others' contexts.

    Parameters
    ----------
    network : nn.Module
        Has `encode` and `decode`.
    x : (1, C, h, w)
        An input, which may be small.
    """
    layers = global_layers(network)
    plain = _contexts(network, x, layers)
    depth: dict[GlobalLayer, int] = dict.fromkeys(plain, 0)
    for layer in plain if len(plain) > 1 else ():
        for other, context in _contexts(network, x, layers, layer).items():
            if other is not layer and not context.equal(plain[other]):
                depth[other] = max(depth[other], depth[layer] + 1)
    return [[layer for layer in depth if depth[layer] == d] for d in sorted(set(depth.values()))]


def _contexts(
    network: nn.Module, x: Tensor, layers: list[GlobalLayer], changed: GlobalLayer | None = None
) -> dict[GlobalLayer, Tensor]:
    """Return every layer's context, in the order in which they run."""
    contexts = {}

    def override(layer: GlobalLayer, y: Tensor) -> Tensor:
        contexts[layer] = layer.context(y)
        return 1.5 * contexts[layer] + 1 if layer is changed else contexts[layer]

    with overridden(layers, override), torch.inference_mode():
        network.decode(network.encode(x))
    return contexts
