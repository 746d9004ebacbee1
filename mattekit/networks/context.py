"""Context at the deepest level: atrous spatial pyramid pooling (Chen et al., 2018)."""

import torch
from torch import Tensor, nn

from mattekit.networks.layers import Activation, ConvNorm, relu, separable
from mattekit.tiling.global_layers import GlobalLayer, GlobalPool, MapAccumulator, overridden

BAND = 1 << 26  # bytes of the five branches in one band, where the map is assembled from tiles


class ASPP(GlobalLayer):
    """A 1x1 convolution, three separable dilated ones and a global average, side by side, then a 1x1 convolution.

    The average sees the whole map, and dilations reach hundreds of pixels of the image: for an image in tiles, the
    deepest map is assembled first.

    Parameters
    ----------
    channels, out : int
    width : int
        Channels of each of the five branches.
    dilations : three int
        6, 12 and 18 at output stride 16; IndexNet has 2, 4 and 8 at 32.
    act : callable
        Makes the activation of every layer.
    """

    is_map = True

    def __init__(
        self,
        channels: int,
        out: int,
        *,
        width: int = 256,
        dilations: tuple[int, ...] = (6, 12, 18),
        act: Activation = relu,
    ):
        super().__init__()
        self.width, self.reach = (len(dilations) + 2) * width, max(dilations)
        self.branches = nn.ModuleList([ConvNorm(channels, width, 1, act=act)])
        self.branches.extend(separable(channels, width, dilation=dilation, act=act) for dilation in dilations)
        self.pool = GlobalPool()
        self.average = ConvNorm(channels, width, 1, act=act)
        self.project = ConvNorm(self.width, out, 1, act=act)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, C', h, w)."""
        return self.current_context(x)

    def context(self, x: Tensor) -> Tensor:
        """Return the output for a map: all branches, joined."""
        outputs = [branch(x) for branch in self.branches]
        average = self.average(self.pool(x)).expand(x.shape[0], -1, *x.shape[2:])
        return self.dropout(self.project(torch.cat([*outputs, average], 1)))

    def accumulator(self, height: int, width: int) -> MapAccumulator:
        """Return an accumulator that assembles the map."""
        return MapAccumulator(self.in_bands, height, width)

    def in_bands(self, x: Tensor) -> Tensor:
        """Return `context` of a map of any size, computed in bands of rows."""
        average, bands = self.pool.context(x), []
        rows = max(self.reach, BAND // (2 * self.width * x.shape[3] * x.element_size()))
        with overridden([self.pool], lambda layer, x: average):
            for r in range(0, x.shape[2], rows):
                first = max(r - self.reach, 0)
                bands.append(self.context(x[:, :, first : r + rows + self.reach])[:, :, r - first :][:, :, :rows])
        return torch.cat(bands, 2)
