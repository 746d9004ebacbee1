"""Keying as a whole: from a plate to alpha, clean colours and a trimap."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from mattekit.compiling import announced
from mattekit.errors import InputError
from mattekit.imaging.alignment import align
from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb
from mattekit.imaging.trimap import join, missing
from mattekit.keying.colour import ScreenColour, find_colour
from mattekit.keying.confidence import SURE_ENOUGH, confidence
from mattekit.keying.despill import clean_colours
from mattekit.keying.field import ScreenField, screen_field
from mattekit.keying.shadows import shadow_alpha, with_shadows
from mattekit.keying.unmixing import unmix

log = logging.getLogger("mattekit")

TRUST = 0.1  # in alpha, against its smoothness along the plate's light
SMOOTHED = 400_000  # pixels
LEAST = 0.002  # share of the picture: less of a screen tells nothing of it
NAMES = {"auto": "green or blue"}
PARTS = ("alpha", "cutout", "foreground", "trimap", "matte-in-source")  # pictures that can be written of a key


@dataclass(frozen=True)
class KeySettings:
    """Settings of a key.

    Attributes
    ----------
    screen : "auto", "green", "blue" or a CSS colour
    despill : 0..1
        How much of the screen's light on the foreground is taken out.
    keep_shadows : bool
        Shadows on the screen become partial black alpha instead of background.
    """

    screen: str = "auto"
    despill: float = 1.0
    keep_shadows: bool = False


@dataclass(frozen=True)
class Keyed:
    """A plate keyed.

    Attributes
    ----------
    alpha : (H, W) float32 in 0..1
    foreground : (H, W, 3) float32, sRGB-coded, free of the screen
    trimap : (H, W) float32 of 0, 0.5 and 1: surely screen, mixed or unsure, surely foreground
    facts : dict
        Ready for JSON: "screen" ("#rrggbb"), "kind", "confidence" (0..1), "share" of the picture, "uneven".
    """

    alpha: np.ndarray
    foreground: np.ndarray
    trimap: np.ndarray
    facts: dict[str, Any]


def key(
    image: np.ndarray,
    settings: KeySettings | None = None,
    *,
    clean: np.ndarray | None = None,
    garbage: np.ndarray | None = None,
    core: np.ndarray | None = None,
) -> Keyed:
    """Key a plate: find its screen, and of every pixel alpha and the foreground's colour.

    Light is what foreground and screen mix; values are decoded to it and coded again.

    Parameters
    ----------
    image : (H, W, 3) float32, sRGB-coded; above 1 in float pictures
    settings : KeySettings, optional
    clean : (H, W, 3) float32, the same view without the foreground
    garbage, core : (H, W) bool, pixels that are background, and foreground, whatever their colour

    Raises
    ------
    InputError
        If no screen is found, or sizes differ, or a pixel is both garbage and core.
    """
    settings = settings or KeySettings()
    garbage, core = _masks(image, garbage, core)
    light = np.maximum(decode_srgb(image), 0)
    colour, field = find_screen(image, light, settings.screen, clean=clean, usable=~(garbage | core))
    found = unmix(light, image, field, core=core, outside=garbage)
    alpha = np.where(garbage, np.float32(0), found.alpha)
    trimap = join(field.sure & ~core | garbage, (alpha == 1) & ~found.unknown)
    alpha = _along_light(light, trimap, alpha)
    fg = clean_colours(light, alpha, field.light, settings.despill)
    if settings.keep_shadows:
        shadow = np.where(garbage | core, np.float32(0), shadow_alpha(field))
        alpha, fg = with_shadows(alpha, fg, shadow)
        trimap = np.where((shadow > 0) & (trimap == 0), np.float32(0.5), trimap)
    if not (alpha > 0.5).any():
        log.warning("there is nothing but screen: hardly any pixel is foreground.")
    return Keyed(alpha, encode_srgb(fg), trimap, _facts(colour, field))


def _along_light(light: np.ndarray, trimap: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Smooth alpha (H, W) along the plate's light: noise, and colours that JPEG has smeared, make it uneven.

    Plates with more than `SMOOTHED` unknown pixels stay as they are, as it takes seconds there.
    """
    if missing(trimap) or np.count_nonzero(trimap == 0.5) > SMOOTHED:
        return alpha
    with announced("smoothing alpha: the first use compiles for some seconds; later uses start at once."):
        from mattekit.baselines.smoothing import smoothed

        return smoothed(light / max(1.0, float(light.max())), trimap, alpha, TRUST)


def find_screen(
    image: np.ndarray, light: np.ndarray, screen: str, *, clean: np.ndarray | None, usable: np.ndarray
) -> tuple[ScreenColour, ScreenField]:
    """Return the screen's colour and its field; InputError without a screen."""
    behind = None
    if clean is not None:
        if clean.shape != image.shape:
            raise InputError(f"clean plate: {_size(clean)}, but the plate is {_size(image)}. Give one of its size.")
        behind = np.maximum(decode_srgb(align(clean, image).picture), 0)
    seen = light if behind is None else behind
    colour = find_colour(seen, screen, usable)
    wanted = f"wanted a {NAMES.get(screen, screen)} screen"
    if colour is None or colour.share < LEAST:
        share = colour.share if colour else 0
        raise InputError(f"{share:.1%} of its pixels have such a hue, {wanted}.", remedy="screen")
    field = screen_field(light, image, colour, usable=usable, clean=behind)
    sure = confidence(colour, field)
    if sure < SURE_ENOUGH and screen == "auto" and clean is None:
        raise InputError(f"{colour.hex} is a screen's with confidence {sure:.2f} only, {wanted}.", remedy="screen")
    return colour, field


def _masks(image: np.ndarray, *masks: np.ndarray | None) -> list[np.ndarray]:
    """Return garbage and core as masks of the plate's size."""
    found = []
    for name, mask in zip(("garbage", "core"), masks, strict=True):
        mask = np.zeros(image.shape[:2], bool) if mask is None else mask
        if mask.shape != image.shape[:2]:
            raise InputError(f"{name} mask: {_size(mask)}, but the plate is {_size(image)}. Give one of its size.")
        found.append(mask)
    if count := np.count_nonzero(found[0] & found[1]):
        raise InputError(f"{count} pixels are garbage and core at once. Clear them in one of the masks.")
    if (found[0] | found[1]).all():
        raise InputError("garbage and core leave no pixel to find the screen in. Clear some.")
    return found


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"


def _facts(colour: ScreenColour, field: ScreenField) -> dict[str, Any]:
    return {
        "screen": colour.hex,
        "kind": colour.name,
        "confidence": round(confidence(colour, field), 3),
        "share": round(float(field.sure.mean()), 4),
        "uneven": round(field.uneven, 4),
    }
