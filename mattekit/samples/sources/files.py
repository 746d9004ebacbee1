"""A source of samples in files, and backgrounds in files or generated."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mattekit.samples.pixel_cache import PixelCache
from mattekit.samples.sample import Sample
from mattekit.samples.sources import item as reading
from mattekit.samples.sources.item import Item
from mattekit.synthetic import background

SMALLEST, LARGEST = 64, 1024


class FileSource:
    """Items in files, all of them foregrounds or all of them composites.

    Parameters
    ----------
    items : at least one.
    decoded : where decoded pictures are kept; without, every reading decodes.
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
        return Sample(**reading.read(self.items[index], self._decoded))


class FileBackgrounds:
    """Backgrounds in files, each as likely as the others."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = list(files)

    def draw(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Read one: (h, w, 3) uint8, of its own size."""
        return reading.read_rgb(self.files[int(rng.integers(len(self.files)))])[0]


class GeneratedBackgrounds:
    """Backgrounds that are drawn when they are asked for, of `SMALLEST` to `LARGEST` pixels on a side.

    The step that places them enlarges those for larger foregrounds, as it does with photographs of that size.
    """

    files = ()

    def draw(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Draw one of a foreground's size, or as large: (h, w, 3) float32 in 0..1."""
        scale = min(1, LARGEST / max(size))
        return background(rng, tuple(max(SMALLEST, round(side * scale)) for side in size))
