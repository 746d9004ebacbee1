"""Leaves, baskets, fences, lace, cloth with fringes, glass and liquids."""

import math

import materials
import meshes
import numpy as np
import strands


def plant(rng, draw, assets):
    """Add branches with leaves of one shape."""
    bark, leaf = materials.plain(rng, (0.12, 0.08, 0.04, 1), 0.9), materials.leaf(rng)
    curves = [_stem(rng, draw) for _ in range(rng.randrange(3, 11))]
    meshes.tubes(curves, np.linspace(rng.uniform(0.012, 0.04), 0.004, len(curves[0])), bark)
    size, narrow, curl = rng.uniform(0.15, 0.7), rng.uniform(0.15, 0.6), rng.uniform(0, 0.5)
    lobes, depth = rng.choice([0, 0, 3, 7]), rng.uniform(0.1, 0.4)
    vertices, faces = [], []
    for curve in curves:
        for at in draw.integers(3, len(curve), rng.randrange(15, 70)):
            outline = _leaf(size * draw.uniform(0.5, 1.2), narrow, curl, lobes, depth)
            leafed = meshes.turned(outline, meshes.random_angles(rng, 3.1)) + curve[at]
            faces += [[len(vertices) + i for i in face] for face in _fan(len(outline))]
            vertices.extend(leafed)
    meshes.from_arrays(vertices, faces, leaf)


def _stem(rng, draw):
    start = np.array([rng.uniform(-1.5, 1.5), rng.uniform(-0.4, 0.4), -2.0])
    lean = np.array([rng.uniform(-0.6, 0.6), rng.uniform(-0.2, 0.2), 1.0])
    steps = 24
    wander = np.cumsum(np.cumsum(draw.normal(0, 0.012, (steps, 3)), 0), 0)
    return start + np.linspace(0, rng.uniform(2.2, 4.2), steps)[:, None] * lean + wander


def _leaf(size, narrow, curl, lobes, depth):
    t = np.linspace(0, 1, 14)
    half = narrow * np.sin(math.pi * t**0.8) * (1 - (depth * (1 + np.cos(2 * math.pi * lobes * t)) / 2 if lobes else 0))
    middle = np.stack([np.zeros(14), curl * t**2, t], 1)
    left, right = (middle + np.stack([sign * half, 0.3 * half, np.zeros(14)], 1) for sign in (-1, 1))
    return size * np.concatenate([middle, left, right])


def _fan(count):
    n = count // 3
    return [f for i in range(n - 1) for f in ((i, i + 1, n + i + 1, n + i), (i + 1, i, 2 * n + i, 2 * n + i + 1))]


def weave(rng, draw, assets):
    """Add a basket's or mat's weave, or a fence of wire, on a plane or a cylinder."""
    count, steps = rng.randrange(7, 34), 90
    radius = rng.uniform(0.15, 0.45) * 2.6 / count
    lines = np.linspace(-1.3, 1.3, count)
    along = np.linspace(-1.5, 1.5, steps)
    deep = radius * rng.uniform(0.6, 1.1)
    curves = []
    for i, at in enumerate(lines):
        over = deep * np.cos(math.pi * (along - lines[0]) / (lines[1] - lines[0]) + math.pi * i)
        curves += [np.stack([np.full(steps, at), over, along], 1), np.stack([along, -over, np.full(steps, at)], 1)]
    diagonal = math.pi / 4 if rng.random() < 0.4 else 0
    round_ = rng.uniform(0.5, 1.0) if rng.random() < 0.4 else 0
    angles = meshes.random_angles(rng, 0.6)
    curves = [meshes.turned(_rolled(_spun(curve, diagonal), round_), angles) for curve in curves]
    meshes.tubes(curves, radius, materials.plain(rng), sides=6)
    if rng.random() < 0.3:
        meshes.blob(rng, materials.patterned(rng), radius=0.4)


def _spun(curve, angle):
    x, y, z = curve.T
    return np.stack([math.cos(angle) * x - math.sin(angle) * z, y, math.sin(angle) * x + math.cos(angle) * z], 1)


def _rolled(curve, radius):
    if not radius:
        return curve
    x, y, z = curve.T
    return np.stack([(radius + y) * np.sin(x / radius), -(radius + y) * np.cos(x / radius), z], 1)


