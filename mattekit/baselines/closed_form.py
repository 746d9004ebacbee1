"""Closed-form matting: the matting Laplacian of unknown pixels alone, and its direct solution by a Cholesky factor.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", 2008, equation (12). A window whose nine
pixels are all known adds nothing to the equations of unknown pixels, so it is never looked at.
"""

import math

import cv2
import numpy as np
from numba import njit

from mattekit.baselines.by_pymatting import alpha_by_pymatting
from mattekit.baselines.cholesky import solve
from mattekit.baselines.dissection import boundaries, dissect
from mattekit.compiling import KERNEL, PART

EPSILON = 1e-7  # regularisation of a window's colours; pymatting's value
MOST_ENTRIES = 500_000_000  # of the factor, 4 GB: about two million unknown pixels in one region; else iteration
REACH = 2  # pixels: two pixels of one 3 x 3 window are at most this far apart


def closed_form(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Solve the equations of closed-form matting for the alpha of `image`; pymatting's method iterates on the same.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1, sides of at least 3
    trimap : (H, W) float32, exactly 0, 0.5 or 1, something unknown

    Returns
    -------
    (H, W) float32 in 0..1

    Raises
    ------
    InputError
        If the factor does not fit in memory, and pymatting's iteration does not converge.

    References
    ----------
    Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", 2008.
    """
    unknown = (trimap > 0) & (trimap < 1)
    part = _around(unknown)
    solution = _solve(image[part], trimap[part], unknown[part])
    if solution is None:
        return alpha_by_pymatting("estimate_alpha_cf", image, trimap)
    alpha = trimap.astype(np.float32)
    alpha[unknown] = solution
    return alpha


def _around(unknown: np.ndarray) -> tuple[slice, ...]:
    """Return the rectangle of all windows with an unknown pixel."""
    spans = [np.flatnonzero(unknown.any(axis=axis)) for axis in (1, 0)]
    return tuple(slice(max(0, span[0] - REACH), span[-1] + REACH + 1) for span in spans)


def _solve(image: np.ndarray, trimap: np.ndarray, unknown: np.ndarray) -> np.ndarray | None:
    """Return the unknown pixels' alphas in raster order, or None where elimination would take too much memory."""
    rows, columns, place = numbered(unknown)
    order, starts, is_leaf = dissect(rows, columns)
    rows, columns = rows[order], columns[order]
    place[rows + REACH, columns + REACH] = np.arange(rows.size)
    reached, ends = boundaries(rows, columns, place, starts, is_leaf)
    own, far = np.diff(starts), np.diff(ends)
    if np.sum(own * (own + far)) > MOST_ENTRIES:
        return None
    values, right = equations(image, trimap, place)
    alpha = np.empty(rows.size)
    alpha[order] = solve(values, right, rows, columns, place, starts, is_leaf, reached, ends)
    return np.clip(alpha, 0, 1)


def numbered(unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number the equations of unknown pixels (H, W) in raster order.

    Returns
    -------
    rows, columns : (N,) int32
        Of each pixel.
    place : (H + 4, W + 4) int32
        Number of each pixel's equation, in a picture with a frame of `REACH` pixels; -1 elsewhere.
    """
    rows, columns = _pixels(unknown)
    place = np.full((unknown.shape[0] + 2 * REACH, unknown.shape[1] + 2 * REACH), -1, np.int32)
    place[rows + REACH, columns + REACH] = np.arange(rows.size)
    return rows, columns, place


def equations(image: np.ndarray, trimap: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make the equations of the pixels that are numbered in `place`: values and right side, as `laplacian` does."""
    unknown = place[REACH:-REACH, REACH:-REACH] >= 0
    touched = cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3), np.uint8))
    touched[[0, -1]] = touched[:, [0, -1]] = 0  # a window lies inside the image
    image, trimap = np.ascontiguousarray(image, np.float32), np.ascontiguousarray(trimap, np.float32)
    return laplacian(image, trimap, place, *_pixels(touched), np.count_nonzero(unknown), EPSILON)


