"""Foreground colours that vary smoothly where alpha is small, so that no old background shows through a matte.

Holds the cost C and the multi-scale solver of Wang et al., "Improving Deep Image Matting via Local Smoothness
Assumption" (LSA), section 4.1. `foreground_multigrid` minimises the same cost in fewer sweeps.
"""

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.relaxation import Relaxation


def estimate_foreground(
    fg: np.ndarray, alpha: np.ndarray, *, scales: int = 6, kappa: float = 1.0, iterations: int = 20
) -> np.ndarray:
    """Re-estimate foreground colours so that they vary smoothly where alpha is small.

    With `1 - alpha` for `alpha` and the image for `fg`, the result is the background.

    Parameters
    ----------
    fg : (H, W, 3) float32 or float64, RGB in 0..1
        Initial foreground, or the image itself; colours where alpha is 0 only start the iteration.
    alpha : (H, W) float32 or float64 in 0..1
        If this or `fg` is float64, everything is computed in float64; float32 is faster.
    scales, kappa, iterations
        S, kappa and T of the paper; scale s runs 2**s * T sweeps.

    Returns
    -------
    (H, W, 3) float32 or float64, RGB within the range of `fg`

    Raises
    ------
    InputError
        If the sizes of `fg` and `alpha` differ, values are not numbers, alpha leaves 0..1, or a setting is not
        positive.

    References
    ----------
    Wang et al., "Improving Deep Image Matting via Local Smoothness Assumption", Algorithms 1 and 2. Where the paper
    is silent the authors' code is followed: bilinear resizing without anti-aliasing, sizes rounded down (never
    below 1), and a border pixel counts its inner neighbour twice.
    """
    fg, alpha = checked(fg, alpha, scales=scales, kappa=kappa, iterations=iterations)
    height, width = alpha.shape
    # alpha * F is what gets resized, not F: colours that alpha hides must not leak into a coarser scale.
    premultiplied, estimate = alpha[..., None] * fg, fg
    with Relaxation(kappa) as relax:
        for s in reversed(range(scales)):
            size = max(width >> s, 1), max(height >> s, 1)
            opacity = cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR) if s else alpha
            pull = cv2.resize(premultiplied, size, interpolation=cv2.INTER_LINEAR) if s else premultiplied
            estimate = cv2.resize(estimate, size, interpolation=cv2.INTER_LINEAR) if scales > 1 else fg
            pull = opacity[..., None] * pull
            estimate = relax(estimate, opacity**2, pull, (1 - opacity) ** 2, sweeps=iterations * 2**s)
    return estimate


def cost(estimate: np.ndarray, fg: np.ndarray, alpha: np.ndarray, *, kappa: float = 1.0) -> float:
    """The cost C that foreground estimation lowers: far from `fg` where alpha is large, or rough where it is small.

    Parameters
    ----------
    estimate : (H, W, 3) float, the colours to judge.
    fg : (H, W, 3) float, the initial foreground or the image.
    alpha : (H, W) float in 0..1
    kappa : weight of the smoothness.

    Returns
    -------
    C, summed in double over pixels, channels and existing neighbours; colours count in 0..1.

    References
    ----------
    Wang et al., "Improving Deep Image Matting via Local Smoothness Assumption", section 4.1. Its factor 1/2 is kept.
    """
    opacity = alpha.astype(np.float64)
    anchor, smooth = opacity**2, (1 - opacity) ** 2
    total = 0.0
    for channel in range(3):
        colour = estimate[..., channel].astype(np.float64)
        total += float((anchor * (colour - fg[..., channel]) ** 2).sum())
        for along, weight in ((colour, smooth), (colour.T, smooth.T)):
            # A pair of neighbours appears twice in C, once with the weight of either end.
            total += kappa * float(((weight[1:] + weight[:-1]) * (along[1:] - along[:-1]) ** 2).sum())
    return total / 2


def checked(fg: np.ndarray, alpha: np.ndarray, **settings: float) -> tuple[np.ndarray, np.ndarray]:
    """Give `fg` and `alpha` as contiguous arrays of one float type; InputError unless they and `settings` are right."""
    if fg.ndim != 3 or fg.shape[2] != 3 or fg.shape[:2] != alpha.shape or not alpha.size:
        raise InputError(f"foreground: {fg.shape}, alpha: {alpha.shape}; wanted (H, W, 3) and (H, W) of one size.")
    for name, array in (("foreground", fg), ("alpha", alpha)):
        if array.dtype.kind != "f":
            raise InputError(f"{name}: {array.dtype} values, wanted float in 0..1. Divide by the full scale.")
        if not np.isfinite((array.min(), array.max())).all():
            raise InputError(f"{name}: some values are not finite numbers, wanted 0..1.")
    if alpha.min() < 0 or alpha.max() > 1:
        raise InputError(f"alpha: values {alpha.min():g}..{alpha.max():g}, wanted 0..1. Clip it.")
    for name, value in settings.items():
        if not 0 < value < float("inf"):
            raise InputError(f"{name}: {value:g}, wanted more than 0.")
    dtype = np.float64 if np.float64 in (fg.dtype, alpha.dtype) else np.float32
    return np.ascontiguousarray(fg, dtype), np.ascontiguousarray(alpha, dtype)
