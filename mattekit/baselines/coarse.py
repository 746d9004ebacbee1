"""Quick estimates of alpha on reduced pictures, and their blend, which a network corrects: PRIORS, by name.

What is sought varies slowly, the colours of foreground and background; where it is known, alpha follows at full size.
Methods err in different places: where most of them agree they are right more often than any of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.baselines.closed_form import closed_form
from mattekit.baselines.sampling import between, shared
from mattekit.baselines.smoothing import smoothed
from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known

PIXELS = 600_000  # of the largest picture that colours are sampled on, about
CONTRAST = 1.12  # of the blend: methods take thick hair for half transparent


class Prior(NamedTuple):
    """One row.

    channels : int
        Estimates that it gives.
    estimate : function
        Of an image (H, W, 3) and a trimap (H, W): estimates (H, W, channels) float32 in 0..1, the first being the best.
    """

    channels: int
    estimate: Callable[[np.ndarray, np.ndarray], np.ndarray]


def coarse(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Estimate alpha in four ways, and blend three of them.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1

    Returns
    -------
    (H, W, 5) float32 in 0..1
        The median of shared matting, of shared matting's colours found on a picture a quarter as high, and of
        closed-form matting on one half as high, made to agree with the image, with more contrast; then shared matting, what its colours say of a
        picture half as high and a quarter as high, and closed-form. Pictures of more than `PIXELS` are reduced
        further. All are the trimap where a picture loses all known foreground or background.

    References
    ----------
    Gastal and Oliveira, "Shared Sampling for Real-Time Alpha Matting"; Levin, Lischinski and Weiss, "A Closed-Form
    Solution to Natural Image Matting".
    """
    if not _whole(trimap):
        return np.repeat(trimap[..., None], 5, 2)
    size = trimap.shape
    factor = max(1, round((size[0] * size[1] / PIXELS) ** 0.5))
    fine = _sampled(image, trimap, factor, smoothed=factor == 1)
    half, quarter = (_sampled(image, trimap, times * factor) for times in (2, 4))
    solved = _solved(image, trimap, 2 * factor)
    # The median of three: the largest of the two smaller pairs' least.
    median = np.maximum(np.minimum(fine, quarter), np.minimum(np.maximum(fine, quarter), solved))
    blend = ((smoothed(image, trimap, median) - 0.5) * CONTRAST + 0.5).clip(0, 1)
    return np.stack([pin_known(alpha, trimap) for alpha in (blend, fine, half, quarter, solved)], 2)


def _sampled(image: np.ndarray, trimap: np.ndarray, factor: int, *, smoothed: bool = False) -> np.ndarray:
    """Alpha of the colours that shared matting finds on a picture `factor` times smaller, or its own alpha."""
    small, classes = _smaller(image, trimap, factor)
    if not _whole(classes):
        return trimap
    found = shared(small, classes)
    if smoothed:
        return _full(found.alpha, trimap)
    return between(image, _full(found.fg, trimap), _full(found.bg, trimap))


def _solved(image: np.ndarray, trimap: np.ndarray, factor: int) -> np.ndarray:
    """Closed-form's alpha of a picture `factor` times smaller."""
    small, classes = _smaller(image, trimap, factor)
    if not _whole(classes):
        return trimap
    try:
        return _full(closed_form(small, classes).astype(np.float32), trimap).clip(0, 1)
    except InputError:  # the equation has no answer
        return trimap


def _smaller(image: np.ndarray, trimap: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    height, width = trimap.shape
    size = max(width // factor, 1), max(height // factor, 1)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), reduced(trimap, size)


def _whole(trimap: np.ndarray) -> bool:
    """Whether all three classes are there."""
    return bool((trimap == 0).any() and (trimap == 1).any() and (trimap == 0.5).any())


def _full(small: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    return cv2.resize(small, trimap.shape[::-1])


def reduced(trimap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A trimap in a smaller (width, height), known only where all that it covers is."""
    fg, bg = (cv2.resize((trimap == value).astype(np.float32), size, interpolation=cv2.INTER_AREA) for value in (1, 0))
    return np.where(fg > 0.999, 1, np.where(bg > 0.999, 0, 0.5)).astype(np.float32)


PRIORS: dict[str, Prior] = {"coarse": Prior(5, coarse)}
