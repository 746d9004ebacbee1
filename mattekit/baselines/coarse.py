"""Quick estimates of alpha, and their blend, for a network to weigh.

Colours of foreground and background vary slowly: they can be sampled on a reduced picture, and alpha follows from them
at full size. Methods err in different places: where most of them agree they are right more often than any of them.

An estimate that cannot be made gives way to another, so that none is a guess that the others are blended with:
colours of a reduced picture that has lost a class, to those of the next larger one; closed-form matting without a
solution, to shared matting. Only without known foreground or without known background are all of them the trimap.
"""

import logging
from typing import NamedTuple

import cv2
import numpy as np

from mattekit import progress
from mattekit.baselines.closed_form import closed_form
from mattekit.baselines.finishing import SMALL, reconciled
from mattekit.baselines.sampling import project_alpha, shared
from mattekit.errors import InputError
from mattekit.imaging.trimap import missing, reduced

log = logging.getLogger("mattekit")

PIXELS = 600_000  # of the largest picture that colours are sampled on, about
CONTRAST, TRUST = 1.12, 0.02  # of the blend: methods take thick hair for half transparent
GAMMA = 2.2  # from a picture's numbers to light, nearly
MISFIT = 0.25  # distance of colours that counts as one
ESTIMATES, CUES = 7, 4  # planes of each that `priors` names
STAGES = 4  # of the work, about equally long on large pictures
AT_ONCE = 2_000_000  # pixels at full size


class Samples(NamedTuple):
    """Shared matting's colours on a reduced picture: fg, bg (h, w, 3), and alpha (H, W) if it was not reduced."""

    fg: np.ndarray
    bg: np.ndarray
    alpha: np.ndarray | None


class SampledColours(NamedTuple):
    """Rows at full size of image, fg, bg (n, W, 3), and alpha (n, W) of the numbers as they are.

    Alpha is smoothed by shared matting if the picture is not reduced.
    """

    image: np.ndarray
    fg: np.ndarray
    bg: np.ndarray
    alpha: np.ndarray

    def linear_alpha(self) -> np.ndarray:
        """Alpha (n, W) of the light that the numbers stand for."""
        return project_alpha(*(cv2.pow(colours, GAMMA) for colours in (self.image, self.fg, self.bg)))

    def cues(self) -> tuple[np.ndarray, np.ndarray]:
        """Distance of the two colours, and of the image from the line between them: (n, W) in 0..1 each."""
        difference = self.fg - self.bg
        miss = project_alpha(self.image, self.fg, self.bg)[..., None] * difference + self.bg - self.image
        return _length(difference).clip(0, 1), (_length(miss) / MISFIT).clip(0, 1)


class NoSamples(NamedTuple):
    """Stand-in where a class has no known pixel to sample: alpha is the trimap's."""

    alpha: np.ndarray

    def linear_alpha(self) -> np.ndarray:
        """Return the trimap's rows."""
        return self.alpha

    def cues(self) -> tuple[np.ndarray, np.ndarray]:
        """Return zeros."""
        return (np.zeros_like(self.alpha),) * 2


