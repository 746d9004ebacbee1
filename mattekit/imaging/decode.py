"""Encoded bytes to upright pixels in RGB order: OpenCV, and Pillow for the few 8-bit files OpenCV gets wrong."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from PIL import BmpImagePlugin, ImageCms, JpegImagePlugin, TiffImagePlugin

from mattekit.errors import InputError
from mattekit.imaging.chunks import png_essential
from mattekit.imaging.header import Header

# Pillow modes that are not RGB after expansion; every other mode is.
EXPANDED = {"1": "L", "L": "L", "LA": "RGBA", "PA": "RGBA", "RGBA": "RGBA"}


def decode(name: str, data: bytes, header: Header) -> np.ndarray:
    """Pixels (H, W), (H, W, 3) or (H, W, 4) with straight alpha; uint8, uint16 or float32; upright, RGB order.

    Raises
    ------
    InputError
        If the pixels are damaged, or stored in a way that is not supported.
    """
    if header.format == "TIFF":
        _refuse_rare_tiff(name, header)
    plugin = _pillow_plugin(header)
    pixels = _by_pillow(plugin(io.BytesIO(data)), header) if plugin else _by_opencv(data, header)
    if pixels is None:
        raise InputError(f"{name}: damaged or truncated {header.format} data. Copy or download the file again.")
    if header.format != "TIFF":  # both decoders turn TIFF themselves
        pixels = upright(pixels, header.orientation)
    return np.ascontiguousarray(pixels)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation (1..8) as a view: 5 to 8 transpose first, then the axes are mirrored."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return pixels[rows, columns]


def _pillow_plugin(header: Header) -> type | None:
    # OpenCV reads 8-bit TIFF through libtiff's display interface, which premultiplies straight alpha, drops the
    # alpha of grey pictures and fails on some tiles; it drops the alpha of BMP, and knows no CMYK profile.
    # All of these hold 8 bits, which Pillow keeps exactly (it would cut 16).
    if header.format == "TIFF":
        return TiffImagePlugin.TiffImageFile if max(header.tags.get(258, (1,))) <= 8 else None
    if header.format == "BMP":
        return BmpImagePlugin.BmpImageFile if header.mode == "RGBA" else None
    return JpegImagePlugin.JpegImageFile if header.mode == "CMYK" else None


def _by_pillow(image: object, header: Header) -> np.ndarray | None:
    try:
        if image.mode == "CMYK" and header.icc:
            image = _cmyk_to_srgb(image, header.icc)
        return np.asarray(image.convert(EXPANDED.get(image.mode, "RGB")))
    except (OSError, SyntaxError, ValueError):
        return None


def _cmyk_to_srgb(image: object, icc: bytes) -> object:
    try:
        return ImageCms.profileToProfile(image, io.BytesIO(icc), ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return image.convert("RGB")


def _by_opencv(data: bytes, header: Header) -> np.ndarray | None:
    if header.extras:
        data = png_essential(data)
    try:
        with _quiet():
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16, np.float32, np.float64):
        return None
    if pixels.dtype == np.float64:
        pixels = pixels.astype(np.float32)
    if pixels.ndim == 3:
        code = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        cv2.cvtColor(pixels, code, dst=pixels)
    if header.tags.get(262) == 0 and pixels.dtype == np.uint16:  # white is zero
        pixels = 65535 - pixels
    if header.tags.get(338) == (1,) and pixels.ndim == 3:
        pixels = _straight(pixels)
    return pixels


def _straight(pixels: np.ndarray) -> np.ndarray:
    """Divide colours by alpha, in the type of the pixels."""
    alpha = pixels[..., 3:].astype(np.float32)
    full = 65535 if pixels.dtype == np.uint16 else 1
    colour = pixels[..., :3] * (full / np.where(alpha > 0, alpha, full))
    if pixels.dtype == np.uint16:
        colour = np.rint(np.minimum(colour, full))
    return np.concatenate([colour.astype(pixels.dtype), pixels[..., 3:]], axis=2)


def _refuse_rare_tiff(name: str, header: Header) -> None:
    tags = header.tags
    bits, kinds = tuple(tags.get(258, (1,))), tuple(tags.get(339, (1,)))
    samples = tags.get(277, 1)
    found = None
    if max(bits) > 8 and (kinds[0], bits[0]) not in ((1, 16), (3, 32), (3, 64)):
        found = f"{bits[0]}-bit {'float' if kinds[0] == 3 else 'integer'} samples"
    elif max(bits) > 8 and tags.get(284) == 2 and samples > 1:
        found = f"{bits[0]}-bit samples in separate planes"
    elif max(bits) > 8 and (samples not in (1, 3, 4) or tags.get(262) not in (0, 1, 2)):
        found = f"{samples} channels of {bits[0]} bits (photometric {tags.get(262)})"
    if found:
        wanted = "grey, RGB or RGBA of 8 or 16 bits or 32-bit float, interleaved"
        raise InputError(f"{name}: a TIFF with {found}, wanted {wanted}. Convert it.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep OpenCV's own warnings off stderr: the caller reports what matters in one line."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
