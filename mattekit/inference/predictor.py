"""Methods as functions (image, trimap) -> alpha; what calls them cannot tell a classical one from a network."""

from collections.abc import Callable

import cv2
import numpy as np

from mattekit import baselines
from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known

Predictor = Callable[[np.ndarray, np.ndarray], np.ndarray]


def predictor(model: str) -> Predictor:
    """Find a method by its name.

    Parameters
    ----------
    model : a name of `baselines.ALPHA`.

    Returns
    -------
    function of image (H, W, 3) float32 RGB in 0..1 and trimap (H, W) of 0, 0.5, 1, giving alpha (H, W)
    float32 in 0..1 in which known pixels are exactly 0 and 1.

    Raises
    ------
    InputError
        If no method has that name.
    """
    if model not in baselines.ALPHA:
        raise InputError(f"{model}: no such model. Use one of {', '.join(baselines.ALPHA)}.")
    return baselines.ALPHA[model]


def predict_alpha(image: np.ndarray, trimap: np.ndarray, model: str, *, max_size: int | None = None) -> np.ndarray:
    """Alpha of an image by a method's name, at full size whatever size the method works at.

    Parameters
    ----------
    image : (H, W, 3) float32 RGB in 0..1
    trimap : (H, W) float32, exactly 0, 0.5 and 1
    max_size : longest side in pixels at which the method runs; larger images are reduced for it and the
        alpha is enlarged back.

    Returns
    -------
    (H, W) float32 in 0..1, exactly 0 and 1 where the trimap says so; the trimap itself if nothing is unknown.
    """
    if not (trimap == 0.5).any():
        return trimap.copy()
    height, width = trimap.shape
    scale = (max_size or max(height, width)) / max(height, width)
    if scale >= 1:
        return pin_known(predictor(model)(image, trimap), trimap)
    small = max(1, round(width * scale)), max(1, round(height * scale))
    small_image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    small_trimap = _reduce_trimap(trimap, small)
    alpha = predictor(model)(small_image, small_trimap)
    return pin_known(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_CUBIC), trimap)


def _reduce_trimap(trimap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    # A reduced pixel is known only if everything under it is: averages of 0 and 1 alone keep their value.
    mean = cv2.resize(trimap, size, interpolation=cv2.INTER_AREA)
    return np.where(mean <= 0, 0, np.where(mean >= 1, 1, 0.5)).astype(np.float32)