def coarse(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Estimate alpha in six ways, blend four of them, and measure how well colours explain the image.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB; clipped to 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1

    Returns
    -------
    (H, W, 11) float16 in 0..1
        The planes of `priors`. Estimates: a blend of the next four, the mean of the two in the middle at each
        pixel, made to agree with the image, with more contrast; shared matting; alphas from the colours that it samples
        on a picture half as high and a quarter as high; closed-form matting on one half as high, or on the picture
        itself if that has at most `SMALL` pixels; alphas in linear light from the first and the last of these colours.
        Cues: those of the same two colours. Pictures of more than `PIXELS` are reduced further. Without known
        foreground or background every estimate is the trimap, and the cues are 0.

    References
    ----------
    Gastal and Oliveira, "Shared Sampling for Real-Time Alpha Matting"; Levin, Lischinski and Weiss, "A Closed-Form
    Solution to Natural Image Matting".
    """
    height, width = trimap.shape
    if image.min() < 0 or image.max() > 1:
        image = image.clip(0, 1)
    factor = max(1, round((height * width / PIXELS) ** 0.5))
    progress.report("estimates", 0, STAGES)
    samples = _samples(image, trimap, factor)
    progress.report("estimates", 1, STAGES)
    solution = _solution(image, trimap, 1 if height * width <= SMALL else 2 * factor)
    planes = np.empty((height, width, ESTIMATES + CUES), np.float16)
    progress.report("estimates", 2, STAGES)
    step = max(1, AT_ONCE // width)
    for top in range(0, height, step):  # all at once, a picture of 45 megapixels would fill many gigabytes
        rows = slice(top, min(top + step, height))
        _fill(planes[rows], image[rows], trimap[rows], rows, height, samples, solution)
    progress.report("estimates", 3, STAGES)
    if not missing(trimap):
        planes[..., 0] = reconciled(image, trimap, planes[..., 0].astype(np.float32), CONTRAST, TRUST)
    return planes


def _fill(planes, image, trimap, rows, height, samples, solution) -> None:
    """Write the planes of some rows, the blend not yet made to agree with the image."""
    full, half, quarter = (_enlarged(image, trimap, rows, height, each) for each in samples)
    closed = full.alpha if solution is None else _rows(solution, rows, height, trimap.shape[1]).clip(0, 1)
    plain = np.stack([full.alpha, half.alpha, quarter.alpha, closed])
    middle = (plain.sum(0) - plain.min(0) - plain.max(0)) / 2
    for k, alpha in enumerate((middle, *plain, full.linear_alpha(), quarter.linear_alpha())):
        planes[..., k] = alpha
    known = trimap != 0.5
    planes[known, :ESTIMATES] = trimap[known, None]
    for k, cue in enumerate((*full.cues(), *quarter.cues()), ESTIMATES):
        planes[..., k] = cue


def _samples(image: np.ndarray, trimap: np.ndarray, factor: int) -> list[Samples | None]:
    """Colours that shared matting finds on a picture `factor` times smaller, one half as high, and one a quarter.

    Where a reduced picture has lost a class, those of the next larger one; None where the trimap has none to find.
    """
    samples = [_sampled(image, trimap, factor, thin=True)]
    for times in (2, 4):
        samples.append(_sampled(image, trimap, times * factor) or samples[-1])
    return samples


def _sampled(image: np.ndarray, trimap: np.ndarray, factor: int, *, thin: bool = False) -> Samples | None:
    small, classes = _smaller(image, trimap, factor, thin=thin)
    if missing(classes):
        return None
    sampled = shared(small, classes)
    return Samples(sampled.fg, sampled.bg, sampled.alpha if factor == 1 else None)


def _enlarged(
    image: np.ndarray, trimap: np.ndarray, rows: slice, height: int, samples: Samples | None
) -> SampledColours | NoSamples:
    """Return the samples for these rows of the image and the trimap, out of `height`."""
    if samples is None:
        return NoSamples(trimap)
    fg, bg = (_rows(each, rows, height, trimap.shape[1]).clip(0, 1) for each in (samples.fg, samples.bg))
    return SampledColours(image, fg, bg, project_alpha(image, fg, bg) if samples.alpha is None else samples.alpha[rows])


def _solution(image: np.ndarray, trimap: np.ndarray, factor: int) -> np.ndarray | None:
    """Closed-form's alpha of a picture `factor` times smaller; None where there is none."""
    small, classes = _smaller(image, trimap, factor, thin=True)
    if missing(classes):
        return None
    try:
        return closed_form(small, classes).astype(np.float32)
    except InputError as error:
        log.info("closed-form: %s Shared matting takes its place.", error)
        return None


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("hwc,hwc->hw", vectors, vectors))


def _rows(small: np.ndarray, rows: slice, height: int, width: int) -> np.ndarray:
    """Enlarge a picture (h, w, ...) to height x width, bilinearly, and return some of its rows."""
    at = ((np.arange(rows.start, rows.stop) + 0.5) * (len(small) / height) - 0.5).clip(0, len(small) - 1)
    above = at.astype(int)
    below = np.minimum(above + 1, len(small) - 1)
    share = (at - above).astype(np.float32).reshape(-1, *[1] * (small.ndim - 1))
    lines = small[above] * (1 - share) + small[below] * share
    return cv2.resize(lines, (width, len(lines)))


def _smaller(
    image: np.ndarray, trimap: np.ndarray, factor: int, *, thin: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Reduce image and trimap by `factor`, known only where all that a pixel covers is.

    With `thin`, a class that this leaves no pixel keeps those that it touches and the other does not.
    """
    height, width = trimap.shape
    size = max(width // factor, 1), max(height // factor, 1)
    classes = reduced(trimap, size)
    if thin:
        fg, bg = (cv2.resize((trimap == v).astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0 for v in (1, 0))
        for value, touched in ((1, fg & ~bg), (0, bg & ~fg)):
            if not (classes == value).any():
                classes[touched] = value
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), classes
