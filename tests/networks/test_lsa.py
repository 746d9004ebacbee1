"""LSA's network gives the authors' alphas, and its decoder lets refinement in where the paper has it."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mattekit.errors import WeightsError
from mattekit.networks import summary
from mattekit.networks.lsa import lsa
from mattekit.networks.released import lsa as released

SEEN = {  # official module: ours with the same output
    "backbone.stem": "encoder.stem",
    **{f"backbone.layer{i}": f"encoder.layers.{i - 1}" for i in (1, 2, 3, 4)},
    "decoder.decoder_5": "context",
    **{f"decoder.decoder_{i}": f"blocks.{i}" for i in (1, 2, 3, 4)},
    "decoder.final_final": "head",
}
OPERATORS = ["nearest", "carafe", "max-unpool", "indexnet-m2o-linear", "a2u-hybrid-cw"]


def load(reference):
    with torch.device("meta"):
        network = lsa(**released.configuration(reference.state)).eval()
    network.load_state_dict(released.rename(reference.state), assign=True)
    return network


def test_equals_the_released_network(oracle):
    """The authors' weights renamed, inputs of joined maps exchanged; features within 1e-4 of their largest."""
    reference = oracle("lsa_resnet50d")
    network, differences = load(reference), {}
    for theirs, ours in SEEN.items():

        def note(module, inputs, output, theirs=theirs):  # at once: activations work in place
            differences[theirs] = reference.tap(theirs, output) / float(reference.data[f"tap/{theirs}"][2])

        network.get_submodule(ours).register_forward_hook(note)
    with torch.no_grad():
        y = network(reference.x)
    assert max(differences.values()) < 1e-4, differences
    assert differences.keys() == SEEN.keys()
    assert (y - reference.y).abs().max() < 1e-4
    with torch.no_grad():
        assert (network.double()(reference.x.double()) - reference.y64).abs().max() < 1e-9


def test_adjust_alters_what_backpropagating_refinement_alters(oracle, shared):
    """exp(A) y + B at levels 2 to 5, A and B interpolated bicubically, gives the authors' alpha (LSA section 4.3)."""
    reference = oracle("lsa_resnet50d")
    network, trace = load(reference), np.load(shared / "oracle/networks/lsa_br_trace.npz")

    def seeded(name, level, channels):
        from zlib import crc32

        shape = (1, channels, 2 ** (8 - level), 2 ** (8 - level))
        u = np.random.RandomState(crc32(f"lsa_br_ab/{name}{level}".encode())).random_sample(shape)
        return torch.from_numpy((0.3 * (2 * u - 1)).astype(np.float16).astype(np.float32))

    def adjust(level, y):
        if level not in (2, 3, 4, 5):
            return y
        a, b = (
            F.interpolate(seeded(name, level, y.shape[1]), y.shape[-2:], mode="bicubic", align_corners=False)
            for name in "AB"
        )
        return a.exp() * y + b

    with torch.no_grad():
        pyramid = network.encode(reference.x)
        plain, altered = network.decode(pyramid), network.decode(pyramid, adjust)
    np.testing.assert_allclose(plain.clip(0, 1), trace["alpha_zeroAB"].clip(0, 1), rtol=0, atol=1e-4)
    np.testing.assert_allclose(altered.clip(0, 1), trace["alpha_randAB"].clip(0, 1), rtol=0, atol=1e-4)


def test_parameters_of_every_part():
    """Recorded from the authors' model; the paper prints none."""
    with torch.device("meta"):
        network = lsa()
    assert summary.count_parameters(network) == 38_067_809
    parts = [network.encoder, network.context, *(network.blocks[i] for i in (4, 3, 2, 1))]
    sizes = [summary.count_parameters(part) for part in parts]
    assert sizes == [23_527_552, 9_700_864, 3_605_248, 901_504, 225_472, 78_016]
    assert summary.count_parameters(network.blocks[0]) + summary.count_parameters(network.head) == 29_153
    assert f"{summary.count_macs(network) / 1e9:.3f}" == "9.258"
    assert f"{summary.count_macs(network, (640, 640)) / 1e9:.3f}" == "75.576"


def test_what_refinement_optimises_has_983040_numbers():
    """A and B at levels 5 to 2, with the channels that `adjust` sees there."""
    with torch.device("meta"):
        network, sizes = lsa().eval(), {}
        network.decode(
            network.encode(torch.zeros(1, 4, 64, 64)), lambda level, y: (sizes.update({level: y.shape[1]}), y)[1]
        )
    assert sum(2 * sizes[level] * 4 ** (8 - level) for level in (5, 4, 3, 2)) == 983_040


@pytest.mark.parametrize(
    ("resampler", "fusion"),
    [*((name, "add") for name in OPERATORS), (None, "none"), ("a2u-hybrid-cw", "concat"), ("max-unpool", "none")],
)
def test_takes_every_operator_and_fusion(resampler, fusion):
    torch.manual_seed(0)
    network = lsa(resampler, fusion=fusion).train()
    y = network(torch.randn(2, 4, 64, 32))
    assert y.shape == (2, 1, 64, 32)
    (y * torch.randn_like(y)).sum().backward()
    unseen = resampler == "max-unpool" and fusion == "none"  # positions of maxima pass no gradient to laterals
    missing = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert [name for name in missing if not (unseen and name.startswith("laterals."))] == []


def test_any_size_gives_an_alpha_of_its_own_size():
    with torch.device("meta"):
        network = lsa().eval()
        assert network(torch.zeros(1, 4, 33, 70)).shape == (1, 1, 33, 70)


def test_another_family_is_refused():
    with pytest.raises(WeightsError, match="decoder.decoder_5.fc"):
        released.configuration({"layer0.0.weight": torch.zeros(1)})
    with pytest.raises(WeightsError, match="decoder_9"):
        released.rename({"decoder.decoder_9.fc.weight": torch.zeros(1)})
