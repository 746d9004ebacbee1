"""Steps that degrade pictures as cameras and files do: blur, rescaling, noise, JPEG."""

import cv2
import numpy as np

from mattekit.imaging.codecs.encode import through_jpeg
from mattekit.samples.augment.colour import Layer, recolour
from mattekit.samples.sample import Sample
from mattekit.samples.warps import CODES


def blur(
    sample: Sample, rng: np.random.Generator, *, kernels: tuple[int, ...] = (3, 5, 7), of: Layer = "both"
) -> Sample:
    """Blur by a Gaussian kernel, of one of the sides `kernels` (odd numbers of pixels; OpenCV's sigma for the side).

    References
    ----------
    LSA, section 5.2: foreground and background with a probability of 0.3; the sides are the released code's.
    """
    side = int(kernels[rng.integers(len(kernels))])
    return recolour(sample, lambda colours: cv2.GaussianBlur(colours, (side, side), 0), of)


def rescale(
    sample: Sample, rng: np.random.Generator, *, factors: tuple[float, ...] = (0.5, 1.5), of: Layer = "both"
) -> Sample:
    """Scale the colours by one of `factors`, cubically, and back to their size.

    References
    ----------
    LSA's released code for alphamatting.com: patches of 640 go through 960 or 320, with a probability of 0.3.
    """
    factor = factors[rng.integers(len(factors))]

    def there_and_back(colours: np.ndarray) -> np.ndarray:
        height, width = colours.shape[:2]
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = cv2.resize(colours, size, interpolation=CODES["cubic"])
        return cv2.resize(small, (width, height), interpolation=CODES["cubic"])

    return recolour(sample, there_and_back, of)


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
