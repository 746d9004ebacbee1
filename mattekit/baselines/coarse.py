"""Quick estimates of alpha on a reduced picture, which a network corrects: PRIORS, by name.

What is sought varies slowly, the colours of foreground and background; where it is known, alpha follows at full size.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.baselines.closed_form import closed_form
from mattekit.baselines.sampling import between, shared
from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known

PIXELS = 200_000  # of the reduced picture, about; it is never larger than half in each direction


class Prior(NamedTuple):
    """One row.

    channels : int
        Estimates that it gives.
    estimate : function
        Of an image (H, W, 3) and a trimap (H, W): estimates (H, W, channels) float32 in 0..1, the first being the best.
    """

    channels: int
    estimate: Callable[[np.ndarray, np.ndarray], np.ndarray]


def coarse(image: np.ndarray, trimap: np.ndarray, factor: int | None = None) -> np.ndarray:
    """Estimate alpha thrice from colours sampled, and an equation solved, on a reduced picture.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1
    factor : int, optional
        How many times smaller the picture is made; if not given, at least 2 and enough for about `PIXELS`.

    Returns
    -------
    (H, W, 3) float32 in 0..1
        Alpha at full size of the colours that shared matting finds; the alpha that it smooths; closed-form's alpha.
        All three are the trimap where this has no known foreground or background that is left when reduced.

    References
    ----------
    Gastal and Oliveira, "Shared Sampling for Real-Time Alpha Matting"; Levin, Lischinski and Weiss, "A Closed-Form
    Solution to Natural Image Matting".
    """
    height, width = trimap.shape
    factor = factor or max(2, round((height * width / PIXELS) ** 0.5))
    size = max(width // factor, 1), max(height // factor, 1)
    small, classes = cv2.resize(image, size, interpolation=cv2.INTER_AREA), reduced(trimap, size)
    if not ((classes == 0).any() and (classes == 1).any() and (classes == 0.5).any()):
        return np.repeat(trimap[..., None], 3, 2)
    smooth, fg, bg = shared(small, classes)
    try:
        solved = closed_form(small, classes)
    except InputError:  # the equation has no answer
        solved = smooth
    fg, bg, smooth, solved = (cv2.resize(a, (width, height)) for a in (fg, bg, smooth, solved.astype(np.float32)))
    estimates = (between(image, fg, bg), smooth, solved)
    return np.stack([pin_known(np.nan_to_num(alpha, nan=0.5).clip(0, 1), trimap) for alpha in estimates], 2)


def reduced(trimap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A trimap in a smaller (width, height), known only where all that it covers is."""
    fg, bg = (cv2.resize((trimap == value).astype(np.float32), size, interpolation=cv2.INTER_AREA) for value in (1, 0))
    return np.where(fg > 0.999, 1, np.where(bg > 0.999, 0, 0.5)).astype(np.float32)


PRIORS: dict[str, Prior] = {"coarse": Prior(3, coarse)}
