"""Heads of hair: wigs, upright shocks, tails and curtains, with single hairs that fly off."""

import numpy as np

from mattekit.synthetic import draws, layers, palette, shapes, strands
from mattekit.synthetic.noise import Size, unit
from mattekit.synthetic.strands import Strands
from mattekit.synthetic.texture import texture

JOINTS = 12
HAIR = ("brown", "blond", "dark", "grey", "vivid", "cream")


def hair(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Hair on a head, or alone; a layer (H, W, 4)."""
    scale = unit(size)
    centre = np.array([size[1] * rng.uniform(0.3, 0.7), size[0] * rng.uniform(0.4, 0.7)])
    radius = rng.uniform(75, 160) * scale
    style = STYLES[int(rng.integers(len(STYLES)))](rng, centre, radius, size)
    behind = style.strands(rng, int(rng.uniform(0.6, 1.0) * 900), behind=True)
    before = style.strands(rng, int(rng.uniform(0.6, 1.2) * 1100), behind=False)
    layer = strands.paint(before, size, round_off=0.2)
    if style.head:
        layer = layers.over(layer, _head(rng, size, centre, radius))
    return strands.paint(behind, size, before=layer, round_off=0.2)


def _head(rng: np.random.Generator, size: Size, centre: np.ndarray, radius: float) -> np.ndarray:
    scale = unit(size)
    x, y = centre
    head = shapes.ellipse(size, (x, y), (0.88 * radius, 1.05 * radius), 0.0)
    neck = shapes.ellipse(size, (x, y + 1.3 * radius), (0.4 * radius, 0.8 * radius), 0.0)
    trunk = shapes.ellipse(size, (x, y + 3.1 * radius), (1.6 * radius, 1.7 * radius), 0.0)
    skin = texture(rng, size, ("skin", "skin", "cream", "stone"), contrast=0.25)
    cloth = texture(rng, size)
    distance = np.maximum(np.maximum(head, neck), trunk)
    dressed = shapes.coverage((trunk - np.maximum(head, neck)) / np.float32(4 * scale))[..., None]
    colour = (skin + dressed * (cloth - skin)) * shapes.relief(rng, distance)
    return layers.filled(np.clip(colour, 0, 1), shapes.coverage(distance))


class _Style:
    """Growth of the hairs of one head, with the values that all heads share."""

    head = True
    bend, wave, gravity = 0.3, 0.0, 0.0

    def __init__(self, rng: np.random.Generator, centre: np.ndarray, radius: float, size: Size) -> None:
        self.centre, self.radius, self.size = centre, radius, size
        self.colours = palette.draw(rng, 4, HAIR, spread=0.2)
        self.width = draws.log_uniform(rng, 0.4, 1.9)
        self.gloss = rng.uniform(0.05, 0.5)
        self.clumps, self.clumped = int(rng.integers(15, 90)), rng.uniform(0.2, 0.85)
        self.wave = draws.pick(rng, [0.0, 0.25, 0.7])
        self.waves = rng.uniform(1, 4)
        self.bend = rng.uniform(0.15, 0.6)
        self.length = radius * rng.uniform(1.6, 3.0)
        self.setup(rng)

    def setup(self, rng: np.random.Generator) -> None:
        """Draw what only this style has."""

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        """Roots (n, 2) and directions (n,)."""
        raise NotImplementedError

    def strands(self, rng: np.random.Generator, n: int, *, behind: bool) -> Strands:
        """Draw thick locks, hairs over them, and at last those that fly off."""
        groups = [(n // 8, 5.0, 0.6), (n, 1.0, 1.0), (n // 8, 0.6, 1.6)]
        drawn = [self._group(rng, max(count, 4), width, freedom, behind) for count, width, freedom in groups]
        return Strands(*(np.concatenate(parts) for parts in zip(*drawn, strict=True)))

    def _group(self, rng: np.random.Generator, n: int, width: float, freedom: float, behind: bool) -> tuple:
        roots, angle = self.roots(rng, n, behind)
        length = self.length * rng.uniform(0.5, 1.0, n) * (0.8 if width > 1 else 1.0)
        points = strands.grow(
            rng, roots, angle, length, joints=JOINTS, bend=self.bend * freedom, wave=self.wave * freedom,
            waves=self.waves, gravity=self.gravity,
        )  # fmt: skip
        if freedom <= 1:
            points = strands.clump(rng, points, self.clumps, self.clumped)
        mix = rng.dirichlet(np.full(len(self.colours), 0.6), n).astype(np.float32)
        colour = strands.light(rng, points, mix @ self.colours, gloss=self.gloss, depth=0.45 if behind else 0.3)
        widths = self.width * width * rng.lognormal(0, 0.25, n)
        opacity = rng.uniform(0.6, 1.0, n) if width <= 1 else np.ones(n)
        return points, strands.taper(widths, JOINTS, tip=0.15 if width <= 1 else 0.02), colour, opacity


class _Wig(_Style):
    """Falls from the crown over both sides."""

    def setup(self, rng: np.random.Generator) -> None:
        self.gravity = rng.uniform(0.8, 2.5)
        self.fringe = draws.pick(rng, [0.0, 0.3, 0.6])
        self.spread = rng.uniform(0.15, 0.4)

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        around = rng.uniform(-1.08 * np.pi, 0.08 * np.pi, n)
        fringe = self.fringe * np.maximum(-np.sin(around), 0)  # in front, hair also grows above the forehead
        rim = rng.uniform(0.8, 1.0, n) if behind else rng.uniform(0.9 - fringe, 1.06, n)
        out = np.stack([np.cos(around), np.sin(around)], 1)
        roots = self.centre + out * (self.radius * rim)[:, None] * [0.9, 1.05]
        return roots, around + rng.normal(0, self.spread, n)


class _Shock(_Style):
    """Stands upright and spreads, like a troll doll's."""

    def setup(self, rng: np.random.Generator) -> None:
        self.lean, self.spread = rng.normal(-np.pi / 2, 0.25), rng.uniform(0.25, 0.6)
        self.gravity = draws.pick(rng, [0.0, 0.3])

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        place = rng.uniform(-1, 1, n)
        around = -np.pi / 2 + 0.9 * place
        roots = self.centre + np.stack([np.cos(around) * 0.88, np.sin(around)], 1) * self.radius * 0.95
        return roots, self.lean + self.spread * place + rng.normal(0, 0.15, n)


class _Tail(_Style):
    """A bundle from one point, blown or hanging anywhere."""

    head = False

    def setup(self, rng: np.random.Generator) -> None:
        self.aim, self.spread = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.35)
        self.gravity = rng.uniform(0, 0.6)
        self.length *= 1.6
        self.start = self.centre - 0.45 * self.length * np.array([np.cos(self.aim), np.sin(self.aim)])

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        place = rng.normal(0, 1, n)
        across = np.array([-np.sin(self.aim), np.cos(self.aim)])
        roots = self.start + (place * 0.16 * self.radius)[:, None] * across + rng.normal(0, 3, (n, 2))
        return roots, self.aim + self.spread * (0.5 * place + rng.normal(0, 0.5, n))


class _Curtain(_Style):
    """Hangs from above the picture, with gaps."""

    head = False

    def setup(self, rng: np.random.Generator) -> None:
        self.edges = np.sort(rng.uniform(-0.1, 1.1, 2)) * self.size[1]
        self.gravity = rng.uniform(0, 0.4)
        self.length = self.size[0] * rng.uniform(0.7, 1.2)
        self.bend *= 0.4

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        x = rng.uniform(*self.edges, n)
        return np.stack([x, np.full(n, -10.0)], 1), np.pi / 2 + rng.normal(0, 0.08, n)


STYLES = (_Wig, _Wig, _Shock, _Tail, _Curtain)
