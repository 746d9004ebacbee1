"""Eroding a mask by a disc or by OpenCV's elliptical kernel, at a cost that hardly depends on the radius."""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np

from mattekit.errors import InputError

Shape = Literal["ellipse", "distance"]
SHAPES: tuple[Shape, ...] = ("ellipse", "distance")

# cv2.erode visits the whole kernel at every pixel; beyond this side the distance transform is faster (measured).
LARGEST_DIRECT_KERNEL = 45


def erode(mask: np.ndarray, radius: int, shape: Shape) -> np.ndarray:
    """Keep the pixels of a mask that have no pixel outside it within `radius`.

    Parameters
    ----------
    mask : (H, W) bool
    radius : int >= 0, in pixels
        0 keeps all.
    shape : "ellipse" or "distance"
        The neighbourhood: OpenCV's elliptical kernel of side 2 radius + 1, which is slightly larger than a disc, or
        the exact disc of all pixels whose Euclidean distance is at most `radius`.

    Returns
    -------
    (H, W) bool
        The border of the image erodes nothing.
    """
    if shape not in SHAPES:
        raise InputError(f"shape: {shape!r} is unknown. Choose from {', '.join(SHAPES)}.")
    if shape == "ellipse":
        return erode_by_kernel(mask, 2 * radius + 1)
    return erode_by_distance(mask, radius)


def erode_by_kernel(mask: np.ndarray, side: int) -> np.ndarray:
    """Erode by OpenCV's elliptical kernel of `side` x `side` pixels, pixel for pixel as cv2.erode does.

    A large kernel is split into its inner disc, which the distance transform answers, and the few offsets
    outside it, which are tried only at the pixels where they can decide.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    if mask.all():
        return mask.copy()
    if side <= LARGEST_DIRECT_KERNEL:
        return cv2.erode(mask.view(np.uint8), kernel).view(bool)  # no copies: a mask of 256 megapixels is 256 MB
    reach = np.arange(side) - side // 2
    squared = reach[:, None] ** 2 + reach**2  # squared length of each offset, (side, side)
    # All offsets shorter than `inner` belong to the kernel; the first one right of it is a hole like any other.
    inner = int(squared[kernel == 0].min(initial=(reach[-1] + 1) ** 2))
    distance = distance_inside(mask)
    kept = distance > _between(inner - 1)
    rows, columns = np.nonzero(kept & (distance < _between(squared[kernel > 0].max())))
    padded = np.pad(mask, side // 2, constant_values=True)
    survives = np.ones(len(rows), bool)
    for down, right in np.argwhere((kernel > 0) & (squared >= inner)):
        survives &= padded[rows + down, columns + right]
    kept[rows, columns] = survives
    return kept


def erode_by_distance(mask: np.ndarray, radius: int) -> np.ndarray:
    """Keep the pixels whose Euclidean distance to the nearest pixel outside the mask is more than `radius`."""
    return erode_by_distances(mask, [radius])[0]


def erode_by_distances(mask: np.ndarray, radii: Sequence[int]) -> list[np.ndarray]:
    """Erode by each of several radii, at the cost of one: see `erode_by_distance`."""
    if mask.all():
        return [mask.copy() for _ in radii]
    distance = distance_inside(mask)
    return [distance > _between(radius * radius) for radius in radii]


def distance_inside(region: np.ndarray) -> np.ndarray:
    """Return the Euclidean distance (H, W) float32, in pixels, of a region's pixels from all others; 0 outside it.

    Parameters
    ----------
    region : (H, W) bool
    """
    return cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _between(squared: int) -> float:
    # Squared distances are whole numbers: halfway between two of them float32 cannot decide wrongly.
    return float(np.sqrt(squared + 0.5))
