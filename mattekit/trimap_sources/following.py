"""The unknown band that follows the picture: found on a reduced one, by matting in a wide band and judging its pixels.

Where a mask's edge is clean, colours alone say so: matting a wide band by the classical methods gives alphas of 0 and
1, on which they agree. A perceptron weighs these, their doubts, the mask and the picture (`cues`); what it is sure of
is known, and all else unknown. Single strands that are too thin for the reduced picture are looked for on their own.
"""

import cv2
import numpy as np

from mattekit.baselines.priors import PRIORS
from mattekit.imaging.erosion import distance_inside
from mattekit.imaging.trimap import join, missing
from mattekit.trimap_sources.cues import SQUARE, Sides, cues
from mattekit.trimap_sources.pixel_classes import class_probabilities
from mattekit.trimap_sources.strands import line_contrast, strands

REASONS = (
    "background",
    "foreground",
    "edge",
    "unsure mask",
    "mixed colours",
    "beyond mixed colours",
    "strand",
    "against the mask",
)
BACKGROUND, FOREGROUND, EDGE, UNSURE, MIXED, BEYOND_MIXED, STRAND, AGAINST = range(8)

PIXELS = 160_000  # of the picture that the band is looked for on, about
REACH, JUDGED = 0.08, 0.16  # of the short side from the mask's edge: what is matted, and what may be unknown
LOW, HIGH = 0.15, 0.85  # probabilities between count as unsure
DOUBT = 0.02  # probability of all else up to which background is known
SHALLOW, DEEP = (0.02, 0.07), (0.05, 0.6)  # depths in the mask, of the short side, and the same for foreground there
WIDE = 8  # pixels of the reduced picture around what all methods find mixed: no depth counts there
MARGINS = 3, 2  # pixels of the reduced picture around what is unknown, on the background and on the foreground
STRAND_MARGIN = 5  # pixels
PLAIN = slice(1, 5)  # estimates of `baselines.coarse`, by methods that err in different places
AGREED = 0.05  # mixed where all of them say so and are less than this apart: wide soft edges, as of defocus
LIKELY = 0.3  # probability from which "mixed colours" is the reason
MISTAKE = 0.02  # of the short side: mistakes of masks that the colours may correct are narrower than this
INNERMOST = 5  # percent of a class that are always known


