"""A picture brought into the position and exposure of another one of the same view."""

from typing import NamedTuple

import cv2
import numpy as np

from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

SIDE = 480  # pixels of the reduced pictures that are aligned
STEPS, ACCURACY = 60, 1e-5  # of the iteration of findTransformECC
GAIN = 1.02  # how many times better the pictures must match for a motion to be believed
KEPT = 0.6  # share of the pixels, those that match best, by which exposure and match are judged
ROUNDS = 3


class Alignment(NamedTuple):
    """A picture as another camera position and exposure would have shown it.

    Attributes
    ----------
    picture : (H, W, 3) float32, sRGB-coded
    inside : (H, W) bool, pixels that the moved picture covers
    shift : how far the middle of the picture moved, in pixels
    gains : (3,) float64, of each channel's light
    """

    picture: np.ndarray
    inside: np.ndarray
    shift: float
    gains: np.ndarray


def align(picture: np.ndarray, target: np.ndarray) -> Alignment:
    """Move a picture a little and change its exposure so that most of it equals the target.

    Parameters
    ----------
    picture, target : (H, W, 3) float32 of one size, sRGB-coded
        Some of the target may show something else, such as a subject.

    Returns
    -------
    Alignment
        Unmoved where no motion makes the pictures match better, as on a flat wall.

    References
    ----------
    Evangelidis and Psarakis, "Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization", 2008.
    """
    height, width = target.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small, wanted = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (picture, target))
    matrix = _motion(small, wanted)
    matrix[:, 2] *= width / size[0], height / size[1]
    identity = np.array_equal(matrix, np.eye(2, 3, dtype=np.float32))
    moved = picture if identity else _warped(picture, matrix, (height, width))
    inside = np.ones((height, width), bool) if identity else _warped(np.ones((height, width)), matrix, None) > 0.999
    gains, offsets = _exposure(decode_srgb(_warped(small, _motion_of(matrix, size, (width, height)), size[::-1])),
                               decode_srgb(wanted))  # fmt: skip
    light = np.maximum(decode_srgb(moved) * np.float32(gains) + np.float32(offsets), 0)
    middle = matrix @ np.float32([width / 2, height / 2, 1]) - (width / 2, height / 2)
    return Alignment(encode_srgb(light), inside, float(np.hypot(*middle)), gains)


def _motion_of(matrix: np.ndarray, size: tuple[int, int], full: tuple[int, int]) -> np.ndarray:
    """Return the motion of a reduced picture, given that of the full one."""
    reduced = matrix.copy()
    reduced[:, 2] *= size[0] / full[0], size[1] / full[1]
    return reduced


def _motion(picture: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the affine matrix (2, 3) that maps the target's positions to the picture's; the identity if in doubt."""
    matrix = np.eye(2, 3, dtype=np.float32)
    best = _mismatch(picture, target)
    mask = np.full(target.shape[:2], 255, np.uint8)
    for kind in (cv2.MOTION_TRANSLATION, cv2.MOTION_TRANSLATION, cv2.MOTION_AFFINE):
        grey = [cv2.cvtColor(np.clip(each, 0, 1).astype(np.float32), cv2.COLOR_RGB2GRAY) for each in (target, picture)]
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, STEPS, ACCURACY)
        try:
            _, found = cv2.findTransformECC(*grey, matrix.copy(), kind, criteria, mask, 5)
        except cv2.error:  # it does not converge: nothing to hold on to
            break
        moved = _warped(picture, found, target.shape[:2])
        error = _mismatch(moved, target)
        if error * GAIN < best:
            matrix, best = found, error
        gains, offsets = _exposure(moved, target)
        off = np.abs(moved * gains + offsets - target).max(2)
        mask = (off <= max(np.quantile(off, KEPT), 1e-6)).astype(np.uint8) * 255
    return matrix


def _warped(picture: np.ndarray, matrix: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Return a picture in the target's position; beyond its rim it is mirrored, or 0 without a size (H, W)."""
    height, width = picture.shape[:2]
    border = cv2.BORDER_CONSTANT if size is None else cv2.BORDER_REFLECT
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=border)


def _mismatch(picture: np.ndarray, target: np.ndarray) -> float:
    """Mean absolute difference of the pixels that match best, once exposures are equal."""
    gains, offsets = _exposure(picture, target)
    off = np.abs(picture * gains + offsets - target).max(2).ravel()
    count = max(1, int(KEPT * off.size))
    return float(np.partition(off, count - 1)[:count].mean())


def _exposure(picture: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gain and offset (3,) of each channel, from the pixels that match best: trimmed least squares."""
    x, y = picture.reshape(-1, 3).astype(np.float64), target.reshape(-1, 3).astype(np.float64)
    gains, offsets = np.median(y / np.maximum(x, 1e-3), axis=0), np.zeros(3)
    for _ in range(ROUNDS):
        off = np.abs(x * gains + offsets - y).max(1)
        kept = off <= np.quantile(off, KEPT)
        centre_x, centre_y = x[kept].mean(0), y[kept].mean(0)
        spread = ((x[kept] - centre_x) ** 2).mean(0)
        # The ratio of means, unless contrast tells more: flat pictures have no slope.
        weight = 1e-4
        slope = ((x[kept] - centre_x) * (y[kept] - centre_y)).mean(0) + weight * centre_y / np.maximum(centre_x, 1e-3)
        gains = slope / (spread + weight)
        offsets = centre_y - gains * centre_x
    return gains, offsets
