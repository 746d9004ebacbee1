"""Fur, plush and feathers."""

import math

import materials
import meshes
import numpy as np
import strands


def fur(rng, draw, assets):
    """Add a body with fur of one or two lengths."""
    coat = materials.any_colour(rng, 0.8)
    body = meshes.blob(rng, materials.plain(rng, coat, 0.9))
    comb = np.array([rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(-1, 0.3)])
    length = rng.uniform(0.06, 0.35)
    common = {"comb": strands.unit(comb), "gravity": rng.uniform(0, 0.5), "stiff": rng.uniform(0.4, 0.8)}
    strands.over(
        body, draw, rng.randrange(15_000, 50_000), materials.hair(rng, coat), length=length, lift=rng.uniform(0.3, 0.9),
        clump=rng.uniform(0, 0.8), rough=length * rng.uniform(0.05, 0.4), root=0.004,
        wave=rng.uniform(0, 0.02), **common,
    )  # fmt: skip
    if rng.random() < 0.5:  # longer hair that stands out
        strands.over(
            body, draw, rng.randrange(300, 3_000), materials.hair(rng), length=length * rng.uniform(1.5, 3),
            lift=rng.uniform(0.5, 1), clump=0, rough=0.05, root=0.005, **common,
        )  # fmt: skip


def plush(rng, draw, assets):
    """Add a toy of balls with short, thick, curly pile."""
    coat = materials.any_colour(rng, 0.3)
    for _ in range(rng.randrange(2, 6)):
        ball = meshes.blob(rng, materials.plain(rng, coat, 0.95), radius=rng.uniform(0.4, 0.95), kind="sphere")
        strands.over(
            ball, draw, rng.randrange(6_000, 14_000), materials.hair(rng, coat), length=rng.uniform(0.04, 0.12),
            comb=(0, 0, 0.1), gravity=0, stiff=0.9, lift=0.9, clump=0.2, rough=0.02, wave=rng.uniform(0.005, 0.02),
            waves=rng.uniform(2, 5), root=0.004, tip=0.003,
        )  # fmt: skip


def feathers(rng, draw, assets):
    """Add feathers: a shaft with barbs that hang together, loosened here and there."""
    material = materials.hair(rng, materials.any_colour(rng, 0.5))
    shaft = materials.plain(rng, (0.7, 0.65, 0.5, 1), 0.4)
    for _ in range(rng.randrange(1, 7)):
        start = np.array([rng.uniform(-0.9, 0.9), rng.uniform(-0.3, 0.3), rng.uniform(-1.7, -0.5)])
        angle, long, bend = rng.uniform(-0.9, 0.9), rng.uniform(1.3, 3.2), rng.uniform(-0.5, 0.5)
        along = np.linspace(0, 1, 40)
        curve = start + long * np.stack(
            [np.sin(angle + bend * along) * along, 0.15 * along**2, np.cos(angle + bend * along) * along], 1
        )
        meshes.tubes([curve], 0.012 * (1.05 - along), shaft)
        strands.add(_barbs(rng, draw, curve, long), material, root=0.003, tip=0.0015)


def _barbs(rng, draw, curve, long):
    count, steps = rng.randrange(500, 1_500), 10
    at = draw.random(2 * count) * 0.85 + 0.15
    side = np.repeat([-1.0, 1.0], count)
    place = np.stack([np.interp(at, np.linspace(0, 1, len(curve)), curve[:, axis]) for axis in range(3)], 1)
    tangent = strands.unit(
        np.stack([np.interp(at, np.linspace(0, 1, len(curve)), g) for g in np.gradient(curve, axis=0).T], 1)
    )
    out = strands.unit(np.cross(tangent, [0.0, 1.0, 0.1])) * side[:, None]
    loose = (np.sin(at * rng.uniform(5, 25) + side) > rng.uniform(0.2, 0.95))[:, None]
    reach = long * rng.uniform(0.08, 0.2) * np.sin(math.pi * np.clip(at, 0, 1) ** 0.7)[:, None] + 0.02
    t = np.linspace(0, 1, steps)
    bend = rng.uniform(0.3, 1.2)
    curves = place[:, None] + reach[:, None] * (
        t[None, :, None] * out[:, None] + bend * t[None, :, None] ** 1.5 * tangent[:, None]
    )
    stray = np.cumsum(draw.normal(0, 0.012, curves.shape), 1) * (0.15 + loose[:, None])
    return curves + stray
