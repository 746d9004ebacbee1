"""Colours that the foreground has around each pixel: their mean and covariance, in linear light."""

from typing import NamedTuple

import numpy as np

from mattekit.keying.fill import fill

SPREAD = 0.02  # standard deviation of light that every colour has at least
BRIGHTNESS = 0.3  # the same of its brightness, relative to it: shading


class ForegroundModel(NamedTuple):
    """Normal distributions of the foreground's light.

    Attributes
    ----------
    mean : (H, W, 3) float32
    moments : (H, W, 6) float32, covariances xx, xy, xz, yy, yz, zz
    """

    mean: np.ndarray
    moments: np.ndarray


def foreground_model(fg: np.ndarray, weight: np.ndarray) -> ForegroundModel:
    """Average colours (H, W, 3) of the foreground by the trust (H, W) in each, over as small a neighbourhood as has it.

    The covariance is that of the colours averaged, widened by `SPREAD` and `BRIGHTNESS`.
    """
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    products = np.stack([fg[..., i] * fg[..., j] for i, j in pairs], axis=2)
    averages = fill(np.concatenate([fg, products], axis=2), weight)
    mean, moments = averages[..., :3], averages[..., 3:].copy()
    for k, (i, j) in enumerate(pairs):
        moments[..., k] = (1 + BRIGHTNESS**2) * moments[..., k] - mean[..., i] * mean[..., j]
        if i == j:
            moments[..., k] = np.maximum(moments[..., k], 0) + SPREAD**2
    return ForegroundModel(np.ascontiguousarray(mean), moments)
