"""Lace, tulle and veils: cloth whose weave lets part of the light through."""

import numpy as np

from mattekit.synthetic import draws, layers, palette, shapes
from mattekit.synthetic.noise import Size, coordinates, octaves, step, unit
from mattekit.synthetic.texture import shading


def lace(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Piece of lace or veil; a layer (H, W, 4)."""
    scale = unit(size)
    bend = octaves(rng, size, 200 * scale, finest=60.0, channels=2) * np.float32(rng.uniform(5, 60) * scale)
    u, v = _cloth(rng, size, bend)
    mesh = _mesh(rng, u, v, draws.log_uniform(rng, 4, 16) * scale)
    motif = _motif(rng, u, v, rng.uniform(50, 140) * scale)
    sheer = rng.uniform(0.03, 0.5) if rng.random() < 0.6 else 0.0  # finer weave than the picture shows
    folds = 0.5 + octaves(rng, size, rng.uniform(40, 160) * scale, finest=30.0)
    alpha = 1 - (1 - np.clip(sheer * (0.6 + 0.8 * folds), 0, 0.9)) * (1 - mesh) * (1 - motif)
    if rng.random() < 0.7:
        alpha = alpha * _piece(rng, size)
    colour = palette.draw(rng, 1, ("cream", "cream", "grey", "dark", "vivid", "sky"))[0]
    shade = (0.7 + 0.4 * folds + 0.15 * motif)[..., None]
    return layers.filled(np.clip(colour * shade * shading(rng, size), 0, 1), np.clip(alpha, 0, 1))


def _cloth(rng: np.random.Generator, size: Size, bend: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (H, W) on the bent cloth, in pixels."""
    y, x = coordinates(size)
    angle = rng.uniform(0, np.pi)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y = x + bend[..., 0], y + bend[..., 1]
    return c * x + s * y, c * y - s * x


def _mesh(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, gap: float) -> np.ndarray:
    """Threads around round or square holes; alpha (H, W), softened over a pixel."""
    pace = np.float32(np.pi / gap)
    width = np.float32(np.clip(gap * rng.uniform(0.12, 0.3), 0.6, 5))
    if rng.random() < 0.5:
        near = np.minimum(np.abs(np.sin(pace * u)), np.abs(np.sin(pace * v))) / pace
    else:
        near = np.abs(np.cos(pace * (u + v)) + np.cos(pace * (u - v))) / (2 * pace)
    return np.clip(0.5 * width - near + 0.5, 0, 1) * np.float32(rng.uniform(0.5, 1.0))


def _motif(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, period: float) -> np.ndarray:
    """Flowers in rows, dense and with an outline; alpha (H, W). Cloth without them gives zeros."""
    if rng.random() < 0.35:
        return np.zeros_like(u)
    row = np.floor(v / np.float32(period))
    x = (u / np.float32(period) + 0.5 * (row % 2)) % 1 - np.float32(0.5)
    y = (v / np.float32(period)) % 1 - np.float32(0.5)
    radius, angle = np.hypot(x, y) * np.float32(period), np.arctan2(y, x)
    petals = int(rng.integers(4, 9))
    rim = np.float32(0.3 * period) * (1 + 0.35 * np.cos(petals * angle))
    edge = np.clip(2.5 - np.abs(radius - rim), 0, 1)
    veins = step(np.abs(np.cos(petals * 1.5 * angle)), 0.1, 0.5)
    return np.maximum(edge, np.clip(rim - radius, 0, 1) * (0.45 + 0.5 * veins)).astype(np.float32)


def _piece(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Outline of a piece, often scalloped."""
    distance = shapes.body(rng, size)
    y, x = coordinates(size)
    scallops = np.float32(draws.pick(rng, [0.0, 5.0])) * np.abs(np.sin((x + y) * np.float32(0.12 / unit(size))))
    return shapes.coverage(distance + scallops)
