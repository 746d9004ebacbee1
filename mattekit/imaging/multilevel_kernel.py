"""One sweep of multi-level foreground estimation (numba)."""

import numpy as np
from numba import njit

SMOOTHNESS = np.float32(5e-3)  # weight of a pair of neighbours; Germer et al.'s value, as the next
EDGE = np.float32(0.1)  # added to it, times their difference of alpha


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "arcp"})
def sweep(image, alpha, fg, bg, new_fg, new_bg, top, end):
    """Improve colours of rows top..end, every pixel from the previous colours of its neighbours.

    A pixel's energy is |alpha F + (1 - alpha) B - I|^2 + sum_j w_j (|F - F_j|^2 + |B - B_j|^2). Its minimum moves
    the neighbours' weighted means along (alpha, 1 - alpha), by as much of the residual as the weights let it.
    """
    height, width = alpha.shape
    for y in range(top, end):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            a = alpha[y, x]
            b = np.float32(1) - a
            wa = SMOOTHNESS + EDGE * abs(a - alpha[above, x])
            wb = SMOOTHNESS + EDGE * abs(a - alpha[below, x])
            wl = SMOOTHNESS + EDGE * abs(a - alpha[y, left])
            wr = SMOOTHNESS + EDGE * abs(a - alpha[y, right])
            share = np.float32(1) / (wa + wb + wl + wr)
            wa, wb, wl, wr = wa * share, wb * share, wl * share, wr * share
            step = share / (np.float32(1) + share * (a * a + b * b))
            for c in range(3):
                f = wa * fg[above, x, c] + wb * fg[below, x, c] + wl * fg[y, left, c] + wr * fg[y, right, c]
                g = wa * bg[above, x, c] + wb * bg[below, x, c] + wl * bg[y, left, c] + wr * bg[y, right, c]
                residual = step * (image[y, x, c] - a * f - b * g)
                new_fg[y, x, c] = min(max(f + a * residual, np.float32(0)), np.float32(1))
                new_bg[y, x, c] = min(max(g + b * residual, np.float32(0)), np.float32(1))
