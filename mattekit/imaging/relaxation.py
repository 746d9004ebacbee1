"""Weighted Jacobi sweeps over three colour planes, several to one pass over memory, shared between threads.

Minimises sum_i anchor_i (F_i - F0_i)^2 + kappa sum_i smooth_i sum_j (F_i - F_j)^2 over the four neighbours j of i.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit

from mattekit.compiling import in_bands

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
    smooth = np.pad(smooth, 1, mode="reflect")  # the borders of _mirror
    target, steady = (np.empty((height, 3, width + 2), dtype) for _ in range(2))
    gain, source = np.empty((height, width + 2), dtype), np.empty_like(target)
    size = height, width
    in_bands(prepare, size, start, anchor, pull, smooth, dtype.type(kappa), source, steady, gain)
    for factors in _passes(sweeps) if omegas is None else [omegas]:
        in_bands(sweep, size, source, target, steady, smooth, gain, np.asarray(factors, dtype))
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


# Sums may be reordered for vector units; NaN and infinity keep their meaning.
FASTMATH = {"nsz", "arcp", "contract", "reassoc"}


@njit(cache=True, nogil=True, error_model="numpy")
def _mirror(y, height):
    # Row -1 is row 1 and row `height` is row height - 2: the border row is not repeated, unless it is the only one.
    if y < 0:
        return min(1, height - 1)
    return y if y < height else max(height - 2, 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _mirror_ends(row):
    width = row.size - 2
    row[0] = row[min(2, width)]
    row[width + 1] = row[max(width - 1, 1)]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def prepare(start, anchor, pull, smooth, kappa, colours, steady, gain, top, end):
    """Split the update F <- (pull + kappa sum w F_j) / (anchor + kappa sum w) into steady + gain sum w F_j.

    w = smooth_i + smooth_j; `smooth` is mirrored by one pixel on every side. Also lays `start` out as `colours`.
    """
    height, width = anchor.shape
    for y in range(top, end):
        for x in range(width):
            sides = smooth[y + 1, x] + smooth[y + 1, x + 2] + smooth[y, x + 1] + smooth[y + 2, x + 1]
            share = 1 / (anchor[y, x] + kappa * (4 * smooth[y + 1, x + 1] + sides))
            gain[y, x + 1] = kappa * share
            for c in range(3):
                steady[y, c, x + 1] = share * pull[y, x, c]
                colours[y, c, x + 1] = start[y, x, c]
        for c in range(3):
            _mirror_ends(colours[y, c])


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FASTMATH)
def _sweep_row(out, above, here, below, before, omega, steady, smooth_above, smooth, smooth_below, gain):
    for c in range(3):
        o, u, m, d, b, s = out[c], above[c], here[c], below[c], before[c], steady[c]
        for x in range(1, smooth.size - 1):
            w = smooth[x]
            sides = (w + smooth[x - 1]) * m[x - 1] + (w + smooth[x + 1]) * m[x + 1]
            sides += (w + smooth_above[x]) * u[x] + (w + smooth_below[x]) * d[x]
            o[x] = omega * (s[x] + gain[x] * sides) + (1 - omega) * b[x]
        _mirror_ends(o)


@njit(cache=True, nogil=True, error_model="numpy")
def sweep(source, target, steady, smooth, gain, omegas, top, end):
    """Write rows of `target` after omegas.size sweeps of `source`; omega 1 is a plain Jacobi sweep.

    One pass over memory: as soon as sweep t has done row y + 1, sweep t + 1 does row y, so that three rows of every
    sweep are all that is kept. A band recomputes the rows of its neighbours that its own rows depend on.
    """
    height, last = gain.shape[0], omegas.size - 1
    rows = np.empty((omegas.size, 3, 3, gain.shape[1]), gain.dtype)  # sweep, row modulo 3, channel, padded row
    for front in range(top - last, end + last):
        for t in range(omegas.size):
            y, margin = front - t, last - t
            if y < max(0, top - margin) or y >= min(height, end + margin):
                continue
            up, down = _mirror(y - 1, height), _mirror(y + 1, height)
            above, here, below = source[up], source[y], source[down]
            if t > 0:
                above, here, below = rows[t - 1, up % 3], rows[t - 1, y % 3], rows[t - 1, down % 3]
            before = rows[t - 2, y % 3] if t > 1 else source[y]
            out = target[y] if t == last else rows[t, y % 3]
            weights = smooth[y], smooth[y + 1], smooth[y + 2]
            _sweep_row(out, above, here, below, before, omegas[t], steady[y], *weights, gain[y])
