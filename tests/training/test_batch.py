"""What networks see in training is what they see in prediction."""

import numpy as np
import torch

from mattekit.inference.network import network_input as of_one
from mattekit.networks.header import IMAGENET
from mattekit.training.losses import portions
from mattekit.training.task import network_input


def test_a_batch_is_normalised_as_single_images_are():
    rng = np.random.default_rng(0)
    image, trimap = rng.random((6, 5, 3), np.float32), rng.choice([0, 0.5, 1], (6, 5)).astype(np.float32)
    batch = {
        "image": torch.from_numpy(image).permute(2, 0, 1)[None],
        "trimap": torch.from_numpy(trimap)[None, None],
        "prior": torch.full((1, 1, 6, 5), 0.25),
    }
    assert torch.allclose(network_input(batch, IMAGENET), of_one(image, trimap), atol=1e-6)
    with_prior = network_input(batch, IMAGENET, prior=True)
    assert with_prior.shape == (1, 5, 6, 5)
    assert (with_prior[:, 4] == 0.25).all()


def test_portions_are_the_batch_in_order_and_never_empty():
    batch = {"image": torch.arange(5)[:, None], "alpha": torch.arange(5)}
    for count in (1, 2, 3, 9):
        parts = list(portions(batch, count))
        assert len(parts) == min(count, 5)
        assert torch.equal(torch.cat([part["alpha"] for part in parts]), batch["alpha"])
        assert all(len(part["image"]) == len(part["alpha"]) > 0 for part in parts)
