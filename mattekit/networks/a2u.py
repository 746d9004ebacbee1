"""A2U's matting network (Dai et al., CVPR 2021, section 6.1, Figure 3) and the rows of its tables.

Its authors normalise images by ImageNet's mean and deviation, then pad image and trimap at the bottom and the right by
reflection to a multiple of 16, as `EncoderDecoder.forward` does.
"""

from torch import nn

from mattekit.errors import InputError
from mattekit.networks.base import Row, rows
from mattekit.networks.context import ASPP
from mattekit.networks.encoder_decoder import EncoderDecoder, fusion_factor
from mattekit.networks.encoders.resnet import ResNet34
from mattekit.networks.layers import BasicBlock, ConvNorm, initialise, leaky, xavier_leaky
from mattekit.operators import make

TABLE_2 = {  # up-sampling operators on the same baseline
    "nearest": dict(resampler="nearest"),
    "bilinear": dict(resampler="bilinear"),
    "carafe": dict(resampler="carafe"),
    "indexnet": dict(resampler="indexnet-m2o-nonlinear-context", strided=True),
    "static-pw-cw": dict(resampler="a2u-static-pw-cw"),
    "static-cw": dict(resampler="a2u-static-cw"),
    "hybrid-cw": dict(resampler="a2u-hybrid-cw"),
    "hybrid-cs": dict(resampler="a2u-hybrid-cs"),
    "dynamic-cw": dict(resampler="a2u-dynamic-cw"),
    "dynamic-cs": dict(resampler="a2u-dynamic-cs"),
    "dynamic-cs-d": dict(resampler="a2u-dynamic-cs-d"),
    "dynamic-cs-d-dagger": dict(resampler="a2u-dynamic-cs-d-dagger"),
}
TABLE_3 = {  # sizes of the up-sampling kernel; those with 3 are in Table 2
    "hybrid-cw-k1": dict(resampler="a2u-hybrid-cw-k1"),
    "hybrid-cw-k5": dict(resampler="a2u-hybrid-cw-k5"),
    "dynamic-cs-k1": dict(resampler="a2u-dynamic-cs-k1"),
    "dynamic-cs-k5": dict(resampler="a2u-dynamic-cs-k5"),
}
TABLE_4 = {  # normalisation of the kernel; those with sigmoid and softmax are in Table 2
    "hybrid-cw-softmax": dict(resampler="a2u-hybrid-cw-softmax"),
    "dynamic-cs-softmax": dict(resampler="a2u-dynamic-cs-softmax"),
}
TABLE_8 = {  # sizes of the implementations; the others are in Table 2
    "static-cs": dict(resampler="a2u-static-cs"),
}
RELEASED = {  # the configurations with published weights; the text has k_en = 5
    "share": dict(resampler="a2u-share"),
    "unshare": dict(resampler="a2u-unshare"),
}

WIDTHS = (64, 64, 128, 256)  # of the decoder before the block of stages 1 to 4, finest first
STRIDE = 16


def a2u(
    resampler: str = "a2u-dynamic-cs-d-dagger",
    *,
    strided: bool | None = None,
    fusion: str = "add",
    context: str | None = "aspp",
    in_channels: int = 4,
    out_channels: int = 1,
    **options,
) -> EncoderDecoder:
    """Build the network with any operator.

    Parameters
    ----------
    resampler : str
        A name in `mattekit.operators.OPERATORS`.
    strided : bool, optional
        The encoder keeps ResNet's strides and kernels are learnt from the skipped features; if not, operators halve
        and learn from the stride-1 feature. Unless given, operators that come in pairs halve.
    fusion : "add", "concat" or "none"
        The paper's network adds.
    context : "aspp" or None
    in_channels, out_channels : int
    **options
        Arguments of the operator, such as `k_up=5`.

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
    operators = [make(resampler, width, **options) for width in WIDTHS]
    strided = not operators[0].paired if strided is None else strided
    encoder = ResNet34(in_channels, strided=strided)
    needed = fusion != "none" or (strided and operators[0].guided)
    outs = (32, *WIDTHS[:2], 128)
    network = EncoderDecoder(
        encoder=encoder,
        context=ASPP(256, 256, act=leaky) if context else nn.Identity(),
        laterals=[
            ConvNorm(channels, width, act=leaky) if needed else nn.Identity()
            for channels, width in zip(encoder.channels, WIDTHS, strict=False)
        ],
        resamplers=operators,
        blocks=[
            nn.Sequential(BasicBlock(factor * width, out), BasicBlock(out, out))
            for width, out in zip(WIDTHS, outs, strict=True)
        ],
        head=nn.Sequential(
            ConvNorm(32, out_channels, act=leaky), nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        ),
        fusion=fusion,
        strided=strided,
        stride=STRIDE,
    )
    initialise(network, xavier_leaky)
    return network


PREPARATION = "reflect-{stride}"
ROWS = {
    "a2u": Row(a2u, RELEASED["share"], "A2U, released, share", PREPARATION, {"bf16": 14.3, "fp16": 0.9}),
    "a2u-unshare": Row(a2u, RELEASED["unshare"], "A2U, released, unshare", PREPARATION),
    **rows("a2u", a2u, TABLE_2, "A2U Table 2", preparation=PREPARATION),
    **rows("a2u", a2u, TABLE_3, "A2U Table 3", preparation=PREPARATION),
    **rows("a2u", a2u, TABLE_4, "A2U Table 4", preparation=PREPARATION),
    **rows("a2u", a2u, TABLE_8, "A2U Table 8", preparation=PREPARATION),
}
