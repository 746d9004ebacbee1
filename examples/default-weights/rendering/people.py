"""Heads and bodies with hair of all cuts and colours, on MakeHuman's base mesh."""

import math
from pathlib import Path

import materials
import meshes
import numpy as np
import strands

HAIRLINE = ((-0.7, 0.1, 0.5, 0.9, 1.2, 1.5), (6.75, 7.05, 7.45, 7.75, 7.98, 8.05))  # depth, height of its lower end
HEAD = np.array([0, 7.5, 0.45])  # centre of the head in decimetres, y upwards, z forwards
CUTS = {  # length in decimetres, standing off, gravity, curls
    "short": ((0.15, 0.6), (0.2, 0.8), 0.1, (0, 0.03)),
    "bob": ((1.0, 2.2), (0.3, 0.5), 0.6, (0, 0.08)),
    "long": ((2.5, 4.5), (0.25, 0.5), 0.8, (0, 0.15)),
    "afro": ((0.6, 1.6), (0.8, 1.0), 0.0, (0.08, 0.2)),
    "curly": ((0.8, 3.0), (0.5, 0.8), 0.5, (0.1, 0.25)),
    "blown": ((1.5, 3.5), (0.3, 0.6), 0.1, (0, 0.1)),
}


def read_base(path):
    """Return the vertices (N, 3) of MakeHuman's base mesh and the faces of its groups, which end in "-2" if twice."""
    vertices, groups, group = [], {}, []
    for line in Path(path).read_text().splitlines():
        words = line.split()
        if words[:1] == ["v"]:
            vertices.append([float(word) for word in words[1:4]])
        elif words[:1] == ["g"]:
            group = groups.setdefault(words[1], [])
        elif words[:1] == ["f"]:
            group.append([int(word.split("/")[0]) - 1 for word in words[1:]])
    return np.array(vertices), groups


def portrait(rng, draw, assets):
    """Add a head with shoulders, or a whole upper body, with hair."""
    vertices, groups = read_base(assets / "makehuman" / "base.obj")
    place = _framing(rng, vertices)
    body = _part(vertices, groups["body"], place, materials.skin(rng))
    for side in "lr":
        _part(vertices, groups[f"helper-{side}-eye"], place, materials.plain(rng, (0.7, 0.7, 0.7, 1), 0.2))
    neckline = rng.uniform(5.4, 6.1)
    clothes = [face for face in groups["helper-tights"] if vertices[face][:, 1].max() < neckline]
    _part(vertices * [1.03, 1, 1.03], clothes, place, materials.patterned(rng))
    _hair(rng, draw, body, place)


def _framing(rng, vertices):
    """Return the function that brings decimetres to the scene: head and shoulders, or more, turned."""
    height = rng.uniform(2.6, 6.5)
    scale = 3.4 / height
    shift = np.array([rng.uniform(-0.3, 0.3), 0, 8.7 - height / 2 + rng.uniform(-0.1, 0.3)])
    turn, tilt = rng.gauss(0, 0.7), rng.uniform(-0.15, 0.15)

    def place(points):
        x, y, z = np.asarray(points, float).T
        x, depth = math.cos(turn) * x + math.sin(turn) * z, -(math.cos(turn) * z - math.sin(turn) * x)
        x, y = x + tilt * (y - 6), y
        return (np.stack([x, depth, y], 1) - [shift[0], 0, shift[2]]) * scale

    place.scale = scale
    return place


def _part(vertices, faces, place, material):
    used = sorted({number for face in faces for number in face})
    renumbered = {number: i for i, number in enumerate(used)}
    return meshes.from_arrays(
        place(vertices[used]), [[renumbered[number] for number in face] for face in faces], material
    )


def _hair(rng, draw, body, place):
    name = rng.choice(list(CUTS))
    lengths, lifts, gravity, curls = CUTS[name]
    scale = place.scale
    corner, x, y, z = (place([point])[0] for point in (HEAD, HEAD + [1, 0, 0], HEAD + [0, 1, 0], HEAD + [0, 0, 1]))
    axes = np.stack([x - corner, y - corner, z - corner])
    parting = rng.uniform(-0.5, 0.5)

    def in_head(points):
        return np.linalg.solve(axes.T, (points - corner).T).T + HEAD

    def scalp(points):
        own = in_head(points)
        return (own[:, 1] > np.interp(own[:, 2], *HAIRLINE) + 0.05 * np.sin(9 * own[:, 0])).astype(float)

    def combed(points):
        own = in_head(points)
        aside = np.sign(own[:, 0] - parting)[:, None] * axes[0]
        backwards = -axes[2] * rng.uniform(0.2, 0.9)
        away = points - corner
        wind = np.array([rng.uniform(-1.5, 1.5), rng.uniform(-0.4, 0.4), rng.uniform(-0.2, 0.6)]) * (name == "blown")
        return strands.unit(0.5 * strands.unit(aside + backwards) + 0.4 * strands.unit(away) + wind)

    length, wave = scale * rng.uniform(*lengths), scale * rng.uniform(*curls)
    roots, normals = strands.surface_points(body, draw, strands.GUIDES, scalp)
    guides = strands.grow(
        body, roots, normals, draw, length=length * draw.uniform(0.85, 1.1, len(roots)), comb=combed(roots),
        stiff=rng.uniform(0.4, 0.75), gravity=gravity * rng.uniform(0.5, 1.2), lift=rng.uniform(*lifts), wave=wave,
        waves=rng.uniform(1, 5),
    )  # fmt: skip
    points, _ = strands.surface_points(body, draw, rng.randrange(9_000, 40_000), scalp)
    curves = strands.follow(
        guides, roots, points, draw, clump=rng.uniform(0, 0.8), rough=scale * rng.uniform(0.01, 0.12),
        cut=rng.uniform(0.1, 0.8),
    )  # fmt: skip
    wide = scale * rng.uniform(0.003, 0.007)
    strands.add(curves, materials.hair(rng), root=wide, tip=wide * rng.uniform(0.1, 0.6))
