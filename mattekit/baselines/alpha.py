"""The classical methods by name: what they share before and after each one's own solver."""

from collections.abc import Callable
from functools import partial

import numpy as np

from mattekit.baselines.classical import classical
from mattekit.baselines.closed_form import closed_form
from mattekit.errors import InputError

# Name, solver, and the shortest side in pixels that it can work with.
METHODS: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], int]] = {
    "closed-form": (closed_form, 3),  # one window
    "knn": (partial(classical, "estimate_alpha_knn"), 5),  # 20 neighbours
    "lbdm": (partial(classical, "estimate_alpha_lbdm"), 3),  # one window
    "lkm": (partial(classical, "estimate_alpha_lkm"), 41),  # windows of 21, at every pixel of one
    "rw": (partial(classical, "estimate_alpha_rw"), 1),
    "shared": (partial(classical, "estimate_alpha_sm"), 1),
}


def estimate_alpha(method: str, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Alpha of `image` by a classical method.

    Parameters
    ----------
    method : one of METHODS
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32, exactly 0, 0.5 or 1

    Returns
    -------
    (H, W) float32 in 0..1, equal to `trimap` wherever that is 0 or 1

    Raises
    ------
    InputError
        If sizes differ, colours are not finite, a class is missing while pixels are unknown, or the solver fails.

    Notes
    -----
    Sides shorter than a method can work with are repeated at the edge, and cut off afterwards.
    """
    _check(image, trimap)
    unknown = (trimap > 0) & (trimap < 1)
    alpha = trimap.astype(np.float32)
    if unknown.any():
        _check_classes(trimap)
        solve, shortest = METHODS[method]
        try:
            solved = solve(*_at_least(shortest, image, alpha))
        except InputError as error:
            raise InputError(f"{method}: {error}") from error
        alpha[unknown] = np.clip(solved[: alpha.shape[0], : alpha.shape[1]][unknown], 0, 1)
    return alpha


def _at_least(shortest: int, image: np.ndarray, trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    missing = [(0, max(0, shortest - side)) for side in trimap.shape]
    if missing == [(0, 0), (0, 0)]:
        return image, trimap
    return np.pad(image, [*missing, (0, 0)], mode="edge"), np.pad(trimap, missing, mode="edge")


def _check(image: np.ndarray, trimap: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.shape[:2] != trimap.shape or not trimap.size:
        raise InputError(f"image: {image.shape}, trimap: {trimap.shape}; wanted (H, W, 3) and (H, W) of one size.")
    if not np.isfinite(image).all():
        raise InputError("image: values that are not finite, wanted colours in 0..1. Repair the image.")


def _check_classes(trimap: np.ndarray) -> None:
    for name, value in (("foreground", 1), ("background", 0)):
        if not (trimap == value).any():
            raise InputError(f"trimap: no {name} pixel, wanted at least one. Mark some pixels as {name}.")
