"""Straight and premultiplied alpha: colours as they are, or times their alpha."""

import numpy as np

LEAST = 1e-8  # alpha up to which colours are light without cover, and stay as they are
MODES = ("straight", "premultiplied")


def straight(pixels: np.ndarray) -> np.ndarray:
    """Divide the colours of RGBA pixels (H, W, 4), uint8, uint16 or float32, by alpha, in their type."""
    full = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    alpha = pixels[..., 3:].astype(np.float32) / np.float32(full)
    colour = pixels[..., :3].astype(np.float32)
    with np.errstate(all="ignore"):
        np.divide(colour, alpha, out=colour, where=alpha > LEAST)
    return _joined(colour, pixels, full)


def premultiplied(pixels: np.ndarray) -> np.ndarray:
    """Multiply the colours of RGBA pixels (H, W, 4), uint8, uint16 or float32, by alpha, in their type."""
    full = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    return _joined(pixels[..., :3] * (pixels[..., 3:].astype(np.float32) / np.float32(full)), pixels, full)


def _joined(colour: np.ndarray, pixels: np.ndarray, full: float) -> np.ndarray:
    if full != 1:
        colour = np.rint(np.minimum(colour, full))
    return np.concatenate([colour.astype(pixels.dtype), pixels[..., 3:]], axis=2)
