"""Alphas by pymatting's own functions; what they raise becomes one line that says what to do."""

import numpy as np

from mattekit.baselines.access import load, quiet_stdout
from mattekit.errors import InputError

FAILURES = (ValueError, IndexError, ArithmeticError, AssertionError, MemoryError)  # LinAlgError is a ValueError


def classical(function: str, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Alpha of `image` by one of pymatting's functions.

    Parameters
    ----------
    function : such as "estimate_alpha_knn"
    image : (H, W, 3) float, RGB; clipped to 0..1 as pymatting expects
    trimap : (H, W) float, exactly 0, 0.5 or 1

    Returns
    -------
    (H, W) float; known pixels are about as the trimap says, not exactly

    Raises
    ------
    InputError
        If the function fails, or its solver does not converge.
    """
    estimate = getattr(load(), function)
    try:
        with quiet_stdout():
            alpha = estimate(np.clip(image, 0, 1, dtype=np.float64), np.array(trimap, np.float64))
    except FAILURES as error:
        raise InputError(no_answer(trimap, str(error) or type(error).__name__)) from error
    if not np.isfinite(alpha).all():
        raise InputError(no_answer(trimap, "some alphas are not numbers."))
    return alpha


def no_answer(trimap: np.ndarray, reason: str) -> str:
    """What to tell a user whose method failed."""
    height, width = trimap.shape
    unknown = int(((trimap > 0) & (trimap < 1)).sum())
    return f"no alpha for {width}x{height} pixels, {unknown} unknown: {reason} Use another method, or another size."
