"""Small images come in an order of their own each epoch, and a trained network rebuilds them."""

import gzip
import struct

import numpy as np
import pytest
from torch import nn

from mattekit.errors import MissingFileError
from mattekit.training.reconstruction import SmallImages, open_images, validate


@pytest.fixture
def mnist(tmp_path):
    """A folder like MNIST's, of eleven images."""
    images = np.random.default_rng(0).integers(0, 256, (11, 28, 28), np.uint8)
    for name in ("train", "t10k"):
        head = struct.pack(">BBBB3I", 0, 0, 8, 3, *images.shape)
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(head + images.tobytes()))
    return tmp_path


def test_images_of_a_folder_are_made_32_by_32(mnist):
    assert open_images([str(mnist)]).shape == open_images([str(mnist)], "test").shape == (11, 32, 32)
    with pytest.raises(MissingFileError, match="no train-images-idx3-ubyte"):
        open_images([str(mnist / "..")])


def test_sources_are_joined_and_none_means_the_built_in_set(mnist, monkeypatch):
    monkeypatch.setattr("mattekit.training.reconstruction.RENDERED", {"train": 7, "test": 3})
    assert open_images().shape == (7, 32, 32)
    assert open_images(["synthetic", str(mnist)], "test").shape == (14, 32, 32)


def test_an_epoch_takes_every_image_once_in_an_order_of_its_own():
    images = np.repeat(np.arange(50, dtype=np.uint8), 4).reshape(50, 2, 2)

    def order(samples, epoch):
        return [round(float(samples[epoch, i]["image"][0, 0, 0]) * 255) for i in range(50)]

    samples = SmallImages(images, seed=1)
    first, second = order(samples, 0), order(samples, 1)
    assert sorted(first) == sorted(second) == list(range(50)) and first != second
    assert order(SmallImages(images, seed=1), 1) == second  # whatever was asked before
    assert order(SmallImages(images, seed=2), 1) != second
    assert samples[1, 50]["image"].equal(samples[1, 0]["image"])


def test_scores_are_of_clipped_images_one_to_one():
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16), np.uint8)
    assert validate(nn.Identity(), images)["psnr"] == np.inf
    bright = validate(lambda x: x + 9, images)
    assert bright["mae"] == pytest.approx(1 - images.mean() / 255, rel=1e-5)
    assert list(bright) == ["psnr", "ssim", "mse", "mae"]
