"""Trimaps: made from alphas, masks or scribbles; split into their regions; imposed on an alpha."""

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.erosion import Shape, erode

BACKGROUND, UNKNOWN, FOREGROUND = 0.0, 0.5, 1.0

# Float files hold 0.9999999 for 1; half a step of 16 bits is 8e-6.
TOLERANCE = 7e-6


def from_alpha(
    alpha: np.ndarray,
    *,
    erode: int = 10,
    dilate: int = 10,
    shape: Shape = "ellipse",
    low: float = 0.0,
    high: float = 1.0,
) -> np.ndarray:
    """Make a trimap from an alpha, soft or binary.

    A pixel is background if its alpha is at most `low` and no pixel above `low` lies within `dilate`; foreground
    if its alpha is at least `high` and no pixel below `high` lies within `erode`; unknown otherwise. So the band
    opens around soft pixels and around hard edges alike, and with the default `low` and `high` every known
    pixel is truly known.

    Parameters
    ----------
    alpha : (H, W) float in 0..1, or bool
    erode : int >= 0, in pixels
        How far the unknown region reaches into the foreground.
    dilate : int >= 0, in pixels
        How far the unknown region reaches into the background.
    shape : "ellipse" or "distance"
        OpenCV's elliptical kernel of side 2 n + 1, or the exact Euclidean distance.
    low, high : float in 0..1
        Alphas up to `low` count as 0 and from `high` as 1; for noisy alphas.

    Returns
    -------
    (H, W) float32, exactly 0, 0.5 or 1

    Raises
    ------
    InputError
        If `alpha` is not two-dimensional or leaves 0..1, a width is negative, or `low` >= `high`.
    """
    bg, fg = known(alpha, low=low, high=high)
    return join(erode_known(bg, dilate, shape), erode_known(fg, erode, shape))


def erode_known(region: np.ndarray, width: int, shape: Shape) -> np.ndarray:
    """Erode a known region by a width in pixels, which must be a whole number of at least 0."""
    if width < 0 or width != int(width):
        raise InputError(f"width of the unknown band: {width}, wanted whole pixels of at least 0. Change it.")
    return erode(region, int(width), shape)


def known(alpha: np.ndarray, *, low: float = 0.0, high: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Masks (H, W) of the pixels whose alpha is at most `low` and at least `high`."""
    if alpha.ndim != 2:
        raise InputError(f"alpha: shape {alpha.shape}, wanted (H, W). Pass one channel.")
    if not 0 <= low < high <= 1:
        raise InputError(f"low and high: {low} and {high}, wanted 0 <= low < high <= 1. Change them.")
    if alpha.size and not (alpha.min() >= 0 and alpha.max() <= 1):  # written so that NaN fails too
        raise InputError(f"alpha: values {alpha.min()}..{alpha.max()}, wanted 0..1. Divide by the full scale.")
    return alpha <= low + TOLERANCE, alpha >= high - TOLERANCE


def join(bg: np.ndarray, fg: np.ndarray) -> np.ndarray:
    """Make the trimap of two masks (H, W); what neither claims is unknown."""
    trimap = np.full(bg.shape, UNKNOWN, np.float32)
    trimap[bg] = BACKGROUND
    trimap[fg] = FOREGROUND
    return trimap


def split(trimap: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split a trimap (H, W) into boolean masks: foreground, background, unknown (all that is neither 1 nor 0)."""
    fg, bg = trimap == FOREGROUND, trimap == BACKGROUND
    return fg, bg, ~(fg | bg)


def pin_known(alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Copy an alpha (H, W), setting the pixels that the trimap knows to exactly 0 and 1."""
    if alpha.shape != trimap.shape:
        raise InputError(f"alpha: shape {alpha.shape}, but the trimap is {trimap.shape}. Check the pairing.")
    fg, bg, _ = split(trimap)
    return np.where(fg, np.float32(1), np.where(bg, np.float32(0), alpha)).astype(np.float32, copy=False)


def reduced(trimap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A trimap (H, W) in a smaller (width, height), float32, known only where all that it covers is."""
    fg, bg = (cv2.resize((trimap == value).astype(np.float32), size, interpolation=cv2.INTER_AREA) for value in (1, 0))
    return np.where(fg > 0.999, 1, np.where(bg > 0.999, 0, 0.5)).astype(np.float32)


def band(percent: float, size: tuple[int, int]) -> int:
    """Width in pixels, at least 1, of a percentage of the short side of an image of `size` (height, width)."""
    if not 0 < percent <= 100:
        raise InputError(f"band: {percent} %, wanted more than 0 and at most 100. Change it.")
    return max(1, round(percent / 100 * min(size)))


def to_levels(trimap: np.ndarray) -> np.ndarray:
    """Grey levels of a trimap (H, W) as files keep them: uint8 0, 128 and 255."""
    levels = np.full(trimap.shape, 128, np.uint8)
    levels[trimap == BACKGROUND] = 0
    levels[trimap == FOREGROUND] = 255
    return levels


def missing(trimap: np.ndarray) -> list[str]:
    """Names of the classes ("background", "unknown", "foreground") that no pixel of a trimap has."""
    fg, bg, unknown = split(trimap)
    classes = {"background": bg, "unknown": unknown, "foreground": fg}
    return [name for name, mask in classes.items() if not mask.any()]
