"""Alpha of a plate whose screen is known everywhere, from the colours that the foreground has close by."""

from typing import NamedTuple

import cv2
import numpy as np

from mattekit.compiling import announced
from mattekit.keying.colour import dot
from mattekit.keying.field import SQUARE, ScreenField
from mattekit.keying.foreground_model import foreground_model

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

    Parameters
    ----------
    light, coded : (H, W, 3) float32, the plate in linear light and in sRGB values
    field : the screen
    core, outside : (H, W) bool, pixels that are foreground, and that are background, whatever their colour
    """
    background = (field.sure | outside) & ~core
    share = screen_share(light, field.light)
    likely = ((share < MUCH) & ~background) | core
    depth = cv2.distanceTransform(likely.astype(np.uint8), cv2.DIST_L2, 5)
    pure = (1 - share / MUCH).clip(0, 1)
    trust = np.where(core, 1, pure * (depth / DEPTH).clip(0, 1) ** 2).astype(np.float32)
    fg = light
    for _ in range(ROUNDS):
        model = foreground_model(fg, np.where(background, LEAST * LEAST, trust + LEAST))
        solid = core | (_solid(share, model.mean, field.light, depth) & ~background)
        unknown = ~(solid | background)
        alpha = solid.astype(np.float32)
        alpha[unknown] = _probable(light, coded, field, model, unknown)
        fg = foreground_light(light, alpha, field.light)
        trust = np.where(solid, 1, (2 * alpha - 1).clip(0, 1) ** 2).astype(np.float32)
    return Unmixed(alpha, unknown, model.mean)


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


def _probable(light, coded, field, model, unknown) -> np.ndarray:
    """Return the most probable alpha of unknown pixels, in raster order."""
    noise = (field.noise * light_per_value(coded[unknown])) ** 2 + np.float32(1e-7)
    pixels = (light[unknown], field.light[unknown], model.mean[unknown], model.moments[unknown], noise)
    with announced("keying: the first use compiles for some seconds; later uses start at once."):
        from mattekit.keying.alpha_kernel import most_probable

        return most_probable(*(np.ascontiguousarray(each, np.float32) for each in pixels), SHADES, BIMODAL)


def light_per_value(coded: np.ndarray) -> np.ndarray:
    """Slope of the sRGB curve, from values to light."""
    above = (np.maximum(coded, np.float32(0.04045)) + np.float32(0.055)) / np.float32(1.055)
    return np.where(coded <= 0.04045, np.float32(1 / 12.92), np.float32(2.4 / 1.055) * above ** np.float32(1.4))
