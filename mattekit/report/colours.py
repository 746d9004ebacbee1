"""Colours of signed errors, for thumbnails here and for the page's own maps."""

from functools import cache

import numpy as np

# From an alpha that is too low, over none, to one that is too high: colours that differ for the colour-blind, too.
STOPS = ((150, 205, 255), (28, 104, 196), (20, 20, 22), (205, 84, 14), (255, 212, 150))
RANGE = 0.25  # the error of the outermost colours, at first


@cache
def table(largest: float = RANGE) -> np.ndarray:
    """Colours (511, 3) uint8 RGB of the differences -255..255 of 8-bit alphas; those over `largest` have its colour."""
    error = np.arange(-255, 256) / 255
    places = np.linspace(-largest, largest, len(STOPS))
    return np.rint(np.stack([np.interp(error, places, channel) for channel in zip(*STOPS, strict=True)], 1)).astype(
        np.uint8
    )


def signed_error(alpha: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) uint8 RGB of alpha - truth, both (H, W) uint8."""
    return table()[alpha.astype(np.int16) - truth + 255]


def gradient() -> str:
    """Return the colours as a style sheet writes them, for a legend."""
    return f"linear-gradient(90deg, {', '.join(f'rgb({r} {g} {b})' for r, g, b in STOPS)})"
