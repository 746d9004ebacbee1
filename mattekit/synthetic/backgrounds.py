"""Synthetic backgrounds, mostly out of focus, sometimes as finely structured as foregrounds."""

import cv2
import numpy as np

from mattekit.synthetic import layers, shapes
from mattekit.synthetic.noise import Size, coordinates, log_uniform, octaves, pick, slope, step, unit
from mattekit.synthetic.plants import grass, plant
from mattekit.synthetic.solids import disc
from mattekit.synthetic.texture import draw_colours, shading, texture


def background(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a background.

    Parameters
    ----------
    rng : the only source of randomness.
    size : (height, width) in pixels.

    Returns
    -------
    (height, width, 3) float32, RGB in 0..1
    """
    kinds = list(BACKGROUNDS)
    shares = np.array([share for _, share in BACKGROUNDS.values()], np.float64)
    draw = BACKGROUNDS[kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]][0]
    blur = pick(rng, [0.0, 1.0]) * log_uniform(rng, 0.7, 11) * unit(size)
    if blur > 4:  # finer details would not survive the blur
        small = tuple(max(8, side // 2) for side in size)
        picture = _defocus(draw(rng, small), 0.5 * blur)
        picture = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_LINEAR)
    else:
        picture = _defocus(draw(rng, size), blur)
    return np.clip(picture * shading(rng, size, rng.uniform(0, 0.5)), 0, 1)


def _defocus(picture: np.ndarray, radius: float) -> np.ndarray:
    if radius < 0.5:
        return picture
    return cv2.filter2D(picture, -1, disc(radius), borderType=cv2.BORDER_REFLECT)


def plain(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw a wall or studio cloth: a gradient between two colours."""
    first, second = draw_colours(rng, 2, spread=0.6)
    ramp = step(slope(rng, size) + 0.3 * octaves(rng, size, 200 * unit(size)), -0.7, 0.7)[..., None]
    return (first + ramp * (second - first)).astype(np.float32)


def patterned(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw one texture: cloth, stone, wallpaper."""
    return texture(rng, size)


def scene(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw sky over ground with bodies on it, which resembles a photograph in colours and outlines alone."""
    sky = plain(rng, size) if rng.random() < 0.5 else texture(rng, size, ("sky", "grey", "cream"), contrast=0.5)
    ground = texture(rng, size, ("foliage", "foliage", "stone", "grey", "brown", "blond"))
    y, _ = coordinates(size)
    horizon = size[0] * rng.uniform(0.2, 0.9)
    rough = octaves(rng, size, rng.uniform(20, 200) * unit(size), finest=4.0) * np.float32(rng.uniform(0, 50))
    ground_alpha = shapes.coverage(y - np.float32(horizon) + rough)[..., None]
    picture = sky + ground_alpha * (ground - sky)
    for _ in range(rng.integers(0, 4)):
        alpha = shapes.coverage(shapes.body(rng, size))[..., None]
        picture = picture + alpha * (texture(rng, size) - picture)
    return picture


def foliage(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw leaves with light between them: strong noise in greens, with dark and bright spots."""
    picture = np.zeros((*size, 3), np.float32)
    for _ in range(3):
        field = octaves(rng, size, rng.uniform(15, 90) * unit(size), persistence=0.8, finest=2.0)
        dark, bright = draw_colours(rng, 2, ("foliage", "foliage", "dark", "stone", "blond"), spread=1.0)
        picture += (dark + step(field, -0.4, 0.5)[..., None] * (bright - dark)) / 3
    lights = step(octaves(rng, size, 40 * unit(size), finest=5.0), 0.5, 0.8)[..., None]
    return picture + lights * (draw_colours(rng, 1, ("sky", "cream", "blond"))[0] - picture)


def bokeh(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw lights out of focus: discs in front of a dim gradient."""
    picture = np.ascontiguousarray(0.6 * plain(rng, size))
    radius = rng.uniform(5, 40) * unit(size)
    for colour in draw_colours(rng, 6, spread=1.0):
        lights = np.zeros(size, np.float32)
        for _ in range(rng.integers(2, 14)):
            x, y = (int(16 * side * rng.random()) for side in size[::-1])
            reach = int(16 * radius * rng.uniform(0.7, 1.2))
            cv2.circle(lights, (x, y), reach, rng.uniform(0.1, 0.6), -1, cv2.LINE_8, 4)  # in sixteenths of a pixel
        picture += lights[..., None] * colour
    return np.minimum(cv2.GaussianBlur(picture, (0, 0), 1.0), 1)


def busy(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Draw grass or branches, which are as fine as the foreground but no part of it."""
    layer = (grass if rng.random() < 0.5 else plant)(rng, size)
    return layers.over(layer, layers.fill(scene(rng, size), np.ones(size, np.float32)))[..., :3]


BACKGROUNDS = {
    "plain": (plain, 1.5),
    "patterned": (patterned, 3),
    "scene": (scene, 3),
    "foliage": (foliage, 2),
    "bokeh": (bokeh, 1),
    "busy": (busy, 1.5),
}
