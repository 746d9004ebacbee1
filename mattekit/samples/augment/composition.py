"""Steps that make and combine the pictures of a sample: alpha, background, image, trimap and classical estimates."""

import math
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from mattekit.baselines.priors import PRIORS
from mattekit.errors import InputError
from mattekit.imaging.composite import composite
from mattekit.imaging.composite import merge as join
from mattekit.imaging.pixel_values import to_float
from mattekit.imaging.trimap import known
from mattekit.imaging.trimap_random import RULES, random_widths, widened
from mattekit.samples.augment.colour import floats
from mattekit.samples.augment.geometry import scaling
from mattekit.samples.sample import Sample
from mattekit.samples.views import Interpolation, Pixels, neighbourhood, pointwise, stored, warped, window

COARSE = 16  # pixels between those that are tested first


def background(
    sample: Sample,
    rng: np.random.Generator,
    *,
    rule: Literal["indexnet", "a2u", "lsa"] = "indexnet",
    interpolation: Interpolation = "cubic",
) -> Sample:
    """Fit the background to the size of the foreground; from then on the two move together.

    Parameters
    ----------
    sample
    rng
    rule : "indexnet" scales it up or down, keeping its proportions, until it just covers the foreground, and takes the
        top left corner; "a2u" does so only with one that is too small, and never shrinks; "lsa" stretches it to the
        size whatever its proportions.
    interpolation

    References
    ----------
    The released code of IndexNet, A2U and LSA; the papers do not say.
    """
    if sample.bg is None or sample.placed:
        return sample
    bg, size = sample.bg, sample.size
    if rule == "lsa":
        return replace(sample, bg=warped(bg, scaling(bg.shape[:2], size), size, interpolation), placed=True)
    ratio = max(size[0] / bg.shape[0], size[1] / bg.shape[1])
    if ratio > 1 or (rule == "indexnet" and ratio < 1):
        # The side that fits is met exactly; a product of floats could be one pixel too long.
        target = tuple(max(side, math.ceil(own * ratio - 1e-6)) for side, own in zip(size, bg.shape[:2], strict=True))
        bg = warped(bg, scaling(bg.shape[:2], target), target, interpolation)
    return replace(sample, bg=window(bg, 0, 0, *size), placed=True)


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
    """Whether two foregrounds hide all of the background; testing a few pixels nearly always finds that they do not."""
    either = pointwise(np.maximum, stored(alpha), stored(other))
    rows, columns = (np.arange(length, dtype=np.int32) for length in alpha.shape[:2])
    if (either.at(rows[::COARSE, None], columns[None, ::COARSE]) < 1).any():
        return False
    return not (np.asarray(either) < 1).any()


def compose(sample: Sample, rng: np.random.Generator, *, gamma: tuple[float, float] = (1.0, 1.0)) -> Sample:
    """Compose the image, alpha F + (1 - alpha) B; an image from the source is kept.

    Later colour steps change the image alone, and later geometric steps move all pictures together.

    Parameters
    ----------
    sample
    rng
    gamma : bounds, above 0, from which an exponent is drawn: F and B are raised to it and blended, and the image is
        raised to its inverse. 1 blends encoded colours, as all papers do. A lens blends linear light: about 2.2 makes
        bright hair in front of dark leaves as opaque as in a photograph.
    """
    if min(gamma) <= 0:
        raise InputError(f"step compose: gamma = {gamma}, wanted bounds above 0. Change them.")
    if sample.fg is None or sample.image is not None:
        return sample
    if sample.bg is None or not sample.placed:
        background = "no background" if sample.bg is None else "a background that is not placed"
        raise InputError(f"augmentation: compose finds {background}. Take the step background before it.")
    if gamma == (1.0, 1.0):
        return replace(sample, image=pointwise(composite, sample.fg, sample.bg, sample.alpha))
    exponent = np.float32(rng.uniform(*gamma))

    def blended(fg: np.ndarray, bg: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        return composite(fg**exponent, bg**exponent, alpha) ** (1 / exponent)

    return replace(sample, image=pointwise(blended, sample.fg, sample.bg, sample.alpha))


def gamma(
    sample: Sample,
    rng: np.random.Generator,
    *,
    ranges: tuple[tuple[float, float], ...] = ((0.5, 1.0), (1.0, 2.0)),
) -> Sample:
    """Make soft alphas softer or harder: alpha ** gamma or 1 - (1 - alpha) ** gamma, each half of the time.

    The alpha of an image that is already composed is left as it is.

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
    """Make a trimap by a paper's rule, a row of `imaging.trimap_random.RULES`; a trimap from the source is kept.

    With `keep`, widths are halved until at least this share of the picture, or half of all opaque pixels, is known
    foreground, and likewise for the background: no user draws a trimap without either. This reads all pixels.
    """
    if sample.trimap is not None:
        return sample
    at_bg, at_fg = random_widths(rng, rule)
    if keep:
        return replace(sample, trimap=_keeping_known(to_float(np.asarray(sample.alpha)), rule, at_bg, at_fg, keep))
    reach = max(at_bg, at_fg) + 1
    made = neighbourhood(lambda alpha: widened(to_float(alpha), rule, at_bg, at_fg), sample.alpha, reach)
    return replace(sample, trimap=made)


def _keeping_known(alpha: np.ndarray, rule: str, at_bg: int, at_fg: int, keep: float) -> np.ndarray:
    bg, fg = (min(keep, region.mean() / 2) for region in known(alpha))
    while True:
        made = widened(alpha, rule, at_bg, at_fg)
        bg_lost, fg_lost = (made == 0).mean() < bg and at_bg > 1, (made == 1).mean() < fg and at_fg > 1
        if not (bg_lost or fg_lost):
            return made
        at_bg, at_fg = at_bg // 2 if bg_lost else at_bg, at_fg // 2 if fg_lost else at_fg


def prior(sample: Sample, rng: np.random.Generator, *, name: Literal[*PRIORS] = "coarse") -> Sample:
    """Estimate alpha from image and trimap by a row of `baselines.priors.PRIORS`."""
    if sample.image is None or sample.trimap is None:
        raise InputError(
            "augmentation: prior finds no image or no trimap. Take the steps trimap and compose before it."
        )
    return replace(sample, prior=PRIORS[name].estimate(floats(sample.image), floats(sample.trimap)))
