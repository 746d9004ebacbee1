"""Mirroring a sample."""

from typing import Literal

import numpy as np

from mattekit.samples.augment.move import Part, move
from mattekit.samples.sample import Sample


def flip(
    sample: Sample,
    rng: np.random.Generator,
    *,
    of: Part = "all",
    axis: Literal["horizontal", "vertical"] = "horizontal",
) -> Sample:
    """Mirror left to right, or upside down.

    References
    ----------
    All three papers, with a probability of 0.5. LSA's released code flips foreground and background apart: two
    steps, one `of` each.
    """
    height, width = sample.size
    matrix = [[-1, 0, width - 1], [0, 1, 0]] if axis == "horizontal" else [[1, 0, 0], [0, -1, height - 1]]
    return move(sample, np.array(matrix), sample.size, "nearest", of=of)
