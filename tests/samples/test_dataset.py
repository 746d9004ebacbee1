from dataclasses import replace

import numpy as np
import pytest
import torch

from mattekit.errors import InputError
from mattekit.samples.augment import check_steps
from mattekit.samples.dataset import Samples, unpacked
from mattekit.samples.sample import Sample

STEPS = check_steps(
    [("background", 1, {}), ("trimap", 1, {}), ("crop", 1, {"size": 32}), ("hsv", 1, {}), ("compose", 1, {})]
)


class Discs:
    """Discs of a random size in random colours."""

    def draw(self, rng):
        fg, bg = (rng.integers(0, 256, (60, 70, 3), np.uint8) for _ in range(2))
        radius = np.hypot(*np.ogrid[-1:1:60j, -1:1:70j])
        alpha = np.clip(5 * (rng.uniform(0.3, 0.8) - radius), 0, 1).astype(np.float32)
        return Sample(alpha=alpha, fg=fg, bg=bg)


class Photos:
    """Composites with trimap and prior."""

    def draw(self, rng):
        alpha = rng.random((40, 40), np.float32)
        trimap = np.full((40, 40), 0.5, np.float32)
        return Sample(alpha=alpha, image=rng.random((40, 40, 3), np.float32), trimap=trimap, prior=alpha)


def test_samples_are_tensors_that_satisfy_the_matting_equation():
    sample = Samples(Discs(), STEPS)[(2, 5)]
    shapes = {"image": 3, "trimap": 1, "alpha": 1, "fg": 3, "bg": 3}
    assert {name: tuple(tensor.shape) for name, tensor in sample.items()} == {n: (c, 32, 32) for n, c in shapes.items()}
    assert all(tensor.dtype == torch.float32 for tensor in sample.values())
    assert set(sample["trimap"].unique().tolist()) <= {0, 0.5, 1}
    alpha = sample["alpha"]
    assert (alpha * sample["fg"] + (1 - alpha) * sample["bg"] - sample["image"]).abs().max() < 2.1 / 255


def test_composites_bring_image_and_prior():
    sample = Samples(Photos(), check_steps([("crop", 1, {"size": 32}), ("flip", 0.5, {})]))[(0, 0)]
    assert sorted(sample) == ["alpha", "image", "prior", "trimap"]
    assert torch.equal(sample["prior"], sample["alpha"])


def test_seed_epoch_and_index_decide_and_nothing_else():
    samples = Samples(Discs(), STEPS, seed=3)
    first = samples[(1, 2)]
    np.random.seed(0)
    torch.manual_seed(0)
    again = Samples(Discs(), STEPS, seed=3)[(1, 2)]
    assert all(torch.equal(first[name], again[name]) for name in first)
    for other in (samples[(2, 2)], samples[(1, 3)], Samples(Discs(), STEPS, seed=4)[(1, 2)]):
        assert not torch.equal(first["image"], other["image"])


def test_eight_bits_are_a_quarter_of_the_bytes_and_as_close_as_bytes_are():
    packed, exact = Samples(Discs(), STEPS).packed((0, 0)), Samples(Discs(), STEPS, depth="float")[(0, 0)]
    assert all(tensor.dtype == torch.uint8 for tensor in packed.values())
    for name, tensor in unpacked(packed).items():
        assert (tensor - exact[name]).abs().max() <= 0.5 / 255 + 1e-6
    assert torch.equal(unpacked(packed)["trimap"], exact["trimap"])


def test_samples_that_networks_cannot_take_are_refused():
    with pytest.raises(InputError, match="without image. Add the step compose"):
        Samples(Discs(), [])[(0, 0)]
    with pytest.raises(InputError, match="without trimap. Add the step trimap"):
        Samples(Discs(), check_steps([("background", 1, {}), ("compose", 1, {})]))[(0, 0)]


def test_samples_without_known_foreground_or_background_are_drawn_again():
    class Mostly(Discs):
        def draw(self, rng):
            sample = super().draw(rng)
            return sample if rng.random() < 0.4 else replace(sample, alpha=np.full_like(sample.alpha, 0.5))

    both = [
        [{0, 1} <= set(Samples(Mostly(), STEPS, tries=tries)[(0, i)]["trimap"].unique().tolist()) for i in range(16)]
        for tries in (1, 60)
    ]
    assert not all(both[0]) and all(both[1])
