"""Files as the official scorer sees them: 8-bit mattes and masks of the pixels that count, converted on purpose."""

from pathlib import Path
from typing import Literal

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging import io, pixel_values

Region = Literal["unknown", "all", "foreground", "background"]
UnknownValue = Literal["128", "any"]

COUNT_AS_UNKNOWN = "the trimap holds other values than 0, 128 and 255, which count as unknown"
COUNT_AS_KNOWN = "the trimap holds other values than 0, 128 and 255, which count as known, as officially"
REMEDIES = {COUNT_AS_KNOWN: "unknown-value"}
COLOUR = 8 / 255  # channels of a grey picture differ by less, even after lossy compression


def read_matte(path: Path, max_megapixels: float = io.MAX_MEGAPIXELS) -> tuple[np.ndarray, list[str]]:
    """Read a matte as (H, W) uint8, with notes on what was converted.

    8-bit grey values are taken as they are. 16-bit and float values are rounded, never truncated; of a file whose
    alpha is not opaque everywhere the alpha is taken, of other colour files the first channel, as officially.
    Raises InputError for a picture that is not grey, and as `io.read_raw`.
    """
    pixels = io.read_raw(path, max_megapixels=max_megapixels).pixels
    notes = []
    if pixels.ndim == 3 and pixels.shape[2] == 4 and (pixels[..., 3] != _full(pixels)).any():
        pixels = pixels[..., 3]
        notes.append("the alpha channel of an RGBA file is scored")
    elif pixels.ndim == 3:
        pixels = _first_channel(path, pixels, "matte")
        notes.append("the first channel of a colour file is scored")
    if pixels.dtype != np.uint8:
        notes.append(f"{'float' if pixels.dtype.kind == 'f' else '16-bit'} values are rounded to 8 bits")
    return _eight_bits(path, pixels), notes


def read_region(
    path: Path, region: Region, unknown_value: UnknownValue = "128", max_megapixels: float = io.MAX_MEGAPIXELS
) -> tuple[np.ndarray, list[str]]:
    """Read the pixels that count from a trimap file as (H, W) bool, with notes.

    region : "unknown", "foreground" (255) or "background" (0)
    unknown_value : "128" takes exactly that as unknown, as officially; "any" everything between 0 and 255
    """
    pixels = io.read_raw(path, max_megapixels=max_megapixels).pixels
    notes = []
    if pixels.ndim == 3:
        pixels = _first_channel(path, pixels, "trimap")
    if pixels.dtype != np.uint8:
        notes.append("the trimap's values are rounded to 8 bits")
    trimap = _eight_bits(path, pixels)
    between = (trimap != 0) & (trimap != 255)
    if np.any(between & (trimap != 128)):
        notes.append(COUNT_AS_UNKNOWN if unknown_value == "any" else COUNT_AS_KNOWN)
    if region == "unknown":
        mask = between if unknown_value == "any" else trimap == 128
    else:
        mask = trimap == {"foreground": 255, "background": 0}[region]
    if not mask.any():
        notes.append(f"no {region} pixel: MSE and MAD are undefined and left out of their means")
    return mask, notes


def _full(pixels: np.ndarray) -> float:
    return np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1.0


def _first_channel(path: Path, pixels: np.ndarray, wanted: str) -> np.ndarray:
    spread = pixels[..., :3].max(axis=2) - pixels[..., :3].min(axis=2)
    if spread.max() > COLOUR * _full(pixels):
        raise InputError(f"{path}: a colour picture, wanted a grey {wanted}. Check that this is the right file.")
    return np.ascontiguousarray(pixels[..., 0])


def _eight_bits(path: Path, pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels)
    if pixels.dtype == np.uint16:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.rint(pixel_values.alpha_of(str(path), pixels) * 255).astype(np.uint8)
