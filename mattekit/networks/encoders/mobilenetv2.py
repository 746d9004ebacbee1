"""MobileNetV2 for matting: resolution is lost between stages, where an operator can look on, or by strides as usual.

Sandler et al., "MobileNetV2", Table 2 without its last convolution; IndexNet section 5.1 and Figure 6.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.networks.layers import ConvNorm, Local, relu6
from mattekit.tiling.global_layers import GlobalMapStage

STAGES = [  # expansion, channels, blocks, stride; the stem, a 3x3 convolution to 32 channels of stride 2, comes first
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]
DEEP = 5  # the stages from this one on are put together of tiles


class MobileNetV2(nn.Module):
    """Eight stages: the stem and the seven rows of MobileNetV2's table.

    Parameters
    ----------
    channels : int
        Of the input; 4 for image and trimap.
    width : float
        Multiplier of all widths, rounded down as in IndexNet's released code.
    stride : 32 or 16
        Output stride. With 16, the last halving gives way to a dilation of 2 from the second 160-channel block on.
    strided : bool
        Halve by convolutions of stride 2 (DeepLabv3+, RefineNet). Otherwise all strides are 1, and a stage that would
        begin with stride 2 is followed by a halving.

    Attributes
    ----------
    channels : tuple of int
        Of the features, one for each stage.
    halves : tuple of bool
        Whether resolution is lost after each stage but the last.

    Raises
    ------
    InputError
        If the output stride is another.
    """

    def __init__(self, channels: int = 4, *, width: float = 1.0, stride: int = 32, strided: bool = False):
        super().__init__()
        if stride not in (32, 16):
            raise InputError(f"MobileNetV2: output stride {stride}, wanted 32 or 16.")
        strides = [2, *(row[3] for row in STAGES)]
        if stride == 16:
            strides[6] = 1
        self.channels = tuple(int(c * width) for c in (32, *(row[1] for row in STAGES)))
        self.halves = tuple(step == 2 for step in strides[:-1])
        if not strided:
            strides = [1] * len(strides)
        stages, dilation = [ConvNorm(channels, self.channels[0], stride=strides[0], act=relu6)], 1
        for i, (expansion, _, blocks, _) in enumerate(STAGES, 1):
            incoming, out, stage = self.channels[i - 1], self.channels[i], []
            for step in [strides[i]] + [1] * (blocks - 1):
                stage.append(InvertedResidual(incoming, out, expansion=expansion, stride=step, dilation=dilation))
                incoming, dilation = out, 2 if stride == 16 and i >= 6 else 1
            stages.append(nn.Sequential(*stage) if i < DEEP else GlobalMapStage(*stage, strided=strides[i] == 2))
        self.stages = nn.ModuleList(stages)

    def forward(self, x: Tensor, halve: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None) -> list[Tensor]:
        """Map (N, C, H, W) to the feature of each stage; `halve` is called after each but the last."""
        features = []
        for stage in self.stages[:-1]:
            x = stage(x)
            x, skip = (x, x) if halve is None else halve(x)
            features.append(skip)
        return [*features, self.stages[-1](x)]


class InvertedResidual(Local):
    """Expand by a 1x1 convolution, filter each channel 3x3, project; the input is added where shapes allow.

    As in IndexNet's released code the input is padded before the expansion, so that beyond the border the filter sees
    ReLU6(norm(0)) of each channel and not 0. Released weights depend on it.
    """

    def __init__(self, channels: int, out: int, *, expansion: int, stride: int = 1, dilation: int = 1):
        super().__init__()
        hidden = channels * expansion
        self.expand = nn.Identity() if expansion == 1 else ConvNorm(channels, hidden, 1, act=relu6)
        self.depthwise = ConvNorm(hidden, hidden, stride=stride, dilation=dilation, groups=hidden, padding=0, act=relu6)
        self.project = ConvNorm(hidden, out, 1, act=None)
        self.dilation = dilation
        self.shortcut = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H/stride, W/stride)."""
        y = self.project(self.depthwise(self.expand(F.pad(x, (self.dilation,) * 4))))
        return x + y if self.shortcut else y
