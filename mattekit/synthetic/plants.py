"""Plants: branches with leaves, flowers, and grass."""

import numpy as np

from mattekit.synthetic import layers, shapes, strands
from mattekit.synthetic.noise import Size, unit
from mattekit.synthetic.strands import Strands
from mattekit.synthetic.texture import draw_colours, texture

JOINTS = 12
LEAVES = ("foliage", "foliage", "foliage", "vivid", "brown", "stone")
BLADE_JOINTS = 10
GREENS = ("foliage", "foliage", "foliage", "blond", "stone", "vivid")


def plant(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw branches with leaves, or flowers; a layer (H, W, 4)."""
    if rng.random() < 0.3:
        return _flower(rng, size)
    branches = _branches(rng, size)
    leaves = _leaves(rng, branches, unit(size))
    back, front = (Strands(*(a[i::2] for a in vars(leaves).values())) for i in (0, 1))
    shape = {"slant": rng.uniform(-0.4, 0.4), "round_off": rng.uniform(0, 0.5)}
    layer = strands.paint(front, size, **shape)
    layer = strands.paint(branches, size, front=layer, round_off=0.5, slant=0.3)
    layer = strands.paint(back, size, front=layer, **shape)
    if rng.random() < 0.35:
        pot = shapes.vessel(rng, size)
        pot[: int(0.7 * size[0])] = -1
        layer = layers.over(layer, layers.fill(texture(rng, size), shapes.coverage(pot)))
    return layer


def _branches(rng: np.random.Generator, size: Size) -> Strands:
    """Draw a few main branches, their twigs, and twigs of those."""
    scale, colour = unit(size), draw_colours(rng, 1, ("brown", "foliage", "stone", "dark"))
    side = rng.uniform(-np.pi, 0) if rng.random() < 0.5 else -np.pi / 2
    middle = np.array([size[1], size[0]]) / 2
    start = middle - np.array([np.cos(side), np.sin(side)]) * middle * 1.05
    count = int(rng.integers(1, 7))
    roots, angle = start + rng.normal(0, 0.12, (count, 2)) * middle, side + rng.normal(0, 0.35, count)
    length, width, drawn = size[0] * rng.uniform(0.5, 0.9), rng.uniform(2, 8) * scale, []
    for twigs in (int(rng.integers(3, 10)), int(rng.integers(2, 7)), 0):
        points = strands.grow(
            rng, roots, angle, length * rng.uniform(0.6, 1, len(roots)), joints=JOINTS, bend=0.4, wave=0.15
        )
        radius = strands.taper(width * rng.uniform(0.8, 1.2, len(roots)), JOINTS, tip=0.3)
        lit = strands.shade_strands(rng, points, colour.repeat(len(roots), 0), gloss=0.1, depth=0.2)
        drawn.append(Strands(points, radius, lit, np.ones(len(roots))))
        owner, place = np.repeat(np.arange(len(roots)), twigs), rng.integers(2, JOINTS - 1, len(roots) * twigs)
        roots, length, width = points[owner, place], length * rng.uniform(0.3, 0.5), max(0.55 * width, 0.9)
        along = points[owner, place] - points[owner, place - 1]
        angle = np.arctan2(along[:, 1], along[:, 0]) + rng.choice([-1, 1], len(owner)) * rng.uniform(0.4, 1, len(owner))
    return strands.join(*reversed(drawn))


def _leaves(rng: np.random.Generator, branches: Strands, scale: float) -> Strands:
    """Draw leaves or needles along the branches."""
    needles = rng.random() < 0.2
    count = int(rng.uniform(400, 1500)) if needles else int(rng.uniform(40, 260))
    owner, place = rng.integers(0, len(branches), count), rng.integers(2, JOINTS, count)
    roots = branches.points[owner, place]
    along = roots - branches.points[owner, place - 1]
    side = rng.choice([-1, 1], count) * rng.uniform(0.3, 1.2, count)
    length = scale * (rng.uniform(12, 35) if needles else rng.uniform(18, 80)) * rng.uniform(0.6, 1.1, count)
    points = strands.grow(
        rng, roots, np.arctan2(along[:, 1], along[:, 0]) + side, length, joints=JOINTS, bend=0.5,
        gravity=rng.uniform(0, 0.6),
    )  # fmt: skip
    relative_width = 0.02 if needles else rng.uniform(0.08, 0.3)
    turned = rng.uniform(0.3, 1, count) if not needles else np.ones(count)  # leaves seen from the side are narrow
    radius = np.maximum(_leaf(rng.uniform(0.5, 1.4))[None] * (relative_width * length * turned)[:, None], 0.3)
    colours = draw_colours(rng, 5, LEAVES, spread=0.5)
    lit = strands.shade_strands(rng, points, colours[rng.integers(0, 5, count)], gloss=rng.uniform(0, 0.4), depth=0.5)
    return Strands(points, radius, lit, np.ones(count))


def _leaf(lean: float) -> np.ndarray:
    """Return half widths (JOINTS,) of a leaf of width 2; `lean` below 1 puts the widest place near the stem."""
    t = np.linspace(0, 1, JOINTS) ** lean
    return np.sin(np.pi * np.clip(t, 0.02, 1)).astype(np.float32)


def _flower(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw one to three blossoms with rings of petals, on stalks; a layer (H, W, 4)."""
    parts = []
    for _ in range(rng.integers(1, 4)):
        centre = np.array([size[1] * rng.uniform(0.2, 0.8), size[0] * rng.uniform(0.25, 0.75)])
        radius = rng.uniform(70, 210) * unit(size)
        parts.append(_disc(rng, size, centre, radius * rng.uniform(0.12, 0.35)))
        parts.append(strands.paint(_petals(rng, centre, radius), size, round_off=0.3, slant=rng.uniform(-0.3, 0.3)))
    heads = layers.over(*parts)
    count = int(rng.integers(2, 6))
    roots = np.stack([size[1] * rng.uniform(0.3, 0.7, count), np.full(count, size[0] + 5.0)], 1)
    stalks = strands.grow(rng, roots, np.full(count, -np.pi / 2), np.full(count, 0.7 * size[0]), joints=JOINTS)
    colour = strands.shade_strands(rng, stalks, draw_colours(rng, count, ("foliage",)), depth=0.2)
    radius = strands.taper(rng.uniform(3, 12, count) * unit(size), JOINTS, tip=0.6)
    return strands.paint(Strands(stalks, radius, colour, np.ones(count)), size, front=heads, round_off=0.4)


def _petals(rng: np.random.Generator, centre: np.ndarray, radius: float) -> Strands:
    count, rings = int(rng.integers(10, 34)), int(rng.integers(1, 4))
    around = np.tile(np.linspace(0, 2 * np.pi, count, endpoint=False), rings) + rng.normal(0, 0.08, count * rings)
    shrink = np.repeat(np.linspace(1, 0.55, rings), count)
    length = radius * shrink * rng.uniform(0.85, 1.05, len(around))
    points = strands.grow(rng, np.tile(centre, (len(around), 1)), around, length, joints=JOINTS, bend=0.25)
    squash = np.array([1, rng.uniform(0.5, 1)], np.float32)
    points = (points - centre.astype(np.float32)) * squash + centre.astype(np.float32)
    wide = rng.uniform(0.8, 1.7) * np.pi / count
    radii = _leaf(rng.uniform(1.2, 2.2))[None] * (wide * length)[:, None]
    colours = draw_colours(rng, 3, ("vivid", "vivid", "cream", "sky"), spread=0.25)
    lit = strands.shade_strands(rng, points, colours[rng.integers(0, 3, len(around))], gloss=0.15, depth=0.45)
    return Strands(points, np.maximum(radii, 0.4), lit, np.ones(len(around)))


def _disc(rng: np.random.Generator, size: Size, centre: np.ndarray, radius: float) -> np.ndarray:
    distance = shapes.ellipse(size, tuple(centre), (radius, radius * rng.uniform(0.7, 1)), 0.0)
    rough = rng.normal(0, 1.5, size).astype(np.float32)
    return layers.fill(texture(rng, size, ("brown", "blond", "foliage", "dark")), shapes.coverage(distance + rough))


def grass(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw blades and stalks of grass that grow from below; a layer (H, W, 4)."""
    scale = unit(size)
    colours = draw_colours(rng, 5, GREENS, spread=0.5)
    count = int(rng.uniform(120, 700))
    length = size[0] * rng.uniform(0.35, 0.9)
    roots = _grass_roots(rng, size, count)
    blades = _blades(rng, roots, length, colours, rng.uniform(1.5, 7) * scale, rng.uniform(0.1, 0.45))
    parts = [strands.paint(blades, size, slant=rng.uniform(-0.3, 0.3), round_off=rng.uniform(0, 0.4))]
    if rng.random() < 0.6:
        stalks = _stalks(rng, _grass_roots(rng, size, int(rng.integers(5, 40))), length * 1.15, colours)
        parts.insert(int(rng.integers(2)), strands.paint(stalks, size, round_off=0.3))
    return layers.over(*parts)


def _grass_roots(rng: np.random.Generator, size: Size, count: int) -> np.ndarray:
    """Draw roots in tufts along the lower edge: (n, 2)."""
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
        rng, roots, angle, reach, joints=BLADE_JOINTS, bend=rng.uniform(0.2, 0.9), gravity=rng.uniform(0, 0.5)
    )
    colour = colours[rng.integers(0, len(colours), count)]
    widths = width * rng.lognormal(0, 0.3, count)
    lit = strands.shade_strands(rng, points, colour, gloss=rng.uniform(0, 0.3), depth=0.55)
    return Strands(points, strands.taper(widths, BLADE_JOINTS, tip=0.05, root=0.6), lit, np.ones(count))


def _stalks(rng: np.random.Generator, roots: np.ndarray, length: float, colours: np.ndarray) -> Strands:
    """Draw thin stalks with grains and awns near the tip."""
    stalks = _blades(rng, roots, length, colours, rng.uniform(0.9, 2.2), 0.15)
    stalks.radius[:] = np.maximum(stalks.radius, 0.35)
    grains = int(rng.integers(8, 30))
    t = np.tile(np.linspace(0.72, 0.99, grains), len(roots)) * (BLADE_JOINTS - 1)
    owner, place = np.repeat(np.arange(len(roots)), grains), t.astype(int)
    part = (t - place)[:, None]
    here, there = stalks.points[owner, place], stalks.points[owner, np.minimum(place + 1, BLADE_JOINTS - 1)]
    along = np.arctan2(*(there - here).T[::-1])
    side = np.where(np.arange(len(owner)) % 2, 1, -1) * rng.uniform(0.2, 0.9)
    points = strands.grow(
        rng, here + part * (there - here), along + side + rng.normal(0, 0.15, len(owner)),
        rng.uniform(6, 26) * rng.uniform(0.6, 1, len(owner)), joints=BLADE_JOINTS, bend=0.3,
    )  # fmt: skip
    shape = np.concatenate([np.sin(np.linspace(0.2, np.pi, BLADE_JOINTS - 3)), [0.1, 0.1, 0.1]]).astype(np.float32)
    radius = np.maximum(rng.uniform(0.5, 2.5) * shape, 0.2)[None].repeat(len(owner), 0)
    grain = Strands(points, radius, strands.shade_strands(rng, points, colours[owner % 2]), np.ones(len(owner)))
    return strands.join(stalks, grain)
