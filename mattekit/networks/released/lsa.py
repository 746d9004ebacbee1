"""Released LSA checkpoints: `configuration` tells the arguments of `networks.lsa.lsa`, `rename` gives the weights."""

import torch
from torch import Tensor

from mattekit.errors import WeightsError
from mattekit.networks.encoders.resnet import STAGES
from mattekit.networks.lsa import WIDTHS
from mattekit.networks.released.names import Table
from mattekit.networks.released.names import rename as rename_by
from mattekit.networks.state import State

STEM = {"conv": "conv", "bn": "norm"}
BLOCK = {f"{theirs}{i}": f"conv{i}.{ours}" for i in (1, 2, 3) for theirs, ours in (("conv", "conv"), ("bn", "norm"))}
ESE_BLOCK = {"conv1": "conv.conv", "norm1": "conv.norm", "fc": "attention"}

BACKBONE: Table = [  # mmcls' names, whose ImageNet weights LSA starts from
    *[(f"stem.{i}.", f"stem.{i}.", STEM) for i in range(3)],
    *[
        (f"layer{layer}.{block}.", f"layers.{layer - 1}.{block}.", BLOCK)
        for layer, (_, blocks, _) in enumerate(STAGES, 1)
        for block in range(blocks)
    ],
    # Layer 1 has no average before the projection, and so counts from 0.
    ("layer1.0.downsample.", "layers.0.0.shortcut.", {"0": "conv", "1": "norm"}),
    *[(f"layer{i}.0.downsample.", f"layers.{i - 1}.0.shortcut.", {"1": "conv", "2": "norm"}) for i in (2, 3, 4)],
]
TABLE: Table = [
    *[(f"backbone.{theirs}", f"encoder.{ours}", layers) for theirs, ours, layers in BACKBONE],
    ("decoder.decoder_5.", "context.", ESE_BLOCK),
    *[(f"decoder.decoder_{i}.", f"blocks.{i}.", ESE_BLOCK) for i in (1, 2, 3, 4)],
    ("decoder.final_final.", "blocks.0.", {"conv1": "0.conv", "conv2": "1.conv"}),
    ("decoder.final_final.", "", {"conv3": "head"}),
]

JOINED = ["blocks.0.0.conv.weight", *(f"blocks.{i}.conv.conv.weight" for i in (1, 2, 3, 4))]


def recognises(state: State) -> bool:
    """Whether the names are those of a released LSA checkpoint, `module.` removed."""
    return "decoder.decoder_5.fc.weight" in state


def configuration(state: State) -> dict:
    """Return the arguments of `networks.lsa.lsa`: there is one configuration.

    Raises
    ------
    WeightsError
        If this is no LSA checkpoint.
    """
    if not recognises(state):
        raise WeightsError("weights: no decoder.decoder_5.fc, which every released LSA checkpoint has.")
    return {}


def rename(state: State) -> State:
    """Return the weights under our names."""
    ours = rename_by(state, TABLE)
    for name, width in zip(JOINED, WIDTHS, strict=True):
        if ours.shape(name)[1] <= width:
            raise WeightsError(f"weights: {name} takes in {ours[name].shape[1]} channels, wanted more than {width}.")
        ours[name] = _exchange(ours[name], width)
    return ours


def _exchange(weight: Tensor, width: int) -> Tensor:
    """Exchange the inputs to decoder, then skip, where the released code concatenates skip and decoder."""
    return torch.cat([weight[:, -width:], weight[:, :-width]], 1)