def _pixels(mask: np.ndarray) -> list[np.ndarray]:
    """Return rows and columns, int32, of the pixels of a mask, in raster order."""
    # Contiguous whatever their number: numba compiles anew for another memory layout.
    return [np.ascontiguousarray(axis, np.int32) for axis in np.nonzero(mask)]


def laplacian(image, trimap, place, middle_rows, middle_columns, count, epsilon):
    """Return the equations of unknown pixels: the rows of L at unknown columns, and what known ones put on the right.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32, exactly 0, 0.5 or 1
    place : (H + 4, W + 4) int32
        Equation of each unknown pixel, -1 elsewhere, with a frame of two pixels.
    middle_rows, middle_columns : (M,) int32
        Middles of the windows to look at.
    count : int
        How many pixels are unknown.
    epsilon : float
        Regularisation of the colour covariance, times the nine pixels of the window.

    Returns
    -------
    values : (count, 5, 5) float64
        L between a pixel and the one that lies (dy - 2, dx - 2) from it; 0 where that is known.
    right : (count,) float64
    """
    values, right = np.zeros((count, 5, 5)), np.zeros(count)
    add_windows(image, trimap, place, middle_rows, middle_columns, epsilon, np.empty((9, 3)), values, right)
    return values, right


@njit(**KERNEL)
def add_windows(image, trimap, place, middle_rows, middle_columns, epsilon, white, values, right):
    """Add each window's part to the equations; white : (9, 3) float64, anything."""
    for k in range(middle_rows.size):
        y, x = middle_rows[k], middle_columns[k]
        _whiten(image, y, x, epsilon, white)
        _add_window(trimap, place, y, x, white, values, right)


@njit(**PART, inline="always")  # as the next: twice as quick to compile
def _whiten(image, y, x, epsilon, white):
    """Write colours to white (9, 3) whose products w_i . w_j are (I_i - mu)^T (Sigma + epsilon / 9)^-1 (I_j - mu).

    By the Cholesky factor of the regularised covariance. The determinant, by which an inverse from cofactors divides,
    is lost in rounding where a window's colours lie on a line; the window's matrix would then be indefinite.
    """
    for c in range(3):
        mean = 0.0
        for k in range(9):
            white[k, c] = image[y + k // 3 - 1, x + k % 3 - 1, c]
            mean += white[k, c]
        for k in range(9):
            white[k, c] -= mean / 9
    a = b = c = d = e = f = 0.0
    for k in range(9):
        red, green, blue = white[k, 0], white[k, 1], white[k, 2]
        a += red * red
        b += red * green
        c += red * blue
        d += green * green
        e += green * blue
        f += blue * blue
    l00 = math.sqrt((a + epsilon) / 9)
    l10, l20 = b / 9 / l00, c / 9 / l00
    smallest = epsilon / 9  # of a Schur complement, but for rounding
    l11 = math.sqrt(max((d + epsilon) / 9 - l10 * l10, smallest))
    l21 = (e / 9 - l10 * l20) / l11
    l22 = math.sqrt(max((f + epsilon) / 9 - l20 * l20 - l21 * l21, smallest))
    for k in range(9):
        white[k, 0] /= l00
        white[k, 1] = (white[k, 1] - l10 * white[k, 0]) / l11
        white[k, 2] = (white[k, 2] - l20 * white[k, 0] - l21 * white[k, 1]) / l22


@njit(**PART, inline="always")
def _add_window(trimap, place, y, x, white, values, right):
    for i in range(9):
        yi, xi = i // 3, i % 3
        row = place[y + yi + 1, x + xi + 1]
        if row < 0:
            continue
        u, v, w = white[i, 0], white[i, 1], white[i, 2]
        for j in range(9):
            yj, xj = j // 3, j % 3
            value = (i == j) - (1 + u * white[j, 0] + v * white[j, 1] + w * white[j, 2]) / 9
            if place[y + yj + 1, x + xj + 1] >= 0:
                values[row, yj - yi + 2, xj - xi + 2] += value
            else:
                right[row] -= value * trimap[y + yj - 1, x + xj - 1]
