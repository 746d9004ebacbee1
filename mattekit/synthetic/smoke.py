"""Smoke, steam, mist and fire: plumes of noise at many scales."""

import numpy as np

from mattekit.synthetic import layers, palette
from mattekit.synthetic.noise import Size, coordinates, octaves, slope, step, unit, warped


def smoke(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Plume, puff or bank of mist; a layer (H, W, 4)."""
    scale = unit(size)
    field = octaves(rng, size, rng.uniform(80, 220) * scale, persistence=rng.uniform(0.45, 0.7), finest=3.0)
    swirl = octaves(rng, size, 160 * scale, finest=25.0, channels=2) * np.float32(rng.uniform(20, 90) * scale)
    density = warped(0.5 + field, swirl) + 1.4 * SHAPES[int(rng.integers(len(SHAPES)))](rng, size) - 1.2
    if rng.random() < 0.3:  # wisps: the ridges of the field
        density = np.minimum(density, 1.1 - 2.2 * np.abs(warped(field, 1.5 * swirl)))
    thickness = rng.uniform(0.6, 4)
    alpha = (1 - np.exp(-thickness * np.maximum(density, 0))) * np.float32(rng.uniform(0.6, 1))
    colours = palette.draw(rng, 2, ("grey", "grey", "grey", "dark", "cream", "sky", "vivid"), spread=0.3)
    lit = step(density + 0.5 * octaves(rng, size, 60 * scale, finest=8.0), 0, rng.uniform(0.6, 1.5))[..., None]
    return layers.filled(np.clip(colours[0] + lit * (colours[1] - colours[0]), 0, 1), np.clip(alpha, 0, 1))


def _plume(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Rises from below and widens."""
    y, x = coordinates(size)
    up = 1 - y / size[0]
    path = size[1] * (rng.uniform(0.25, 0.75) + rng.normal(0, 0.25) * up + 0.06 * np.sin(up * rng.uniform(4, 12)))
    width = size[1] * (0.05 + rng.uniform(0.1, 0.4) * up)
    return np.exp(-np.square((x - path) / width)) * (1 - rng.uniform(0, 0.6) * up)


def _puff(rng: np.random.Generator, size: Size) -> np.ndarray:
    """One cloud or a few."""
    y, x = coordinates(size)
    total = np.zeros(size, np.float32)
    for _ in range(rng.integers(1, 5)):
        cx, cy = rng.uniform(0.2, 0.8) * size[1], rng.uniform(0.2, 0.8) * size[0]
        wide, tall = rng.uniform(0.12, 0.35) * min(size), rng.uniform(0.12, 0.35) * min(size)
        total = np.maximum(total, np.exp(-np.square((x - cx) / wide) - np.square((y - cy) / tall)))
    return total


def _bank(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Covers one side of the picture."""
    return step(slope(rng, size), -0.5, 0.4)


SHAPES = (_plume, _plume, _puff, _bank)
