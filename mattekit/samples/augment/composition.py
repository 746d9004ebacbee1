"""Steps that put layers together: placing the background, merging foregrounds, composing the image."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.composite import composite
from mattekit.imaging.composite import merge as join
from mattekit.samples.augment.geometry import scaling
from mattekit.samples.sample import Sample
from mattekit.samples.views import Pixels, pointwise, stored, window
from mattekit.samples.warps import Interpolation, warped


def background(
    sample: Sample,
    rng: np.random.Generator,
    *,
    rule: Literal["indexnet", "a2u", "lsa"] = "indexnet",
    interpolation: Interpolation = "cubic",
) -> Sample:
    """Give the background the size of the foreground; from then on it moves along.

    Parameters
    ----------
    sample
    rng
    rule : "indexnet" scales it up or down, keeping its proportions, until it just covers the foreground, and takes the
        top left corner; "a2u" does so only with one that is too small, and never shrinks; "lsa" stretches it to the
        size whatever its proportions.
    interpolation

    References
    ----------
    The released code of IndexNet, A2U and LSA; the papers do not say.
    """
    if sample.bg is None or sample.placed:
        return sample
    bg, size = sample.bg, sample.size
    if rule == "lsa":
        return replace(sample, bg=warped(bg, scaling(bg.shape[:2], size), size, interpolation), placed=True)
    ratio = max(size[0] / bg.shape[0], size[1] / bg.shape[1])
    if ratio > 1 or (rule == "indexnet" and ratio < 1):
        # The wanted side is met exactly, where a product of floats could go one pixel beyond it.
        target = tuple(max(side, math.ceil(own * ratio - 1e-6)) for side, own in zip(size, bg.shape[:2], strict=True))
        bg = warped(bg, scaling(bg.shape[:2], target), target, interpolation)
    return replace(sample, bg=window(bg, 0, 0, *size), placed=True)


COARSE = 16


def merge(sample: Sample, rng: np.random.Generator, *, interpolation: Interpolation = "nearest") -> Sample:
    """Put another foreground of the sources, stretched to the same size, behind this one.

    Nothing is merged if the two would cover the picture, as in the released code. A composed image stays as it is.

    References
    ----------
    A2U, section 6.3 (after GCA Matting): with a probability of 0.5.
    """
    if sample.fg is None or sample.image is not None or sample.draw is None:
        return sample
    fg, alpha = sample.draw(rng)
    matrix = scaling(alpha.shape[:2], sample.size)
    lazy = not isinstance(sample.alpha, np.ndarray)
    fg, alpha = (
        warped(stored(each) if lazy else each, matrix, sample.size, interpolation, "edge") for each in (fg, alpha)
    )
    if _cover(sample.alpha, alpha):
        return sample
    return replace(
        sample,
        fg=pointwise(lambda *four: join(*four)[0], sample.fg, sample.alpha, fg, alpha),
        alpha=pointwise(lambda one, two: 1 - (1 - one) * (1 - two), sample.alpha, alpha),
    )


def _cover(alpha: Pixels, other: Pixels) -> bool:
    """Whether no pixel shows what is behind two foregrounds; a coarse look nearly always finds one."""
    either = pointwise(np.maximum, stored(alpha), stored(other))
    rows, columns = (np.arange(length, dtype=np.int32) for length in alpha.shape[:2])
    if (either.at(rows[::COARSE, None], columns[None, ::COARSE]) < 1).any():
        return False
    return not (np.asarray(either) < 1).any()


def compose(sample: Sample, rng: np.random.Generator, *, gamma: tuple[float, float] = (1.0, 1.0)) -> Sample:
    """Make the image, alpha F + (1 - alpha) B; one that the source gives is kept.

    From then on colour steps change the image alone, and all pictures move together.

    Parameters
    ----------
    sample
    rng
    gamma : bounds, above 0, of the exponent drawn for it: F and B are raised to it, mixed, and the image raised to its
        inverse. With 1 encoded colours are mixed, as all papers do. A lens mixes light, whatever curve the camera
        applies to it afterwards: about 2.2 makes bright hair before dark leaves as opaque as a photograph shows it.
    """
    if min(gamma) <= 0:
        raise InputError(f"step compose: gamma = {gamma}, wanted bounds above 0. Change them.")
    if sample.fg is None or sample.image is not None:
        return sample
    if sample.bg is None or not sample.placed:
        found = "no background" if sample.bg is None else "a background that is not placed"
        raise InputError(f"augmentation: compose finds {found}. Take the step background before it.")
    if gamma == (1.0, 1.0):
        return replace(sample, image=pointwise(composite, sample.fg, sample.bg, sample.alpha))
    exponent = np.float32(rng.uniform(*gamma))

    def mixed(fg: np.ndarray, bg: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        return composite(fg**exponent, bg**exponent, alpha) ** (1 / exponent)

    return replace(sample, image=pointwise(mixed, sample.fg, sample.bg, sample.alpha))
