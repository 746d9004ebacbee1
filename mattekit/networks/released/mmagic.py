"""Checkpoints of OpenMMLab's mmagic (formerly mmediting): its IndexNet, and its Deep Image Matting of any stage."""

from mattekit.networks.encoders.mobilenetv2 import STAGES
from mattekit.networks.encoders.vgg import STAGES as VGG_STAGES
from mattekit.networks.released import indexnet
from mattekit.networks.released.names import Table
from mattekit.networks.released.names import rename as rename_by
from mattekit.networks.state import State

CONV = {"conv": "0", "bn": "1"}
SEPARABLE = {
    **{"depthwise_conv.conv": "0", "depthwise_conv.bn": "1"},
    **{"pointwise_conv.conv": "3", "pointwise_conv.bn": "4"},
}
EXPANDED = {
    **{"0.conv": "0", "0.bn": "1", "1.depthwise_conv.conv": "3", "1.depthwise_conv.bn": "4"},
    **{"1.pointwise_conv.conv": "6", "1.pointwise_conv.bn": "7"},
}
INDEX = {
    "index_block.conv": "indexnet",
    **{f"index_block.{layer}": f"indexnet.{i}" for layer, i in (("0.conv", 0), ("0.bn", 1), ("1.conv", 3))},
    **{
        f"index_blocks.{q}.{layer}": f"indexnet{q + 1}.{i}"
        for q in range(4)
        for layer, i in (("conv", 0), ("0.conv", 0), ("0.bn", 1), ("1.conv", 3))
    },
}
ENCODER, DECODER = "backbone.encoder.", "backbone.decoder."

OFFICIAL: Table = [  # their names, in terms of the authors'
    (f"{ENCODER}layers.0.", "layer0.", CONV),
    *[
        (f"{ENCODER}layers.{i}.{block}.conv.", f"layer{i}.{block}.conv.", SEPARABLE if expansion == 1 else EXPANDED)
        for i, (expansion, _, blocks, _) in enumerate(STAGES, 1)
        for block in range(blocks)
    ],
    *[(f"{ENCODER}index_layers.{i}.", f"index{layer}.", INDEX) for i, layer in enumerate((0, 2, 3, 4, 6))],
    (f"{ENCODER}dconv.convs.0.", "dconv_pp.aspp1.atrous_conv.", CONV),
    *[(f"{ENCODER}dconv.convs.{i}.", f"dconv_pp.aspp{i + 1}.atrous_conv.", SEPARABLE) for i in (1, 2, 3)],
    (f"{ENCODER}dconv.convs.4.", "dconv_pp.global_avg_pool.", {"1.conv": "1", "1.bn": "2"}),
    (f"{ENCODER}dconv.project.0.", "dconv_pp.bottleneck_conv.", CONV),
    (f"{ENCODER}dconv.", "dconv_pp.", CONV),
    *[(f"{DECODER}decoder_layers.{i}.conv.", f"decoder_layer{6 - i}.dconv.", CONV | SEPARABLE) for i in range(7)],
    (f"{DECODER}pred.0.", "pred.0.", CONV | SEPARABLE),
    (f"{DECODER}pred.", "pred.", {"1": "1"}),
]

DIM: Table = [
    *[
        (f"{ENCODER}layer{stage + 1}.", f"encoder.stages.{stage}.", {str(2 * i): f"{i}.conv" for i in range(count)})
        for stage, (_, count) in enumerate(VGG_STAGES)
    ],
    (ENCODER, "context.", {"conv6": "0.conv"}),
    (DECODER, "context.", {"deconv6_1": "1.conv"}),
    (DECODER, "blocks.", {f"deconv{i + 1}_1": f"{i}.0.conv" for i in range(5)}),
    (DECODER, "head.", {"deconv1": "0"}),
]
REFINER: Table = [
    *[(theirs, f"first.{ours}", layers) for theirs, ours, layers in DIM],
    ("refiner.", "stage.", {"refine_pred": "3", **{f"refine_conv{i + 1}": f"{i}.conv" for i in range(3)}}),
]


def recognises_indexnet(state: State) -> bool:
    """Whether the names are those of mmagic's IndexNet."""
    return any(key.startswith(f"{ENCODER}index_layers.") for key in state)


def indexnet_configuration(state: State) -> tuple[str, dict]:
    """Return a name in `NETWORKS` and the arguments to change, as far as shapes tell."""
    return indexnet.configuration(rename_by(state, OFFICIAL))


def rename_indexnet(state: State) -> State:
    """Return the weights under our names, for the network of `indexnet_configuration`."""
    return indexnet.rename(rename_by(state, OFFICIAL))


def recognises_dim(state: State) -> bool:
    """Whether the names are those of mmagic's Deep Image Matting."""
    return f"{DECODER}deconv6_1.weight" in state


def dim_configuration(state: State) -> tuple[str, dict]:
    """Return a name in `NETWORKS` and the arguments to change."""
    return "dim", {} if "refiner.refine_pred.weight" in state else {"refined": False}


def rename_dim(state: State) -> State:
    """Return the weights under our names, for the network of `dim_configuration`."""
    return rename_by(state, REFINER if "refiner.refine_pred.weight" in state else DIM)
