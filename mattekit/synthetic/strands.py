"""Strands of hair, fur, grass and threads: growing, clumping, shading and painting them."""

from dataclasses import dataclass

import numpy as np

from mattekit.compiling import announced

SCALE = 3  # times the resolution; edges are softened within its pixels too


@dataclass
class Strands:
    """n curved strands of k joints each, those at the back first.

    points : (n, k, 2) float32, x and y in pixels.
    radius : (n, k) float32, half the width in pixels.
    colour : (n, k, 3) float32, RGB in 0..1.
    opacity : (n,) float32 in 0..1.
    """

    points: np.ndarray
    radius: np.ndarray
    colour: np.ndarray
    opacity: np.ndarray

    def __len__(self) -> int:
        return len(self.points)


def join(*parts: Strands) -> Strands:
    """Join groups of strands with the same number of joints; the last group is in front."""
    return Strands(*(np.concatenate(arrays) for arrays in zip(*(vars(part).values() for part in parts), strict=True)))


@announced("synthetic foregrounds: the first use compiles for some seconds.")
def paint(
    strands: Strands,
    size: tuple[int, int],
    *,
    front: np.ndarray | None = None,
    round_off: float = 0.0,
    slant: float = 0.0,
    scale: int = SCALE,
) -> np.ndarray:
    """Paint strands over one another at `scale` times the resolution, and average down to pixels.

    Parameters
    ----------
    size : (height, width) in pixels.
    front : layer (height, width, 4) in front of the strands; hidden parts cost little time.
    round_off : darkening of a strand's edges against its centre line, as of a round thread; 0..1.
    slant : brightening of its left side against its right, as of a folded leaf; -1..1.

    Returns
    -------
    (height, width, 4) float32: RGB premultiplied by alpha, and alpha, `front` included
    """
    from mattekit.synthetic import paint_kernel

    front = np.zeros((*size, 4), np.float32) if front is None else front
    arrays = (strands.points, strands.radius, strands.colour, strands.opacity, (slant, round_off), front)
    return paint_kernel.paint(*(np.ascontiguousarray(array, np.float32) for array in arrays), scale)


def grow(
    rng: np.random.Generator,
    roots: np.ndarray,
    angle: np.ndarray,
    length: np.ndarray,
    *,
    joints: int = 10,
    bend: float = 0.3,
    wave: float = 0.0,
    waves: float = 2.0,
    gravity: float = 0.0,
) -> np.ndarray:
    """Grow strands from their roots.

    Parameters
    ----------
    roots : (n, 2) x and y in pixels.
    angle : (n,) direction at the root in radians; 0 points right, pi / 2 down.
    length : (n,) in pixels.
    bend : standard deviation of the angle by which strands turn over their length, in radians.
    wave, waves : amplitude of curls in radians, and their number.
    gravity : how strongly strands bend downwards towards the tip; 0 not at all.

    Returns
    -------
    (n, joints, 2) float32
    """
    n, t = len(roots), np.linspace(0, 1, joints, dtype=np.float32)[None, :]
    turn = rng.normal(0, bend, (n, 1)).astype(np.float32)
    angles = angle[:, None].astype(np.float32) + turn * t
    if wave:
        phase = rng.uniform(0, 2 * np.pi, (n, 1)).astype(np.float32)
        pace = waves * rng.uniform(0.7, 1.3, (n, 1)).astype(np.float32)
        angles = angles + wave * np.sin(2 * np.pi * pace * t + phase)
    x, y = np.cos(angles), np.sin(angles) + gravity * 2.5 * t * t
    norm = np.maximum(np.hypot(x, y), 1e-3)
    steps = np.stack([x / norm, y / norm], 2) * (length[:, None, None].astype(np.float32) / (joints - 1))
    points = np.cumsum(steps, 1) - steps  # the first joint is the root
    return points + roots[:, None, :].astype(np.float32)


def clump(rng: np.random.Generator, points: np.ndarray, count: int, strength: float) -> np.ndarray:
    """Pull strands towards the nearest of `count` random ones, more strongly towards the tips.

    `points` (n, k, 2); `strength` 0..1. Returns points of the same shape.
    """
    guides = points[rng.choice(len(points), min(count, len(points)), replace=False)]
    roots, centres = points[:, 0], guides[:, 0]
    distance = (
        np.square(roots).sum(1)[:, None] + np.square(centres).sum(1)[None, :] - 2 * (roots @ centres.T)
    )  # (n, count), squared
    target = guides[distance.argmin(1)]
    t = np.linspace(0, 1, points.shape[1], dtype=np.float32)[None, :, None]
    pull = strength * rng.uniform(0.4, 1, (len(points), 1, 1)).astype(np.float32) * t**0.8
    return points + pull * (target - points)


def taper(width: np.ndarray, joints: int, *, tip: float = 0.2, root: float = 1.0) -> np.ndarray:
    """Return the radii (n, joints) of strands of `width` (n,) that taper towards the tip, in pixels."""
    t = np.linspace(0, 1, joints, dtype=np.float32)[None, :]
    profile = (root + (1 - root) * np.minimum(4 * t, 1)) * (1 - (1 - tip) * t**2)
    return 0.5 * width[:, None].astype(np.float32) * profile


def shade_strands(
    rng: np.random.Generator, points: np.ndarray, colour: np.ndarray, *, gloss: float = 0.3, depth: float = 0.5
) -> np.ndarray:
    """Shade strands (n, k, 2) of `colour` (n, 3): darker at the back and the roots, brightest across the light.

    The highlight is that of a thin cylinder (Kajiya and Kay, "Rendering Fur with Three Dimensional Textures", 1989):
    it is strongest where the strand lies across the direction of the light.

    Returns
    -------
    (n, k, 3) float32
    """
    n, joints = points.shape[:2]
    t = np.linspace(0, 1, joints, dtype=np.float32)[None, :]
    light_angle = rng.uniform(0, 2 * np.pi)
    direction = np.gradient(points, axis=1)
    cosine = (direction @ np.array([np.cos(light_angle), np.sin(light_angle)], np.float32)) / np.maximum(
        np.hypot(direction[..., 0], direction[..., 1]), 1e-3
    )  # (n, k)
    sine = np.sqrt(np.maximum(1 - cosine**2, 0))
    order = np.linspace(0, 1, n, dtype=np.float32)[:, None]
    brightness = rng.normal(1.2, 0.16, (n, 1)).astype(np.float32)
    shade = brightness * (1 - depth * (1 - order)) * (0.75 + 0.25 * t) * (0.75 + 0.25 * sine)
    shine = gloss * brightness * order * sine ** np.float32(rng.uniform(6, 30))
    return np.clip(colour[:, None, :] * shade[..., None] + shine[..., None], 0, 1).astype(np.float32)
