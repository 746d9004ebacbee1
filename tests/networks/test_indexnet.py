"""IndexNet's networks and its baselines give the authors' alphas."""

import numpy as np
import pytest
import torch

from mattekit.errors import InputError, WeightsError
from mattekit.networks import build
from mattekit.networks.released import indexnet as released

ORACLES = {  # file: tolerance on the output
    "indexnet_m2o_nl_c": 1e-4,
    "indexnet_m2o_nl_c_exp2": 1e-4,
    "indexnet_m2o_nl_c_os16": 1e-4,
    "indexnet_m2o_linear": 1e-4,
    "indexnet_o2o_linear_c": 1e-4,
    "indexnet_o2o_nl_c": 1e-4,
    "indexnet_holistic_linear": 1e-4,
    "indexnet_holistic_nl_c": 1e-4,
    "indexnet_unet_b11": 1e-4,
    "indexnet_unet_b11_w14": 1e-4,
    "indexnet_unet_b10_noaspp": 1e-4,
    "indexnet_unet_b11_depsep": 2e-3,
    "indexnet_b1_deeplab": 5e-4,
    "indexnet_b2_refinenet": 2e-4,
    "indexnet_b3_dim_vgg16": 2e-2,  # positions of maxima may flip; the mean is compared within 1e-4 too
}
SEEN = {  # official module: ours with the same output
    "indexnet": {
        **{f"layer{i}": f"encoder.stages.{i}" for i in range(8)},
        **{f"decoder_layer{i}": f"blocks.{i}" for i in range(7)},
        "dconv_pp": "context",
        "pred": "head",
    },
    "indexnet-b1": {"layer7": "encoder.stages.7", "dconv_pp": "context", "decoder": "blocks", "pred": "head"},
    "indexnet-b2": {f"dconv_crp{i}": f"pools.{i - 1}" for i in (1, 4)},
    "indexnet-b3": {"dconv6": "context.1.conv", **{f"dconv{i}": f"blocks.{i - 1}.0.conv" for i in (1, 3, 5)}},
}


def load(reference):
    """The network that the shapes tell, made without memory of its own: B3 has 130 million parameters."""
    name, arguments = released.configuration(reference.state)
    with torch.device("meta"):
        network = build(name, **arguments).eval()
    network.load_state_dict(released.rename(reference.state), assign=True)
    return network


@pytest.mark.parametrize("name", ORACLES)
def test_equals_the_released_network(oracle, name):
    """Output and intermediate features, the authors' weights renamed, the configuration told by their shapes.

    Where the file has a picture of 75x101 as the authors resize it, its alpha agrees within 0.05 of 255.
    """
    reference = oracle(name)
    network, differences, handles = load(reference), {}, []
    for theirs, ours in SEEN[network.name.replace("-b11", "")].items():
        if f"tap/{theirs}" in reference.data.files:
            scale = max(1.0, float(reference.data[f"tap/{theirs}"][2]))

            def note(module, inputs, output, theirs=theirs, scale=scale):  # at once: activations work in place
                differences[theirs] = reference.tap(theirs, output) / scale

            handles.append(network.get_submodule(ours).register_forward_hook(note))
    with torch.no_grad():
        y = network(reference.x)
    for handle in handles:
        handle.remove()
    assert max(differences.values()) < ORACLES[name], differences
    assert len(differences) > 1
    error = (y - reference.y).abs()
    assert error.max() < ORACLES[name]
    assert error.mean() < 1e-4
    assert sum(p.numel() for p in network.parameters()) == reference.parameters
    if "odd_net_input" in reference.data.files:
        with torch.no_grad():
            y = network(torch.from_numpy(reference.data["odd_net_input"]))[0, 0].numpy().clip(0, 1)
        wanted = reference.data["odd_net_output"].clip(0, 1)
        difference = np.abs(255 * y - 255 * wanted)
        # Where two activations are equal but for rounding, max pooling's index (b3) depends on the processor.
        assert difference.mean() < 0.05 and (difference > 0.05).mean() < 0.01


def test_double_precision_agrees_with_double_precision(oracle):
    reference = oracle("indexnet_m2o_nl_c")
    with torch.no_grad():
        assert (load(reference).double()(reference.x.double()) - reference.y64).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("indexnet_m2o_nl_c_os16", ("indexnet", "indexnet-m2o-nonlinear-context", 1, 16, "aspp", 1.0, False)),
        ("indexnet_m2o_nl_c_exp2", ("indexnet", "indexnet-m2o-nonlinear-context", 2, 32, "aspp", 1.0, False)),
        ("indexnet_holistic_linear", ("indexnet", "indexnet-hin-linear", 1, 32, "aspp", 1.0, False)),
        ("indexnet_o2o_nl_c", ("indexnet", "indexnet-o2o-nonlinear-context", 1, 32, "aspp", 1.0, False)),
        ("indexnet_unet_b11_w14", ("indexnet-b11", None, None, None, "aspp", 1.4, False)),
        ("indexnet_unet_b10_noaspp", ("indexnet-b11", None, None, None, None, 1.0, False)),
        ("indexnet_unet_b11_depsep", ("indexnet-b11", None, None, None, "aspp", 1.0, True)),
    ],
)
def test_shapes_tell_the_configuration(oracle, name, told):
    network, changes = released.configuration(oracle(name).state)
    keys = ("resampler", "hidden", "stride", "context", "width", "depthwise")
    assert (network, *(changes.get(key) for key in keys)) == told


def test_an_unknown_key_is_named(oracle):
    state = {**oracle("indexnet_unet_b11").state, "layer9.weight": torch.zeros(1)}
    with pytest.raises(WeightsError, match="layer9.weight"):
        released.rename(state)


def test_another_family_is_refused():
    with pytest.raises(WeightsError, match="decoder_layer0.dconv.0.weight"):
        released.configuration({"bilinear0.bconv_UP.1.weight": torch.zeros(1)})


def test_widths_that_no_multiplier_gives_are_refused(oracle):
    state = {**oracle("indexnet_unet_b11").state, "layer0.0.weight": torch.zeros(40, 4, 3, 3)}
    with pytest.raises(WeightsError, match="stages of \\[40, 16, "):
        released.configuration(state)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stride": 8}, "output stride 8, wanted 32 or 16"),
        ({"context": "psp"}, "'psp', wanted 'aspp' or None"),
        ({"fusion": "max"}, "'max', wanted one of none, add, concat"),
        ({"kind": "both"}, "'both', wanted one of hin, o2o, m2o"),
    ],
)
def test_wrong_arguments_name_the_right_ones(changes, message):
    with pytest.raises(InputError, match=message):
        build("indexnet", **changes)
