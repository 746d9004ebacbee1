"""Plush and fur: a body whose outline is broken by short hairs."""

import cv2
import numpy as np

from mattekit.synthetic import draws, layers, shapes, strands
from mattekit.synthetic.noise import Size, octaves, unit
from mattekit.synthetic.strands import Strands
from mattekit.synthetic.texture import texture

JOINTS = 6
COATS = ("brown", "blond", "dark", "grey", "cream", "cream", "vivid", "skin")


def fur(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Furry body; a layer (H, W, 4)."""
    scale = unit(size)
    distance = shapes.body(rng, size, (shapes.figure, shapes.figure, shapes.blob))
    length = scale * draws.log_uniform(rng, 7, 55)
    coat = texture(rng, size, COATS, contrast=rng.uniform(0.2, 1)) * shapes.relief(rng, distance)
    roots = _roots(rng, distance, length, int(rng.uniform(0.7, 1.3) * 3600))
    angle = _combed(rng, distance, roots)
    reach = length * rng.uniform(0.4, 1.0, len(roots)) * _patchy(rng, size, roots)
    points = strands.grow(
        rng, roots, angle, reach, joints=JOINTS, bend=rng.uniform(0.2, 0.9), wave=draws.pick(rng, [0.0, 0.0, 0.8]),
        gravity=rng.uniform(0, 0.8),
    )  # fmt: skip
    points = strands.clump(rng, points, int(rng.integers(100, 500)), rng.uniform(0, 0.8))
    colour = _at(coat, roots) * rng.uniform(0.9, 1.25)
    width = draws.log_uniform(rng, 0.4, 1.7) * rng.lognormal(0, 0.25, len(roots))
    hairs = Strands(
        points,
        strands.taper(width, JOINTS, tip=0.2),
        strands.light(rng, points, colour, gloss=rng.uniform(0, 0.25), depth=rng.uniform(0.15, 0.5)),
        rng.uniform(0.6, 1.0, len(roots)),
    )
    skin = layers.filled(np.clip(coat * rng.uniform(0.6, 0.95), 0, 1), shapes.coverage(distance - 0.1 * length))
    return layers.over(strands.paint(hairs, size, round_off=0.2), skin)


def _roots(rng: np.random.Generator, distance: np.ndarray, length: float, count: int) -> np.ndarray:
    """Roots (n, 2): dense along the outline, where hairs cross it, sparse in the middle; the innermost in front."""
    height, width = distance.shape
    tries = (rng.random((count * 30, 2), np.float32) * np.array([width, height], np.float32)).astype(np.float32)
    depth = _at(distance, tries)
    chance = np.where(depth < length, 1.0, 0.12) * (depth > 0.5)
    kept = tries[rng.random(len(tries)) < chance][:count]
    return kept[np.argsort(_at(distance, kept) + rng.normal(0, 0.5 * length, len(kept)), kind="stable")]


def _combed(rng: np.random.Generator, distance: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Direction of every hair: outwards, more or less, and the same way as its neighbours."""
    soft = cv2.GaussianBlur(distance, (0, 0), 3)
    x, y = -_at(cv2.Sobel(soft, cv2.CV_32F, 1, 0), roots), -_at(cv2.Sobel(soft, cv2.CV_32F, 0, 1), roots)
    comb = rng.uniform(0, 2 * np.pi)
    x, y = x / 8 + 0.5 * np.cos(comb), y / 8 + 0.5 * np.sin(comb)
    swirl = octaves(rng, distance.shape, 120 * unit(distance.shape), finest=30.0)
    return np.arctan2(y, x) + rng.uniform(0.3, 1.5) * _at(swirl, roots) + rng.normal(0, 0.25, len(roots))


def _patchy(rng: np.random.Generator, size: Size, roots: np.ndarray) -> np.ndarray:
    """Factor of the length of each hair: long in some places, shorn in others."""
    return np.clip(1 + 1.2 * _at(octaves(rng, size, 200 * unit(size), finest=40.0), roots), 0.25, 1.8)


def _at(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of a field (H, W) or (H, W, c) at points (n, 2)."""
    x = np.clip(points[:, 0].astype(int), 0, field.shape[1] - 1)
    y = np.clip(points[:, 1].astype(int), 0, field.shape[0] - 1)
    return field[y, x]
