"""ImageNet weights for the encoders of networks, from the files that `released.imagenet` has tables for."""

from pathlib import Path

import torch
from torch import nn

from mattekit.errors import InputError, WeightsError
from mattekit.networks.checkpoints import read_checkpoint
from mattekit.networks.fill import fill
from mattekit.networks.released.a2u import absolute_scales
from mattekit.networks.released.imagenet import LAYOUTS
from mattekit.networks.released.names import below, known
from mattekit.networks.state import State

FULLY_CONNECTED = ("classifier.0", "pre_logits.fc1")  # VGG-16's first, in all layouts


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
        The layout that the file turned out to have.

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
        ours = ", ".join(kind.__name__ for kind in LAYOUTS)
        raise InputError(f"backbone: {type(encoder or network).__name__}; there are ImageNet layouts for {ours}.")
    state = read_checkpoint(path)
    state = below(state, "backbone.") or state
    found = {layout: known(state, table) for layout, table in LAYOUTS[type(encoder)].items()}
    layout = max(found, key=lambda name: len(found[name]))
    if not found[layout]:
        raise WeightsError(
            f"{path}: no layer of {type(encoder).__name__} as {', '.join(found)} name them. Is it another network's?"
        )
    ours = absolute_scales(found[layout]) if layout == "inplace_abn" else found[layout]
    fill(encoder, _with_trimap(ours, encoder), str(path))
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
