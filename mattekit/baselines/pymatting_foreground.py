"""Foreground colours by closed-form matting's equations, as pymatting solves them."""

import numpy as np

from mattekit.baselines.access import STOP_AT_ZERO, load, quiet_stdout
from mattekit.errors import InputError
from mattekit.imaging.foreground_input import checked

FAILURES = (ValueError, IndexError, ArithmeticError, AssertionError, MemoryError)  # LinAlgError is a ValueError


def closed_form_foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Estimate foreground colours by pymatting's `estimate_foreground_cf`, slowly.

    Parameters
    ----------
    image : (H, W, 3) float, RGB in 0..1
    alpha : (H, W) float in 0..1

    Returns
    -------
    (H, W, 3) float32, RGB in 0..1

    Raises
    ------
    InputError
        If sizes differ, values are out of range, or the equations have no solution for this input.

    References
    ----------
    Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", 2008, section 7.
    """
    image, alpha = (array.astype(np.float64) for array in checked(image, alpha))
    estimate = load().estimate_foreground_cf
    try:
        with quiet_stdout(), np.errstate(all="ignore"):
            fg = estimate(image, alpha, cg_kwargs=STOP_AT_ZERO)
    except FAILURES as error:
        raise InputError(_no_answer(alpha, str(error) or type(error).__name__)) from error
    if not np.isfinite(fg).all():
        raise InputError(_no_answer(alpha, "some colours are not numbers"))
    return fg.astype(np.float32)


def _no_answer(alpha: np.ndarray, reason: str) -> str:
    height, width = alpha.shape
    return f"closed-form: no foreground for this {width}x{height} image and alpha ({reason}). Use another method."
