"""Foreground colours that vary smoothly where alpha is small, so that no old background shows through a matte.

Wang et al., "Improving Deep Image Matting via Local Smoothness Assumption" (LSA), section 4.1, foreground
re-estimation: the cost C that fuses a foreground with a smooth one, the paper's multi-scale solver, and a multigrid
solver that lowers C further in fewer sweeps.
"""

import cv2
import numpy as np

from mattekit.compiling import announced
from mattekit.imaging.composite import checked

RHO = 0.95  # of multigrid's sweeps; of 0.8..0.98, the lowest C on five photographs with 7 sweeps
NOTE = "foreground colours: the first use compiles for some seconds."


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
    with announced(NOTE):
        from mattekit.imaging.relaxation import relax

        for s in reversed(range(scales)):
            size = max(width >> s, 1), max(height >> s, 1)
            opacity = cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR) if s else alpha
            pull = cv2.resize(premultiplied, size, interpolation=cv2.INTER_LINEAR) if s else premultiplied
            estimate = cv2.resize(estimate, size, interpolation=cv2.INTER_LINEAR) if scales > 1 else fg
            pull = opacity[..., None] * pull
            estimate = relax(estimate, opacity**2, pull, (1 - opacity) ** 2, kappa=kappa, sweeps=iterations * 2**s)
    return estimate.clip(0, 1)  # means of colours up to 1 may round to more


def multigrid_foreground(fg: np.ndarray, alpha: np.ndarray, *, kappa: float = 1.0, iterations: int = 7) -> np.ndarray:
    """Re-estimate foreground colours as `multiscale_foreground` does, faster and at a lower cost C.

    The paper samples alpha and colours at every scale, so that a coarse scale minimises a cost of its own. Here each
    coarser cost is the finer one restricted to larger pixels (weights are averaged, the pull to the given colours
    counts every pixel it stands for), down to a single pixel, and the sweeps are accelerated.

    Parameters
    ----------
    fg : (H, W, 3) float32 or float64, RGB in 0..1
        Initial foreground, or the image itself; colours where alpha is 0 are ignored.
    alpha : (H, W) float32 or float64 in 0..1
    kappa : weight of the smoothness.
    iterations : sweeps at every level; an odd number damps checkerboards.

    Returns
    -------
    (H, W, 3) float32 or float64, RGB

    Raises
    ------
    InputError
        As `multiscale_foreground`.

    References
    ----------
    Bornemann and Deuflhard, "The cascadic multigrid method for elliptic problems", 1996.
    """
    fg, alpha = checked(fg, alpha, kappa=kappa, iterations=iterations)
    anchor = alpha**2
    levels = [(anchor, anchor[..., None] * fg, (1 - alpha) ** 2)]
    while levels[-1][0].size > 1:
        levels.append(_halved(*levels[-1]))
    anchor, pull, _ = levels[-1]
    # One pixel has no neighbour: its best colour is known. Without any foreground every constant is as good.
    estimate = pull / anchor[..., None] if anchor > 0 else fg[:1, :1]
    with announced(NOTE):
        from mattekit.imaging.relaxation import chebyshev, relax

        for anchor, pull, smooth in reversed(levels[:-1]):
            estimate = cv2.resize(estimate, anchor.shape[::-1], interpolation=cv2.INTER_LINEAR)
            estimate = relax(estimate, anchor, pull, smooth, kappa=kappa, omegas=chebyshev(iterations, RHO))
    # Acceleration may step past the colours it blends.
    return np.clip(estimate, min(fg.min(), 0), max(fg.max(), 1), out=estimate)


def _halved(anchor: np.ndarray, pull: np.ndarray, smooth: np.ndarray) -> tuple[np.ndarray, ...]:
    height, width = anchor.shape
    size = (width + 1) // 2, (height + 1) // 2
    # Colour steps between large pixels are longer but fewer, so smoothness keeps its mean weight; the pull adds up.
    merged = height * width / (size[0] * size[1])
    coarse = [cv2.resize(array, size, interpolation=cv2.INTER_AREA) for array in (anchor, pull, smooth)]
    return coarse[0] * merged, coarse[1] * merged, coarse[2]
