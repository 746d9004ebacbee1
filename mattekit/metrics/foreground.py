"""Errors of foreground colours, which count as much as the foreground covers a pixel.

Colours that are hardly visible do not matter to a composition, so that alpha F is compared, with the true alpha.

References
----------
Hou and Liu, "Context-Aware Image Matting", ICCV 2019, section 4; Forte and Pitié, "F, B, Alpha Matting", 2020.
"""

import math

import numpy as np

from mattekit.errors import InputError


def foreground_errors(fg: np.ndarray, truth: np.ndarray, alpha: np.ndarray, unknown: np.ndarray) -> dict[str, float]:
    """Return the errors of a foreground over the unknown pixels.

    Parameters
    ----------
    fg, truth : (H, W, 3) float RGB in 0..1
    alpha : (H, W) float in 0..1
        The true one.
    unknown : (H, W) bool

    Returns
    -------
    dict
        "sad" in thousands, the mean of the three channels; "mse" per pixel and channel, NaN without an unknown pixel.

    Raises
    ------
    InputError
        If shapes differ.
    """
    if fg.shape != truth.shape or alpha.shape != truth.shape[:2] or unknown.shape != alpha.shape:
        raise InputError(f"foreground: {fg.shape}, wanted {truth.shape} as its truth. Foregrounds are not resized.")
    errors = alpha[unknown, None] * (fg[unknown].astype(np.float64) - truth[unknown])
    return {
        "sad": float(np.abs(errors).sum() / 3000),
        "mse": float(np.square(errors).mean()) if errors.size else math.nan,
    }
