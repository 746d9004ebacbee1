"""Glass, plastic film, ice and bubbles: bodies that are seen through, more at the middle than at the rim."""

import numpy as np

from mattekit.synthetic import layers, palette, shapes
from mattekit.synthetic.noise import Size, octaves, step, unit
from mattekit.synthetic.texture import shading, texture


def glass(rng: np.random.Generator, size: Size) -> np.ndarray:
    """See-through body with highlights, perhaps with something solid in it; a layer (H, W, 4)."""
    distance = shapes.body(rng, size, (shapes.vessel, shapes.vessel, shapes.blob, shapes.ring, shapes.polygon))
    inside = shapes.coverage(distance)
    wall = rng.uniform(6, 60) * unit(size)
    rim = np.exp(-np.maximum(distance, 0) / np.float32(wall))
    clear, edge = rng.uniform(0.08, 0.45), rng.uniform(0.3, 0.95)
    uneven = octaves(rng, size, rng.uniform(30, 250) * unit(size), finest=10.0)
    body = np.clip(clear + (edge - clear) * rim + rng.uniform(0, 0.3) * uneven, 0.03, 0.98)
    tint = palette.draw(rng, 2, ("grey", "grey", "sky", "foliage", "vivid", "dark", "cream"), spread=0.5)
    colour = (tint[0] + rim[..., None] * (tint[1] - tint[0])) * shading(rng, size)
    layer = layers.filled(np.clip(colour, 0, 1), body * inside)
    layer = layers.over(layers.filled(np.ones(3, np.float32), _highlights(rng, distance) * inside), layer)
    if rng.random() < 0.35:
        layer = layers.over(layer, _content(rng, distance))
    if rng.random() < 0.25:  # a label, a cap, a handle
        part = np.minimum(shapes.body(rng, size, (shapes.polygon, shapes.ring)), distance)
        layer = layers.over(layers.filled(texture(rng, size), shapes.coverage(part)), layer)
    return layer


def _highlights(rng: np.random.Generator, distance: np.ndarray) -> np.ndarray:
    """Reflections that follow the outline, and streaks; alpha (H, W)."""
    size, scale = distance.shape, unit(distance.shape)
    total = np.zeros(size, np.float32)
    for _ in range(rng.integers(1, 4)):
        depth, width = rng.uniform(3, 50) * scale, rng.uniform(1, 8) * scale
        where = step(octaves(rng, size, 120 * scale, finest=50.0), -0.1, 0.5)
        total = np.maximum(total, np.exp(-np.square((distance - depth) / width)) * where * rng.uniform(0.3, 1))
    if rng.random() < 0.5:  # crumpled film, cut facets
        ridges = np.abs(octaves(rng, size, rng.uniform(25, 120) * scale, finest=8.0))
        total = np.maximum(total, (1 - step(ridges, 0.0, rng.uniform(0.05, 0.2))) * rng.uniform(0.2, 0.8))
    return np.clip(total, 0, 1)


def _content(rng: np.random.Generator, distance: np.ndarray) -> np.ndarray:
    """Liquid up to a level, or a body behind the glass."""
    size = distance.shape
    colour = texture(rng, size, contrast=0.4)
    if rng.random() < 0.5:
        level = np.arange(size[0], dtype=np.float32)[:, None] - size[0] * rng.uniform(0.35, 0.7)
        inner = np.minimum(distance - 5 * unit(size), level)
        return layers.filled(colour, shapes.coverage(inner) * np.float32(rng.uniform(0.4, 1)))
    return layers.filled(colour, shapes.coverage(shapes.body(rng, size)))
