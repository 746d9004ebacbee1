"""ViTMatte (Yao et al., Information Fusion 2024): a plain vision transformer, and convolutions for the detail.

Its authors normalise images by ImageNet's mean and deviation, and then pad image and trimap at the bottom and the right
with zeros to a multiple of 32. The transformer sees the whole image also in tiles (`encoders.vitdet`), so that tiles
give the alpha of the whole image.
"""

import torch
from torch import Tensor, nn

from mattekit.errors import InputError
from mattekit.networks.base import Row
from mattekit.networks.encoder_decoder import PLANES, EncoderDecoder
from mattekit.networks.encoders.vitdet import Bottleneck, GlobalTransformer
from mattekit.networks.layers import ConvNorm, he_normal, initialise
from mattekit.operators import make

STREAM = (48, 96, 192)  # channels of the detail stream at 1/2, 1/4, 1/8 (section 3.3)
FUSED = (256, 128, 64, 32)  # channels of the decoder at 1/8, 1/4, 1/2 and 1
HIDDEN = 16  # of the head
PATCH = 16  # pixels
DEVIATION = 0.02  # of a transformer's new weights


class DetailEncoder(nn.Module):
    """The image, three strided convolutions of it, and the transformer's map (ViTMatte, Figure 3)."""

    def __init__(self, channels: int, transformer: nn.Module, stream: tuple[int, ...]):
        super().__init__()
        self.patch = nn.Conv2d(PLANES, channels, PATCH, PATCH)
        self.transformer = transformer
        widths = (PLANES, *stream)
        self.stream = nn.ModuleList(ConvNorm(a, b, stride=2) for a, b in zip(widths, stream, strict=False))

    def forward(self, x: Tensor, halve: None) -> list[Tensor]:
        """Map (N, 4, H, W) to maps of 1, 1/2, 1/4, 1/8 and 1/16 of its size."""
        deepest, features = self.transformer(self.patch(x)), [x]  # first: in tiles, a first pass ends with it
        for conv in self.stream:
            features.append(conv(features[-1]))
        return [*features, deepest]


def vitmatte(
    *,
    width: int = 384,
    heads: int = 6,
    depth: int = 12,
    ratio: int = 4,
    window: int = 14,
    windowed: tuple[int, ...] = (0, 1, 3, 4, 6, 7, 9, 10),
    residual: tuple[int, ...] = (2, 5, 8, 11),
    side: int = 14,
    whole: int = 32,
    stream: tuple[int, ...] = STREAM,
    fused: tuple[int, ...] = FUSED,
) -> EncoderDecoder:
    """Build the network.

    Parameters
    ----------
    width, heads, depth, ratio
        Of the transformer: channels, heads of attention, blocks, and the perceptrons' width over the channels.
    window : int
        Side of a window, in patches of 16 pixels.
    windowed, residual : tuple of int
        Blocks that attend within windows, and those that end with a bottleneck.
    side, whole : int
        Sides, in patches, for which positions, and relative positions of the whole image, are learnt.
    stream, fused : tuple of int
        Channels of the detail stream, finest first, and of the decoder, coarsest first.

    Returns
    -------
    EncoderDecoder, (N, 4, H, W) -> (N, 1, H, W)

    Raises
    ------
    InputError
        If the numbers do not fit one another.
    """
    if heads < 1 or width % heads or len(stream) != 3 or len(fused) != 4:
        raise InputError(f"{width} channels, {heads} heads, wanted a multiple; stream 3 and fused 4 numbers.")
    options = dict(ratio=ratio, side=side, whole=whole, window=window, windowed=windowed, residual=residual)
    transformer = GlobalTransformer(width, heads, depth, **options)
    skips = (PLANES, *stream)
    incoming = [*reversed(fused[:-1]), width]  # of the decoder's stages, finest first
    network = EncoderDecoder(
        encoder=DetailEncoder(width, transformer, tuple(stream)),
        context=nn.Identity(),
        laterals=[nn.Identity() for _ in skips],
        resamplers=[make("bilinear", channels) for channels in incoming],
        blocks=[ConvNorm(a + b, out) for a, b, out in zip(incoming, skips, reversed(fused), strict=True)],
        head=nn.Sequential(
            nn.Conv2d(fused[-1], HIDDEN, 3, padding=1),
            nn.BatchNorm2d(HIDDEN),
            nn.ReLU(inplace=True),
            nn.Conv2d(HIDDEN, 1, 1),
            nn.Sigmoid(),
        ),
        fusion="concat",
        strided=True,
        stride=PATCH,
    )
    _initialise(network)
    return network


def _initialise(network: EncoderDecoder) -> None:
    """Draw linear layers and positions near 0, convolutions by He's method; a new bottleneck changes nothing."""
    initialise(network, he_normal)
    if network.encoder.transformer.position.is_meta:
        return
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=DEVIATION)
            nn.init.zeros_(module.bias)
        elif isinstance(module, Bottleneck):
            nn.init.zeros_(module.norm3.weight)
    with torch.no_grad():
        nn.init.trunc_normal_(network.encoder.transformer.position, std=DEVIATION)


PREPARATION = "zeros-32"
ROWS = {
    "vitmatte-small": Row(vitmatte, {}, "ViTMatte, released, S", PREPARATION),
    "vitmatte-base": Row(vitmatte, dict(width=768, heads=12), "ViTMatte, released, B", PREPARATION),
}
