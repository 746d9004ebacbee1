"""Synthetic foregrounds as a source of training samples."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mattekit.data.synthetic.backgrounds import background
from mattekit.data.synthetic.foregrounds import KINDS, foreground


class SyntheticSource:
    """Foregrounds that are drawn when they are asked for: item `index` of the same generator state is always the same.

    Parameters
    ----------
    length : number of foregrounds in one pass; there is no end to them otherwise.
    size : (height, width) of every foreground, in pixels.
    kinds : rows of `KINDS` to draw from; all of them if not given.
    """

    composed = False  # foregrounds, to be put before backgrounds

    def __init__(
        self, length: int = 1000, size: tuple[int, int] = (640, 640), kinds: Sequence[str] | None = None
    ) -> None:
        self.length, self.size, self.kinds = length, size, tuple(kinds or KINDS)

    def __len__(self) -> int:
        return self.length

    def read(self, index: int, rng: np.random.Generator) -> Any:
        """Draw foreground and alpha; `rng` decides everything, `index` only the kind in turn."""
        from mattekit.data.sample import Sample

        fg, alpha = foreground(rng, self.size, self.kinds[index % len(self.kinds)])
        return Sample(alpha=alpha, fg=fg)

    def background(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a background of the size of the foregrounds, where a run has no folder of them."""
        return background(rng, self.size)
