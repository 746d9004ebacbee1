"""The file that a matte is made of, with the matte as its alpha channel; all its own values stay as they are."""

import logging
from pathlib import Path

import cv2
import numpy as np

from mattekit import files
from mattekit.errors import InputError
from mattekit.formats import with_alpha
from mattekit.imaging import io
from mattekit.imaging.codecs import encode, exr_alpha
from mattekit.imaging.codecs.header import STANDARD, read_bytes

log = logging.getLogger("mattekit")

KIND = "matte-in-source"


def check(target: Path, source: Path) -> None:
    """Raise InputError unless a matte in the source's file can have that target."""
    if STANDARD in (Path(source), Path(target)):
        raise InputError(f"{io.name_of(source)}: a matte in its source needs files, not standard input or output.")
    wanted, found = with_alpha(source.suffix.lower()), target.suffix.lower()
    if found != wanted:
        raise InputError(f"{target}: {found}, but a matte in {source.name} is {wanted}. Name it so.")


def write(target: Path, source: Path, alpha: np.ndarray, *, max_megapixels: float, layer: str | None = None) -> None:
    """Write a copy of a plate's file with its alpha (H, W) float32, straight: colours are not multiplied.

    EXR keeps all parts, channels and attributes; other formats pixels, depth and profile.

    Raises
    ------
    InputError
        As `check` and `io.read_raw`.
    """
    check(target, source)
    if (suffix := target.suffix.lower()) == ".exr":
        data = read_bytes(source, max_megapixels)
        files.write_bytes(target, exr_alpha.add(str(source), data, alpha, max_megapixels, layer))
        return
    raw = io.read_raw(source, max_megapixels=max_megapixels)
    if raw.pixels.ndim == 3 and raw.pixels.shape[2] == 4 and not _is_opaque(raw.pixels):
        log.warning("%s: its alpha channel is replaced in %s.", source, target)
    pixels = raw.pixels if raw.pixels.ndim == 3 else cv2.cvtColor(raw.pixels, cv2.COLOR_GRAY2RGB)
    stored = encode.quantise(alpha, encode.DEPTH_OF[pixels.dtype])
    cutout = np.concatenate([pixels[..., :3], stored[..., None]], axis=2)
    files.write_bytes(target, encode.encode_raw(str(target), cutout, suffix, icc=raw.icc, curve=raw.curve))


def _is_opaque(pixels: np.ndarray) -> bool:
    full = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    return bool((pixels[..., 3] == full).all())
