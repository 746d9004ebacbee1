"""Mirrored borders around small samples."""

import numpy as np

from mattekit.samples.augment.move import move
from mattekit.samples.sample import Sample


def border(sample: Sample, rng: np.random.Generator, *, size: int = 640) -> Sample:
    """Mirror a sample outwards if a side is shorter than `size`: that side gets size - side pixels at either end.

    The edge itself is not repeated.

    References
    ----------
    LSA's released code.
    """
    height, width = sample.size
    below, beside = max(0, size - height), max(0, size - width)
    if not below and not beside:
        return sample
    matrix = np.array([[1, 0, -beside], [0, 1, -below]])
    return move(sample, matrix, (height + 2 * below, width + 2 * beside), "nearest", border="reflect")
