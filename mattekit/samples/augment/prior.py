"""Estimates of alpha by classical methods, for networks that correct them."""

from dataclasses import replace
from typing import Literal

import numpy as np

from mattekit.baselines.coarse import PRIORS
from mattekit.errors import InputError
from mattekit.samples.augment.colours import floats
from mattekit.samples.sample import Sample


def prior(sample: Sample, rng: np.random.Generator, *, name: Literal[*PRIORS] = "coarse") -> Sample:
    """Make a row of `baselines.coarse.PRIORS` from image and trimap."""
    if sample.image is None or sample.trimap is None:
        raise InputError(
            "augmentation: prior finds no image or no trimap. Take the steps trimap and compose before it."
        )
    return replace(sample, prior=PRIORS[name].estimate(floats(sample.image), floats(sample.trimap)))
