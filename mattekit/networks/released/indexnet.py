"""Released IndexNet checkpoints: `configuration` tells the network and its arguments, `rename` gives it the weights."""

import torch
from torch import Tensor

from mattekit.errors import WeightsError
from mattekit.networks.encoders.mobilenetv2 import STAGES
from mattekit.networks.refinenet import LEVELS
from mattekit.networks.released import names
from mattekit.networks.released.names import CONV_NORM, Table, below
from mattekit.networks.state import State

SEPARABLE = {"0": "0.conv", "1": "0.norm", "3": "1.conv", "4": "1.norm"}  # 2 and 5 are activations
EXPANDED = {
    **{"0": "expand.conv", "1": "expand.norm", "3": "depthwise.conv"},
    **{"4": "depthwise.norm", "6": "project.conv", "7": "project.norm"},
}
NOT_EXPANDED = {"0": "depthwise.conv", "1": "depthwise.norm", "3": "project.conv", "4": "project.norm"}

MOBILENET: Table = [
    ("layer0.", "encoder.stages.0.", CONV_NORM),
    *[
        (f"layer{i}.{b}.conv.", f"encoder.stages.{i}.{b}.", NOT_EXPANDED if expansion == 1 else EXPANDED)
        for i, (expansion, _, blocks, _) in enumerate(STAGES, 1)
        for b in range(blocks)
    ],
]
CONTEXT: Table = [
    *[(theirs, ours, SEPARABLE if layers == names.SEPARABLE else layers) for theirs, ours, layers in names.ASPP],
    ("dconv_pp.", "context.", CONV_NORM),
]
HEAD: Table = [("pred.", "head.", {"1": "1"})]
DEEPLAB: Table = [
    ("decoder.first_dconv.", "lateral.", CONV_NORM),
    *[(f"decoder.last_dconv.{i}.", f"blocks.{i}.", CONV_NORM) for i in (0, 1)],
    ("pred.", "head.", {"0": "0.conv", "1": "0.norm", "3": "1"}),
]
REFINENET: Table = [
    *[
        (f"dconv{stage}.", f"laterals.{level}.{i}.", CONV_NORM)
        for level, stages in enumerate(LEVELS)
        for i, stage in enumerate(stages)
    ],
    *[
        (f"dconv_crp{level + 1}.0.{link + 1}_outvar_dimred.", f"pools.{level}.convs.{link}.", CONV_NORM)
        for level in range(4)
        for link in range(4)
    ],
    *[(f"dconv_adapt{level + 1}.", f"adapters.{level - 1}.", CONV_NORM) for level in (1, 2, 3)],
    ("pred.0.", "head.0.", CONV_NORM),
]
VGG: Table = [
    *[
        ("", f"encoder.stages.{stage}.{i}.", {f"conv{stage + 1}{i + 1}": "conv", f"bn{stage + 1}{i + 1}": "norm"})
        for stage in range(5)
        for i in range(3)
    ],
    ("", "context.", {"conv6": "0.conv", "dconv6": "1.conv"}),
    *[("", f"blocks.{i}.", {f"dconv{i + 1}": "0.conv"}) for i in range(5)],
    ("", "head.", {"alpha_pred": "0"}),
]

SIGNS = {  # a tensor that only this network has, and the network's name
    "decoder_layer0.dconv.0.weight": "indexnet",
    "decoder.first_dconv.0.weight": "indexnet-b1",
    "dconv_crp1.0.1_outvar_dimred.0.weight": "indexnet-b2",
    "conv11.weight": "indexnet-b3",
}


def recognises(state: State) -> bool:
    """Whether the names are those of a released IndexNet checkpoint, `module.` removed."""
    return any(sign in state for sign in SIGNS)


def configuration(state: State) -> tuple[str, dict]:
    """Return a name in `NETWORKS` and the arguments to change, as far as shapes tell.

    The output stride of networks with max-pooling indices leaves no trace, and is taken to be 32.

    Raises
    ------
    WeightsError
        If this is no IndexNet checkpoint.
    """
    name = next((name for sign, name in SIGNS.items() if sign in state), None)
    if name is None:
        raise WeightsError(f"weights: none of {', '.join(SIGNS)}, one of which every released IndexNet checkpoint has.")
    state = State(state)
    if name == "indexnet-b1":
        return name, dict(kernel=state.shape("decoder.last_dconv.0.0.weight")[-1])
    if name != "indexnet":
        return name, {}
    changes = dict(
        context="aspp" if "dconv_pp.aspp1.atrous_conv.0.weight" in state else None,
        width=_width(state),
        depthwise="decoder_layer0.dconv.3.weight" in state,
    )
    block = below(state, "index0.")
    if not block:
        return "indexnet-b11", changes
    kind, nonlinear, context, hidden = index_block(block)
    row = f"indexnet-{kind}-{'nonlinear' if nonlinear else 'linear'}{'-context' if context else ''}"
    return name, dict(resampler=row, hidden=hidden, stride=32 if below(state, "index6.") else 16, **changes)


