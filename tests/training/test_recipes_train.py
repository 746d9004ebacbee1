"""Every recipe that mattekit brings takes steps, as it is but for the size of patches and batches."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mattekit.training import recipe as recipes
from mattekit.training.initial_network import initial_network
from mattekit.training.job import TrainingJob
from mattekit.training.loop import train

SHORT = ["run.epochs=1", "run.steps_per_epoch=2", "run.batch=2", "run.log_every=1", "run.validate_every=0"]
NETWORKS = {  # what is left out has its paper's network; these are too large for a test
    "dim": ["network.bottleneck=64,1"],
    "a2u-distinctions-646": ["network.name=a2u-nearest"],
    "lsa-alphamatting": ["network.name=indexnet", "network.width=0.25"],
    "matteformer": ["schedule.warmup_steps=0"],
    "gca": ["schedule.warmup_steps=0"],  # whose first steps are smaller than norms' scales, near 1, can be changed by
    "fba": ["optimiser.lr=0.1"],  # without which its second step changes no more than rounding does
    "default": ["augment.crop.size=80", "data.pool=4"],
}
CROPS = {"reconstruction": 32, "fba": 32, "a2u": 96}


@pytest.mark.parametrize("name", [name for name in recipes.names() if not name.startswith("dim-")])  # see test_stages
def test_each_recipe_learns_for_two_steps(name, tmp_path, data):
    """All weights are finite and those that learn have moved; what was frozen has not."""
    crop = f"data.crop={CROPS.get(name, 64)}"
    recipe = recipes.read(name, [*SHORT, *NETWORKS.get(name, []), crop])
    if recipe.data.task == "matting":
        folders = {"sources": (str(data / "cutouts"),), "backgrounds": (str(data / "backgrounds"),)}
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=folders)})
    assert train(TrainingJob(recipe, tmp_path / "run", device="cpu"))["step"] == 2
    records = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    losses = [record["loss"] for record in records if record["kind"] == "train"]
    assert len(losses) == 2 and np.isfinite(losses).all()
    first, learnt = initial_network(recipe, "cpu").state_dict(), load_file(tmp_path / "run/last.safetensors")
    moved = [not torch.equal(first[key], weight) for key, weight in learnt.items() if key.endswith("weight")]
    assert all(torch.isfinite(weight).all() for weight in learnt.values())
    assert np.mean(moved) > 0.95


def test_frozen_normalisation_of_a_papers_recipe_stays(tmp_path, data):
    recipe = recipes.read("indexnet", [*SHORT, "network.width=0.25", "data.crop=64", "run.freeze_norm=encoder"])
    folders = {"sources": (str(data / "cutouts"),), "backgrounds": (str(data / "backgrounds"),)}
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=folders)})
    train(TrainingJob(recipe, tmp_path / "run", device="cpu"))
    learnt = load_file(tmp_path / "run/last.safetensors")
    means = {key: weight for key, weight in learnt.items() if key.endswith("running_mean")}
    assert all((weight == 0).all() for key, weight in means.items() if key.startswith("encoder."))
    assert any((weight != 0).any() for key, weight in means.items() if not key.startswith("encoder."))
