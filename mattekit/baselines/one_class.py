"""Guessed pixels of the class that a trimap lacks, so that methods which start from both classes can begin.

About a tenth of the pictures of Composition-1k have trimaps without known foreground. The known class's colours are
there: GrabCut tells which unknown pixels are unlike them, and the ones deep inside those are taken for the other class.
"""

import logging

import cv2
import numpy as np

from mattekit.imaging.trimap import missing

log = logging.getLogger("mattekit")

PIXELS = 100_000  # of the picture that GrabCut sees
ITERATIONS = 5
DEPTH = 0.05  # of the short side: how deep a pixel must lie in what is unlike the known class
SHARE = 0.5  # of the largest depth that there is, where all is shallower


def completed(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Return a trimap with guessed pixels of the one class that it lacks, with a warning; any other as it is.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB; clipped to 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1

    Returns
    -------
    (H, W) float32 of 0, 0.5 and 1

    References
    ----------
    Rother, Kolmogorov and Blake, "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts", 2004.
    """
    absent = missing(trimap)
    if len(absent) != 1 or absent == ["unknown"]:
        return trimap
    value = np.float32(absent == ["foreground"])
    guessed = _deep(_unlike(image, trimap == 1 - value)) & (trimap == 0.5)
    known = "background" if value else "foreground"
    log.warning(
        "trimap: no %s pixel; %.0f %% of the unknown ones are taken for it, as they are unlike the %s. That is "
        "a guess, and alpha may be wrong in large regions, most of all where the subject is translucent. Mark some %s.",
        *(absent[0], 100 * np.count_nonzero(guessed) / np.count_nonzero(trimap == 0.5), known, absent[0]),
    )
    return np.where(guessed, value, trimap)


def _unlike(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Pixels (H, W) that GrabCut separates from the known ones; all that are not known if that leaves none."""
    height, width = known.shape
    scale = min(1, (PIXELS / known.size) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = (cv2.resize(image.clip(0, 1), size, interpolation=cv2.INTER_AREA) * 255).round().astype(np.uint8)
    share = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    sure = share >= min(0.5, share.max())
    labels = np.where(sure, cv2.GC_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    if not sure.all():
        cv2.setRNGSeed(0)  # of the first clusters of colours
        cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), ITERATIONS, cv2.GC_INIT_WITH_MASK)
    unlike = (labels == cv2.GC_PR_FGD).astype(np.uint8)
    unlike = cv2.resize(unlike, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    return unlike & ~known if (unlike & ~known).any() else ~known


def _deep(region: np.ndarray) -> np.ndarray:
    """Pixels of a region (H, W) that lie deep in it; beyond the picture's edge it goes on."""
    framed = np.pad(region.astype(np.uint8), 1, mode="edge")
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return region & (depth >= min(DEPTH * min(region.shape), SHARE * depth.max()))
