"""Cues of every pixel to whether it is background, mixed or foreground: what `pixel_classes` judges by.

Their order and their formulas are those that the weights in `pixel_classes.npz` were trained with.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from mattekit.baselines.priors import COARSE_ESTIMATES
from mattekit.imaging.erosion import distance_inside
from mattekit.trimap_sources.strands import CONTRAST, FLOOR, LARGEST_NOISE, usual_contrast

SQUARE = np.ones((3, 3), np.uint8)
SPREADS = (1.5, 4.0, 10.0)  # pixels
MIXED = 0.02  # alphas from this on, and as far below 1, count as mixed
ZONE, ALONG = (0.01, 0.06), 0.04  # of the short side: distances from the mask's edge, and how far along it


class Sides:
    """A mask on the reduced picture.

    Attributes
    ----------
    likely : (h, w) float32, probability of the foreground
    inside, soft : (h, w) bool, whether it is 0.5 or more, and whether the mask is unsure
    depth : (h, w) float32, distance in pixels from the mask's edge, negative in the background
    distance : (h, w) float32, in pixels from the mask's edge or the nearest unsure pixel
    short : int, the short side in pixels
    """

    def __init__(self, likely: np.ndarray, low: float, high: float):
        self.likely, self.inside, self.short = likely, likely >= 0.5, min(likely.shape)
        self.soft = (likely > low) & (likely < high)
        self.depth = np.where(self.inside, distance_inside(self.inside), -distance_inside(~self.inside))
        self.distance = np.where(
            self.inside, distance_inside(self.inside & ~self.soft), distance_inside(~self.inside & ~self.soft)
        )


def cues(
    image: np.ndarray, sides: Sides, planes: np.ndarray, contrast: np.ndarray, near: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield the cues (h, w) float32 of a reduced picture.

    Parameters
    ----------
    image : (h, w, 3) float32 RGB in 0..1
    sides : Sides
    planes : (h, w, 11) of `baselines.coarse` with `near` unknown
    contrast : (h, w) float32 of `strands.line_contrast`
    near : (h, w) bool
    """
    planes = planes.astype(np.float32)
    yield from np.moveaxis(planes, 2, 0)
    alphas = planes[..., : len(COARSE_ESTIMATES)]
    blend = alphas[..., 0]
    between = ((blend > MIXED) & (blend < 1 - MIXED)).astype(np.float32)
    yield from _agreement(alphas, blend, between)
    yield from _of_mask(sides, blend)
    for zone in (~sides.inside, sides.inside):
        yield _share_of_zone(between, zone, sides)
    yield from _of_lines(contrast)
    yield from _of_texture(image)
    for side in (sides.inside & near, ~sides.inside & near):
        yield np.full(blend.shape, between[side].mean() if side.any() else 0, np.float32)


def _agreement(alphas: np.ndarray, blend: np.ndarray, between: np.ndarray) -> Iterator[np.ndarray]:
    """Mixture that estimates of alpha see, each for itself, their disagreement, and both around the pixel."""
    low, high = alphas[..., 1:5].min(2), alphas[..., 1:5].max(2)
    mixture = (4 * alphas * (1 - alphas)).mean(2)
    yield from (low, high, mixture, between)
    doubtful = ((high > MIXED) & (low < 1 - MIXED)).astype(np.float32)
    for values in (blend, mixture, between, doubtful):
        yield from (around(values, spread) for spread in SPREADS)
    yield from (cv2.dilate(mixture, SQUARE), cv2.erode(mixture, SQUARE))


def _of_mask(sides: Sides, blend: np.ndarray) -> Iterator[np.ndarray]:
    """The mask around the pixel, the place relative to its edge, and where alpha contradicts it."""
    likely, depth, short = sides.likely, sides.depth, sides.short
    yield from (likely, sides.soft.astype(np.float32), around(likely, 3), around(likely, 10))
    yield from (np.tanh(depth / (0.01 * short)), np.tanh(depth / (0.03 * short)))
    yield from ((depth / (0.1 * short)).clip(-2, 2), sides.distance / (0.1 * short))
    off = np.abs(blend - likely)
    contradicts = ((blend >= 0.5) != sides.inside).astype(np.float32)
    yield from (off, around(contradicts, 0.02 * short), around(off, 0.01 * short))


def _share_of_zone(between: np.ndarray, zone: np.ndarray, sides: Sides) -> np.ndarray:
    """Share (h, w) of mixed pixels at some distance from the mask's edge on one side of it: hair is, cloth is not."""
    off, short = np.abs(sides.depth), sides.short
    zone = (zone & (off > ZONE[0] * short) & (off < ZONE[1] * short)).astype(np.float32)
    return around(between * zone, ALONG * short) / (around(zone, ALONG * short) + np.float32(0.02))


def _of_lines(contrast: np.ndarray) -> Iterator[np.ndarray]:
    """Contrast of a pixel with what is around it, and with what is usual there."""
    contrast, usual = contrast.clip(0, LARGEST_NOISE), usual_contrast(contrast)
    ratio = (contrast / (CONTRAST * usual + FLOOR)).clip(0, 4)
    yield from (contrast * 10, usual * 10, ratio / 2, around((ratio > 1).astype(np.float32), 3))


def _of_texture(image: np.ndarray) -> Iterator[np.ndarray]:
    """Slope and standard deviation of the channel with the largest."""
    slopes = [np.abs(cv2.Sobel(image, cv2.CV_32F, *order)).max(2) for order in ((1, 0), (0, 1))]
    slope = np.maximum(*slopes)
    mean = around(image, 3)
    deviation = np.sqrt(np.maximum(around(image * image, 3) - mean * mean, 0)).max(2)
    yield from (slope.clip(0, 2), deviation * 4, around(slope, 4).clip(0, 2))


def around(values: np.ndarray, spread: float) -> np.ndarray:
    """Average by a Gaussian; wide ones on a reduced picture."""
    factor = 1
    while spread / factor >= 4:
        factor *= 2
    if factor == 1:
        return cv2.GaussianBlur(values, (0, 0), max(spread, 0.5))
    height, width = values.shape[:2]
    size = -(-width // factor), -(-height // factor)
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), spread / factor), (width, height))
