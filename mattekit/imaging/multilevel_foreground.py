"""Foreground colours by multi-level estimation: foreground and background together, from one pixel to full size."""

import math

import cv2
import numpy as np
from numba import njit

from mattekit.compiling import in_bands
from mattekit.imaging.composite import checked

COARSE, COARSE_SWEEPS = 32, 10  # sizes up to this side have more sweeps; Germer et al.'s values
SWEEPS = 2


def multilevel_foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Estimate the colours of the foreground, free of the background that shines through.

    Parameters
    ----------
    image : (H, W, 3) float, RGB in 0..1; clipped to that
    alpha : (H, W) float in 0..1

    Returns
    -------
    (H, W, 3) float32, RGB in 0..1; the image's where alpha is 1

    Raises
    ------
    InputError
        If sizes differ, or values are not numbers or out of range.

    References
    ----------
    Germer, Uelwer, Conrad and Harmeling, "Fast Multi-Level Foreground Estimation", 2020, Algorithm 1. Here sweeps are
    Jacobi's, so that threads can share them, and colours are enlarged bilinearly.
    """
    image, alpha = (np.ascontiguousarray(array, np.float32) for array in checked(image, alpha))
    image = image.clip(0, 1)

    fg, bg = (np.full((1, 1, 3), _mean(image, weight), np.float32) for weight in (alpha, 1 - alpha))
    for height, width in _sizes(*alpha.shape):
        size = width, height
        full = alpha.shape == (height, width)
        colours = image if full else cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)
        opacity = alpha if full else cv2.resize(alpha, size, interpolation=cv2.INTER_NEAREST)
        fg, bg = (cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in (fg, bg))
        new_fg, new_bg = np.empty_like(fg), np.empty_like(bg)
        for _ in range(COARSE_SWEEPS if max(size) <= COARSE else SWEEPS):
            in_bands(sweep, opacity.shape, colours, opacity, fg, bg, new_fg, new_bg)
            fg, bg, new_fg, new_bg = new_fg, new_bg, fg, bg
    np.copyto(fg, image, where=(alpha == 1)[..., None])
    return fg


def _mean(image: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean colour by weight; 0 where nothing weighs."""
    return np.einsum("hwc,hw->c", image, weight, dtype=np.float64) / max(float(weight.sum(dtype=np.float64)), 1e-9)


def _sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Heights and widths from one pixel to full size, each about twice the one before."""
    count = max(1, math.ceil(math.log2(max(height, width))))
    return [(round(height ** (k / count)), round(width ** (k / count))) for k in range(count + 1)]


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
