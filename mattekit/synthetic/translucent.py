"""Translucent foregrounds: glass, plastic film, ice and bubbles; smoke, steam, mist and fire."""

import numpy as np

from mattekit.synthetic import layers, shapes
from mattekit.synthetic.noise import Size, coordinates, octaves, slope, step, unit, warped
from mattekit.synthetic.texture import draw_colours, shading, texture


def glass(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a transparent body with highlights, more opaque at its rim, perhaps with content; a layer (H, W, 4)."""
    distance = shapes.body(rng, size, (shapes.vessel, shapes.vessel, shapes.blob, shapes.ring, shapes.polygon))
    inside = shapes.coverage(distance)
    wall = rng.uniform(6, 60) * unit(size)
    rim = np.exp(-np.maximum(distance, 0) / np.float32(wall))
    clear, edge = rng.uniform(0.08, 0.45), rng.uniform(0.3, 0.95)
    uneven = octaves(rng, size, rng.uniform(30, 250) * unit(size), finest=10.0)
    body = np.clip(clear + (edge - clear) * rim + rng.uniform(0, 0.3) * uneven, 0.03, 0.98)
    tint = draw_colours(rng, 2, ("grey", "grey", "sky", "foliage", "vivid", "dark", "cream"), spread=0.5)
    colour = (tint[0] + rim[..., None] * (tint[1] - tint[0])) * shading(rng, size)
    layer = layers.fill(np.clip(colour, 0, 1), body * inside)
    layer = layers.over(layers.fill(np.ones(3, np.float32), _highlights(rng, distance) * inside), layer)
    if rng.random() < 0.35:
        layer = layers.over(layer, _content(rng, distance))
    if rng.random() < 0.25:  # a label, a cap, a handle
        part = np.minimum(shapes.body(rng, size, (shapes.polygon, shapes.ring)), distance)
        layer = layers.over(layers.fill(texture(rng, size), shapes.coverage(part)), layer)
    return layer


def _highlights(rng: np.random.Generator, distance: np.ndarray) -> np.ndarray:
    """Draw reflections that follow the outline, and streaks; alpha (H, W)."""
    size, scale = distance.shape, unit(distance.shape)
    total = np.zeros(size, np.float32)
    for _ in range(rng.integers(1, 4)):
        depth, width = rng.uniform(3, 50) * scale, rng.uniform(1, 8) * scale
        visible = step(octaves(rng, size, 120 * scale, finest=50.0), -0.1, 0.5)
        total = np.maximum(total, np.exp(-np.square((distance - depth) / width)) * visible * rng.uniform(0.3, 1))
    if rng.random() < 0.5:  # crumpled film, cut facets
        ridges = np.abs(octaves(rng, size, rng.uniform(25, 120) * scale, finest=8.0))
        total = np.maximum(total, (1 - step(ridges, 0.0, rng.uniform(0.05, 0.2))) * rng.uniform(0.2, 0.8))
    return np.clip(total, 0, 1)


def _content(rng: np.random.Generator, distance: np.ndarray) -> np.ndarray:
    """Draw liquid up to a level, or a body behind the glass; a layer (H, W, 4)."""
    size = distance.shape
    colour = texture(rng, size, contrast=0.4)
    if rng.random() < 0.5:
        level = np.arange(size[0], dtype=np.float32)[:, None] - size[0] * rng.uniform(0.35, 0.7)
        inner = np.minimum(distance - 5 * unit(size), level)
        return layers.fill(colour, shapes.coverage(inner) * np.float32(rng.uniform(0.4, 1)))
    return layers.fill(colour, shapes.coverage(shapes.body(rng, size)))


def smoke(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a plume, a puff or a bank of mist; a layer (H, W, 4)."""
    scale = unit(size)
    field = octaves(rng, size, rng.uniform(80, 220) * scale, persistence=rng.uniform(0.45, 0.7), finest=3.0)
    swirl = octaves(rng, size, 160 * scale, finest=25.0, channels=2) * np.float32(rng.uniform(20, 90) * scale)
    density = warped(0.5 + field, swirl) + 1.4 * DENSITIES[int(rng.integers(len(DENSITIES)))](rng, size) - 1.2
    if rng.random() < 0.3:  # wisps: the ridges of the field
        density = np.minimum(density, 1.1 - 2.2 * np.abs(warped(field, 1.5 * swirl)))
    thickness = rng.uniform(0.6, 4)
    alpha = (1 - np.exp(-thickness * np.maximum(density, 0))) * np.float32(rng.uniform(0.6, 1))
    colours = draw_colours(rng, 2, ("grey", "grey", "grey", "dark", "cream", "sky", "vivid"), spread=0.3)
    lit = step(density + 0.5 * octaves(rng, size, 60 * scale, finest=8.0), 0, rng.uniform(0.6, 1.5))[..., None]
    return layers.fill(np.clip(colours[0] + lit * (colours[1] - colours[0]), 0, 1), np.clip(alpha, 0, 1))


def _plume(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Return the density (H, W) of a plume that rises from below and widens."""
    y, x = coordinates(size)
    up = 1 - y / size[0]
    path = size[1] * (rng.uniform(0.25, 0.75) + rng.normal(0, 0.25) * up + 0.06 * np.sin(up * rng.uniform(4, 12)))
    width = size[1] * (0.05 + rng.uniform(0.1, 0.4) * up)
    return np.exp(-np.square((x - path) / width)) * (1 - rng.uniform(0, 0.6) * up)


def _puff(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Return the density (H, W) of one to four clouds."""
    y, x = coordinates(size)
    total = np.zeros(size, np.float32)
    for _ in range(rng.integers(1, 5)):
        cx, cy = rng.uniform(0.2, 0.8) * size[1], rng.uniform(0.2, 0.8) * size[0]
        wide, tall = rng.uniform(0.12, 0.35) * min(size), rng.uniform(0.12, 0.35) * min(size)
        total = np.maximum(total, np.exp(-np.square((x - cx) / wide) - np.square((y - cy) / tall)))
    return total


def _bank(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Return the density (H, W) of mist that covers one side of the picture."""
    return step(slope(rng, size), -0.5, 0.4)


DENSITIES = (_plume, _plume, _puff, _bank)
