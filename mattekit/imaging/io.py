"""Image files in and out: the only place with file formats, bit depths and channel orders.

Inside mattekit an image is (H, W, 3) float32 RGB, sRGB-encoded in 0..1, an alpha (H, W) float32 in 0..1 and a
trimap (H, W) float32 of exactly 0, 0.5 and 1. `Path("-")` is standard input or output everywhere.
"""

import logging
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mattekit import files
from mattekit.errors import InputError
from mattekit.formats import BY_NAME, format_of
from mattekit.imaging import pixel_values
from mattekit.imaging.codecs import decode, encode, exr, icc
from mattekit.imaging.codecs.curves import CURVES
from mattekit.imaging.codecs.header import (
    MAX_MEGAPIXELS,
    STANDARD,
    read_bytes,
    refuse_large,
)
from mattekit.imaging.codecs.probe import probe_bytes
from mattekit.imaging.picture import Picture, Raw
from mattekit.imaging.pixel_values import to_float
from mattekit.video import names as video

logger = logging.getLogger("mattekit")


def read_raw(
    source: Path, *, max_megapixels: float = MAX_MEGAPIXELS, layer: str | None = None, plate: bool = False
) -> Raw:
    """Decode a file of a format of `formats.FORMATS`, or a frame of a video by its path.

    Parameters
    ----------
    source : the file; Path("-") reads standard input.
    max_megapixels : larger pictures are refused before they are decoded.
    layer : of an EXR file; the obvious one unless given. Other formats have none.
    plate : read the overscan of an EXR, too, and its colours as stored; else its display window, with straight alpha.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If it is unreadable, damaged, truncated, not an image, too large or of an unsupported kind, or a value is not
        finite.
    MissingExtraError
        For a format that needs an extra which is not installed.
    """
    if video.is_frame(source):
        return _decode_frame(source, max_megapixels)
    data = read_bytes(source, max_megapixels)
    return decode_raw(name_of(source), data, max_megapixels=max_megapixels, layer=layer, plate=plate)


def decode_raw(
    name: str,
    data: bytes,
    *,
    max_megapixels: float = MAX_MEGAPIXELS,
    layer: str | None = None,
    plate: bool = False,
) -> Raw:
    """Decode the bytes of a file, called `name` in messages; raises as `read_raw`."""
    raw = _decode(name, data, max_megapixels, layer, plate)
    if raw.depth == "float" or raw.suffix == ".exr":
        pixel_values.refuse_not_finite(name, raw.pixels)
    return raw


def _decode(name: str, data: bytes, max_megapixels: float, layer: str | None, plate: bool) -> Raw:
    if format_of(data) == "EXR":
        pixels, depth, origin = exr.decode(name, data, max_megapixels, layer, plate=plate)
        return Raw(pixels, None, ".exr", depth, curve="linear", associated=True, origin=origin if plate else None)
    pixels, header = decode.decode(name, data, max_megapixels)
    profile = header.icc if icc.matches(header.icc, 1 if pixels.ndim == 2 else 3) else None
    suffix, depth = BY_NAME[header.format].suffixes[0], encode.DEPTH_OF[pixels.dtype]
    return Raw(pixels, profile, suffix, depth, header.lossy, header.curve, header.associated)


def _decode_frame(frame: Path, max_megapixels: float) -> Raw:
    """Decode a frame of a video; of transparent ones, colours are straight."""
    from mattekit.video import decoder

    refuse_large(str(frame), decoder.size(frame), 8, max_megapixels)
    pixels, lossy = decoder.read(frame)
    return Raw(pixels, None, ".png", encode.DEPTH_OF[pixels.dtype], lossy)


def read_image(source: Path, *, max_megapixels: float = MAX_MEGAPIXELS, layer: str | None = None) -> Picture:
    """Read an image: (H, W, 3) float32 RGB, sRGB-encoded, 0..1 (above 1 where a float file goes there).

    An alpha channel is dropped with a note; EXR is taken from linear light to sRGB values. Raises as `read_raw`.
    """
    return image_of(name_of(source), read_raw(source, max_megapixels=max_megapixels, layer=layer))


def read_plate(source: Path, *, max_megapixels: float = MAX_MEGAPIXELS, layer: str | None = None) -> Picture:
    """Read an image that results are made from: as `read_image`, but an EXR with its overscan and colours as stored."""
    return image_of(name_of(source), read_raw(source, max_megapixels=max_megapixels, layer=layer, plate=True))