def lace(rng, draw, assets):
    """Add lace: rings and threads of a repeated pattern on hanging cloth."""
    rings, t = [], np.linspace(0, 2 * math.pi, 28)
    cell, inner = rng.uniform(0.14, 0.4), rng.uniform(0.35, 0.55)
    petals, depth = rng.randrange(3, 9), rng.uniform(0, 0.35)
    fold, folds = rng.uniform(0, 0.25), rng.uniform(2, 5)
    for i in range(-9, 10):
        for j in range(-9, 10):
            x, z = cell * (i + 0.5 * (j % 2)), cell * 0.87 * j
            if abs(x) > 1.5 or abs(z) > 1.5:
                continue
            for size in (0.5, inner * 0.6):
                wide = cell * size * (1 + depth * np.cos(petals * t) * (size < 0.5))
                u, w = x + wide * np.cos(t), z + wide * np.sin(t)
                rings.append(np.stack([u, fold * np.sin(folds * u + 0.4 * w), w], 1))
    angles = meshes.random_angles(rng, 0.4)
    meshes.tubes(
        [meshes.turned(ring, angles) for ring in rings], cell * rng.uniform(0.03, 0.09), materials.plain(rng), sides=5
    )


def cloth(rng, draw, assets):
    """Add hanging cloth, woven or thin as a veil, with folds and a fringe."""
    n = 90
    x, z = np.meshgrid(np.linspace(-1.2, 1.2, n), np.linspace(-0.7, 1.2, n))
    fold, folds = rng.uniform(0.05, 0.35), rng.uniform(2, 7)
    y = fold * np.sin(folds * x + rng.uniform(0, 6)) * (1.2 - z) / 1.9 + 0.1 * np.sin(3 * z)
    points = np.stack([x * (0.75 + 0.25 * np.cos(z)), y, z], -1).reshape(-1, 3)
    faces = [
        (i * n + j, i * n + j + 1, (i + 1) * n + j + 1, (i + 1) * n + j) for i in range(n - 1) for j in range(n - 1)
    ]
    thin = rng.random() < 0.4
    meshes.from_arrays(points, faces, materials.veil(rng) if thin else materials.patterned(rng))
    hem = points[:n][draw.integers(0, n, rng.randrange(100, 2_500))] + draw.normal(0, 0.01, (1, 3))
    steps, long = 12, rng.uniform(0.1, 0.6)
    down = np.linspace(0, long, steps)[None, :, None] * np.array([0, 0, -1.0])
    stray = np.cumsum(draw.normal(0, rng.uniform(0.003, 0.02), (len(hem), steps, 3)), 1)
    strands.add(hem[:, None] + down + stray, materials.hair(rng), root=rng.uniform(0.003, 0.012), tip=0.002)


def glass(rng, draw, assets):
    """Add a glass with liquid, or bodies of glass."""
    if rng.random() < 0.5:
        for _ in range(rng.choice([1, 2, 3])):
            meshes.blob(rng, materials.glass(rng))
        if rng.random() < 0.4:
            meshes.blob(rng, materials.patterned(rng), radius=0.35)
        return
    height, t = rng.uniform(1.4, 2.6), np.linspace(0, 1, 24)
    profile = rng.uniform(0.3, 0.7) * (1 + rng.uniform(-0.4, 0.5) * t + rng.uniform(-0.3, 0.3) * np.sin(math.pi * t))
    wall = rng.uniform(0.02, 0.06)
    outer, inner = (
        list(zip(profile, t * height, strict=True)),
        list(zip(profile - wall, 0.05 + t * (height - 0.05), strict=True)),
    )
    _lathe([(0.001, 0), *outer, *inner[::-1], (0.001, 0.05)], height, materials.glass(rng, 1.45))
    level = rng.uniform(0.2, 0.9)
    filled = [(radius - 0.003, z) for radius, z in inner if z < level * height]
    if filled and rng.random() < 0.7:
        _lathe([(0.001, 0.053), *filled, (0.001, filled[-1][1])], height, materials.glass(rng, 1.33))


def _lathe(profile, height, material, sides=64):
    angles = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    points = [(r * math.cos(a), r * math.sin(a), z - height / 2) for r, z in profile for a in angles]
    faces = [
        (i * sides + j, i * sides + (j + 1) % sides, (i + 1) * sides + (j + 1) % sides, (i + 1) * sides + j)
        for i in range(len(profile) - 1)
        for j in range(sides)
    ]
    return meshes.from_arrays(points, faces, material)
