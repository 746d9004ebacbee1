"""Backgrounds of a cut-out: a colour, another picture, or the checkerboard that stands for transparency."""

import cv2
import numpy as np

from mattekit.errors import InputError


def colour(name: str) -> tuple[float, float, float]:
    """RGB in 0..1 of a CSS colour: a name, `#rgb`, `#rrggbb`, `rgb(r,g,b)`, ...

    Raises
    ------
    InputError
        If `name` is not a colour.
    """
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(name)[:3]
    except ValueError:
        raise InputError(
            f"{name}: neither an image file nor a colour. Give a file, a name such as white, or #rrggbb."
        ) from None
    return red / 255, green / 255, blue / 255


def plain(name: str, size: tuple[int, int]) -> np.ndarray:
    """A picture of one colour: (H, W, 3) float32 RGB in 0..1, `size` = (height, width)."""
    return np.broadcast_to(np.float32(colour(name)), (*size, 3))


def cover(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale a picture, keeping its proportions, until it covers `size` = (height, width); crop the middle.

    (h, w, 3) float32 in, (H, W, 3) float32 out, values clipped to the range that went in.
    """
    height, width = size
    scale = max(height / picture.shape[0], width / picture.shape[1])
    target = max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale))
    if scale != 1:
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        low, high = picture.min(), picture.max()
        picture = np.clip(cv2.resize(picture, target, interpolation=interpolation), low, high)
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


def checkerboard(size: tuple[int, int], square: int = 12) -> np.ndarray:
    """Light and dark grey squares: (H, W, 3) float32 RGB in 0..1."""
    rows, columns = np.ogrid[: size[0], : size[1]]
    dark = (rows // square + columns // square) % 2
    return np.repeat((0.8 - 0.3 * dark.astype(np.float32))[..., None], 3, axis=2)
