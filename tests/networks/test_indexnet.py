"""IndexNet's networks and its baselines give the authors' alphas."""

import numpy as np
import pytest
import torch

from mattekit.errors import WeightsError
from mattekit.networks import build
from mattekit.networks.released import indexnet as released

ORACLES = {  # file: tolerance, and what shapes do not tell
    "indexnet_m2o_nl_c": (1e-4, {}),
    "indexnet_m2o_nl_c_exp2": (1e-4, {}),
    "indexnet_m2o_nl_c_os16": (1e-4, {}),
    "indexnet_m2o_linear": (1e-4, {}),
    "indexnet_o2o_linear_c": (1e-4, {}),
    "indexnet_o2o_nl_c": (1e-4, {}),
    "indexnet_holistic_linear": (1e-4, {}),
    "indexnet_holistic_nl_c": (1e-4, {}),
    "indexnet_unet_b11": (1e-4, {}),
    "indexnet_unet_b11_w14": (1e-4, {}),
    "indexnet_unet_b10_noaspp": (1e-4, {}),
    "indexnet_unet_b11_depsep": (2e-3, {}),
    "indexnet_b1_deeplab": (5e-4, {}),
    "indexnet_b2_refinenet": (2e-4, {}),
}


def load(reference, **changes):
    name, arguments = released.configuration(reference.state)
    network = build(name, **{**arguments, **changes}).eval()
    network.load_state_dict(released.rename(reference.state))
    return network


@pytest.mark.parametrize("name", ORACLES)
def test_equals_the_released_network(oracle, name):
    """Within the tolerance of the authors' output, their weights renamed, their configuration told by shapes."""
    tolerance, changes = ORACLES[name]
    reference = oracle(name)
    network = load(reference, **changes)
    with torch.no_grad():
        y = network(reference.x)
    assert (y - reference.y).abs().max() < tolerance
    assert sum(p.numel() for p in network.parameters()) == reference.parameters
