"""Conjugate gradients on the equations of unknown pixels (numba)."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def descend(values, right, start, rows, columns, place, accuracy, steps):
    """Solve A x = right by conjugate gradients, preconditioned by the diagonal.

    Parameters
    ----------
    values : (N, 5, 5) float32
        A between a pixel and the one that lies (dy - 2, dx - 2) from it; symmetric, positive definite.
    right, start : (N,) float64
        `start` is where x begins.
    rows, columns, place
        Of the pixels, as in `mattekit.baselines.dissection.boundaries`, in raster order.
    accuracy : float
        Ends when the residual's norm has fallen to this share of that of `right`.
    steps : int
        At most so many.

    Returns
    -------
    (N,) float64
    """
    x = start.copy()
    product = np.empty_like(x)
    _multiply(values, x, rows, columns, place, product)
    rest = right - product
    scale = 1 / np.ascontiguousarray(values[:, 2, 2])
    goal = accuracy * accuracy * np.dot(right, right)
    ahead = rest * scale
    way = ahead.copy()
    strength = np.dot(rest, ahead)
    for _ in range(steps):
        if np.dot(rest, rest) <= goal:
            break
        _multiply(values, way, rows, columns, place, product)
        length = strength / np.dot(way, product)
        x += length * way
        rest -= length * product
        ahead = rest * scale
        before, strength = strength, np.dot(rest, ahead)
        way *= strength / before
        way += ahead
    return x


@njit(cache=True, nogil=True)
def _multiply(values, x, rows, columns, place, product):
    for k in range(x.size):
        y, z = rows[k], columns[k]
        total = 0.0
        for dy in range(5):
            for dx in range(5):
                other = place[y + dy, z + dx]
                if other >= 0:
                    total += values[k, dy, dx] * x[other]
        product[k] = total
