"""Copies for inference compute what their networks do, in strips of any height."""

import pytest
import torch

from mattekit.networks import NETWORKS, build
from mattekit.networks import inference_copy as copies
from mattekit.networks.inference_copy import inference_copy
from mattekit.networks.layers import BasicBlock, ConvNorm
from mattekit.networks.lsa import ESEBlock
from mattekit.operators import indexnet_inference

NAMES = [
    *("indexnet", "indexnet-hin-linear", "indexnet-o2o-linear-context", "indexnet-b11", "indexnet-b5", "indexnet-b8"),
    *("indexnet-b1", "indexnet-b2", "a2u", "a2u-indexnet", "lsa", "reconstruction-indexnet-m2o"),
]


def made(name, **changes):
    """A network whose norms all do something, in double precision."""
    torch.manual_seed(1)
    network = build(name, **changes).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.8, 1.6)
            module.bias.data.normal_(0.2, 0.2)
    return network.double()


def image(name, batch=2):
    return torch.randn(batch, NETWORKS[name].input.channels, 96, 64, dtype=torch.float64)


@pytest.fixture(params=[1 << 12, 1 << 30], ids=["short strips", "whole maps"])
def strip(request, monkeypatch):
    monkeypatch.setattr(copies, "STRIP", request.param)
    monkeypatch.setattr(indexnet_inference, "STRIP", request.param)


@pytest.mark.parametrize("name", NAMES)
def test_copies_compute_the_same(name, strip):
    """To twelve digits: norms folded, strips joined, indices in another layout; a batch of two."""
    network, x = made(name), image(name)
    with torch.no_grad():
        y = network(x)
        assert y.std() > 1e-4
        torch.testing.assert_close(inference_copy(network)(x), y, rtol=0, atol=1e-12 * float(y.abs().max() + 1))
    assert not [m for m in inference_copy(network).modules() if isinstance(m, torch.nn.BatchNorm2d)]


def test_vgg_in_strips(strip):
    network = made("dim", bottleneck=(64, 3))
    x = image("dim", 1)
    with torch.no_grad():
        torch.testing.assert_close(inference_copy(network)(x), network(x), rtol=0, atol=1e-11)


def test_a_copy_decodes_as_often_as_asked_and_lets_refinement_in(strip):
    """`adjust` sees the same maps; the pyramid is left as it was."""
    network, x = made("indexnet"), image("indexnet", 1)
    lean = inference_copy(network)
    with torch.no_grad():
        pyramid, wanted = lean.encode(x), network.decode(network.encode(x), lambda level, y: y * (1 + level / 10))
        for _ in range(2):
            altered = lean.decode(pyramid, lambda level, y: y * (1 + level / 10))
            torch.testing.assert_close(altered, wanted, rtol=0, atol=1e-12)
            torch.testing.assert_close(lean.decode(pyramid), network(x), rtol=0, atol=1e-12)


def test_gradients_pass_through_a_copy():
    """What refinement optimises lies in the decoder; the copy's weights need no gradients."""
    network = made("indexnet")
    lean, scale = inference_copy(network), torch.ones(1, dtype=torch.float64, requires_grad=True)
    gradients = []
    for net in (network, lean):
        with torch.no_grad():
            pyramid = net.encode(image("indexnet", 1) * 0 + 0.5)
        y = net.decode(pyramid, lambda level, y: scale * y if level == 3 else y)
        gradients.append(torch.autograd.grad(y.square().sum(), scale)[0])
    torch.testing.assert_close(*gradients)


def test_unfolded_copies_are_the_network_itself():
    network, x = made("indexnet"), image("indexnet", 1)
    with torch.no_grad():
        assert inference_copy(network, fold=False)(x).equal(network(x))


@pytest.mark.parametrize(
    ("module", "rows"),
    [
        (ConvNorm(4, 4, 5), 2),
        (ConvNorm(4, 4, 3, dilation=6), 6),
        (torch.nn.Sequential(ConvNorm(4, 4, 3), torch.nn.Conv2d(4, 1, 1)), 1),
        (BasicBlock(4, 4), 2),
        (ConvNorm(4, 4, 3, stride=2), None),
        (ESEBlock(4, 4), None),
        (torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1)), None),
    ],
)
def test_what_sees_beyond_a_few_rows_is_not_computed_in_strips(module, rows):
    assert copies.halo(module) == rows
