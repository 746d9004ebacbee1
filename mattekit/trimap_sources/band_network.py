"""Probabilities that pixels near a rough mask's edge are background, mixed or foreground: a convolutional network.

It sees a reduced picture, the mask, and what quick matting in a wide band around the mask's edge makes of the two. How
it was trained is told in `examples/trimap-weights/`.
"""

from functools import lru_cache
from importlib.resources import files
from threading import Lock

import cv2
import numpy as np

from mattekit.baselines.priors import PRIORS
from mattekit.imaging.trimap import join, missing
from mattekit.trimap_sources.mask_edge import MaskEdge
from mattekit.trimap_sources.strands import CONTRAST, FLOOR, LARGEST_NOISE, usual_contrast

JUDGED = 0.16  # of the short side from the mask's edge: what may be unknown
DEPTHS = 0.01, 0.04  # of the short side: scales of the distance from the mask's edge
PLAIN = slice(4, 8)  # planes: estimates of alpha by methods that err in different places
AGREED = 0.05  # mixed where all of them say so and are less than this apart
AREA = np.ones((5, 5), np.uint8)
ENDS = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (33, 33))  # pixels that alpha takes beyond these to 0 or 1
STEP = 16  # pixels, of which each side that the network takes is a multiple

_running = Lock()  # a network of OpenCV's keeps what it computes in itself


@lru_cache(maxsize=1)
def _network() -> cv2.dnn.Net:
    file = files("mattekit.trimap_sources").joinpath("band_network.onnx")
    return cv2.dnn.readNetFromONNX(np.frombuffer(file.read_bytes(), np.uint8))


def class_probabilities(planes: list[np.ndarray]) -> np.ndarray:
    """Return the probabilities (h, w, 3) float32 of background, mixed and foreground, from `planes_of`."""
    height, width = planes[0].shape
    filled = [(0, -height % STEP), (0, -width % STEP)]
    stacked = np.stack([np.pad(plane.astype(np.float32), filled, mode="edge") for plane in planes])
    with _running:
        network = _network()
        network.setInput(stacked[None])
        probabilities = network.forward()[0, :, :height, :width].copy()
    return np.moveaxis(probabilities, 0, 2)


def planes_of(image: np.ndarray, contrast: np.ndarray, edge: MaskEdge) -> list[np.ndarray] | None:
    """Return what the network sees: planes (h, w) in 0..1; None where nothing of a class lies beyond the wide band.

    Parameters
    ----------
    image : (h, w, 3) float32 RGB, clipped to 0..1
    contrast : (h, w) float32 of `strands.line_contrast`
    edge : MaskEdge
    """
    near = edge.near
    trimap = join(~near & ~edge.inside, ~near & edge.inside)
    if missing(trimap):
        return None
    estimates = PRIORS["coarse"].estimate(image, trimap).astype(np.float32)
    contrast = contrast.clip(0, LARGEST_NOISE)
    ratio = contrast / (CONTRAST * usual_contrast(contrast) + FLOOR)
    return [
        *np.moveaxis(image.clip(0, 1), 2, 0),
        *np.moveaxis(estimates, 2, 0),
        edge.likely,
        *(np.tanh(edge.depth / (scale * edge.short)) / 2 + 0.5 for scale in DEPTHS),
        (edge.distance / (JUDGED * edge.short)).clip(0, 1),
        near.astype(np.float32),
        contrast / LARGEST_NOISE,
        (ratio / 4).clip(0, 1),
    ]


def evenly_mixed(planes: list[np.ndarray]) -> np.ndarray:
    """Mark pixels (h, w) that all estimates take for the same mixture, and what is around areas of them."""
    low, high = (kind(planes[PLAIN], axis=0) for kind in (np.min, np.max))
    even = (low > AGREED) & (high < 1 - AGREED) & (high - low < AGREED)
    return even | (cv2.dilate(cv2.erode(even.view(np.uint8), AREA), ENDS) > 0)  # soft edges wider than it has learnt
