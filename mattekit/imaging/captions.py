"""Captions in pictures, set small enough to fit and never too small to read."""

import cv2
import numpy as np

FONT = cv2.FONT_HERSHEY_SIMPLEX
SCALES = (0.5, 0.45, 0.4)  # of the font, the first that fits: letters about 11 to 9 pixels high
LINE = 20  # pixels from line to line
NARROWEST = 176  # pixels; a line of two scores fits


def write(strip: np.ndarray, text: str, place: float = 0.5) -> None:
    """Write a line of text, black, over a strip of a picture.

    Parameters
    ----------
    strip : (20, W, 3) float32 RGB in 0..1, changed in place
    text : ASCII; what is too long is set smaller, then shortened in its middle.
    place : 0 at the left, 0.5 in the middle, 1 at the right.
    """
    height, width = strip.shape[:2]
    text, scale = fit(text, width)
    left = round((width - measure(text, scale)) * place)
    ink = np.zeros((height, width), np.uint8)  # text is smooth in pictures of 8 bits alone
    cv2.putText(ink, text, (left, height - 6), FONT, scale, 255, 1, cv2.LINE_AA)
    strip *= 1 - ink[..., None] / np.float32(255)


def fit(text: str, width: int) -> tuple[str, float]:
    """The text, perhaps shortened, and the scale at which it fits into so many pixels."""
    for scale in SCALES:
        if measure(text, scale) <= width:
            return text, scale
    for kept in range(len(text) - 1, 2, -1):
        shorter = f"{text[: (kept + 1) // 2]}...{text[len(text) - kept // 2 :]}"
        if measure(shorter, scale) <= width:
            return shorter, scale
    return "...", scale


def measure(text: str, scale: float) -> int:
    """Width of a text in pixels."""
    return cv2.getTextSize(text, FONT, scale, 1)[0][0]
