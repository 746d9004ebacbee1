"""Hair and fur: heads of hair in four styles, with flyaway hairs; furry bodies."""

import cv2
import numpy as np

from mattekit.synthetic import layers, shapes, strands
from mattekit.synthetic.noise import Size, log_uniform, octaves, pick, unit
from mattekit.synthetic.strands import Strands
from mattekit.synthetic.texture import draw_colours, texture

JOINTS = 12
HAIR = ("brown", "blond", "dark", "grey", "vivid", "cream")
FUR_JOINTS = 6
COATS = ("brown", "blond", "dark", "grey", "cream", "cream", "vivid", "skin")


def hair(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw hair on a head, or alone; a layer (H, W, 4)."""
    scale = unit(size)
    centre = np.array([size[1] * rng.uniform(0.3, 0.7), size[0] * rng.uniform(0.4, 0.7)])
    radius = rng.uniform(75, 160) * scale
    style = STYLES[int(rng.integers(len(STYLES)))](rng, centre, radius, size)
    behind = style.strands(rng, int(rng.uniform(0.6, 1.0) * 900), behind=True)
    before = style.strands(rng, int(rng.uniform(0.6, 1.2) * 1100), behind=False)
    layer = strands.paint(before, size, round_off=0.2)
    if style.head:
        layer = layers.over(layer, _head(rng, size, centre, radius))
    return strands.paint(behind, size, front=layer, round_off=0.2)


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
    return layers.fill(np.clip(colour, 0, 1), shapes.coverage(distance))


class _Style:
    """Base of the styles: growth of the hairs of one head."""

    head = True
    bend, wave, gravity = 0.3, 0.0, 0.0

    def __init__(self, rng: np.random.Generator, centre: np.ndarray, radius: float, size: Size) -> None:
        self.centre, self.radius, self.size = centre, radius, size
        self.colours = draw_colours(rng, 4, HAIR, spread=0.2)
        self.width = log_uniform(rng, 0.4, 1.9)
        self.gloss = rng.uniform(0.05, 0.5)
        self.clumps, self.clumped = int(rng.integers(15, 90)), rng.uniform(0.2, 0.85)
        self.wave = pick(rng, [0.0, 0.25, 0.7])
        self.waves = rng.uniform(1, 4)
        self.bend = rng.uniform(0.15, 0.6)
        self.length = radius * rng.uniform(1.6, 3.0)
        self.draw_parameters(rng)

    def draw_parameters(self, rng: np.random.Generator) -> None:
        """Draw the parameters of this style alone."""

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        """Draw roots (n, 2) and directions (n,)."""
        raise NotImplementedError

    def strands(self, rng: np.random.Generator, n: int, *, behind: bool) -> Strands:
        """Draw thick locks, hairs over them, and flyaway hairs in front."""
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
        colour = strands.shade_strands(rng, points, mix @ self.colours, gloss=self.gloss, depth=0.45 if behind else 0.3)
        widths = self.width * width * rng.lognormal(0, 0.25, n)
        opacity = rng.uniform(0.6, 1.0, n) if width <= 1 else np.ones(n)
        return points, strands.taper(widths, JOINTS, tip=0.15 if width <= 1 else 0.02), colour, opacity


class _Wig(_Style):
    """Hair that falls from the crown over both sides."""

    def draw_parameters(self, rng: np.random.Generator) -> None:
        self.gravity = rng.uniform(0.8, 2.5)
        self.fringe = pick(rng, [0.0, 0.3, 0.6])
        self.spread = rng.uniform(0.15, 0.4)

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        around = rng.uniform(-1.08 * np.pi, 0.08 * np.pi, n)
        fringe = self.fringe * np.maximum(-np.sin(around), 0)  # in front, hair also grows above the forehead
        rim = rng.uniform(0.8, 1.0, n) if behind else rng.uniform(0.9 - fringe, 1.06, n)
        out = np.stack([np.cos(around), np.sin(around)], 1)
        roots = self.centre + out * (self.radius * rim)[:, None] * [0.9, 1.05]
        return roots, around + rng.normal(0, self.spread, n)


class _Shock(_Style):
    """Hair that stands upright and spreads, like a troll doll's."""

    def draw_parameters(self, rng: np.random.Generator) -> None:
        self.lean, self.spread = rng.normal(-np.pi / 2, 0.25), rng.uniform(0.25, 0.6)
        self.gravity = pick(rng, [0.0, 0.3])

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        place = rng.uniform(-1, 1, n)
        around = -np.pi / 2 + 0.9 * place
        roots = self.centre + np.stack([np.cos(around) * 0.88, np.sin(around)], 1) * self.radius * 0.95
        return roots, self.lean + self.spread * place + rng.normal(0, 0.15, n)


class _Tail(_Style):
    """A bundle of hair from one point, in any direction."""

    head = False

    def draw_parameters(self, rng: np.random.Generator) -> None:
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
    """Hair that hangs from above the picture, with gaps."""

    head = False

    def draw_parameters(self, rng: np.random.Generator) -> None:
        self.edges = np.sort(rng.uniform(-0.1, 1.1, 2)) * self.size[1]
        self.gravity = rng.uniform(0, 0.4)
        self.length = self.size[0] * rng.uniform(0.7, 1.2)
        self.bend *= 0.4

    def roots(self, rng: np.random.Generator, n: int, behind: bool) -> tuple[np.ndarray, np.ndarray]:
        x = rng.uniform(*self.edges, n)
        return np.stack([x, np.full(n, -10.0)], 1), np.pi / 2 + rng.normal(0, 0.08, n)


STYLES = (_Wig, _Wig, _Shock, _Tail, _Curtain)


def fur(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a furry body; a layer (H, W, 4)."""
    scale = unit(size)
    distance = shapes.body(rng, size, (shapes.figure, shapes.figure, shapes.blob))
    length = scale * log_uniform(rng, 7, 55)
    coat = texture(rng, size, COATS, contrast=rng.uniform(0.2, 1)) * shapes.relief(rng, distance)
    roots = _roots(rng, distance, length, int(rng.uniform(0.7, 1.3) * 3600))
    angle = _directions(rng, distance, roots)
    reach = length * rng.uniform(0.4, 1.0, len(roots)) * _length_factors(rng, size, roots)
    points = strands.grow(
        rng, roots, angle, reach, joints=FUR_JOINTS, bend=rng.uniform(0.2, 0.9), wave=pick(rng, [0.0, 0.0, 0.8]),
        gravity=rng.uniform(0, 0.8),
    )  # fmt: skip
    points = strands.clump(rng, points, int(rng.integers(100, 500)), rng.uniform(0, 0.8))
    colour = _at(coat, roots) * rng.uniform(0.9, 1.25)
    width = log_uniform(rng, 0.4, 1.7) * rng.lognormal(0, 0.25, len(roots))
    hairs = Strands(
        points,
        strands.taper(width, FUR_JOINTS, tip=0.2),
        strands.shade_strands(rng, points, colour, gloss=rng.uniform(0, 0.25), depth=rng.uniform(0.15, 0.5)),
        rng.uniform(0.6, 1.0, len(roots)),
    )
    skin = layers.fill(np.clip(coat * rng.uniform(0.6, 0.95), 0, 1), shapes.coverage(distance - 0.1 * length))
    return layers.over(strands.paint(hairs, size, round_off=0.2), skin)


def _roots(rng: np.random.Generator, distance: np.ndarray, length: float, count: int) -> np.ndarray:
    """Draw roots (n, 2), dense along the outline, which hairs cross, sparse inside; the innermost in front."""
    height, width = distance.shape
    candidates = (rng.random((count * 30, 2), np.float32) * np.array([width, height], np.float32)).astype(np.float32)
    depth = _at(distance, candidates)
    chance = np.where(depth < length, 1.0, 0.12) * (depth > 0.5)
    kept = candidates[rng.random(len(candidates)) < chance][:count]
    return kept[np.argsort(_at(distance, kept) + rng.normal(0, 0.5 * length, len(kept)), kind="stable")]


def _directions(rng: np.random.Generator, distance: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Draw the direction of every hair: roughly outwards, and similar to its neighbours'."""
    soft = cv2.GaussianBlur(distance, (0, 0), 3)
    x, y = -_at(cv2.Sobel(soft, cv2.CV_32F, 1, 0), roots), -_at(cv2.Sobel(soft, cv2.CV_32F, 0, 1), roots)
    comb = rng.uniform(0, 2 * np.pi)
    x, y = x / 8 + 0.5 * np.cos(comb), y / 8 + 0.5 * np.sin(comb)
    swirl = octaves(rng, distance.shape, 120 * unit(distance.shape), finest=30.0)
    return np.arctan2(y, x) + rng.uniform(0.3, 1.5) * _at(swirl, roots) + rng.normal(0, 0.25, len(roots))


def _length_factors(rng: np.random.Generator, size: Size, roots: np.ndarray) -> np.ndarray:
    """Draw a factor on the length of each hair that varies smoothly over the body."""
    return np.clip(1 + 1.2 * _at(octaves(rng, size, 200 * unit(size), finest=40.0), roots), 0.25, 1.8)


def _at(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Look up a field (H, W) or (H, W, c) at points (n, 2)."""
    x = np.clip(points[:, 0].astype(int), 0, field.shape[1] - 1)
    y = np.clip(points[:, 1].astype(int), 0, field.shape[0] - 1)
    return field[y, x]
