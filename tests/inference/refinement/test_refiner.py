"""Pictures too large for their gradients are refined by way of reduced ones, and never to a higher cost."""

import logging
import math
import re

import numpy as np
import pytest

from mattekit.inference.network import network_predictor
from mattekit.inference.refinement import RefinementSettings, Refiner, refiner
from mattekit.networks import build
from mattekit.tiling import memory

SIZE = (160, 224)


@pytest.fixture
def network(small_mixing):
    """Its alpha is a mean of estimates, so that the cost has slopes."""
    return small_mixing(0.3)


@pytest.fixture
def refine(network):
    return Refiner(network_predictor(network, "reflect-32", fold=False))


@pytest.fixture(scope="module")
def scene():
    """A soft disc on noise, and its trimap."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    truth = np.clip((48 - np.hypot(y - SIZE[0] / 2, x - SIZE[1] / 2)) / 32 + 0.5, 0, 1).astype(np.float32)
    image = (0.7 * truth[..., None] + 0.3 * np.random.default_rng(0).random((*SIZE, 3))).astype(np.float32)
    return image, np.where(truth == 1, 1, np.where(truth == 0, 0, 0.5)).astype(np.float32)


@pytest.fixture
def little(refine, monkeypatch):
    """Memory for a quarter of the pixels' gradients."""
    wanted = refine._bytes_per_pixel * math.prod(refine.rule.size(SIZE))
    monkeypatch.setattr(memory, "available", lambda device: wanted // 4)


def test_with_memory_for_all_the_whole_is_refined(refine, scene, caplog):
    steps = []
    refine(*scene, RefinementSettings(4), steps.append)
    assert steps[0].alpha.shape == SIZE and not caplog.records


def test_with_little_memory_a_reduced_picture_is_refined_and_told(network, refine, scene, little, caplog):
    steps, (image, trimap) = [], scene
    with caplog.at_level(logging.INFO, "mattekit"):
        alpha = refine(image, trimap, RefinementSettings(8), steps.append)
    assert steps[0].alpha.shape == (96, 128)  # of 80 x 112, prepared
    assert "224x160 pixels: refining needs" in caplog.text and "refined at 50 % of the size" in caplog.text
    own = network_predictor(network, "reflect-32")(image, trimap)
    np.testing.assert_array_equal(alpha[trimap != 0.5], trimap[trimap != 0.5])
    after, before = map(float, re.search(r"cost at full size: (\S+), before refinement (\S+)\.", caplog.text).groups())
    assert np.abs(alpha - own).max() > 1e-3 and after < before


def test_what_does_not_suit_the_whole_is_left(network, refine, scene, little, caplog, monkeypatch):
    """A change for the worse, here its opposite, gives the network's own alpha."""
    plain = refiner.refine_prepared

    def worse(*args):
        refined = plain(*args)
        return refined._replace(alpha=2 * refined.start - refined.alpha)

    monkeypatch.setattr(refiner, "refine_prepared", worse)
    alpha = refine(*scene, RefinementSettings(8), lambda refined: None)
    np.testing.assert_allclose(alpha, network_predictor(network, "reflect-32")(*scene), atol=1e-6)
    assert "does not lower the cost at full size" in caplog.text


def test_where_memory_runs_out_smaller_pictures_are_tried_with_a_note(refine, scene, caplog, monkeypatch):
    plain, seen = refiner.refine_prepared, []

    def greedy(network, x, *rest):
        seen.append(tuple(x.shape[2:]))
        if x.shape[3] > 64:
            raise MemoryError
        return plain(network, x, *rest)

    monkeypatch.setattr(refiner, "refine_prepared", greedy)
    assert refine(*scene, RefinementSettings(3), lambda refined: None).shape == SIZE
    assert seen == [(160, 224), (96, 128), (64, 64)]
    assert [record.message for record in caplog.records if "out of memory" in record.message] == [
        "out of memory; refined at 50 % of the size.",
        "out of memory; refined at 25 % of the size.",
    ]


def test_pictures_that_the_preparation_reduces_are_reduced_further(monkeypatch):
    """LSA's rule leaves 2176 pixels of the longer side; a quarter of the memory is half of those."""
    made = Refiner(network_predictor(build("lsa").eval(), "lsa-ring", fold=False))
    size = (5464, 8192)
    whole = math.prod(made.rule.size(size))
    monkeypatch.setattr(memory, "available", lambda device: made._bytes_per_pixel * whole // 4)
    scale = made._scale(size)
    assert math.prod(made.rule.size(tuple(round(side * scale) for side in size))) < 0.3 * whole


def test_no_memory_at_all_is_an_error(refine, scene, monkeypatch):
    def greedy(*_):
        raise MemoryError

    monkeypatch.setattr(refiner, "refine_prepared", greedy)
    with pytest.raises(MemoryError):
        refine(*scene, RefinementSettings(3), lambda refined: None)


@pytest.mark.parametrize("name", ["mixing", "indexnet", "a2u", "lsa"])
def test_there_is_never_need_to_count_where_there_is_plenty(name):
    made = Refiner(network_predictor(build(name).eval(), "reflect-32", fold=False))
    assert 400 < made._bytes_per_pixel < refiner.PLENTY
