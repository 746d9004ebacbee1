"""FBA: Forte and Pitié, "F, B, Alpha Matting", 2020: alpha, foreground and background by one network.

A dilated ResNet-50, pyramid pooling (Zhao et al., "Pyramid Scene Parsing Network", section 3.2) and three steps of
up-sampling, with group normalisation and weight standardisation so that it learns from single images. The last step
makes the three from each other (`fuse`). The input carries six maps of the distance to known pixels, row "distances"
of `baselines.priors.PRIORS`.
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.base import IMAGENET, LAYERS, Adjust, InputSize, Network, Row
from mattekit.networks.encoder_decoder import PLANES, pad
from mattekit.networks.encoders.resnet50_dilated import DilatedResNet50
from mattekit.networks.layers import he_normal, initialise
from mattekit.networks.standardised import ConvGroupNorm
from mattekit.networks.trimap_planes import one_hot
from mattekit.tiling.global_layers import GlobalLayer, MapAccumulator, average

RGB, CLASSES, DISTANCES = 3, 2, 6  # planes of the image, of the known classes, of distances
POOLS = (1, 2, 3, 6)
WIDTH = 256  # of the decoder at strides 8 and 4
WIDTHS = (16, 32, 64)  # of the decoder at full resolution, after one and two convolutions, and at stride 2
FINISHED = 7  # planes of alpha, foreground and background
TRUST = 0.1  # weight of the network's own alpha in the fusion

leaky = partial(nn.LeakyReLU, 0.01, inplace=True)


def fuse(alpha: Tensor, fg: Tensor, bg: Tensor, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Change alpha, foreground and background so that they compose the image better.

    The foreground takes its share, alpha, of the composition's error, then the background its share of what the paper's
    formula leaves; alpha then minimises (I - alpha F - (1 - alpha) B)^2 + 0.1 (alpha - its old value)^2.

    Parameters
    ----------
    alpha : (N, 1, H, W) in 0..1
    fg, bg, image : (N, 3, H, W) RGB in 0..1

    Returns
    -------
    alpha, fg, bg : in 0..1

    References
    ----------
    FBA, section on fusion; that the background sees the changed foreground is the released code's.
    """
    fg = alpha * image + (1 - alpha**2) * fg - alpha * (1 - alpha) * bg
    bg = (1 - alpha) * image + (2 * alpha - alpha**2) * bg - alpha * (1 - alpha) * fg
    fg, bg = fg.clamp(0, 1), bg.clamp(0, 1)
    along, across = ((image - bg) * (fg - bg)).sum(1, keepdim=True), (fg - bg).square().sum(1, keepdim=True)
    return ((TRUST * alpha + along) / (TRUST + across)).clamp(0, 1), fg, bg


class PyramidPooling(GlobalLayer):
    """Averages over grids of four sizes beside the map, then two convolutions; it sees the whole map.

    Parameters
    ----------
    channels : int
        Of the input.
    """

    is_map = True

    def __init__(self, channels: int):
        super().__init__()
        self.pools = nn.ModuleList(ConvGroupNorm(channels, WIDTH, 1, bias=True, act=leaky) for _ in POOLS)
        joined = channels + len(POOLS) * WIDTH
        self.convs = nn.Sequential(
            ConvGroupNorm(joined, WIDTH, bias=True, act=leaky), ConvGroupNorm(WIDTH, WIDTH, bias=True, act=leaky)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, h, w) to (N, 256, h, w)."""
        return self.current_context(x)

    def context(self, x: Tensor) -> Tensor:
        """Return the output for a map."""
        pooled = [pool(average(x, size)) for pool, size in zip(self.pools, POOLS, strict=True)]
        return self.convs(torch.cat([x, *(F.interpolate(y, x.shape[2:], mode="bilinear") for y in pooled)], 1))

    def accumulator(self, height: int, width: int) -> MapAccumulator:
        """Return an accumulator that assembles the map."""
        return MapAccumulator(self.context, height, width)


class Encoded(NamedTuple):
    """Output of the encoder, input of the decoder."""

    features: list[Tensor]  # strides 2, 4 and 8
    image: Tensor  # RGB in 0..1
    finest: Tensor  # what the last convolutions see of the input: normalised image, image, known classes


class FBA(Network):
    """The network, (N, 10, H, W) -> (N, 1, H, W), alpha; in training all seven planes.

    Parameters
    ----------
    prior : str
        The row of `baselines.priors.PRIORS` of the input's last six planes.
    """

    stride, outputs = 8, LAYERS

    def __init__(self, *, prior: str = "distances"):
        super().__init__()
        self.prior = prior
        self.encoder = DilatedResNet50(RGB + DISTANCES + CLASSES)
        half, quarter, deepest = self.encoder.channels
        self.context = PyramidPooling(deepest)
        last, fine, at_half = WIDTHS
        self.blocks = nn.ModuleList(
            [
                nn.Sequential(
                    *(nn.Conv2d(at_half + 2 * RGB + CLASSES, fine, 3, padding=1), leaky()),
                    *(nn.Conv2d(fine, last, 3, padding=1), leaky()),
                ),
                ConvGroupNorm(WIDTH + half, at_half, bias=True, act=leaky),
                ConvGroupNorm(WIDTH + quarter, WIDTH, bias=True, act=leaky),
            ]
        )
        self.head = nn.Conv2d(last, FINISHED, 1)
        initialise(self, he_normal)

    def encode(self, x: Tensor) -> Encoded:
        """Encode (N, 10, H, W), sides multiples of 8: normalised RGB, trimap, distances."""
        normalised, trimap, distances = x.split([RGB, PLANES - RGB, DISTANCES], 1)
        mean, std = (x.new_tensor(IMAGENET[key]).view(1, RGB, 1, 1) for key in ("mean", "std"))
        image, known = normalised * std + mean, one_hot(trimap)[:, ::2]
        features = self.encoder(torch.cat([normalised, distances, known], 1))
        return Encoded(features, image, torch.cat([normalised, image, known], 1))

    def decode(self, encoded: Encoded, adjust: Adjust | None = None) -> Tensor:
        """Decode to alpha (N, 1, H, W) in 0..1; `adjust` as for `EncoderDecoder`, levels 3 to 0."""
        return self.decode_layers(encoded, adjust)[:, :1]

    def decode_layers(self, encoded: Encoded, adjust: Adjust | None = None) -> Tensor:
        """Decode to alpha, foreground and background (N, 7, H, W) in 0..1."""
        adjust = adjust or (lambda level, y: y)
        half, quarter, deepest = encoded.features
        y = adjust(3, self.context(deepest))
        for level, skip in zip((2, 1, 0), (quarter, half, encoded.finest), strict=True):
            y = F.interpolate(y, scale_factor=2, mode="bilinear")
            y = adjust(level, self.blocks[level](torch.cat([y, skip], 1)))
        y = self.head(y)
        alpha, colours = y[:, :1].clamp(0, 1), y[:, 1:].sigmoid()
        return torch.cat(fuse(alpha, colours[:, :RGB], colours[:, RGB:], encoded.image), 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 10, H, W) to alpha; in training to all planes. Padded to multiples of 8 as `EncoderDecoder` does."""
        height, width = x.shape[-2:]
        encoded = self.encode(pad(x, self.stride))
        y = self.decode_layers(encoded) if self.training else self.decode(encoded)
        return y[..., :height, :width]


ROWS = {
    "fba": Row(FBA, {}, "FBA, released", preparation="lanczos-{stride}", input=InputSize(PLANES + DISTANCES, 224, 224)),
}
