"""Colours inverted, and channels in another order."""

import numpy as np

from mattekit.samples.augment.colours import Layer, recolour
from mattekit.samples.sample import Sample


def invert(sample: Sample, rng: np.random.Generator, *, of: Layer = "foreground") -> Sample:
    """Take the negative, 1 - F (LSA, section 5: with a probability of 0.3)."""
    return recolour(sample, lambda colours: 1 - colours, of)


def permute(sample: Sample, rng: np.random.Generator, *, of: Layer = "foreground") -> Sample:
    """Put the channels in a random order (LSA, section 5: with a probability of 0.3)."""
    return recolour(sample, lambda colours: colours[..., rng.permutation(3)], of)
