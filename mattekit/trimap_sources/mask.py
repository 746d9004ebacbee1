"""A rough mask as a source: a trimap whose unknown band follows the picture, not one radius."""

import cv2
import numpy as np

from mattekit.baselines.sampling import shared
from mattekit.baselines.smoothing import smoothed
from mattekit.errors import InputError
from mattekit.imaging.trimap import join, missing
from mattekit.trimap_sources.band import Band, width_of
from mattekit.trimap_sources.source import SourcedTrimap

REASONS = ("background", "foreground", "edge", "unsure mask", "mixed colours")
BACKGROUND, FOREGROUND, EDGE, UNSURE, MIXED = range(5)

PIXELS = 160_000  # of the picture that the band is looked for on, about
REACH = 0.05  # of the short side: half the width of the region that is matted at first
LOW, HIGH = 0.04, 0.96  # alphas between count as mixed, probabilities between as unsure
ROUNDS = 3  # of matting, each in a wider region where mixed pixels reach the rim of the last
MARGIN = 3  # pixels of the reduced picture around what is mixed


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
    if not (mask.min() >= 0 and mask.max() <= 1):  # false for NaN, too
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
    return _following(image, probability)


def size_text(pixels: np.ndarray) -> str:
    """Return the size of a picture as messages have it: width x height."""
    return f"{pixels.shape[1]}x{pixels.shape[0]}"


def _plain(probability: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Trimap and reasons of a band of one width around the edge and the unsure pixels."""
    unsure = (probability > LOW) & (probability < HIGH)
    inside = probability >= 0.5
    known = ~unsure if width == 0 else _distance_to_edge(inside, unsure) > width
    reasons = np.where(inside, FOREGROUND, BACKGROUND).astype(np.uint8)
    reasons[~known] = EDGE
    reasons[unsure] = UNSURE
    return join(known & ~inside, known & inside), reasons


def _distance_to_edge(inside: np.ndarray, unsure: np.ndarray) -> np.ndarray:
    """Distance of each pixel from the nearest of the other class, or the nearest unsure one, in pixels."""
    return np.where(inside, _distance(inside & ~unsure), _distance(~inside & ~unsure))


def _distance(region: np.ndarray) -> np.ndarray:
    """Distance of the pixels in a region (H, W) from all others, 0 outside."""
    return cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _following(image: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trimap and reasons of a band that follows the picture."""
    size = _reduced_size(probability.shape)
    small = cv2.resize(image.clip(0, 1), size, interpolation=cv2.INTER_AREA)
    likely = cv2.resize(probability, size, interpolation=cv2.INTER_AREA)
    estimates, near = _matted(small, likely)
    inside = estimates[-1] >= 0.5
    doubtful = mixed(*estimates) & near
    edge = cv2.morphologyEx(inside.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    unknown = _dilated(doubtful | edge, MARGIN)
    known = [_enlarged(~unknown & side, probability.shape) for side in (~inside, inside)]
    reasons = np.full(probability.shape, EDGE, np.uint8)
    reasons[_enlarged(_dilated(doubtful, MARGIN), probability.shape, touched=True)] = MIXED
    reasons[(probability > LOW) & (probability < HIGH)] = UNSURE
    reasons[known[0]], reasons[known[1]] = BACKGROUND, FOREGROUND
    return join(*known), reasons


def _matted(image: np.ndarray, probability: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Two estimates of alpha in a region about the mask's edge, and that region (h, w)."""
    inside = probability >= 0.5
    reach = max(4, round(REACH * min(inside.shape)))
    near = _distance_to_edge(inside, (probability > LOW) & (probability < HIGH)) <= reach
    estimates = [inside.astype(np.float32)]
    for _ in range(ROUNDS):
        trimap = join(~near & ~inside, ~near & inside)
        if missing(trimap):
            break
        colours = shared(image, trimap).alpha
        estimates = [colours, smoothed(image, trimap, colours, 0.01)]
        at_rim = mixed(*estimates) & near & _dilated(~near, 3)
        wider = near | _dilated(at_rim, reach)
        if np.array_equal(wider, near):
            break
        near = wider
    return estimates, near


def mixed(*alphas: np.ndarray) -> np.ndarray:
    """Mask of the pixels where any of some alphas (H, W) is neither 0 nor 1, single pixels left out."""
    found = np.zeros(alphas[0].shape, bool)
    for alpha in alphas:
        smooth = cv2.medianBlur(alpha.astype(np.float32), 3)
        found |= (smooth > LOW) & (smooth < HIGH)
    return found


def _reduced_size(shape: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, (PIXELS / (shape[0] * shape[1])) ** 0.5)
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _dilated(region: np.ndarray, radius: int) -> np.ndarray:
    return _distance(~region) <= radius if region.any() else region


def _enlarged(region: np.ndarray, shape: tuple[int, int], *, touched: bool = False) -> np.ndarray:
    """Region (h, w) at full size: where all that is interpolated from belongs to it, or any of that if `touched`."""
    share = cv2.resize(region.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return share > 0.001 if touched else share > 0.999
