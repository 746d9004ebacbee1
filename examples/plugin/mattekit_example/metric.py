"""The largest difference of a pixel's alpha from the truth."""

import math

from mattekit.metrics import Metric
from mattekit.metrics.differences import checked


def worst(alpha, truth, unknown=None) -> float:
    """Return the largest absolute difference over the unknown pixels, 0..1; NaN without one."""
    alpha, truth, unknown = checked(alpha, truth, unknown)
    errors = abs(alpha[unknown].astype(int) - truth[unknown])
    return float(errors.max()) / 255 if errors.size else math.nan


WORST = Metric(worst, "Worst", "of a pixel", digits=3)
