"""From the alpha that a network makes of classical estimates to the one that is given out."""

import logging

import cv2
import numpy as np

from mattekit.baselines.sampling import shared
from mattekit.baselines.smoothing import smoothed
from mattekit.imaging.trimap import missing, pin_known

log = logging.getLogger("mattekit")

SMALL = 200_000  # pixels of a picture on which slower methods are still quick
CONTRAST, TRUST = 1.05, 0.01  # of the network's alpha, which smoothing takes some contrast from
DOUBT = 24  # how fast trust falls from 0 and 1 to between, where all methods err most and the image knows better
BEND = 1.3  # power of the image by which alpha is smoothed: between numbers, and light, which a lens mixes
REGION = 0.4  # of the short side: reach of the mean distance between two alphas
NEAR, FAR = 0.12, 0.24  # mean distances at which alpha begins and ends to move towards shared matting's
HEDGE = 0.7  # of the way, at most


def finish(image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Make alpha agree with the image; on a small picture, hedge it where shared matting is far away.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB; clipped to 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1; if no pixel is 0, or none is 1, alpha stays as it is, with a warning.
    alpha : (H, W) float32 in 0..1

    Returns
    -------
    (H, W) float32 in 0..1, known pixels as in the trimap
    """
    absent = missing(trimap)
    if not absent:
        alpha = reconciled(image, trimap, alpha, CONTRAST, TRUST)
        return hedged(image.clip(0, 1), trimap, alpha) if trimap.size <= SMALL else alpha
    if "unknown" not in absent:
        log.warning(
            "trimap: no %s pixel; shared and closed-form matting are left out, and alpha is the network's guess.",
            " and no ".join(absent),
        )
    return pin_known(alpha, trimap)


def reconciled(image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray, contrast: float, trust: float) -> np.ndarray:
    """Make alpha agree with the image, with more contrast about the middle.

    Parameters
    ----------
    image, trimap, alpha : as for `finish`; the trimap has all three classes.
    contrast : 1 leaves it.
    trust : in an alpha of 0 or 1, see `smoothing.smoothed`; less in others.

    Returns
    -------
    (H, W) float32 in 0..1, known pixels as in the trimap
    """
    alpha = smoothed(image, trimap, alpha, trust, doubt=DOUBT, power=BEND)
    alpha -= 0.5
    alpha *= contrast
    alpha += 0.5
    return alpha.clip(0, 1, out=alpha)


def hedged(image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Move alpha towards shared matting's where the two are far apart in the mean over a large region.

    There at least one of them has taken the colours for others, and no sign in the picture was found to tell which; the
    error of a mean of both is less than the larger one, and mostly than their mean. Details, where a few pixels differ,
    stay as they are. Parameters and result are those of `finish`.
    """
    reference, unknown = shared(image, trimap).alpha, (trimap == 0.5).astype(np.float32)
    side = 2 * max(2, int(REGION * min(trimap.shape))) + 1

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (side, side), borderType=cv2.BORDER_CONSTANT)

    distance = mean(unknown * np.abs(alpha - reference)) / (mean(unknown) + np.float32(1e-6))
    weight = HEDGE * ((distance - NEAR) / (FAR - NEAR)).clip(0, 1)
    return pin_known(alpha + weight * (reference - alpha), trimap)
