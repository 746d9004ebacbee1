"""ResNet-50 with group normalisation and weight standardisation, dilated to an output stride of 8: FBA's encoder."""

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.mixing import DepthToSpace, space_to_depth
from mattekit.networks.standardised import ConvGroupNorm, GroupNormBottleneck
from mattekit.tiling.global_layers import GlobalLayer, GlobalMapStage, MapAccumulator

STAGES = [  # channels, blocks, stride, dilation of the first block, of the others
    (256, 3, 1, 1, 1),
    (512, 4, 2, 1, 1),
    (1024, 6, 1, 1, 2),
    (2048, 3, 1, 2, 4),
]
STEM = 64


class DilatedResNet50(nn.Module):
    """ResNet-50 whose last two stages dilate where they would lose resolution.

    Group normalisation and dilations see the whole map: in tiles, the maps after the stem are assembled.

    Parameters
    ----------
    channels : int
        Of the input.

    Attributes
    ----------
    channels : tuple of int
        Of the features at strides 2, 4 and 8.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.channels = (STEM, STAGES[0][0], STAGES[-1][0])
        self.stem = ConvGroupNorm(channels, STEM, 7, stride=2)
        stages, incoming = [], STEM
        for out, blocks, stride, first, rest in STAGES:
            made = [GroupNormBottleneck(incoming, out, stride=stride, dilation=first, project=True)]
            made += [GroupNormBottleneck(out, out, dilation=rest) for _ in range(blocks - 1)]
            stages.append(made)
            incoming = out
        self.layer1 = GlobalMapStage(*stages[0], strided=False)
        self.deep = DeepStages(stages[1:])

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N, C, H, W) to features at strides 2, 4 and 8."""
        half = self.stem(x)
        quarter = self.layer1(F.max_pool2d(half, 3, 2, 1))
        return [half, quarter, self.deep(quarter)]


class DeepStages(GlobalLayer):
    """Stages from stride 4 to 8, as one layer that sees the whole map.

    Its context has half the size of its input, which it is therefore given with 2x2 positions as channels.
    """

    is_map = True

    def __init__(self, stages: list[list[nn.Module]]):
        super().__init__()
        self.stages = nn.ModuleList(nn.Sequential(*blocks) for blocks in stages)
        self.unfold = DepthToSpace()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, C', h/2, w/2)."""
        return self.current_context(space_to_depth(x))

    def context(self, x: Tensor) -> Tensor:
        """Return the output for a map with 2x2 positions as channels."""
        x = self.unfold(x)
        for stage in self.stages:
            x = stage(x)
        return x

    def accumulator(self, height: int, width: int) -> MapAccumulator:
        """Return an accumulator that assembles the map."""
        return MapAccumulator(self.context, height, width)
