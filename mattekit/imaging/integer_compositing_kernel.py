"""Compiled loops of the compositor."""

import numpy as np
from numba import njit

BITS = 22  # Pillow keeps its weights as whole multiples of 2**-22 when it scales 8-bit pictures


@njit(cache=True)
def weigh_rows(rows, starts, weights):
    """Each output row as five weighted input rows: rows (n, m) uint8, starts (k,), weights (k, 5) int32 -> (k, m)."""
    count, width = len(starts), rows.shape[1]
    out = np.empty((count, width), np.uint8)
    for y in range(count):
        s = starts[y]
        w0, w1, w2, w3, w4 = weights[y, 0], weights[y, 1], weights[y, 2], weights[y, 3], weights[y, 4]
        for x in range(width):
            value = np.int32(1 << (BITS - 1))
            value += w0 * np.int32(rows[s, x]) + w1 * np.int32(rows[s + 1, x]) + w2 * np.int32(rows[s + 2, x])
            value += w3 * np.int32(rows[s + 3, x]) + w4 * np.int32(rows[s + 4, x])
            out[y, x] = min(max(value >> BITS, 0), 255)
    return out


@njit(cache=True)
def blend(fg, bg, opacity, nudge):
    """Put fg before bg, both (H, W, 3) whole numbers of one type, by opacity (H, W) float64; `nudge` 0.5 rounds."""
    height, width = opacity.shape
    out = np.empty((height, width, 3), fg.dtype)
    for y in range(height):
        for x in range(width):
            a = opacity[y, x]
            if a <= 0.0:
                for c in range(3):
                    out[y, x, c] = bg[y, x, c]
            elif a >= 1.0:
                for c in range(3):
                    out[y, x, c] = fg[y, x, c]
            else:
                for c in range(3):
                    out[y, x, c] = int(a * fg[y, x, c] + (1.0 - a) * bg[y, x, c] + nudge)
    return out
