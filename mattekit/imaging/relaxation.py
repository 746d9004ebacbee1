"""Weighted Jacobi sweeps over three colour planes, several to one pass over memory, shared between threads.

Minimises sum_i anchor_i (F_i - F0_i)^2 + kappa sum_i smooth_i sum_j (F_i - F_j)^2 over the four neighbours j of i.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numpy as np

from mattekit.compiling import announced

SWEEPS_A_PASS = 5  # so many sweeps of a row of 1920 pixels stay in a core's cache of 1 MB
SMALL = 20_000  # pixels; below this, handing work to a thread costs more than doing it


class Relaxation:
    """Runs sweeps on as many threads as numba may use; a context manager that ends its threads."""

    def __init__(self, kappa: float) -> None:
        import numba

        self.kappa = kappa
        self.threads = numba.get_num_threads()

    def __enter__(self) -> "Relaxation":
        self.pool = ThreadPoolExecutor(self.threads)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pool.shutdown()

    def __call__(
        self,
        start: np.ndarray,
        anchor: np.ndarray,
        pull: np.ndarray,
        smooth: np.ndarray,
        *,
        sweeps: int = 0,
        omegas: Sequence[float] | None = None,
    ) -> np.ndarray:
        """Sweep from `start`.

        Parameters
        ----------
        start : (H, W, 3) colours.
        anchor, smooth : (H, W) weights, not both 0 at a pixel.
        pull : (H, W, 3), anchor * F0.
        sweeps : number of plain sweeps (every pixel from the previous iterate of its neighbours), or
        omegas : one factor per accelerated sweep, see `chebyshev`.

        Returns
        -------
        (H, W, 3) colours of the same type
        """
        from mattekit.imaging import sweeps as kernels

        dtype, (height, width) = start.dtype, anchor.shape
        smooth = np.pad(smooth, 1, mode="reflect")  # the borders of _mirror in `sweeps`
        target, steady = (np.empty((height, 3, width + 2), dtype) for _ in range(2))
        gain, source = np.empty((height, width + 2), dtype), np.empty_like(target)
        self._each_band(kernels.prepare, start, anchor, pull, smooth, dtype.type(self.kappa), source, steady, gain)
        for factors in _passes(sweeps) if omegas is None else [omegas]:
            self._each_band(kernels.sweep, source, target, steady, smooth, gain, np.asarray(factors, dtype))
            source, target = target, source
        result = np.empty((height, width, 3), dtype)
        self._each_band(kernels.interleave, source, result)
        return result

    @announced("foreground colours: the first use compiles for some seconds.")
    def _each_band(self, kernel: Callable[..., None], first: np.ndarray, *arguments: Any) -> None:
        height = first.shape[0]
        bands = self.threads if first.size // 3 > SMALL else 1
        cuts = [height * i // bands for i in range(bands + 1)]
        if bands == 1:
            kernel(first, *arguments, 0, height)
        else:
            list(self.pool.map(lambda top, end: kernel(first, *arguments, top, end), cuts[:-1], cuts[1:]))


def chebyshev(count: int, rho: float) -> list[float]:
    """Factors of `count` accelerated sweeps for a Jacobi iteration of spectral radius `rho`.

    Sweep t gives omega_t J(F_t) + (1 - omega_t) F_(t-1): the Chebyshev semi-iterative method of Golub and Varga (1961).
    """
    omegas = [1.0]
    for t in range(1, count):
        omegas.append(2 / (2 - rho**2) if t == 1 else 1 / (1 - rho**2 * omegas[-1] / 4))
    return omegas


def _passes(sweeps: int) -> list[list[float]]:
    full, rest = divmod(sweeps, SWEEPS_A_PASS)
    return [[1.0] * SWEEPS_A_PASS] * full + ([[1.0] * rest] if rest else [])
