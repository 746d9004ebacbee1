"""Shared matting: colours of foreground and background sampled along rays, shared among neighbours, and smoothed.

The same steps and settings as pymatting's `estimate_alpha_sm`, several times as fast.
"""

from typing import NamedTuple

import cv2
import numpy as np

from mattekit.baselines import sampling_kernel as kernel
from mattekit.compiling import in_bands
from mattekit.imaging.erosion import distance_inside

EXPANSION, EXPANSION_DISTANCE = 10, 0.02  # largest distances, in pixels and of colour, from a pixel to copy
RADIUS = 5  # in pixels, of sharing and smoothing
SPREAD = (2 * RADIUS + 1) ** 2 / (9 * np.pi)  # squared sigma of smoothing
MISFIT_SCALE = 0.1  # misfit of colour at which confidence has fallen to 1/e


class Sampled(NamedTuple):
    """Alpha (H, W), and the colours (H, W, 3) that it lies between, all float32."""

    alpha: np.ndarray
    fg: np.ndarray
    bg: np.ndarray


def shared(image: np.ndarray, trimap: np.ndarray) -> Sampled:
    """Estimate alpha, and the two colours of each pixel, by shared matting.

    Parameters
    ----------
    image : (H, W, 3) float32, RGB in 0..1
    trimap : (H, W) float32 of 0, 0.5 and 1, with all three

    Returns
    -------
    Sampled

    References
    ----------
    Gastal and Oliveira, "Shared Sampling for Real-Time Alpha Matting", section 3; settings and simplifications are
    pymatting's.
    """
    image = np.ascontiguousarray(image, np.float32)
    trimap = np.ascontiguousarray(trimap, np.float32)
    near = distance_inside(trimap == 0.5) < EXPANSION + 1
    given, trimap = trimap, np.empty_like(trimap)
    _run(kernel.expand, image, given, near, _offsets(), np.float32(EXPANSION_DISTANCE), trimap)
    fg, bg = (np.empty_like(image) for _ in range(2))
    for colours, value in ((fg, 1), (bg, 0)):
        known = trimap == value
        colours[:] = image[known].mean(0)
        colours[known] = image[known]
    _run(kernel.gather, image, _differences(image), trimap, _safe_steps(trimap), fg, bg)
    gathered_fg, gathered_bg, fg, bg = fg, bg, fg.copy(), bg.copy()
    _run(kernel.share, image, trimap, gathered_fg, gathered_bg, RADIUS, fg, bg)
    unknown = trimap == 0.5
    initial = np.where(unknown, project_alpha(image, fg, bg), trimap)
    shared_fg, shared_bg, fg, bg = fg, bg, fg.copy(), bg.copy()
    _run(kernel.smooth, trimap, initial, shared_fg, shared_bg, _weights(), fg, bg)
    alpha = project_alpha(image, fg, bg)
    confidence = _confidence(image, alpha, initial, fg, bg, unknown)
    smooth = _smooth(initial, ~unknown)
    return Sampled(np.where(unknown, confidence * alpha + (1 - confidence) * smooth, trimap).astype(np.float32), fg, bg)


def _run(kernel, image, *arguments):
    in_bands(kernel, image.shape[:2], image, *arguments, per_thread=4)  # unknown pixels are spread unevenly


def project_alpha(image: np.ndarray, fg: np.ndarray, bg: np.ndarray) -> np.ndarray:
    """Project colours on the line from bg to fg, all (H, W, 3): alpha (H, W) in 0..1."""
    difference = fg - bg
    along = np.einsum("hwc,hwc->hw", image - bg, difference)
    return (along / (np.einsum("hwc,hwc->hw", difference, difference) + np.float32(1e-5))).clip(0, 1)


def _confidence(image, alpha, initial, fg, bg, unknown):
    """Confidence (H, W) in a pixel's own colours: less where they differ little, or do not explain it."""
    separation = np.linalg.norm(fg - bg, axis=2)
    weight = np.where(unknown, initial * (1 - initial), 0)
    mean_separation = _box(weight * separation) / (_box(weight) + 1e-5) + 1e-5
    misfit = np.linalg.norm(alpha[..., None] * (fg - bg) + bg - image, axis=2)
    return np.minimum(1, separation / mean_separation) * np.exp(-misfit / MISFIT_SCALE)


def _smooth(alpha, known):
    """Average alpha around each pixel; known pixels count much more."""
    known = known.astype(np.float32)
    kernel = np.exp(-(np.arange(-RADIUS, RADIUS + 1) ** 2) / SPREAD).astype(np.float32)

    def blur(values):
        return cv2.sepFilter2D(values.astype(np.float32), -1, kernel, kernel, borderType=cv2.BORDER_CONSTANT)

    total = blur(alpha) + _box(alpha * known)
    return total / (blur(np.ones_like(known)) + _box(known))


def _box(values):
    side = 2 * RADIUS + 1
    return cv2.boxFilter(values.astype(np.float32), -1, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT)


def _differences(image: np.ndarray) -> np.ndarray:
    """Differences of colours (H, W, 6) across each pixel, horizontally and vertically."""
    framed = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return np.dstack([framed[1:-1, 2:] - framed[1:-1, :-2], framed[2:, 1:-1] - framed[:-2, 1:-1]])


def _safe_steps(trimap: np.ndarray) -> np.ndarray:
    """Numbers of steps (H, W, 2) int32 that a ray may take at once without missing foreground, and background.

    0 inside them. A step is one pixel long; both of its ends are rounded down to pixels, which may
    bring them nearer by a diagonal.
    """
    distance = np.dstack([distance_inside(trimap != value) for value in (1, 0)])
    return np.where(distance > 0, np.maximum(1, distance + np.float32(1 - 1.4143)), 0).astype(np.int32)


def _weights() -> np.ndarray:
    rows, columns = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    return np.exp(-(rows**2 + columns**2) / SPREAD).astype(np.float32)


def _offsets() -> np.ndarray:
    """Rows and columns of pixels within reach, nearest first, then in reading order."""
    rows, columns = (a.ravel() for a in np.mgrid[-EXPANSION : EXPANSION + 1, -EXPANSION : EXPANSION + 1])
    squared = rows**2 + columns**2
    order = np.argsort(squared, kind="stable")
    return np.stack([rows, columns], 1)[order][: (squared <= EXPANSION**2).sum()].astype(np.int64)
