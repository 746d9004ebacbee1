"""The network before its first step: built from a recipe, initialised or loaded, laid out in memory."""

from pathlib import Path

import torch
from torch import nn

from mattekit.errors import InputError, WeightsError
from mattekit.networks import build
from mattekit.networks.backbones import load_backbone
from mattekit.networks.encoders.mobilenetv2 import MobileNetV2
from mattekit.networks.fill import fill
from mattekit.networks.packaged import file_of
from mattekit.networks.safetensors_file import read, read_header
from mattekit.training.optimiser import encoder_of
from mattekit.training.recipe import Recipe


def initial_network(recipe: Recipe, device: str) -> nn.Module:
    """Build a recipe's network on the CPU; the seed decides on random weights.

    Raises
    ------
    MissingFileError, WeightsError, InputError
        If its file of weights is not there or does not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = build(recipe.network.name, **recipe.network.arguments)
    if recipe.run.freeze and not recipe.network.pretrained:
        parts = ", ".join(recipe.run.freeze)
        raise InputError(f"run.freeze: {parts} would keep random weights. Name those to keep in network.pretrained.")
    if recipe.network.pretrained:
        pretrain(network, file_of(recipe.network.pretrained))
    if device.startswith("cuda") or isinstance(encoder_of(network), MobileNetV2):
        # Measured by tests/benchmarks/bench_training.py; on a CPU only depthwise convolutions gain by it.
        network = network.to(memory_format=torch.channels_last)
    return network


def pretrain(network: nn.Module, path: Path) -> None:
    """Give a network the weights of a file: a whole network's of our format, or ImageNet's of its encoder."""
    try:
        read_header(path)
    except WeightsError as problem:  # not of our format: a file of torchvision or timm
        try:
            load_backbone(network, path)
        except InputError:  # there are none for this encoder
            raise problem from None
        return
    _, tensors = read(path)
    fill(network, network.initial_state(tensors), str(path))
