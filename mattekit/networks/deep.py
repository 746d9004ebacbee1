"""Maps that are put together where an image comes in tiles: of layers that see further than tiles overlap."""

from torch import Tensor, nn

from mattekit.operators.whole import Mosaic, Whole


class Deep(Whole):
    """Goes before a layer whose output has its input's size: of an image in tiles, that sees the whole map."""

    mapped = True

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C', h, w)."""
        return self.viewed(x)

    def view(self, x: Tensor) -> Tensor:
        """What the layer itself makes of x."""
        return super().forward(x)

    def tally(self, height: int, width: int) -> Mosaic:
        """The map in one piece."""
        return Mosaic(self.view, height, width)


class DeepStage(Deep, nn.Sequential):
    """Blocks of a deep stage: each sees little of its map, all together hundreds of pixels of the image.

    Parameters
    ----------
    *blocks : nn.Module
    strided : bool
        The first block changes the resolution; it looks at the tile, the others at the whole map.
    """

    def __init__(self, *blocks: nn.Module, strided: bool):
        super().__init__(*blocks)
        self.strided = strided

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H', W')."""
        return super().forward(self[0](x) if self.strided else x)

    def view(self, x: Tensor) -> Tensor:
        """What the other blocks make of a map."""
        for block in list(self)[self.strided :]:
            x = block(x)
        return x
