"""How a background is brought to the size of the foreground."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from mattekit.samples.augment.move import scaling
from mattekit.samples.sample import Sample
from mattekit.samples.views import window
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
