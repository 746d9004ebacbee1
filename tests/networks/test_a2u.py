"""A2U's network gives the authors' alphas, and takes every operator and fusion."""

import numpy as np
import pytest
import torch

from mattekit.errors import InputError, WeightsError
from mattekit.networks import build
from mattekit.networks.a2u import TABLE_2, TABLE_3, TABLE_4, a2u
from mattekit.networks.encoder_decoder import pad
from mattekit.networks.released import a2u as released

ORACLES = {  # file: what shapes do not tell
    "a2u_dynamic_cs_d_gn": {},
    "a2u_dynamic_cw_d_gn_unshare": {},
    "a2u_dynamic_cs_d_gn_k5": {"k_en": 5},
    "a2u_dynamic_cs_d_gn_s1_noaspp": {"k_en": 5},
}
SEEN = {  # official module: ours with the same output
    "layer0": "encoder.stem",
    "layer1": "encoder.layer1",
    "layer2_2": "encoder.layer2",
    "layer3_2": "encoder.layer3",
    "dconv_pp": "context",
    **{f"short{i}": f"laterals.{i}" for i in range(4)},
    **{f"decoder_layer{i + 1}": f"blocks.{i}" for i in range(4)},
    "pred": "head",
}


def load(reference, **changes):
    network = a2u(**{**released.configuration(reference.state), **changes}).eval()
    network.load_state_dict(released.rename(reference.state))
    return network


@pytest.mark.parametrize("name", ORACLES)
def test_equals_the_released_network(oracle, name):
    """Within 2e-4 of the authors' output, their weights renamed and |gamma| + 1e-5 folded."""
    reference = oracle(name)
    network = load(reference, **ORACLES[name])
    outputs = {}
    for theirs, ours in SEEN.items():
        keep = lambda module, inputs, output, theirs=theirs: outputs.update({theirs: output})  # noqa: E731
        network.get_submodule(ours).register_forward_hook(keep)
    with torch.no_grad():
        y = network(reference.x)
    for module, output in outputs.items():
        if f"tap/{module}" in reference.data.files:
            scale = max(1.0, float(reference.data[f"tap/{module}"][2]))
            assert reference.tap(module, output) < 1e-4 * scale, module
    assert (y - reference.y).abs().max() < 2e-4
    assert sum(p.numel() for p in network.parameters()) == reference.parameters


@pytest.mark.parametrize("name", ["a2u_dynamic_cs_d_gn", "a2u_dynamic_cw_d_gn_unshare"])
def test_odd_sizes_are_padded_as_the_authors_do(oracle, name):
    """75x101 is reflected to 80x112; alphas agree within a quarter of an 8-bit step, on the mean within 0.002.

    Processors with other vector widths differ by up to 0.054 in one pixel of 7,575; zeros in place of the reflection
    change alpha by 6 on the mean.
    """
    reference = oracle(name)
    x = torch.from_numpy(reference.data["odd_net_input"])
    odd = x[..., :75, :101]
    assert pad(odd, 16).equal(x)
    with torch.no_grad():
        y = 255 * load(reference)(odd)[0, 0].numpy().clip(0, 1)
    difference = np.abs(y - 255 * reference.data["odd_net_output"][:75, :101].clip(0, 1))
    assert difference.max() < 0.25 and difference.mean() < 0.002


def test_double_precision_agrees_with_double_precision(oracle):
    reference = oracle("a2u_dynamic_cs_d_gn")
    with torch.no_grad():
        y = load(reference).double()(reference.x.double())
    assert (y - reference.y64).abs().max() < 1e-4


def test_checkpoints_may_count_batches_or_not(oracle):
    """num_batches_tracked exists only from inplace_abn 1.1.0 on."""
    state = oracle("a2u_dynamic_cs_d_gn").state
    counted = {**state, "layer0.1.num_batches_tracked": torch.tensor(7)}
    a2u(**released.configuration(state)).load_state_dict(released.rename(counted), strict=False)
    assert released.rename(counted)["encoder.stem.norm.num_batches_tracked"] == 7


def test_an_unknown_key_is_named(oracle):
    state = {**oracle("a2u_dynamic_cs_d_gn_s1_noaspp").state, "layer9.weight": torch.zeros(1)}
    with pytest.raises(WeightsError, match="layer9.weight"):
        released.rename(state)


def test_another_family_is_refused():
    with pytest.raises(WeightsError, match="bilinear0.bconv_UP"):
        released.configuration({"layer0.0.weight": torch.zeros(1)})


@pytest.mark.parametrize("row", [*TABLE_2, *TABLE_3, *TABLE_4])
def test_every_row_of_the_tables_gives_an_alpha(row):
    network = build(f"a2u-{row}").eval()
    with torch.no_grad():
        assert network(torch.randn(1, 4, 32, 48)).shape == (1, 1, 32, 48)


def test_the_network_tells_how_it_was_made():
    network = build("a2u-hybrid-cw", k_up=5)
    assert (network.name, network.arguments) == ("a2u-hybrid-cw", {"k_up": 5})


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("a2u-dynamic", {}, "a2u-dynamic-cs"),
        ("a2u", {"fusion": "max"}, "'max', wanted one of none, add, concat"),
        ("a2u", {"context": "psp"}, "'psp', wanted 'aspp'"),
        ("a2u", {"resampler": "lanczos"}, "operator: unknown 'lanczos'"),
        ("a2u", {"k_down": 3}, "k_down"),
    ],
)
def test_wrong_arguments_name_the_right_ones(name, changes, message):
    with pytest.raises(InputError, match=message):
        build(name, **changes)
