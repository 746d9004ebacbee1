"""Released FBA checkpoints: `rename` gives the weights of `networks.fba.FBA`. There is one configuration."""

from mattekit.networks.encoders.resnet50_dilated import STAGES
from mattekit.networks.fba import POOLS
from mattekit.networks.released.names import Table
from mattekit.networks.released.names import rename as rename_by
from mattekit.networks.state import State

BLOCK = {f"{theirs}{i}": f"conv{i}.{ours}" for i in (1, 2, 3) for theirs, ours in (("conv", "conv"), ("bn", "norm"))}
SHORTCUT = {"downsample.0": "shortcut.conv", "downsample.1": "shortcut.norm"}
CONV_NORM = {"0": "conv", "1": "norm"}

TABLE: Table = [
    ("encoder.", "encoder.stem.", {"conv1": "conv", "bn1": "norm"}),
    *[
        (
            f"encoder.layer{layer}.{block}.",
            f"encoder.layer1.{block}." if layer == 1 else f"encoder.deep.stages.{layer - 2}.{block}.",
            BLOCK | SHORTCUT,
        )
        for layer, (_, blocks, *_) in enumerate(STAGES, 1)
        for block in range(blocks)
    ],
    *[(f"decoder.ppm.{i}.", f"context.pools.{i}.", {"1": "conv", "2": "norm"}) for i in range(len(POOLS))],
    ("decoder.conv_up1.", "context.convs.", {"0": "0.conv", "1": "0.norm", "3": "1.conv", "4": "1.norm"}),
    ("decoder.conv_up2.", "blocks.2.", CONV_NORM),
    ("decoder.conv_up3.", "blocks.1.", CONV_NORM),
    ("decoder.conv_up4.", "blocks.0.", {"0": "0", "2": "2"}),
    ("decoder.conv_up4.", "", {"4": "head"}),
]


def recognises(state: State) -> bool:
    """Whether the names are those of a released FBA checkpoint, `module.` removed."""
    return "decoder.conv_up4.4.weight" in state and "decoder.ppm.0.1.weight" in state


def rename(state: State) -> State:
    """Return the weights under our names."""
    return rename_by(state, TABLE)
