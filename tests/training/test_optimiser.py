"""Which parameters learn, and at what rate."""

import pytest
from torch import nn

from mattekit.networks import build
from mattekit.training.optimiser import encoder_of, freeze, make_optimiser, parameter_groups
from mattekit.training.settings import Optimiser


@pytest.fixture
def network():
    return build("indexnet", width=0.1)


def test_every_parameter_is_in_one_group_with_the_rates_of_its_part(network):
    settings = Optimiser(lr=0.1, encoder_lr=0.001, weight_decay=0.5, norm_weight_decay=0.0)
    groups = {group["name"]: group for group in parameter_groups(network, settings)}
    assert {name: (g["lr"], g["weight_decay"]) for name, g in groups.items()} == {
        "encoder": (0.001, 0.5),
        "encoder-norm": (0.001, 0.0),
        "rest": (0.1, 0.5),
        "rest-norm": (0.1, 0.0),
    }
    grouped = [id(parameter) for group in groups.values() for parameter in group["params"]]
    assert sorted(grouped) == sorted(map(id, network.parameters()))
    inside = {id(p) for name in ("encoder", "encoder-norm") for p in groups[name]["params"]}
    assert inside == {id(p) for p in network.encoder.parameters()}


def test_operators_do_not_belong_to_the_encoder(network):
    """As in the released code of IndexNet and A2U, whose index and kernel modules learn at the full rate."""
    inside = {id(parameter) for parameter in encoder_of(network).parameters()}
    assert not inside & {id(parameter) for parameter in network.resamplers.parameters()}


def test_a_network_below_a_refinement_stage_has_its_encoder_too():
    network = build("dim", bottleneck=(8, 1))
    assert encoder_of(network) is network.first.encoder


@pytest.mark.parametrize("name", ["adam", "adamw", "radam", "sgd"])
def test_all_optimisers_can_be_made(network, name):
    assert make_optimiser(network, Optimiser(name=name)).__class__.__name__.lower() == name


def test_frozen_norms_of_the_encoder_neither_count_nor_learn(network):
    freeze(network, norms="encoder")
    for part, frozen in ((network.encoder, True), (network.blocks, False)):
        norms = [module for module in part.modules() if isinstance(module, nn.BatchNorm2d)]
        assert norms
        assert all(module.training is not frozen for module in norms)
        assert all(module.weight.requires_grad is not frozen for module in norms)
    names = {group["name"] for group in parameter_groups(network, Optimiser(encoder_lr=0.1))}
    assert names == {"encoder", "rest", "rest-norm"}
