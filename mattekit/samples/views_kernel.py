"""Compiled loops of lazy pictures: the input position of each pixel of a warped picture, and reading it."""

import numpy as np
from numba import njit

HALF, ZERO = np.float32(0.5), np.float32(0)
# Signatures, so that all is compiled at once, when this is imported.
LINES, POSITIONS, MAP = "int32[::1], int32[::1]", "int32[:, ::1], int32[:, ::1]", "float32[:, ::1], int64, int64"
KINDS = ("uint8", "float32")


@njit(f"({LINES}, {MAP})", cache=True)
def nearest_of_grid(rows, columns, matrix, height, width):
    """Find the nearest input pixel of each pixel of a grid.

    rows (h,), columns (w,) int32; matrix (2, 3) float32 -> rows, columns (h, w) int32 inside (height, width), and
    whether the position was outside, (h, w) bool.
    """
    h, w = len(rows), len(columns)
    down, right, outside = np.empty((h, w), np.int32), np.empty((h, w), np.int32), np.empty((h, w), np.bool_)
    last_row, last_column = np.float32(height - 1), np.float32(width - 1)
    along = columns.astype(np.float32)
    along_x, along_y = along * matrix[0, 0] + matrix[0, 2], along * matrix[1, 0] + matrix[1, 2]
    for i in range(h):
        to_x, to_y = np.float32(rows[i]) * matrix[0, 1], np.float32(rows[i]) * matrix[1, 1]
        rights, downs, outs = right[i], down[i], outside[i]
        for j in range(w):
            x, y = np.floor((along_x[j] + to_x) + HALF), np.floor((along_y[j] + to_y) + HALF)
            inner_x, inner_y = min(max(x, ZERO), last_column), min(max(y, ZERO), last_row)
            rights[j], downs[j] = np.int32(inner_x), np.int32(inner_y)
            outs[j] = (inner_x != x) | (inner_y != y)
    return down, right, outside


@njit(f"({POSITIONS}, {MAP})", cache=True)
def nearest_of_positions(rows, columns, matrix, height, width):
    """Do as `nearest_of_grid` for rows and columns (h, w) int32 of any positions."""
    h, w = rows.shape
    down, right, outside = np.empty((h, w), np.int32), np.empty((h, w), np.int32), np.empty((h, w), np.bool_)
    last_row, last_column = np.float32(height - 1), np.float32(width - 1)
    xx, xy, x0, yx, yy, y0 = matrix[0, 0], matrix[0, 1], matrix[0, 2], matrix[1, 0], matrix[1, 1], matrix[1, 2]
    for i in range(h):
        from_rows, from_columns, rights, downs, outs = rows[i], columns[i], right[i], down[i], outside[i]
        for j in range(w):
            row, column = np.float32(from_rows[j]), np.float32(from_columns[j])
            x, y = np.floor(((column * xx + x0) + row * xy) + HALF), np.floor(((column * yx + y0) + row * yy) + HALF)
            inner_x, inner_y = min(max(x, ZERO), last_column), min(max(y, ZERO), last_row)
            rights[j], downs[j] = np.int32(inner_x), np.int32(inner_y)
            outs[j] = (inner_x != x) | (inner_y != y)
    return down, right, outside


@njit([f"({kind}[:, ::1], {POSITIONS})" for kind in KINDS], cache=True)
def gather_plane(pixels, rows, columns):
    """Read pixels of a plane (H, W) at rows and columns (h, w) int32, all inside."""
    h, w = rows.shape
    out = np.empty((h, w), pixels.dtype)
    for i in range(h):
        line, down, right = out[i], rows[i], columns[i]
        for j in range(w):
            line[j] = pixels[np.uint32(down[j]), np.uint32(right[j])]
    return out


@njit([f"({kind}[:, :, ::1], {POSITIONS})" for kind in KINDS], cache=True)
def gather_colours(pixels, rows, columns):
    """Read pixels of colours (H, W, 3) at rows and columns (h, w) int32, all inside."""
    h, w = rows.shape
    out = np.empty((h, w, 3), pixels.dtype)
    for i in range(h):
        line, down, right = out[i], rows[i], columns[i]
        for j in range(w):
            colour = pixels[np.uint32(down[j]), np.uint32(right[j])]
            line[j, 0], line[j, 1], line[j, 2] = colour[0], colour[1], colour[2]
    return out
