"""The trimap of a probability that a network or GrabCut found, which is trusted far from where it is unsure."""

from typing import Any, NamedTuple

import numpy as np

from mattekit.imaging.erosion import distance_inside
from mattekit.trimap_sources.band import Band
from mattekit.trimap_sources.following import BACKGROUND, FOREGROUND, REASONS
from mattekit.trimap_sources.mask import adaptive_trimap
from mattekit.trimap_sources.source import SourcedTrimap

UNSURE = 0.05  # probabilities from this on, and as far below 1, are no longer sure


class Reach(NamedTuple):
    """Distances, as shares of the short side, beyond which sure pixels are known: into the foreground, and out of it.

    Networks and GrabCut miss single hairs, which reach far out; into what they are sure of they err less.
    """

    inward: float
    outward: float


def sourced(
    image: np.ndarray, probability: np.ndarray, band: Band, reach: Reach, facts: dict[str, Any]
) -> SourcedTrimap:
    """Make a trimap by `mask.adaptive_trimap` whose band does not reach far into what is sure.

    Dark hair before a dark ground, or an eye of its colour, looks mixed to what follows the picture, and would open up
    whole heads; a cluttered ground would leave traces of itself.

    Parameters
    ----------
    image : (H, W, 3) float32, sRGB-coded RGB
    probability : (H, W) float32 in 0..1
    band : "auto", "PX" or "PERCENT%"
        See `band.width_of`; other bands than "auto" are as wide as they say.
    reach : Reach
    facts : dict
        For the result.
    """
    trimap, reasons = adaptive_trimap(image, probability, band=band)
    if band == "auto":
        foreground = _farther(probability >= 1 - UNSURE, reach.inward)
        background = _farther(probability <= UNSURE, reach.outward)
        trimap[foreground], reasons[foreground] = 1, FOREGROUND
        trimap[background], reasons[background] = 0, BACKGROUND
    return SourcedTrimap(trimap, probability, reasons, REASONS, facts)


def _farther(region: np.ndarray, share: float) -> np.ndarray:
    """Pixels of a region (H, W) farther than a share of the short side from all others."""
    return distance_inside(region) > share * min(region.shape)
