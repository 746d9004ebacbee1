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
from mattekit.imaging.trimap import pin_known

PIXELS = 600_000  # of the largest picture that colours are sampled on, about
CONTRAST = 1.12  # of the blend: methods take thick hair for half transparent
LAST_CONTRAST = 1.06  # of what the network makes, which smoothing takes some from
GAMMA = 2.2  # from a picture's numbers to light, nearly
MISFIT = 0.25  # distance of colours that counts as one


class Prior(NamedTuple):
    """One row.

    estimates, clues : int
        Planes of each kind.
    estimate : function
        Of an image (H, W, 3) and a trimap (H, W): (H, W, estimates + clues) float32 in 0..1, the first estimate being
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
    """What colours found on a reduced picture say at full size, (H, W) each.

    alpha : of numbers as they are, smoothed by shared matting if the picture is not reduced.
    light : of the light that they stand for.
    apart : how much foreground and background differ.
    misfit : how far the image is from the line between them.
    """

    alpha: np.ndarray
    light: np.ndarray
    apart: np.ndarray
    misfit: np.ndarray


def coarse(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Estimate alpha in six ways, blend three of them, and tell how well colours explain the image.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1

    Returns
    -------
    (H, W, 11) float32 in 0..1
        Estimates: the median of shared matting, of shared matting's colours found on a picture a quarter as high, and
        of closed-form matting on one half as high, made to agree with the image, with more contrast; shared matting;
        what its colours say of a picture half as high and a quarter as high; closed-form; what the first and the last
        of these colours say of light, which is what a lens mixes. Clues: `apart` and `misfit` of the same two.
        Pictures of more than `PIXELS` are reduced further. All are the trimap where a picture loses all known
        foreground or background.

    References
    ----------
    Gastal and Oliveira, "Shared Sampling for Real-Time Alpha Matting"; Levin, Lischinski and Weiss, "A Closed-Form
    Solution to Natural Image Matting".
    """
    prior = PRIORS["coarse"]
    if not _whole(trimap):
        nothing = [np.zeros_like(trimap)] * prior.clues
        return np.stack([*[trimap] * prior.estimates, *nothing], 2)
    height, width = trimap.shape
    factor = max(1, round((height * width / PIXELS) ** 0.5))
    fine, half, quarter = (_sampled(image, trimap, times * factor) for times in (1, 2, 4))
    solved = _solved(image, trimap, 2 * factor)
    # The median of three: the largest of the two smaller pairs' least.
    low, high = np.minimum(fine.alpha, quarter.alpha), np.maximum(fine.alpha, quarter.alpha)
    median = np.maximum(low, np.minimum(high, solved))
    blend = finished(image, trimap, median, CONTRAST)
    alphas = (blend, fine.alpha, half.alpha, quarter.alpha, solved, fine.light, quarter.light)
    clues = (fine.apart, fine.misfit, quarter.apart, quarter.misfit)
    return np.stack([*(pin_known(alpha, trimap) for alpha in alphas), *clues], 2).astype(np.float32)


def finished(image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray, contrast: float = LAST_CONTRAST) -> np.ndarray:
    """Alpha (H, W) made to agree with the image, with more contrast about the middle."""
    return ((smoothed(image, trimap, alpha) - 0.5) * contrast + 0.5).clip(0, 1)


def _sampled(image: np.ndarray, trimap: np.ndarray, factor: int) -> Colours:
    """What the colours say that shared matting finds on a picture `factor` times smaller."""
    small, classes = _smaller(image, trimap, factor)
    if not _whole(classes):
        nothing = np.zeros_like(trimap)
        return Colours(trimap, trimap, nothing, nothing)
    found = shared(small, classes)
    fg, bg = (_full(colours, trimap).clip(0, 1) for colours in (found.fg, found.bg))
    plain = between(image, fg, bg)
    return Colours(
        alpha=found.alpha if factor == 1 else plain,
        light=between(image**GAMMA, fg**GAMMA, bg**GAMMA),
        apart=np.linalg.norm(fg - bg, axis=2).clip(0, 1),
        misfit=(np.linalg.norm(plain[..., None] * (fg - bg) + bg - image, axis=2) / MISFIT).clip(0, 1),
    )


def _solved(image: np.ndarray, trimap: np.ndarray, factor: int) -> np.ndarray:
    """Closed-form's alpha of a picture `factor` times smaller."""
    small, classes = _smaller(image, trimap, factor)
    if not _whole(classes):
        return trimap
    try:
        return _full(closed_form(small, classes).astype(np.float32), trimap).clip(0, 1)
    except InputError:  # the equation has no answer
        return trimap


def _smaller(image: np.ndarray, trimap: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    height, width = trimap.shape
    size = max(width // factor, 1), max(height // factor, 1)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA), reduced(trimap, size)


def _whole(trimap: np.ndarray) -> bool:
    """Whether all three classes are there."""
    return bool((trimap == 0).any() and (trimap == 1).any() and (trimap == 0.5).any())


def _full(small: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    return cv2.resize(small, trimap.shape[::-1])


def reduced(trimap: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A trimap in a smaller (width, height), known only where all that it covers is."""
    fg, bg = (cv2.resize((trimap == value).astype(np.float32), size, interpolation=cv2.INTER_AREA) for value in (1, 0))
    return np.where(fg > 0.999, 1, np.where(bg > 0.999, 0, 0.5)).astype(np.float32)


PRIORS: dict[str, Prior] = {"coarse": Prior(7, 4, coarse, finished)}
