"""RefineNet on MobileNetV2 (Lin et al., CVPR 2017; light-weight: Nekrasov et al.), row B2 of IndexNet Table 1.

Its authors resize images so that both sides are multiples of 32, plus 1; this network takes any size.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.base import Adjust, Network, Row
from mattekit.networks.deeplab import resize
from mattekit.networks.encoder_decoder import Pyramid
from mattekit.networks.encoders.mobilenetv2 import MobileNetV2
from mattekit.networks.layers import ConvNorm, he_normal, initialise, relu6
from mattekit.tiling.global_layers import GlobalMapLayer

LEVELS = [(2,), (3,), (4, 5), (6, 7)]  # the encoder's stages that share a resolution: strides 4, 8, 16 and 32


class RefineNet(Network):
    """Sum the features of each resolution with what comes from the coarser one, refine, and go up.

    Parameters
    ----------
    width : int
        Channels of the decoder.
    in_channels, out_channels : int
    """

    stride = 32

    def __init__(self, *, width: int = 256, in_channels: int = 4, out_channels: int = 1):
        super().__init__()
        self.encoder = MobileNetV2(in_channels, strided=True)
        self.laterals = nn.ModuleList(
            nn.ModuleList(ConvNorm(self.encoder.channels[stage], width, 1, act=relu6) for stage in stages)
            for stages in LEVELS
        )
        self.pools = nn.ModuleList(pooling(width) for pooling in POOLINGS)
        self.adapters = nn.ModuleList(ConvNorm(width, width, 1, act=relu6) for _ in LEVELS[1:])
        self.head = nn.Sequential(
            ConvNorm(width, out_channels, 5, act=relu6),
            nn.Conv2d(out_channels, out_channels, 5, padding=2, bias=False),
        )
        initialise(self, he_normal)

    def encode(self, x: Tensor) -> Pyramid:
        """Map (N, C, H, W) to itself, for its size, then one feature for each of the strides 4 to 32."""
        features = self.encoder(x)
        sums = [
            sum(lateral(features[stage]) for lateral, stage in zip(laterals, stages, strict=True))
            for laterals, stages in zip(self.laterals, LEVELS, strict=True)
        ]
        return Pyramid([x, *sums], [])

    def decode(self, pyramid: Pyramid, adjust: Adjust | None = None) -> Tensor:
        """Decode a pyramid to (N, C', H, W); `adjust(level, y)` may alter y at strides 32 to 4, levels 5 to 2."""
        adjust = adjust or (lambda level, y: y)
        x, *features = pyramid.features
        y = adjust(5, self.pools[3](F.relu6(features[3])))
        for i in (2, 1, 0):
            up = resize(self.adapters[i](y), features[i])
            y = adjust(i + 2, self.pools[i](F.relu6(features[i] + up)))
        return resize(self.head(y), x)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H, W), without activation."""
        return self.decode(self.encode(x))


class ChainedPooling(nn.Module):
    """Four poolings in a chain, each 5x5 and followed by a 1x1 convolution; all are added to the input ("CRP")."""

    def __init__(self, width: int, *, links: int = 4):
        super().__init__()
        self.convs = nn.ModuleList(ConvNorm(width, width, 1, act=relu6) for _ in range(links))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, C, h, w)."""
        link = x
        for conv in self.convs:
            link = conv(F.max_pool2d(link, 5, 1, 2))
            x = x + link
        return x


class FarPooling(GlobalMapLayer, ChainedPooling):
    """Chained pooling at strides 16 and 32, with receptive fields of 128 and 256 pixels to each side."""


POOLINGS = (ChainedPooling, ChainedPooling, FarPooling, FarPooling)  # of the levels


ROWS = {
    "indexnet-b2": Row(
        RefineNet, {}, "IndexNet Table 1, b2", preparation="resize-{stride}+1", rounding={"bf16": 21.0, "fp16": 9.7}
    )
}
