"""An alpha by a model, or alpha and foreground: over views, refined, at a reduced size, as asked for."""

from collections.abc import Callable

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known, reduced
from mattekit.inference.refinement import Refined, RefinementSettings, log_steps
from mattekit.inference.views import average_views
from mattekit.models.model import Model


def predict_alpha(
    model: Model,
    image: np.ndarray,
    trimap: np.ndarray,
    *,
    max_size: int | None = None,
    tta: str = "none",
    refinement: RefinementSettings | None = None,
    report: Callable[[Refined], None] = log_steps,
) -> np.ndarray:
    """Return the alpha of an image by a model, at full size whatever size the model works at.

    Parameters
    ----------
    model : Model
    image : (H, W, 3) float32 RGB in 0..1
    trimap : (H, W) float32, exactly 0, 0.5 and 1
    max_size : int, optional
        Longest side in pixels at which the model works; larger images are reduced for it and the alpha is enlarged.
    tta : str
        A name of `views.MODES`, the views that are averaged.
    refinement : RefinementSettings, optional
        How the alpha of each view is refined.
    report : function of Refined
        Called for each refined view; logs it unless given.

    Returns
    -------
    (H, W) float32 in 0..1, exactly 0 and 1 where the trimap says so; the trimap itself if nothing is unknown

    Raises
    ------
    InputError
        If the model does not support what is asked for, or has no alpha for this input.
    """
    if not (trimap == 0.5).any():
        return trimap.copy()
    return pin_known(_at_size(_method(model, tta, refinement, report), image, trimap, max_size), trimap)


def predict_layers(
    model: Model, image: np.ndarray, trimap: np.ndarray, *, max_size: int | None = None, tta: str = "none"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the alpha (H, W) of an image and the model's own foreground (H, W, 3), float32 in 0..1.

    Parameters, errors: as for `predict_alpha`, of a model that gives layers. Where alpha is 1, colours are the image's.
    """

    def planes(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        alpha, fg, _ = model.layers(image, trimap)
        return np.dstack([fg, alpha])

    _require_views(model, tta)
    found = _at_size(average_views(planes, tta), image, trimap, max_size)
    alpha, fg = pin_known(found[..., 3], trimap), found[..., :3]
    return alpha, np.where((alpha == 1)[..., None], image, fg)


def _at_size(
    method: Callable[[np.ndarray, np.ndarray], np.ndarray], image: np.ndarray, trimap: np.ndarray, max_size: int | None
) -> np.ndarray:
    """Return a method's planes for an image, of a copy with that longest side if it is larger."""
    height, width = trimap.shape
    scale = (max_size or max(height, width)) / max(height, width)
    if scale >= 1:
        return method(image, trimap)
    small = max(1, round(width * scale)), max(1, round(height * scale))
    found = method(cv2.resize(image, small, interpolation=cv2.INTER_AREA), reduced(trimap, small))
    return cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def _method(
    model: Model, tta: str, refinement: RefinementSettings | None, report: Callable[[Refined], None]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return the function of image and trimap that was asked for."""
    _require_views(model, tta)
    if refinement:
        return average_views(lambda image, trimap: model.refined(image, trimap, refinement, report), tta)
    return average_views(model.alpha, tta, model.alphas if model.capabilities.batch > 1 else None)


def _require_views(model: Model, tta: str) -> None:
    if tta != "none" and not model.capabilities.views:
        raise InputError(f"{model.name}: test-time augmentation {tta}, but this {model.kind} takes no views.")
