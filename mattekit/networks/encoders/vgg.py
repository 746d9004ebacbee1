"""VGG-16 without its classifier (Simonyan and Zisserman, configuration D): encoder of SegNet and Deep Image Matting."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.layers import ConvNorm, Local, relu

STAGES = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]  # channels, 3x3 convolutions


class VGG16(nn.Module):
    """Five stages of 3x3 convolutions, each followed by a halving.

    Parameters
    ----------
    channels : int
        Of the input; 4 for image and trimap.
    norm : bool
        Batch normalisation after each convolution.

    Attributes
    ----------
    channels : tuple of int
        Of the features, one for each stage; the deepest, at stride 32, is the last one halved.
    """

    channels = tuple(width for width, _ in STAGES)

    def __init__(self, channels: int = 4, *, norm: bool = True):
        super().__init__()
        widths = (channels, *self.channels)
        self.stages = nn.ModuleList(
            convolutions([before, *[width] * count], norm=norm)
            for before, (width, count) in zip(widths, STAGES, strict=False)
        )

    def forward(self, x: Tensor, halve: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None) -> list[Tensor]:
        """Map (N, C, H, W) to the skip connections of the five stages, then the deepest; max-pooled without `halve`."""
        features = []
        for stage in self.stages:
            x = stage(x)
            x, skip = (F.max_pool2d(x, 2), x) if halve is None else halve(x)
            features.append(skip)
        return [*features, x]


def convolutions(widths: list[int], size: int = 3, *, norm: bool = True) -> nn.Sequential:
    """Build convolutions with bias, ReLU and, if asked for, a norm, from each width to the next."""
    steps = zip(widths, widths[1:], strict=False)
    if norm:
        return nn.Sequential(*(ConvNorm(before, after, size, bias=True) for before, after in steps))
    return nn.Sequential(*(Conv(before, after, size) for before, after in steps))


class Conv(Local):
    """Convolution with bias, then ReLU, under the names that `ConvNorm` has."""

    def __init__(self, channels: int, out: int, size: int = 3):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, size, padding=size // 2)
        self.act = relu()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H, W)."""
        return self.act(self.conv(x))
