"""Foreground colours that vary smoothly where alpha is small, so that no old background shows through a matte.

The multi-scale solver of Wang et al., "Improving Deep Image Matting via Local Smoothness Assumption" (LSA), section
4.1. `foreground_cost` is the cost that it lowers; `multigrid_foreground` minimises it in fewer sweeps.
"""

import cv2
import numpy as np

from mattekit.imaging.foreground_input import checked
from mattekit.imaging.relaxation import relax


def multiscale_foreground(
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
    for s in reversed(range(scales)):
        size = max(width >> s, 1), max(height >> s, 1)
        opacity = cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR) if s else alpha
        pull = cv2.resize(premultiplied, size, interpolation=cv2.INTER_LINEAR) if s else premultiplied
        estimate = cv2.resize(estimate, size, interpolation=cv2.INTER_LINEAR) if scales > 1 else fg
        pull = opacity[..., None] * pull
        estimate = relax(estimate, opacity**2, pull, (1 - opacity) ** 2, kappa=kappa, sweeps=iterations * 2**s)
    return estimate.clip(0, 1)  # means of colours up to 1 may round to more
