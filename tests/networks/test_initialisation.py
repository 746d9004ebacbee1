"""First weights have the standard deviations of each paper's released code, layer kind by layer kind."""

from functools import cache

import pytest
import torch
from torch import nn

from mattekit.networks import build


@cache
def made(name):
    changes = {"bottleneck": (64, 3)} if name == "indexnet-b3" else {}
    torch.manual_seed(0)
    return build(name, **changes)


def he(size, out):
    return (2 / (size * size * out)) ** 0.5


def xavier(size, channels, out, gain=1.0):
    return gain * (2 / (size * size * (channels + out))) ** 0.5


LEAKY = (2 / (1 + 0.01**2)) ** 0.5
CASES = [
    ("indexnet", "blocks.6.conv", he(5, 96)),  # 0.0289
    ("indexnet", "encoder.stages.0.conv", he(3, 32)),
    ("indexnet", "encoder.stages.5.0.depthwise.conv", he(3, 384)),  # of k k out, though each sees one channel
    ("indexnet", "context.branches.1.1.conv", he(1, 256)),
    ("indexnet", "resamplers.6.index.0", he(4, 160)),  # of one of the four columns
    ("indexnet", "resamplers.6.index.3", he(1, 160)),
    ("indexnet-hin-nonlinear", "resamplers.6.index.0", he(2, 320)),
    ("indexnet-o2o-linear-context", "resamplers.6.index.0", he(4, 160)),
    ("indexnet-b1", "blocks.0.conv", he(5, 256)),
    ("indexnet-b2", "adapters.0.conv", he(1, 256)),
    ("indexnet-b3", "blocks.4.0.conv", he(5, 512)),  # of k k in, uniform
    ("dim", "first.blocks.4.0.conv", xavier(5, 512, 512)),
    ("dim", "first.encoder.stages.4.0.conv", xavier(3, 512, 512)),
    ("dim", "first.context.0.conv", xavier(1, 512, 512)),
    ("dim", "stage.1.conv", xavier(3, 64, 64)),
    ("a2u", "blocks.3.0.conv1.conv", xavier(3, 256, 128, LEAKY)),
    ("a2u", "encoder.layer3.1.conv1.conv", xavier(3, 256, 256, LEAKY)),  # 0.0295, PyTorch has 0.0120
    ("a2u-unshare", "resamplers.3.UV.conv", xavier(1, 256, 256, LEAKY)),  # U and V apart
    ("a2u-unshare", "resamplers.3.P.conv", xavier(1, 256, 36, LEAKY)),  # up and down apart
    ("a2u-static-cw", "resamplers.3.UV", LEAKY * (2 / (25 + 25 * 256)) ** 0.5),  # as depthwise convolutions
    ("lsa", "context.conv.conv", xavier(3, 2048, 512)),
    ("lsa", "context.attention", xavier(1, 512, 512)),
    ("lsa", "blocks.0.1.conv", xavier(3, 32, 32)),
    ("lsa", "encoder.layers.3.1.conv2.conv", he(3, 512)),
]


@pytest.mark.parametrize(("name", "layer", "wanted"), CASES)
def test_standard_deviations_are_the_released_codes(name, layer, wanted):
    weight = made(name).get_submodule(layer).weight
    assert weight.std(correction=0).item() == pytest.approx(wanted, rel=5 / (2 * weight.numel()) ** 0.5)
    assert abs(weight.mean().item()) < 5 * wanted / weight.numel() ** 0.5


@pytest.mark.parametrize("name", ["indexnet-b3", "lsa", "dim", "a2u"])
def test_ranges_and_biases_are_the_released_codes(name):
    """LSA's decoder and IndexNet's B3 are drawn uniformly; biases begin at 0 except in B3, as PyTorch has them."""
    network = made(name)
    layer = {"lsa": "context.conv.conv", "dim": "first.blocks.4.0.conv"}.get(name, "blocks.3.0.conv")
    if name != "a2u":
        weight = network.get_submodule(layer).weight
        uniform = name in ("lsa", "indexnet-b3")
        assert (weight.abs().max() / weight.std() < 1.75) == uniform  # the square root of 3
    biases = [m.bias for m in network.modules() if isinstance(m, nn.Conv2d) and m.bias is not None]
    assert biases and all((bias == 0).all() for bias in biases) == (name != "indexnet-b3")
