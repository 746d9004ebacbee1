"""Deep Image Matting (Xu et al., CVPR 2017): a VGG-16 SegNet, and a small network that refines its alpha.

The first stage is also row B3 of IndexNet's Table 1, and B4 with bilinear interpolation for unpooling; batch
normalisation in the encoder is from there. Images are resized so that both sides are multiples of 32.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mattekit.networks.encoder_decoder import EncoderDecoder, Pyramid, pad
from mattekit.networks.encoders.vgg import VGG16, convolutions
from mattekit.operators import make

TABLE_1 = {  # IndexNet Table 1
    "b3": dict(resampler="max-unpool"),
    "b4": dict(resampler="bilinear"),
}


def dim(
    resampler: str = "max-unpool",
    *,
    refined: bool = False,
    norm: bool = True,
    bottleneck: tuple[int, int] = (4096, 7),
    sigmoid: bool = False,
    in_channels: int = 4,
    out_channels: int = 1,
    **options,
) -> nn.Module:
    """Build Deep Image Matting, or its first stage alone.

    Parameters
    ----------
    resampler : str
        A name in `mattekit.operators.OPERATORS`.
    refined : bool
        With the refinement stage.
    norm : bool
        Batch normalisation in the encoder.
    bottleneck : (int, int)
        Width and size of the convolution below the encoder; VGG-16's first fully connected layer gives it its weights.
        mmagic's has (512, 1), and no norm.
    sigmoid : bool
        Outputs pass through a sigmoid, as in mmagic.
    in_channels, out_channels : int
    **options
        Arguments of the operator.

    Returns
    -------
    EncoderDecoder or Refined, (N, 4, H, W) -> (N, 1, H, W)

    Raises
    ------
    InputError
        If an argument is unknown.
    """
    encoder = VGG16(in_channels, norm=norm)
    widths = encoder.channels
    width, size = bottleneck
    below = nn.Sequential(
        *convolutions([widths[-1], width], size, norm=False), *convolutions([width, widths[-1]], 1, norm=False)
    )
    first = EncoderDecoder(
        encoder=encoder,
        context=below,
        laterals=[nn.Identity() for _ in widths],
        resamplers=[make(resampler, channels, **options) for channels in widths],
        blocks=[
            convolutions([channels, out], 5, norm=False)
            for channels, out in zip(widths, [widths[0], *widths[:-1]], strict=True)
        ],
        head=nn.Conv2d(widths[0], out_channels, 5, padding=2),
        fusion="none",
        strided=False,
        stride=32,
    )
    return Refined(first, sigmoid=sigmoid) if refined or sigmoid else first


class Refined(nn.Module):
    """A matting network and a stage that sharpens its alpha; section 4.2 of Deep Image Matting.

    The text feeds the stage the image as it is and alpha as 0 to 255, here the image is normalised and alpha 0 to 1:
    the weights of its first layer absorb the difference.
    """

    def __init__(self, first: EncoderDecoder, *, width: int = 64, sigmoid: bool = False):
        super().__init__()
        self.first, self.stride = first, first.stride
        self.sigmoid = sigmoid
        self.refine = nn.Sequential(
            *convolutions([4, width, width, width], norm=False), nn.Conv2d(width, 1, 3, padding=1)
        )
