"""What layers of a network have from the whole image, found in tiles: as the network would see it in one piece.

Some layers look at the whole image (`operators.whole`), and what a later one sees depends on what an earlier one saw.
So there is a pass over all tiles for every stage of such layers, as far as that stage; each tile adds its share, which
is counted once, and knows little less of its surroundings than the image does.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mattekit.inference.tiles import Span
from mattekit.operators.whole import Tally, Whole, attached, outermost

Tile = tuple[Span, Span]  # rows, columns
SCALES = tuple(1 << level for level in range(10))  # of maps, in pixels
Window = Callable[[slice, slice], Tensor]  # rows and columns of a network's input: (1, C, h, w)


class _Enough(Exception):
    """All that was wanted of a tile is known."""


def survey(
    network: nn.Module,
    stages: list[list[Whole]],
    window: Window,
    tiles: tuple[Sequence[Tile], Sequence[Tile]],
    size: tuple[int, int],
) -> dict[Whole, Tensor]:
    """What every layer of the stages has from an image of that size.

    The first tiles are for stages that put maps together, which have to be right everywhere; the second, which may
    share less with their neighbours and so be fewer, for stages of averages alone.
    """
    known: dict[Whole, Tensor] = {}
    far, close = tiles
    for stage in stages:
        tallies: dict[Whole, Tally] = {}
        for tile in far if any(layer.mapped for layer in stage) else close:
            with attached(outermost(network), _Questions(tile, size, known, tallies, stage)):
                try:
                    rows, columns = tile
                    network.decode(network.encode(window(rows.seen, columns.seen)))
                except _Enough:
                    pass
        for layer in stage:
            known[layer] = tallies.pop(layer).result()
    return known


class Answers:
    """A tape for one tile: what layers have from the whole image."""

    def __init__(self, tile: Tile, known: dict[Whole, Tensor]):
        self.tile, self.known = tile, known

    def __call__(self, layer: Whole, x: Tensor) -> Tensor:
        """Of the tile's x."""
        seen = self.known[layer]
        if not layer.mapped:
            return seen.to(x)
        top, left = (span.start // self.scale(x) for span in self.tile)
        return seen[..., top : top + x.shape[2], left : left + x.shape[3]]

    def scale(self, x: Tensor) -> int:
        """How many pixels a position of x is wide, a power of two."""
        rows, _ = self.tile
        return next(scale for scale in SCALES if -(-(rows.stop - rows.start) // scale) == x.shape[2])


class _Questions(Answers):
    """A tape that takes down what a stage's layers see of one tile."""

    def __init__(self, tile: Tile, size: tuple[int, int], known: dict, tallies: dict, stage: list[Whole]):
        super().__init__(tile, known)
        self.size, self.tallies, self.wanted, self.missing = size, tallies, set(stage), set(stage)

    def __call__(self, layer: Whole, x: Tensor) -> Tensor:
        if layer in self.known:
            return super().__call__(layer, x)
        if layer in self.missing:
            self._take(layer, x)
            self.missing.remove(layer)
            if not self.missing:
                raise _Enough
        return layer.view(x)  # nothing that this stage wants depends on it

    def _take(self, layer: Whole, x: Tensor) -> None:
        scale = self.scale(x)
        if layer not in self.tallies:
            self.tallies[layer] = layer.tally(*(self._length(side, scale) for side in self.size))
        (top, bottom), (left, right) = (self._share(*pair, scale) for pair in zip(self.tile, self.size, strict=True))
        y, z = (span.start // scale for span in self.tile)
        self.tallies[layer].add(x[:, :, top - y : bottom - y, left - z : right - z], top, left)

    def _share(self, span: Span, side: int, scale: int) -> tuple[int, int]:
        return span.begin // scale, self._length(side, scale) if span.stop == side else span.end // scale

    @staticmethod
    def _length(side: int, scale: int) -> int:
        return -(-side // scale)


def stages(network: nn.Module, x: Tensor) -> list[list[Whole]]:
    """Layers that look at the whole image, those first that depend on no other, then those that depend on them, ...

    Found by telling one layer after the other something else and looking who notices; x (1, C, h, w) may be small.
    """
    layers = outermost(network)
    plain = _views(network, x, layers)
    depth: dict[Whole, int] = dict.fromkeys(plain, 0)
    for layer in plain if len(plain) > 1 else ():
        for other, view in _views(network, x, layers, layer).items():
            if other is not layer and not view.equal(plain[other]):
                depth[other] = max(depth[other], depth[layer] + 1)
    return [[layer for layer in depth if depth[layer] == d] for d in sorted(set(depth.values()))]


def _views(network: nn.Module, x: Tensor, layers: list[Whole], changed: Whole | None = None) -> dict[Whole, Tensor]:
    """What every layer sees, in the order in which they are asked."""
    views = {}

    def tape(layer: Whole, y: Tensor) -> Tensor:
        views[layer] = layer.view(y)
        return 1.5 * views[layer] + 1 if layer is changed else views[layer]

    with attached(layers, tape), torch.inference_mode():
        network.decode(network.encode(x))
    return views
