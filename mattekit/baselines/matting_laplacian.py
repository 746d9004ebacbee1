"""The matting Laplacian of closed-form matting, for unknown pixels alone (numba).

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", equation (12). A window whose nine
pixels are all known adds nothing to the equations of unknown pixels, so it is never looked at.
"""

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
    centred = np.empty((9, 3))
    for k in range(middle_rows.size):
        y, x = middle_rows[k], middle_columns[k]
        _centre(image, y, x, centred)
        _add_window(trimap, place, y, x, centred, _precision(centred, epsilon), values, right)
    return values, right


@njit(cache=True, nogil=True, error_model="numpy")
def _centre(image, y, x, centred):
    for c in range(3):
        mean = 0.0
        for k in range(9):
            centred[k, c] = image[y + k // 3 - 1, x + k % 3 - 1, c]
            mean += centred[k, c]
        for k in range(9):
            centred[k, c] -= mean / 9


@njit(cache=True, nogil=True, error_model="numpy")
def _precision(centred, epsilon):
    """Inverse of the regularised 3 x 3 covariance, by its adjugate: (00, 01, 02, 11, 12, 22)."""
    a = b = c = d = e = f = 0.0
    for k in range(9):
        red, green, blue = centred[k, 0], centred[k, 1], centred[k, 2]
        a += red * red
        b += red * green
        c += red * blue
        d += green * green
        e += green * blue
        f += blue * blue
    a, b, c = (a + epsilon) / 9, b / 9, c / 9
    d, e, f = (d + epsilon) / 9, e / 9, (f + epsilon) / 9
    p, q, r = d * f - e * e, c * e - b * f, b * e - c * d
    scale = 1 / (a * p + b * q + c * r)
    return p * scale, q * scale, r * scale, (a * f - c * c) * scale, (b * c - a * e) * scale, (a * d - b * b) * scale


@njit(cache=True, nogil=True, error_model="numpy")
def _add_window(trimap, place, y, x, centred, precision, values, right):
    m00, m01, m02, m11, m12, m22 = precision
    for i in range(9):
        yi, xi = i // 3, i % 3
        row = place[y + yi + 1, x + xi + 1]
        if row < 0:
            continue
        red, green, blue = centred[i, 0], centred[i, 1], centred[i, 2]
        u = m00 * red + m01 * green + m02 * blue
        v = m01 * red + m11 * green + m12 * blue
        w = m02 * red + m12 * green + m22 * blue
        for j in range(9):
            yj, xj = j // 3, j % 3
            value = (i == j) - (1 + u * centred[j, 0] + v * centred[j, 1] + w * centred[j, 2]) / 9
            if place[y + yj + 1, x + xj + 1] >= 0:
                values[row, yj - yi + 2, xj - xi + 2] += value
            else:
                right[row] -= value * trimap[y + yj - 1, x + xj - 1]
