"""Matting Laplacian of closed-form matting, for unknown pixels alone (numba).

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", equation (12). A window whose nine
pixels are all known adds nothing to the equations of unknown pixels, so it is never looked at.
"""

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def laplacian(image, trimap, place, middle_rows, middle_columns, count, epsilon):
    """Equations of the unknown pixels: the rows of L at unknown columns, and what known pixels put on the right.

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
    white = np.empty((9, 3))
    for k in range(middle_rows.size):
        y, x = middle_rows[k], middle_columns[k]
        _whiten(image, y, x, epsilon, white)
        _add_window(trimap, place, y, x, white, values, right)
    return values, right


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
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
