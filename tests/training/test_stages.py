"""Deep Image Matting's three stages, each from the weights of the one before, as its recipes say."""

import pytest
import torch
from safetensors.torch import load_file

from mattekit.errors import InputError
from mattekit.networks import build
from mattekit.training import recipe as recipes
from mattekit.training.initial_network import initial_network
from mattekit.training.job import TrainingJob
from mattekit.training.loop import train
from mattekit.training.optimiser import freeze

TINY = ["network.bottleneck=8,1", "data.crop=64", "run.epochs=1", "run.steps_per_epoch=1", "optimiser.lr=0.001"]


def trained(name, folder, data, *changes):
    recipe = recipes.read(name, [*TINY, *changes])
    folders = {"sources": (str(data / "cutouts"),), "backgrounds": (str(data / "backgrounds"),)}
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=folders)})
    train(TrainingJob(recipe, folder / name, device="cpu", threads=1))
    return folder / name / "last.safetensors"


def test_the_documented_stages_train_one_after_the_other(tmp_path, data):
    first = trained("dim", tmp_path, data)
    second = trained("dim-refinement", tmp_path, data, f"network.pretrained={first}")
    third = trained("dim-finetuning", tmp_path, data, f"network.pretrained={second}")
    one, two, three = (load_file(path) for path in (first, second, third))
    assert all(torch.equal(value, two[f"first.{name}"]) for name, value in one.items())  # frozen
    stage = [name for name in two if name.startswith("stage.")]
    assert len(two) == len(one) + len(stage)
    begun = initial_network(recipes.read("dim-refinement", [*TINY, f"network.pretrained={first}"]), "cpu").state_dict()
    assert {name for name in two if not torch.equal(two[name], begun[name])} == set(stage)
    moved = {name for name in two if not torch.equal(two[name], three[name])}
    assert any(name.startswith("first.") for name in moved) and moved & set(stage)


def test_frozen_parts_need_weights_to_keep(tmp_path, data):
    with pytest.raises(InputError, match="run.freeze: encoder, decoder would keep random weights"):
        trained("dim-refinement", tmp_path, data)


@pytest.mark.parametrize("name", ["encoder", "decoder", "refinement", "first.context.0"])
def test_any_part_can_be_frozen(name):
    network = build("dim", bottleneck=(8, 1))
    freeze(network, [name])
    inside = {"encoder": "first.encoder.", "decoder": "first.", "refinement": "stage."}.get(name, name)
    outside = "first.encoder." if name == "decoder" else "none"
    for key, parameter in network.named_parameters():
        assert parameter.requires_grad is not (key.startswith(inside) and not key.startswith(outside)), key
    module = "first.head" if name == "decoder" else inside.strip(".")
    assert network.training and not network.get_submodule(module).training


def test_what_cannot_be_frozen_is_named():
    network = build("dim", bottleneck=(8, 1))
    with pytest.raises(InputError, match="run.freeze: 'encodr' is no part of dim; nearest: encoder"):
        freeze(network, ["encodr"])
    with pytest.raises(InputError, match="run.freeze: encoder, decoder, refinement leaves nothing of dim to learn"):
        freeze(network, ["encoder", "decoder", "refinement"])
