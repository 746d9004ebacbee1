"""The three levels of a trimap: what a stored value means."""

import logging

import numpy as np

from mattekit.errors import InputError

logger = logging.getLogger("mattekit")

LOSSY_REACH = 32 / 255  # compression moves a flat level by less than this; half-way to the next one is 64/255


def trimap_of(name: str, pixels: np.ndarray, *, lossy: bool = False) -> np.ndarray:
    """Trimap of a file's pixels: full scale in every channel is foreground, 0 in every channel background.

    Parameters
    ----------
    name : for messages.
    pixels : (H, W), (H, W, 3) or (H, W, 4) uint8, uint16 or float32 in 0..1; an alpha channel is not looked at.
    lossy : the file was compressed with loss: values near 0, the middle and full scale are meant to be exactly so.

    Returns
    -------
    (H, W) float32, exactly 0, 0.5 (unknown) or 1
    """
    low, high = _extremes(pixels)
    full = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0
    if pixels.dtype.kind == "f" and not (low.min() >= 0 and high.max() <= 1):
        raise InputError(f"{name}: values {low.min():g}..{high.max():g}, wanted 0..1. Divide by the largest.")
    if lossy:
        _tell_snapped(name, low, high, full)
        return _three(high <= LOSSY_REACH * full, low >= (1 - LOSSY_REACH) * full)
    _tell_near_misses(name, low, high, full)
    return _three(high == 0, low == full)


def require_both(name: str, trimap: np.ndarray) -> None:
    """Raise InputError unless a trimap has both foreground and background pixels."""
    for level, word, colour in ((1, "foreground", "white (255)"), (0, "background", "black (0)")):
        if not (trimap == level).any():
            found = ", ".join(f"{np.count_nonzero(trimap == v)} {w}" for v, w in NAMES.items())
            raise InputError(f"{name}: no {word} pixel ({found}). Mark some pixels that are surely {word} {colour}.")


NAMES = {0: "background", 0.5: "unknown", 1: "foreground"}


def _extremes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if pixels.ndim == 2:
        return pixels, pixels
    colour = pixels[..., :3]
    return colour.min(axis=2), colour.max(axis=2)


def _three(bg: np.ndarray, fg: np.ndarray) -> np.ndarray:
    trimap = np.full(bg.shape, 0.5, np.float32)
    trimap[bg] = 0
    trimap[fg] = 1
    return trimap


def _tell_snapped(name: str, low: np.ndarray, high: np.ndarray, full: float) -> None:
    middle = (full + 1) // 2
    exact = (high == 0) | (low == full) | ((low >= middle - 1) & (high <= middle))
    if count := exact.size - np.count_nonzero(exact):
        logger.warning("%s: %d pixels moved by lossy compression count as the nearest level. Use PNG.", name, count)


def _tell_near_misses(name: str, low: np.ndarray, high: np.ndarray, full: float) -> None:
    near = 5 / 255 * full
    count = np.count_nonzero((high > 0) & (high <= near)) + np.count_nonzero((low < full) & (low >= full - near))
    if count:
        logger.warning(
            "%s: %d pixels are almost, not exactly, black or white and count as unknown; `mattekit trimap --fix` "
            "snaps them.",
            name,
            count,
        )
