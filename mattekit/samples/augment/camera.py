"""Steps that compose as a camera does: defocus of each layer, light mixed before the tone curve, noise of photons.

Not steps of any paper: their composites mix the numbers of files, which a lens never sees.
"""

from dataclasses import replace

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.composite import composite
from mattekit.samples.augment.colour import floats
from mattekit.samples.augment.crop import pick
from mattekit.samples.sample import Sample

Range = tuple[float, float]

LIGHT = 2.2  # power from numbers to light, nearly
LEVELS = 1024  # of a tabulated tone curve
VISIBLE = 1e-4  # alpha below which a blurred foreground has no colour of its own


def defocus(sample: Sample, rng: np.random.Generator, *, fg: Range = (0.0, 1.5), bg: Range = (0.0, 4.0)) -> Sample:
    """Blur the foreground with its alpha, and the background, by discs of confusion, in linear light.

    A composed image is left as it is.

    Parameters
    ----------
    sample
    rng
    fg, bg : bounds in pixels from which the radius of each layer's disc is drawn; below half a pixel it stays sharp.
    """
    radii = rng.uniform(*fg), rng.uniform(*bg)
    if sample.fg is None or sample.image is not None:
        return sample
    front, behind = (disc(radius) for radius in radii)
    alpha, colours = floats(sample.alpha), floats(sample.fg)
    if front is not None:
        alpha, colours = _blurred_layer(alpha, colours, front)
    if sample.bg is not None and behind is not None:
        blurred = cv2.filter2D(floats(sample.bg) ** LIGHT, -1, behind, borderType=cv2.BORDER_REFLECT)
        sample = replace(sample, bg=blurred.clip(0, 1) ** (1 / LIGHT))
    return replace(sample, alpha=alpha, fg=colours)


def disc(radius: float) -> np.ndarray | None:
    """Return the kernel (k, k) float32 of a disc of this radius in pixels, its rim antialiased; None below half one."""
    if radius < 0.5:
        return None
    reach = int(np.ceil(radius))
    distance = np.hypot(*np.ogrid[-reach : reach + 1, -reach : reach + 1])
    kernel = (radius + 0.5 - distance).clip(0, 1).astype(np.float32)
    return kernel / kernel.sum()


def _blurred_layer(alpha: np.ndarray, colours: np.ndarray, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Blur alpha, and by it the colours' light; colours nobody sees stay as they are."""
    light = cv2.filter2D(alpha[..., None] * colours**LIGHT, -1, kernel, borderType=cv2.BORDER_REFLECT)
    blurred = cv2.filter2D(alpha, -1, kernel, borderType=cv2.BORDER_REFLECT).clip(0, 1)
    seen = blurred > VISIBLE
    blurred[~seen] = 0
    mixed = (light / np.maximum(blurred, VISIBLE)[..., None]).clip(0, 1) ** (1 / LIGHT)
    return blurred, np.where(seen[..., None], mixed, colours).astype(np.float32)


def camera(
    sample: Sample,
    rng: np.random.Generator,
    *,
    gamma: Range = (1.8, 2.4),
    contrast: Range = (0.0, 0.6),
    photons: Range = (2e3, 1e5),
    sharpness: Range = (0.0, 0.8),
) -> Sample:
    """Compose the image in light, add the noise of photons, apply a camera's tone curve, and sharpen.

    A composed image is kept. Foreground and background stay the numbers that the curve gives them.

    Parameters
    ----------
    sample
    rng
    gamma : bounds, above 0, of the exponent whose inverse the tone curve begins with.
    contrast : bounds of the share, 0..1, that an S-shaped curve has in it.
    photons : bounds, above 0, of the number of photons that white stands for, drawn evenly in its logarithm.
    sharpness : bounds of the share of the difference from a blurred image that is added.

    Raises
    ------
    InputError
        If a bound is out of range, or the background is not placed.
    """
    if min(*gamma, *photons) <= 0 or min(contrast) < 0 or max(contrast) > 1:
        raise InputError("step camera: wanted gamma and photons above 0, contrast in 0..1. Change them.")
    exponent, bend, strength = rng.uniform(*gamma), rng.uniform(*contrast), rng.uniform(*sharpness)
    count = np.exp(rng.uniform(*np.log(photons)))
    if sample.fg is None or sample.image is not None:
        return sample
    if sample.bg is None or not sample.placed:
        raise InputError("augmentation: camera finds no background in place. Take the step background before it.")
    light, numbers = tone_curve(exponent, bend)
    fg, bg = (np.interp(floats(each), numbers, light).astype(np.float32) for each in (sample.fg, sample.bg))
    mixed = composite(fg, bg, floats(sample.alpha))
    mixed = mixed + np.sqrt(mixed / count) * rng.standard_normal(mixed.shape, np.float32)
    image = np.interp(mixed.clip(0, 1), light, numbers).astype(np.float32)
    image += np.float32(strength) * (image - cv2.GaussianBlur(image, (0, 0), 0.8))
    return replace(sample, image=image.clip(0, 1))


def tone_curve(gamma: float, contrast: float) -> tuple[np.ndarray, np.ndarray]:
    """Return light and the numbers that a camera gives it, both rising from 0 to 1, for `np.interp` either way."""
    numbers = np.linspace(0, 1, LEVELS)
    light = numbers**gamma
    return light, (1 - contrast) * numbers + contrast * numbers**2 * (3 - 2 * numbers)


def forget(sample: Sample, rng: np.random.Generator, *, radius: Range = (0.1, 0.4), keep: float = 0.003) -> Sample:
    """Make all pixels of the trimap unknown in a disc about a known one, of the foreground as often as of either class.

    Unknown regions then lie beside no known foreground, as a user leaves them. Where a class would keep less than
    `keep` of the picture, the trimap stays as it is.

    Parameters
    ----------
    sample
    rng
    radius : bounds of the disc's radius, in units of the shorter side.
    keep : share of the picture.
    """
    reach, of_foreground = rng.uniform(*radius), rng.random() < 0.5
    if sample.trimap is None:
        return sample
    trimap = np.array(sample.trimap, np.float32)
    height, width = trimap.shape
    candidates = np.flatnonzero(trimap == 1 if of_foreground else trimap != 0.5)
    if not candidates.size:
        return sample
    row, column = pick(candidates, rng, width)
    trimap[np.hypot(*np.ogrid[-row : height - row, -column : width - column]) < reach * min(height, width)] = 0.5
    if min((trimap == 0).mean(), (trimap == 1).mean()) < keep:
        return sample
    return replace(sample, trimap=trimap)
