"""A square of a sample, in one of its eight positions: what makes a sample that is used again a new one."""

import numpy as np

from mattekit.errors import InputError
from mattekit.samples.augment.move import each
from mattekit.samples.augment.place import anywhere, inside, pick, unknown, whole
from mattekit.samples.sample import Sample
from mattekit.samples.views import window


def turn(sample: Sample, rng: np.random.Generator, *, size: int = 320) -> Sample:
    """Cut a square about a random unknown pixel, moved inside, then mirror it and turn it by a multiple of 90 degrees.

    No pixel is computed anew, so that image, trimap, alpha and estimates go together as before. No paper's step.

    Parameters
    ----------
    sample
    rng
    size : side of the square in pixels.

    Raises
    ------
    InputError
        If the sample is smaller.
    """
    if min(sample.size) < size:
        height, width = sample.size
        raise InputError(f"step turn: size {size}, of samples of {height}x{width}. Give it less, or the crop more.")
    found = np.flatnonzero(np.asarray(unknown(sample)))
    if sample.size == (size, size):
        box = whole(sample.size)
    elif found.size:
        # About any pixel of the square: one that is always its middle would tell the network where to look.
        row, column = pick(found, rng, sample.size[1])
        down, right = rng.integers(-size // 2, size // 2, size=2, endpoint=True)
        box = inside((row + int(down), column + int(right)), sample.size, size)
    else:
        box = anywhere(sample.size, rng, size)
    quarters, mirrored = int(rng.integers(4)), bool(rng.integers(2))

    def turned(_, pixels):
        square = np.rot90(np.asarray(window(pixels, *box)), quarters)
        return np.ascontiguousarray(square[:, ::-1] if mirrored else square)

    return each(sample, turned)
