"""Encode once, decode often: the protocol that refinement and inference rely on, with every operator and fusion."""

import pytest
import torch

from mattekit.errors import InputError
from mattekit.networks import build
from mattekit.networks.encoder_decoder import pad
from mattekit.operators import OPERATORS

OPERATOR_NAMES = [name for name in OPERATORS if not name.startswith(("a2u-", "indexnet-"))] + ["indexnet-hin-linear"]


def small(**changes):
    torch.manual_seed(0)
    return build("a2u", **changes)


CASES = [
    (resampler, strided, fusion)
    for resampler in OPERATOR_NAMES
    for strided in (True, False)
    for fusion in ("none", "add", "concat")
    # Positions of maxima pass no gradient: laterals that nothing but a guide sees could not learn.
    if not (resampler in ("max-unpool", "hmi") and strided and fusion == "none")
]


@pytest.mark.parametrize(("resampler", "strided", "fusion"), CASES)
def test_gradients_reach_every_parameter(resampler, strided, fusion):
    """Whatever the operator, who halves, and how skips are fused."""
    # Kernels of an affinity without a norm can saturate; the gradient is then tiny, and 0 in float32.
    dtype = torch.float64 if resampler == "a2u" else torch.float32
    network = small(resampler=resampler, strided=strided, fusion=fusion, context=None).train().to(dtype)
    x = torch.randn(2, 4, 32, 48, dtype=dtype)
    y = network(x)
    assert y.shape == (2, 1, 32, 48)
    (y * torch.randn_like(y)).sum().backward()
    missing = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not missing


@pytest.mark.parametrize("resampler", ["a2u-unshare", "max-unpool", "carafe"])
def test_a_batch_gives_what_its_images_give(resampler):
    """In float64, where only a mistake could differ: random weights without statistics amplify rounding."""
    network, x = small(resampler=resampler).eval().double(), torch.randn(2, 4, 32, 32, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(network(x)[1:], network(x[1:]), rtol=1e-9, atol=1e-9)


@pytest.fixture
def refined():
    """A network, its input and a pyramid made without gradients."""
    network, x = small().eval().requires_grad_(False), torch.randn(1, 4, 32, 48)
    return network, x, network.encode(x)


def test_decode_after_encode_is_forward(refined):
    network, x, pyramid = refined
    assert network.decode(pyramid).equal(network(x))


def test_adjust_sees_the_last_feature_of_every_resolution(refined):
    network, _, pyramid = refined
    seen = {}
    network.decode(pyramid, lambda level, y: seen.setdefault(level, y))
    assert {level: tuple(y.shape[1:]) for level, y in seen.items()} == {
        4: (256, 2, 3),
        3: (128, 4, 6),
        2: (64, 8, 12),
        1: (64, 16, 24),
        0: (32, 32, 48),
    }


@pytest.mark.parametrize("level", range(5))
def test_adjust_alters_the_output_and_passes_gradients(refined, level):
    """Backpropagating refinement optimises what `adjust` multiplies by and adds (LSA section 4.3)."""
    network, _, pyramid = refined
    a = torch.zeros(1, requires_grad=True)
    plain = network.decode(pyramid)
    same = network.decode(pyramid, lambda at, y: a.exp() * y if at == level else y)
    assert same.equal(plain)
    (gradient,) = torch.autograd.grad(same.square().sum(), a)
    assert gradient.abs() > 0
    assert not network.decode(pyramid, lambda at, y: 2 * y if at == level else y).equal(plain)


@pytest.mark.parametrize("size", [(33, 47), (16, 17), (5, 90)])
def test_any_size_gives_an_alpha_of_its_own_size(size):
    with torch.no_grad():
        assert small().eval()(torch.randn(1, 4, *size)).shape == (1, 1, *size)


def test_padding_reflects_without_repeating_the_edge():
    x = torch.arange(20.0).view(1, 1, 4, 5).expand(1, 1, 4, 5)
    padded = pad(x, 6)
    assert padded.shape == (1, 1, 6, 6)
    assert padded[0, 0, :, 0].tolist() == [0, 5, 10, 15, 10, 5]
    assert padded[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 3]
    assert pad(x, 1) is x


def test_padding_repeats_the_edge_where_a_side_is_too_short():
    assert pad(torch.tensor([[[[1.0, 2.0]]]]), 4)[0, 0].tolist() == [[1.0, 2.0, 2.0, 2.0]] * 4


def test_encode_refuses_what_does_not_halve():
    with pytest.raises(InputError, match="wanted even sizes"):
        small().encode(torch.randn(1, 4, 24, 32))


def test_bfloat16_stays_close_to_float32():
    network, x = small().eval(), torch.rand(1, 4, 32, 48)
    with torch.no_grad():
        wide, half = network(x), network.bfloat16()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert (half.float() - wide).abs().mean() < 0.05 * wide.abs().max()
