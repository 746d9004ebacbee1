"""Putting the foreground before the background."""

from dataclasses import replace

import numpy as np

from mattekit.data.sample import Sample
from mattekit.data.views import pointwise
from mattekit.errors import InputError
from mattekit.imaging.composite import composite


def compose(sample: Sample, rng: np.random.Generator) -> Sample:
    """Make the image, alpha F + (1 - alpha) B; one that the source gives is kept.

    From then on colour steps change the image alone, and all pictures move together.
    """
    if sample.fg is None or sample.image is not None:
        return sample
    if sample.bg is None or not sample.placed:
        found = "no background" if sample.bg is None else "a background that is not placed"
        raise InputError(f"augmentation: compose finds {found}. Take the step background before it.")
    return replace(sample, image=pointwise(composite, sample.fg, sample.bg, sample.alpha))
