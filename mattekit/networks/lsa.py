"""LSA's matting network (Wang et al., ICME 2022, released code): ResNet-50-D, and convolutions with attention.

Its authors pad images by a ring of reflections and a ring of zeros, then normalise them by ImageNet's mean and
deviation; the caller prepares images so, and the network pads other sizes.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from mattekit.networks.base import Row
from mattekit.networks.encoder_decoder import EncoderDecoder, fusion_factor
from mattekit.networks.encoders.resnet import ResNet50D
from mattekit.networks.encoders.vgg import Conv
from mattekit.networks.layers import ConvNorm, he_normal, initialise, xavier_uniform
from mattekit.operators import make
from mattekit.tiling.global_layers import GlobalPool

WIDTHS = (64, 64, 128, 256, 512)  # of the decoder before the block of stages 0 to 4, finest first
OWN = ("bilinear", "nearest", "nearest", "nearest", "nearest")  # the released code's operators


def lsa(
    resampler: str | None = None,
    *,
    fusion: str = "concat",
    in_channels: int = 4,
    out_channels: int = 1,
    **options,
) -> EncoderDecoder:
    """Build the network; `decode` passes `adjust` the features that the paper's refinement changes, levels 5 to 2.

    Parameters
    ----------
    resampler : str, optional
        A name in `mattekit.operators.OPERATORS`, for all five stages. If not given, nearest-neighbour interpolation,
        and bilinear up to full size. The encoder keeps its strides; operators that need a guide have it from the
        skipped features.
    fusion : "concat", "add" or "none"
        The released network concatenates. Where a skipped feature is added, or guides, a 1x1 convolution gives it the
        decoder's width.
    in_channels, out_channels : int
    **options
        Arguments of the operator.

    Returns
    -------
    EncoderDecoder, (N, 4, H, W) -> (N, 1, H, W)

    Raises
    ------
    InputError
        If an argument is unknown.
    """
    factor = fusion_factor(fusion)
    encoder = ResNet50D(in_channels)
    *skips, deepest = encoder.channels
    names = OWN if resampler is None else [resampler] * len(WIDTHS)
    operators = [make(name, width, **options) for name, width in zip(names, WIDTHS, strict=True)]
    needed = fusion == "add" or operators[0].guided
    # A block takes in the decoder's width and, if concatenated, the skipped feature's.
    incoming = [width + (factor - 1) * (width if needed else skip) for width, skip in zip(WIDTHS, skips, strict=True)]
    network = EncoderDecoder(
        encoder=encoder,
        context=ESEBlock(deepest, WIDTHS[-1]),
        laterals=[
            ConvNorm(skip, width, 1) if needed else nn.Identity() for skip, width in zip(skips, WIDTHS, strict=True)
        ],
        resamplers=operators,
        blocks=[
            nn.Sequential(Conv(incoming[0], 32), Conv(32, 32)),
            *(ESEBlock(channels, out) for channels, out in zip(incoming[1:], WIDTHS[:-1], strict=True)),
        ],
        head=nn.Conv2d(32, out_channels, 3, padding=1),
        fusion=fusion,
        strided=True,
        stride=32,
    )
    initialise(network.encoder, he_normal)  # mmcls, where it loads no ImageNet weights; the released code always does
    for part in (network.context, network.laterals, network.resamplers, network.blocks, network.head):
        initialise(part, xavier_uniform)
    return network


class ESEBlock(nn.Module):
    """3x3 convolution, norm and ReLU, each channel weighted by an attention from all channels' averages.

    Effective squeeze-and-excitation (Lee and Park, "CenterMask", section 3.3).
    """

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.conv = ConvNorm(channels, out)
        self.pool = GlobalPool()
        self.attention = nn.Conv2d(out, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H, W)."""
        y = self.conv(x)
        return y * F.hardsigmoid(self.attention(self.pool(y)))


ROWS = {"lsa": Row(lsa, {}, "LSA, released", preparation="lsa-ring", rounding={"bf16": 3.6, "fp16": 0.5})}
