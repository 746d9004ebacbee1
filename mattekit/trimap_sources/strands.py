"""Strands that leave the unknown band: thin lines that stand out from a smooth background, such as single hairs.

They are too thin for matting on a reduced picture, and often too far from the mask for its band.
"""

import cv2
import numpy as np

PIXELS = 480_000  # of the picture that lines are looked for on, about
WINDOW = 7  # pixels of the median that a line is compared with
NOISE_WINDOW = 31  # pixels of the reduced picture, around which the usual difference from the median is taken
CONTRAST, FLOOR = 1.5, 0.006  # a line differs by this many times the usual, and this much more
LENGTH = 8  # pixels of the reduced picture
FARTHEST = 0.22  # of the short side, from the mask's edge
LARGEST_NOISE = 0.25  # differences above count as this, so that noise is measured in 8 bits


def strands(contrast: np.ndarray, band: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Find lines in the background that touch a band.

    Parameters
    ----------
    contrast : (h, w) float32
        Of `line_contrast`.
    band : (h, w) bool
        The unknown band on a reduced picture.
    distance : (h, w) float32
        From the mask's edge in pixels of the background; 0 elsewhere.

    Returns
    -------
    (h, w) bool
        Pixels of lines, with one more around.
    """
    stands_out = contrast > CONTRAST * usual_contrast(contrast) + FLOOR
    lines = stands_out & (distance > 0) & (distance < FARTHEST * min(band.shape))
    lines = cv2.dilate(lines.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(lines, connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[band]] = True
    kept &= stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) > LENGTH
    kept[0] = False  # what is no line
    return kept[labels]


def usual_contrast(contrast: np.ndarray) -> np.ndarray:
    """Median (h, w) of a contrast in a wide window: that of noise and texture."""
    levels = np.rint(contrast.clip(0, LARGEST_NOISE) * (255 / LARGEST_NOISE)).astype(np.uint8)
    return cv2.medianBlur(levels, NOISE_WINDOW) * np.float32(LARGEST_NOISE / 255)


def line_contrast(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Difference (h, w) of a picture (H, W, 3) from its median in a small window, in the channel with the largest.

    In 0..1, for a reduced picture of the size (h, w).
    """
    scale = min(1.0, (PIXELS / (image.shape[0] * image.shape[1])) ** 0.5)
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    levels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    difference = cv2.absdiff(levels, cv2.medianBlur(levels, WINDOW)).max(axis=2).astype(np.float32)
    if difference.shape == size:  # means of several pixels, as reducing makes them, in which noise stands out less
        return cv2.blur(difference, (3, 3)) / 255
    return cv2.resize(difference, size[::-1], interpolation=cv2.INTER_AREA) / 255
