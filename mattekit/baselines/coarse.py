"""Quick estimates of alpha, and their blend, for a network to weigh: PRIORS, by name.

What is sought varies slowly, the colours of foreground and background: they may be found on a reduced picture; alpha
then follows at full size. Methods err in different places: where most of them agree they are right more often than any
of them.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from mattekit.baselines.closed_form import closed_form
from mattekit.baselines.sampling import between, shared
from mattekit.baselines.smoothing import smoothed
from mattekit.errors import InputError
from mattekit.imaging.trimap import pin_known, reduced

PIXELS = 600_000  # of the largest picture that colours are sampled on, about
CONTRAST, TRUST = 1.12, 0.02  # of the blend: methods take thick hair for half transparent
LAST_CONTRAST, LAST_TRUST = 1.05, 0.01  # of what the network makes, which smoothing takes some from
DOUBT = 24  # how fast trust falls from 0 and 1 to between, where all methods err most and the image knows better
GAMMA = 2.2  # from a picture's numbers to light, nearly
BEND = 1.3  # in whose power the image is smoothed by: between numbers, and light, which a lens mixes
MISFIT = 0.25  # distance of colours that counts as one
AT_ONCE = 2_000_000  # pixels at full size


class Prior(NamedTuple):
    """One row.

    estimates, clues : int
        Planes of each kind.
    estimate : function
        Of an image (H, W, 3) and a trimap (H, W): (H, W, estimates + clues) in 0..1, the first estimate being
        the best, and clues telling how far colours can be trusted.
    finish : function
        Of an image, a trimap and what the network made of them, (H, W): alpha (H, W) float32 in 0..1.
    """

    estimates: int
    clues: int
    estimate: Callable[[np.ndarray, np.ndarray], np.ndarray]
    finish: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

    @property
    def channels(self) -> int:
        """All planes."""
        return self.estimates + self.clues


class Colours(NamedTuple):
    """What shared matting found on a reduced picture: fg, bg (h, w, 3), and alpha (H, W) if it was not reduced."""

    fg: np.ndarray
    bg: np.ndarray
    alpha: np.ndarray | None


class Said(NamedTuple):
    """What colours say of some rows at full size: image, fg, bg (n, W, 3), and alpha (n, W) of the numbers as they are.

    Alpha is smoothed by shared matting if the picture is not reduced.
    """

    image: np.ndarray
    fg: np.ndarray
    bg: np.ndarray
    alpha: np.ndarray

    def light(self) -> np.ndarray:
        """Alpha (n, W) of the light that the numbers stand for."""
        return between(*(cv2.pow(colours, GAMMA) for colours in (self.image, self.fg, self.bg)))

    def clues(self) -> tuple[np.ndarray, np.ndarray]:
        """How much the colours differ, and how far the image is from the line between them: (n, W) in 0..1 each."""
        way = self.fg - self.bg
        miss = between(self.image, self.fg, self.bg)[..., None] * way + self.bg - self.image
        return _length(way).clip(0, 1), (_length(miss) / MISFIT).clip(0, 1)


class Unsaid(NamedTuple):
    """In its place where nothing was found: alpha is the trimap's."""

    alpha: np.ndarray

    def light(self) -> np.ndarray:
        """The trimap's rows."""
        return self.alpha

    def clues(self) -> tuple[np.ndarray, np.ndarray]:
        """None: zeros."""
        return (np.zeros_like(self.alpha),) * 2


