"""ImageNet weights for the encoders of networks: tables of the layouts of their files, and loading them."""

from pathlib import Path

import torch
from torch import nn

from mattekit.errors import InputError, WeightsError
from mattekit.networks.checkpoints import read_checkpoint
from mattekit.networks.encoders.mobilenetv2 import STAGES as MOBILENET_STAGES
from mattekit.networks.encoders.mobilenetv2 import MobileNetV2
from mattekit.networks.encoders.resnet import BLOCKS, ResNet34, ResNet50D
from mattekit.networks.encoders.resnet import STAGES as RESNET50D_STAGES
from mattekit.networks.encoders.vgg import STAGES as VGG_STAGES
from mattekit.networks.encoders.vgg import VGG16
from mattekit.networks.released import a2u, indexnet, lsa
from mattekit.networks.released.a2u import absolute_scales
from mattekit.networks.released.names import Table, below, known
from mattekit.networks.state import State, fill

CONV_BN = {"conv": "conv", "bn": "norm"}
MOBILENET_BLOCKS = [  # place in the file, our prefix, whether the block expands
    (stage, block, f"stages.{stage}.{block}.", expansion > 1)
    for stage, (expansion, _, blocks, _) in enumerate(MOBILENET_STAGES, 1)
    for block in range(blocks)
]
PARTS = ("expand", "depthwise", "project")
FULLY_CONNECTED = ("classifier.0", "pre_logits.fc1")  # VGG-16's first, in all layouts


def _mobilenet(stem: list, prefix: str, expanded: dict[str, str], first: dict[str, str]) -> Table:
    """Make a table from the names of a block's layers; `prefix` has fields {n} for all blocks, {stage} and {block}."""
    rows = [
        (prefix.format(n=n, stage=stage, block=block), ours, expanded if expands else first)
        for n, (stage, block, ours, expands) in enumerate(MOBILENET_BLOCKS, 1)
    ]
    return [*stem, *rows]


def _layers(parts: tuple[str, ...], *names: str) -> dict[str, str]:
    """Map the names of each part's convolution and norm to mattekit's."""
    ours = [f"{part}.{layer}" for part in parts for layer in ("conv", "norm")]
    return dict(zip(names, ours, strict=True))


MOBILENETS: dict[str, Table] = {
    "torchvision": _mobilenet(
        [("features.0.", "stages.0.", {"0": "conv", "1": "norm"})],
        "features.{n}.conv.",
        _layers(PARTS, "0.0", "0.1", "1.0", "1.1", "2", "3"),
        _layers(PARTS[1:], "0.0", "0.1", "1", "2"),
    ),
    "tonylins": _mobilenet(  # the file that IndexNet started from
        [("features.0.", "stages.0.", {"0": "conv", "1": "norm"})],
        "features.{n}.conv.",
        indexnet.EXPANDED,
        indexnet.NOT_EXPANDED,
    ),
    "timm": [
        ("", "stages.0.", {"conv_stem": "conv", "bn1": "norm"}),
        *[
            (
                f"blocks.{stage - 1}.{block}.",
                ours,
                _layers(PARTS, "conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3")
                if expands
                else _layers(PARTS[1:], "conv_dw", "bn1", "conv_pw", "bn2"),
            )
            for stage, block, ours, expands in MOBILENET_BLOCKS
        ],
    ],
    "mmcls": _mobilenet(
        [("conv1.", "stages.0.", CONV_BN)],
        "layer{stage}.{block}.conv.",
        _layers(PARTS, "0.conv", "0.bn", "1.conv", "1.bn", "2.conv", "2.bn"),
        _layers(PARTS[1:], "0.conv", "0.bn", "1.conv", "1.bn"),
    ),
}

RESNET34_BLOCKS = [(layer, block) for layer, count in enumerate(BLOCKS, 1) for block in range(count)]
RESNET34S: dict[str, Table] = {
    "torchvision": [  # timm's and mmcls' names are the same
        ("", "stem.", {"conv1": "conv", "bn1": "norm"}),
        *[
            (
                f"layer{layer}.{block}.",
                f"layer{layer}.{block}.",
                {**a2u.BLOCK, "downsample.0": "shortcut.conv", "downsample.1": "shortcut.norm"},
            )
            for layer, block in RESNET34_BLOCKS
        ],
    ],
    "inplace_abn": [  # the file that A2U started from; whose scales are In-Place ABN's
        ("mod1.", "stem.", {"conv1": "conv", "bn1": "norm"}),
        *[
            (f"mod{layer + 1}.block{block + 1}.{part}", f"layer{layer}.{block}.", a2u.BLOCK)
            for layer, block in RESNET34_BLOCKS
            for part in ("convs.", "")
        ],
    ],
}

