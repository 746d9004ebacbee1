"""Colour steps: the papers' jitters, fades, inversions and permutations, and degradation by cameras and files."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from mattekit.imaging.codecs.encode import through_jpeg
from mattekit.imaging.pixel_values import to_float
from mattekit.samples.sample import Sample
from mattekit.samples.views import CODES, Pixels

Layer = Literal["foreground", "background", "both"]


def recolour(sample: Sample, function: Callable[[np.ndarray], np.ndarray], of: Layer = "foreground") -> Sample:
    """Replace colours (H, W, 3) float32 by a function of them, clipped to 0..1.

    Once there is an image, composed or given, its colours are changed; until then, those of the layers `of`. "both"
    calls the function for the foreground first, then for the background.
    """
    names = {"foreground": ["fg"], "background": ["bg"], "both": ["fg", "bg"]}[of]
    names = ["image"] if sample.image is not None else [name for name in names if getattr(sample, name) is not None]
    return replace(sample, **{name: np.clip(function(floats(getattr(sample, name))), 0, 1) for name in names})


def floats(pixels: Pixels) -> np.ndarray:
    """Read all pixels as float32 in 0..1."""
    pixels = np.asarray(pixels)
    return pixels if pixels.dtype == np.float32 else to_float(pixels)


def hsv(
    sample: Sample, rng: np.random.Generator, *, hue: int = 40, strength: float = 0.1, of: Layer = "foreground"
) -> Sample:
    """Rotate the hue, and shift saturation and value, of all pixels alike.

    Parameters
    ----------
    sample
    rng
    hue : largest rotation in whole degrees, to either side.
    strength : saturation and value shift by up to this times (1.1 - mean), the mean being over alpha > 0; values that
        leave 0..1 are reflected back into it.
    of

    References
    ----------
    A2U, section 6.3, "random jitters to the foreground object"; the numbers are the released code's.
    """
    visible = (floats(sample.alpha) > 0).view(np.uint8)

    def jitter(colours: np.ndarray) -> np.ndarray:
        rotation, *shifts = rng.integers(-hue, hue, endpoint=True), *rng.uniform(-strength, strength, 2)
        angle, *others = cv2.split(cv2.cvtColor(np.ascontiguousarray(colours), cv2.COLOR_RGB2HSV))
        shifted = [
            np.abs(plane + np.float32(shift * (1.1 - cv2.mean(plane, visible)[0])))
            for plane, shift in zip(others, shifts, strict=True)
        ]
        reflected = [np.minimum(plane, 2 - plane) for plane in shifted]
        angle = angle + np.float32(rotation)
        angle -= 360 * np.floor(angle / 360)  # half the time of %
        return cv2.cvtColor(cv2.merge([angle, *reflected]), cv2.COLOR_HSV2RGB)

    return recolour(sample, jitter, of)


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


def invert(sample: Sample, rng: np.random.Generator, *, of: Layer = "foreground") -> Sample:
    """Take the negative, 1 - F (LSA, section 5: with a probability of 0.3)."""
    return recolour(sample, lambda colours: 1 - colours, of)


def permute(sample: Sample, rng: np.random.Generator, *, of: Layer = "foreground") -> Sample:
    """Put the channels in a random order (LSA, section 5: with a probability of 0.3)."""
    return recolour(sample, lambda colours: colours[..., rng.permutation(3)], of)


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
            reference = REFERENCES[kind](np.ascontiguousarray(colours))
            colours = np.clip(reference + factors[kind] * (colours - reference), 0, 1)
        return colours

    return recolour(sample, change, of)


def _grey(colours: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)[..., None]


# The colours that brightness, contrast and saturation scale the distance from.
REFERENCES: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda colours: np.float32(0),
    lambda colours: _grey(colours).mean(dtype=np.float64).astype(np.float32),
    _grey,
)


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

    def resample(colours: np.ndarray) -> np.ndarray:
        height, width = colours.shape[:2]
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = cv2.resize(colours, size, interpolation=CODES["cubic"])
        return cv2.resize(small, (width, height), interpolation=CODES["cubic"])

    return recolour(sample, resample, of)


def noise(
    sample: Sample, rng: np.random.Generator, *, sigma: tuple[float, float] = (0.0, 0.02), of: Layer = "both"
) -> Sample:
    """Add Gaussian noise whose standard deviation is drawn from `sigma`, in units of full scale. Not a paper's step."""
    spread = np.float32(rng.uniform(*sigma))
    return recolour(sample, lambda colours: colours + spread * rng.standard_normal(colours.shape, np.float32), of)


def jpeg(
    sample: Sample, rng: np.random.Generator, *, quality: tuple[int, int] = (60, 95), of: Layer = "both"
) -> Sample:
    """Save as JPEG of a quality drawn from `quality` (1..100), and read again. Not a step of any paper."""
    drawn = int(rng.integers(*quality, endpoint=True))
    return recolour(sample, lambda colours: through_jpeg(colours, drawn), of)
