"""Foreground colours by multi-level estimation: foreground and background together, from one pixel to full size."""

import math

import cv2
import numpy as np

from mattekit.bands import in_bands
from mattekit.compiling import announced
from mattekit.imaging.foreground_input import checked

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
    with announced("foreground colours: the first use compiles for a second."):
        from mattekit.imaging.multilevel_kernel import sweep

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
