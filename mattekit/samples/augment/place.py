"""Placement of square crops: boxes (top, left, height, width) about pixels of a mask."""

import numpy as np

from mattekit.samples.sample import Sample
from mattekit.samples.views import Pixels, pointwise, window

Box = tuple[int, int, int, int]


def unknown(sample: Sample) -> Pixels:
    """Mask (H, W) of what the trimap leaves unknown; without one, of what is neither opaque nor clear."""
    if sample.trimap is not None:
        return pointwise(lambda trimap: trimap == 0.5, sample.trimap)
    return pointwise(lambda alpha: (alpha > 0) & (alpha < 1), sample.alpha)


def centred(mask: Pixels, rng: np.random.Generator, side: int, *, clamp: bool = False, least: int = 1) -> Box | None:
    """Square about a random pixel of a mask (H, W).

    Only pixels whose square lies inside count or, with `clamp`, all, the square being moved inside. None if there are
    fewer than `least` of them.
    """
    height, width = mask.shape
    if clamp:
        found = np.flatnonzero(np.asarray(mask))
        return inside(pick(found, rng, width), mask.shape, side) if found.size >= least else None
    part = window(mask, side // 2, side // 2, height - side + 1, width - side + 1)
    found = np.flatnonzero(np.asarray(part))
    return (*pick(found, rng, part.shape[1]), side, side) if found.size >= least else None


def anywhere(size: tuple[int, int], rng: np.random.Generator, side: int) -> Box:
    """Square at a random place inside a picture of `size`."""
    top, left = (int(rng.integers(length - side + 1)) for length in size)
    return top, left, side, side


def whole(size: tuple[int, int]) -> Box:
    """Return the box of a whole picture of `size`."""
    return 0, 0, *size


def inside(centre: tuple[int, int], size: tuple[int, int], side: int) -> Box:
    """Square about a pixel (row, column), moved inside a picture of `size`."""
    top, left = (min(max(at - side // 2, 0), length - side) for at, length in zip(centre, size, strict=True))
    return top, left, side, side


def pick(found: np.ndarray, rng: np.random.Generator, width: int) -> tuple[int, int]:
    """Row and column of one of the pixels `found`, which are flat indices into a picture of that width."""
    row, column = divmod(int(found[rng.integers(found.size)]), width)
    return row, column
