"""Planes that a network takes behind image and trimap, mostly estimates of alpha; and what finishes its alpha: PRIORS.

"distances" are not estimates but maps of the distance to known pixels, and finish nothing.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mattekit.baselines.one_class import completed
from mattekit.compiling import announced

# Planes of "coarse", in the order that the default weights were trained with.
COARSE_ESTIMATES = (
    "blend",  # of the next four, the best of all
    "shared",  # shared matting at full size
    "shared 1/2",  # from colours sampled on a picture half as high
    "shared 1/4",
    "closed-form",
    "shared, linear light",
    "shared 1/4, linear light",
)
COARSE_CUES = ("separation", "misfit", "separation 1/4", "misfit 1/4")  # of the sampled colours
COARSE_BLENDED = slice(1, 5)  # estimates that the blend is made of


class Prior(NamedTuple):
    """Estimates of alpha that a network takes, and what is done with the alpha it makes of them.

    Attributes
    ----------
    estimates, cues : int
        Planes of each kind.
    estimate : function
        From an image (H, W, 3) and a trimap (H, W) to (H, W, estimates + cues) in 0..1: first the estimates, the best
        one leading, then cues to how far colours can be trusted.
    complete : function
        From an image (H, W, 3) and a trimap (H, W) to a trimap with guessed pixels of a class that it lacks.
    finish : function
        From an image, a trimap and the network's alpha (H, W) to alpha (H, W) float32 in 0..1.
    """

    estimates: int
    cues: int
    estimate: Callable[[np.ndarray, np.ndarray], np.ndarray]
    complete: Callable[[np.ndarray, np.ndarray], np.ndarray]
    finish: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

    @property
    def channels(self) -> int:
        """Number of all planes."""
        return self.estimates + self.cues

    @property
    def compiles(self) -> bool:
        """Whether the first use on a computer compiles functions."""
        return self.estimates > 0


def _coarse(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    with announced(
        "shared and closed-form matting: the first use compiles for some seconds; later uses start at once."
    ):
        from mattekit.baselines.coarse import coarse

        return coarse(image, trimap)


def _finish(image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    with announced("smoothing alpha: the first use compiles for some seconds; later uses start at once."):
        from mattekit.baselines.finishing import finish

        return finish(image, trimap, alpha)


def _distances(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    from mattekit.imaging.distance_maps import distance_maps

    return distance_maps(trimap)


PRIORS: dict[str, Prior] = {
    "coarse": Prior(len(COARSE_ESTIMATES), len(COARSE_CUES), _coarse, completed, _finish),
    "distances": Prior(0, 6, _distances, lambda image, trimap: trimap, lambda image, trimap, alpha: alpha),
}
