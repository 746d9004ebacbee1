"""Inputs of every metric, checked: 8-bit mattes and a mask of the pixels that count."""

import numpy as np

from mattekit.errors import InputError


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
