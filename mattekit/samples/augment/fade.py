"""LSA's colour augmentation."""

from typing import Literal

import numpy as np

from mattekit.samples.augment.colours import Layer, recolour
from mattekit.samples.sample import Sample


def fade(
    sample: Sample, rng: np.random.Generator, *, per: Literal["image", "channel"] = "image", of: Layer = "foreground"
) -> Sample:
    """Mix the colours with one random colour u, which smooths them: w F + (1 - w) u, w from 0..1.

    Parameters
    ----------
    sample
    rng
    per : one weight w an "image", as in the paper, or one a "channel", as in the released code.
    of

    References
    ----------
    LSA, section 4.2 ("color augmentation", CA); with a probability of 0.3 in the released code.
    """

    def mix(colours: np.ndarray) -> np.ndarray:
        colour, weight = rng.random(3, np.float32), rng.random(1 if per == "image" else 3, np.float32)
        return weight * colours + (1 - weight) * colour

    return recolour(sample, mix, of)
