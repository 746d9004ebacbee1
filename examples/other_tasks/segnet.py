"""SegNet for scene understanding (Badrinarayanan et al., TPAMI 2017), with any operator: IndexNet section 5.4.

The section's details are in a supplement that the paper's text does not contain; here, operators simply take the place
of max-pooling and unpooling.
"""

from torch import nn

from mattekit.networks.encoder_decoder import EncoderDecoder
from mattekit.networks.encoders.vgg import STAGES, VGG16, convolutions
from mattekit.operators import make


def segnet(
    resampler: str = "max-unpool", *, in_channels: int = 3, out_channels: int = 37, norm: bool = True, **options
) -> EncoderDecoder:
    """Build SegNet: VGG-16's convolutions, then the same in reverse order.

    Parameters
    ----------
    resampler : str
        A name in `mattekit.operators.OPERATORS`.
    in_channels : int
    out_channels : int
        Classes; SUN RGB-D has 37.
    norm : bool
        Batch normalisation after each convolution.
    **options
        Arguments of the operator.

    Returns
    -------
    EncoderDecoder, (N, 3, H, W) -> (N, 37, H, W) logits

    Raises
    ------
    InputError
        If an argument is unknown.
    """
    encoder = VGG16(in_channels, norm=norm)
    widths = encoder.channels
    counts = [count for _, count in STAGES]
    counts[0] -= 1  # the last convolution is the head
    return EncoderDecoder(
        encoder=encoder,
        context=nn.Identity(),
        laterals=[nn.Identity() for _ in widths],
        resamplers=[make(resampler, width, **options) for width in widths],
        blocks=[
            convolutions([width] * count + [out], norm=norm)
            for width, count, out in zip(widths, counts, [widths[0], *widths[:-1]], strict=True)
        ],
        head=nn.Conv2d(widths[0], out_channels, 3, padding=1),
        fusion="none",
        strided=False,
        stride=32,
    )
