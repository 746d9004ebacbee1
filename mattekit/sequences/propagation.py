"""Trimaps propagated from key frames to the frames between them, along optical flow.

The flows of all frames on the way to a key frame are composed, and its trimap is warped once, so that nothing blurs by
repeated sampling. The uncertainty of the composed flow, in pixels, widens the unknown band, and what comes into sight
beside the object is unknown.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mattekit.sequences.flow import Motion, compose, outside, sample

STEP = np.float32(0.5)  # pixels of uncertainty that every frame adds, beside what its flows disagree by
FURTHEST = np.float32(40)  # pixels by which the band is widened at most
SOLID = np.float32(4)  # uncertainty up to which known foreground tells how the object moves
SMOOTH = 31  # side in pixels of the mean over the motion of the object
EDGE = 0.02  # a warped trimap this near to 0 or 1 is known


@dataclass
class FlowToKey:
    """Composed flow from the pixels of a frame to those of its key frame.

    flow : (H, W, 2) float32 in pixels
    uncertainty : (H, W) float32, pixels by which the place in the key frame may be wrong
    """

    flow: np.ndarray
    uncertainty: np.ndarray

    @classmethod
    def of_key(cls, shape: tuple[int, int]) -> "FlowToKey":
        """Return the flow of the key frame itself, which is 0."""
        return cls(np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32))

    def extended(self, back: Motion) -> "FlowToKey":
        """Return the flow from the next frame, given the motion from it back to this one."""
        # Errors of different frames are independent: their squares add up.
        uncertainty = np.sqrt(sample(self.uncertainty, back.flow) ** 2 + back.error**2 + STEP**2)
        flow = compose(back.flow, self.flow)
        return FlowToKey(flow, np.where(outside(flow), FURTHEST, np.minimum(uncertainty, FURTHEST)).astype(np.float32))


def warped(key: np.ndarray, to_key: FlowToKey) -> np.ndarray:
    """Warp a key frame's trimap (H, W) of 0, 0.5 and 1 to another frame; between these levels at their edges.

    In a band of fine hair flow follows the background that shines through. So the band is where it was either by the
    flow, or by the motion of the solid foreground nearby; where the two know different classes, nothing is known.
    """
    key = np.ascontiguousarray(key, np.float32)
    levels = sample(key, to_key.flow)
    solid = (levels >= 1 - EDGE) & (to_key.uncertainty < SOLID)
    if not solid.any():
        return levels
    by_object = sample(key, _extrapolated(to_key.flow, solid))
    agree = np.abs(levels - by_object) <= EDGE
    return np.where(agree, levels, np.float32(0.5))


def _extrapolated(flow: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Extrapolate a flow from the pixels of a mask to all others, smoothly."""
    return cv2.blur(_of_nearest(flow, where)[0], (SMOOTH, SMOOTH))


def _of_nearest(values: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each pixel, the value (H, W, ...) at the nearest pixel of a mask, and the distance to it (H, W)."""
    distance, labels = cv2.distanceTransformWithLabels(
        (~where).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_label = np.zeros((labels.max() + 1, *values.shape[2:]), np.float32)
    of_label[labels[where]] = values[where]
    return of_label[labels], distance


def merged(
    first: np.ndarray, first_uncertainty: np.ndarray, second: np.ndarray, second_uncertainty: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Merge the trimaps warped from the keys on both sides, each pixel by the less uncertain flow.

    Where both are certain and know different classes, the pixel is unknown.

    Returns
    -------
    warped, uncertainty : (H, W) float32
    """
    share = second_uncertainty / np.maximum(first_uncertainty + second_uncertainty, np.float32(1e-6))
    sure = np.where(share > 0.5, first, second)
    differs = np.abs(first - second) > 1 - EDGE
    close = np.minimum(first_uncertainty, second_uncertainty) > 0.25 * np.maximum(first_uncertainty, second_uncertainty)
    return np.where(differs & close, np.float32(0.5), sure), np.minimum(first_uncertainty, second_uncertainty)


def widened(levels: np.ndarray, uncertainty: np.ndarray) -> np.ndarray:
    """Return the trimap of warped levels: known where no unknown or other class lies within the uncertainty.

    Parameters
    ----------
    levels : (H, W) float32 in 0..1, of `warped` or `merged`
    uncertainty : (H, W) float32 in pixels

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
    at_edge, distance = _of_nearest(uncertainty, open_)
    reach = np.minimum(np.maximum(uncertainty, at_edge), FURTHEST)
    return np.where(open_ | (distance <= reach), np.float32(0.5), np.where(fg, np.float32(1), np.float32(0)))


def confidence(trimap: np.ndarray, uncertainty: np.ndarray) -> float:
    """Return 0..1: how sure the unknown band of a propagated trimap is.

    A mean uncertainty of 4 pixels gives exp(-1).
    """
    band = trimap == 0.5
    return float(np.exp(-np.mean(uncertainty[band], dtype=np.float64) / 4)) if band.any() else 1.0
