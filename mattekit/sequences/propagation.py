"""Trimaps carried from key frames to the frames between them, along optical flow.

A pixel is followed back to its key frame in one go, along the flows of all frames between, so that nothing blurs by
repeated sampling. What is known there is known here as far as the way is certain: the doubt of a way, in pixels, widens
the unknown band, and what comes into sight beside the object is unknown.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mattekit.sequences.flow import Motion, outside, sample, then

STEP = np.float32(0.5)  # pixels of doubt that every frame adds, beside what its flows disagree by
FURTHEST = np.float32(40)  # pixels by which the band is widened at most
SOLID = np.float32(4)  # doubt up to which known foreground tells how the object moves
SMOOTH = 31  # side in pixels of the mean over the motion of the object
EDGE = 0.02  # a carried trimap this near to 0 or 1 is known


@dataclass
class Way:
    """Way from the pixels of a frame to those of its key frame.

    flow : (H, W, 2) float32 in pixels
    doubt : (H, W) float32, pixels by which the place in the key frame may be wrong
    """

    flow: np.ndarray
    doubt: np.ndarray

    @classmethod
    def at_key(cls, shape: tuple[int, int]) -> "Way":
        """Return the way of the key frame itself."""
        return cls(np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32))

    def onward(self, back: Motion) -> "Way":
        """Return the way from the next frame, given the motion from it back to this one."""
        # Errors of different frames are independent: their squares add up.
        doubt = np.sqrt(sample(self.doubt, back.flow) ** 2 + back.error**2 + STEP**2)
        flow = then(back.flow, self.flow)
        return Way(flow, np.where(outside(flow), FURTHEST, np.minimum(doubt, FURTHEST)).astype(np.float32))


def carried(key: np.ndarray, way: Way) -> np.ndarray:
    """Return a key frame's trimap (H, W) of 0, 0.5 and 1 as it is along a way, between these levels at their edges.

    In a band of fine hair flow follows the background that shines through. So the band is where it was either by the
    flow, or by the motion of the solid foreground nearby; where the two know different classes, nothing is known.
    """
    key = np.ascontiguousarray(key, np.float32)
    levels = sample(key, way.flow)
    solid = (levels >= 1 - EDGE) & (way.doubt < SOLID)
    if not solid.any():
        return levels
    by_object = sample(key, _extended(way.flow, solid))
    agree = np.abs(levels - by_object) <= EDGE
    return np.where(agree, levels, np.float32(0.5))


def _extended(flow: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return a flow that goes on from the pixels of a mask to all others, smoothly."""
    _, nearest = cv2.distanceTransformWithLabels(
        (~where).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros((nearest.max() + 1, 2), np.float32)
    of_label[nearest[where]] = flow[where]
    return cv2.blur(of_label[nearest], (SMOOTH, SMOOTH))


def joined(first: np.ndarray, first_doubt: np.ndarray, second: np.ndarray, second_doubt: np.ndarray) -> tuple:
    """Join the trimaps carried from the keys on both sides, each pixel by the doubts of its ways.

    Where both are certain and know different classes, the pixel is unknown.

    Returns
    -------
    carried, doubt : (H, W) float32
    """
    share = second_doubt / np.maximum(first_doubt + second_doubt, np.float32(1e-6))
    sure = np.where(share > 0.5, first, second)
    differs = np.abs(first - second) > 1 - EDGE
    close = np.minimum(first_doubt, second_doubt) > 0.25 * np.maximum(first_doubt, second_doubt)
    return np.where(differs & close, np.float32(0.5), sure), np.minimum(first_doubt, second_doubt)


def widened(levels: np.ndarray, doubt: np.ndarray) -> np.ndarray:
    """Return the trimap of carried levels: known where no unknown or other class lies within the doubt.

    Parameters
    ----------
    levels : (H, W) float32 in 0..1, of `carried` or `joined`
    doubt : (H, W) float32 in pixels

    Returns
    -------
    (H, W) float32 of exactly 0, 0.5 and 1
    """
    fg, bg = levels >= 1 - EDGE, levels <= EDGE
    kernel = np.ones((3, 3), np.uint8)
    meeting = cv2.dilate(fg.astype(np.uint8), kernel) & cv2.dilate(bg.astype(np.uint8), kernel)
    open_ = ~(fg | bg) | (meeting > 0)
    if not open_.any():
        return np.where(fg, np.float32(1), np.float32(0))
    distance, nearest = cv2.distanceTransformWithLabels(
        (~open_).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    at_edge = np.zeros(nearest.max() + 1, np.float32)
    at_edge[nearest[open_]] = doubt[open_]
    reach = np.minimum(np.maximum(doubt, at_edge[nearest]), FURTHEST)
    return np.where(open_ | (distance <= reach), np.float32(0.5), np.where(fg, np.float32(1), np.float32(0)))


def confidence(trimap: np.ndarray, doubt: np.ndarray) -> float:
    """Return 0..1: how sure the unknown band of a carried trimap is; a doubt of 4 pixels on the mean gives exp(-1)."""
    band = trimap == 0.5
    return float(np.exp(-np.mean(doubt[band], dtype=np.float64) / 4)) if band.any() else 1.0
