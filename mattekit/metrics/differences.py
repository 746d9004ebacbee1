"""SAD, MSE and MAD: differences of two mattes pixel by pixel, exactly as the official scorer adds them up.

All three take what `score` takes. Sums are of integers, so that they do not depend on any order.

References
----------
Xu et al., "Deep Image Matting", CVPR 2017, section 6.1 (SAD, MSE), and the scorer that its authors distribute.
Lin et al., "Robust High-Resolution Video Matting with Temporal Guidance", WACV 2022, section 6.1 (MAD).
"""

import math

import cv2
import numpy as np

from mattekit.metrics.inputs import checked


def sad(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """Return the sum of absolute differences of alpha in thousands; 0 without an unknown pixel."""
    alpha, truth, unknown = checked(alpha, truth, unknown)
    return cv2.norm(alpha, truth, cv2.NORM_L1, unknown.view(np.uint8)) / 255_000


def mse(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """Return the mean squared error of alpha per unknown pixel, 0..1; NaN without one, as officially."""
    alpha, truth, unknown = checked(alpha, truth, unknown)
    # OpenCV takes the root of the sum and squares it again, which leaves an error far under 1.
    squares = round(cv2.norm(alpha, truth, cv2.NORM_L2SQR, unknown.view(np.uint8)))
    pixels = int(np.count_nonzero(unknown))
    return squares / (255**2 * pixels) if pixels else math.nan


def mad(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """Return the mean absolute difference of alpha per unknown pixel, 0..1; NaN without one."""
    alpha, truth, unknown = checked(alpha, truth, unknown)
    pixels = int(np.count_nonzero(unknown))
    return cv2.norm(alpha, truth, cv2.NORM_L1, unknown.view(np.uint8)) / (255 * pixels) if pixels else math.nan
