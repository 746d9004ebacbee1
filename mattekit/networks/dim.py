"""Deep Image Matting (Xu et al., CVPR 2017): a VGG-16 SegNet, and a small network that refines its alpha.

Its authors released no code. The row "dim" is the reproduction in OpenMMLab's mmagic: VGG-16 without norms, a 1x1
convolution of 512 channels below it where the text has VGG-16's first fully connected layer, and a sigmoid after each
stage. The first stage is also row B3 of IndexNet's Table 1, with that layer and with batch normalisation in the
encoder, and B4 with bilinear interpolation for unpooling.
"""

import torch
from torch import Tensor, nn

from mattekit.errors import InputError
from mattekit.networks.base import Adjust, Network, Row, rows
from mattekit.networks.encoder_decoder import EncoderDecoder, Pyramid, pad
from mattekit.networks.encoders.vgg import VGG16, convolutions
from mattekit.networks.layers import he_uniform, initialise, xavier_normal
from mattekit.operators import make

TABLE_1 = {  # IndexNet Table 1
    "b3": dict(resampler="max-unpool", init="he"),
    "b4": dict(resampler="bilinear", init="he"),
}
MMAGIC = dict(refined=True, norm=False, bottleneck=(512, 1), sigmoid=True)
INITS = {"he": (he_uniform, False), "xavier": (xavier_normal, True)}  # initial weights; whether biases are set to 0


def dim(
    resampler: str = "max-unpool",
    *,
    refined: bool = False,
    norm: bool = True,
    bottleneck: tuple[int, int] = (4096, 7),
    sigmoid: bool = False,
    init: str = "xavier",
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
        mmagic has (512, 1), and no norm.
    sigmoid : bool
        Outputs pass through a sigmoid, as in mmagic.
    init : "xavier" or "he"
        The first weights, as in mmagic and as in IndexNet's code.
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
    if init not in INITS:
        raise InputError(f"init: {init!r}, wanted one of {', '.join(INITS)}.")
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
        head=nn.Sequential(
            nn.Conv2d(widths[0], out_channels, 5, padding=2), nn.Sigmoid() if sigmoid and not refined else nn.Identity()
        ),
        fusion="none",
        strided=False,
        stride=32,
    )
    network = Refined(first, images=in_channels - 1, sigmoid=sigmoid) if refined else first
    draw, biases = INITS[init]
    initialise(network, draw, biases=biases)
    return network


class Refined(Network):
    """A matting network and the stage that sharpens its alpha (Deep Image Matting, section 4.2).

    Four 3x3 convolutions take the image and alpha, and their output is added to alpha. The text feeds them pixels and
    alpha of 0 to 255; here both are as the network has them, a difference that the first layer's weights absorb. It
    does not give the number of hidden channels: mmagic's implementation has 64.

    Parameters
    ----------
    first : EncoderDecoder
    images : int
        Channels of the input that are image.
    width : int
    sigmoid : bool
        The stage sees a sigmoid of the raw alpha, and the sum passes through one, as in mmagic.
    """

    def __init__(self, first: EncoderDecoder, *, images: int = 3, width: int = 64, sigmoid: bool = False):
        super().__init__()
        self.first, self.stride = first, first.stride
        self.images, self.squash = images, torch.sigmoid if sigmoid else nn.Identity()
        self.stage = nn.Sequential(
            *convolutions([images + 1, width, width, width], norm=False), nn.Conv2d(width, 1, 3, padding=1)
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Pyramid]:
        """Map (N, C, H, W), sides multiples of `stride`, to the image and the pyramid of the first stage."""
        return x[:, : self.images], self.first.encode(x)

    def decode(self, encoded: tuple[Tensor, Pyramid], adjust: Adjust | None = None) -> Tensor:
        """Decode the result of `encode` to (N, 1, H, W); `adjust` acts on the first stage's decoder."""
        image, pyramid = encoded
        alpha = self.first.decode(pyramid, adjust)
        return self.squash(alpha + self.stage(torch.cat([image, self.squash(alpha)], 1)))

    def parts(self) -> dict[str, list[nn.Module]]:
        """Return encoder and decoder of the first stage, and the refinement stage."""
        return {**self.first.parts(), "refinement": [self.stage]}

    def initial_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the state to start the refinement's training from (Deep Image Matting, section 4.2).

        Tensors of a first stage trained alone get their place in `first`; the refinement stage keeps its own. A state
        of both stages stays as it is.
        """
        if any(key.startswith("first.") for key in state):
            return state
        own = {key: value for key, value in self.state_dict().items() if key.startswith("stage.")}
        return {**{f"first.{key}": value for key, value in state.items()}, **own}

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 1, H, W); padded to multiples of `stride` as `EncoderDecoder` does."""
        height, width = x.shape[-2:]
        return self.decode(self.encode(pad(x, self.stride)))[..., :height, :width]


ROWS = {
    **rows("indexnet", dim, TABLE_1, "IndexNet Table 1", preparation="resize-{stride}"),
    "dim": Row(dim, MMAGIC, "Deep Image Matting, as in mmagic", preparation="reflect-{stride}"),
}
ROWS["indexnet-b3"] = ROWS["indexnet-b3"]._replace(rounding={"bf16": 22.5, "fp16": 7.0})
