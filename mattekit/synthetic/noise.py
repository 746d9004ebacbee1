"""Random numbers and smooth random fields, from which textures, clouds and bent outlines are made.

Numbers are plain floats: a NumPy double would turn every float32 picture it meets into doubles.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

Size = tuple[int, int]


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number between `low` and `high` whose logarithm is uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def pick(rng: np.random.Generator, values: Sequence[float]) -> float:
    """Draw one of the values uniformly."""
    return float(values[int(rng.integers(len(values)))])


def direction(rng: np.random.Generator) -> tuple[float, float]:
    """Draw the cosine and sine of a random angle."""
    angle = rng.uniform(0, 2 * math.pi)
    return math.cos(angle), math.sin(angle)


def octaves(
    rng: np.random.Generator,
    size: Size,
    period: float,
    *,
    persistence: float = 0.5,
    finest: float | None = None,
    channels: int = 1,
) -> np.ndarray:
    """Draw a field of value noise: bumps about `period` pixels apart, and octaves `persistence` times as strong each.

    Parameters
    ----------
    finest : period of the last octave in pixels; if not given, there is one octave.

    Returns
    -------
    (H, W) float32, or (H, W, channels) for more than one; mean near 0, standard deviation near 0.5
    """
    finest = period if finest is None else finest
    field, strength, power = None, 1.0, 0.0
    while field is None or period >= finest:
        grid = tuple(min(side, max(2, round(side / period)) + 1) for side in size)
        bumps = rng.random((*grid, channels), np.float32) * np.float32(2 * strength) - np.float32(strength)
        field = bumps if field is None else cv2.resize(field, grid[::-1], interpolation=cv2.INTER_CUBIC).reshape(
            *grid, channels) + bumps  # fmt: skip
        power += strength * strength / 3
        strength, period = strength * persistence, period / 2
    field = cv2.resize(field, size[::-1], interpolation=cv2.INTER_CUBIC)
    return field * np.float32(0.5 / power**0.5)


def warped(field: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Read a field at positions moved by `shift` (H, W, 2), in pixels (x, y); mirrored at the borders."""
    y, x = coordinates(field.shape[:2])
    where = (x - 0.5 + shift[..., 0], y - 0.5 + shift[..., 1])
    return cv2.remap(field, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def coordinates(size: Size) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows (H, 1) and columns (1, W) of the pixel centres, float32."""
    height, width = size
    return np.arange(height, dtype=np.float32)[:, None] + 0.5, np.arange(width, dtype=np.float32)[None, :] + 0.5


def slope(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a linear ramp in a random direction: (H, W) float32, about -0.5..0.5."""
    y, x = coordinates(size)
    c, s = direction(rng)
    return c * (x / size[1] - 0.5) + s * (y / size[0] - 0.5)


def step(field: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the smooth step: 0 below `low`, 1 above `high`, a cubic between."""
    t = np.clip((field - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return t * t * (3 - 2 * t)


def unit(size: Size) -> float:
    """Return the scale of a picture, 1 for 512 x 512, by which shapes grow; strands stay equally thin."""
    return float((size[0] * size[1]) ** 0.5 / 512)
