"""The network before its first step: built from a recipe, with random or pretrained weights."""

from pathlib import Path

import torch
from torch import nn

from mattekit.errors import InputError, WeightsError
from mattekit.networks import build
from mattekit.networks.backbones import load_backbone
from mattekit.networks.encoders.mobilenetv2 import MobileNetV2
from mattekit.networks.packaged import file_of
from mattekit.networks.safetensors_file import read, read_header
from mattekit.networks.state import fill
from mattekit.training.optimiser import encoder_of
from mattekit.training.recipe import Recipe


def initial_network(recipe: Recipe, device: str) -> nn.Module:
    """Build a recipe's network on the CPU; random weights depend on the seed alone.

    Raises
    ------
    MissingFileError, WeightsError, InputError
        If its file of weights is missing or does not fit.
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
        # Measured by tests/benchmarks/bench_training.py; on a CPU only depthwise convolutions profit.
        network = network.to(memory_format=torch.channels_last)
    return network


def pretrain(network: nn.Module, path: Path) -> None:
    """Load weights into a network: of a whole network in mattekit's format, or ImageNet's for its encoder."""
    try:
        read_header(path)
    except WeightsError as problem:  # not mattekit's format: a file of torchvision or timm
        try:
            load_backbone(network, path)
        except InputError:  # there is no ImageNet layout for this encoder
            raise problem from None
        return
    _, tensors = read(path)
    fill(network, network.initial_state(tensors), str(path))
