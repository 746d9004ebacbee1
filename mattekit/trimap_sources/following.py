"""The unknown band that follows the picture: found on a reduced one, by matting in a wide band and judging its pixels.

Where a mask's edge is clean, colours alone say so: matting a wide band by the classical methods gives alphas of 0 and
1, on which they agree. A small network weighs these, the mask and the picture (`band_network`); what it is sure of is
known, and all else unknown. Single strands that are too thin for the reduced picture are looked for on their own.
"""

import cv2
import numpy as np

from mattekit.imaging.erosion import distance_inside
from mattekit.imaging.trimap import join
from mattekit.trimap_sources.band_network import JUDGED, class_probabilities, evenly_mixed, planes_of
from mattekit.trimap_sources.mask_edge import REACH, MaskEdge
from mattekit.trimap_sources.strands import CONTRAST, FLOOR, line_contrast, strands, usual_contrast

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
DOUBT, DOUBT_OF_LINE = 0.2, 0.015  # probabilities of all else up to which background is known, and on thin lines
SHALLOW, DEEP = (0.02, 0.2), (0.05, 0.4)  # depths in the mask, of the short side, and the same for foreground there
CORE = 0.3  # probability of mixed that a doubtful part holds somewhere
MARGINS = 3, 2  # pixels of the reduced picture around what is unknown, on the background and on the foreground
STRAND_MARGIN = 5  # pixels
LIKELY = 0.3  # probability from which "mixed colours" is the reason
MISTAKE = 0.02  # of the short side: mistakes of masks that the colours may correct are narrower than this
SQUARE = np.ones((3, 3), np.uint8)


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
    size = reduced_size(probability.shape)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    edge = MaskEdge(cv2.resize(probability, size, interpolation=cv2.INTER_AREA))
    contrast = line_contrast(image, edge.likely.shape)
    likely = _probabilities(small, contrast, edge)
    classes, opened = _opened(likely, edge, contrast)
    unknown = np.logical_or.reduce(list(opened.values()))
    lines = strands(contrast, unknown, np.where(edge.inside, 0, edge.distance)) & ~unknown
    opened[STRAND] = dilated(lines, STRAND_MARGIN) & ~edge.inside & ~unknown
    unknown |= opened[STRAND]
    return _at_full_size(classes, unknown, opened, probability)


def _probabilities(image: np.ndarray, contrast: np.ndarray, edge: MaskEdge) -> np.ndarray:
    """Probabilities (h, w, 3) of background, mixed and foreground."""
    likely = np.stack([~edge.inside, np.zeros_like(edge.inside), edge.inside], axis=2).astype(np.float32)
    planes = planes_of(image, contrast, edge)
    if planes is None:
        likely[edge.near] = 0, 1, 0
        return likely
    judged = edge.distance < JUDGED * edge.short
    likely[judged] = class_probabilities(planes)[judged]
    likely[evenly_mixed(planes)] = 0, 1, 0
    return likely


def _opened(likely: np.ndarray, edge: MaskEdge, contrast: np.ndarray) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Classes (h, w) bool of what is known, and regions (h, w) bool that are unknown, by reason."""
    classes = likely[..., 2] > likely[..., 0]
    # Texture inside the subject looks like mixtures, and rarely is one.
    doubt = np.interp(edge.depth / edge.short, *zip(SHALLOW, DEEP, strict=True))
    line = contrast > CONTRAST * usual_contrast(contrast) + FLOOR
    known = likely[..., 0] > 1 - np.where(line, DOUBT_OF_LINE, DOUBT), likely[..., 2] > 1 - doubt
    touching = np.logical_and(*(cv2.dilate(side.view(np.uint8), SQUARE) > 0 for side in (classes, ~classes)))
    unsure = _holding(~(known[0] | known[1]) | touching, touching | (likely[..., 1] > CORE))
    off = distance_inside(~unsure) if unsure.any() else np.full(unsure.shape, np.inf, np.float32)
    unsure |= off <= np.where(classes, MARGINS[1], MARGINS[0])
    against = (classes != edge.inside) & (np.abs(edge.depth) > MISTAKE * edge.short)
    return classes, {
        EDGE: unsure,
        MIXED: unsure & (likely[..., 1] > LIKELY),
        BEYOND_MIXED: unsure & ~edge.near,
        UNSURE: edge.soft & (np.abs(edge.depth) > REACH * edge.short),
        AGAINST: against,
    }


def _holding(region: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Connected parts (h, w) of a region that hold a pixel of a core."""
    count, labels = cv2.connectedComponents(region.view(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[core]] = True
    kept[0] = False
    return kept[labels]


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
    names = np.full(classes.shape, EDGE, np.uint8)
    for reason, region in opened.items():
        names[region] = reason
    reasons = cv2.resize(names, shape[::-1], interpolation=cv2.INTER_NEAREST)
    reasons[known[0]], reasons[known[1]] = BACKGROUND, FOREGROUND
    return join(*known), reasons


def _lost(region: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels of a region (H, W) of which nothing is left on a picture of another size, such as wires."""
    small = cv2.resize(region.view(np.uint8) * np.uint8(255), size[::-1], interpolation=cv2.INTER_AREA) > 127
    return region & ~_enlarged(cv2.dilate(small.astype(np.uint8), SQUARE) > 0, region.shape, touched=True)


def dilated(region: np.ndarray, radius: float) -> np.ndarray:
    """Pixels (h, w) within a radius of a region."""
    return distance_inside(~region) <= radius if region.any() else region


def reduced_size(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the width and height of the reduced picture, at most those of a picture of a shape (H, W)."""
    scale = min(1.0, (PIXELS / (shape[0] * shape[1])) ** 0.5)
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _enlarged(region: np.ndarray, shape: tuple[int, int], *, touched: bool = False) -> np.ndarray:
    """Region (h, w) at full size: where all that is interpolated from belongs to it, or any of that if `touched`."""
    share = cv2.resize(region.view(np.uint8) * np.uint8(255), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return share > 0 if touched else share == 255
