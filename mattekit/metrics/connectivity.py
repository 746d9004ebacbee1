"""Conn: how far pixels hang together with the largest opaque region, exactly as the official scorer counts it."""

from typing import Literal, get_args

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.metrics.differences import checked

# The least 8-bit value of each level 0.1, 0.2 ... 1.0 (single(v) / 255 >= single(level)).
THRESHOLDS = (26, 51, 77, 102, 128, 153, 179, 204, 230, 255)
LEVEL = np.searchsorted(THRESHOLDS, np.arange(256), side="right").astype(np.uint8)

EmptyLevels = Literal["continue", "update"]


def conn(
    alpha: np.ndarray,
    truth: np.ndarray,
    unknown: np.ndarray | None = None,
    *,
    empty_levels: EmptyLevels = "continue",
) -> float:
    """Return the connectivity error in thousands.

    At each level 0.1, 0.2 ... 1.0 Omega is the largest 4-connected component, over the whole image, of the pixels
    that reach the level in both mattes; of equally large ones the first in column-major order. A pixel leaves at
    the first level whose Omega does not hold it; l is the level before, 1 if it never leaves. With d = alpha - l,
    phi = 1 - d where d >= 0.15, else 1. The error is the sum of |phi_alpha - phi_truth| over the unknown pixels.
    All of it is done in integers, so the result does not depend on any order of summation.

    Parameters
    ----------
    alpha, truth : (H, W) uint8, or float in 0..1
        Prediction and ground truth; floats are rounded to 8 bits, which is what the official scorer reads.
    unknown : (H, W) bool, optional
        Pixels that count; all of them if omitted. Components are found over the whole image either way.
    empty_levels
        What happens at a level that no pixel reaches in both mattes. "continue": nothing, pixels still connected
        end with l = 1 and count as no error (the files of IndexNet and A2U). "update": they leave there (GCA).

    Raises
    ------
    InputError
        If shapes or types do not fit, or `empty_levels` is neither of the two.

    References
    ----------
    Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting", CVPR 2009, section 5, as computed
    by the scorer that Xu et al., "Deep Image Matting", distribute (with lambda = 1).
    """
    from mattekit.metrics.connectivity_kernel import connectivity_error

    if empty_levels not in get_args(EmptyLevels):
        raise InputError(f"empty_levels: found {empty_levels!r}, wanted {' or '.join(get_args(EmptyLevels))}.")
    alpha, truth, unknown = checked(alpha, truth, unknown)
    levels = cv2.LUT(cv2.min(alpha, truth), LEVEL)
    return connectivity_error(levels, alpha, truth, unknown, empty_levels == "update") / 510_000
