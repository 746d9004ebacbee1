"""Trimaps stored otherwise than as 0, 128 and 255: as indices 0, 1 and 2, as a mask, as 8 bits in a 16-bit file."""

import numpy as np

from mattekit.errors import InputError

INDEX, MASK, NARROW = "indices 0, 1 and 2", "values 0 and 1", "values up to 255 in a 16-bit file"


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
    """Pixels with the full scale of their type; those of the usual encoding are returned as they are.

    Raises InputError for values 0 and 1, which a mask has as well as a trimap without foreground.
    """
    kind = encoding(pixels)
    if kind == MASK:
        raise InputError(f"{name}: {kind}, wanted 0, 128 and 255. If it is a mask, multiply it by 255.")
    if kind == INDEX:
        return np.array([0, 128, 255], np.uint8)[pixels[..., :3] if pixels.ndim == 3 else pixels]
    return pixels.astype(np.uint8) if kind == NARROW else pixels


def refuse(name: str, pixels: np.ndarray) -> None:
    """Raise InputError for another encoding, which would be taken for background alone."""
    if decoded(name, pixels) is not pixels:
        raise InputError(f"{name}: {encoding(pixels)}, wanted 0, 128 and 255.", remedy="index-trimap")
