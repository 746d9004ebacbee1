"""The first eleven blocks of ResNet-34, A2U's encoder (A2U section 6.1)."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.layers import BasicBlock, ConvNorm, leaky, relu
from mattekit.tiling.global_layers import GlobalMapStage

BLOCKS = (3, 4, 4)  # ResNet-34 has 3, 4, 6, 3


class ResNet34(nn.Module):
    """Truncated ResNet-34 with output stride 16.

    Parameters
    ----------
    channels : int
        Of the input; 4 for image and trimap.
    strided : bool
        Strides and max-pooling of ResNet-34. Otherwise the 7x7 and the 3x3 convolutions have stride 1, and operators
        lent to `forward` halve: the stem's feature, the result again, and the map inside the first block of layers 2
        and 3. The 1x1 shortcuts keep stride 2, as in the released code, where the text says all become stride 1.

    Attributes
    ----------
    channels : tuple of int
        Of the features at strides 1, 2, 4, 8 and 16; the first is the input itself.
    lent : tuple of int
        Channels of the four maps that are halved.
    """

    lent = (64, 64, 128, 256)

    def __init__(self, channels: int = 4, *, strided: bool = False):
        super().__init__()
        self.channels = (channels, 64, 64, 128, 256)
        self.stem = ConvNorm(channels, 64, 7, stride=2 if strided else 1, act=leaky)
        self.layer1 = _layer(64, 64, BLOCKS[0], 1, strided)
        self.layer2 = _layer(64, 128, BLOCKS[1], 2, strided)
        self.layer3 = _layer(128, 256, BLOCKS[2], 2, strided)

    def forward(self, x: Tensor, halve: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None) -> list[Tensor]:
        """Map (N, C, H, W) to features at strides 1, 2, 4, 8, 16."""
        y = self.stem(x)
        if halve is None:
            half, quarter = y, F.max_pool2d(y, 3, 2, 1)
        else:
            half, _ = halve(y)
            quarter, half = halve(half)
        features = [x, half, self.layer1(quarter)]
        for layer in (self.layer2, self.layer3):
            y = layer[0](features[-1], halve)
            features.append(layer[1:](y))
        return features


def _layer(channels: int, out: int, blocks: int, stride: int, strided: bool) -> nn.Sequential:
    first = BasicBlock(channels, out, stride=stride, lent=stride == 2 and not strided)
    return nn.Sequential(first, *(BasicBlock(out, out) for _ in range(blocks - 1)))


STAGES = [
    (256, 3, 1),
    (512, 4, 2),
    (1024, 6, 2),
    (2048, 3, 2),
]  # channels, blocks, stride; after the stem's max-pooling
DEEP = 2  # of an image in tiles, the stages from this one on see the whole map


class ResNet50D(nn.Module):
    """ResNet-50-D with output stride 32.

    Parameters
    ----------
    channels : int
        Of the input; 4 for image and trimap.

    Attributes
    ----------
    channels : tuple of int
        Of the features at strides 1, 2, 4, 8, 16 and 32; the first is the input itself.
    """

    def __init__(self, channels: int = 4):
        super().__init__()
        self.channels = (channels, 64, *(out for out, _, _ in STAGES))
        self.stem = nn.Sequential(ConvNorm(channels, 32, stride=2), ConvNorm(32, 32), ConvNorm(32, 64))
        layers, incoming = [], 64
        for out, blocks, stride in STAGES:
            first = Bottleneck(incoming, out, stride=stride)
            rest = [Bottleneck(out, out) for _ in range(blocks - 1)]
            layers.append(
                nn.Sequential(first, *rest) if len(layers) < DEEP else GlobalMapStage(first, *rest, strided=True)
            )
            incoming = out
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, halve: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None) -> list[Tensor]:
        """Map (N, C, H, W) to features at strides 1 to 32; that at 2 is the stem's, before the max-pooling.

        It keeps its strides: `halve` is there for the protocol and never called.
        """
        features = [x, self.stem(x)]
        y = F.max_pool2d(features[-1], 3, 2, 1)
        for layer in self.layers:
            y = layer(y)
            features.append(y)
        return features


class Bottleneck(nn.Module):
    """1x1 to a quarter of the width, 3x3 with the stride, 1x1 back; the last activation after the sum.

    Parameters
    ----------
    channels, out : int
    stride : 1 or 2
        The shortcut is an average over 2x2 and a 1x1 convolution where width changes, else the identity.
    """

    def __init__(self, channels: int, out: int, *, stride: int = 1):
        super().__init__()
        self.conv1 = ConvNorm(channels, out // 4, 1)
        self.conv2 = ConvNorm(out // 4, out // 4, stride=stride)
        self.conv3 = ConvNorm(out // 4, out, 1, act=None)
        self.pool = nn.AvgPool2d(2) if stride == 2 else nn.Identity()
        self.shortcut = nn.Identity() if channels == out else ConvNorm(channels, out, 1, act=None)
        self.act = relu()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H/stride, W/stride)."""
        return self.act(self.conv3(self.conv2(self.conv1(x))) + self.shortcut(self.pool(x)))
