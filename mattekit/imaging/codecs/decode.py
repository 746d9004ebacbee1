"""Encoded bytes to upright pixels in RGB order: OpenCV, and Pillow for the few 8-bit files OpenCV gets wrong."""

import io
from typing import Any

import cv2
import numpy as np
from PIL import ImageChops, ImageCms, JpegImagePlugin, TiffImagePlugin

from mattekit.errors import InputError, MissingExtraError
from mattekit.formats import BY_NAME, VFX, format_of
from mattekit.imaging.codecs import alpha_mode, openimageio, tiff
from mattekit.imaging.codecs.header import Header, parse_header, refuse_large
from mattekit.imaging.codecs.png_webp import without_metadata
from mattekit.imaging.codecs.silence import silent_libraries

# Pillow modes that are not RGB after expansion; every other mode is.
EXPANDED = {"1": "L", "L": "L", "LA": "RGBA", "PA": "RGBA", "RGBA": "RGBA"}


def decode(name: str, data: bytes, max_megapixels: float) -> tuple[np.ndarray, Header]:
    """Decode a file (not EXR).

    Returns
    -------
    pixels : (H, W), (H, W, 3) or (H, W, 4) with straight alpha; uint8, uint16 or float32; upright, RGB order.
    header : Header

    Raises
    ------
    InputError
        If the pixels are damaged, too many, or stored in a way that is not supported.
    MemoryError
        If there is no memory for them.
    """
    form = format_of(data)
    if form and BY_NAME[form].extra == VFX:
        return openimageio.decode(name, form, data, max_megapixels)
    with silent_libraries():
        header = parse_header(name, data)
        refuse_large(name, header.size, header.pixel_bytes, max_megapixels)
        if header.tags and (kind := tiff.unsupported(data, header.tags)):
            return _further_tiff(name, data, kind, max_megapixels)
        return _pixels(name, data, header), header


def _further_tiff(name: str, data: bytes, kind: str, max_megapixels: float) -> tuple[np.ndarray, Header]:
    """Decode a TIFF that OpenCV does not know, where OpenImageIO is installed."""
    try:
        return openimageio.decode(name, "TIFF", data, max_megapixels)
    except MissingExtraError:
        wanted = "8 or 16 bits or float, grey, RGB or RGBA, interleaved"
        advice = 'Convert it, or pip install "mattekit[vfx]"'
        raise InputError(f"{name}: a TIFF of {kind}, wanted {wanted}. {advice}.") from None


def _pixels(name: str, data: bytes, header: Header) -> np.ndarray:
    plugin = _pillow_plugin(header)
    try:
        pixels = _by_pillow(plugin, data, header) if plugin else _by_opencv(data, header)
    except MemoryError:
        raise
    except Exception:  # both libraries raise errors of every kind on bytes that nobody has foreseen
        pixels = None
    if pixels is None:
        np.empty((*header.size, 4), np.uint8)  # MemoryError: OpenCV gives nothing where memory runs out, too
        raise InputError(f"{name}: damaged or truncated {header.format} data. Copy or download the file again.")
    return np.ascontiguousarray(pixels)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation (1..8) as a view: 5 to 8 transpose first, then the axes are mirrored."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return pixels[rows, columns]


def _pillow_plugin(header: Header) -> Any:
    # OpenCV reads 8-bit TIFF through libtiff's display interface, which premultiplies straight alpha, drops the
    # alpha of grey pictures and fails on some tiles; and it knows no CMYK profile. Pillow keeps 8 bits exactly
    # (it would cut 16).
    if header.format == "TIFF":
        return TiffImagePlugin.TiffImageFile if max(header.tags.get(tiff.Tag.BITS_PER_SAMPLE, (1,))) <= 8 else None
    return JpegImagePlugin.JpegImageFile if header.mode == "CMYK" else None


def _by_pillow(plugin: Any, data: bytes, header: Header) -> np.ndarray:
    image = plugin(io.BytesIO(data))
    image.load()
    if image.mode == "CMYK" and header.format == "JPEG" and "adobe" not in image.info:
        image = ImageChops.invert(image)  # Pillow takes every CMYK JPEG for Adobe's, which holds the inverse
    if image.mode == "CMYK" and header.icc:
        image = _cmyk_to_srgb(image, header.icc)
    pixels = np.asarray(image.convert(_expanded(image)))
    return pixels if header.format == "TIFF" else upright(pixels, header.orientation)  # it turns TIFF itself


def _expanded(image: Any) -> str:
    transparent = image.mode == "P" and "transparency" in image.info
    return "RGBA" if transparent else EXPANDED.get(image.mode, "RGB")


def _cmyk_to_srgb(image: Any, icc: bytes) -> Any:
    """Convert colours by the file's own profile, with the intent that print software takes by default."""
    try:
        return ImageCms.profileToProfile(
            image,
            io.BytesIO(icc),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return image.convert("RGB")


def _by_opencv(data: bytes, header: Header) -> np.ndarray | None:
    if header.format == "TIFF":
        return _interpreted(tiff.decode(data, header.tags), header)
    data = without_metadata(data) if header.metadata else data
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        return None
    if header.transparent_level is not None:
        alpha = np.where(pixels == header.transparent_level, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
        pixels = np.dstack([pixels] * 3 + [alpha])
    return upright(_rgb(pixels), header.orientation)


def _rgb(pixels: np.ndarray) -> np.ndarray:
    """Put colours in RGB order, in place."""
    if pixels.ndim == 3:
        cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA, dst=pixels)
    return pixels


def _interpreted(pixels: np.ndarray | None, header: Header) -> np.ndarray | None:
    """Interpret TIFF samples of more than 8 bits: black is 0, alpha is straight, float is 32-bit."""
    if pixels is None:
        return None
    if pixels.dtype == np.float64:
        pixels = pixels.astype(np.float32)
    if not tiff.needs_grey_plane(header.tags):
        pixels = _rgb(pixels)
    else:
        pixels = upright(pixels, header.orientation)
        pixels = pixels[..., [0, 0, 0, 1]] if pixels.ndim == 3 and pixels.shape[2] == 2 else pixels
    if header.tags[tiff.Tag.PHOTOMETRIC] == 0 and pixels.ndim == 2 and pixels.dtype == np.uint16:
        pixels = 65535 - pixels  # white is stored as 0
    if header.tags.get(tiff.Tag.EXTRA_SAMPLES) == (tiff.PREMULTIPLIED,) and pixels.ndim == 3:
        pixels = alpha_mode.straight(pixels)
    return pixels
