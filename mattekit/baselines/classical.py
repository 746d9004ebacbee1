"""Alphas by the methods pymatting implements, called as they are; known pixels are put back exactly."""

import numpy as np

from mattekit.baselines.access import load, quiet_stdout
from mattekit.errors import InputError

FUNCTIONS = {
    "closed-form": "estimate_alpha_cf",
    "knn": "estimate_alpha_knn",
    "lbdm": "estimate_alpha_lbdm",
    "lkm": "estimate_alpha_lkm",
    "rw": "estimate_alpha_rw",
    "shared": "estimate_alpha_sm",
}
FAILURES = (ValueError, IndexError, ArithmeticError, AssertionError, MemoryError)  # LinAlgError is a ValueError


def classical(method: str, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Alpha of `image` by one of pymatting's methods.

    Parameters
    ----------
    method : one of FUNCTIONS
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32, exactly 0, 0.5 or 1

    Returns
    -------
    (H, W) float32 in 0..1, equal to `trimap` wherever that is 0 or 1

    Raises
    ------
    InputError
        If sizes differ, the trimap lacks a class, or the method has no answer for this input.

    Notes
    -----
    Colours outside 0..1 are clipped, as pymatting expects.
    """
    check(image, trimap)
    unknown = (trimap > 0) & (trimap < 1)
    if not unknown.any():
        return trimap.astype(np.float32)
    estimate = getattr(load(), FUNCTIONS[method])
    try:
        with quiet_stdout():
            alpha = estimate(np.clip(image, 0, 1, dtype=np.float64), np.array(trimap, np.float64))
    except FAILURES as error:
        raise InputError(_no_answer(method, trimap, str(error) or type(error).__name__)) from error
    if not np.isfinite(alpha[unknown]).all():
        raise InputError(_no_answer(method, trimap, "some alphas are not numbers"))
    return np.where(unknown, np.clip(alpha, 0, 1), trimap).astype(np.float32)


def check(image: np.ndarray, trimap: np.ndarray) -> None:
    """Raise InputError unless image and trimap belong together and the trimap has both classes."""
    if image.ndim != 3 or image.shape[2] != 3 or image.shape[:2] != trimap.shape:
        raise InputError(f"image: {image.shape}, trimap: {trimap.shape}; wanted (H, W, 3) and (H, W) of one size.")
    if not np.isfinite(image).all():
        raise InputError("image: values that are not finite, wanted colours in 0..1. Repair the image.")
    for name, value in (("foreground", 1), ("background", 0)):
        if not (trimap == value).any():
            raise InputError(f"trimap: no {name} pixel, wanted at least one. Mark some pixels as {name}.")


def _no_answer(method: str, trimap: np.ndarray, reason: str) -> str:
    height, width = trimap.shape
    return f"{method}: no alpha for {width}x{height} pixels ({reason}). Use another method, or another size."
