"""OpenEXR files through the optional package: scene-linear light, premultiplied where there is alpha."""

import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

from mattekit.errors import InputError, MissingExtraError
from mattekit.files import replacing

MAGIC_SIZE = 4


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """sRGB-encoded values of linear light; the curve goes on above 1 and its straight part below 0."""
    linear = np.asarray(linear, np.float32)
    curve = 1.055 * np.maximum(linear, 0.0031308) ** np.float32(1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, curve).astype(np.float32)


def decode_srgb(encoded: np.ndarray) -> np.ndarray:
    """Linear light of sRGB-encoded values; the inverse of `encode_srgb`."""
    encoded = np.asarray(encoded, np.float32)
    curve = ((np.maximum(encoded, 0.04045) + 0.055) / 1.055) ** np.float32(2.4)
    return np.where(encoded <= 0.04045, encoded / 12.92, curve).astype(np.float32)


def read(name: str, data: bytes, max_megapixels: float, refuse: object) -> tuple[np.ndarray, str]:
    """Linear pixels (H, W), (H, W, 3) or (H, W, 4 straight) float32 of the display window, and "16" or "float"."""
    library = _library(name)
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:  # the library reads paths only
        file.write(data)
        file.flush()
        try:
            header = library.File(file.name, header_only=True).header()
            (left, top), (right, bottom) = header["displayWindow"]
            height, width = int(bottom - top + 1), int(right - left + 1)
            refuse(name, (height, width), max_megapixels)
            part = library.File(file.name, separate_channels=True)
            planes = {key: channel.pixels for key, channel in part.channels().items()}
            origin = part.header()["dataWindow"][0] - header["displayWindow"][0]
        except (RuntimeError, ValueError, TypeError) as error:
            raise InputError(f"{name}: damaged or truncated EXR ({error}). Copy or download it again.") from None
    pixels = _stack(name, planes)
    depth = "16" if all(p.dtype == np.float16 for p in planes.values()) else "float"
    return _straight(_display(pixels.astype(np.float32), origin, (height, width))), depth


def write(name: str, target: Path, pixels: np.ndarray, *, half: bool) -> None:
    """Write linear pixels (straight alpha, stored premultiplied); one plane becomes channel Y."""
    library = _library(name)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        pixels = np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=2)
    stored = np.ascontiguousarray(pixels, np.float16 if half else np.float32)
    names = "Y" if pixels.ndim == 2 else "RGBA"[: pixels.shape[2]]
    planes = [stored] if pixels.ndim == 2 else [np.ascontiguousarray(stored[..., i]) for i in range(len(names))]
    header = {"compression": library.ZIP_COMPRESSION, "type": library.scanlineimage}
    with replacing(target) as part:
        library.File(header, dict(zip(names, planes, strict=True))).write(str(part))


def _library(name: str) -> ModuleType:
    try:
        import OpenEXR
    except ImportError:
        raise MissingExtraError(f'{name}: EXR needs an extra package: pip install "mattekit[exr]"') from None
    return OpenEXR


def _stack(name: str, planes: dict[str, np.ndarray]) -> np.ndarray:
    for wanted in ("RGBA", "RGB", "Y", "A"):
        if all(key in planes for key in wanted) and not {"RY", "BY"} & set(planes):
            return np.squeeze(np.stack([planes[key] for key in wanted], axis=-1), axis=-1 if len(wanted) == 1 else ())
    raise InputError(f"{name}: channels {', '.join(planes)}, wanted R G B, R G B A, Y or A. Rename or convert them.")


def _display(pixels: np.ndarray, origin: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part of the data window that lies in the display window; black where there is no data."""
    left, top = int(origin[0]), int(origin[1])
    if (left, top) == (0, 0) and pixels.shape[:2] == size:
        return pixels
    shown = np.zeros(size + pixels.shape[2:], pixels.dtype)
    inside = pixels[max(-top, 0) : size[0] - top, max(-left, 0) : size[1] - left]
    top, left = max(top, 0), max(left, 0)
    shown[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return shown


def _straight(pixels: np.ndarray) -> np.ndarray:
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:]
    colour = np.divide(pixels[..., :3], alpha, out=pixels[..., :3].copy(), where=alpha > 0)
    return np.concatenate([colour, alpha], axis=2)
