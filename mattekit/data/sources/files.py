"""A source of samples in files, and backgrounds in files or generated."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mattekit.data.sources import item as reading
from mattekit.data.sources.item import Item
from mattekit.imaging import io


class FileSource:
    """Items in files, all of them foregrounds or all of them composites.

    Parameters
    ----------
    items : at least one.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = list(items)
        self.composed = self.items[0].composed

    def __len__(self) -> int:
        return len(self.items)

    def read(self, index: int, rng: np.random.Generator) -> Any:
        """Read the files of an item; nothing is random. See `source.Source`."""
        from mattekit.data.sample import Sample

        files = self.items[index].files
        if self.composed:
            trimap = io.read_trimap(files["trimap"], require_classes=False) if "trimap" in files else None
            prior = reading.read_alpha(files["prior"]) if "prior" in files else None
            image, alpha = reading.read_rgb(files["image"]), reading.read_alpha(files["alpha"])
            return Sample(alpha=alpha, image=image, trimap=trimap, prior=prior)
        fg, alpha = reading.read_foreground(files)
        return Sample(alpha=alpha, fg=fg, bg=reading.read_rgb(files["bg"]) if "bg" in files else None)


class FileBackgrounds:
    """Backgrounds in files, each as likely as the others."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)

    def draw(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Read one: (h, w, 3) uint8, of its own size."""
        return reading.read_rgb(self.paths[int(rng.integers(len(self.paths)))])


class GeneratedBackgrounds:
    """Backgrounds that are drawn when they are asked for."""

    def draw(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Draw one of a size: (H, W, 3) float32 in 0..1."""
        from mattekit.data.synthetic import background

        return background(rng, size)
