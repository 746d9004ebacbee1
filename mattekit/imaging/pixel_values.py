"""Meaning of stored values: full scale, the alpha of a file, the three levels of a trimap and its other encodings."""

import logging

import cv2
import numpy as np

from mattekit.errors import InputError

logger = logging.getLogger("mattekit")

NAMES = {0: "background", 0.5: "unknown", 1: "foreground"}
# Other encodings of a trimap.
INDEX, MASK, NARROW = "indices 0, 1 and 2", "values 0 and 1", "values up to 255 in a 16-bit file"
LOSSY_REACH = 32 / 255  # compression moves a flat level by less than this; half-way to the next one is 64/255


def to_float(pixels: np.ndarray) -> np.ndarray:
    """Convert pixels of any stored type to float32, full scale = 1."""
    if pixels.dtype.kind == "f":
        return pixels.astype(np.float32, copy=False)
    floats = pixels.astype(np.float32)
    floats /= np.float32(np.iinfo(pixels.dtype).max)  # faster than one mixed-type division, and rounded correctly
    return floats


def refuse_not_finite(name: str, pixels: np.ndarray) -> None:
    """Raise InputError if a pixel is NaN or infinite."""
    if count := pixels.size - np.count_nonzero(np.isfinite(pixels)):
        raise InputError(f"{name}: {count} values are NaN or infinite, wanted numbers. Repair or replace them.")


def alpha_of(name: str, pixels: np.ndarray) -> np.ndarray:
    """Alpha (H, W) float32 in 0..1 of a file's pixels: their A unless that is opaque everywhere, else their grey.

    Raises
    ------
    InputError
        If float values are far from 0..1; slightly beyond they are clipped with a note.
    """
    return _in_range(name, to_float(_alpha_plane(name, pixels)))


def _alpha_plane(name: str, pixels: np.ndarray) -> np.ndarray:
    if pixels.ndim == 2:
        return pixels
    full = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    if pixels.shape[2] == 4 and (pixels[..., 3] != full).any():
        return np.ascontiguousarray(pixels[..., 3])
    red, green, blue = (pixels[..., i] for i in range(3))
    if np.array_equal(red, green) and np.array_equal(green, blue):
        return np.ascontiguousarray(green)
    logger.warning("%s: a colour picture read as an alpha: its grey values are used.", name)
    return cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY)


def _in_range(name: str, alpha: np.ndarray) -> np.ndarray:
    low, high = float(alpha.min()), float(alpha.max())
    if low < -0.5 or high > 1.5:
        raise InputError(f"{name}: alpha values {low:g}..{high:g}, wanted 0..1. Divide by the full scale.")
    if low < 0 or high > 1:
        logger.warning("%s: alpha values %g..%g are clipped to 0..1.", name, low, high)
        alpha = alpha.clip(0, 1)
    return alpha


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
    if decoded(name, pixels) is not pixels:  # another encoding, which would be taken for background alone
        raise InputError(f"{name}: {encoding(pixels)}, wanted 0, 128 and 255.", remedy="index-trimap")
    low, high = _extremes(pixels)
    full = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0
    if pixels.dtype.kind == "f" and not (low.min() >= 0 and high.max() <= 1):
        raise InputError(f"{name}: values {low.min():g}..{high.max():g}, wanted 0..1. Divide by the largest.")
    if lossy:
        _warn_of_snapped(name, low, high, full)
        return _trimap(high <= LOSSY_REACH * full, low >= (1 - LOSSY_REACH) * full)
    _warn_of_near_misses(name, low, high, full)
    return _trimap(high == 0, low == full)


def require_both(name: str, trimap: np.ndarray) -> None:
    """Raise InputError unless a trimap has both foreground and background pixels."""
    for level, word, colour in ((1, "foreground", "white (255)"), (0, "background", "black (0)")):
        if not (trimap == level).any():
            found = ", ".join(f"{np.count_nonzero(trimap == v)} {w}" for v, w in NAMES.items())
            raise InputError(f"{name}: no {word} pixel ({found}). Mark some pixels that are surely {word} {colour}.")


def _extremes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if pixels.ndim == 2:
        return pixels, pixels
    colour = pixels[..., :3]
    return colour.min(axis=2), colour.max(axis=2)


def _trimap(bg: np.ndarray, fg: np.ndarray) -> np.ndarray:
    trimap = np.full(bg.shape, 0.5, np.float32)
    trimap[bg] = 0
    trimap[fg] = 1
    return trimap


def _warn_of_snapped(name: str, low: np.ndarray, high: np.ndarray, full: float) -> None:
    middle = (full + 1) // 2
    exact = (high == 0) | (low == full) | ((low >= middle - 1) & (high <= middle))
    if count := exact.size - np.count_nonzero(exact):
        logger.warning("%s: %d pixels moved by lossy compression count as the nearest level. Use PNG.", name, count)


def _warn_of_near_misses(name: str, low: np.ndarray, high: np.ndarray, full: float) -> None:
    near = 5 / 255 * full
    count = np.count_nonzero((high > 0) & (high <= near)) + np.count_nonzero((low < full) & (low >= full - near))
    if count:
        logger.warning(
            "%s: %d pixels are almost, not exactly, black or white and count as unknown.",
            name,
            count,
            extra={"remedy": "exact-trimap"},
        )


def encoding(pixels: np.ndarray) -> str | None:
    """Recognise another encoding of a trimap (H, W) or (H, W, C): INDEX, MASK, NARROW, or None for the usual one.

    Only whole numbers are looked at, and the alpha channel is not. None as well for a file without any value but 0.
    """
    if pixels.dtype.kind != "u" or pixels.size == 0:
        return None
    largest = int((pixels if pixels.ndim == 2 else pixels[..., :3]).max())
    if largest in (1, 2):
        return MASK if largest == 1 else INDEX
    return NARROW if pixels.dtype == np.uint16 and 2 < largest <= 255 else None


def decoded(name: str, pixels: np.ndarray) -> np.ndarray:
    """Return pixels with the full scale of their type; those of the usual encoding are returned as they are.

    Raises InputError for values 0 and 1, which a mask has as well as a trimap without foreground.
    """
    kind = encoding(pixels)
    if kind == MASK:
        raise InputError(f"{name}: {kind}, wanted 0, 128 and 255. If it is a mask, multiply it by 255.")
    if kind == INDEX:
        return np.array([0, 128, 255], np.uint8)[pixels[..., :3] if pixels.ndim == 3 else pixels]
    return pixels.astype(np.uint8) if kind == NARROW else pixels
