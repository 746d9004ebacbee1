"""Random trimaps of the true alpha."""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from mattekit.imaging.pixel_values import to_float
from mattekit.imaging.trimap import known
from mattekit.imaging.trimap_random import RULES, random_widths, widened
from mattekit.samples.sample import Sample
from mattekit.samples.views import neighbourhood


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
