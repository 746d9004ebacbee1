"""Colours and textures: families of colours, patterns of a few of them, grain and soft shading."""

from collections.abc import Sequence

import numpy as np

from mattekit.synthetic.noise import Size, coordinates, octaves, pick, slope, step, unit

# Ranges of hue in degrees, saturation and value; foregrounds and backgrounds share them, so that both often look alike.
FAMILIES = {
    "skin": ((12, 32), (0.25, 0.65), (0.35, 0.95)),
    "brown": ((14, 36), (0.35, 0.8), (0.12, 0.55)),
    "blond": ((28, 48), (0.3, 0.75), (0.5, 0.95)),
    "dark": ((0, 360), (0.05, 0.4), (0.04, 0.25)),
    "grey": ((0, 360), (0.0, 0.12), (0.3, 0.95)),
    "cream": ((25, 60), (0.08, 0.35), (0.7, 1.0)),
    "foliage": ((55, 140), (0.3, 0.85), (0.15, 0.75)),
    "sky": ((185, 235), (0.1, 0.65), (0.45, 1.0)),
    "stone": ((15, 60), (0.08, 0.35), (0.25, 0.8)),
    "vivid": ((0, 360), (0.6, 1.0), (0.4, 1.0)),
    "any": ((0, 360), (0.0, 1.0), (0.0, 1.0)),
}


def draw_colours(
    rng: np.random.Generator, count: int, families: Sequence[str] = (), *, spread: float = 0.35
) -> np.ndarray:
    """Draw similar colours: all from one family, near one of its colours.

    Parameters
    ----------
    families : names to draw the family from; all if not given.
    spread : share of the family's range that the colours may cover.

    Returns
    -------
    (count, 3) float32, RGB in 0..1
    """
    names = list(families or FAMILIES)
    ranges = np.array(FAMILIES[names[int(rng.integers(len(names)))]], np.float64)
    middle = rng.random(3)
    places = np.clip(middle + spread * rng.uniform(-1, 1, (count, 3)), 0, 1)
    hue, saturation, value = (ranges[:, 0] + places * (ranges[:, 1] - ranges[:, 0])).T
    sextant = np.array([5.0, 3.0, 1.0])  # of the hue circle where red, green and blue are largest
    k = (sextant + hue[:, None] / 60) % 6
    rgb = value[:, None] * (1 - saturation[:, None] * np.clip(np.minimum(k, 4 - k), 0, 1))
    return rgb.astype(np.float32)


def texture(rng: np.random.Generator, size: Size, families: Sequence[str] = (), *, contrast: float = 1.0) -> np.ndarray:
    """Draw a texture.

    Parameters
    ----------
    families : names in `FAMILIES` to draw the colours from; all if not given.
    contrast : 0..1; lower values bring the colours together.

    Returns
    -------
    (H, W, 3) float32, RGB in 0..1
    """
    pattern = PATTERNS[int(rng.integers(len(PATTERNS)))](rng, size)
    stops = draw_colours(rng, int(rng.integers(2, 5)), families)
    if rng.random() < 0.3:  # one colour that is unrelated to the others
        stops[-1] = draw_colours(rng, 1)[0]
    stops = stops.mean(0) + contrast * (stops - stops.mean(0))
    grain = pick(rng, [0.0, 0.08, 0.25]) * octaves(rng, size, rng.uniform(3, 10), persistence=0.8, finest=1.5)
    return np.clip(_colour_map(pattern, stops) * (1 + grain[..., None]), 0, 1)


def shading(rng: np.random.Generator, size: Size, strength: float = 0.35) -> np.ndarray:
    """Draw a factor for soft light and shade over a picture, (H, W, 1) float32 around 1."""
    uneven = octaves(rng, size, 250 * unit(size), finest=100 * unit(size))
    return np.clip(1 + strength * (slope(rng, size) + 0.8 * uneven), 0.2, 2)[..., None]


def _colour_map(pattern: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Map a pattern (H, W) in 0..1 to colours (H, W, 3) by a gradient through `stops` (n, 3)."""
    levels = np.linspace(0, 1, 512)
    places = np.linspace(0, 1, len(stops))
    table = np.stack([np.interp(levels, places, channel) for channel in stops.T], 1).astype(np.float32)
    return np.take(table, (np.clip(pattern, 0, 1) * 511).astype(np.int32), axis=0)


def _rotated(rng: np.random.Generator, size: Size, period: float, bend: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Draw rotated coordinates (H, W) in units of `period`, displaced by up to about `bend` periods."""
    y, x = coordinates(size)
    angle = rng.uniform(0, np.pi)
    c, s = np.float32(np.cos(angle) / period), np.float32(np.sin(angle) / period)
    u, v = c * x + s * y, c * y - s * x
    if bend:
        shift = octaves(rng, size, 150 * unit(size), finest=40 * unit(size), channels=2) * np.float32(bend)
        u, v = u + shift[..., 0], v + shift[..., 1]
    return u, v


def _wave(u: np.ndarray, hardness: float) -> np.ndarray:
    """Return a periodic function of u in 0..1, from a sine to hard bands."""
    return np.clip(0.5 + (0.5 + hardness) * np.sin(2 * np.pi * u), 0, 1)


def mottled(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw clouds, marble or distant foliage."""
    field = octaves(rng, size, rng.uniform(15, 150) * unit(size), persistence=rng.uniform(0.4, 0.95), finest=2.0)
    return 0.5 + rng.uniform(0.4, 1.0) * field


def stripes(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw straight or wavy bands."""
    u, _ = _rotated(rng, size, rng.uniform(6, 70) * unit(size), pick(rng, [0.0, 0.3, 1.5]))
    return _wave(u, pick(rng, [0.0, 1.0, 6.0]))


def checks(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw woven squares."""
    u, v = _rotated(rng, size, rng.uniform(8, 60) * unit(size), pick(rng, [0.0, 0.3]))
    hardness = pick(rng, [0.5, 6.0])
    return 0.5 * (_wave(u, hardness) + _wave(v, hardness))


def dots(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw spots in rows."""
    u, v = _rotated(rng, size, rng.uniform(8, 50) * unit(size), pick(rng, [0.0, 0.4]))
    return step(np.sin(2 * np.pi * u) * np.sin(2 * np.pi * v), rng.uniform(0, 0.4), 0.6)


def knitted(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw columns of slanted stitches."""
    u, v = _rotated(rng, size, rng.uniform(7, 28) * unit(size), pick(rng, [0.15, 0.5]))
    column = u - np.floor(u)
    stitch = np.abs(np.sin(np.pi * (1.6 * v + 0.9 * np.abs(column - 0.5))))
    return 0.25 + 0.6 * stitch * np.sin(np.pi * np.abs(2 * column - 1)) + 0.15 * octaves(rng, size, 60 * unit(size))


def patches(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw areas of uniform colour with hard outlines."""
    field = octaves(rng, size, rng.uniform(40, 200) * unit(size), persistence=0.5, finest=6.0)
    count = int(rng.integers(3, 7))
    return np.floor((0.5 + field) * count) / count


PATTERNS = (mottled, mottled, stripes, checks, dots, knitted, patches)
