"""Smoothing of an estimate of alpha along the image: closed-form matting with the estimate as a weak constraint."""

from functools import partial

import cv2
import numpy as np
from numba import njit

from mattekit import progress
from mattekit.baselines.closed_form import REACH, equations, numbered
from mattekit.compiling import KERNEL
from mattekit.imaging.trimap import reduced

TRUST = 0.01  # in the estimate, against the matting Laplacian, whose diagonal is of the order of one
ACCURACY, STEPS = 2e-3, 200  # of conjugate gradients: relative residual at the end, and the limit of steps
MOST, LARGEST = 1_000_000, 8_000_000  # unknown pixels at once, 300 bytes each; and pixels
MARGIN = 128  # pixels; what is farther away matters little
FASTMATH = {
    "contract",
    "reassoc",
}  # sums in any order; vectors here, not BLAS, whose loading takes longer
ZERO = 1e-20  # squared norm of a residual that is nothing but rounding; steps from there would divide 0 by 0


def smoothed(
    image: np.ndarray,
    trimap: np.ndarray,
    estimate: np.ndarray,
    trust: float = TRUST,
    accuracy: float = ACCURACY,
    *,
    doubt: float = 0.0,
    power: float = 1.0,
) -> np.ndarray:
    """Alpha that minimises the closed-form cost plus `trust` times the squared distance from an estimate.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB; clipped to 0..1
    trimap : (H, W) float32, exactly 0, 0.5 or 1
    estimate : (H, W) float32 in 0..1
    trust : above 0, in estimates of 0 and 1; the more, the closer to the estimate, and the quicker.
    accuracy : relative residual at which iteration ends; with little trust this is far from the exact solution, which
        is no better.
    doubt : how fast trust falls towards estimates between; the trust in e is `trust` exp(-`doubt` e (1 - e)).
    power : exponent of the image by whose colours alpha is smoothed.

    Returns
    -------
    (H, W) float32 in 0..1; the estimate where a side is below 3, which holds no window

    References
    ----------
    Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting": its constraint of known pixels,
    weakened and put on every unknown one.
    """
    unknown = trimap == 0.5
    if (unknown.sum() > MOST or unknown.size > LARGEST) and max(trimap.shape) > 4 * MARGIN:
        return _in_halves(
            image, trimap, estimate, partial(smoothed, trust=trust, accuracy=accuracy, doubt=doubt, power=power)
        )
    if not unknown.any() or min(trimap.shape) < 3:
        return np.where(unknown, estimate, trimap).astype(np.float32)
    image, trust = cv2.pow(image.clip(0, 1), power), trust * np.exp(-doubt * estimate * (1 - estimate))
    start = _half_size_start(image, trimap, estimate, trust, accuracy / 2)  # where a step costs a quarter
    return _solved(image, trimap, estimate, trust, accuracy, start)


def _half_size_start(image, trimap, estimate, trust, accuracy) -> np.ndarray:
    """Return an initial alpha from a picture of half the size: what varies slowly takes the most steps.

    A pixel of it is trusted as the four that it stands for.
    """
    height, width = trimap.shape
    size = max(width // 2, 1), max(height // 2, 1)
    image, guess, trust = (
        cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (image, estimate, 4 * trust)
    )
    trimap = reduced(trimap, size)
    if not (trimap == 0.5).any() or min(size) < 3:
        return estimate
    change = _solved(image, trimap, guess, trust, accuracy, guess) - np.where(trimap == 0.5, guess, trimap)
    return estimate + cv2.resize(change, (width, height))


def _solved(image, trimap, estimate, trust, accuracy, start) -> np.ndarray:
    unknown = trimap == 0.5
    rows, columns, place = numbered(unknown)
    values, right = equations(image, trimap, place)
    start, guess, pull = (each[unknown].astype(np.float64) for each in (start, estimate, trust))
    values[:, REACH, REACH] += pull
    values = values.astype(np.float32)  # read at every step
    alpha = trimap.copy()
    alpha[unknown] = conjugate_gradients(
        values, right + pull * guess, start, rows, columns, unknown.shape, accuracy, STEPS
    )
    return alpha.clip(0, 1)


def _in_halves(image, trimap, estimate, smooth) -> np.ndarray:
    """Smooth the two halves of the longer side apart, each with a margin of the other."""
    axis = int(trimap.shape[1] > trimap.shape[0])
    middle = trimap.shape[axis] // 2

    def cut(start, stop):
        return (slice(None),) * axis + (slice(start, stop),)

    parts = cut(None, middle + MARGIN), cut(middle - MARGIN, None)
    first, second = (smooth(image[part], trimap[part], estimate[part]) for part in parts)
    return np.concatenate([first[cut(None, middle)], second[cut(MARGIN, None)]], axis)


def conjugate_gradients(values, right, start, rows, columns, shape, accuracy, steps) -> np.ndarray:
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
    x, residual, scale = np.zeros_like(start), right.copy(), 1 / values[:, REACH, REACH].astype(np.float64)
    direction, product = start.copy(), np.empty_like(start)
    grid = np.zeros((shape[0] + 2 * REACH, shape[1] + 2 * REACH))
    multiply(values, scale, residual, direction, 1.0, 0.0, rows, columns, grid, product)
    squared_norm, rz = advance(x, residual, direction, product, scale, 1.0)  # to the start, and its residual
    goal = ZERO + accuracy**2 * np.dot(right, right)
    beta = 0.0  # share of the last direction that the next one keeps
    convergence, whole = progress.Convergence("smoothing", accuracy), np.dot(right, right) or 1.0
    for _ in range(steps):
        if squared_norm <= goal:
            break
        length = rz / multiply(values, scale, residual, direction, beta, 1.0, rows, columns, grid, product)
        previous = rz
        squared_norm, rz = advance(x, residual, direction, product, scale, length)
        beta = rz / previous
        convergence((squared_norm / whole) ** 0.5)
    return x


@njit(**KERNEL, fastmath=FASTMATH)
def advance(x, residual, direction, product, scale, length):
    """Go `length` along `direction` in place; return the residual's squared norms, plain and preconditioned."""
    squared_norm, rz = 0.0, 0.0
    for k in range(x.size):
        x[k] += length * direction[k]
        residual[k] -= length * product[k]
        square = residual[k] * residual[k]
        squared_norm += square
        rz += square * scale[k]
    return squared_norm, rz


@njit(**KERNEL, fastmath=FASTMATH)
def multiply(values, scale, residual, direction, beta, descent, rows, columns, grid, product):
    """Turn the direction to beta times it plus `descent` times the preconditioned residual; multiply it by A.

    Writes A times the direction to `product`, and returns the dot product of the two. grid : the picture with a frame
    of two pixels, that stays 0 where pixels are known, as `values` are.
    """
    for k in range(direction.size):
        direction[k] = beta * direction[k] + descent * scale[k] * residual[k]
        grid[rows[k] + 2, columns[k] + 2] = direction[k]
    dot = 0.0
    for k in range(direction.size):
        total = 0.0
        for dy in range(5):
            line = grid[rows[k] + dy]
            for dx in range(5):
                total += values[k, dy, dx] * line[columns[k] + dx]
        product[k] = total
        dot += direction[k] * total
    return dot
