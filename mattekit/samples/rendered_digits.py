"""Digits and shapes drawn on demand: small grey images to rebuild where MNIST is not at hand.

Everything is drawn at four times the size and averaged, so that edges are as soft as those of scanned digits.
"""

import cv2
import numpy as np

SIZE = 28  # pixels a side, as MNIST has
FINE = 4  # drawn at this multiple of it
FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)
STREAMS = {"train": 0, "test": 1}  # of random numbers, so that no test image is a training image


def rendered_images(count: int, split: str = "train", *, seed: int = 0) -> np.ndarray:
    """Draw a set of images: digits, every other one a shape.

    Parameters
    ----------
    count : int
    split : "train" or "test"
    seed : int

    Returns
    -------
    (count, 28, 28) uint8, light on black; image i is the same whatever `count` is
    """
    images = np.empty((count, SIZE, SIZE), np.uint8)
    for i in range(count):
        rng = np.random.default_rng([seed, STREAMS[split], i])
        drawn = (digit if i % 2 == 0 else shape)(rng)
        images[i] = cv2.resize(drawn, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return images


def digit(rng: np.random.Generator) -> np.ndarray:
    """A digit in one of six fonts, of random thickness, turned, sheared and moved: (112, 112) uint8."""
    side = SIZE * FINE
    canvas, text, font = np.zeros((side, side), np.uint8), str(rng.integers(10)), FONTS[rng.integers(len(FONTS))]
    thickness = int(rng.integers(4, 13))
    (width, height), _ = cv2.getTextSize(text, font, 3, thickness)
    place = (side - width) // 2, (side + height) // 2
    cv2.putText(canvas, text, place, font, 3, int(rng.integers(180, 256)), thickness, cv2.LINE_AA)
    return cv2.warpAffine(canvas, _placement(rng, side), (side, side))


def shape(rng: np.random.Generator) -> np.ndarray:
    """An ellipse, polygon, star or some lines, filled or outlined, evenly lit or not: as `digit`."""
    side = SIZE * FINE
    canvas, light = np.zeros((side, side), np.uint8), int(rng.integers(128, 256))
    draw = SHAPES[rng.integers(len(SHAPES))]
    draw(canvas, rng, light, -1 if rng.random() < 0.5 else int(rng.integers(3, 13)))
    if rng.random() < 0.5:  # from dark to light along some direction
        angle = rng.uniform(0, 2 * np.pi)
        x = np.linspace(-0.35, 0.35, side, dtype=np.float32)
        canvas = (canvas * (0.65 + x * np.cos(angle) + x[:, None] * np.sin(angle)).clip(0, 1)).astype(np.uint8)
    return cv2.warpAffine(canvas, _placement(rng, side), (side, side))


def _ellipse(canvas: np.ndarray, rng: np.random.Generator, light: int, thickness: int) -> None:
    middle, axes = (canvas.shape[1] // 2, canvas.shape[0] // 2), rng.integers(13, 43, 2).tolist()
    cv2.ellipse(canvas, middle, axes, 0, 0, 360, light, thickness, cv2.LINE_AA)


def _star(canvas: np.ndarray, rng: np.random.Generator, light: int, thickness: int) -> None:
    """A polygon whose corners lie, by turns, on two circles; of one, if it is no star."""
    corners, outer = int(rng.integers(3, 9)), rng.uniform(22, 42)
    inner = outer if rng.random() < 0.5 else rng.uniform(0.3, 0.7) * outer
    turns = np.pi * np.arange(2 * corners) / corners
    radius = np.where(np.arange(2 * corners) % 2, inner * np.cos(np.pi / corners) if inner == outer else inner, outer)
    points = np.stack([np.cos(turns), np.sin(turns)], 1) * radius[:, None] + canvas.shape[0] / 2
    _polygon(canvas, points, light, thickness)


def _lines(canvas: np.ndarray, rng: np.random.Generator, light: int, thickness: int) -> None:
    for ends in rng.integers(10, canvas.shape[0] - 10, (int(rng.integers(2, 6)), 2, 2)).tolist():
        cv2.line(canvas, *ends, light, abs(thickness) + 2, cv2.LINE_AA)


def _polygon(canvas: np.ndarray, points: np.ndarray, light: int, thickness: int) -> None:
    points = np.rint(points).astype(np.int32)
    if thickness < 0:
        cv2.fillPoly(canvas, [points], light, cv2.LINE_AA)
    else:
        cv2.polylines(canvas, [points], True, light, thickness, cv2.LINE_AA)


SHAPES = (_ellipse, _star, _lines)


def _placement(rng: np.random.Generator, side: int) -> np.ndarray:
    """Turned up to 20 degrees, sheared, made larger or smaller and moved, about the middle: (2, 3)."""
    angle, shear, scale = np.radians(rng.uniform(-20, 20)), rng.uniform(-0.25, 0.25), rng.uniform(0.75, 1.1)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = scale * np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]])
    middle = np.full(2, side / 2)
    return np.hstack([turn, (middle - turn @ middle + rng.uniform(-8, 8, 2))[:, None]])
