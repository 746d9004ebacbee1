"""Two foregrounds made into one."""

from dataclasses import replace

import numpy as np

from mattekit.imaging.composite import merge as join
from mattekit.samples.augment.move import scaling
from mattekit.samples.sample import Sample
from mattekit.samples.views import Pixels, pointwise, stored
from mattekit.samples.warps import Interpolation, warped

COARSE = 16


def merge(sample: Sample, rng: np.random.Generator, *, interpolation: Interpolation = "nearest") -> Sample:
    """Put another foreground of the sources, stretched to the same size, behind this one.

    Nothing is merged if the two would cover the picture, as in the released code. A composed image stays as it is.

    References
    ----------
    A2U, section 6.3 (after GCA Matting): with a probability of 0.5.
    """
    if sample.fg is None or sample.image is not None or sample.draw is None:
        return sample
    fg, alpha = sample.draw(rng)
    matrix = scaling(alpha.shape[:2], sample.size)
    lazy = not isinstance(sample.alpha, np.ndarray)
    fg, alpha = (
        warped(stored(each) if lazy else each, matrix, sample.size, interpolation, "edge") for each in (fg, alpha)
    )
    if _cover(sample.alpha, alpha):
        return sample
    return replace(
        sample,
        fg=pointwise(lambda *four: join(*four)[0], sample.fg, sample.alpha, fg, alpha),
        alpha=pointwise(lambda one, two: 1 - (1 - one) * (1 - two), sample.alpha, alpha),
    )


def _cover(alpha: Pixels, other: Pixels) -> bool:
    """Whether no pixel shows what is behind two foregrounds; a coarse look nearly always finds one."""
    either = pointwise(np.maximum, stored(alpha), stored(other))
    rows, columns = (np.arange(length, dtype=np.int32) for length in alpha.shape[:2])
    if (either.at(rows[::COARSE, None], columns[None, ::COARSE]) < 1).any():
        return False
    return not (np.asarray(either) < 1).any()
