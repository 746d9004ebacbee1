"""Files as the whole numbers they hold, for compositing that must not depend on a detour through floats."""

from pathlib import Path

import numpy as np

from mattekit.imaging import io
from mattekit.imaging.codecs import encode, exr


def read_rgb(source: Path, dtype: np.dtype | None = None, *, max_megapixels: float = io.MAX_MEGAPIXELS) -> np.ndarray:
    """Read an image: (H, W, 3) uint8 or uint16 RGB.

    Grey becomes three equal channels, an alpha channel is left out, floats become sRGB-encoded 16 bits. With
    `dtype` another depth is converted to it, rounded. Raises as `io.read_raw`.
    """
    raw = io.read_raw(source, max_megapixels=max_megapixels)
    pixels = np.repeat(raw.pixels[..., None], 3, axis=2) if raw.pixels.ndim == 2 else raw.pixels
    pixels = np.ascontiguousarray(pixels[..., :3])
    if pixels.dtype.kind == "f":
        pixels = encode.quantise(exr.encode_srgb(pixels) if raw.suffix == ".exr" else pixels, "16")
    if dtype is None or pixels.dtype == dtype:
        return pixels
    if dtype == np.uint16:
        return pixels.astype(np.uint16) * 257
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def opacity(alpha: np.ndarray, depth: str) -> np.ndarray:
    """Alpha (H, W) float32 as double precision: level / full scale of the depth "8" or "16", or floats as they are."""
    full = {"8": 255.0, "16": 65535.0}.get(depth)
    return alpha.astype(np.float64) if full is None else np.rint(alpha.astype(np.float64) * full) / full
