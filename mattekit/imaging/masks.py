"""Masks in files: 0 and 1 or full scale, grey, transparency, two colours of a palette; photographs told apart."""

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging import pixel_values

CHROMA = 24 / 255  # difference of channels that compression of a grey picture does not make
COLOURFUL = 0.001  # share of such pixels above which a picture is one of colours
FEW = 16  # colours, at 5 bits a channel, that a drawn picture may have


def mask_of(name: str, pixels: np.ndarray) -> np.ndarray:
    """Mask (H, W) float32 in 0..1 of a file's pixels: the A of a cut-out, else the grey values.

    Values of 0 and 1 alone are full scale, as are 16-bit values up to 255; of black and one other colour, as label
    maps are stored, the other is foreground.

    Parameters
    ----------
    name : for messages.
    pixels : (H, W), (H, W, 3) or (H, W, 4) uint8, uint16 or float32

    Raises
    ------
    InputError
        For pictures of several colours, and values that are not finite or far from 0..1.
    """
    pixel_values.refuse_not_finite(name, pixels)
    if is_cut_out(pixels):
        return pixel_values.alpha_of(name, pixels)
    if is_colourful(pixels):
        return _label(name, pixels)
    grey = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., 1])
    kind = pixel_values.encoding(grey)
    if kind == pixel_values.MASK:
        return grey.astype(np.float32)
    return pixel_values.alpha_of(name, grey.astype(np.uint8) if kind == pixel_values.NARROW else grey)


def is_cut_out(pixels: np.ndarray) -> bool:
    """Whether pixels have an alpha channel that is not opaque everywhere."""
    full = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    return pixels.ndim == 3 and pixels.shape[2] == 4 and bool((pixels[..., 3] != full).any())


def is_colourful(pixels: np.ndarray) -> bool:
    """Whether a picture (H, W) or (H, W, C) has colours, more than compression of a grey one makes."""
    if pixels.ndim == 2:
        return False
    colour = _sample(pixels)
    return bool((np.ptp(colour, axis=1) > CHROMA).mean() > COLOURFUL)


def is_photograph(pixels: np.ndarray) -> bool:
    """Whether a picture (H, W) or (H, W, C) has many colours; no mask, alpha or trimap has."""
    return is_colourful(pixels) and len(_colours(pixels)) > FEW


def _label(name: str, pixels: np.ndarray) -> np.ndarray:
    colours = _colours(pixels)
    if len(colours) > 2 or (len(colours) == 2 and colours.any(axis=1).all()):
        several = f"{len(colours)} colours" if len(colours) <= FEW else "a picture of many colours"
        raise InputError(f"{name}: {several}, wanted a mask: white or one colour on black, grey, or a cut-out.")
    return (pixel_values.to_float(pixels[..., :3]).max(axis=2) > 0.5 / 31).astype(np.float32)


def _colours(pixels: np.ndarray) -> np.ndarray:
    """Return the different colours (n, 3) of a sample of a picture, at 5 bits a channel."""
    return np.unique(np.rint(_sample(pixels).clip(0, 1) * 31).astype(np.uint8), axis=0)


def _sample(pixels: np.ndarray, side: int = 256) -> np.ndarray:
    """Return colours (n, 3) float32 of about side x side pixels in a grid."""
    rows, columns = (max(1, length // side) for length in pixels.shape[:2])
    return pixel_values.to_float(np.ascontiguousarray(pixels[::rows, ::columns, :3])).reshape(-1, 3)


def fitted(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Picture (h, w) or (h, w, C) float32 in another size (height, width)."""
    smaller = pixels.shape[0] * pixels.shape[1] > size[0] * size[1]
    return cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
