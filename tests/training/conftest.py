"""A tiny data set in files, a recipe for it whose steps take milliseconds, and folders to validate on."""

import cv2
import numpy as np
import pytest
import torch

from mattekit.imaging import io
from mattekit.training import recipe as recipes
from mattekit.training.job import TrainingJob

RECIPE = """
name = "tiny"
seed = 3

[network]
name = "indexnet"
width = 0.1

[data]
crop = 32
sources = ["{root}/cutouts"]
backgrounds = ["{root}/backgrounds"]

[[augment]]
step = "background"
rule = "a2u"

[[augment]]
step = "crop"
rule = "a2u"

[[augment]]
step = "flip"
probability = 0.5

[[augment]]
step = "trimap"
rule = "a2u"

[[augment]]
step = "compose"

[optimiser]
name = "adam"
lr = 0.003

[schedule]
kind = "cosine"
warmup_steps = 2

[run]
epochs = 2
steps_per_epoch = 4
batch = 4
ema = 0.9
log_every = 1
save_every = 3
"""


def soft_disc(size, rng):
    """An alpha (size, size) with a soft edge somewhere."""
    y, x = np.mgrid[:size, :size] / size - rng.uniform(0.4, 0.6, 2)[:, None, None]
    return (1 / (1 + np.exp(40 * (np.hypot(y, x) - 0.25)))).astype(np.float32)


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors are faster on one thread; a run in this process may have chosen otherwise."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """A folder with `cutouts`, `backgrounds` and, to validate on, `image`, `trimap` and `alpha`."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for i in range(3):
        alpha = soft_disc(64, rng)
        fg, bg = (cv2.resize(rng.random((8, 8, 3), np.float32), (64, 64)) for _ in range(2))
        io.write_image(root / f"cutouts/{i}.png", np.dstack([fg, alpha]))
        io.write_image(root / f"backgrounds/{i}.png", bg)
        io.write_image(root / f"image/{i}.png", alpha[..., None] * fg + (1 - alpha[..., None]) * bg)
        io.write_image(root / f"alpha/{i}.png", alpha)
        io.write_image(root / f"trimap/{i}.png", np.where((alpha < 0.02) | (alpha > 0.98), alpha.round(), 128 / 255))
    return root


@pytest.fixture(scope="session")
def recipe_file(data):
    path = data / "tiny.toml"
    path.write_text(RECIPE.format(root=data.as_posix()))
    return path


@pytest.fixture
def job(recipe_file, tmp_path):
    """Makes a job of the recipe, with changes, into a folder of that name."""

    def make(name="run", *changes, **settings):
        settings = {"device": "cpu", "threads": 1, **settings}
        return TrainingJob(recipes.read(recipe_file, changes), tmp_path / name, **settings)

    return make
