"""Putting the foreground before the background."""

from dataclasses import replace

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.composite import composite
from mattekit.samples.sample import Sample
from mattekit.samples.views import pointwise


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
