"""Noise of sensors and of JPEG files."""

import numpy as np

from mattekit.imaging.codecs.encode import through_jpeg
from mattekit.samples.augment.colours import Layer, recolour
from mattekit.samples.sample import Sample


def noise(
    sample: Sample, rng: np.random.Generator, *, sigma: tuple[float, float] = (0.0, 0.02), of: Layer = "both"
) -> Sample:
    """Add Gaussian noise of a standard deviation drawn from `sigma`, in units of the full scale. No paper's step."""
    spread = np.float32(rng.uniform(*sigma))
    return recolour(sample, lambda colours: colours + spread * rng.standard_normal(colours.shape, np.float32), of)


def jpeg(
    sample: Sample, rng: np.random.Generator, *, quality: tuple[int, int] = (60, 95), of: Layer = "both"
) -> Sample:
    """Save as JPEG of a quality drawn from `quality` (1..100), and read again. No paper's step."""
    drawn = int(rng.integers(*quality, endpoint=True))
    return recolour(sample, lambda colours: through_jpeg(colours, drawn), of)
