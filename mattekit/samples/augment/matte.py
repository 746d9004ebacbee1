"""Steps on alpha, and what is made of it: gamma, random trimaps, and classical estimates."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from mattekit.baselines.coarse import PRIORS
from mattekit.errors import InputError
from mattekit.imaging.pixel_values import to_float
from mattekit.imaging.trimap import known
from mattekit.imaging.trimap_random import RULES, random_widths, widened
from mattekit.samples.augment.colour import floats
from mattekit.samples.sample import Sample
from mattekit.samples.views import neighbourhood


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


def trimap(
    sample: Sample,
    rng: np.random.Generator,
    *,
    rule: Literal[*RULES] = "indexnet",
    keep: Annotated[float, Field(ge=0, le=1)] = 0.0,
) -> Sample:
    """Make a trimap by a paper's rule, a row of `imaging.trimap_random.RULES`; one that the source gives is kept.

    With `keep`, widths are halved until as large a share of the picture stays known foreground, and as large a one
    known background, or half of what is opaque, or clear: nobody draws a trimap without them. Pixels are read for it.
    """
    if sample.trimap is not None:
        return sample
    at_bg, at_fg = random_widths(rng, rule)
    if keep:
        return replace(sample, trimap=_kept(to_float(np.asarray(sample.alpha)), rule, at_bg, at_fg, keep))
    reach = max(at_bg, at_fg) + 1
    made = neighbourhood(lambda alpha: widened(to_float(alpha), rule, at_bg, at_fg), sample.alpha, reach)
    return replace(sample, trimap=made)


def _kept(alpha: np.ndarray, rule: str, at_bg: int, at_fg: int, keep: float) -> np.ndarray:
    bg, fg = (min(keep, region.mean() / 2) for region in known(alpha))
    while True:
        made = widened(alpha, rule, at_bg, at_fg)
        bg_lost, fg_lost = (made == 0).mean() < bg and at_bg > 1, (made == 1).mean() < fg and at_fg > 1
        if not (bg_lost or fg_lost):
            return made
        at_bg, at_fg = at_bg // 2 if bg_lost else at_bg, at_fg // 2 if fg_lost else at_fg


def prior(sample: Sample, rng: np.random.Generator, *, name: Literal[*PRIORS] = "coarse") -> Sample:
    """Make a row of `baselines.coarse.PRIORS` from image and trimap."""
    if sample.image is None or sample.trimap is None:
        raise InputError(
            "augmentation: prior finds no image or no trimap. Take the steps trimap and compose before it."
        )
    return replace(sample, prior=PRIORS[name].estimate(floats(sample.image), floats(sample.trimap)))
