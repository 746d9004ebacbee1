"""Backgrounds."""

import numpy as np

from mattekit.data.synthetic import noise


def background(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Draw a background.

    Parameters
    ----------
    rng : all randomness comes from it.
    size : (height, width) in pixels.

    Returns
    -------
    (height, width, 3) float32, RGB in 0..1
    """
    return np.clip(rng.uniform(0, 1, 3) + 0.3 * noise.octaves(rng, size, 200)[..., None], 0, 1).astype(np.float32)
