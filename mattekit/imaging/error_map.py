"""Error maps: |alpha - truth| as a heat map with the unknown region outlined, and its legend."""

import cv2
import numpy as np

from mattekit.imaging.captions import LINE, NARROWEST, write

TOP = 0.5  # the error that has the hottest colour
OUTLINE = (0.25, 0.7, 1.0)  # blue, which the heat map does not have


def error_map(alpha: np.ndarray, truth: np.ndarray, trimap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Errors in colours: black where there is none, over red, to pale yellow at 0.5 and more.

    Parameters
    ----------
    alpha, truth, trimap : (H, W) float32 in 0..1
    size : (height, width) of the picture; where it is smaller, errors are averaged.

    Returns
    -------
    (height, width, 3) float32 RGB in 0..1
    """
    interpolation = cv2.INTER_AREA if size[0] < alpha.shape[0] else cv2.INTER_NEAREST
    picture = heat(cv2.resize(np.abs(alpha - truth), size[::-1], interpolation=interpolation))
    picture[outline(trimap == 0.5, size)] = OUTLINE
    return picture


def heat(error: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) of errors (H, W)."""
    levels = np.rint(255 * (error / TOP).clip(0, 1)).astype(np.uint8)
    return cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1].astype(np.float32) / 255


def outline(region: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mask (height, width) of the pixels just outside a region, one pixel wide at that size."""
    small = (cv2.resize(region.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    return (cv2.dilate(small, np.ones((3, 3), np.uint8)) > small).astype(bool)


def legend(size: tuple[int, int]) -> np.ndarray:
    """The colours from 0 to TOP as a bar in the middle of white, (height, width, 3); at least 60 x 176."""
    height, width = max(size[0], 3 * LINE), max(size[1], NARROWEST)
    picture = np.ones((height, width, 3), np.float32)
    top = (height - LINE) // 2
    write(picture[top - LINE : top], "|alpha - truth|")
    picture[top : top + LINE] = heat(np.linspace(0, TOP, width, dtype=np.float32)[None])
    for text, place in (("0", 0.0), (f"{TOP / 2:g}", 0.5), (f"{TOP:g}+", 1.0)):
        write(picture[top + LINE : top + 2 * LINE], text, place)
    return picture
