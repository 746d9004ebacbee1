"""Scaling a sample to a size."""

import numpy as np

from mattekit.samples.augment.move import move, scaling
from mattekit.samples.sample import Sample
from mattekit.samples.warps import Interpolation


def resize(
    sample: Sample,
    rng: np.random.Generator,
    *,
    size: int | tuple[int, int] = 640,
    interpolation: Interpolation = "nearest",
) -> Sample:
    """Scale a sample to `size` (one side of a square, or height and width), whatever its proportions.

    Images that are shrunk are not smoothed first, as in the papers' code.

    References
    ----------
    A2U, section 6.3: to 640 x 640 with a probability of 0.25; by nearest neighbour in the released code.
    """
    target = (size, size) if isinstance(size, int) else size
    if target == sample.size:
        return sample
    return move(sample, scaling(sample.size, target), target, interpolation)
