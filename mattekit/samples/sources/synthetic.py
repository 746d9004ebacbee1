"""Synthetic foregrounds as a source of samples, and synthetic backgrounds."""

from collections.abc import Sequence

import numpy as np

from mattekit.samples.sample import Sample
from mattekit.synthetic import background
from mattekit.synthetic.foregrounds import check, foreground

SMALLEST, LARGEST = 64, 1024  # pixels a side of backgrounds


class SyntheticSource:
    """Foregrounds that are drawn on demand, from the random generator that is passed in alone.

    Parameters
    ----------
    length : how many make an epoch.
    size : (height, width) of every foreground in pixels.
    kinds : rows of `KINDS`, in turn by the index; drawn from all of them if not given.

    Raises
    ------
    InputError
        If there is no such kind, or `size` is too small.
    """

    composed = with_prior = False
    files = ()

    def __init__(self, length: int = 1000, size: tuple[int, int] = (640, 640), kinds: Sequence[str] = ()) -> None:
        for kind in kinds or [None]:
            check(kind, size)
        self.length, self.size, self.kinds = length, size, tuple(kinds)

    def __len__(self) -> int:
        return self.length

    def read(self, index: int, rng: np.random.Generator) -> Sample:
        """Draw foreground (H, W, 3) and alpha (H, W), float32 in 0..1."""
        kind = self.kinds[index % len(self.kinds)] if self.kinds else None
        fg, alpha = foreground(rng, self.size, kind)
        return Sample(alpha=alpha, fg=fg)


class GeneratedBackgrounds:
    """Backgrounds that are drawn on demand, of `SMALLEST` to `LARGEST` pixels a side.

    The step "background" enlarges them for larger foregrounds, as it does photographs of that size.
    """

    files = ()

    def draw(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        """Draw a background of a foreground's size, as far as `LARGEST` allows: (h, w, 3) float32 in 0..1."""
        scale = min(1, LARGEST / max(size))
        return background(rng, tuple(max(SMALLEST, round(side * scale)) for side in size))
