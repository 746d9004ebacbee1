"""Conjugate gradients on the equations of unknown pixels (numba)."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def descend(values, right, start, rows, columns, shape, accuracy, steps):
    """Solve A x = right by conjugate gradients, preconditioned by the diagonal.

    Parameters
    ----------
    values : (N, 5, 5) float32
        A between a pixel and the one that lies (dy - 2, dx - 2) from it; symmetric, positive definite.
    right, start : (N,) float64
        `start` is where x begins.
    rows, columns : (N,) int32
        Of the pixels.
    shape : (int, int)
        Of the picture.
    accuracy : float
        Ends when the residual's norm has fallen to this share of that of `right`.
    steps : int
        At most so many.

    Returns
    -------
    (N,) float64
    """
    x = start.copy()
    product, grid = np.empty_like(x), np.zeros((shape[0] + 4, shape[1] + 4))
    _multiply(values, x, rows, columns, grid, product)
    rest = right - product
    scale = 1 / np.ascontiguousarray(values[:, 2, 2])
    goal = accuracy * accuracy * np.dot(right, right)
    ahead = rest * scale
    way = ahead.copy()
    strength = np.dot(rest, ahead)
    for _ in range(steps):
        if np.dot(rest, rest) <= goal:
            break
        _multiply(values, way, rows, columns, grid, product)
        length = strength / np.dot(way, product)
        x += length * way
        rest -= length * product
        ahead = rest * scale
        before, strength = strength, np.dot(rest, ahead)
        way *= strength / before
        way += ahead
    return x


@njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
def _multiply(values, x, rows, columns, grid, product):
    """A x; `grid` is the picture with a frame of two pixels, and stays 0 where pixels are known, as `values` are."""
    for k in range(x.size):
        grid[rows[k] + 2, columns[k] + 2] = x[k]
    for k in range(x.size):
        total = 0.0
        for dy in range(5):
            line = grid[rows[k] + dy]
            for dx in range(5):
                total += values[k, dy, dx] * line[columns[k] + dx]
        product[k] = total
