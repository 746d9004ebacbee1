"""Alpha by a classical method, by its name: checks and known pixels around each one's own solver."""

import logging
from collections.abc import Callable
from functools import partial

import numpy as np

from mattekit.baselines.by_pymatting import alpha_by_pymatting
from mattekit.compiling import announced
from mattekit.errors import InputError
from mattekit.imaging.trimap import missing

log = logging.getLogger("mattekit")

LARGE_WINDOWS = 41  # shortest side in pixels with windows of 21 at every pixel of one window
# A step sums large windows, slowly. Photographs take about 30; known pixels at the far ends of a strip take thousands.
LARGE_WINDOW_STEPS = 200


def closed_form(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Estimate alpha by closed-form matting, see `closed_form`."""
    with announced("closed-form: the first use compiles for some seconds; later uses start at once."):
        from mattekit.baselines.closed_form import closed_form

        return closed_form(image, trimap)


def shared(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Estimate alpha by shared matting, see `sampling`."""
    with announced("shared matting: the first use compiles for some seconds; later uses start at once."):
        from mattekit.baselines.sampling import shared

        return shared(image, trimap).alpha


def large_kernel(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Estimate alpha by large-kernel matting; by closed-form, with windows of 3, where windows of 21 do not fit.

    References
    ----------
    He, Sun and Tang, "Fast Matting Using Large Kernel Matting Laplacian Matrices", 2010.
    """
    if min(trimap.shape) < LARGE_WINDOWS:
        log.info("lkm: windows of 21 pixels do not fit %dx%d; closed-form, with windows of 3.", *trimap.shape[::-1])
        return closed_form(image, trimap)
    return alpha_by_pymatting("estimate_alpha_lkm", image, trimap, LARGE_WINDOW_STEPS)


# Name, solver, and the shortest side in pixels that it can work with.
METHODS: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], int]] = {
    "closed-form": (closed_form, 3),  # one window
    "knn": (partial(alpha_by_pymatting, "estimate_alpha_knn"), 5),  # 20 neighbours
    "lbdm": (partial(alpha_by_pymatting, "estimate_alpha_lbdm"), 3),  # one window
    "lkm": (large_kernel, 3),
    "rw": (partial(alpha_by_pymatting, "estimate_alpha_rw"), 1),
    "shared": (shared, 1),
}


def estimate_alpha(method: str, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Estimate the alpha of `image` by a classical method.

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
        If sizes differ, colours are not finite, nothing is known as foreground, or as background, while pixels are
        unknown, or the solver fails.

    Notes
    -----
    Colours beyond 0..1 are clipped. Sides shorter than a method can work with are repeated at the edge, and cut off
    afterwards.
    """
    _check(image, trimap)
    unknown = (trimap > 0) & (trimap < 1)
    alpha = trimap.astype(np.float32)
    if unknown.any():
        _check_classes(method, trimap)
        solve, shortest = METHODS[method]
        image = image.clip(0, 1)
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


def _check_classes(method: str, trimap: np.ndarray) -> None:
    absent = " and no ".join(f"{name} pixel" for name in missing(trimap) if name != "unknown")
    if absent:
        raise InputError(
            f"{method}: the trimap has no {absent}, and classical methods start from both. "
            "Mark some, or use a network, such as the default."
        )
