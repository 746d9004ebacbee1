"""One sample's files, and reading them: whole numbers as stored where 8 bits are, for the loader's sake."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mattekit.errors import InputError
from mattekit.imaging import io, pixel_values
from mattekit.imaging.integer_compositing import read_integers
from mattekit.samples.pixel_cache import PixelCache


@dataclass(frozen=True)
class Item:
    """Files of one sample by role.

    "fg" and "alpha", or "fg" alone if it is a cut-out with an alpha channel, perhaps with a "bg" of its own; or
    "image" and "alpha", perhaps with "trimap" and "prior".
    """

    name: str
    files: Mapping[str, Path]

    @property
    def composed(self) -> bool:
        """Whether the sample is a finished composite instead of a foreground."""
        return "image" in self.files


def read_rgb(path: Path) -> tuple[np.ndarray]:
    """Colours of a file: (H, W, 3) uint8, rounded from more bits; an alpha channel is left out."""
    return (read_integers(path, np.dtype(np.uint8)),)


def read_alpha(path: Path) -> tuple[np.ndarray]:
    """Alpha of a file as `io.read_alpha` means it: (H, W) uint8 as stored, or float32 in 0..1 from more bits."""
    pixels = io.read_raw(path).pixels
    if pixels.ndim == 2 and pixels.dtype == np.uint8:
        return (pixels,)
    alpha = pixel_values.alpha_of(str(path), pixels)
    return (np.rint(alpha * 255).astype(np.uint8) if pixels.dtype == np.uint8 else alpha,)


def read_trimap(path: Path) -> tuple[np.ndarray]:
    """Trimap of a file: (H, W) float32 of 0, 0.5 and 1."""
    return (io.read_trimap(path, require_classes=False),)


def read_cutout(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Colours (H, W, 3) uint8 and alpha (H, W), uint8 or float32, of a file with an alpha channel."""
    pixels = io.read_raw(path).pixels
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise InputError(f"{path}: no alpha channel. Give the folder of its alpha.")
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])
    return *read_rgb(path), pixel_values.to_float(np.ascontiguousarray(pixels[..., 3]))


READERS = {"alpha": read_alpha, "prior": read_alpha, "trimap": read_trimap}  # by role; all else is colours


def read(item: Item, decoded: PixelCache) -> dict[str, np.ndarray]:
    """Pictures of an item by role; another file's colours may go with a cut-out's alpha.

    Backgrounds are not kept decoded: there are many, and each is small.
    """
    files = item.files
    if "alpha" not in files:
        fg, alpha = decoded.read(read_cutout, files["fg"], parts=2)
        found = {"fg": fg, "alpha": alpha}
    else:
        roles = files.keys() - {"bg"}
        found = {role: decoded.read(READERS.get(role, read_rgb), files[role])[0] for role in roles}
    return found | ({"bg": read_rgb(files["bg"])[0]} if "bg" in files else {})
