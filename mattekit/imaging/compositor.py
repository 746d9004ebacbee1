"""Foregrounds before backgrounds in the numbers that files hold, as the published data sets were composed.

The rule of the compositor that Xu et al. ("Deep Image Matting") give out with their data set: a background smaller
than the foreground in height or width is enlarged by the larger of the two ratios, both new sides rounded up, with
Pillow's bicubic filter; a larger one is never shrunk; the foreground lies on its top left corner. Each channel is
alpha F + (1 - alpha) B in double precision with alpha = level / 255, cut to whole numbers (never rounded).
"""

import math

import cv2
import numpy as np

from mattekit.errors import InputError

CHUNK = 1 << 15  # soft pixels blended at a time: double-precision temporaries that stay in the cache


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
        bg = _bicubic(bg, (math.ceil(bg.shape[1] * ratio), math.ceil(bg.shape[0] * ratio)))
    return bg[:height, :width]


def _bicubic(bg: np.ndarray, width_height: tuple[int, int]) -> np.ndarray:
    # Pillow's filter (a = -0.5) is not OpenCV's (a = -0.75): with the latter the published images do not come back.
    from PIL import Image

    if bg.dtype == np.uint8:
        return np.asarray(Image.fromarray(bg).resize(width_height, Image.Resampling.BICUBIC))
    channels = [Image.fromarray(channel.astype(np.float32)) for channel in np.moveaxis(bg, 2, 0)]
    scaled = np.stack([np.asarray(c.resize(width_height, Image.Resampling.BICUBIC)) for c in channels], axis=2)
    return np.rint(np.clip(scaled, 0, np.iinfo(bg.dtype).max)).astype(bg.dtype)


class Cutout:
    """A foreground with its alpha, prepared once to be put before many backgrounds.

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
        self.size = opacity.shape
        self.nudge = 0.0 if truncate else 0.5
        self._opaque = (opacity >= 1).view(np.uint8)
        self._soft = np.flatnonzero((opacity > 0) & (opacity < 1))
        self._opacity = opacity.reshape(-1)[self._soft, None]  # (soft, 1)
        self._front = self.fg.reshape(-1, 3)[self._soft]  # (soft, 3)

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
        out = np.array(bg, order="C")
        cv2.copyTo(self.fg, self._opaque, out)
        pixels = out.reshape(-1, 3)
        for start in range(0, len(self._soft), CHUNK):
            part = slice(start, start + CHUNK)
            where, opacity = self._soft[part], self._opacity[part]
            blend = opacity * self._front[part] + (1 - opacity) * pixels[where]
            if self.nudge:
                blend += self.nudge
            pixels[where] = blend.astype(out.dtype)
        return out