def image_of(name: str, raw: Raw) -> Picture:
    """Turn a decoded file, called `name` in messages, into an image; see `read_image`."""
    pixels = raw.pixels
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        logger.warning("%s: its alpha channel is not used.", name)
        pixels = np.ascontiguousarray(pixels[..., :3])
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    pixels, light = to_float(pixels), None
    if raw.curve != "srgb":
        light = CURVES[raw.curve].to_light(pixels)
        pixels = exr.encode_srgb(light)
    return Picture(pixels, raw.depth, raw.icc, raw.suffix, light, raw.curve, raw.origin)


def read_alpha(source: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Read an alpha: the A of a file whose alpha is not opaque everywhere, otherwise its grey values; 0..1.

    Colours are turned to grey with a note. No transfer curve is applied. Raises as `read_raw`, and InputError for
    float values that are not in 0..1.
    """
    raw = read_raw(source, max_megapixels=max_megapixels)
    return Picture(pixel_values.alpha_of(name_of(source), raw.pixels), raw.depth, None, raw.suffix)


def read_trimap(source: Path, *, max_megapixels: float = MAX_MEGAPIXELS, require_classes: bool = True) -> np.ndarray:
    """Read a trimap: (H, W) float32, 0 where the file is 0, 1 where it is full scale, 0.5 everywhere else.

    Colour files count as known where all channels agree; alpha channels are not looked at. Values moved by lossy
    compression are snapped with a note. A trimap without unknown pixels is returned as it is.

    Raises
    ------
    InputError
        With `require_classes`, if no pixel is foreground or none is background; else as `read_raw`.
    """
    raw = read_raw(source, max_megapixels=max_megapixels)
    trimap = pixel_values.trimap_of(name_of(source), raw.pixels, lossy=raw.lossy)
    if require_classes:
        pixel_values.require_both(name_of(source), trimap)
    return trimap


def read_size(source: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> tuple[int, int]:
    """(height, width) of a file's upright picture, from its header alone. Raises as `read_raw`."""
    if video.is_frame(source):
        from mattekit.video import decoder

        return decoder.size(source)
    return size_of(name_of(source), read_bytes(source, max_megapixels))


def size_of(name: str, data: bytes) -> tuple[int, int]:
    """(height, width) of the upright picture that the bytes of a file hold, from its header; raises as `read_raw`."""
    return probe_bytes(name, data).size


def write_image(
    target: Path,
    pixels: np.ndarray,
    *,
    depth: str = "8",
    suffix: str | None = None,
    **how: Any,
) -> None:
    """Write float32 pixels: an alpha (H, W), an image (H, W, 3) or a cut-out (H, W, 4, straight alpha).

    Parameters
    ----------
    target : the file, whose suffix names the format; replaced as a whole or not at all. Path("-") is stdout.
    pixels : sRGB-encoded, 0..1; clipped and rounded for integer depths. EXR gets linear light.
    depth : "8", "16" or "float"; EXR holds half floats unless "float".
    suffix : the format, where the target does not tell (".png" on stdout by default).
    how : more of `encode.encode_image`: icc, fast, light, curve, alpha_mode, origin.

    Raises
    ------
    InputError
        If the format cannot hold such pixels, or a value is not finite.
    """
    name, suffix = _output(target, suffix)
    _put(target, encode.encode_image(name, pixels, depth, suffix, **how))


def write_raw(
    target: Path, pixels: np.ndarray, *, icc: bytes | None = None, fast: bool = False, suffix: str | None = None
) -> None:
    """Write uint8, uint16 or float32 pixels as they are; parameters and errors as `write_image` and its encoder."""
    name, suffix = _output(target, suffix)
    _put(target, encode.encode_raw(name, pixels, suffix, icc=icc, fast=fast))


def require_same_size(name: str, shape: tuple[int, ...], other_name: str, other_shape: tuple[int, ...]) -> None:
    """Raise InputError with both sizes (width x height) if two pictures differ in size."""
    if tuple(shape[:2]) != tuple(other_shape[:2]):
        found, wanted = (f"{s[1]}x{s[0]}" for s in (shape, other_shape))
        raise InputError(
            f"{name}: {found}, but {other_name} is {wanted}. Resize one (a trimap with nearest neighbour), "
            "or check the pairing."
        )


def name_of(source: Path) -> str:
    """Name of a file in messages: its path, or "standard input"."""
    return "standard input" if Path(source) == STANDARD else str(source)


def _output(target: Path, suffix: str | None) -> tuple[str, str]:
    if Path(target) == STANDARD:
        return "standard output", (suffix or ".png").lower()
    return str(target), (suffix or Path(target).suffix).lower()


def _put(target: Path, data: bytes) -> None:
    if Path(target) == STANDARD:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        files.write_bytes(Path(target), data)
