"""SAD: the sum of absolute differences, exactly as the official scorer adds them up."""

import cv2
import numpy as np

from mattekit.metrics.inputs import checked


def sad(alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray | None = None) -> float:
    """Sum of absolute differences of alpha in thousands; 0 without an unknown pixel.

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
    return cv2.norm(alpha, truth, cv2.NORM_L1, unknown.view(np.uint8)) / 255_000  # an exact sum of integers
