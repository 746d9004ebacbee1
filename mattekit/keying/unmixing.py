"""Alpha of a plate whose screen is known everywhere, from the colours that the foreground has close by."""

from typing import NamedTuple

import cv2
import numpy as np

from mattekit.compiling import announced
from mattekit.imaging.erosion import distance_inside
from mattekit.keying.colour import dot
from mattekit.keying.field import SQUARE, ScreenField
from mattekit.keying.foreground_model import ForegroundModel, foreground_model

LARGEST = 600_000  # pixels at which the foreground's colours are learnt
ROUNDS = 3  # of estimating the foreground's colours and alpha in turns
MUCH = 0.25  # share of the screen's hue from which a pixel is no foreground to begin with
DEPTH = 12  # pixels inside the foreground at which its colours are trusted wholly
SOLID = 0.08  # share of the screen, given the colours close by, up to which a pixel is foreground
SHADES = 0.04**2  # variance of the screen's brightness that the field does not know
BIMODAL = 0.3  # weight of alpha's prior
LEAST = np.float32(1e-9)  # trust in what is probably no foreground, where there is nothing better


class Unmixed(NamedTuple):
    """Alpha and what it was computed from.

    Attributes
    ----------
    alpha : (H, W) float32 in 0..1
    unknown : (H, W) bool, pixels that are neither surely screen nor surely foreground
    colours : (H, W, 3) float32, the foreground's mean light around each pixel
    """

    alpha: np.ndarray
    unknown: np.ndarray
    colours: np.ndarray


def unmix(
    light: np.ndarray, coded: np.ndarray, field: ScreenField, *, core: np.ndarray, outside: np.ndarray
) -> Unmixed:
    """Find alpha in front of a screen.

    The foreground's colours are learnt in turns with alpha, on a reduced picture if there are more than `LARGEST`
    pixels; from these, alpha follows at full size.

    Parameters
    ----------
    light, coded : (H, W, 3) float32, the plate in linear light and in sRGB values
    field : the screen
    core, outside : (H, W) bool, pixels that are foreground, and that are background, whatever their colour
    """
    height, width = core.shape
    whole = _Plate(light, coded, field.light, field.noise, (field.sure | outside) & ~core, core)
    scale = min(1.0, (LARGEST / core.size) ** 0.5)
    model = _learnt(whole if scale == 1 else whole.reduced(scale))
    if scale < 1:
        model = ForegroundModel(*(cv2.resize(each, (width, height)) for each in model))
    share = screen_share(light, field.light)
    solid, unknown = _classes(whole, share, model, _depth(whole, share))
    alpha = solid.astype(np.float32)
    alpha[unknown] = _probable(whole, model, unknown)
    return Unmixed(alpha, unknown, model.mean)


class _Plate(NamedTuple):
    """A plate and its screen: light, values, the screen's light (h, w, 3), noise, and what is sure (h, w)."""

    light: np.ndarray
    coded: np.ndarray
    screen: np.ndarray
    noise: float
    background: np.ndarray
    core: np.ndarray

    def reduced(self, scale: float) -> "_Plate":
        """Return the plate at a smaller size, where noise is averaged and only whole pixels are sure."""
        size = [max(1, round(side * scale)) for side in self.core.shape[::-1]]
        pictures = [cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in self[:3]]
        sure = [cv2.resize(each.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99 for each in self[4:]]
        return _Plate(*pictures, self.noise * scale, *sure)


def _learnt(plate: _Plate) -> ForegroundModel:
    """Learn the colours of a foreground, in turns with its alpha."""
    share = screen_share(plate.light, plate.screen)
    depth = _depth(plate, share)
    pure = (1 - share / MUCH).clip(0, 1)
    trust = np.where(plate.core, 1, pure * (depth / DEPTH).clip(0, 1) ** 2).astype(np.float32)
    fg = plate.light
    for turn in range(ROUNDS):
        model = foreground_model(fg, np.where(plate.background, LEAST * LEAST, trust + LEAST))
        if turn == ROUNDS - 1:
            return model
        solid, unknown = _classes(plate, share, model, depth)
        alpha = solid.astype(np.float32)
        alpha[unknown] = _probable(plate, model, unknown)
        fg = foreground_light(plate.light, alpha, plate.screen)
        trust = np.where(solid, 1, (2 * alpha - 1).clip(0, 1) ** 2).astype(np.float32)


def _depth(plate: _Plate, share: np.ndarray) -> np.ndarray:
    """Distance (h, w) in pixels into what is likely foreground, given the share of the screen in each pixel."""
    return distance_inside(((share < MUCH) & ~plate.background) | plate.core)


def _classes(plate: _Plate, share: np.ndarray, model: ForegroundModel, depth: np.ndarray) -> tuple[np.ndarray, ...]:
    """Mark solid foreground and what is unknown: pixels (h, w) bool each."""
    solid = plate.core | (_solid(share, model.mean, plate.screen, depth) & ~plate.background)
    return solid, ~(solid | plate.background)


def screen_share(light: np.ndarray, screen: np.ndarray) -> np.ndarray:
    """Share (H, W) of the screen's light in a pixel, taken that all else is grey: 0 or less without its hue."""
    hue = screen - screen.mean(2, keepdims=True)
    return dot(light, hue) / np.maximum(dot(hue, hue), np.float32(1e-8))


def foreground_light(light: np.ndarray, alpha: np.ndarray, screen: np.ndarray) -> np.ndarray:
    """Light (H, W, 3) of the foreground alone, F = (C - (1 - alpha) B) / alpha, at least 0 and at most the plate's."""
    most = max(float(light.max()), 1.0)
    return ((light - (1 - alpha[..., None]) * screen) / np.maximum(alpha, np.float32(0.05))[..., None]).clip(0, most)


def _solid(share: np.ndarray, mean: np.ndarray, screen: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Mark pixels with no more of the screen's hue than the foreground around them has, and its inside."""
    usual = screen_share(mean, screen).clip(-4, MUCH)
    plain = ((share - usual) / (1 - usual) < SOLID).astype(np.uint8)
    return (cv2.erode(plain, SQUARE) > 0) | (depth > 2 * DEPTH)


def _probable(plate: _Plate, model: ForegroundModel, unknown: np.ndarray) -> np.ndarray:
    """Return the most probable alpha of unknown pixels, in raster order."""
    noise = (plate.noise * light_per_value(plate.coded[unknown])) ** 2 + np.float32(1e-7)
    pixels = (plate.light[unknown], plate.screen[unknown], model.mean[unknown], model.moments[unknown], noise)
    with announced("keying: the first use compiles for some seconds; later uses start at once."):
        from mattekit.keying.alpha_kernel import most_probable

        return most_probable(*(np.ascontiguousarray(each, np.float32) for each in pixels), SHADES, BIMODAL)


def light_per_value(coded: np.ndarray) -> np.ndarray:
    """Slope of the sRGB curve, from values to light."""
    above = (np.maximum(coded, np.float32(0.04045)) + np.float32(0.055)) / np.float32(1.055)
    return np.where(coded <= 0.04045, np.float32(1 / 12.92), np.float32(2.4 / 1.055) * above ** np.float32(1.4))
