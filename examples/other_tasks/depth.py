"""Monocular depth on ResNet-50 (Hu et al., WACV 2019), with any operator: IndexNet section 5.4.

The section's details are in a supplement that the paper's text does not contain; here, operators take the place of the
encoder's max-pooling and strides and of the decoder's bilinear interpolation.
"""

import torch
from resnet50 import ResNet50
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.encoder_decoder import Halving, Pyramid, pad
from mattekit.networks.layers import ConvNorm, relu
from mattekit.operators import make


class DepthNetwork(nn.Module):
    """Encoder, decoder, fusion of all the encoder's scales, and a refining end; depth at half the image's size.

    Parameters
    ----------
    resampler : str
        A name in `mattekit.operators.OPERATORS`; bilinear is the paper's.
    strided : bool, optional
        The encoder keeps its own strides and kernels are learnt from its features. Unless given, operators that come
        in pairs halve.
    fused : int
        Channels that each of the four deepest features has in the fusion.
    in_channels, out_channels : int
    **options
        Arguments of the operator.
    """

    stride = 32

    def __init__(
        self,
        resampler: str = "bilinear",
        *,
        strided: bool | None = None,
        fused: int = 16,
        in_channels: int = 3,
        out_channels: int = 1,
        **options,
    ):
        super().__init__()
        *widths, deepest = ResNet50.channels
        self.resamplers = nn.ModuleList(make(resampler, width, **options) for width in widths)
        self.strided = not self.resamplers[0].paired if strided is None else strided
        self.encoder = ResNet50(in_channels, strided=self.strided)
        self.context = ConvNorm(deepest, widths[-1], 1)
        # Hu et al. have 128 channels before the last doubling; with 64, kernels of each channel fit the stem's feature.
        self.blocks = nn.ModuleList(
            Projection(width, out) for width, out in zip(widths, [widths[0], *widths[:-1]], strict=True)
        )
        self.fusion = nn.ModuleList(Projection(width, fused) for width in ResNet50.channels[1:])
        channels = widths[0] + 4 * fused
        self.head = nn.Sequential(
            ConvNorm(channels, channels, 5), ConvNorm(channels, channels, 5), nn.Conv2d(channels, out_channels, 5, 1, 2)
        )

    def encode(self, x: Tensor) -> Pyramid:
        """(N, C, H, W), sides multiples of 32 -> features at strides 2 to 32, and guides for the first four."""
        if self.strided:
            features = self.encoder(x)
            guides = [operator.guide(f) for operator, f in zip(self.resamplers, features, strict=False)]
            return Pyramid(features, guides)
        halve = Halving(self.resamplers)
        return Pyramid(self.encoder(x, halve), halve.guides)

    def decode(self, pyramid: Pyramid) -> Tensor:
        """Pyramid -> (N, C', H/2, W/2)."""
        finest, *features = pyramid.features
        size = finest.shape[-2:]
        y = self.context(features[-1])
        for operator, guide, block in reversed(list(zip(self.resamplers, pyramid.guides, self.blocks, strict=True))):
            y = block(operator.up(y, guide))
        views = [
            project(F.interpolate(f, size, mode="bilinear")) for project, f in zip(self.fusion, features, strict=True)
        ]
        return self.head(torch.cat([y, *views], 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H/2, W/2), rounded up; padded as `EncoderDecoder` does."""
        height, width = x.shape[-2:]
        return self.decode(self.encode(pad(x, self.stride)))[..., : (height + 1) // 2, : (width + 1) // 2]


class Projection(nn.Module):
    """Two convolutions beside one, after a doubling: the up-projection of Laina et al. (2016), as Hu et al. have it."""

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.conv1, self.conv2 = ConvNorm(channels, out, 5), ConvNorm(out, out, 3, act=None)
        self.shortcut = ConvNorm(channels, out, 5, act=None)
        self.act = relu()

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H, W)."""
        return self.act(self.conv2(self.conv1(x)) + self.shortcut(x))
