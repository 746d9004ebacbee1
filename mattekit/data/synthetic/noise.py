"""Smooth random fields: what textures, clouds and bent outlines are made of."""

from collections.abc import Sequence

import cv2
import numpy as np

Size = tuple[int, int]


def smooth(rng: np.random.Generator, size: Size, period: float, channels: int = 1) -> np.ndarray:
    """Random field whose bumps are about `period` pixels apart.

    Returns
    -------
    (H, W) float32, or (H, W, channels) for more than one; about -1..1, mean near 0
    """
    height, width = size
    grid = (max(2, round(height / period)) + 3, max(2, round(width / period)) + 3)
    values = rng.uniform(-1, 1, (*grid, channels)).astype(np.float32)
    # Read through a random offset, so that the grid's own lattice is nowhere in particular.
    shift = rng.uniform(0, 1, 2)
    step = (grid[0] - 3) / height, (grid[1] - 3) / width
    matrix = np.array([[step[1], 0, 1 + shift[1]], [0, step[0], 1 + shift[0]]], np.float32)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(values, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)


def octaves(
    rng: np.random.Generator, size: Size, period: float, *, persistence: float = 0.5, finest: float = 2.0
) -> np.ndarray:
    """Sum of `smooth` fields of halving period, each `persistence` times as strong as the one before.

    Returns
    -------
    (H, W) float32, about -1..1
    """
    total, weight, strength = np.zeros(size, np.float32), 0.0, 1.0
    while period >= finest:
        total += strength * smooth(rng, size, period)
        weight += strength * strength
        strength *= persistence
        period /= 2
    return total / np.float32(max(weight, 1e-6) ** 0.5)


def warped(field: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Read a field at positions moved by `shift` (H, W, 2), in pixels (x, y); mirrored at the borders."""
    height, width = field.shape[:2]
    x = np.arange(width, dtype=np.float32)[None, :] + shift[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + shift[..., 1]
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def coordinates(size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Rows (H, 1) and columns (1, W) of the pixel centres, float32."""
    height, width = size
    return np.arange(height, dtype=np.float32)[:, None] + 0.5, np.arange(width, dtype=np.float32)[None, :] + 0.5


def unit(size: Sequence[int]) -> float:
    """Scale of a picture: 1 for 512 x 512. Lengths grow with it; strands are as thin in large pictures as in small."""
    return float((size[0] * size[1]) ** 0.5 / 512)
