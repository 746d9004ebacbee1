"""The random rotation of LSA's training."""

from typing import Literal

import numpy as np

from mattekit.samples.augment.move import Part, about_centre, move
from mattekit.samples.sample import Sample
from mattekit.samples.warps import Interpolation


def rotate(
    sample: Sample,
    rng: np.random.Generator,
    *,
    angle: int = 180,
    jitter: int = 10,
    of: Part | Literal["each"] = "each",
    interpolation: Interpolation = "cubic",
) -> Sample:
    """Rotate by a whole number of degrees about a point near the centre; what comes in from outside is 0.

    Parameters
    ----------
    sample
    rng
    angle : largest angle in degrees, to either side.
    jitter : how far the point lies from the centre at most, in pixels of x and of y.
    of : "each" rotates foreground and background by angles of their own, "all" by the same one.
    interpolation

    References
    ----------
    LSA, section 5: with a probability of 0.5; the numbers and "each" are the released code's.
    """
    for part in ("foreground", "background") if of == "each" else (of,):
        turn = np.radians(rng.integers(-angle, angle, endpoint=True))
        shift = rng.integers(-jitter, jitter, size=2, endpoint=True)
        if part == "background" and (sample.image is not None or sample.bg is None):
            continue  # there is none of its own to turn
        rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        matrix = about_centre(rotation, sample.size, shift)
        sample = move(sample, matrix, sample.size, interpolation, of=part, border="zero")
    return sample
