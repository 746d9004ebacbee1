"""The random affine map of A2U's training."""

import numpy as np

from mattekit.samples.augment.move import about_centre, move
from mattekit.samples.sample import Sample
from mattekit.samples.warps import Interpolation


def affine(
    sample: Sample,
    rng: np.random.Generator,
    *,
    angle: float = 30.0,
    rotate_from: int = 1024,
    scale: tuple[float, float] = (0.8, 1.25),
    shear: float = 10.0,
    flip: float = 0.5,
    interpolation: Interpolation = "nearest",
) -> Sample:
    """Rotate, shear, scale and mirror the foreground about its centre; what comes in from outside is 0.

    Parameters
    ----------
    sample
    rng
    angle, shear : largest angle in degrees, to either side.
    rotate_from : pictures whose longer side has fewer pixels are not rotated.
    scale : range of the factors of width and height, which are drawn apart.
    flip : probability of a flip, left to right and, apart from that, upside down.
    interpolation

    References
    ----------
    A2U, section 6.3, "random affine transformations"; the numbers are the released code's.
    """
    turn = np.radians(rng.uniform(-angle, angle)) if max(sample.size) >= rotate_from else 0.0
    lean = np.radians(rng.uniform(-shear, shear))
    factors = rng.uniform(*scale, size=2) * np.where(rng.random(2) < flip, -1, 1)
    rotation = np.array([[np.cos(turn), np.sin(turn + lean)], [-np.sin(turn), np.cos(turn + lean)]])
    matrix = about_centre(rotation * factors[:, None], sample.size)
    return move(sample, matrix, sample.size, interpolation, border="zero")
