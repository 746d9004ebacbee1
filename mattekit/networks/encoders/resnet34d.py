"""ResNet-34-D, spectrally normalised and cut to 29 layers: GCA's encoder (its section on the baseline network)."""

from collections.abc import Callable

from torch import Tensor, nn

from mattekit.networks.spectral import SpectralConvNorm, halving_stage
from mattekit.tiling.global_layers import GlobalMapStage

STAGES = [(64, 3, 1), (128, 4, 2), (256, 4, 2), (512, 2, 2)]  # channels, blocks, stride; after the stem
DEEP = 2  # of an image in tiles, the stages from this one on see the whole map
MIDDLE = 1  # the stage whose feature, at stride 8, may be changed


class ResNet34D(nn.Module):
    """ResNet-34 with a stem of three convolutions and averages in its shortcuts, output stride 32.

    Parameters
    ----------
    channels : int
        Of the input; 6 for image and one-hot trimap.

    Attributes
    ----------
    channels : tuple of int
        Of the features at strides 1, 2, 4, 8, 16 and 32; the first is the input itself.
    """

    def __init__(self, channels: int = 6):
        super().__init__()
        self.channels = (channels, 32, *(out for out, _, _ in STAGES))
        self.stem = nn.ModuleList(
            [
                SpectralConvNorm(channels, 32, stride=2),
                SpectralConvNorm(32, 32),
                SpectralConvNorm(32, 64, stride=2),
            ]
        )
        layers, incoming = [], 64
        for out, blocks, stride in STAGES:
            stage = halving_stage(incoming, out, blocks, stride)
            layers.append(nn.Sequential(*stage) if len(layers) < DEEP else GlobalMapStage(*stage, strided=True))
            incoming = out
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, change: Callable[[Tensor], Tensor] = lambda y: y) -> list[Tensor]:
        """Map (N, C, H, W) to features at strides 1 to 32; `change` acts on that at stride 8 before it is used."""
        half = self.stem[1](self.stem[0](x))
        features, y = [x, half], self.stem[2](half)
        for i, layer in enumerate(self.layers):
            y = layer(y)
            if i == MIDDLE:
                y = change(y)
            features.append(y)
        return features
