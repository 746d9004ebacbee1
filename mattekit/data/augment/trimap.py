"""Random trimaps of the true alpha."""

from dataclasses import replace
from typing import Literal

import numpy as np

from mattekit.data.sample import Sample
from mattekit.data.views import neighbourhood
from mattekit.imaging.levels import to_float
from mattekit.imaging.trimap_random import RULES, random_widths, widened


def trimap(sample: Sample, rng: np.random.Generator, *, rule: Literal[*RULES] = "indexnet") -> Sample:
    """Make a trimap by a paper's rule, a row of `imaging.trimap_random.RULES`; one that the source gives is kept."""
    if sample.trimap is not None:
        return sample
    at_bg, at_fg = random_widths(rng, rule)
    reach = max(at_bg, at_fg) + 1
    made = neighbourhood(lambda alpha: widened(to_float(alpha), rule, at_bg, at_fg), sample.alpha, reach)
    return replace(sample, trimap=made)
