"""A rough mask as a source: a trimap whose unknown band follows the picture, not one radius."""

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.trimap import join
from mattekit.trimap_sources.band import Band, width_of
from mattekit.trimap_sources.following import BACKGROUND, EDGE, FOREGROUND, REASONS, UNSURE, following
from mattekit.trimap_sources.mask_edge import MaskEdge
from mattekit.trimap_sources.source import SourcedTrimap

ROUNDING = 1e-4  # beyond 0..1, as resizing leaves


class MaskSource:
    """Trimaps of a rough mask, hard or soft.

    Parameters
    ----------
    mask : (H, W) float32 in 0..1
        How likely a pixel is foreground; of the picture's size.
    band : "auto", "PX" or "PERCENT%"
        See `band.width_of`.

    Raises
    ------
    InputError
        If the mask holds other values, or no foreground or no background.
    """

    name = "mask"

    def __init__(self, mask: np.ndarray, band: Band = "auto"):
        require_probability(mask)
        self.mask, self.band = mask, band

    def __call__(self, image: np.ndarray) -> SourcedTrimap:
        """Return the trimap of an image (H, W, 3) of the mask's size."""
        trimap, reasons = adaptive_trimap(image, self.mask, band=self.band)
        return SourcedTrimap(trimap, self.mask, reasons, REASONS, {"band": str(self.band)})


def require_probability(mask: np.ndarray) -> None:
    """Raise InputError unless an array is (H, W) in 0..1 with a pixel on each side of 0.5."""
    if mask.ndim != 2 or not mask.size:
        raise InputError(f"shape {mask.shape}, wanted (H, W).")
    if not (mask.min() >= -ROUNDING and mask.max() <= 1 + ROUNDING):  # false for NaN, too
        raise InputError(f"values {mask.min():g}..{mask.max():g}, wanted 0..1. Divide by the full scale.")
    if mask.max() < 0.5:
        raise InputError("an empty mask, wanted some foreground (white).")
    if mask.min() >= 0.5:
        raise InputError("a full mask, wanted some background (black).")


def adaptive_trimap(
    image: np.ndarray, probability: np.ndarray, *, band: Band = "auto"
) -> tuple[np.ndarray, np.ndarray]:
    """Make a trimap of a rough mask, unknown where the mask is unsure or the picture mixes foreground and background.

    Parameters
    ----------
    image : (H, W, 3) float32 RGB, clipped to 0..1
    probability : (H, W) float32 in 0..1
        How likely a pixel is foreground.
    band : "auto", "PX" or "PERCENT%"
        "auto" follows the picture; otherwise the distance from the mask's edge, see `band.width_of`.

    Returns
    -------
    trimap : (H, W) float32 of 0, 0.5 and 1
    reasons : (H, W) uint8
        Index into `REASONS`.

    Raises
    ------
    InputError
        If sizes differ, or the probability is not in 0..1, or nowhere below or nowhere from 0.5.
    """
    require_probability(probability)
    if image.shape[:2] != probability.shape:
        raise InputError(f"{size_text(probability)}, but the picture is {size_text(image)}.")
    width = width_of(band, probability.shape)
    if width is not None:
        return _plain(probability, width)
    return following(image, probability)


def size_text(pixels: np.ndarray) -> str:
    """Return the size of a picture as messages have it: width x height."""
    return f"{pixels.shape[1]}x{pixels.shape[0]}"


def _plain(probability: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Trimap and reasons of a band of one width around the edge and the unsure pixels."""
    edge = MaskEdge(probability)
    known = ~edge.soft if width == 0 else edge.distance > width
    reasons = np.where(edge.inside, FOREGROUND, BACKGROUND).astype(np.uint8)
    reasons[~known] = EDGE
    reasons[edge.soft] = UNSURE
    return join(known & ~edge.inside, known & edge.inside), reasons
