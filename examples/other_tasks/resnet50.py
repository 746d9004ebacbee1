"""ResNet-50 (He et al., 2016), with operators for its max-pooling and strides: the encoder of the depth network."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.layers import ConvNorm, relu

LAYERS = [(256, 3), (512, 4), (1024, 6), (2048, 3)]  # channels, blocks


class ResNet50(nn.Module):
    """Stem of stride 2 and four layers of bottleneck blocks.

    Parameters
    ----------
    channels : int
        Of the input.
    strided : bool
        Max-pooling after the stem and strides in layers 2 to 4. Otherwise operators lent to `forward` halve the output
        of the stem and of layers 1 to 3.

    Attributes
    ----------
    channels : tuple of int
        Of the features at strides 2, 4, 8, 16 and 32.
    """

    channels = (64, *(width for width, _ in LAYERS))

    def __init__(self, channels: int = 3, *, strided: bool = True):
        super().__init__()
        self.stem = ConvNorm(channels, 64, 7, stride=2)
        self.layers = nn.ModuleList()
        for i, (out, blocks) in enumerate(LAYERS):
            stride = 2 if strided and i else 1
            first = Bottleneck(self.channels[i], out, stride=stride)
            self.layers.append(nn.Sequential(first, *(Bottleneck(out, out) for _ in range(blocks - 1))))

    def forward(self, x: Tensor, halve: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None) -> list[Tensor]:
        """(N, C, H, W) -> features at strides 2, 4, 8, 16, 32."""
        y = self.stem(x)
        y, skip = (F.max_pool2d(y, 3, 2, 1), y) if halve is None else halve(y)
        features = [skip]
        for layer in self.layers[:-1]:
            y = layer(y)
            y, skip = (y, y) if halve is None else halve(y)
            features.append(skip)
        return [*features, self.layers[-1](y)]


class Bottleneck(nn.Module):
    """1x1 to a quarter of the width, 3x3 with the stride, 1x1 back; the last activation after the sum."""

    def __init__(self, channels: int, out: int, *, stride: int = 1):
        super().__init__()
        self.conv1 = ConvNorm(channels, out // 4, 1)
        self.conv2 = ConvNorm(out // 4, out // 4, stride=stride)
        self.conv3 = ConvNorm(out // 4, out, 1, act=None)
        self.shortcut = nn.Identity() if channels == out else ConvNorm(channels, out, 1, stride=stride, act=None)
        self.act = relu()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H/stride, W/stride)."""
        return self.act(self.conv3(self.conv2(self.conv1(x))) + self.shortcut(x))
