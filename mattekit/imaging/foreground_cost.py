"""The cost C of LSA's foreground estimation, which multi-scale and multigrid estimation lower."""

import numpy as np


def cost(estimate: np.ndarray, fg: np.ndarray, alpha: np.ndarray, *, kappa: float = 1.0) -> float:
    """Sum the cost C of colours: far from `fg` where alpha is large, or rough where it is small.

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
