"""Test-time augmentation: one method's answers to flipped, transposed and resized views of a picture, averaged.

Works for networks and classical methods alike (LSA section 5.1 uses it, "TTA" of its Table 1).
"""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known

log = logging.getLogger("mattekit")

Method = Callable[[np.ndarray, np.ndarray], np.ndarray]  # image (H, W, 3) and trimap (H, W) -> alpha (H, W)
Several = Callable[[Sequence[tuple[np.ndarray, np.ndarray]]], Sequence[np.ndarray]]  # as many of one size


class View(NamedTuple):
    """One of eight ways to lay a picture down: perhaps transposed, then each axis read forwards (1) or back (-1)."""

    transposed: bool
    rows: int
    columns: int

    def of(self, array: np.ndarray) -> np.ndarray:
        """The view of (H, W) or (H, W, C)."""
        turned = np.swapaxes(array, 0, 1) if self.transposed else array
        return np.ascontiguousarray(turned[:: self.rows, :: self.columns])

    def back(self, array: np.ndarray) -> np.ndarray:
        """What `of` was given, from what it gave."""
        turned = array[:: self.rows, :: self.columns]
        return np.swapaxes(turned, 0, 1) if self.transposed else turned


VIEWS = [View(transposed, rows, columns) for transposed in (False, True) for rows in (1, -1) for columns in (1, -1)]

MODES = {  # scales, and views at each of them
    "none": ((1.0,), VIEWS[:1]),
    "flip": ((1.0,), VIEWS[:2]),
    "dihedral": ((1.0,), VIEWS),
    "full": ((0.8, 1.0, 1.25), VIEWS),  # LSA's
}


def augmented(method: Method, mode: str, several: Several | None = None) -> Method:
    """Wrap a method so that it returns the average over views.

    Parameters
    ----------
    method : function of image (H, W, 3) and trimap (H, W), giving alpha (H, W)
    mode : "none", "flip" (2 views), "dihedral" (8) or "full" (8 at each of the scales 0.8, 1 and 1.25)
        At other scales than 1 images and alphas are resized bicubically, trimaps to the nearest pixel.
    several : function of a sequence of such pairs, giving their alphas, optional
        Computes views of one size at once, where that gains time; otherwise `method` computes one after another.

    Returns
    -------
    function like `method`; known pixels are exactly 0 and 1

    Raises
    ------
    InputError
        If the mode has another name.
    """
    if mode not in MODES:
        raise InputError(f"test-time augmentation: {mode!r}, wanted one of {', '.join(MODES)}.")
    if mode == "none":
        return method
    scales, views = MODES[mode]
    compute = several or (lambda batch: [method(image, trimap) for image, trimap in batch])

    def predict(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        alphas = [_at_scale(compute, views, image, trimap, scale) for scale in scales]
        alphas = [alpha for alpha in alphas if alpha is not None]
        return pin_known((sum(alphas) / len(alphas)).clip(0, 1), trimap)

    return predict


def _at_scale(
    compute: Several, views: Sequence[View], image: np.ndarray, trimap: np.ndarray, scale: float
) -> np.ndarray | None:
    """Mean over the views at one scale, (H, W); None if the trimap loses a class at that scale."""
    if scale == 1:
        return _mean(compute, views, image, trimap)
    height, width = trimap.shape
    size = max(1, int(width * scale)), max(1, int(height * scale))
    resized = cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST)
    if np.unique(resized).size < np.unique(trimap).size:
        log.info("scale %g leaves out a class of the trimap; without that scale.", scale)
        return None
    alpha = _mean(compute, views, _resize(image, size), resized)
    return cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC)


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bicubically, to (width, height); a picture of 8 bits remains one, as in LSA's released code."""
    resized = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    if np.abs(image * 255 - np.rint(image * 255)).max() > 1e-3:
        return resized
    return np.rint(255 * resized.clip(0, 1)) / np.float32(255)


def _mean(compute: Several, views: Sequence[View], image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    total = np.zeros(trimap.shape, np.float32)
    for transposed in (False, True):  # views of one size
        group = [view for view in views if view.transposed == transposed]
        alphas = compute([(view.of(image), view.of(trimap)) for view in group])
        for view, alpha in zip(group, alphas, strict=True):
            total += view.back(alpha)
    return total / len(views)
