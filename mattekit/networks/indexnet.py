"""IndexNet's matting network (Lu et al., ICCV 2019, section 5.1, Figure 6) and the rows of its tables.

Its authors normalise images by ImageNet's mean and deviation, then resize both sides to multiples of 32; the caller
prepares images so, and the network pads other sizes.
"""

from torch import nn

from mattekit.errors import InputError
from mattekit.networks.base import Row, rows
from mattekit.networks.context import ASPP
from mattekit.networks.encoder_decoder import EncoderDecoder, fusion_factor
from mattekit.networks.encoders.mobilenetv2 import MobileNetV2
from mattekit.networks.layers import ConvNorm, he_normal, initialise, relu6, separable
from mattekit.operators import INDEXNET_ROWS, Keep, make

TABLE_1 = {  # design choices on MobileNetV2; B1 is in deeplab.py, B2 in refinenet.py, B3 and B4 in dim.py
    "b5": dict(fusion="none", resampler="max-unpool", context=None),
    "b6": dict(fusion="none", resampler="bilinear", context=None),
    "b7": dict(fusion="none", resampler="max-unpool", context="aspp"),
    "b8": dict(fusion="add", resampler="max-unpool", context=None),
    "b9": dict(fusion="add", resampler="max-unpool", context="aspp"),
    "b10": dict(fusion="concat", resampler="max-unpool", context=None),
    "b11": dict(fusion="concat", resampler="max-unpool", context="aspp"),
}
TABLE_2 = {  # index networks in place of B11's max-pooling indices
    # The released code's widths; no rounding of them fits the 8.86M and 7.61 GFLOPs that the paper prints.
    "b11-1.4": dict(resampler="max-unpool", width=1.4),
    "hmi": dict(resampler="hmi"),
    **{row: dict(resampler=f"indexnet-{row}") for row in INDEXNET_ROWS},
}
RELEASED = dict(resampler="indexnet-m2o-nonlinear-context", hidden=1)  # Table 2 fits 2, the published weights have 1

DILATIONS = {32: (2, 4, 8), 16: (6, 12, 18)}  # of the ASPP, by output stride


def indexnet(
    resampler: str = "indexnet-m2o-nonlinear-context",
    *,
    fusion: str = "concat",
    context: str | None = "aspp",
    stride: int = 32,
    width: float = 1.0,
    depthwise: bool = False,
    in_channels: int = 4,
    out_channels: int = 1,
    **options,
) -> EncoderDecoder:
    """Build the network with any operator.

    Parameters
    ----------
    resampler : str
        A name in `mattekit.operators.OPERATORS`.
    fusion : "concat", "add" or "none"
        UNet, "skip" of the paper, and SegNet.
    context : "aspp" or None
    stride : 32 or 16
        Output stride.
    width : float
        Multiplier of all widths.
    depthwise : bool
        Depthwise separable convolutions in the decoder, an option of the released code.
    in_channels, out_channels : int
    **options
        Arguments of the operator, such as `hidden=1`.

    Returns
    -------
    EncoderDecoder, (N, 4, H, W) -> (N, 1, H, W)

    Raises
    ------
    InputError
        If an argument is unknown.
    """
    if context not in ("aspp", None):
        raise InputError(f"context: {context!r}, wanted 'aspp' or None.")
    factor = fusion_factor(fusion)
    encoder = MobileNetV2(in_channels, width=width, stride=stride)
    *widths, deepest = encoder.channels
    conv = separable if depthwise else ConvNorm
    network = EncoderDecoder(
        encoder=encoder,
        context=ASPP(deepest, widths[-1], width=int(256 * width), dilations=DILATIONS[stride], act=relu6)
        if context
        else ConvNorm(deepest, widths[-1], 1, act=relu6),
        laterals=[nn.Identity() for _ in widths],
        resamplers=[
            make(resampler, channels, **options) if halves else Keep(channels)
            for channels, halves in zip(widths, encoder.halves, strict=True)
        ],
        blocks=[
            conv(factor * channels, out, 5, act=relu6)
            for channels, out in zip(widths, [widths[0], *widths[:-1]], strict=True)
        ],
        head=nn.Sequential(
            conv(widths[0], out_channels, 5, act=relu6),
            nn.Conv2d(out_channels, out_channels, 5, padding=2, bias=False),
        ),
        fusion=fusion,
        strided=False,
        stride=stride,
    )
    initialise(network, he_normal)
    return network


PREPARATION = "resize-{stride}"
ROWS = {
    "indexnet": Row(indexnet, RELEASED, "IndexNet, released", PREPARATION, {"bf16": 8.7, "fp16": 1.4}),
    **rows("indexnet", indexnet, TABLE_1, "IndexNet Table 1", preparation=PREPARATION),
    **rows("indexnet", indexnet, TABLE_2, "IndexNet Table 2", preparation=PREPARATION),
}
ROWS["indexnet-b11"] = ROWS["indexnet-b11"]._replace(rounding={"bf16": 7.6, "fp16": 2.1})
ROWS["indexnet-b11-1.4"] = ROWS["indexnet-b11-1.4"]._replace(
    note="the paper prints 8.86M and 7.61; the authors' own code gives this"
)
