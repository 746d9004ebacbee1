import torch

from mattekit.networks.packaged import packaged
from mattekit.networks.weights import load_network
from mattekit.training import recipe
from mattekit.training.beginning import begin


def test_a_network_goes_on_from_weights_that_come_with_mattekit_by_their_name():
    made = begin(recipe.read("default", ["network.pretrained=default"]), "cpu").state_dict()
    kept = load_network(packaged()["default"]).state_dict()
    assert all(torch.equal(made[name], tensor) for name, tensor in kept.items())
    assert not torch.equal(made["head.0.weight"], begin(recipe.read("default"), "cpu").state_dict()["head.0.weight"])
