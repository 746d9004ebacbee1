"""The kinds of foreground, and the choice among them."""

from collections.abc import Callable

import numpy as np

from mattekit.data.synthetic import noise
from mattekit.data.synthetic.backgrounds import background

Pair = tuple[np.ndarray, np.ndarray]


def smoke(rng: np.random.Generator, size: tuple[int, int]) -> Pair:
    """Smoke."""
    return background(rng, size), np.clip(noise.octaves(rng, size, 200), 0, 1)


KINDS: dict[str, Callable[[np.random.Generator, tuple[int, int]], Pair]] = {"smoke": smoke}


def foreground(rng: np.random.Generator, size: tuple[int, int], kind: str | None = None) -> Pair:
    """Draw a foreground with its exact alpha.

    Parameters
    ----------
    rng : all randomness comes from it.
    size : (height, width) in pixels.
    kind : row of `KINDS`; drawn if not given.

    Returns
    -------
    fg : (height, width, 3) float32, straight RGB in 0..1, smooth where alpha is 0
    alpha : (height, width) float32 in 0..1
    """
    kind = kind or list(KINDS)[int(rng.integers(len(KINDS)))]
    return KINDS[kind](rng, size)
