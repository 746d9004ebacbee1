"""The network of the default weights: of IndexNet's family, it corrects the alpha that a classical method estimates.

MobileNetV2 with learned indices as in `indexnet.py`, but separable convolutions in the decoder, and an output that is
added to the estimate, its fifth input channel. With a last convolution of zeros it begins where the method ends.
"""

from torch import nn

from mattekit.networks.context import ASPP
from mattekit.networks.encoder_decoder import EncoderDecoder
from mattekit.networks.encoders.mobilenetv2 import MobileNetV2
from mattekit.networks.indexnet import DILATIONS
from mattekit.networks.layers import ConvNorm, relu6, separable
from mattekit.operators import Keep, make


def residual(
    resampler: str = "indexnet-o2o-nonlinear-context",
    *,
    prior: str = "shared",
    stride: int = 32,
    head: int = 16,
    in_channels: int = 5,
    **options,
) -> EncoderDecoder:
    """Build the network.

    Parameters
    ----------
    resampler : str
        A name in `mattekit.operators.OPERATORS`.
    prior : str
        The method of `mattekit.baselines.ALPHA` whose alpha is the last input channel.
    stride : 32 or 16
        Output stride.
    head : int
        Channels of the last layers.
    in_channels : int
        RGB, trimap, prior.
    **options
        Arguments of the operator.

    Returns
    -------
    EncoderDecoder, (N, 5, H, W) -> (N, 1, H, W)
    """
    encoder = MobileNetV2(in_channels, stride=stride)
    *widths, deepest = encoder.channels
    network = EncoderDecoder(
        encoder=encoder,
        context=ASPP(deepest, widths[-1], width=256, dilations=DILATIONS[stride], act=relu6),
        laterals=[nn.Identity() for _ in widths],
        resamplers=[
            make(resampler, channels, **options) if halves else Keep(channels)
            for channels, halves in zip(widths, encoder.halves, strict=True)
        ],
        blocks=[
            separable(2 * channels, out, 5, act=relu6)
            for channels, out in zip(widths, [widths[0], *widths[:-1]], strict=True)
        ],
        head=nn.Sequential(
            ConvNorm(widths[0], head, act=relu6),
            ConvNorm(head, head, act=relu6),
            nn.Conv2d(head, 1, 3, padding=1),
        ),
        fusion="concat",
        strided=False,
        stride=stride,
        residual=True,
    )
    network.prior = prior
    nn.init.zeros_(network.head[-1].weight)
    nn.init.zeros_(network.head[-1].bias)
    return network
