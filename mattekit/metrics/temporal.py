"""Metrics of steadiness: errors of an alpha that change from one frame to the next.

Erofeev, Gitman, Vatolin, Fedorov and Wang, "Perceptually Motivated Benchmark for Video Matting", BMVC 2015, section 4.
Errors that stay are no flicker and cost nothing here; SAD and MSE count them.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np


class Frame(NamedTuple):
    """One frame: alpha and truth (H, W) uint8, and the mask (H, W) bool of pixels that count, None for all."""

    alpha: np.ndarray
    truth: np.ndarray
    region: np.ndarray | None = None


Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]  # two pictures (H, W) uint8 to motion (H, W, 2): x, y in pixels


def dtssd(frame: Frame, before: Frame) -> float:
    """Root mean square of the difference between the changes of alpha and of the truth, times 100.

    The mean over pairs of frames is the figure that RobustVideoMatting and BackgroundMattingV2 print, there over whole
    frames. NaN if no pixel counts.
    """
    change, true_change = (_floats(now) - _floats(then) for now, then in zip(frame[:2], before[:2], strict=True))
    return 100 * float(np.sqrt(_mean((change - true_change) ** 2, frame.region)))


def dis_flow(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Motion (H, W, 2) from a picture (H, W) uint8 to another, by OpenCV's dense inverse search."""
    if min(one.shape) < 16:  # too small for the search's patches
        return np.zeros((*one.shape, 2), np.float32)
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(one, other, None)


def messddt(frame: Frame, before: Frame, flow: Flow = dis_flow) -> float:
    """Mean change of the squared error along the motion of the true alpha, times 1000.

    | (a_t(p) - g_t(p))^2 - (a_t+1(p + v) - g_t+1(p + v))^2 |, where v is the motion of p from frame t to t + 1. The
    authors leave the choice of the flow open; here it is that of the truth. Pixels that move out of the frame do not
    count. NaN if none counts.
    """
    motion = flow(before.truth, frame.truth)
    height, width = frame.truth.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = x + motion[..., 0], y + motion[..., 1]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    then, now = (_floats(each.alpha) - _floats(each.truth) for each in (before, frame))
    moved = cv2.remap(now**2, x, y, cv2.INTER_LINEAR)
    return 1000 * _mean(np.abs(then**2 - moved), inside if before.region is None else inside & before.region)


def _floats(levels: np.ndarray) -> np.ndarray:
    return levels.astype(np.float32) / np.float32(255)


def _mean(values: np.ndarray, region: np.ndarray | None) -> float:
    if region is None:
        return float(values.mean(dtype=np.float64))
    return float(values[region].mean(dtype=np.float64)) if region.any() else float("nan")
