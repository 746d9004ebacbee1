"""Nets, wicker, lace and veils: threads that cross, with the background in the holes."""

import numpy as np

from mattekit.synthetic import layers, shapes, strands
from mattekit.synthetic.noise import Size, coordinates, log_uniform, octaves, pick, step, unit
from mattekit.synthetic.strands import Strands
from mattekit.synthetic.texture import draw_colours, shading, texture

JOINTS = 48


def net(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a net, alone, with a seam or over a body, or a ball of wicker; a layer (H, W, 4)."""
    if rng.random() < 0.25:
        return _wicker(rng, size)
    gap = log_uniform(rng, 7, 45) * unit(size)
    width = min(max(gap * rng.uniform(0.06, 0.35), 0.8), 9.0)
    threads = _threads(rng, size, gap, width)
    layer = strands.paint(threads, size, round_off=rng.uniform(0.1, 0.5), slant=rng.uniform(-0.3, 0.3))
    layer[..., :3] = np.minimum(layer[..., :3] * shading(rng, size), layer[..., 3:])
    shape = rng.random()
    if shape < 0.35:  # a piece of net with a seam
        distance = shapes.body(rng, size)
        seam = np.clip(width * rng.uniform(1, 3) - np.abs(distance), 0, 1)
        layer = layers.over(layers.fill(draw_colours(rng, 1)[0], seam), layer * shapes.coverage(distance)[..., None])
    if shape > 0.7:  # something behind it
        distance = shapes.body(rng, size)
        layer = layers.over(layer, layers.fill(texture(rng, size), shapes.coverage(distance)))
    return layer


def _threads(rng: np.random.Generator, size: Size, gap: float, width: float) -> Strands:
    """Draw two or three families of parallel threads, draped together like cloth."""
    reach = 0.75 * float(np.hypot(*size))
    count = int(2 * reach / gap)
    families = [0.0, rng.uniform(0.8, 1.2) * np.pi / 2] if rng.random() < 0.8 else [0.0, np.pi / 3, 2 * np.pi / 3]
    turn, zigzag = rng.uniform(0, np.pi), pick(rng, [0.0, 0.0, 0.35])
    lines = []
    for angle in families:
        offset = (np.arange(count) - count / 2 + rng.normal(0, pick(rng, [0.02, 0.15]), count)) * gap
        along = np.linspace(-reach, reach, JOINTS)
        sway = zigzag * gap * np.sign(np.sin(np.pi * np.arange(JOINTS) + np.pi * (np.arange(count)[:, None] % 2)))
        u, v = np.broadcast_to(along, (count, JOINTS)), offset[:, None] + sway
        c, s = np.cos(angle + turn), np.sin(angle + turn)
        lines.append(np.stack([c * u - s * v, s * u + c * v], 2))
    points = _drape(rng, np.concatenate(lines), size)
    colours = draw_colours(rng, 3, spread=0.2)
    colour = colours[rng.integers(0, 3, len(points))] if rng.random() < 0.4 else colours[:1].repeat(len(points), 0)
    lit = strands.shade_strands(rng, points, colour, gloss=rng.uniform(0, 0.4), depth=0.1)
    radius = 0.5 * width * rng.lognormal(0, 0.1, (len(points), 1)) * np.ones(JOINTS)
    order = rng.permutation(len(points))  # so that the thread on top changes from crossing to crossing
    return Strands(points[order], radius, lit[order], rng.uniform(0.75, 1.0, len(points)))


def _drape(rng: np.random.Generator, points: np.ndarray, size: Size) -> np.ndarray:
    """Put points (n, k, 2) about the origin into perspective and folds, and move them to the picture's centre."""
    tilt = rng.normal(0, 0.35, 2) / max(size)
    depth = np.clip(1 + points @ tilt, 0.4, 2.5)[..., None]
    points = points / depth
    folds = octaves(rng, (64, 64), 40, finest=12, channels=2) * rng.uniform(0, 60) * unit(size)
    middle = np.array([size[1], size[0]]) / 2
    where = np.clip((points + middle) / (2 * middle) * 40 + 12, 0, 62)  # the folds reach beyond the picture
    x, y = where[..., 0].astype(int), where[..., 1].astype(int)
    fx, fy = where[..., :1] - x[..., None], where[..., 1:] - y[..., None]
    shift = (folds[y, x] * (1 - fx) + folds[y, x + 1] * fx) * (1 - fy) + (
        folds[y + 1, x] * (1 - fx) + folds[y + 1, x + 1] * fx
    ) * fy
    return (points + middle + shift).astype(np.float32)


def _wicker(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a ball or basket of bands that wind around it in random directions; a layer (H, W, 4)."""
    count, radius = int(rng.integers(25, 90)), rng.uniform(110, 210) * unit(size)
    t = np.linspace(0, 1, JOINTS) * rng.uniform(0.8, 2 * np.pi, (count, 1)) + rng.uniform(0, 6.3, (count, 1))
    first = rng.normal(0, 1, (count, 1, 3))
    first /= np.linalg.norm(first, axis=2, keepdims=True)
    second = np.cross(first, rng.normal(0, 1, (count, 1, 3)))
    second /= np.linalg.norm(second, axis=2, keepdims=True)
    offset = np.cross(first, second) * rng.uniform(-0.75, 0.75, (count, 1, 1))
    ball = offset + np.sqrt(1 - np.square(offset).sum(2, keepdims=True)) * (
        first * np.cos(t)[..., None] + second * np.sin(t)[..., None]
    )  # (count, JOINTS, 3), on the unit sphere
    ball = ball[np.argsort(ball[..., 2].mean(1), kind="stable")]  # the back first
    centre = np.array([size[1] * rng.uniform(0.35, 0.65), size[0] * rng.uniform(0.4, 0.65)])
    points = (ball[..., :2] * radius * [1, rng.uniform(0.7, 1)] + centre).astype(np.float32)
    colours = draw_colours(rng, 3, ("blond", "brown", "stone", "vivid", "dark"), spread=0.25)
    lit = strands.shade_strands(rng, points, colours[rng.integers(0, 3, count)], gloss=0.2, depth=0.0)
    lit = lit * (0.72 + 0.28 * ball[..., 2:]).astype(np.float32)
    widths = rng.uniform(4, 16) * unit(size) * rng.lognormal(0, 0.2, (count, 1)) * np.ones(JOINTS)
    return strands.paint(Strands(points, 0.5 * widths, lit, np.ones(count)), size, round_off=0.6, slant=0.25)


def lace(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a piece of lace or a veil, whose weave lets part of the light through; a layer (H, W, 4)."""
    scale = unit(size)
    bend = octaves(rng, size, 200 * scale, finest=60.0, channels=2) * np.float32(rng.uniform(5, 60) * scale)
    u, v = _cloth(rng, size, bend)
    mesh = _mesh(rng, u, v, log_uniform(rng, 4, 16) * scale)
    motif = _motif(rng, u, v, rng.uniform(50, 140) * scale)
    sheer = rng.uniform(0.03, 0.5) if rng.random() < 0.6 else 0.0  # a weave too fine to resolve
    folds = 0.5 + octaves(rng, size, rng.uniform(40, 160) * scale, finest=30.0)
    alpha = 1 - (1 - np.clip(sheer * (0.6 + 0.8 * folds), 0, 0.9)) * (1 - mesh) * (1 - motif)
    if rng.random() < 0.7:
        alpha = alpha * _piece(rng, size)
    colour = draw_colours(rng, 1, ("cream", "cream", "grey", "dark", "vivid", "sky"))[0]
    shade = (0.7 + 0.4 * folds + 0.15 * motif)[..., None]
    return layers.fill(np.clip(colour * shade * shading(rng, size), 0, 1), np.clip(alpha, 0, 1))


def _cloth(rng: np.random.Generator, size: Size, bend: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw coordinates (H, W) on the bent cloth, in pixels."""
    y, x = coordinates(size)
    angle = rng.uniform(0, np.pi)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x, y = x + bend[..., 0], y + bend[..., 1]
    return c * x + s * y, c * y - s * x


def _mesh(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, gap: float) -> np.ndarray:
    """Draw threads around round or square holes; anti-aliased alpha (H, W)."""
    pace = np.float32(np.pi / gap)
    width = np.float32(np.clip(gap * rng.uniform(0.12, 0.3), 0.6, 5))
    if rng.random() < 0.5:
        near = np.minimum(np.abs(np.sin(pace * u)), np.abs(np.sin(pace * v))) / pace
    else:
        near = np.abs(np.cos(pace * (u + v)) + np.cos(pace * (u - v))) / (2 * pace)
    return np.clip(0.5 * width - near + 0.5, 0, 1) * np.float32(rng.uniform(0.5, 1.0))


def _motif(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, period: float) -> np.ndarray:
    """Draw flowers in rows, dense and with an outline; alpha (H, W), or zeros for plain cloth."""
    if rng.random() < 0.35:
        return np.zeros_like(u)
    row = np.floor(v / np.float32(period))
    x = (u / np.float32(period) + 0.5 * (row % 2)) % 1 - np.float32(0.5)
    y = (v / np.float32(period)) % 1 - np.float32(0.5)
    radius, angle = np.hypot(x, y) * np.float32(period), np.arctan2(y, x)
    petals = int(rng.integers(4, 9))
    rim = np.float32(0.3 * period) * (1 + 0.35 * np.cos(petals * angle))
    edge = np.clip(2.5 - np.abs(radius - rim), 0, 1)
    veins = step(np.abs(np.cos(petals * 1.5 * angle)), 0.1, 0.5)
    return np.maximum(edge, np.clip(rim - radius, 0, 1) * (0.45 + 0.5 * veins)).astype(np.float32)


def _piece(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw the outline of a piece, often scalloped; alpha (H, W)."""
    distance = shapes.body(rng, size)
    y, x = coordinates(size)
    scallops = np.float32(pick(rng, [0.0, 5.0])) * np.abs(np.sin((x + y) * np.float32(0.12 / unit(size))))
    return shapes.coverage(distance + scallops)
