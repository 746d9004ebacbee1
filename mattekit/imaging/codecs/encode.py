"""Pixels to encoded bytes: which format and depth an output has, which format holds what, and quantising."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from mattekit.errors import InputError, MattekitError
from mattekit.formats import BY_SUFFIX, DEPTHS, PLAIN, VFX
from mattekit.imaging.codecs import alpha_mode as alpha_modes
from mattekit.imaging.codecs import exr, openimageio, tiff
from mattekit.imaging.codecs import icc as profiles
from mattekit.imaging.codecs.curves import CURVES
from mattekit.imaging.codecs.exr_origin import Origin
from mattekit.imaging.codecs.header import read_bytes, read_header
from mattekit.imaging.codecs.silence import silent_libraries
from mattekit.imaging.pixel_values import refuse_not_finite, to_float

CHOICES = ("auto", "8", "16", "float")  # of depth
FULL_SCALE = {"8": (np.uint8, 255, cv2.CV_8U), "16": (np.uint16, 65535, cv2.CV_16U)}
DEPTH_OF = {np.dtype(np.uint8): "8", np.dtype(np.uint16): "16", np.dtype(np.float32): "float"}


def check(name: str, shape: tuple[int, ...], depth: str, suffix: str) -> None:
    """Raise InputError, saying what to do, where a format cannot hold such pixels."""
    if suffix not in DEPTHS:
        raise InputError(f"{name}: {suffix or 'no extension'}, wanted one of {' '.join(DEPTHS)}. Name it so.")
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4))) or 0 in shape:
        raise InputError(f"{name}: pixels of shape {shape}, wanted (H, W), (H, W, 3) or (H, W, 4), not empty.")
    if depth not in DEPTHS[suffix]:
        others = [s for s in DEPTHS if depth in DEPTHS[s] and s in PLAIN and s != ".tiff"]
        if not others:
            raise InputError(f"{name}: depth {depth!r}, wanted 8, 16 or float.")
        found = f"depth {depth}, but {suffix} holds {' or '.join(DEPTHS[suffix])}"
        raise InputError(f"{name}: {found}. Write {' or '.join(others)}.", remedy="depth")
    if suffix in (".jpg", ".jpeg") and (len(shape) == 2 or shape[2] == 4):
        raise InputError(f"{name}: JPEG cannot hold an alpha channel exactly. Write .png, .tif, .webp or .exr.")
    if suffix == ".bmp" and len(shape) == 3 and shape[2] == 4:
        raise InputError(f"{name}: BMP cannot hold an alpha channel reliably. Write .png, .tif, .webp or .exr.")


def quantise(pixels: np.ndarray, depth: str) -> np.ndarray:
    """Quantise float pixels: clipped to 0..1 and rounded (halves to even) for "8" and "16", as float32 for "float"."""
    if depth == "float":
        return np.ascontiguousarray(pixels, np.float32)
    dtype, full, code = FULL_SCALE[depth]
    flat = np.ascontiguousarray(pixels, np.float32).reshape(pixels.shape[0], -1)
    if flat.size == 0:
        return np.zeros(pixels.shape, dtype)
    return cv2.multiply(flat, full, dtype=code).reshape(pixels.shape)  # saturates and rounds in one pass


def encode_image(
    name: str,
    pixels: np.ndarray,
    depth: str,
    suffix: str,
    *,
    icc: bytes | None = None,
    fast: bool = False,
    light: bool = False,
    curve: str = "srgb",
    alpha_mode: str | None = None,
    origin: Origin | None = None,
) -> bytes:
    """Return the bytes of a file of float32 pixels, quantised to a depth; see `io.write_image`.

    Parameters
    ----------
    name : for messages.
    icc : a profile to carry if it describes such pixels; left out otherwise.
    fast : compress PNG quickly rather than well.
    light : the pixels are scene-linear, not sRGB-encoded; EXR gets them as they are.
    curve : a name of `curves.CURVES`, by which other formats get light.
    alpha_mode : "straight" or "premultiplied", of cut-outs; unless given, premultiplied in EXR alone.
    origin : of the plate that they are made from; EXR gets its windows, attributes and compression.
    """
    check(name, pixels.shape, depth, suffix)
    refuse_not_finite(name, pixels)
    associated = alpha_mode == "premultiplied" or (alpha_mode is None and suffix == ".exr")
    multiply = alpha_modes.premultiplied if associated and pixels.ndim == 3 and pixels.shape[2] == 4 else np.asarray
    if suffix == ".exr":
        linear = pixels if light else _recoded(pixels, exr.decode_srgb)
        return exr.encode(name, multiply(linear), half=depth != "float", origin=origin)
    coded = multiply(_recoded(pixels, CURVES[curve].from_light) if light else pixels)
    return encode(name, quantise(coded, depth), suffix, icc=icc, fast=fast, curve=curve, associated=associated)


def encode_raw(
    name: str, pixels: np.ndarray, suffix: str, *, icc: bytes | None = None, fast: bool = False, curve: str = "srgb"
) -> bytes:
    """Return the bytes of a file of uint8, uint16 or float32 pixels as they are; see `io.write_raw`, `encode_image`."""
    if pixels.dtype not in DEPTH_OF:
        raise InputError(f"{name}: {pixels.dtype} pixels, wanted uint8, uint16 or float32.")
    check(name, pixels.shape, DEPTH_OF[pixels.dtype], suffix)
    if suffix != ".exr":
        return encode(name, np.ascontiguousarray(pixels), suffix, icc=icc, fast=fast, curve=curve)
    if pixels.dtype != np.float32:
        raise InputError(f"{name}: {pixels.dtype} pixels, wanted float32 linear light. Use write_image.")
    rgba = pixels.ndim == 3 and pixels.shape[2] == 4
    return exr.encode(name, alpha_modes.premultiplied(pixels) if rgba else pixels, half=False)


def _recoded(pixels: np.ndarray, curve: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply a transfer curve to an image or the colours of a cut-out; an alpha is no light and stays."""
    if pixels.ndim == 2:
        return pixels
    return np.concatenate([curve(pixels[..., :3]), pixels[..., 3:]], axis=2)


