"""Colours of the foreground alone: without the screen behind it, and without the light that the screen throws on it."""

import numpy as np

from mattekit.keying.fill import fill
from mattekit.keying.unmixing import foreground_light

FAINT = 0.3  # alpha at which a pixel's own colour counts as much as those around it


def clean_colours(light: np.ndarray, alpha: np.ndarray, screen: np.ndarray, despill: float = 1.0) -> np.ndarray:
    """Estimate the light of the foreground alone.

    Parameters
    ----------
    light, screen : (H, W, 3) float32, linear light of the plate and of the screen at every pixel
    alpha : (H, W) float32 in 0..1
    despill : 0..1, how much of the spill is taken out: light of the screen's hue that no neutral colour has

    Returns
    -------
    (H, W, 3) float32
        At least 0; where alpha is 0, the colours that are next to it.
    """
    fg = foreground_light(light, alpha, screen)
    fg = np.maximum(fg - np.float32(despill) * spill_share(fg, screen)[..., None] * screen, 0)
    around = fill(fg, alpha**2 + np.float32(1e-9))
    own = alpha[..., None] ** 2
    own /= own + np.float32(FAINT**2)
    return own * fg + (1 - own) * around


def spill_share(light: np.ndarray, screen: np.ndarray) -> np.ndarray:
    """Light of the screen in a pixel (H, W), as a share of it, by which its hue exceeds all others; at least 0."""
    lead = leading(screen.mean((0, 1)))
    return np.maximum(_excess(light, lead), 0) / np.maximum(_excess(screen, lead), np.float32(1e-4))


def leading(colour: np.ndarray) -> list[int]:
    """Return the primaries of a hue: one of green, two of cyan."""
    low, high = colour.min(), colour.max()
    return [i for i in range(3) if colour[i] - low > 0.5 * (high - low)]


def _excess(light: np.ndarray, lead: list[int]) -> np.ndarray:
    others = [i for i in range(3) if i not in lead]
    return light[..., lead].min(2) - light[..., others].max(2)
