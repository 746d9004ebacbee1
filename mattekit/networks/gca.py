"""GCA Matting: Li and Lu, "Natural Image Matting via Guided Contextual Attention", AAAI 2020.

An encoder-decoder of residual blocks, all of whose convolutions are spectrally normalised, with guided contextual
attention at stride 8 on the way down and up. The trimap enters as three planes, which `encode` makes of its one.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mattekit.networks.base import Adjust, Network, Row
from mattekit.networks.encoder_decoder import pad
from mattekit.networks.encoders.resnet34d import ResNet34D
from mattekit.networks.guided_attention import GuidedContextualAttention
from mattekit.networks.shortcut_decoder import WIDTH, ShortcutDecoder
from mattekit.networks.spectral import ConvActNorm, initialise_spectral, shortcut
from mattekit.networks.trimap_planes import one_hot

RGB = 3
GUIDANCE = (16, 32, 128)  # channels of the image's features at strides 2, 4 and 8
STRIDE = 8  # of the attention


class Encoded(NamedTuple):
    """Output of the encoder, input of the decoder."""

    shortcuts: list[Tensor]  # strides 1 to 16
    deepest: Tensor
    image: Tensor  # features of the image alone, at stride 8
    unknown: Tensor  # where the trimap is, at stride 8


class Encoder(nn.Module):
    """ResNet-34-D with attention at stride 8, features of the image alone, and the shortcuts' convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = ResNet34D(2 * RGB)
        widths = (RGB, *GUIDANCE)
        self.guidance = nn.Sequential(
            *(ConvActNorm(a, b, stride=2, reflect=True) for a, b in zip(widths, GUIDANCE, strict=False))
        )
        self.attention = GuidedContextualAttention(GUIDANCE[-1])
        planes, *channels = self.backbone.channels[:-1]
        self.shortcuts = nn.ModuleList([shortcut(planes, WIDTH), *(shortcut(width, width) for width in channels)])

    def forward(self, x: Tensor) -> Encoded:
        """Encode (N, 4, H, W)."""
        classes = one_hot(x[:, RGB:])
        image, unknown = self.guidance(x[:, :RGB]), classes[:, 1:2, ::STRIDE, ::STRIDE]
        *features, deepest = self.backbone(
            torch.cat([x[:, :RGB], classes], 1), lambda y: self.attention(y, image, unknown)
        )
        shortcuts = [path(feature) for path, feature in zip(self.shortcuts, features, strict=True)]
        return Encoded(shortcuts, deepest, image, unknown)


class GCA(Network):
    """The network, (N, 4, H, W) -> (N, 1, H, W); its alpha is in 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), ShortcutDecoder()
        self.attention = GuidedContextualAttention(GUIDANCE[-1])
        self.head = nn.Conv2d(WIDTH, 1, 3, padding=1)
        initialise_spectral(self)
        for attention in (self.encoder.attention, self.attention):
            nn.init.constant_(attention.norm.weight, 1e-3)  # code: attention begins as nearly nothing
        with torch.no_grad():
            self.encoder.backbone.stem[0].conv.weight[:, RGB:] = 0  # code

    def encode(self, x: Tensor) -> Encoded:
        """Encode (N, 4, H, W), sides multiples of 32."""
        return self.encoder(x)

    def decode(self, encoded: Encoded, adjust: Adjust | None = None) -> Tensor:
        """Decode to alpha (N, 1, H, W) in 0..1; `adjust` as for `EncoderDecoder`, levels 5 to 0."""
        shortcuts, deepest, image, unknown = encoded
        features = self.decoder(deepest, shortcuts, adjust, lambda y: self.attention(y, image, unknown))
        return (torch.tanh(self.head(features[0])) + 1) / 2

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 4, H, W) to (N, 1, H, W); padded to multiples of 32 as `EncoderDecoder` does."""
        height, width = x.shape[-2:]
        return self.decode(self.encode(pad(x, self.stride)))[..., :height, :width]


ROWS = {
    "gca": Row(
        GCA,
        {},
        "GCA Table 2",
        preparation="reflect-{stride}",
        note="the printed 25.27 M count spectral normalisation's 104,615 numbers u and v, too",
    ),
}
