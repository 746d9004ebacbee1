"""Foregrounds before backgrounds in the numbers that files hold, as the published data sets were composed.

The rule of the compositor that Xu et al. ("Deep Image Matting") give out with their data set: a background smaller
than the foreground in height or width is enlarged by the larger of the two ratios, both new sides rounded up, with
Pillow's bicubic filter; a larger one is never shrunk; the foreground lies on its top left corner. Each channel is
alpha F + (1 - alpha) B in double precision with alpha = level / 255, cut to whole numbers (never rounded).
"""

import math
from pathlib import Path

import cv2
import numpy as np
from numba import njit

from mattekit.compiling import announced
from mattekit.errors import InputError
from mattekit.imaging import io
from mattekit.imaging.codecs import encode, exr

BITS = 22  # Pillow keeps its weights as whole multiples of 2**-22 when it scales 8-bit pictures
TAPS = 5  # input pixels that a bicubic filter of radius 2 may touch


def enlarge(bg: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale a background up, never down, until it covers `size`, and crop its top left corner.

    Parameters
    ----------
    bg : (h, w, 3) uint8 or uint16.
    size : (height, width) in pixels.

    Returns
    -------
    (height, width, 3) of the type of `bg`; a view where nothing had to be scaled.
    """
    height, width = size
    ratio = max(width / bg.shape[1], height / bg.shape[0])
    if ratio > 1:
        return _bicubic(bg, (math.ceil(bg.shape[0] * ratio), math.ceil(bg.shape[1] * ratio)), size)
    return bg[:height, :width]


def _bicubic(bg: np.ndarray, size: tuple[int, int], crop: tuple[int, int]) -> np.ndarray:
    """Scale to `size` as Pillow does, the top left `crop` (height, width) of it."""
    if bg.dtype == np.uint8:
        turned = _stretch(cv2.transpose(np.ascontiguousarray(bg)), size[1], crop[1])  # Pillow, too, widens first
        return _stretch(cv2.transpose(turned), size[0], crop[0])
    from PIL import Image

    channels = [Image.fromarray(channel.astype(np.float32)) for channel in np.moveaxis(bg, 2, 0)]
    scaled = np.stack([c.resize(size[::-1], Image.Resampling.BICUBIC) for c in channels], axis=2)[: crop[0], : crop[1]]
    return np.rint(np.clip(scaled, 0, np.iinfo(bg.dtype).max)).astype(bg.dtype)


@announced("compositing: the first use compiles for some seconds.")
def _stretch(rows: np.ndarray, length: int, count: int) -> np.ndarray:
    """Scale (n, m, 3) uint8 to `length` rows and give the first `count`: Pillow's numbers, about ten times as fast."""
    starts, weights = _bicubic_weights(len(rows), length, count)
    flat = rows.reshape(len(rows), -1)
    if len(rows) < TAPS:
        flat = np.concatenate([flat, np.zeros((TAPS - len(rows), flat.shape[1]), np.uint8)])
    return weigh_rows(flat, starts, weights).reshape(count, *rows.shape[1:])


def _bicubic_weights(size: int, length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """First input row and weights, in units of 2**-BITS, of each of the first `count` of `length` output rows.

    Keys' cubic with a = -0.5 (OpenCV's has a = -0.75); what would lie outside weighs nothing, the rest is normalised.
    """
    centre = (np.arange(count) + 0.5) * (size / length)
    first = np.maximum((centre - 1.5).astype(np.int64), 0)  # cut, not rounded: -0.5 gives 0
    last = np.minimum((centre + 2.5).astype(np.int64), size)
    starts = np.clip(first, 0, max(size - TAPS, 0))
    touched = starts[:, None] + np.arange(TAPS)  # (count, TAPS)
    x = np.abs(touched - centre[:, None] + 0.5)
    near, far = (1.5 * x - 2.5) * x * x + 1, (((x - 5) * x + 8) * x - 4) * -0.5
    weights = np.where(x < 1, near, np.where(x < 2, far, 0.0))
    weights[(touched < first[:, None]) | (touched >= last[:, None])] = 0
    weights /= sum(weights[:, tap] for tap in range(TAPS))[:, None]  # in this order, for the last bit
    return starts, np.trunc(weights * (1 << BITS) + np.copysign(0.5, weights)).astype(np.int32)


def read_integers(
    source: Path, dtype: np.dtype | None = None, *, max_megapixels: float = io.MAX_MEGAPIXELS
) -> np.ndarray:
    """Read an image: (H, W, 3) uint8 or uint16 RGB.

    Grey becomes three equal channels, an alpha channel is left out, floats become sRGB-encoded 16 bits. With
    `dtype` another depth is converted to it, rounded. Raises as `io.read_raw`.
    """
    raw = io.read_raw(source, max_megapixels=max_megapixels)
    pixels = np.repeat(raw.pixels[..., None], 3, axis=2) if raw.pixels.ndim == 2 else raw.pixels
    pixels = np.ascontiguousarray(pixels[..., :3])
    if pixels.dtype.kind == "f":
        pixels = encode.quantise(exr.encode_srgb(pixels) if raw.suffix == ".exr" else pixels, "16")
    if dtype is None or pixels.dtype == dtype:
        return pixels
    if dtype == np.uint16:
        return pixels.astype(np.uint16) * 257
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def opacity_of(alpha: np.ndarray, depth: str) -> np.ndarray:
    """Convert alpha (H, W) float32 to float64: level / full scale of the depth "8" or "16", or floats as they are."""
    full = {"8": 255.0, "16": 65535.0}.get(depth)
    return alpha.astype(np.float64) if full is None else np.rint(alpha.astype(np.float64) * full) / full


class Cutout:
    """A foreground with its alpha, to be put before any number of backgrounds.

    Parameters
    ----------
    fg : (H, W, 3) uint8 or uint16.
    opacity : (H, W) float64 in 0..1.
    truncate : cut the blend to whole numbers, as the published compositor does; otherwise round to the nearest.

    Raises
    ------
    InputError
        If the sizes differ.
    """

    def __init__(self, fg: np.ndarray, opacity: np.ndarray, *, truncate: bool = False) -> None:
        if fg.shape[:2] != opacity.shape:
            (h, w), (height, width) = fg.shape[:2], opacity.shape
            raise InputError(f"alpha: {height}x{width}, but the foreground is {h}x{w}. Give both the same size.")
        self.fg = np.ascontiguousarray(fg)
        self.opacity = np.ascontiguousarray(opacity, np.float64)
        self.size = opacity.shape
        self.nudge = 0.0 if truncate else 0.5

    @announced("compositing: the first use compiles for some seconds.")
    def over(self, bg: np.ndarray) -> np.ndarray:
        """Composite before a background that has been cut to size.

        Parameters
        ----------
        bg : (H, W, 3) of the type of the foreground.

        Returns
        -------
        (H, W, 3) of that type: the foreground where opaque, the background where clear.
        """
        if bg.shape != self.fg.shape or bg.dtype != self.fg.dtype:
            raise InputError(f"background: {bg.shape} {bg.dtype}, wanted {self.fg.shape} {self.fg.dtype}.")
        return blend(self.fg, np.ascontiguousarray(bg), self.opacity, self.nudge)


@njit(cache=True)
def weigh_rows(rows, starts, weights):
    """Add up five weighted rows for each output row: rows (n, m) uint8, starts (k,), weights (k, 5) int32 -> (k, m)."""
    count, width = len(starts), rows.shape[1]
    out = np.empty((count, width), np.uint8)
    for y in range(count):
        s = starts[y]
        w0, w1, w2, w3, w4 = weights[y, 0], weights[y, 1], weights[y, 2], weights[y, 3], weights[y, 4]
        for x in range(width):
            value = np.int32(1 << (BITS - 1))
            value += w0 * np.int32(rows[s, x]) + w1 * np.int32(rows[s + 1, x]) + w2 * np.int32(rows[s + 2, x])
            value += w3 * np.int32(rows[s + 3, x]) + w4 * np.int32(rows[s + 4, x])
            out[y, x] = min(max(value >> BITS, 0), 255)
    return out


@njit(cache=True)
def blend(fg, bg, opacity, nudge):
    """Put fg before bg, both (H, W, 3) whole numbers of one type, by opacity (H, W) float64; `nudge` 0.5 rounds."""
    height, width = opacity.shape
    out = np.empty((height, width, 3), fg.dtype)
    for y in range(height):
        for x in range(width):
            a = opacity[y, x]
            if a <= 0.0:
                for c in range(3):
                    out[y, x, c] = bg[y, x, c]
            elif a >= 1.0:
                for c in range(3):
                    out[y, x, c] = fg[y, x, c]
            else:
                for c in range(3):
                    out[y, x, c] = int(a * fg[y, x, c] + (1.0 - a) * bg[y, x, c] + nudge)
    return out
