"""Sources of samples in files: the files of an item, a cache of decoded pictures, and backgrounds in files.

8-bit files are read as the bytes that they store, which saves the loader's time.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mattekit import files
from mattekit.errors import InputError
from mattekit.imaging import io, pixel_values
from mattekit.imaging.integer_compositing import read_integers
from mattekit.samples.sample import Sample

logger = logging.getLogger("mattekit")

Arrays = tuple[np.ndarray, ...]


class PixelCache:
    """A folder of decoded pictures as .npy files, which are mapped into memory instead of decoding files again.

    An entry depends on the paths, sizes and times of its files, so that a changed file is decoded again. Entries are
    uncompressed and never removed; the folder may be deleted at any time. Processes share it and its memory.

    Parameters
    ----------
    folder : created when it is needed; None caches nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def read(self, read: Callable[..., Arrays], *paths: Path, parts: int = 1) -> Arrays:
        """Return the `parts` arrays of `read(*paths)`, from the folder if they are in it, else by that call.

        Changes to the arrays do not reach the folder. Raises as `read`.
        """
        entry = self._entry(read, paths, parts)
        if entry and (cached := _mapped(entry)) is not None:
            return cached
        arrays = read(*paths)
        try:
            for path, array in zip(entry, arrays, strict=False):
                with files.replacing(path) as part, part.open("wb") as stream:
                    np.save(stream, array)
        except OSError as error:
            logger.warning("%s: decoded pictures cannot be kept (%s).", self.folder, error.strerror)
            self.folder = None
        return arrays

    def _entry(self, read: Callable, paths: tuple[Path, ...], parts: int) -> list[Path]:
        """Return the files of an entry; none without a folder, or if a source file is missing, which `read` reports."""
        if self.folder is None or not all(path.is_file() for path in paths):
            return []
        key = hashlib.sha256(repr((read.__qualname__, [files.state(path) for path in paths])).encode()).hexdigest()[:32]
        return [self.folder / f"{key}-{number}.npy" for number in range(parts)]


def _mapped(entry: list[Path]) -> Arrays | None:
    """Map all arrays of an entry into memory; None if one of them is missing or damaged."""
    try:
        return tuple(np.asarray(np.load(path, mmap_mode="c")) for path in entry)
    except (OSError, ValueError, EOFError):
        return None


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
    """Read the colours of a file: (H, W, 3) uint8, rounded from more bits; an alpha channel is dropped."""
    return (read_integers(path, np.dtype(np.uint8)),)


def read_alpha(path: Path) -> tuple[np.ndarray]:
    """Read alpha as `io.read_alpha` does, but as (H, W) uint8 where 8 bits are stored, else float32 in 0..1."""
    pixels = io.read_raw(path).pixels
    if pixels.ndim == 2 and pixels.dtype == np.uint8:
        return (pixels,)
    alpha = pixel_values.alpha_of(str(path), pixels)
    return (np.rint(alpha * 255).astype(np.uint8) if pixels.dtype == np.uint8 else alpha,)


def read_trimap(path: Path) -> tuple[np.ndarray]:
    """Read a trimap: (H, W) float32 of 0, 0.5 and 1."""
    return (io.read_trimap(path, require_classes=False),)


def read_cutout(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the colours (H, W, 3) uint8 and the alpha (H, W), uint8 or float32, of a file with an alpha channel."""
    pixels = io.read_raw(path).pixels
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise InputError(f"{path}: no alpha channel. Give the folder of its alpha.")
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])
    return *read_rgb(path), pixel_values.to_float(np.ascontiguousarray(pixels[..., 3]))


READERS = {"alpha": read_alpha, "prior": read_alpha, "trimap": read_trimap}  # by role; all else is colours


def read_item(item: Item, decoded: PixelCache) -> dict[str, np.ndarray]:
    """Read the pictures of an item by role; a cut-out's alpha may go with the colours of another file.

    Backgrounds are not cached: there are many, and each is small.
    """
    paths = item.files
    if "alpha" not in paths:
        fg, alpha = decoded.read(read_cutout, paths["fg"], parts=2)
        pictures = {"fg": fg, "alpha": alpha}
    else:
        roles = paths.keys() - {"bg"}
        pictures = {role: decoded.read(READERS.get(role, read_rgb), paths[role])[0] for role in roles}
    return pictures | ({"bg": read_rgb(paths["bg"])[0]} if "bg" in paths else {})


class FileSource:
    """Items in files, all of them foregrounds or all of them composites.

    Parameters
    ----------
    items : at least one.
    decoded : cache of decoded pictures; without, every file is decoded each time.
    """

    def __init__(self, items: Sequence[Item], decoded: PixelCache | None = None) -> None:
        self.items = list(items)
        self.composed = self.items[0].composed
        self.with_prior = all("prior" in item.files for item in self.items)
        self._decoded = decoded or PixelCache(None)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def files(self) -> list[Path]:
        """See `source.Source`."""
        return [path for item in self.items for path in item.files.values()]

    def read(self, index: int, rng: np.random.Generator) -> Sample:
        """Read the files of an item; nothing is random. See `source.Source`."""
        return Sample(**read_item(self.items[index], self._decoded))


class FileBackgrounds:
    """Backgrounds in files, each as likely as the others."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = list(files)

    def draw(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Read a random background: (h, w, 3) uint8, of its own size."""
        return read_rgb(self.files[int(rng.integers(len(self.files)))])[0]
