"""Spectral normalisation, against singular values and PyTorch's own."""

import pytest
import torch
from torch.nn.utils.parametrizations import spectral_norm

from mattekit.networks.inference_copy import inference_copy
from mattekit.networks.spectral import SpectralConv2d, SpectralConvNorm, SpectralTransposed2d, doubling_stage


@pytest.mark.parametrize("kind", [SpectralConv2d, SpectralTransposed2d])
def test_the_largest_singular_value_becomes_one(kind):
    torch.manual_seed(0)
    conv = kind(6, 5, 4, stride=2, padding=1).double()
    conv.iterate(200)
    values = torch.linalg.svdvals(conv.eval().normalised().flatten(1)).tolist()
    assert values[0] == pytest.approx(1, abs=1e-6) and values[1] < 1


def test_outputs_and_gradients_are_pytorchs():
    """With the same u and v, far from the singular vectors."""
    torch.manual_seed(0)
    ours = SpectralConv2d(4, 6, 3, padding=1).double().eval()
    theirs = torch.nn.Conv2d(4, 6, 3, padding=1, bias=False).double()
    with torch.no_grad():
        theirs.weight.copy_(ours.weight)
    spectral_norm(theirs, n_power_iterations=1).eval()
    norm = theirs.parametrizations.weight[0]
    norm._u.copy_(ours.u), norm._v.copy_(ours.v)
    x = torch.randn(1, 4, 5, 7, dtype=torch.float64)
    for conv in (ours, theirs):
        conv(x).square().sum().backward()
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-9, atol=1e-12)
    gradients = ours.weight.grad, theirs.parametrizations.weight.original.grad
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-12)


def test_each_training_step_is_one_power_iteration():
    torch.manual_seed(0)
    conv = SpectralConv2d(4, 6, 3).double()
    matrix, u = conv.weight.detach().flatten(1), conv.u.clone()
    v = matrix.T @ u / (matrix.T @ u).norm()
    u = matrix @ v / (matrix @ v).norm()
    conv(torch.randn(1, 4, 5, 5, dtype=torch.float64)), conv.eval()(torch.randn(1, 4, 5, 5, dtype=torch.float64))
    torch.testing.assert_close([conv.u, conv.v], [u, v], rtol=0, atol=1e-12)


def test_copies_for_inference_are_plain_convolutions_that_compute_the_same():
    torch.manual_seed(0)
    network = torch.nn.Sequential(SpectralConvNorm(3, 8, stride=2), *doubling_stage(8, 4, 2)).double()
    network.train()(torch.randn(4, 3, 16, 16, dtype=torch.float64)), network.eval()
    copied, x = inference_copy(network), torch.randn(1, 3, 16, 24, dtype=torch.float64)
    torch.testing.assert_close(copied(x), network(x), rtol=1e-10, atol=1e-12)
    kinds = {type(module) for module in copied.modules()}
    assert not kinds & {SpectralConv2d, SpectralTransposed2d, torch.nn.BatchNorm2d}
