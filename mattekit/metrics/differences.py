"""SAD, MSE and MAD: differences of two mattes pixel by pixel, exactly as the official scorer adds them up.

All three take what `score` takes, which `checked` checks for every metric. Sums are of integers, so that they do not
depend on any order.

References
----------
Xu et al., "Deep Image Matting", CVPR 2017, section 6.1 (SAD, MSE), and the scorer that its authors distribute.
Lin et al., "Robust High-Resolution Video Matting with Temporal Guidance", WACV 2022, section 6.1 (MAD).
"""

import math

import cv2
import numpy as np

from mattekit.errors import InputError


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


def checked(
    alpha: np.ndarray, truth: np.ndarray, unknown: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return both mattes as contiguous uint8 and the mask as contiguous bool, all of one (H, W).

    Raises InputError if a shape differs, an image is empty, a type is neither uint8 nor float, or a value leaves 0..1.
    """
    alpha, truth = eight_bits(alpha, "alpha"), eight_bits(truth, "truth")
    unknown = np.ones(truth.shape, bool) if unknown is None else np.asarray(unknown)
    if unknown.dtype != bool:
        raise InputError(f"unknown: found {unknown.dtype}, wanted bool. Use trimap == 128, or trimap == 0.5.")
    for name, array in (("alpha", alpha), ("unknown", unknown)):
        if array.shape != truth.shape:
            raise InputError(
                f"{name}: found shape {array.shape}, wanted {truth.shape} as truth. Mattes are not resized."
            )
    return alpha, truth, np.ascontiguousarray(unknown)


def eight_bits(alpha: np.ndarray, name: str = "alpha") -> np.ndarray:
    """Return (H, W) uint8 of a matte: itself, or a float one in 0..1 rounded to the nearest of 256 values."""
    alpha = np.asarray(alpha)
    if alpha.ndim != 2 or alpha.size == 0:
        raise InputError(f"{name}: found shape {alpha.shape}, wanted (H, W). Pass one channel.")
    if alpha.dtype == np.uint8:
        return np.ascontiguousarray(alpha)
    if alpha.dtype.kind != "f":
        raise InputError(
            f"{name}: found {alpha.dtype}, wanted uint8 in 0..255 or float in 0..1. Convert it on purpose."
        )
    if not (alpha.min() >= 0 and alpha.max() <= 1):  # false for NaN, too
        raise InputError(f"{name}: found values {alpha.min():g}..{alpha.max():g}, wanted 0..1. Clip or divide by 255.")
    return np.rint(alpha * 255).astype(np.uint8)
