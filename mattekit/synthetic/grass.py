"""Grass: blades, stalks with ears, tufts."""

import numpy as np

from mattekit.synthetic import layers, palette, strands
from mattekit.synthetic.noise import Size, unit
from mattekit.synthetic.strands import Strands

JOINTS = 10
GREENS = ("foliage", "foliage", "foliage", "blond", "stone", "vivid")


def grass(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Blades and stalks that grow from below; a layer (H, W, 4)."""
    scale = unit(size)
    colours = palette.draw(rng, 5, GREENS, spread=0.5)
    count = int(rng.uniform(120, 700))
    length = size[0] * rng.uniform(0.35, 0.9)
    roots = _roots(rng, size, count)
    blades = _blades(rng, roots, length, colours, rng.uniform(1.5, 7) * scale, rng.uniform(0.1, 0.45))
    parts = [strands.paint(blades, size, slant=rng.uniform(-0.3, 0.3), round_off=rng.uniform(0, 0.4))]
    if rng.random() < 0.6:
        stalks = _stalks(rng, _roots(rng, size, int(rng.integers(5, 40))), length * 1.15, colours)
        parts.insert(int(rng.integers(2)), strands.paint(stalks, size, round_off=0.3))
    return layers.over(*parts)


def _roots(rng: np.random.Generator, size: Size, count: int) -> np.ndarray:
    """Roots in tufts along the lower edge."""
    tufts = rng.uniform(-0.05, 1.05, int(rng.integers(1, 12))) * size[1]
    spread = rng.uniform(0.02, 0.3) * size[1]
    x = rng.choice(tufts, count) + rng.normal(0, spread, count)
    y = size[0] * rng.uniform(0.9, 1.08, count)
    return np.stack([x, np.sort(y)], 1)


def _blades(
    rng: np.random.Generator, roots: np.ndarray, length: float, colours: np.ndarray, width: float, spread: float
) -> Strands:
    count, lean = len(roots), rng.normal(0, 0.2)
    angle = -np.pi / 2 + lean + rng.normal(0, spread, count)
    reach = length * rng.uniform(0.3, 1, count)
    points = strands.grow(
        rng, roots, angle, reach, joints=JOINTS, bend=rng.uniform(0.2, 0.9), gravity=rng.uniform(0, 0.5)
    )
    colour = colours[rng.integers(0, len(colours), count)]
    widths = width * rng.lognormal(0, 0.3, count)
    lit = strands.light(rng, points, colour, gloss=rng.uniform(0, 0.3), depth=0.55)
    return Strands(points, strands.taper(widths, JOINTS, tip=0.05, root=0.6), lit, np.ones(count))


def _stalks(rng: np.random.Generator, roots: np.ndarray, length: float, colours: np.ndarray) -> Strands:
    """Thin stalks, with grains and awns that leave them near the tip."""
    stalks = _blades(rng, roots, length, colours, rng.uniform(0.9, 2.2), 0.15)
    stalks.radius[:] = np.maximum(stalks.radius, 0.35)
    grains = int(rng.integers(8, 30))
    t = np.tile(np.linspace(0.72, 0.99, grains), len(roots)) * (JOINTS - 1)
    owner, place = np.repeat(np.arange(len(roots)), grains), t.astype(int)
    part = (t - place)[:, None]
    here, there = stalks.points[owner, place], stalks.points[owner, np.minimum(place + 1, JOINTS - 1)]
    along = np.arctan2(*(there - here).T[::-1])
    side = np.where(np.arange(len(owner)) % 2, 1, -1) * rng.uniform(0.2, 0.9)
    points = strands.grow(
        rng, here + part * (there - here), along + side + rng.normal(0, 0.15, len(owner)),
        rng.uniform(6, 26) * rng.uniform(0.6, 1, len(owner)), joints=JOINTS, bend=0.3,
    )  # fmt: skip
    shape = np.concatenate([np.sin(np.linspace(0.2, np.pi, JOINTS - 3)), [0.1, 0.1, 0.1]]).astype(np.float32)
    radius = np.maximum(rng.uniform(0.5, 2.5) * shape, 0.2)[None].repeat(len(owner), 0)
    grain = Strands(points, radius, strands.light(rng, points, colours[owner % 2]), np.ones(len(owner)))
    return strands.joined(stalks, grain)
