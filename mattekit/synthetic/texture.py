"""Textures: patterns of a few colours, with grain and soft shading."""

from collections.abc import Sequence

import numpy as np

from mattekit.synthetic import draws, palette
from mattekit.synthetic.noise import Size, coordinates, octaves, slope, step, unit


def texture(rng: np.random.Generator, size: Size, families: Sequence[str] = (), *, contrast: float = 1.0) -> np.ndarray:
    """Draw a texture.

    Parameters
    ----------
    families : of `palette.FAMILIES`, to draw its colours from.
    contrast : 0..1; less brings its colours together.

    Returns
    -------
    (H, W, 3) float32, RGB in 0..1
    """
    pattern = PATTERNS[int(rng.integers(len(PATTERNS)))](rng, size)
    stops = palette.draw(rng, int(rng.integers(2, 5)), families)
    if rng.random() < 0.3:  # two colours that have nothing to do with one another
        stops[-1] = palette.draw(rng, 1)[0]
    stops = stops.mean(0) + contrast * (stops - stops.mean(0))
    grain = draws.pick(rng, [0.0, 0.08, 0.25]) * octaves(rng, size, rng.uniform(3, 10), persistence=0.8, finest=1.5)
    return np.clip(_ramp(pattern, stops) * (1 + grain[..., None]), 0, 1)


def shading(rng: np.random.Generator, size: Size, strength: float = 0.35) -> np.ndarray:
    """Factor of soft light and shade over a picture, (H, W, 1) float32 around 1."""
    uneven = octaves(rng, size, 250 * unit(size), finest=100 * unit(size))
    return np.clip(1 + strength * (slope(rng, size) + 0.8 * uneven), 0.2, 2)[..., None]


def _ramp(pattern: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Colours (H, W, 3) of a pattern (H, W) in 0..1 by a ramp through `stops` (n, 3)."""
    levels = np.linspace(0, 1, 512)
    places = np.linspace(0, 1, len(stops))
    table = np.stack([np.interp(levels, places, channel) for channel in stops.T], 1).astype(np.float32)
    return np.take(table, (np.clip(pattern, 0, 1) * 511).astype(np.int32), axis=0)


def _axes(rng: np.random.Generator, size: Size, period: float, bend: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Turned coordinates (H, W) in periods; `bend` lets them wander by that many periods."""
    y, x = coordinates(size)
    angle = rng.uniform(0, np.pi)
    c, s = np.float32(np.cos(angle) / period), np.float32(np.sin(angle) / period)
    u, v = c * x + s * y, c * y - s * x
    if bend:
        shift = octaves(rng, size, 150 * unit(size), finest=40 * unit(size), channels=2) * np.float32(bend)
        u, v = u + shift[..., 0], v + shift[..., 1]
    return u, v


def _wave(u: np.ndarray, hardness: float) -> np.ndarray:
    """Periodic 0..1 along u, from a sine to hard bands."""
    return np.clip(0.5 + (0.5 + hardness) * np.sin(2 * np.pi * u), 0, 1)


def mottled(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Clouds, marble, foliage from afar."""
    field = octaves(rng, size, rng.uniform(15, 150) * unit(size), persistence=rng.uniform(0.4, 0.95), finest=2.0)
    return 0.5 + rng.uniform(0.4, 1.0) * field


def stripes(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Straight or wandering bands."""
    u, _ = _axes(rng, size, rng.uniform(6, 70) * unit(size), draws.pick(rng, [0.0, 0.3, 1.5]))
    return _wave(u, draws.pick(rng, [0.0, 1.0, 6.0]))


def checks(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Woven squares."""
    u, v = _axes(rng, size, rng.uniform(8, 60) * unit(size), draws.pick(rng, [0.0, 0.3]))
    hardness = draws.pick(rng, [0.5, 6.0])
    return 0.5 * (_wave(u, hardness) + _wave(v, hardness))


def dots(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Spots in rows."""
    u, v = _axes(rng, size, rng.uniform(8, 50) * unit(size), draws.pick(rng, [0.0, 0.4]))
    return step(np.sin(2 * np.pi * u) * np.sin(2 * np.pi * v), rng.uniform(0, 0.4), 0.6)


def knitted(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Columns of slanted stitches."""
    u, v = _axes(rng, size, rng.uniform(7, 28) * unit(size), draws.pick(rng, [0.15, 0.5]))
    column = u - np.floor(u)
    stitch = np.abs(np.sin(np.pi * (1.6 * v + 0.9 * np.abs(column - 0.5))))
    return 0.25 + 0.6 * stitch * np.sin(np.pi * np.abs(2 * column - 1)) + 0.15 * octaves(rng, size, 60 * unit(size))


def patches(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Areas of one colour each, with hard outlines."""
    field = octaves(rng, size, rng.uniform(40, 200) * unit(size), persistence=0.5, finest=6.0)
    count = int(rng.integers(3, 7))
    return np.floor((0.5 + field) * count) / count


PATTERNS = (mottled, mottled, stripes, checks, dots, knitted, patches)
