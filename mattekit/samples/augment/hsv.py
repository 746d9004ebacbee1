"""The HSV jitter of A2U's training."""

import cv2
import numpy as np

from mattekit.samples.augment.colours import Layer, floats, recolour
from mattekit.samples.sample import Sample


def hsv(
    sample: Sample, rng: np.random.Generator, *, hue: int = 40, strength: float = 0.1, of: Layer = "foreground"
) -> Sample:
    """Turn the hue, and shift saturation and value, all pixels alike.

    Parameters
    ----------
    sample
    rng
    hue : largest turn in whole degrees, to either side.
    strength : saturation and value shift by up to this times (1.1 - mean), the mean being over alpha > 0; values that
        leave 0..1 are mirrored back into it.
    of

    References
    ----------
    A2U, section 6.3, "random jitters to the foreground object"; the numbers are the released code's.
    """
    visible = (floats(sample.alpha) > 0).view(np.uint8)

    def jitter(colours: np.ndarray) -> np.ndarray:
        turned, *shifts = rng.integers(-hue, hue, endpoint=True), *rng.uniform(-strength, strength, 2)
        angle, *others = cv2.split(cv2.cvtColor(np.ascontiguousarray(colours), cv2.COLOR_RGB2HSV))
        shifted = [
            np.abs(plane + np.float32(shift * (1.1 - cv2.mean(plane, visible)[0])))
            for plane, shift in zip(others, shifts, strict=True)
        ]
        mirrored = [np.minimum(plane, 2 - plane) for plane in shifted]
        angle = angle + np.float32(turned)
        angle -= 360 * np.floor(angle / 360)  # half the time of %
        return cv2.cvtColor(cv2.merge([angle, *mirrored]), cv2.COLOR_HSV2RGB)

    return recolour(sample, jitter, of)
