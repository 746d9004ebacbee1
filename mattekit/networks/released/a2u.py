"""Released A2U checkpoints: `configuration` tells the arguments of `networks.a2u.a2u`, `rename` gives the weights."""

import math

from mattekit.errors import WeightsError
from mattekit.networks.released.names import ASPP, CONV_NORM, Table, below, refuse_others
from mattekit.networks.released.names import rename as rename_by
from mattekit.networks.state import State

BLOCK = {
    "conv1": "conv1.conv",
    "bn1": "conv1.norm",
    "conv2": "conv2.conv",
    "bn2": "conv2.norm",
    "proj_conv": "shortcut.conv",
    "proj_bn": "shortcut.norm",
}

TABLE: Table = [
    ("layer0.", "encoder.stem.", CONV_NORM),
    *[(f"layer1.block{b + 1}.convs.", f"encoder.layer1.{b}.", BLOCK) for b in range(3)],
    *[
        row
        for layer in (2, 3)
        for row in (
            (f"layer{layer}_1.layer1.", f"encoder.layer{layer}.0.", BLOCK),
            (f"layer{layer}_1.layer2.", f"encoder.layer{layer}.0.", BLOCK),
            (f"layer{layer}_1.", f"encoder.layer{layer}.0.", BLOCK),
            *[(f"layer{layer}_2.block{b}.convs.", f"encoder.layer{layer}.{b}.", BLOCK) for b in (1, 2, 3)],
        )
    ],
    *ASPP,
    *[
        row
        for stage in (1, 2, 3, 4)
        for row in (
            (f"decoder_layer{stage}.dconv.dep_sep_conv.", f"blocks.{stage - 1}.0.", BLOCK),
            (f"decoder_layer{stage}.dconv.", f"blocks.{stage - 1}.0.", BLOCK),
            (f"decoder_layer{stage}.dconv1.dep_sep_conv.", f"blocks.{stage - 1}.1.", BLOCK),
        )
    ],
    *[(f"short{i}.", f"laterals.{i}.", CONV_NORM) for i in range(4)],
    ("pred.0.", "head.0.", CONV_NORM),
    ("pred.", "head.", {"1": "1"}),
]

OPERATORS = ("bilinear0.", "bilinear1.", "layer2_1.bilinear.", "layer3_1.bilinear.")  # finest first


def recognises(state: State) -> bool:
    """Whether the names are those of a released A2U checkpoint, `module.` removed."""
    return "bilinear0.bconv_UP.1.weight" in state


def configuration(state: State) -> dict:
    """Return the arguments of `networks.a2u.a2u`, as far as shapes tell.

    The size of U and V leaves no trace, since they come from pooled features; all released configurations have 6.

    Raises
    ------
    WeightsError
        If this is no A2U checkpoint.
    """
    if not recognises(state):
        raise WeightsError("weights: no bilinear0.bconv_UP, which every released A2U checkpoint has.")
    state = State(state)
    shared = state.shape("bilinear0.bconv_U.1.weight")[0] == 1
    dagger = "bilinear0.bnu.0.weight" in state
    return dict(
        resampler="a2u",
        kind="dynamic",
        shared=shared,
        paired=True,
        dagger=dagger,
        k_up=math.isqrt(state.shape("bilinear0.bconv_UP.1.weight")[0] // 4),
        k_en=6,
        context="aspp" if "dconv_pp.aspp1.atrous_conv.0.weight" in state else None,
    )


def rename(state: State) -> State:
    """Return the weights under our names, for the network of `configuration`.

    Scales of In-Place ABN are folded; GroupNorm's in the operators are what they are.
    """
    ours = State()
    for i, prefix in enumerate(OPERATORS):
        ours |= {f"resamplers.{i}.{key}": value for key, value in rename_operator(below(state, prefix)).items()}
    rest = State((key, value) for key, value in state.items() if not key.startswith(OPERATORS))
    return ours | absolute_scales(rename_by(rest, TABLE))


def absolute_scales(state: State) -> State:
    """Turn In-Place ABN's scales into batch normalisation's: it computes with |gamma| + 1e-5 in place of gamma."""
    scales = (key for key in state if key.endswith("norm.weight") and state[key].is_floating_point())
    return State({**state, **{key: state[key].abs() + 1e-5 for key in scales}})


def rename_operator(state: State) -> State:
    """Rename one A2U module's weights to those of `operators.A2U`, where U and V, and both P, are joined.

    Raises
    ------
    WeightsError
        If a tensor is missing, is one too many, or differs from the one that it is joined with.
    """
    state, ours, used = State(state), State(), set()
    for part in ("weight", "bias"):
        for name, joined in (("UV", ("U", "V")), ("P", ("UP", "DP"))):
            theirs = [f"bconv_{each}.1.{part}" for each in joined]
            ours[f"{name}.conv.{part}"] = state.joined(theirs)
            used.update(theirs)
        if f"bnu.0.{part}" in state:
            ours |= {f"norm_{name}.0.{part}": state[f"bn{name}.0.{part}"] for name in "uv"}
            used.update(f"bn{name}.0.{part}" for name in "uv")
    refuse_others(state, used, "an A2U operator")
    return ours
