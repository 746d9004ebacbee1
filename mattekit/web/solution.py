"""Alpha and colours of a window of a picture, as a page shows them."""

import cv2
import numpy as np

from mattekit.baselines import DEFAULT_FOREGROUND, FOREGROUND
from mattekit.imaging.io import to_float
from mattekit.imaging.trimap import join
from mattekit.models.prediction import predict_alpha
from mattekit.web.models import ready

BACKGROUND_LEVEL, UNKNOWN_LEVEL, FOREGROUND_LEVEL = 0, 128, 255


def of_levels(levels: np.ndarray) -> np.ndarray:
    """Return the trimap (H, W) float32 of grey levels (H, W) uint8 of 0, 128 and 255."""
    return join(levels == BACKGROUND_LEVEL, levels == FOREGROUND_LEVEL)


def solve(model: str, image: np.ndarray, shown: np.ndarray, levels: np.ndarray, largest: int) -> np.ndarray:
    """Return straight RGBA (h, w, 4) uint8: estimated colours of the foreground, and alpha.

    Parameters
    ----------
    model : str
        Of `registry.resolve`.
    image : (h, w, 3) float32
        What alpha is made of.
    shown : (h, w, 3) uint8
        What colours are made of.
    levels : (h, w) uint8 of 0, 128 and 255
    largest : int
        Number of pixels; larger windows are reduced to it for both.

    Raises
    ------
    MattekitError
        If the model has no alpha.
    """
    side = max(1, int(max(levels.shape) * min(1, (largest / levels.size) ** 0.5)))
    alpha = predict_alpha(ready(model), np.ascontiguousarray(image), of_levels(levels), max_size=side)
    return rgba(colours(np.ascontiguousarray(shown), alpha, side), alpha)


def colours(shown: np.ndarray, alpha: np.ndarray, side: int | None = None) -> np.ndarray:
    """Return colours (h, w, 3) float32 of the foreground of a picture (h, w, 3) uint8, of one reduced to a side."""
    picture, estimate = to_float(shown), FOREGROUND[DEFAULT_FOREGROUND].function
    height, width = alpha.shape
    if side is None or side >= max(height, width):
        return estimate(picture, alpha)
    scale = side / max(height, width)
    small = max(1, round(width * scale)), max(1, round(height * scale))
    pair = (cv2.resize(each, small, interpolation=cv2.INTER_AREA).clip(0, 1) for each in (picture, alpha))
    found = cv2.resize(estimate(*pair), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(alpha[..., None] == 1, picture, found)


def rgba(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return 8-bit straight RGBA (h, w, 4) of colours (h, w, 3) and alpha (h, w) in 0..1."""
    return np.rint(np.dstack([colours, alpha]).clip(0, 1) * 255).astype(np.uint8)
