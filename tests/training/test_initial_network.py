import pytest
import torch

from mattekit.errors import WeightsError
from mattekit.networks.packaged import packaged
from mattekit.networks.safetensors_file import load_network
from mattekit.training import recipe
from mattekit.training.initial_network import initial_network


def test_a_network_goes_on_from_weights_that_come_with_mattekit_by_their_name():
    made = initial_network(recipe.read("default", ["network.pretrained=default"]), "cpu").state_dict()
    kept = load_network(packaged()["default"]).state_dict()
    assert all(torch.equal(made[name], tensor) for name, tensor in kept.items())
    assert not torch.equal(
        made["head.0.weight"], initial_network(recipe.read("default"), "cpu").state_dict()["head.0.weight"]
    )


def test_a_file_that_holds_no_weights_is_named(tmp_path):
    """The default's encoder has no layout of other projects that the file could be of."""
    path = tmp_path / "no.safetensors"
    path.write_text("hello")
    with pytest.raises(WeightsError, match="no.safetensors: not a file of weights in mattekit's format"):
        initial_network(recipe.read("default", [f"network.pretrained={path}"]), "cpu")
