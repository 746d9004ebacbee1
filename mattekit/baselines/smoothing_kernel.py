"""Conjugate gradients on the equations of unknown pixels (numba)."""

import numpy as np
from numba import njit

LOOSE = {"contract", "reassoc"}  # sums in any order; vectors here, not BLAS, whose loading takes longer than all of it

ZERO = 1e-20  # squared norm of a residual that is nothing but rounding; steps from there would divide 0 by 0


@njit(cache=True, nogil=True, error_model="numpy")
def conjugate_gradients(values, right, start, rows, columns, shape, accuracy, steps):
    """Solve A x = right by conjugate gradients, preconditioned by the diagonal.

    Parameters
    ----------
    values : (N, 5, 5) float32
        A between a pixel and the one that lies (dy - 2, dx - 2) from it; symmetric, positive definite.
    right, start : (N,) float64
        The right side, and the first x.
    rows, columns : (N,) int32
        Positions of the pixels.
    shape : (int, int)
        Height and width of the picture.
    accuracy : float
        Norm of the residual at which iteration ends, relative to that of `right`.
    steps : int
        Limit of iterations.

    Returns
    -------
    (N,) float64
    """
    x, residual, scale = start.copy(), right.copy(), right.copy()
    direction, product = np.zeros(x.size), np.empty(x.size)
    grid = np.zeros((shape[0] + 4, shape[1] + 4))
    _multiply(values, x, rows, columns, grid, product)
    goal = ZERO
    for k in range(x.size):
        scale[k] = 1 / values[k, 2, 2]
        goal += accuracy * accuracy * right[k] * right[k]
    squared_norm, rz = _step(x, residual, direction, product, scale, 1.0)  # the residual of the start
    beta = 0.0  # share of the last direction that the next one keeps
    for _ in range(steps):
        if squared_norm <= goal:
            break
        for k in range(x.size):
            direction[k] = beta * direction[k] + scale[k] * residual[k]
        length = rz / _multiply(values, direction, rows, columns, grid, product)
        previous = rz
        squared_norm, rz = _step(x, residual, direction, product, scale, length)
        beta = rz / previous
    return x


@njit(cache=True, nogil=True, error_model="numpy", fastmath=LOOSE)
def _step(x, residual, direction, product, scale, length):
    """Go `length` along `direction` in place; the residual's squared norms, plain and preconditioned."""
    squared_norm, rz = 0.0, 0.0
    for k in range(x.size):
        x[k] += length * direction[k]
        residual[k] -= length * product[k]
        square = residual[k] * residual[k]
        squared_norm += square
        rz += square * scale[k]
    return squared_norm, rz


@njit(cache=True, nogil=True, error_model="numpy", fastmath=LOOSE)
def _multiply(values, x, rows, columns, grid, product):
    """Write A x to `product`; return its dot product with x.

    grid : the picture with a frame of two pixels, that stays 0 where pixels are known, as `values` are.
    """
    for k in range(x.size):
        grid[rows[k] + 2, columns[k] + 2] = x[k]
    dot = 0.0
    for k in range(x.size):
        total = 0.0
        for dy in range(5):
            line = grid[rows[k] + dy]
            for dx in range(5):
                total += values[k, dy, dx] * line[columns[k] + dx]
        product[k] = total
        dot += x[k] * total
    return dot