def coarse(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Estimate alpha in six ways, blend four of them, and tell how well colours explain the image.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1

    Returns
    -------
    (H, W, 11) float16 in 0..1
        Estimates: a blend of the next four, the mean of the two in the middle at each pixel, made to agree with the
        image, with more contrast; shared matting; what its colours say that were found on a picture half as high and a
        quarter as high; closed-form matting on one half as high; what the first and the last of these colours say of
        light, which is what a lens mixes. Clues: `Said.clues` of the same two.
        Pictures of more than `PIXELS` are reduced further. All are the trimap where a picture loses all known
        foreground or background, and the clues are 0.

    References
    ----------
    Gastal and Oliveira, "Shared Sampling for Real-Time Alpha Matting"; Levin, Lischinski and Weiss, "A Closed-Form
    Solution to Natural Image Matting".
    """
    height, width = trimap.shape
    factor = max(1, round((height * width / PIXELS) ** 0.5))
    found = [_sampled(image, trimap, times * factor) for times in (1, 2, 4)]
    solved = _solved(image, trimap, 2 * factor)
    planes = np.empty((height, width, PRIORS["coarse"].channels), np.float16)
    step = max(1, AT_ONCE // width)
    for top in range(0, height, step):  # a picture of 45 megapixels would fill many gigabytes with what is between
        rows = slice(top, min(top + step, height))
        _fill(planes[rows], image[rows], trimap[rows], rows, height, found, solved)
    planes[..., 0] = reconciled(image, trimap, planes[..., 0].astype(np.float32), CONTRAST, TRUST)
    return planes


def reconciled(
    image: np.ndarray,
    trimap: np.ndarray,
    alpha: np.ndarray,
    contrast: float = LAST_CONTRAST,
    trust: float = LAST_TRUST,
) -> np.ndarray:
    """Make alpha agree with the image, with more contrast about the middle.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1; where one of them is missing altogether, alpha stays as it is.
    alpha : (H, W) float32 in 0..1
    contrast : 1 leaves it.
    trust : in an alpha of 0 or 1, see `smoothing.smoothed`; less in others.

    Returns
    -------
    (H, W) float32 in 0..1, known pixels as in the trimap
    """
    if not _whole(trimap):
        return pin_known(alpha, trimap)
    alpha = smoothed(image, trimap, alpha, trust, doubt=DOUBT, power=BEND)
    alpha -= 0.5
    alpha *= contrast
    alpha += 0.5
    return alpha.clip(0, 1, out=alpha)


def _fill(planes, image, trimap, rows, height, found, solved) -> None:
    """Planes of some rows, the blend not yet finished."""
    fine, half, quarter = (_said(image, trimap, rows, height, colours) for colours in found)
    closed = trimap if solved is None else _rows(solved, rows, height, trimap.shape[1]).clip(0, 1)
    plain = np.stack([fine.alpha, half.alpha, quarter.alpha, closed])
    middle = (plain.sum(0) - plain.min(0) - plain.max(0)) / 2
    alphas = (middle, *plain, fine.light(), quarter.light())
    for k, alpha in enumerate(alphas):
        planes[..., k] = pin_known(alpha, trimap)
    for k, clue in enumerate((*fine.clues(), *quarter.clues()), len(alphas)):
        planes[..., k] = clue


def _sampled(image: np.ndarray, trimap: np.ndarray, factor: int) -> Colours | None:
    """The colours that shared matting finds on a picture `factor` times smaller, if there is something known on it."""
    small, classes = _smaller(image, trimap, factor)
    if not _whole(classes):
        return None
    found = shared(small, classes)
    return Colours(found.fg, found.bg, found.alpha if factor == 1 else None)


def _said(image: np.ndarray, trimap: np.ndarray, rows: slice, height: int, colours: Colours | None) -> Said | Unsaid:
    """Of these rows of the image and the trimap, out of `height`."""
    if colours is None:
        return Unsaid(trimap)
    fg, bg = (_rows(each, rows, height, trimap.shape[1]).clip(0, 1) for each in (colours.fg, colours.bg))
    return Said(image, fg, bg, between(image, fg, bg) if colours.alpha is None else colours.alpha[rows])


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("hwc,hwc->hw", vectors, vectors))


def _solved(image: np.ndarray, trimap: np.ndarray, factor: int) -> np.ndarray | None:
    """Closed-form's alpha of a picture `factor` times smaller."""
    small, classes = _smaller(image, trimap, factor)
    if not _whole(classes):
        return None
    try:
        return closed_form(small, classes).astype(np.float32)
    except InputError:  # the equation has no answer
        return None


def _rows(small: np.ndarray, rows: slice, height: int, width: int) -> np.ndarray:
    """Some rows of a picture (h, w, ...) enlarged to height x width, bilinearly."""
    at = ((np.arange(rows.start, rows.stop) + 0.5) * (len(small) / height) - 0.5).clip(0, len(small) - 1)
    above = at.astype(int)
    below = np.minimum(above + 1, len(small) - 1)
    share = (at - above).astype(np.float32).reshape(-1, *[1] * (small.ndim - 1))
    lines = small[above] * (1 - share) + small[below] * share
    return cv2.resize(lines, (width, len(lines)))


def _smaller(image: np.ndarray, trimap: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    height, width = trimap.shape
    size = max(width // factor, 1), max(height // factor, 1)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), reduced(trimap, size)


def _whole(trimap: np.ndarray) -> bool:
    """Whether all three classes are there."""
    return bool((trimap == 0).any() and (trimap == 1).any() and (trimap == 0.5).any())


PRIORS: dict[str, Prior] = {"coarse": Prior(7, 4, coarse, reconciled)}
