"""MSE: the mean squared error per pixel, exactly as the official scorer divides it."""

import math

import cv2
import numpy as np

from mattekit.metrics.inputs import checked


def mse(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """Mean squared error of alpha per unknown pixel, 0..1; NaN without an unknown pixel, as officially.

    Parameters
    ----------
    alpha, truth : (H, W) uint8, or float in 0..1
        Prediction and ground truth; floats are rounded to 8 bits, which is what the official scorer reads.
    unknown : (H, W) bool, optional
        Pixels that count; all of them if omitted.

    Raises
    ------
    InputError
        If shapes or types do not fit.

    References
    ----------
    Xu et al., "Deep Image Matting", CVPR 2017, section 6.1, and the scorer that its authors distribute.
    """
    alpha, truth, unknown = checked(alpha, truth, unknown)
    # A sum of integers; OpenCV takes its root and squares it again, which leaves an error far under 1.
    squares = round(cv2.norm(alpha, truth, cv2.NORM_L2SQR, unknown.view(np.uint8)))
    pixels = int(np.count_nonzero(unknown))
    return squares / (255**2 * pixels) if pixels else math.nan
