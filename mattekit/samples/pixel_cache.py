"""A folder of decoded pictures: whoever needs a file again and again maps its pixels into memory instead."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mattekit import files

logger = logging.getLogger("mattekit")

Arrays = tuple[np.ndarray, ...]


class PixelCache:
    """Pictures as the arrays that reading them gives, kept as .npy files.

    An entry belongs to the paths, sizes and times of its files, so that a changed file is read anew. Nothing is ever
    removed: a picture takes its bytes uncompressed, and the folder may be deleted at any time. Processes share it,
    and share the memory of what they map.

    Parameters
    ----------
    folder : made when it is needed; None keeps nothing, and reads every time.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def read(self, read: Callable[..., Arrays], *paths: Path, parts: int = 1) -> Arrays:
        """Give the `parts` arrays of `read(*paths)`: from the folder or, if they are not in it yet, by calling that.

        Whoever changes the arrays changes a copy, not the folder. Raises as `read`.
        """
        entry = self._entry(read, paths, parts)
        if entry and (kept := _mapped(entry)) is not None:
            return kept
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
        """Files that hold the arrays; none if nothing is kept, or a file is missing, which `read` tells."""
        if self.folder is None or not all(path.is_file() for path in paths):
            return []
        key = hashlib.sha256(repr((read.__qualname__, [files.state(path) for path in paths])).encode()).hexdigest()[:32]
        return [self.folder / f"{key}-{number}.npy" for number in range(parts)]


def _mapped(entry: list[Path]) -> Arrays | None:
    """All arrays of an entry, or None if one of them is missing or damaged."""
    try:
        return tuple(np.asarray(np.load(path, mmap_mode="c")) for path in entry)
    except (OSError, ValueError, EOFError):
        return None