def encode(
    name: str,
    pixels: np.ndarray,
    suffix: str,
    *,
    icc: bytes | None = None,
    fast: bool = False,
    full_colour: bool = False,
    curve: str = "srgb",
    associated: bool = False,
) -> bytes:
    """Return the bytes of a file of uint8, uint16 or float32 pixels in RGB order (not EXR).

    full_colour : let JPEG keep the colour of every pixel, not only that of blocks of four. curve, associated : what
    files that can say so tell of their values, and of colours and alpha.
    """
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if BY_SUFFIX[suffix].extra == VFX:
        profile = icc if profiles.matches(icc, channels) else None
        return openimageio.encode(name, pixels, suffix, icc=profile, fast=fast, curve=curve)
    stored = pixels
    if channels >= 3:
        stored = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if channels == 3 else cv2.COLOR_RGBA2BGRA)
    try:
        with silent_libraries():
            done, buffer = cv2.imencode(suffix, stored, _options(suffix, channels, fast, full_colour))
    except cv2.error:
        done = False
    if not done:
        height, width = pixels.shape[:2]
        raise InputError(f"{name}: cannot store {width}x{height} pixels as {suffix}. Write .png or .tif.")
    data = buffer.tobytes()
    if channels == 4 and suffix in (".tif", ".tiff"):
        kind = tiff.PREMULTIPLIED if associated else tiff.STRAIGHT
        data = tiff.set_tag(data, tiff.Tag.EXTRA_SAMPLES, tiff.SHORT, kind)
    if profiles.matches(icc, channels):
        data = profiles.embed(data, suffix, icc)
    return data


def _options(suffix: str, channels: int, fast: bool, full_colour: bool) -> list[int]:
    if suffix == ".png":
        strategy, row_filter = _png_coding(channels, fast)
        return [cv2.IMWRITE_PNG_STRATEGY, strategy, cv2.IMWRITE_PNG_FILTER, row_filter]
    if suffix == ".webp" and channels != 3:  # the colours behind alpha 0 are kept too
        return [cv2.IMWRITE_WEBP_LOSSLESS_MODE, cv2.IMWRITE_WEBP_LOSSLESS_PRESERVE_COLOR]
    quality = {".webp": cv2.IMWRITE_WEBP_QUALITY, ".jpg": cv2.IMWRITE_JPEG_QUALITY, ".jpeg": cv2.IMWRITE_JPEG_QUALITY}
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444] if full_colour else []
    return [quality[suffix], 95, *sampling] if suffix in quality else []


def _png_coding(channels: int, fast: bool) -> tuple[int, int]:
    # Measured (tests/benchmarks/bench_io.py): on photos and mattes, runs after the Paeth filter are smaller than
    # zlib's dictionary at level 6 and several times faster; the plain difference filter is faster still, and on
    # photos coding without runs beats both.
    if not fast:
        return cv2.IMWRITE_PNG_STRATEGY_RLE, cv2.IMWRITE_PNG_FILTER_PAETH
    strategy = cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY if channels == 3 else cv2.IMWRITE_PNG_STRATEGY_RLE
    return strategy, cv2.IMWRITE_PNG_FILTER_SUB


def through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Return an image (H, W, 3) float32 RGB in 0..1 as it is after JPEG of a quality 1..100."""
    bgr = cv2.cvtColor(quantise(image, "8"), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return to_float(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def output_depth(wanted: str, source: str, suffix: str) -> str:
    """Depth to write: `wanted`, or with "auto" the nearest to that of the `source` that the format can hold."""
    if wanted != "auto":
        return wanted
    holds = DEPTHS.get(suffix, ("8",))
    return source if source in holds else holds[-1]


def output_suffix(wanted: str, source: Path) -> str:
    """Extension of an output nobody named: .png, except where that would lose depth of the source or `wanted`."""
    suffix = source.suffix.lower()
    if wanted in ("auto", "float") and (suffix in (".exr", ".cin") or (suffix == ".dpx" and _is_light(source))):
        return ".exr"
    floating = wanted == "float" or (wanted == "auto" and suffix in (".tif", ".tiff") and _is_float_tiff(source))
    return ".tif" if floating else ".png"


def _is_light(source: Path) -> bool:
    try:
        return openimageio.read_header(str(source), "DPX", read_bytes(source)).curve != "srgb"
    except MattekitError:
        return False


def _is_float_tiff(source: Path) -> bool:
    try:
        return tiff.FLOAT in read_header(str(source), read_bytes(source)).tags.get(tiff.Tag.SAMPLE_FORMAT, ())
    except MattekitError:
        return False  # reading its pixels will say what is wrong
