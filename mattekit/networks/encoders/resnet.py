"""The first eleven blocks of ResNet-34, A2U's encoder (A2U section 6.1)."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.layers import BasicBlock, ConvNorm, leaky

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
        """(N, C, H, W) -> features at strides 1, 2, 4, 8, 16."""
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
