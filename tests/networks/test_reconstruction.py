"""A2U's network for reconstructing small images compares operators, and nothing else differs between its rows."""

import pytest
import torch

from mattekit.errors import InputError
from mattekit.networks import NETWORKS, build, summary
from mattekit.networks.reconstruction import TABLE_1, reconstruction
from mattekit.operators import OPERATORS

# C(32) to C(1): 9 weights a pair of channels, a bias that the norm has in its place, scale and shift of each norm.
CHANNELS = [1, 32, 64, 128, 256, 128, 64, 32, 1]
BASE = sum(9 * a * b + 2 * b for a, b in zip(CHANNELS, CHANNELS[1:], strict=False))


def made(row, **changes):
    torch.manual_seed(0)
    return build(f"reconstruction-{row}", **changes)


def idle(network):
    """Parameters that no gradient reaches."""
    x = torch.rand(4, 1, 32, 32)
    y = network.train()(x)
    (y * torch.randn_like(y)).sum().backward()
    return [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


@pytest.mark.parametrize("row", TABLE_1)
@pytest.mark.parametrize("size", [(32, 32), (28, 28), (9, 14)])
def test_every_row_rebuilds_every_size(row, size):
    with torch.no_grad():
        y = made(row).eval()(torch.rand(2, 1, *size))
    assert y.shape == (2, 1, *size)
    assert y.min() >= 0


@pytest.mark.parametrize("row", TABLE_1)
def test_gradients_reach_every_parameter(row):
    """But CARAFE's: with k_up = 1, as in the paper, the softmax of its single tap is constant."""
    missing = idle(made(row))
    assert bool(missing) == (row == "carafe")
    assert all(name.startswith("resamplers.") for name in missing)


@pytest.mark.parametrize("row", TABLE_1)
def test_rows_differ_by_their_operators_alone(row):
    network = made(row)
    assert summary.count_parameters(network) - summary.count_parameters(network.resamplers) == BASE


@pytest.mark.parametrize(
    ("row", "added"),
    [
        ("nearest", 0),
        ("max-unpool", 0),
        ("deconvolution", sum(16 * c * c + c for c in (32, 64, 128))),
        ("pixel-shuffle", sum(36 * c * c + 4 * c for c in (32, 64, 128))),
        ("carafe", sum(c * 64 + 64 + 9 * 64 * 4 + 4 for c in (32, 64, 128))),
        ("indexnet-hin", 4 * 16 * 224),
        ("a2u", 8 * 16 * 224 + 3),  # k_en squared times 8 C, and s squared for P
        ("indexnet-m2o", 4 * 16 * (32**2 + 64**2 + 128**2)),
    ],
)
def test_parameters_of_each_operator(row, added):
    """A2U has fewer than the index network it is compared with, as the paper says."""
    assert summary.count_parameters(made(row)) - BASE == added


def test_28_is_computed_as_32():
    """Reflected at the bottom and the right, then cropped."""
    network, x = made("a2u").eval(), torch.rand(1, 1, 28, 28)
    padded = torch.nn.functional.pad(x, (0, 4, 0, 4), mode="reflect")
    with torch.no_grad():
        assert network(x).equal(network(padded)[..., :28, :28])


def test_carafe_of_one_tap_is_nearest():
    """The paper's setting, so that the two rows differ in how they halve."""
    carafe, nearest = made("carafe").eval(), made("nearest", halving="max").eval()
    nearest.load_state_dict({k: v for k, v in carafe.state_dict().items() if not k.startswith("resamplers.")})
    x = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(carafe(x), nearest(x))


def test_the_text_halves_by_pooling_or_by_strides():
    """Index networks and A2U see the map before max-pooling; interpolation comes with strides."""
    assert {row for row, arguments in TABLE_1.items() if arguments.get("halving") == "conv"} == {
        *("nearest", "bilinear", "deconvolution", "pixel-shuffle")
    }
    x, network = torch.rand(1, 1, 32, 32), made("indexnet-m2o").eval()
    with torch.no_grad():
        pooled = torch.nn.functional.max_pool2d(network.encoder.stem(x), 2)
        network.encoder.stages[0].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
        seen = []
        network(x)
    assert seen[0].equal(pooled)


CASES = [(name, halving) for name in OPERATORS if not name.endswith("dagger") for halving in ("conv", "own")]


@pytest.mark.parametrize(("resampler", "halving"), CASES)
def test_takes_every_operator_however_it_halves(resampler, halving):
    with torch.no_grad():
        assert reconstruction(resampler, halving=halving)(torch.rand(1, 1, 16, 16)).shape == (1, 1, 16, 16)


@pytest.mark.parametrize("fusion", ["add", "concat"])
def test_takes_every_fusion(fusion):
    assert not idle(made("a2u", fusion=fusion))


def test_every_row_is_a_network():
    assert {name.removeprefix("reconstruction-") for name in NETWORKS if name.startswith("reconstruction-")} == {
        *TABLE_1
    }


def test_an_unknown_halving_names_the_known_ones():
    with pytest.raises(InputError, match="'mean', wanted one of max, conv, own"):
        reconstruction(halving="mean")
