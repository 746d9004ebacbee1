"""MAD: the mean absolute difference, the score of methods that need no trimap."""

import math

import cv2
import numpy as np

from mattekit.metrics.inputs import checked


def mad(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """Mean absolute difference of alpha per pixel, 0..1; NaN without an unknown pixel.

    Parameters
    ----------
    alpha, truth : (H, W) uint8, or float in 0..1
        Prediction and ground truth; floats are rounded to 8 bits.
    unknown : (H, W) bool, optional
        Pixels that count; all of them if omitted, as where papers on portraits print it.

    Raises
    ------
    InputError
        If shapes or types do not fit.

    References
    ----------
    Lin et al., "Robust High-Resolution Video Matting with Temporal Guidance", WACV 2022, section 6.1.
    """
    alpha, truth, unknown = checked(alpha, truth, unknown)
    differences = cv2.norm(alpha, truth, cv2.NORM_L1, unknown.view(np.uint8))  # an exact sum of integers
    pixels = int(np.count_nonzero(unknown))
    return differences / (255 * pixels) if pixels else math.nan
