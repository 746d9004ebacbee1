"""Optical flow between neighbouring frames, how far it can be trusted, and sampling along it."""

from typing import NamedTuple

import cv2
import numpy as np

LARGEST = 1 << 20  # pixels; larger frames have their flow estimated at half size, a quarter, ...
PATCH = 16  # sides shorter than this are too small for the search


class Motion(NamedTuple):
    """Motion between two frames.

    flow : (H, W, 2) float32, x and y in pixels, from each pixel of one frame to its place in the other
    error : (H, W) float32, pixels by which the flow back disagrees; large where a pixel is hidden in the other frame
    """

    flow: np.ndarray
    error: np.ndarray


def grey(image: np.ndarray) -> np.ndarray:
    """Return the picture (H, W) uint8 that flow is estimated from: luma of an image (H, W, 3) in 0..1."""
    luma = cv2.cvtColor(np.ascontiguousarray(image, np.float32), cv2.COLOR_RGB2GRAY)
    return np.rint(luma.clip(0, 1) * 255).astype(np.uint8)


def motion(one: np.ndarray, other: np.ndarray) -> Motion:
    """Estimate the motion from one frame to the other, of pictures (H, W) uint8 of one size.

    References
    ----------
    Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using Dense Inverse Search", 2016, as OpenCV has it.
    """
    forth = _flow(one, other)
    return Motion(forth, disagreement(forth, _flow(other, one)))


def disagreement(forth: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Distance (H, W) in pixels between a pixel and where going along `forth` and then `back` ends."""
    return np.linalg.norm(forth + sample(back, forth), axis=2).astype(np.float32)


def sample(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Sample a picture (H, W) or (H, W, C) bilinearly where a flow leads; beyond the border its last pixels go on."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def outside(flow: np.ndarray) -> np.ndarray:
    """Return the mask (H, W) of pixels that a flow leads out of the picture, by more than a pixel."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return (x < -1) | (x > width) | (y < -1) | (y > height)


def compose(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the flow that goes along `first` and from there along `second`."""
    return first + sample(second, first)


def _flow(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one, other = np.ascontiguousarray(one), np.ascontiguousarray(other)
    height, width = one.shape
    scale = 1
    while height * width / scale**2 > LARGEST:
        scale *= 2
    if min(height, width) < PATCH * scale:
        return np.zeros((height, width, 2), np.float32)
    if scale > 1:
        size = width // scale, height // scale
        one, other = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (one, other))
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(one, other, None)
    if scale == 1:
        return flow
    factors = np.float32([width / one.shape[1], height / one.shape[0]])
    return cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR) * factors
