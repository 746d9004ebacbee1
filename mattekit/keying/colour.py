"""The colour of a plate's screen: the one that is purest of those many pixels have."""

from typing import NamedTuple

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.imaging.background import colour
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

SIDE = 256  # pixels of the reduced picture in which colours are counted
BINS = 64
NEAR = 0.06  # chromaticities this close to the most frequent one are the screen's
GREY = 0.15  # differences of primaries' shares below this are no hue
PURITY = 2.0  # the least ratio of a screen's leading primary to the next, in light
FREQUENT = 0.05  # of the largest count: of the hues as frequent the purest is the screen's; others are mixed with it
DARK = 0.004  # light below this has no hue
LIT = 0.25  # of the light that a quarter of the pixels of a hue exceed: what is darker is no lit screen


class ScreenColour(NamedTuple):
    """The colour of a screen.

    Attributes
    ----------
    light : (3,) float32, linear light
    name : "green", "blue" or the colour that was asked for
    share : share of the picture, 0..1, that has its hue
    purity : share of the pixels of such a hue that have this one
    """

    light: np.ndarray
    name: str
    share: float
    purity: float

    @property
    def hex(self) -> str:
        """The colour as `#rrggbb`."""
        levels = np.rint(255 * encode_srgb(self.light).clip(0, 1)).astype(int)
        return "#" + "".join(f"{level:02x}" for level in levels)


def chromaticity(light: np.ndarray) -> np.ndarray:
    """Shares (..., 3) of the primaries in light (..., 3)."""
    light = np.maximum(light, 0)
    return light / np.maximum(dot(light, np.ones_like(light))[..., None], np.float32(1e-6))


def dot(light: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Scalar product (...) of the channels of (..., 3); several times as fast as a sum over so short an axis."""
    return np.einsum("...c,...c->...", light, other)


def find_colour(light: np.ndarray, screen: str = "auto", usable: np.ndarray | None = None) -> ScreenColour | None:
    """Find the colour of the screen behind a subject.

    Parameters
    ----------
    light : (H, W, 3) float32, linear light
    screen : "auto" for green or blue, "green", "blue", or a CSS colour such as "#00b140"
    usable : (H, W) bool, pixels that may be screen; all of them unless given

    Returns
    -------
    ScreenColour or None
        None where no pixel has such a hue.

    Raises
    ------
    InputError
        If `screen` is no colour, or a grey one.
    """
    height, width = light.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA).reshape(-1, 3)
    if usable is not None:
        seen = cv2.resize(usable.astype(np.float32), size, interpolation=cv2.INTER_AREA).ravel() > 0.99
        small = small[seen] if seen.any() else light[usable]
    names = ("green", "blue") if screen == "auto" else (screen,)
    found = [mode for name in names if (mode := _most_frequent(small, name))]
    return max(found, key=lambda mode: mode.share * mode.purity, default=None)


def _most_frequent(light: np.ndarray, name: str) -> ScreenColour | None:
    """Return the purest of the frequent chromaticities of a hue, in light (N, 3)."""
    shares = chromaticity(light)
    level = light.sum(1)
    like = _like(shares, name) & (level > DARK)
    if not like.any():
        return None
    like &= level > LIT * np.quantile(level[like], 0.75)  # spill on black is as pure as the screen
    counts, *edges = np.histogram2d(shares[like, 0], shares[like, 2], BINS, [[0, 1], [0, 1]])
    smooth = cv2.GaussianBlur(counts, (0, 0), 1)
    middles = np.stack(np.meshgrid(*((edge[1:] + edge[:-1]) / 2 for edge in edges), indexing="ij"), axis=2)
    frequent = middles[(smooth >= FREQUENT * smooth.max()) & (counts > 0)]
    centre = frequent[_saturation(frequent).argmax()]
    close = like & (np.hypot(*(shares[:, [0, 2]] - centre).T) < NEAR / 2)
    return ScreenColour(np.median(light[close], 0), name, float(close.mean()), float(close.sum() / like.sum()))


def _saturation(shares: np.ndarray) -> np.ndarray:
    """Squared distance of chromaticities (N, 2), of red and blue, from grey."""
    red, blue = shares.T - 1 / 3
    return red**2 + blue**2 + (red + blue) ** 2


def _like(shares: np.ndarray, name: str) -> np.ndarray:
    """Mark chromaticities (N, 3) that a screen of this name may have."""
    if name in ("green", "blue"):
        lead = 1 if name == "green" else 2
        others = np.delete(shares, lead, axis=1).max(1)
        return shares[:, lead] > PURITY * others
    return np.linalg.norm(shares - _wanted(name), axis=1) < 0.25


def require_screen(name: str) -> None:
    """Raise InputError unless a screen can have this name."""
    if name not in ("auto", "green", "blue"):
        _wanted(name)


def _wanted(name: str) -> np.ndarray:
    """Return the chromaticity (3,) of a CSS colour."""
    shares = chromaticity(decode_srgb(np.float32(colour(name))))
    if np.ptp(shares) < GREY:
        raise InputError(f"{name}: nearly grey, wanted auto, green, blue or a saturated colour such as #00b140.")
    return shares
