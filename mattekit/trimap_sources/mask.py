"""A rough mask as a source: a trimap whose unknown band follows the picture, not one radius."""

import cv2
import numpy as np

from mattekit.baselines.priors import PRIORS
from mattekit.errors import InputError
from mattekit.imaging.erosion import distance_inside
from mattekit.imaging.trimap import join, missing
from mattekit.trimap_sources.band import Band, width_of
from mattekit.trimap_sources.source import SourcedTrimap
from mattekit.trimap_sources.strands import strands

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
REACH = 0.08  # of the short side: half the width of the region that is matted
LOW, HIGH = 0.15, 0.85  # probabilities between count as unsure
MIXED_FROM = 0.02  # alphas from this on, and as far below 1, count as mixed
RIM, BEYOND = 0.3, 0.75  # of the reach: mixed pixels this near the rim of the region open it by this much
MARGIN = 3  # pixels of the reduced picture around what is mixed
WIDER = ((0.2, 5), (0.35, 9))  # margins where more than this share of the pixels around is mixed
SPREAD = 6.0  # pixels, of that share
STRAND_MARGIN = 4  # pixels
MISTAKE = 0.02  # of the short side: masks' mistakes that the colours may correct are narrower than this
DISPUTED = 0.3  # share of pixels that far around whose class the colours change, from which on they are not believed
CLEAN, CLEAN_SPREAD = (0.01, 0.06), 0.04  # of the short side: distances from the mask's edge, and how far along it
HAIRY = (0.2, 0.5)  # shares of the background at these distances that is mixed, from clean edges to hair
DEPTH = 0.02  # of the short side: depth of mixed foreground at clean edges; in hair it is the reach
ROUNDING = 1e-4  # beyond 0..1, as resizing leaves
INNERMOST = 5  # percent of a class that are always known


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


def _distance_to_edge(inside: np.ndarray, unsure: np.ndarray | bool = False) -> np.ndarray:
    """Distance of each pixel from the nearest of the other class, or the nearest unsure one, in pixels."""
    unsure = np.broadcast_to(unsure, inside.shape)
    return np.where(inside, distance_inside(inside & ~unsure), distance_inside(~inside & ~unsure))


def _following(image: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trimap and reasons of a band that follows the picture, found on a reduced one."""
    size = _reduced_size(probability.shape)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    likely = cv2.resize(probability, size, interpolation=cv2.INTER_AREA)
    inside, soft = likely >= 0.5, (likely > LOW) & (likely < HIGH)
    distance = _distance_to_edge(inside, soft)
    alpha, mixed, beyond = _matted(small, inside, distance)
    classes = alpha >= 0.5
    edge = cv2.morphologyEx(classes.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    short = min(inside.shape)
    opened = {
        MIXED: mixed,
        BEYOND_MIXED: beyond,
        UNSURE: soft & (_distance_to_edge(inside) > REACH * short),
        AGAINST: _share(classes != inside, MISTAKE * short) > DISPUTED,
    }
    unknown = _margins(mixed, edge) | np.logical_or.reduce(list(opened.values()))
    lines = strands(image, unknown, np.where(inside, 0, distance)) & ~unknown
    opened[STRAND] = _dilated(lines, STRAND_MARGIN)
    unknown |= opened[STRAND]
    known = [_enlarged(~unknown & side, probability.shape) for side in (~classes, classes)]
    reasons = np.full(probability.shape, EDGE, np.uint8)
    for reason, region in opened.items():
        reasons[_enlarged(region, probability.shape, touched=True)] = reason
    reasons[known[0]], reasons[known[1]] = BACKGROUND, FOREGROUND
    return join(*known), reasons


def _matted(image: np.ndarray, inside: np.ndarray, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Alpha (h, w) of a region about the mask's edge, where it is mixed, and where that may go on beyond the region.

    Of a class that is thin everywhere, the innermost pixels are taken for known.
    """
    reach = max(4, REACH * min(inside.shape))
    near = distance <= np.where(inside, _within(distance[inside], reach), _within(distance[~inside], reach))
    trimap = join(~near & ~inside, ~near & inside)
    if missing(trimap):
        return inside.astype(np.float32), near, np.zeros_like(near)
    alpha = PRIORS["coarse"].estimate(image, trimap)[..., 0].astype(np.float32)
    mixed = near & (alpha > MIXED_FROM) & (alpha < 1 - MIXED_FROM)
    mixed &= ~inside | (distance <= _depth(mixed & ~inside, ~inside, distance))
    at_rim = mixed & (distance > (1 - RIM) * reach)
    return alpha, mixed, _dilated(at_rim, BEYOND * reach) & ~near


def _depth(mixed: np.ndarray, outside: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Depth (h, w) in pixels to which colours of the foreground that look mixed are believed to be.

    Opaque foreground often has colours of the background, too. Where hair or blur leaves the mask, it begins inside;
    where the background right behind the mask's edge is clean, the foreground is.
    """
    short = min(mixed.shape)
    zone = outside & (distance > CLEAN[0] * short) & (distance < CLEAN[1] * short)
    share = _share(mixed & zone, CLEAN_SPREAD * short) / (_share(zone, CLEAN_SPREAD * short) + np.float32(0.02))
    low, high = HAIRY
    return short * (DEPTH + (REACH - DEPTH) * ((share - low) / (high - low)).clip(0, 1))


def _margins(mixed: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """Mixed and edge pixels with a margin, which is wider among many mixed ones, as in hair."""
    unknown = _dilated(mixed | edge, MARGIN)
    share = _share(mixed, SPREAD)
    for least, margin in WIDER:
        unknown |= _dilated(mixed & (share > least), margin)
    return unknown


def _share(region: np.ndarray, spread: float) -> np.ndarray:
    """Share (h, w) of the pixels around each one that belong to a region, weighted by a Gaussian."""
    return cv2.GaussianBlur(region.astype(np.float32), (0, 0), max(1.0, spread))


def _within(distances: np.ndarray, reach: float) -> float:
    """Return the reach, or less, so that some pixels of a class, of which these are the distances, lie beyond it."""
    return min(reach, max(1.0, float(np.percentile(distances, 100 - INNERMOST)))) if distances.size else reach


def _reduced_size(shape: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, (PIXELS / (shape[0] * shape[1])) ** 0.5)
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _dilated(region: np.ndarray, radius: int) -> np.ndarray:
    return distance_inside(~region) <= radius if region.any() else region


def _enlarged(region: np.ndarray, shape: tuple[int, int], *, touched: bool = False) -> np.ndarray:
    """Region (h, w) at full size: where all that is interpolated from belongs to it, or any of that if `touched`."""
    share = cv2.resize(np.where(region, np.uint8(255), np.uint8(0)), shape[::-1], interpolation=cv2.INTER_LINEAR)
    return share > 0 if touched else share == 255
