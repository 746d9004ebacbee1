"""Estimates of alpha by classical methods, for networks that correct them."""

from dataclasses import replace
from typing import Literal

import numpy as np

from mattekit.baselines.coarse import PRIORS
from mattekit.data.augment.colours import floats
from mattekit.data.sample import Sample
from mattekit.errors import InputError


def prior(
    sample: Sample, rng: np.random.Generator, *, name: Literal[*PRIORS] = "coarse", factors: tuple[int, ...] = (2,)
) -> Sample:
    """Make a row of `baselines.coarse.PRIORS` from image and trimap, on a picture so many times smaller.

    One of `factors` is drawn: larger pictures than a crop are reduced more.
    """
    if sample.image is None or sample.trimap is None:
        raise InputError(
            "augmentation: prior finds no image or no trimap. Take the steps trimap and compose before it."
        )
    factor = int(rng.choice(factors))
    image, trimap = floats(sample.image), floats(sample.trimap)
    return replace(sample, prior=PRIORS[name].estimate(image, trimap, factor))