def index_block(state: State) -> tuple[str, bool, bool, int]:
    """Return kind, nonlinearity, context and hidden width in units of C, told by one block's weights."""
    state = State(state)
    holistic = not any(key.startswith("indexnet1.") for key in state)
    stem = "indexnet" if holistic else "indexnet1"
    nonlinear = f"{stem}.3.weight" in state
    out, incoming, size, _ = state.shape("indexnet.weight" if holistic and not nonlinear else f"{stem}.0.weight")
    kind = "hin" if holistic else "o2o" if incoming == 1 else "m2o"
    channels = incoming if kind != "o2o" else state.shape("indexnet1.3.weight")[0] if nonlinear else out
    return kind, nonlinear, size == 4, out // channels if nonlinear else 1


def _width(state: State) -> float:
    """Find the width multiplier, in hundredths, that makes the widths of all stages."""
    widths = [state.shape("layer0.0.weight")[0]]
    widths += [state.shape(f"layer{i}.0.conv.{'3' if i == 1 else '6'}.weight")[0] for i in range(1, 8)]
    whole = [32, *(row[1] for row in STAGES)]
    fits = (w / 100 for w in range(10, 401) if [int(channels * (w / 100)) for channels in whole] == widths)
    width = min(fits, key=lambda w: len(str(w)), default=None)
    if width is None:
        raise WeightsError(
            f"weights: stages of {widths} channels, which no width multiplier gives. Is it another network?"
        )
    return width


def rename(state: State) -> State:
    """Return the weights under our names, for the network of `configuration`."""
    name, _ = configuration(state)
    if name == "indexnet-b1":
        return names.rename(state, [*MOBILENET, *CONTEXT, *DEEPLAB])
    if name == "indexnet-b2":
        return names.rename(state, [*MOBILENET, *REFINENET, *HEAD])
    if name == "indexnet-b3":
        return names.rename(state, VGG)
    ours, blocks = State(), tuple(f"index{i}." for i in range(7))
    for i, prefix in enumerate(blocks):
        block = below(state, prefix)
        if block:
            renamed = rename_index_block(block, index_block(block)[0])
            ours |= {f"resamplers.{i}.{key}": value for key, value in renamed.items()}
    rest = State((key, value) for key, value in state.items() if not key.startswith(blocks))
    layers = SEPARABLE if "decoder_layer0.dconv.3.weight" in state else CONV_NORM
    decoder = [(f"decoder_layer{i}.dconv.", f"blocks.{i}.", layers) for i in range(7)]
    return ours | names.rename(rest, [*MOBILENET, *CONTEXT, *decoder, ("pred.0.", "head.0.", layers), *HEAD])


def rename_index_block(state: State, kind: str) -> State:
    """Rename an index block's weights to those of `operators.IndexNet`.

    Parameters
    ----------
    state : dict
        `indexnet.*` of a holistic block, `indexnet1.*` to `indexnet4.*` of a depthwise one, without other prefixes.
    kind : "hin", "o2o" or "m2o"

    Returns
    -------
    dict of `index.*`; the four columns joined
    """
    state = State(state)
    if kind == "hin":
        linear = "indexnet.weight" in state
        new = "index.0" if linear else "index"
        return State((key.replace("indexnet", new, 1), value) for key, value in state.items())
    channels = state.shape("indexnet1.3.weight" if "indexnet1.3.weight" in state else "indexnet1.0.weight")[0]

    def side_by_side(columns: list[Tensor]) -> Tensor:
        """Join channel by channel, as o2o's convolutions are grouped."""
        if columns[0].shape[0] % channels:
            raise WeightsError(f"weights: an index block of {channels} channels and tensors of {columns[0].shape[0]}.")
        return torch.stack([column.unflatten(0, (channels, -1)) for column in columns], 1).flatten(0, 2)

    ours, used = State(), {key for key in state if key.endswith("num_batches_tracked")}
    for key in (key for key in state if key.startswith("indexnet1.") and key not in used):
        columns = [key.replace("1", str(q), 1) for q in range(1, 5)]
        ours[key.replace("indexnet1", "index")] = state.joined(columns, torch.cat if kind == "m2o" else side_by_side)
        used.update(columns)
    names.refuse_others(state, used, "an index block")
    return ours
