"""The reference files are read as they were written."""

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("name", "key", "first"),
    [
        ("indexnet_m2o_nl_c", "layer0.0.weight", [0.40576171875, 0.154296875, -0.280517578125, 0.11492919921875]),
        ("a2u_dynamic_cs_d_gn", "layer0.1.weight", [1.25, 0.84228515625, 1.2607421875, 0.80908203125]),
        (
            "lsa_resnet50d",
            "decoder.decoder_5.fc.bias",
            [-0.04296875, -0.049163818359375, -0.047882080078125, 0.06317138671875],
        ),
    ],
)
def test_seeded_weights_begin_as_the_readme_says(oracle, name, key, first):
    np.testing.assert_array_equal(oracle(name).state[key].flatten()[:4].numpy(), first)


def test_seeded_weights_are_those_stored_explicitly(oracle, shared):
    from safetensors.torch import load_file

    stored = load_file(shared / "oracle/networks/a2u_dynamic_cs_d_gn_weights.safetensors")
    state = oracle("a2u_dynamic_cs_d_gn").state
    assert stored.keys() == state.keys()
    for key, value in stored.items():
        assert value.float().equal(state[key]), key
