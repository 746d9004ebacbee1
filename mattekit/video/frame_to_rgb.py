"""Pixels of decoded frames: planes to upright RGB or grey, with alpha, in whole numbers of 8 or 16 bits."""

from typing import Any

import cv2
import numpy as np

from mattekit.errors import InputError
from mattekit.video import colours

# Formats that interleave their values -> formats of planes to which the library takes them without loss.
PLANAR = {
    "nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "p010le": "yuv420p10le", "yuyv422": "yuv422p",
    "uyvy422": "yuv422p", "yvyu422": "yuv422p", "ya8": "gbrap", "ya16le": "gbrap16le", "ya16be": "gbrap16le",
}  # fmt: skip
CODES = {8: (np.uint8, cv2.CV_8U), 16: (np.uint16, cv2.CV_16U)}


def pixels_of(frame: Any, name: str) -> np.ndarray:
    """Return a frame's pixels as (H, W, 3) RGB, or (H, W, 4) with straight alpha where that is not opaque everywhere.

    uint8, or uint16 for formats of more than 8 bits. Grey gives three equal channels. Upright by the frame's rotation.

    Raises
    ------
    InputError
        If the format or its colour matrix is not supported.
    """
    frame = _planar(frame, name)
    components = frame.format.components
    bits = components[0].bits
    stored = 8 if bits <= 8 else 16
    planes = [_plane(frame, component) for component in components]
    alpha = planes.pop() if components[-1].is_alpha else None
    if frame.format.name.startswith("gbr"):
        rgb = _rescaled(cv2.merge(planes), bits, stored)
    elif len(planes) == 1:
        grey = _grey(planes[0], bits, stored, colours.is_full(frame))
        rgb = cv2.merge([grey, grey, grey])
    else:
        rgb = _mixed(planes, colours.to_rgb(colours.matrix_of(frame, name), bits, colours.is_full(frame)), stored)
    return _upright(_with_alpha(rgb, alpha, bits, stored), frame.rotation)


def _planar(frame: Any, name: str) -> Any:
    """Return the frame, or one of the same values in planes."""
    form = frame.format
    known = form.name.startswith(("yuv", "gbr", "gray")) and not form.name.startswith(("yuyv", "yuv4mpeg"))
    if known and max(component.bits for component in form.components) <= 16:
        return frame
    deep = any(component.bits > 8 for component in form.components)
    other = "gbrap" if form.has_palette or any(part.is_alpha for part in form.components) else "gbrp"
    wanted = PLANAR.get(form.name) or (f"{other}16le" if deep else other)
    try:
        return frame.reformat(format=wanted)
    except (ValueError, OSError):
        raise InputError(f"{name}: pixels stored as {form.name} cannot be read. Convert the video.") from None


def _plane(frame: Any, component: Any) -> np.ndarray:
    plane = frame.planes[component.plane]
    order = ">" if frame.format.is_big_endian else "<"
    kind = np.dtype(np.uint8 if component.bits <= 8 else f"{order}u2")
    rows = np.frombuffer(plane, kind).reshape(-1, plane.line_size // kind.itemsize)
    values = rows[: plane.height, : plane.width]
    return np.ascontiguousarray(values.astype(kind.newbyteorder("="), copy=False))


def _rescaled(values: np.ndarray, bits: int, stored: int) -> np.ndarray:
    """Take full-range values of `bits` bits to those of the type they are stored in; exact where they are equal."""
    if bits == stored:
        return values
    flat = values.reshape(values.shape[0], -1)
    return cv2.multiply(flat, (2**stored - 1) / (2**bits - 1), dtype=CODES[stored][1]).reshape(values.shape)


def _grey(values: np.ndarray, bits: int, stored: int, full: bool) -> np.ndarray:
    if full:
        return _rescaled(values, bits, stored)
    low, extent, *_ = colours.scales(bits, full)
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32((2**stored - 1) / extent)
    return cv2.multiply(scaled, 1.0, dtype=CODES[stored][1])  # saturates and rounds


def _mixed(planes: list[np.ndarray], matrix: np.ndarray, stored: int) -> np.ndarray:
    """Mix luma and chroma planes by a (3, 4) matrix to RGB (H, W, 3)."""
    luma = planes[0].astype(np.float32)
    chroma = [upsample_chroma(plane.astype(np.float32), luma.shape) for plane in planes[1:]]
    rgb = cv2.transform(cv2.merge([luma, *chroma]), matrix * (2**stored - 1))
    flat = rgb.reshape(rgb.shape[0], -1)
    return cv2.multiply(flat, 1.0, dtype=CODES[stored][1]).reshape(rgb.shape)


def upsample_chroma(chroma: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Interpolate a chroma plane to the size of luma.

    Samples lie on the first of the columns that share them, and halfway between their rows, as H.264 and HEVC place
    them unless they say otherwise (chroma_sample_loc_type 0).
    """
    height, width = size
    down, across = -(-height // chroma.shape[0]), -(-width // chroma.shape[1])
    if down == across == 1:
        return chroma
    placed = np.array([[1 / across, 0, 0], [0, 1 / down, 0.5 / down - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(chroma, placed, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def _with_alpha(rgb: np.ndarray, alpha: np.ndarray | None, bits: int, stored: int) -> np.ndarray:
    if alpha is None or (alpha == 2**bits - 1).all():
        return rgb
    return np.dstack([rgb, _rescaled(alpha, bits, stored)])


def _upright(pixels: np.ndarray, rotation: int) -> np.ndarray:
    """Turn pixels by a frame's rotation, degrees anticlockwise in steps of 90."""
    turns = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def is_turned(rotation: int) -> bool:
    """Whether a rotation swaps height and width."""
    return round(rotation / 90) % 2 == 1
