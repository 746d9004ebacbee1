"""A picture brought into the position and exposure of another one of the same view."""

from typing import NamedTuple

import cv2
import numpy as np

from mattekit.imaging.codecs.exr import decode_srgb, encode_srgb

SIDE = 480  # pixels of the reduced pictures that are aligned
STEPS, ACCURACY = 60, 1e-5  # of the iteration of findTransformECC
GAIN = 1.02  # how many times better the pictures must match for a motion to be believed
KEPT = 0.4  # share of the pixels, those that match best, by which a match is judged
DARK, LEGIBLE = 1e-4, 0.1  # light has a ratio from the one on, and values tell it well from the other on
CLOSE = 0.15  # logarithms of ratios this far apart are of one mode


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
    gains = _gains(_warped(small, _motion_of(matrix, size, (width, height)), size[::-1]), wanted)
    middle = matrix @ np.float32([width / 2, height / 2, 1]) - (width / 2, height / 2)
    return Alignment(_exposed(moved, gains), inside, float(np.hypot(*middle)), gains)


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
        off = np.abs(_exposed(moved, _gains(moved, target)) - target).max(2)
        mask = (off <= max(np.quantile(off, KEPT), 1e-6)).astype(np.uint8) * 255
    return matrix


def _warped(picture: np.ndarray, matrix: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Return a picture in the target's position; beyond its rim it is mirrored, or 0 without a size (H, W)."""
    height, width = picture.shape[:2]
    border = cv2.BORDER_CONSTANT if size is None else cv2.BORDER_REFLECT
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(picture, matrix, (width, height), flags=flags, borderMode=border)


def _exposed(picture: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Return a picture with each channel's light multiplied by a gain."""
    return encode_srgb(np.maximum(decode_srgb(picture), 0) * np.float32(gains))


def _mismatch(picture: np.ndarray, target: np.ndarray) -> float:
    """Mean absolute difference of the pixels that match best, once exposures are equal."""
    off = np.abs(_exposed(picture, _gains(picture, target)) - target).max(2).ravel()
    count = max(1, int(KEPT * off.size))
    return float(np.partition(off, count - 1)[:count].mean())


def _gains(picture: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Ratio (3,) of the light of each channel that most pixels have: whatever else a subject has, it is no mode."""
    ratios = np.log(np.maximum(decode_srgb(target), DARK) / np.maximum(decode_srgb(picture), DARK))
    seen = (target > LEGIBLE) & (picture > LEGIBLE) & (target < 1) & (picture < 1)
    gains = np.ones(3)
    for channel in range(3):
        found = ratios[..., channel][seen[..., channel]]
        if not found.size:
            continue
        counts, edges = np.histogram(found, 81, (-2.5, 2.5))
        smooth = np.convolve(counts, [1, 2, 3, 2, 1], "same")
        peak = smooth.argmax()
        close = found[np.abs(found - (edges[peak] + edges[peak + 1]) / 2) < CLOSE]
        gains[channel] = np.exp(np.median(close if close.size else found))
    return gains
