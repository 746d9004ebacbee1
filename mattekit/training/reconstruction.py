"""Images and scores of the reconstruction study by which A2U compares operators (section 5, Table 1)."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mattekit.metrics.reconstruction import score_images
from mattekit.samples.small_images import read_images, rendered_images

SIZE = 32  # pixels a side, to which images are resized (supplement, A)
RENDERED = {"train": 12000, "test": 2000}  # images of the built-in set
BATCH = 100  # images that are reconstructed at once for scores; larger batches do not fit a CPU's caches


def open_images(sources: Sequence[str] = (), split: str = "train", *, seed: int = 0) -> np.ndarray:
    """Read or draw the images of one split.

    Parameters
    ----------
    sources : folders with MNIST's or Fashion-MNIST's files, or "synthetic", the default.
    split : "train" or "test"
    seed : of synthetic images.

    Returns
    -------
    (N, 32, 32) uint8

    Raises
    ------
    MissingFileError, InputError
        If a folder has no such files, or they are damaged.
    """
    sets = []
    for source in sources or ("synthetic",):
        drawn = source == "synthetic"
        images = rendered_images(RENDERED[split], split, seed=seed) if drawn else read_images(Path(source), split)
        sets.append(np.stack([cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) for image in images]))
    return np.concatenate(sets)


class SmallImages(torch.utils.data.Dataset):
    """Images to reconstruct, as samples: `samples[(epoch, index)]` is {"image": (1, 32, 32) float32 in 0..1}.

    Each epoch takes every image once, in an order that depends on the seed and the epoch alone; indices beyond the last
    image start over.

    Parameters
    ----------
    images : (N, H, W) uint8
    seed : int
    """

    def __init__(self, images: np.ndarray, *, seed: int = 0):
        self.images, self.seed = images, seed
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, int))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key: tuple[int, int]) -> dict[str, Tensor]:
        epoch, index = key
        if self._order[0] != epoch:
            self._order = epoch, np.random.default_rng([self.seed, epoch]).permutation(len(self.images))
        image = self.images[self._order[1][index % len(self.images)]]
        return {"image": torch.from_numpy(image)[None].float() / 255}


@torch.no_grad()
def validate(network: nn.Module, images: np.ndarray, *, device: str | torch.device = "cpu") -> dict[str, float]:
    """Score a network on a set of images, clipped to 0..1, in the order of Table 1's columns.

    Parameters
    ----------
    network : in eval mode, on `device`; (N, 1, H, W) to (N, 1, H, W).
    images : (N, H, W) uint8

    Returns
    -------
    dict
        "psnr" in dB, "ssim", "mse" (the root of the mean squared error) and "mae", as `score_images` has them.
    """
    reconstructed = np.empty(images.shape, np.float32)
    for start in range(0, len(images), BATCH):
        x = torch.from_numpy(images[start : start + BATCH])[:, None].to(device).float() / 255
        reconstructed[start : start + BATCH] = network(x).clamp(0, 1)[:, 0].float().cpu().numpy()
    return score_images(reconstructed, images / np.float32(255))
