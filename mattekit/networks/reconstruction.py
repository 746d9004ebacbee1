"""The small network with which A2U compares operators: a grey image halved three times and rebuilt (A2U section 5).

C(32)-D-C(64)-D-C(128)-D-C(256)-C(128)-U-C(64)-U-C(32)-U-C(1), where C(k) is a 3x3 convolution to k channels, batch
normalisation and ReLU, D halves and U is an operator's way up (supplement, A). There are no skip connections: the
operators' guides are the decoder's only link to the encoder's larger maps.

The paper resizes MNIST's 28x28 images to 32x32. The network takes any size: sides that are no multiple of 8 are padded
by reflection and the output is cropped, so that 28x28 is computed as 32x32 and comes back as 28x28.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.networks.base import InputSize, rows
from mattekit.networks.encoder_decoder import EncoderDecoder, fusion_factor
from mattekit.networks.layers import ConvNorm
from mattekit.operators import make

TABLE_1 = {  # in the table's order; its "depthwise index network" is the many-to-one kind, of more parameters than A2U
    "nearest": dict(resampler="nearest", halving="conv"),
    "bilinear": dict(resampler="bilinear", halving="conv"),
    "deconvolution": dict(resampler="deconvolution", halving="conv"),
    "pixel-shuffle": dict(resampler="pixel-shuffle", halving="conv"),
    "max-unpool": dict(resampler="max-unpool"),
    "carafe": dict(resampler="carafe", k_up=1),  # a single tap's softmax is 1: nearest, but for what it costs
    "indexnet-hin": dict(resampler="indexnet-hin-linear-context"),
    # Unscaled: "the same as Holistic IndexNet" with U all ones, which 1/sqrt(C) of the released code would not be.
    "a2u": dict(resampler="a2u-static-pw-cw", k_up=1, k_en=4, squash=True, scaled=False),
    "indexnet-m2o": dict(resampler="indexnet-m2o-linear-context"),
}

WIDTHS = (32, 64, 128)  # of the map that is halved and of the one doubled back to its size, finest first
DEEPEST = 256
HALVINGS = ("max", "conv", "own")


def reconstruction(
    resampler: str = "nearest",
    *,
    halving: str = "max",
    fusion: str = "none",
    in_channels: int = 1,
    out_channels: int = 1,
    **options,
) -> EncoderDecoder:
    """Build the network with any operator.

    Parameters
    ----------
    resampler : str
        A name in `mattekit.operators.OPERATORS`.
    halving : "max", "conv" or "own"
        2x2 max-pooling; stride 2 in the convolution that follows ("Conv/2"), kernels being learnt from the maps before
        it; the operator's own way down. In the table, index networks and A2U have max-pooling.
    fusion : "none", "add" or "concat"
    in_channels, out_channels : int
    **options
        Arguments of the operator, such as `k_up=3`.

    Returns
    -------
    EncoderDecoder, (N, 1, H, W) -> (N, 1, H, W), at least 0

    Raises
    ------
    InputError
        If an argument is unknown.
    """
    if halving not in HALVINGS:
        raise InputError(f"halving: {halving!r}, wanted one of {', '.join(HALVINGS)}.")
    factor = fusion_factor(fusion)
    return EncoderDecoder(
        encoder=Encoder(in_channels, halving),
        context=ConvNorm(DEEPEST, WIDTHS[-1]),
        laterals=[nn.Identity() for _ in WIDTHS],
        resamplers=[make(resampler, width, **options) for width in WIDTHS],
        blocks=[ConvNorm(factor * width, out) for width, out in zip(WIDTHS, [out_channels, *WIDTHS[:-1]], strict=True)],
        head=nn.Identity(),
        fusion=fusion,
        strided=halving == "conv",
        stride=8,
    )


class Encoder(nn.Module):
    """C(32)-D-C(64)-D-C(128)-D-C(256); `halving` as in `reconstruction`."""

    def __init__(self, channels: int, halving: str):
        super().__init__()
        self.channels, self.halving = (*WIDTHS, DEEPEST), halving
        stride = 2 if halving == "conv" else 1
        self.stem = ConvNorm(channels, WIDTHS[0])
        self.stages = nn.ModuleList(
            ConvNorm(before, out, stride=stride) for before, out in zip(self.channels, self.channels[1:], strict=False)
        )

    def forward(self, x: Tensor, halve: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None) -> list[Tensor]:
        """Map (N, C, H, W) to features at strides 1, 2, 4, 8."""
        y, features = self.stem(x), []
        for stage in self.stages:
            halved, skip = (y, y) if halve is None else halve(y)
            features.append(skip)
            y = stage(F.max_pool2d(y, 2) if self.halving == "max" else halved)
        return [*features, y]


ROWS = rows(
    "reconstruction",
    reconstruction,
    TABLE_1,
    "A2U Table 1",
    preparation="reflect-32",
    input=InputSize(1, 32, 32),
    task="reconstruction",
)
