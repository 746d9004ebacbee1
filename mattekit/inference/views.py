"""Test-time augmentation: the mean of a model's alphas of flipped, transposed and resized views of an image.

For networks and classical methods alike (LSA section 5.1, "TTA" of its Table 1).
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known

log = logging.getLogger("mattekit")

Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of image (H, W, 3) and trimap (H, W): alpha (H, W)
Pairs = Iterable[tuple[np.ndarray, np.ndarray]]  # of images and trimaps of one size
PredictAll = Callable[[Pairs], Iterable[np.ndarray]]


class View(NamedTuple):
    """One of eight orientations: perhaps transposed, then each axis read forwards (1) or backwards (-1)."""

    transposed: bool
    rows: int
    columns: int

    def apply(self, array: np.ndarray) -> np.ndarray:
        """Return the view of (H, W) or (H, W, C)."""
        oriented = np.swapaxes(array, 0, 1) if self.transposed else array
        return np.ascontiguousarray(oriented[:: self.rows, :: self.columns])

    def undo(self, array: np.ndarray) -> np.ndarray:
        """Return the array whose view this is."""
        oriented = array[:: self.rows, :: self.columns]
        return np.swapaxes(oriented, 0, 1) if self.transposed else oriented


VIEWS = [View(transposed, rows, columns) for transposed in (False, True) for rows in (1, -1) for columns in (1, -1)]

MODES = {  # scales, and views at each of them
    "none": ((1.0,), VIEWS[:1]),
    "flip": ((1.0,), VIEWS[:2]),
    "dihedral": ((1.0,), VIEWS),
    "full": ((0.8, 1.0, 1.25), VIEWS),  # LSA's
}


def average_views(
    predict: Predict, mode: str, predict_batch: Callable[[Sequence], Sequence[np.ndarray]] | None = None
) -> Predict:
    """Wrap a model so that it returns the mean alpha over views.

    Parameters
    ----------
    predict : function of image (H, W, 3) and trimap (H, W) that returns alpha (H, W)
        Or planes (H, W, C) whose last is alpha.
    mode : "none", "flip" (2 views), "dihedral" (8) or "full" (8 at each of the scales 0.8, 1 and 1.25)
        At scales other than 1, images and alphas are resized bicubically, trimaps to the nearest pixel.
    predict_batch : function of a sequence of (image, trimap), all of one size, optional
        Used instead where a model computes several images faster together, as on a GPU.

    Returns
    -------
    function like `predict`; known pixels are exactly 0 and 1

    Raises
    ------
    InputError
        If there is no such mode.
    """
    if mode not in MODES:
        raise InputError(f"test-time augmentation: {mode!r}, wanted one of {', '.join(MODES)}.")
    if mode == "none":
        return predict
    scales, views = MODES[mode]

    def predict_all(pairs: Pairs) -> Iterable[np.ndarray]:
        return predict_batch(list(pairs)) if predict_batch else starmap(predict, pairs)

    def averaged(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        alphas = [_at_scale(predict_all, views, image, trimap, scale) for scale in scales]
        alphas = [alpha for alpha in alphas if alpha is not None]
        mean = (sum(alphas) / len(alphas)).clip(0, 1)
        if mean.ndim == 2:
            return pin_known(mean, trimap)
        mean[..., -1] = pin_known(mean[..., -1], trimap)
        return mean

    return averaged


def _at_scale(
    predict_all: PredictAll, views: Sequence[View], image: np.ndarray, trimap: np.ndarray, scale: float
) -> np.ndarray | None:
    """Mean over the views at one scale, (H, W); None if the trimap loses a class at that scale."""
    if scale == 1:
        return _mean(predict_all, views, image, trimap)
    height, width = trimap.shape
    size = max(1, int(width * scale)), max(1, int(height * scale))
    resized = cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST)
    if np.unique(resized).size < np.unique(trimap).size:
        log.info("scale %g is left out: the trimap loses a class there.", scale)
        return None
    alpha = _mean(predict_all, views, _resize(image, size), resized)
    return cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC)


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize bicubically to (width, height); an image of 8 bits stays one, as in LSA's released code."""
    resized = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    if np.abs(image * 255 - np.rint(image * 255)).max() > 1e-3:
        return resized
    return np.rint(255 * resized.clip(0, 1)) / np.float32(255)


def _mean(predict_all: PredictAll, views: Sequence[View], image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    total = np.float32(0)
    for transposed in (False, True):  # views of one size
        group = [view for view in views if view.transposed == transposed]
        alphas = predict_all((view.apply(image), view.apply(trimap)) for view in group)
        for view, alpha in zip(group, alphas, strict=True):
            total = total + view.undo(alpha)
    return total / len(views)
