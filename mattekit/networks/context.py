"""What widens the view at the deepest level: atrous spatial pyramid pooling (Chen et al., 2018), or nothing."""

import torch
from torch import Tensor, nn

from mattekit.networks.layers import Activation, ConvNorm, relu, separable
from mattekit.operators.whole import GlobalPool


class ASPP(nn.Module):
    """A 1x1 convolution, three separable dilated ones and a global average, side by side, then a 1x1 convolution.

    The average sees the whole map, so that tiles of an image must be told the image's.

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
        self.branches = nn.ModuleList([ConvNorm(channels, width, 1, act=act)])
        self.branches.extend(separable(channels, width, dilation=dilation, act=act) for dilation in dilations)
        self.pool = GlobalPool()
        self.average = ConvNorm(channels, width, 1, act=act)
        self.project = ConvNorm((len(dilations) + 2) * width, out, 1, act=act)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C', h, w)."""
        views = [branch(x) for branch in self.branches]
        average = self.average(self.pool(x)).expand(x.shape[0], -1, *x.shape[2:])
        return self.dropout(self.project(torch.cat([*views, average], 1)))
