"""DeepLabv3+ on MobileNetV2 (Chen et al., ECCV 2018), row B1 of IndexNet Table 1.

Its authors resize images so that both sides are multiples of 16, plus 1; this network takes any size.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.base import Adjust, Network, Row
from mattekit.networks.context import ASPP
from mattekit.networks.encoder_decoder import Pyramid
from mattekit.networks.encoders.mobilenetv2 import MobileNetV2
from mattekit.networks.layers import ConvNorm, he_normal, initialise, relu6


class DeepLab(Network):
    """Context at stride 16 and one feature at stride 4, joined by bilinear interpolation.

    Parameters
    ----------
    kernel : int
        Size of the decoder's two convolutions; 3 in DeepLabv3+ itself.
    width : int
        Channels of context and decoder.
    in_channels, out_channels : int
    """

    stride = 16

    def __init__(self, *, kernel: int = 5, width: int = 256, in_channels: int = 4, out_channels: int = 1):
        super().__init__()
        self.encoder = MobileNetV2(in_channels, stride=16, strided=True)
        self.context = ASPP(self.encoder.channels[-1], width, width=width, act=relu6)
        self.lateral = ConvNorm(self.encoder.channels[2], 48, 1, act=relu6)
        self.blocks = nn.Sequential(
            ConvNorm(width + 48, width, kernel, act=relu6), ConvNorm(width, width, kernel, act=relu6)
        )
        self.head = nn.Sequential(
            ConvNorm(width, out_channels, 1, act=relu6), nn.Conv2d(out_channels, out_channels, 1, bias=False)
        )
        initialise(self, he_normal)

    def encode(self, x: Tensor) -> Pyramid:
        """Map (N, C, H, W) to itself, for its size, and the features at strides 4 and 16, the latter after context."""
        features = self.encoder(x)
        return Pyramid([x, self.lateral(features[2]), self.context(features[-1])], [])

    def decode(self, pyramid: Pyramid, adjust: Adjust | None = None) -> Tensor:
        """Decode a pyramid to (N, C', H, W); `adjust(level, y)` may alter y at strides 16 and 4."""
        adjust = adjust or (lambda level, y: y)
        x, low, y = pyramid.features
        y = self.blocks(torch.cat([resize(adjust(4, y), low), low], 1))
        return resize(self.head(adjust(2, y)), x)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H, W), without activation."""
        return self.decode(self.encode(x))


def resize(y: Tensor, like: Tensor) -> Tensor:
    """Interpolate bilinearly to another map's size with aligned corners: exact for sides of k * 2**n + 1."""
    return F.interpolate(y, like.shape[-2:], mode="bilinear", align_corners=True)


ROWS = {
    "indexnet-b1": Row(
        DeepLab,
        dict(kernel=5),  # the released script's
        "IndexNet Table 1, b1",
        preparation="resize-{stride}+1",
        rounding={"bf16": 55.3, "fp16": 7.5},
    )
}