RESNET50_BLOCKS = [
    (f"layer{layer}.{block}.", f"layers.{layer - 1}.{block}.")
    for layer, (_, blocks, _) in enumerate(RESNET50D_STAGES, 1)
    for block in range(blocks)
]
RESNET50DS: dict[str, Table] = {
    "timm": [
        ("conv1.", "stem.", {"0": "0.conv", "1": "0.norm", "3": "1.conv", "4": "1.norm", "6": "2.conv"}),
        ("", "stem.2.", {"bn1": "norm"}),
        *[
            (theirs, ours, {**lsa.BLOCK, "downsample.1": "shortcut.conv", "downsample.2": "shortcut.norm"})
            for theirs, ours in RESNET50_BLOCKS
        ],
    ],
    "mmcls": lsa.BACKBONE,
}


def _vgg(step: int, conv: str, norm: str | None) -> Table:
    """Make a table of layers numbered through all stages, `step` for each convolution and one for each pooling."""
    layers, number = {}, 0
    for stage, (_, count) in enumerate(VGG_STAGES):
        for i in range(count):
            layers[conv.format(number)] = f"{stage}.{i}.conv"
            if norm:
                layers[norm.format(number, number + 1)] = f"{stage}.{i}.norm"
            number += step
        number += 1
    return [("features.", "stages.", layers)]


VGGS: dict[str, Table] = {
    "torchvision, with norms": _vgg(3, "{0}", "{1}"),  # timm's names are the same
    "torchvision": _vgg(2, "{0}", None),
    "mmcls": _vgg(1, "{0}.conv", "{0}.bn"),
}

LAYOUTS: dict[type[nn.Module], dict[str, Table]] = {
    MobileNetV2: MOBILENETS,
    ResNet34: RESNET34S,
    ResNet50D: RESNET50DS,
    VGG16: VGGS,
}


def load_backbone(network: nn.Module, path: str | Path) -> str:
    """Give a network's encoder the ImageNet weights of a file.

    Input channels beyond the file's, such as the trimap, begin with weights of zero. VGG-16's first fully connected
    layer becomes Deep Image Matting's bottleneck, if that has its shape.

    Parameters
    ----------
    network : nn.Module
        With MobileNetV2, ResNet-34, ResNet-50-D or VGG-16 for its `encoder`.
    path : str or Path
        A file of torchvision, timm or mmcls for that encoder; of torch.save or safetensors.

    Returns
    -------
    str
        The layout of the file.

    Raises
    ------
    InputError
        If there is no ImageNet layout for the network's encoder.
    WeightsError
        If the file cannot be read, or is another network's.
    """
    network = getattr(network, "first", network)  # a matting network below its refinement stage
    encoder = getattr(network, "encoder", None)
    if type(encoder) not in LAYOUTS:
        encoders = ", ".join(kind.__name__ for kind in LAYOUTS)
        raise InputError(f"backbone: {type(encoder or network).__name__}; there are ImageNet layouts for {encoders}.")
    state = read_checkpoint(path)
    state = below(state, "backbone.") or state
    matches = {layout: known(state, table) for layout, table in LAYOUTS[type(encoder)].items()}
    layout = max(matches, key=lambda name: len(matches[name]))
    if not matches[layout]:
        raise WeightsError(
            f"{path}: no layer of {type(encoder).__name__} as {', '.join(matches)} name them. Is it another network's?"
        )
    renamed = absolute_scales(matches[layout]) if layout == "inplace_abn" else matches[layout]
    fill(encoder, _with_trimap(renamed, encoder), str(path))
    _fill_bottleneck(network, state)
    return layout


def _with_trimap(state: State, encoder: nn.Module) -> State:
    """Give the first convolution as many input channels as the encoder's, zero where the file has none."""
    name = next(iter(encoder.state_dict()))
    if name not in state:
        return state
    out, channels, *size = state.shape(name)
    zeros = state[name].new_zeros(out, max(encoder.state_dict()[name].shape[1] - channels, 0), *size)
    return State({**state, name: torch.cat([state[name], zeros], 1)})


def _fill_bottleneck(network: nn.Module, state: State) -> None:
    name = next((name for name in FULLY_CONNECTED if f"{name}.weight" in state), None)
    context = getattr(network, "context", None)
    if name is None or not isinstance(context, nn.Sequential):
        return
    conv = context[0].conv
    if state[f"{name}.weight"].numel() == conv.weight.numel():
        weight = state[f"{name}.weight"].reshape(conv.weight.shape)
        fill(conv, {"weight": weight, "bias": state[f"{name}.bias"]}, name)
