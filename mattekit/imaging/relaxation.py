"""Weighted Jacobi sweeps over three colour planes, several to one pass over memory, shared between threads.

Minimises sum_i anchor_i (F_i - F0_i)^2 + kappa sum_i smooth_i sum_j (F_i - F_j)^2 over the four neighbours j of i.
"""

from collections.abc import Sequence

import numpy as np

from mattekit.bands import in_bands
from mattekit.compiling import announced

SWEEPS_A_PASS = 5  # so many sweeps of a row of 1920 pixels stay in a core's cache of 1 MB


def relax(
    start: np.ndarray,
    anchor: np.ndarray,
    pull: np.ndarray,
    smooth: np.ndarray,
    *,
    kappa: float = 1.0,
    sweeps: int = 0,
    omegas: Sequence[float] | None = None,
) -> np.ndarray:
    """Sweep from `start`, on as many threads as numba may use.

    Parameters
    ----------
    start : (H, W, 3) colours.
    anchor, smooth : (H, W) weights, not both 0 at a pixel.
    pull : (H, W, 3), anchor * F0.
    kappa : weight of the smoothness.
    sweeps : number of plain sweeps (every pixel from the previous iterate of its neighbours), or
    omegas : one factor per accelerated sweep, see `chebyshev`.

    Returns
    -------
    (H, W, 3) colours of the same type
    """
    dtype, (height, width) = start.dtype, anchor.shape
    smooth = np.pad(smooth, 1, mode="reflect")  # the borders of _mirror in the kernel
    target, steady = (np.empty((height, 3, width + 2), dtype) for _ in range(2))
    gain, source = np.empty((height, width + 2), dtype), np.empty_like(target)
    with announced("foreground colours: the first use compiles for some seconds."):
        from mattekit.imaging import relaxation_kernel as kernel

        size = height, width
        in_bands(kernel.prepare, size, start, anchor, pull, smooth, dtype.type(kappa), source, steady, gain)
        for factors in _passes(sweeps) if omegas is None else [omegas]:
            in_bands(kernel.sweep, size, source, target, steady, smooth, gain, np.asarray(factors, dtype))
            source, target = target, source
    return np.ascontiguousarray(source[..., 1:-1].transpose(0, 2, 1))


def chebyshev(count: int, rho: float) -> list[float]:
    """Return the factors of `count` accelerated sweeps for a Jacobi iteration of spectral radius `rho`.

    Sweep t gives omega_t J(F_t) + (1 - omega_t) F_(t-1): the Chebyshev semi-iterative method of Golub and Varga (1961).
    """
    omegas = [1.0]
    for t in range(1, count):
        omegas.append(2 / (2 - rho**2) if t == 1 else 1 / (1 - rho**2 * omegas[-1] / 4))
    return omegas


def _passes(sweeps: int) -> list[list[float]]:
    full, rest = divmod(sweeps, SWEEPS_A_PASS)
    return [[1.0] * SWEEPS_A_PASS] * full + ([[1.0] * rest] if rest else [])
