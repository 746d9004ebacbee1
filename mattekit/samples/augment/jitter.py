"""Brightness, contrast and saturation."""

from collections.abc import Callable

import cv2
import numpy as np

from mattekit.samples.augment.colours import Layer, recolour
from mattekit.samples.sample import Sample


def jitter(
    sample: Sample,
    rng: np.random.Generator,
    *,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
    of: Layer = "both",
) -> Sample:
    """Change brightness, contrast and saturation by random factors, in a random order.

    Parameters
    ----------
    sample
    rng
    brightness, contrast, saturation : a factor is drawn from 1 - this .. 1 + this. It scales the colours, their
        distance from the mean grey of the picture, or their distance from the grey of the pixel.
    of : "both" draws for the foreground and the background apart.

    References
    ----------
    LSA's released code for alphamatting.com ("ColorJitter", 0.2 each, of foreground and background).
    """
    strengths = (brightness, contrast, saturation)

    def change(colours: np.ndarray) -> np.ndarray:
        factors = [np.float32(rng.uniform(1 - strength, 1 + strength)) for strength in strengths]
        for kind in rng.permutation(3):
            around = AROUND[kind](np.ascontiguousarray(colours))
            colours = np.clip(around + factors[kind] * (colours - around), 0, 1)
        return colours

    return recolour(sample, change, of)


def _grey(colours: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)[..., None]


AROUND: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda colours: np.float32(0),
    lambda colours: _grey(colours).mean(dtype=np.float64).astype(np.float32),
    _grey,
)
