"""Gamma on alpha."""

from dataclasses import replace

import numpy as np

from mattekit.samples.augment.colours import floats
from mattekit.samples.sample import Sample


def gamma(
    sample: Sample,
    rng: np.random.Generator,
    *,
    ranges: tuple[tuple[float, float], ...] = ((0.5, 1.0), (1.0, 2.0)),
) -> Sample:
    """Make soft alphas softer or harder: alpha ** gamma or 1 - (1 - alpha) ** gamma, each half of the time.

    An alpha whose image is composed already stays as it is.

    Parameters
    ----------
    sample
    rng
    ranges : gamma is drawn uniformly from one of these, each equally likely.

    References
    ----------
    LSA, section 5: with a probability of 0.3 and gamma in 0.5..1.5; the default ranges are the released code's.
    """
    low, high = ranges[rng.integers(len(ranges))]
    power, from_above = np.float32(rng.uniform(low, high)), rng.random() < 0.5
    if sample.image is not None:
        return sample
    alpha = floats(sample.alpha)
    return replace(sample, alpha=1 - (1 - alpha) ** power if from_above else alpha**power)