def following(image: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make a trimap whose unknown band follows the picture.

    Parameters
    ----------
    image : (H, W, 3) float32 RGB in 0..1
    probability : (H, W) float32 in 0..1
        How likely a pixel is foreground.

    Returns
    -------
    trimap : (H, W) float32 of 0, 0.5 and 1
    reasons : (H, W) uint8
        Index into `REASONS`.
    """
    size = _reduced_size(probability.shape)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    sides = Sides(cv2.resize(probability, size, interpolation=cv2.INTER_AREA), LOW, HIGH)
    contrast = line_contrast(image, sides.likely.shape)
    near = _near(sides)
    likely = _probabilities(small, sides, contrast, near)
    classes, opened = _opened(likely, sides, near)
    unknown = np.logical_or.reduce(list(opened.values()))
    lines = strands(contrast, unknown, np.where(sides.inside, 0, sides.distance)) & ~unknown
    opened[STRAND] = dilated(lines, STRAND_MARGIN) & ~sides.inside & ~unknown
    unknown |= opened[STRAND]
    return _at_full_size(classes, unknown, opened, probability)


def _near(sides: Sides) -> np.ndarray:
    """Mark the wide band (h, w); of a class that is thin everywhere, the innermost pixels are left out."""
    reach = max(4, REACH * sides.short)
    outer, inner = (_within(sides.distance[side], reach) for side in (~sides.inside, sides.inside))
    return sides.distance <= np.where(sides.inside, inner, outer)


def _within(distances: np.ndarray, reach: float) -> float:
    """Return the reach, or less, so that some pixels of a class, of which these are the distances, lie beyond it."""
    return min(reach, max(1.0, float(np.percentile(distances, 100 - INNERMOST)))) if distances.size else reach


def _probabilities(image: np.ndarray, sides: Sides, contrast: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Probabilities (h, w, 3) of background, mixed and foreground."""
    likely = np.stack([~sides.inside, np.zeros_like(near), sides.inside], axis=2).astype(np.float32)
    trimap = join(~near & ~sides.inside, ~near & sides.inside)
    if missing(trimap):
        likely[near] = 0, 1, 0
        return likely
    planes = PRIORS["coarse"].estimate(image, trimap)
    judged = sides.distance < JUDGED * sides.short
    likely[judged] = class_probabilities(np.stack([c[judged] for c in cues(image, sides, planes, contrast, near)], 1))
    alphas = planes[..., PLAIN].astype(np.float32)
    low, high = alphas.min(2), alphas.max(2)
    likely[near & (low > AGREED) & (high < 1 - AGREED) & (high - low < AGREED)] = 0, 1, 0
    return likely


def _opened(likely: np.ndarray, sides: Sides, near: np.ndarray) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Classes (h, w) bool of what is known, and regions (h, w) bool that are unknown, by reason."""
    classes = likely[..., 2] > likely[..., 0]
    # Methods find mixtures in textures of opaque foreground, and the more so the more of it is unknown.
    depths, doubts = zip(SHALLOW, DEEP, strict=True)
    doubt = np.interp(sides.depth / sides.short, depths, doubts)
    doubt[dilated(likely[..., 1] == 1, WIDE)] = SHALLOW[1]
    known = [likely[..., 0] > 1 - DOUBT, likely[..., 2] > 1 - doubt]
    touching = np.logical_and(*(cv2.dilate(side.astype(np.uint8), SQUARE) > 0 for side in known))
    unsure = ~(known[0] | known[1]) | touching
    off = distance_inside(~unsure) if unsure.any() else np.full(unsure.shape, np.inf, np.float32)
    unsure |= off <= np.where(classes, MARGINS[1], MARGINS[0])
    against = (classes != sides.inside) & (np.abs(sides.depth) > MISTAKE * sides.short)
    return classes, {
        EDGE: unsure,
        MIXED: unsure & (likely[..., 1] > LIKELY),
        BEYOND_MIXED: unsure & ~near,
        UNSURE: sides.soft & (np.abs(sides.depth) > REACH * sides.short),
        AGAINST: against,
    }


def _at_full_size(
    classes: np.ndarray, unknown: np.ndarray, opened: dict[int, np.ndarray], probability: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Trimap and reasons (H, W) of classes and regions (h, w); parts that the reduced mask has lost are unknown."""
    shape = probability.shape
    known = [_enlarged(~unknown & side, shape) for side in (~classes, classes)]
    if classes.shape != shape:
        inside = probability >= 0.5
        lost = [_lost(region, classes.shape) for region in (inside, ~inside)]
        known = [side & ~thin for side, thin in zip(known, lost, strict=True)]
    reasons = np.full(shape, EDGE, np.uint8)
    for reason, region in opened.items():
        reasons[_enlarged(region, shape, touched=True)] = reason
    reasons[known[0]], reasons[known[1]] = BACKGROUND, FOREGROUND
    return join(*known), reasons


def _lost(region: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels of a region (H, W) of which nothing is left on a picture of another size, such as wires."""
    levels = np.where(region, np.uint8(255), np.uint8(0))
    small = cv2.resize(levels, size[::-1], interpolation=cv2.INTER_AREA) > 127
    return region & ~_enlarged(cv2.dilate(small.astype(np.uint8), SQUARE) > 0, region.shape, touched=True)


def dilated(region: np.ndarray, radius: float) -> np.ndarray:
    """Pixels (h, w) within a radius of a region."""
    return distance_inside(~region) <= radius if region.any() else region


def _reduced_size(shape: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, (PIXELS / (shape[0] * shape[1])) ** 0.5)
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _enlarged(region: np.ndarray, shape: tuple[int, int], *, touched: bool = False) -> np.ndarray:
    """Region (h, w) at full size: where all that is interpolated from belongs to it, or any of that if `touched`."""
    share = cv2.resize(np.where(region, np.uint8(255), np.uint8(0)), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return share > 0 if touched else share == 255
