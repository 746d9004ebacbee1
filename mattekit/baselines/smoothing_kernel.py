"""Conjugate gradients on the equations of unknown pixels (numba)."""

import numpy as np
from numba import njit

LOOSE = {"contract", "reassoc"}  # sums in any order; vectors here, not BLAS, whose loading takes longer than all of it


@njit(cache=True, nogil=True, error_model="numpy")
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
    goal = accuracy * accuracy * (right * right).sum()
    way, left, strength = np.zeros_like(x), (rest * rest).sum(), (rest * rest * scale).sum()
    turn = 0.0  # how much of the last direction the next one keeps
    for _ in range(steps):
        if left <= goal:
            break
        for k in range(x.size):
            way[k] = turn * way[k] + scale[k] * rest[k]
        length = strength / _multiply(values, way, rows, columns, grid, product)
        left, next_strength = _step(x, rest, way, product, scale, length)
        turn, strength = next_strength / strength, next_strength
    return x


@njit(cache=True, nogil=True, error_model="numpy", fastmath=LOOSE)
def _step(x, rest, way, product, scale, length):
    """Go on by `length` in place; the squared norm of what is left, plain and preconditioned."""
    left, strength = 0.0, 0.0
    for k in range(x.size):
        x[k] += length * way[k]
        rest[k] -= length * product[k]
        square = rest[k] * rest[k]
        left += square
        strength += square * scale[k]
    return left, strength


@njit(cache=True, nogil=True, error_model="numpy", fastmath=LOOSE)
def _multiply(values, x, rows, columns, grid, product):
    """Write A x to `product`; its dot product with x.

    grid : the picture with a frame of two pixels, that stays 0 where pixels are known, as `values` are.
    """
    for k in range(x.size):
        grid[rows[k] + 2, columns[k] + 2] = x[k]
    both = 0.0
    for k in range(x.size):
        total = 0.0
        for dy in range(5):
            line = grid[rows[k] + dy]
            for dx in range(5):
                total += values[k, dy, dx] * line[columns[k] + dx]
        product[k] = total
        both += x[k] * total
    return both
