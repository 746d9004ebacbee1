"""OpenEXR files through the optional package: scene-linear light, premultiplied where there is alpha."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np

from mattekit.errors import InputError, MissingExtraError
from mattekit.imaging.codecs import alpha_mode, exr_attributes
from mattekit.imaging.codecs.exr_attributes import Attribute
from mattekit.imaging.codecs.exr_layers import CHANNELS, Layer, choose, picture_of
from mattekit.imaging.codecs.exr_origin import Box, Origin
from mattekit.imaging.codecs.header import refuse_large
from mattekit.imaging.codecs.silence import silent_libraries


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Encode linear light as sRGB values (IEC 61966-2-1); the curve goes on above 1, its straight part below 0."""
    linear = np.asarray(linear, np.float32)
    curve = np.float32(1.055) * np.maximum(linear, np.float32(0.0031308)) ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(linear <= 0.0031308, np.float32(12.92) * linear, curve)


def decode_srgb(encoded: np.ndarray) -> np.ndarray:
    """Return the linear light of sRGB-encoded values; the inverse of `encode_srgb`."""
    encoded = np.asarray(encoded, np.float32)
    above = np.maximum(encoded, np.float32(0.04045))
    with np.errstate(over="ignore"):  # beyond 1e16 light is infinite
        curve = ((above + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(encoded <= 0.04045, encoded / np.float32(12.92), curve)


def decode(
    name: str, data: bytes, max_megapixels: float, layer: str | None = None, *, plate: bool = False
) -> tuple[np.ndarray, str, Origin]:
    """Decode linear pixels (H, W), (H, W, 3) or (H, W, 4) float32, "16" or "float", and what else the file holds.

    layer : the layer or part that holds the picture; see `exr_layers.choose`.
    plate : return the overscan, too, and colours as stored; else the display window alone, with straight alpha.

    Raises
    ------
    InputError
        If the file is damaged, too large or has other channels or layers.
    MissingExtraError
        Without the package OpenEXR.
    """
    library, headers, chosen = opened(name, data, max_megapixels, layer)
    header = headers[chosen.part]
    with damage_reported(name):
        origin = _origin(header, exr_attributes.read(data)[chosen.part])
    shown = origin.canvas if plate else origin.display
    refuse_large(name, shown.size, 4 * len(CHANNELS[0]), max_megapixels)
    with damage_reported(name):
        channels = library.File(io.BytesIO(data), separate_channels=True).parts[chosen.part].channels
        planes = {letter: channels[full].pixels for letter, full in chosen.channels.items()}
    pixels, depth = _stack(name, planes, chosen)
    offset = origin.data.top - shown.top, origin.data.left - shown.left
    pixels = _display(pixels, offset, shown.size)
    if pixels.ndim == 3 and pixels.shape[2] == 4 and not plate:
        pixels = alpha_mode.straight(pixels)
    return pixels, depth, origin


def opened(name: str, data: bytes, max_megapixels: float, layer: str | None) -> tuple[ModuleType, list[dict], Layer]:
    """Return the package, the headers of all parts, and the layer that is meant; raises as `decode`."""
    headers = _checked_headers(name, data, max_megapixels)
    parts = [(str(header.get("name", "")), [channel.name for channel in header["channels"]]) for header in headers]
    return _library(name), headers, choose(name, parts, layer)


def _origin(header: dict, attributes: list[Attribute]) -> Origin:
    compression = header["compression"].name.removesuffix("_COMPRESSION")
    windows = (Box.of(header[key]) for key in ("dataWindow", "displayWindow"))
    return Origin(*windows, compression, tuple(exr_attributes.carried(attributes)))


def read_size(name: str, data: bytes) -> tuple[int, int]:
    """(height, width) of the display window, from the first part's header."""
    return _window_size(_headers(name, data)[0]["displayWindow"])


def encode(name: str, pixels: np.ndarray, *, half: bool, origin: Origin | None = None) -> bytes:
    """Encode a file of linear pixels as they are; one plane becomes channel Y.

    Windows, attributes and compression are those of `origin`, if the pixels are on its canvas.
    """
    library = _library(name)
    planes = pixels[..., None] if pixels.ndim == 2 else pixels
    header = {"compression": library.ZIP_COMPRESSION, "type": library.scanlineimage}
    if origin is not None and planes.shape[:2] == origin.canvas.size:
        window = origin.stored(planes)
        planes = planes[origin.canvas.slices(window)]
        header |= {**origin.header(library, half), "dataWindow": window.corners()}
    else:
        origin = None
    if half:  # the largest half float rather than infinity
        planes = planes.clip(-65504, 65504)
    planes = np.ascontiguousarray(planes.transpose(2, 0, 1), np.float16 if half else np.float32)
    channels = dict(zip("Y" if pixels.ndim == 2 else "RGBA", planes, strict=False))
    stream = io.BytesIO()
    library.File(header, channels).write(stream)
    return exr_attributes.replace(stream.getvalue(), [origin.attributes]) if origin else stream.getvalue()


def _library(name: str) -> ModuleType:
    try:
        import OpenEXR
    except ImportError:
        raise MissingExtraError(f'{name}: EXR needs another package: pip install "mattekit[exr]".') from None
    return OpenEXR


def _headers(name: str, data: bytes) -> list[dict]:
    """Headers of all parts, whose windows are not empty."""
    library = _library(name)
    with damage_reported(name):
        headers = [part.header for part in library.File(io.BytesIO(data), header_only=True).parts]
        windows = [_window_size(header[key]) for header in headers for key in ("displayWindow", "dataWindow")]
        if not headers or min(min(size) for size in windows) < 1:
            raise ValueError("an empty window")
    return headers


def _checked_headers(name: str, data: bytes, max_megapixels: float) -> list[dict]:
    """Headers of all parts; InputError if all parts, which the library reads at once, take too much memory."""
    headers = _headers(name, data)
    if any("deep" in str(header["type"]) for header in headers):
        raise InputError(f"{name}: deep pixels, wanted flat ones. Convert it.")
    sizes = [_window_size(header["dataWindow"]) for header in headers]
    values = sum(len(header["channels"]) * h * w for header, (h, w) in zip(headers, sizes, strict=True))
    height, width = sizes[0]
    refuse_large(name, _window_size(headers[0]["displayWindow"]), 4 * len(CHANNELS[0]), max_megapixels)
    refuse_large(name, sizes[0], math.ceil(4 * values / (height * width)), max_megapixels)
    return headers


@contextmanager
def damage_reported(name: str) -> Iterator[None]:
    """Turn whatever the package raises in the block into one line."""
    try:
        with silent_libraries():
            yield
    except MemoryError:
        raise
    except Exception:  # the package raises errors of every kind on bytes that nobody has foreseen
        raise InputError(f"{name}: damaged or truncated EXR data. Copy or download the file again.") from None


def _window_size(window: tuple[np.ndarray, np.ndarray]) -> tuple[int, int]:
    width, height = (window[1].astype(int) - window[0] + 1).tolist()
    return height, width


def _stack(name: str, planes: dict[str, np.ndarray], layer: Layer) -> tuple[np.ndarray, str]:
    """Stack planes to (H, W) or (H, W, C) float32; return the depth of those that were used, too."""
    wanted = picture_of(layer)
    used = [planes[letter] for letter in wanted]
    if len({plane.shape for plane in used}) > 1:
        raise InputError(f"{name}: channels {', '.join(planes)} of several sizes, wanted one. Convert it.")
    depth = "16" if all(plane.dtype == np.float16 for plane in used) else "float"
    pixels = np.stack(used, axis=-1).astype(np.float32)
    return pixels[..., 0] if len(wanted) == 1 else pixels, depth


def _display(pixels: np.ndarray, origin: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """The part of the data window, which starts at `origin`, that is displayed; 0 where there is no data."""
    if origin == (0, 0) and pixels.shape[:2] == size:
        return pixels
    top, left = origin
    shown = np.zeros(size + pixels.shape[2:], pixels.dtype)
    inside = pixels[max(-top, 0) : max(size[0] - top, 0), max(-left, 0) : max(size[1] - left, 0)]
    top, left = max(top, 0), max(left, 0)
    shown[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return shown
