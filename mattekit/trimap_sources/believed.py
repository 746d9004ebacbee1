"""The trimap of a probability that a network or GrabCut found, which is trusted deep inside the foreground."""

from typing import Any

import cv2
import numpy as np

from mattekit.trimap_sources.band import Band
from mattekit.trimap_sources.mask import FOREGROUND, HIGH, REASONS, adaptive_trimap
from mattekit.trimap_sources.source import SourcedTrimap


def sourced(
    image: np.ndarray, probability: np.ndarray, band: Band, core: float, facts: dict[str, Any]
) -> SourcedTrimap:
    """Make a trimap by `mask.adaptive_trimap` whose band does not reach far into sure foreground.

    Dark hair before a dark ground, or an eye of its colour, looks mixed to what follows the picture, and would open up
    whole heads.

    Parameters
    ----------
    image : (H, W, 3) float32, sRGB-coded RGB
    probability : (H, W) float32 in 0..1
    band : "auto", "PX" or "PERCENT%"
        See `band.width_of`; other bands than "auto" are as wide as they say.
    core : float > 0
        Share of the short side from which on foreground is known, measured from where it is less than sure.
    facts : dict
        For the result.
    """
    trimap, reasons = adaptive_trimap(image, probability, band=band)
    if band == "auto":
        sure = (probability >= HIGH).astype(np.uint8)
        deep = cv2.distanceTransform(sure, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > core * min(sure.shape)
        trimap[deep], reasons[deep] = 1, FOREGROUND
    return SourcedTrimap(trimap, probability, reasons, REASONS, facts)
